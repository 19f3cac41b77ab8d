"""A third party, who has RFC 6962 word for word and nothing of ours, agrees with all that the log serves and exports.

What is read here is read with the standard library: tiles, entry bundles, checkpoints and proofs as C2SP writes them,
the files of a zip. The judge of the hashes is ``tests/domain/proof_log/reference.py``.
"""

from __future__ import annotations

import io
import json
import random
import zipfile
from base64 import b64decode
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from consent_server.services import exporting
from consent_server.services.sequencing import integrate
from consent_server.storage.tables import ProofPendingRow
from tests import builders
from tests.domain.proof_log import reference
from tests.proof_logs import KEYRING, NOW, ORIGIN, Installation, settings_of

pytestmark = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)

LOG = "/v1/sites/demo/log"
SMALL = 300
EDGES = (65_534, 65_535, 65_536, 65_537, 65_540)


@pytest.fixture
def settings(tmp_path: Path, database_url: str) -> builders.Settings:
    return settings_of(tmp_path, database_url)


def _grow(installation: Installation, size: int) -> None:
    """Let the log have exactly ``size`` entries; the new ones commit to records that are nowhere."""
    with installation.sessions() as session:
        have = session.scalar(sa.text("SELECT size FROM proof_log")) or 0
        waiting = session.scalar(sa.text("SELECT count(*) FROM proof_pending")) or 0
        first = 1 if have == 0 else 0  # genesis comes by itself
        rows = [
            {"site_id": installation.site_id, "kind": "consent", "commitment": sha256(b"%d" % index).digest()}
            for index in range(have + first + waiting, size)
        ]
        if rows:
            session.execute(sa.insert(ProofPendingRow), rows)
        session.commit()
    now = NOW + timedelta(hours=size)  # a clock that never goes back
    integrate(installation.sessions, installation.site_id, KEYRING, installation.high_water, now)


def _checkpoint(client: FlaskClient) -> tuple[int, bytes]:
    origin, size, root, *_ = client.get(f"{LOG}/checkpoint").text.split("\n")
    assert origin == ORIGIN
    return int(size), b64decode(root)


