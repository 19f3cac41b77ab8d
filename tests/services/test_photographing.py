"""Pictures of a configuration: taken by a real Chromium before it is published, and evidence from then on."""

from __future__ import annotations

import io
import json
import zipfile
from hashlib import sha256
from pathlib import Path

import pypdf
import pytest
from flask import Flask

from consent_server import cli, verify
from consent_server.domain.configuration import Configuration
from consent_server.domain.errors import Invalid, Unavailable
from consent_server.domain.log_entry import Config, parse_entry
from consent_server.domain.picture import LARGEST_BYTES, Picture
from consent_server.domain.proof_log.signed_note import Signer
from consent_server.services import clock, editing, exporting, publishing
from consent_server.services.photographing import Sitting, photograph_configuration
from consent_server.services.publishing import Photographer, Publication
from consent_server.storage import configurations, proof_log, sites
from consent_server.storage.database import db
from tests import programs
from tests.builders import site_file
from tests.bundles import signed_anew

pytestmark = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)

PNG = b"\x89PNG\r\n\x1a\n"
TAKEN = tuple(
    Picture("fr", layer, device, PNG + f"{layer}{device}".encode())
    for layer in (1, 2)
    for device in ("phone", "desktop")
)


def _no_time_for_that(_configuration: Configuration, *_: bytes | None) -> Sitting:
    return Sitting(TAKEN)


@pytest.fixture(autouse=True)
def _imported(app: Flask) -> None:
    with app.app_context():
        editing.import_site(db.session(), site_file(services=[{"library": "google-analytics"}]), clock.now())


def _publish(app: Flask, photographer: Photographer | None) -> Publication:
    with app.app_context():
        return publishing.publish(db.session(), "example", "https://consent.example", clock.now(), photographer)


def _export(app: Flask, form: str) -> bytes:
    extensions = app.extensions
    sessions, keyring, mark = extensions["sessions"], extensions["keyring"], extensions["settings"].high_water_mark
    with app.app_context():
        return b"".join(exporting.export_stream(sessions, "example", form, keyring, mark, clock.now()))


def _signer(app: Flask) -> Signer:
    signer: Signer = app.extensions["keyring"].log_signer("consent.example/v1/sites/example/log")
    return signer


def _verify(app: Flask, data: bytes, folder: Path) -> int:
    (folder / "evidence").write_bytes(data)
    return verify.main([str(folder / "evidence"), "--key", _signer(app).vkey])


