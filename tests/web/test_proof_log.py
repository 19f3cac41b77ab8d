"""What an auditor reads over HTTP: C2SP bytes, exact headers, and nothing that no checkpoint covers."""

from __future__ import annotations

import dataclasses
import uuid
from base64 import b64decode
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from consent_server.domain.evidence import ServedEvidence, Trust, verify
from consent_server.domain.promise import Promise, format_promise, sign_promise
from consent_server.domain.proof_log.checkpoint import Checkpoint, open_checkpoint, parse_body
from consent_server.domain.proof_log.merkle import leaf_hash, tree_root, verify_consistency, verify_inclusion
from consent_server.domain.proof_log.proof import parse_hashes, parse_proof
from consent_server.domain.proof_log.signed_note import Verifier
from consent_server.domain.proof_log.tiles import parse_path, partial_tiles, reader, unpack_entries
from consent_server.domain.times import rfc3339
from consent_server.services.anchoring import Anchoring
from consent_server.services.sequencing import integrate
from consent_server.services.time_stamping import Token
from tests import builders
from tests.proof_logs import KEYRING, MASTER, NOW, ORIGIN, Installation, settings_of

LOG = "/v1/sites/demo/log"
TEXT = "text/plain; charset=utf-8"
FOR_EVER = "immutable, max-age=31536000"


@pytest.fixture
def settings(tmp_path: Path, database_url: str) -> builders.Settings:
    return settings_of(tmp_path, database_url)


@pytest.fixture
def grow(installation: Installation) -> Callable[[int], list[str]]:
    def grow(count: int) -> list[str]:
        made = installation.put(count)
        _integrate(installation)
        return made

    return grow


def _integrate(installation: Installation) -> None:
    now = NOW + timedelta(minutes=1)
    integrate(installation.sessions, installation.site_id, KEYRING, installation.high_water, now)


def _checkpoint(client: FlaskClient) -> Checkpoint:
    answer = client.get(f"{LOG}/checkpoint")
    assert (answer.status_code, answer.content_type, answer.headers["Cache-Control"]) == (200, TEXT, "max-age=5")
    return open_checkpoint(answer.data, [_key(client)], ORIGIN)


def _key(client: FlaskClient) -> Verifier:
    return Verifier.parse(client.get(f"{LOG}/key").text.splitlines()[0])


def _refused(answer: TestResponse, status: int) -> None:
    assert (answer.status_code, answer.content_type) == (status, "application/problem+json")
    assert answer.headers["Cache-Control"] == "no-store"


def test_the_newest_checkpoint_is_signed_by_the_published_key(
    client: FlaskClient, grow: Callable[[int], list[str]]
) -> None:
    grow(3)
    assert _checkpoint(client).size == 5
    grow(1)
    assert _checkpoint(client).size == 6


def test_the_keys_are_those_of_log_and_promises(client: FlaskClient, grow: Callable[[int], list[str]]) -> None:
    grow(1)
    answer = client.get(f"{LOG}/key")
    assert answer.content_type == TEXT
    assert answer.text.splitlines() == [KEYRING.log_signer(ORIGIN).vkey, KEYRING.promise_signer(ORIGIN).vkey]


def test_before_the_first_checkpoint_there_are_keys_and_no_checkpoint(
    client: FlaskClient, installation: Installation
) -> None:
    _refused(client.get(f"{LOG}/checkpoint"), 404)
    assert len(client.get(f"{LOG}/key").text.splitlines()) == 2


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize("size", [5, 256, 258, 700])
def test_the_tiles_lead_to_the_root_of_the_checkpoint(
    client: FlaskClient, grow: Callable[[int], list[str]], size: int
) -> None:
    grow(size - 2)
    checkpoint = _checkpoint(client)
    partial = {(tile.level, tile.n): tile for tile in partial_tiles(size)}

    def read_tile(level: int, n: int) -> bytes:
        path = partial[level, n].path if (level, n) in partial else parse_path(f"tile/{level}/{n:03}").path
        answer = client.get(f"{LOG}/{path}")
        assert answer.status_code == 200, path
        assert answer.content_type == "application/octet-stream"
        assert answer.headers["Cache-Control"] == FOR_EVER
        return answer.data

    assert tree_root(size, reader(read_tile)) == checkpoint.root


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_the_entry_bundles_have_the_leaves_of_the_tiles(client: FlaskClient, grow: Callable[[int], list[str]]) -> None:
    grow(300)
    for path in ("000", "001.p/46"):
        answer = client.get(f"{LOG}/tile/entries/{path}")
        assert (answer.status_code, answer.content_type) == (200, "application/octet-stream")
        leaves = b"".join(map(leaf_hash, unpack_entries(answer.data)))
        assert client.get(f"{LOG}/tile/0/{path}").data == leaves