def _entries(client: FlaskClient, size: int) -> list[bytes]:
    """Read every entry from the entry bundles: each after its length as big-endian uint16."""
    found: list[bytes] = []
    for n in range((size + 255) // 256):
        data = client.get(f"{LOG}/tile/entries/{_place(n, size, 0)}").data
        while data:
            length = int.from_bytes(data[:2], "big")
            found.append(data[2 : 2 + length])
            data = data[2 + length :]
    assert len(found) == size
    return found


def _place(n: int, size: int, level: int) -> str:
    """Return the number of a tile as C2SP spells it: groups of three digits, ``x`` before all but the last."""
    groups = [f"{n % 1000:03}"]
    while n >= 1000:
        n //= 1000
        groups.insert(0, f"x{n % 1000:03}")
    width = (size >> 8 * level) - (int(groups[-1]) + 1000 * _above(groups)) * 256
    return "/".join(groups) + (f".p/{width}" if width < 256 else "")


def _above(groups: list[str]) -> int:
    number = 0
    for group in groups[:-1]:
        number = 1000 * number + int(group[1:])
    return number


def _check_tiles(client: FlaskClient, entries: list[bytes]) -> None:
    """Every tile of every level holds the hashes of the full tiles, or the entries, below it."""
    level, hashes = 0, [sha256(b"\x00" + entry).digest() for entry in entries]
    while hashes:
        for n in range((len(hashes) + 255) // 256):
            served = client.get(f"{LOG}/tile/{level}/{_place(n, len(entries), level)}").data
            assert served == b"".join(hashes[n * 256 : n * 256 + 256]), f"tile {level}/{n} of size {len(entries)}"
        full = len(hashes) // 256
        hashes = [_over(hashes[n * 256 : n * 256 + 256]) for n in range(full)]
        level += 1


def _over(hashes: list[bytes]) -> bytes:
    """Return the root over 256 hashes."""
    while len(hashes) > 1:
        hashes = [sha256(b"\x01" + hashes[i] + hashes[i + 1]).digest() for i in range(0, len(hashes), 2)]
    return hashes[0]


def _check_inclusion(client: FlaskClient, index: int, entries: list[bytes]) -> None:
    text = client.get(f"{LOG}/proof/inclusion/{index}/{len(entries)}").text
    head, _, checkpoint = text.partition("\n\n")
    name, extra, at, *hashes = head.split("\n")
    assert name == "c2sp.org/tlog-proof@v1"
    assert b64decode(extra.removeprefix("extra ")) == entries[index]
    assert at == f"index {index}"
    assert list(map(b64decode, hashes)) == reference.path(index, entries)
    assert checkpoint.split("\n")[1] == str(len(entries))


def _check_consistency(client: FlaskClient, old: int, entries: list[bytes]) -> None:
    hashes = client.get(f"{LOG}/proof/consistency/{old}/{len(entries)}").text.split()
    assert list(map(b64decode, hashes)) == reference.proof(old, entries)


def test_every_size_up_to_300_has_the_roots_and_proofs_of_the_rfc(
    installation: Installation, client: FlaskClient
) -> None:
    chance = random.Random(6962)
    entries: list[bytes] = []
    for wanted in range(2, SMALL + 1):
        _grow(installation, wanted)
        size, root = _checkpoint(client)
        entries = _entries(client, size)
        assert size == wanted
        assert root == reference.mth(entries)
        _check_inclusion(client, chance.randrange(size), entries)
        _check_inclusion(client, size - 1, entries)
        _check_consistency(client, chance.randrange(2, size + 1), entries)
        if size % 16 == 0 or size in (255, 257):
            _check_tiles(client, entries)


def test_the_sizes_around_65536_have_the_roots_and_proofs_of_the_rfc(
    installation: Installation, client: FlaskClient
) -> None:
    chance = random.Random(9162)
    older: list[int] = []
    for wanted in EDGES:
        _grow(installation, wanted)
        size, root = _checkpoint(client)
        entries = _entries(client, size)
        assert size == wanted
        assert root == reference.mth(entries)
        for index in (0, 65_533, size - 1, chance.randrange(size)):
            _check_inclusion(client, index, entries)
        for old in older:
            _check_consistency(client, old, entries)
        older.append(size)
    _check_tiles(client, entries)


@pytest.mark.parametrize("count", [0, 1, 6, 254, 255, 256, 300])
def test_a_bundle_read_with_the_standard_library_has_the_root_that_it_claims(
    app: Flask, installation: Installation, count: int
) -> None:
    installation.put(count)
    out = io.BytesIO()
    now = NOW + timedelta(minutes=1)
    with app.app_context():
        exporting.export(installation.sessions, "demo", "zip", out, KEYRING, installation.high_water, now)
    with zipfile.ZipFile(out) as bundle:
        lines = [json.loads(line) for line in bundle.open("entries/entries.jsonl")]
        records = [json.loads(line) for line in bundle.open("records/records.jsonl")]
        (name,) = (name for name in bundle.namelist() if name.startswith("checkpoints/"))
        origin, size, root = bundle.read(name).decode().split("\n")[:3]
    assert [line["i"] for line in lines] == list(range(int(size)))
    entries = [line["e"].encode() for line in lines]
    assert origin == ORIGIN
    assert b64decode(root) == reference.mth(entries)
    assert len(records) == count
    for record in records:
        salt = b64decode(record["salt"] + "=")
        opened = sha256(b"consent-server/record/v1\n" + salt + record["record"].encode()).digest()
        committed = json.loads(entries[record["i"]])["c"]
        assert opened == b64decode(committed.replace("-", "+").replace("_", "/") + "=")