@pytest.mark.browser
def test_both_layers_are_photographed_in_every_language_on_a_phone_and_a_desktop(
    app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHROMIUM", str(programs.chromium()))
    configuration = _publish(app, photograph_configuration).configuration
    named = [(shot.language, shot.layer, shot.device) for shot in configuration.screenshots]
    assert named == [
        (lang, layer, device) for lang in ("en", "fr") for layer in (1, 2) for device in ("desktop", "phone")
    ]
    pictures = {}
    with app.app_context():
        for shot in configuration.screenshots:
            png = configurations.find_screenshot(db.session(), shot.digest)
            assert png is not None
            assert shot.digest == "sha256:" + sha256(png).hexdigest()
            pictures[shot.language, shot.layer, shot.device] = png
    assert len(set(pictures.values())) == 8, "each shows something else"
    assert _size(pictures["fr", 1, "phone"]) == (390, 844)
    assert _size(pictures["fr", 1, "desktop"]) == (1280, 800)
    wide, high = _size(pictures["fr", 2, "phone"])
    assert wide == 390
    assert high > 400
    assert all(len(png) > 10_000 for png in pictures.values()), "a blank page is smaller"
    assert _verify(app, _export(app, "zip"), tmp_path) == verify.HOLDS
    summary = pypdf.PdfReader(io.BytesIO(_export(app, "pdf")))
    assert sum(len(page.images) for page in summary.pages) == 4, "those of the site's language"


def _size(png: bytes) -> tuple[int, int]:
    return int.from_bytes(png[16:20], "big"), int.from_bytes(png[20:24], "big")


def test_pictures_are_logged_with_the_configuration_and_not_sent_to_visitors(app: Flask) -> None:
    configuration = _publish(app, _no_time_for_that).configuration
    digests = {"sha256:" + sha256(picture.png).hexdigest() for picture in TAKEN}
    assert {shot.digest for shot in configuration.screenshots} == digests
    with app.app_context():
        site = sites.find_site(db.session(), "example")
        (pending,) = (each for each in proof_log.pending(db.session(), site.id, 10) if each.kind == "config")
        entry = parse_entry(pending.body or "")
        published = configurations.find_published(db.session(), site.id)
    assert isinstance(entry, Config)
    assert entry.digest == configuration.digest
    assert b"screenshots" not in published.banner.plain
    assert json.loads(published.config.plain)["screenshots"]


def test_what_is_live_is_published_anew_only_when_it_had_no_pictures(app: Flask) -> None:
    assert _publish(app, None).configuration.version == 1
    assert not _publish(app, None).new
    assert _publish(app, _no_time_for_that).configuration.version == 2
    assert not _publish(app, _no_time_for_that).new
    assert not _publish(app, None).new


def test_nobody_is_asked_again_because_of_pictures(app: Flask) -> None:
    first = _publish(app, None).configuration
    second = _publish(app, _no_time_for_that).configuration
    assert [p["since"] for p in second.document["purposes"]] == [p["since"] for p in first.document["purposes"]]


def test_a_publication_that_somebody_else_overtook_is_refused(app: Flask) -> None:
    def slow(_configuration: Configuration, *_: bytes | None) -> Sitting:
        _publish(app, None)
        return Sitting(TAKEN)

    with pytest.raises(Unavailable, match="Somebody else published"):
        _publish(app, slow)


def test_without_a_browser_nothing_is_published_in_silence(
    app: Flask, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CHROMIUM", "/nowhere/chromium")
    with pytest.raises(Unavailable, match="Chromium was not found"):
        _publish(app, photograph_configuration)
    app.extensions["settings"] = _with_screenshots(app)
    assert cli.main(lambda: app, ["site", "publish", "example"]) == 0
    told = capsys.readouterr().err
    assert "configuration 1 published" in told
    assert "no screenshots were taken. Chromium was not found" in told


def _with_screenshots(app: Flask) -> object:
    import dataclasses

    return dataclasses.replace(app.extensions["settings"], screenshots=True)


def test_pictures_that_were_taken_elsewhere_can_be_given(app: Flask, tmp_path: Path) -> None:
    (tmp_path / "one.png").write_bytes(PNG + b"1")
    arguments = ["site", "publish", "example", "--screenshot", f"fr:1:phone={tmp_path / 'one.png'}"]
    assert cli.main(lambda: app, arguments) == 0
    with app.app_context():
        found = configurations.find_published(db.session(), sites.find_site(db.session(), "example").id)
    (shot,) = found.configuration.screenshots
    assert (shot.language, shot.layer, shot.device) == ("fr", 1, "phone")


@pytest.mark.parametrize(
    "given", ["fr:1:phone", "fr:1:watch={}", "fr:3:phone={}", "fr:x:phone={}", "fr:1:phone=/nowhere"]
)
def test_what_is_no_picture_is_refused(
    app: Flask, tmp_path: Path, given: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "one.png").write_bytes(PNG)
    arguments = ["site", "publish", "example", "--screenshot", given.format(tmp_path / "one.png")]
    assert cli.main(lambda: app, arguments) != 0
    assert "screenshot" in capsys.readouterr().err


def test_a_picture_is_a_png_of_a_fair_size() -> None:
    for png in (b"GIF89a", b"", PNG + bytes(LARGEST_BYTES)):
        with pytest.raises(Invalid):
            Picture("fr", 1, "phone", png)


def test_a_picture_that_is_withheld_altered_or_added_is_named(
    app: Flask, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _publish(app, _no_time_for_that)
    data = _export(app, "zip")
    assert _verify(app, data, tmp_path) == verify.HOLDS
    name = f"screenshots/{sha256(TAKEN[0].png).hexdigest()}.png"
    for change, sentence in (
        ({name: None}, "WITHHELD: the screenshot sha256:"),
        ({name: PNG}, "has another digest than it claims"),
        ({f"screenshots/{sha256(PNG).hexdigest()}.png": PNG}, "is named by no configuration"),
    ):
        assert _verify(app, _changed(data, change, _signer(app)), tmp_path) == verify.LIE
        assert sentence in capsys.readouterr().err
    assert _verify(app, _export(app, "jsonl"), tmp_path) == verify.HOLDS
    assert "4 screenshots are named" in capsys.readouterr().out


def _changed(data: bytes, change: dict[str, bytes | None], signer: Signer) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    files = {name: found for name, found in (files | change).items() if found is not None}
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, found in signed_anew(files, signer).items():
            archive.writestr(name, found)
    return out.getvalue()