@pytest.mark.parametrize(
    "path",
    [
        "0/001",
        "0/000.p/4",
        "0/000.p/6",
        "0/001.p/5",
        "1/000",
        "1/000.p/1",
        "63/000",
        "0/x999/x999/x999/999",
        "entries/001",
    ],
)
def test_a_tile_that_no_checkpoint_has_is_not_found(
    client: FlaskClient, grow: Callable[[int], list[str]], path: str
) -> None:
    grow(3)
    _refused(client.get(f"{LOG}/tile/{path}"), 404)


def test_a_partial_tile_of_an_older_checkpoint_stays(client: FlaskClient, grow: Callable[[int], list[str]]) -> None:
    grow(1)
    first = client.get(f"{LOG}/tile/0/000.p/3").data
    grow(4)

    assert client.get(f"{LOG}/tile/0/000.p/3").data == first
    assert client.get(f"{LOG}/tile/0/000.p/7").data[: len(first)] == first


@pytest.mark.parametrize(
    "path",
    [
        "tile/0/0",
        "tile/0/1234",
        "tile/0/x000/000",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/01",
        "tile/64/000",
        "tile/-1/000",
        "tile/x/000",
        "tile/entries/0",
        "tile/entries/000.p/",
        "tile/0/%00",
        "proof/inclusion/01/5",
        "proof/inclusion/-1/5",
        "proof/inclusion/1/5x",
        "proof/inclusion/1/9223372036854775808",
        "proof/inclusion/%D9%A1/5",
        "proof/consistency/+1/5",
        "proof/consistency/1/%20",
    ],
)
def test_another_spelling_is_refused(client: FlaskClient, grow: Callable[[int], list[str]], path: str) -> None:
    grow(3)
    _refused(client.get(f"{LOG}/{path}"), 400)


@pytest.mark.parametrize(
    "path",
    [
        "inclusion/5/5",
        "inclusion/0/4",
        "inclusion/0/0",
        "inclusion/9223372036854775807/5",
        "consistency/5/2",
        "consistency/0/5",
        "consistency/2/9223372036854775807",
    ],
)
def test_proofs_are_of_published_sizes_only(client: FlaskClient, grow: Callable[[int], list[str]], path: str) -> None:
    grow(0)
    grow(3)
    _refused(client.get(f"{LOG}/proof/{path}"), 404)


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_inclusion_proofs_lead_to_the_checkpoint_in_them(client: FlaskClient, grow: Callable[[int], list[str]]) -> None:
    grow(300)
    for index in (0, 1, 2, 255, 256, 301):
        answer = client.get(f"{LOG}/proof/inclusion/{index}/302")
        assert (answer.status_code, answer.content_type) == (200, TEXT)
        assert answer.headers["Cache-Control"] == FOR_EVER
        proof = parse_proof(answer.text)
        checkpoint = open_checkpoint(proof.checkpoint, [_key(client)], ORIGIN)
        assert proof.extra is not None
        verify_inclusion(index, 302, leaf_hash(proof.extra), proof.path, checkpoint.root)


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_consistency_proofs_lead_from_one_checkpoint_to_the_other(
    client: FlaskClient, grow: Callable[[int], list[str]]
) -> None:
    checkpoints = []
    for count in (0, 3, 250, 40):
        grow(count)
        checkpoints.append(_checkpoint(client))
    for old in checkpoints:
        for new in checkpoints[checkpoints.index(old) :]:
            answer = client.get(f"{LOG}/proof/consistency/{old.size}/{new.size}")
            assert answer.headers["Cache-Control"] == FOR_EVER
            verify_consistency(old.size, new.size, old.root, new.root, parse_hashes(answer.text))


def test_the_proof_of_a_record_comes_when_it_is_in_the_log(
    client: FlaskClient, installation: Installation, grow: Callable[[int], list[str]]
) -> None:
    (record_id,) = installation.put(1)
    url = f"/v1/sites/demo/records/{record_id}/proof"
    waiting = client.get(url)
    assert (waiting.status_code, waiting.headers["Retry-After"]) == (202, "2")
    assert waiting.headers["Cache-Control"] == "no-store"

    _integrate(installation)
    answer = client.get(url)
    assert (answer.status_code, answer.content_type) == (200, TEXT)
    assert answer.headers["Cache-Control"] == FOR_EVER
    proof = parse_proof(answer.text)
    checkpoint = open_checkpoint(proof.checkpoint, [_key(client)], ORIGIN)
    leaf = installation.scalar(f"SELECT leaf_hash FROM consent_record WHERE record_id = '{record_id}'")
    verify_inclusion(proof.index, checkpoint.size, bytes(leaf), proof.path, checkpoint.root)  # type: ignore[call-overload]

    grow(5)
    assert client.get(url).data == answer.data


def test_a_record_that_is_committed_but_not_signed_yet_is_not_proven(
    client: FlaskClient, installation: Installation
) -> None:
    (record_id,) = installation.put(1)

    def stop(name: str) -> None:
        if name == "committed":
            raise InterruptedError

    with pytest.raises(InterruptedError):
        integrate(installation.sessions, installation.site_id, KEYRING, installation.high_water, NOW, step=stop)
    assert client.get(f"/v1/sites/demo/records/{record_id}/proof").status_code == 202
    _refused(client.get(f"{LOG}/checkpoint"), 404)


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_the_log_holds_for_whoever_watches_it_with_an_older_checkpoint_and_a_promise(
    client: FlaskClient, installation: Installation, grow: Callable[[int], list[str]]
) -> None:
    (record_id,) = grow(1)
    known = client.get(f"{LOG}/checkpoint").data
    grow(300)
    leaf = bytes(installation.scalar(f"SELECT leaf_hash FROM consent_record WHERE record_id = '{record_id}'"))  # type: ignore[call-overload]
    signer = KEYRING.promise_signer(ORIGIN)
    promise = Promise(ORIGIN, record_id, rfc3339(NOW), leaf)
    kept = format_promise(promise, signer.verifier.key_id, sign_promise(promise, signer).value).encode()

    def get(path: str) -> bytes | None:
        answer = client.get(f"/v1/sites/demo/{path}")
        return answer.data if answer.status_code == 200 else None

    keys = (KEYRING.log_signer(ORIGIN).verifier, signer.verifier)
    report = verify(ServedEvidence(get, "demo"), Trust(keys, promises=(kept,), known=(known,)), NOW)
    assert report.lie is None
    assert report.counts["entries"] == 303
    assert any("is kept" in note for note in report.notes)


@pytest.mark.parametrize("record_id", [str(uuid.UUID(int=7)), "nobody", "%00", str(uuid.UUID(int=0xABC)).upper()])
def test_an_unknown_record_is_not_found(client: FlaskClient, installation: Installation, record_id: str) -> None:
    _refused(client.get(f"/v1/sites/demo/records/{record_id}/proof"), 404)


def test_a_record_of_another_site_is_not_found(client: FlaskClient, installation: Installation) -> None:
    installation.create("other", "demo.example/v1/sites/other/log")
    (record_id,) = installation.put(1)
    _integrate(installation)
    _refused(client.get(f"/v1/sites/other/records/{record_id}/proof"), 404)


@pytest.mark.parametrize(
    "path", ["checkpoint", "key", "tile/0/000", "proof/inclusion/0/1", "proof/consistency/1/1", "anchor/1"]
)
def test_an_unknown_site_is_not_found(client: FlaskClient, installation: Installation, path: str) -> None:
    _refused(client.get(f"/v1/sites/nowhere/log/{path}"), 404)


class TestAnchors:
    @pytest.fixture
    def anchoring(self, installation: Installation) -> Anchoring:
        given = installation.sessions, KEYRING, installation.high_water, "demo.example/v1/log"
        return Anchoring(*given, Authority())  # type: ignore[arg-type]

    def test_the_anchor_of_a_checkpoint_leads_to_the_token(
        self, client: FlaskClient, grow: Callable[[int], list[str]], anchoring: Anchoring
    ) -> None:
        grow(3)
        anchoring.anchor(NOW + timedelta(minutes=1))
        grow(1)

        answer = client.get(f"{LOG}/anchor/5")
        assert (answer.status_code, answer.headers["Cache-Control"]) == (200, FOR_EVER)
        found = answer.json
        assert found is not None
        key = Verifier.parse(client.get(f"{LOG}/key").text.splitlines()[2])
        anchored = open_checkpoint(found["checkpoint"], [key], "demo.example/v1/log")
        proof = parse_proof(found["proof"])
        assert proof.checkpoint == found["checkpoint"]
        assert proof.extra is not None
        verify_inclusion(proof.index, anchored.size, leaf_hash(proof.extra), proof.path, anchored.root)
        assert parse_body(proof.extra.decode()).size == found["size"] == 5
        assert b64decode(found["token"]) == b"a token over " + anchored.body.encode()
        assert (found["authority"], found["time"]) == ("https://tsa.example", "2026-11-22T10:15:00.123Z")

    def test_a_checkpoint_between_two_anchors_is_covered_by_the_next(
        self, client: FlaskClient, grow: Callable[[int], list[str]], anchoring: Anchoring
    ) -> None:
        for count in (1, 1, 2):
            grow(count)
        _refused(client.get(f"{LOG}/anchor/4"), 404)
        anchoring.anchor(NOW + timedelta(minutes=1))
        assert client.get(f"{LOG}/anchor/4").json["size"] == 6  # type: ignore[index]

    def test_an_anchor_without_a_token_may_get_one(
        self, client: FlaskClient, grow: Callable[[int], list[str]], anchoring: Anchoring
    ) -> None:
        grow(1)
        dataclasses.replace(anchoring, authority=None).anchor(NOW + timedelta(minutes=1))
        answer = client.get(f"{LOG}/anchor/3")
        assert answer.headers["Cache-Control"] == "max-age=5"
        assert answer.json is not None
        assert (answer.json["token"], answer.json["time"], answer.json["authority"]) == (None, None, None)

    @pytest.mark.parametrize(("size", "status"), [("4", 404), ("03", 400), ("x", 400), ("0", 404), ("9" * 30, 400)])
    def test_a_size_that_was_not_published_has_no_anchor(
        self, client: FlaskClient, grow: Callable[[int], list[str]], anchoring: Anchoring, size: str, status: int
    ) -> None:
        grow(1)
        anchoring.anchor(NOW + timedelta(minutes=1))
        _refused(client.get(f"{LOG}/anchor/{size}"), status)


class Authority:
    url = "https://tsa.example"

    def stamp(self, message: bytes) -> Token:
        return Token(b"a token over " + message, NOW)


class TestWithoutPublicTiles:
    @pytest.fixture
    def settings(self, tmp_path: Path, database_url: str) -> builders.Settings:
        return builders.settings(tmp_path, database_url=database_url, log_key=MASTER.hex(), public_tiles=False)

    @pytest.mark.parametrize("path", ["tile/0/000.p/3", "tile/entries/000.p/3", "proof/inclusion/0/3"])
    def test_what_tells_volume_is_refused(
        self, client: FlaskClient, grow: Callable[[int], list[str]], path: str
    ) -> None:
        grow(1)
        _refused(client.get(f"{LOG}/{path}"), 403)
        _refused(client.get(f"{LOG}/proof/consistency/2/3"), 403)

    def test_checkpoint_key_and_ones_own_proof_stay(
        self, client: FlaskClient, grow: Callable[[int], list[str]]
    ) -> None:
        (record_id,) = grow(1)
        assert _checkpoint(client).size == 3
        assert client.get(f"/v1/sites/demo/records/{record_id}/proof").status_code == 200


def test_a_node_with_the_promise_key_alone_serves_everything(
    app: Flask, client: FlaskClient, grow: Callable[[int], list[str]]
) -> None:
    grow(1)
    app.extensions["keyring"] = type(KEYRING)(None, KEYRING.promise)
    assert client.get(f"{LOG}/key").text.splitlines()[0] == KEYRING.log_signer(ORIGIN).vkey


def test_every_answer_is_in_the_openapi_document(client: FlaskClient) -> None:
    paths = client.get("/api/v1/openapi.json").json["paths"]  # type: ignore[index]
    ours = {
        path: item["get"]["responses"] for path, item in paths.items() if "/log/" in path or path.endswith("/proof")
    }
    assert len(ours) == 8
    assert set(ours["/v1/sites/{site_key}/records/{record_id}/proof"]) >= {"200", "202", "404"}
    for path, responses in ours.items():
        assert "404" in responses, path
        assert ("403" in responses) == ("tile" in path or "/log/proof/" in path)
