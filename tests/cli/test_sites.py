"""Sites as files, from the command line: exit codes, messages, and nothing half done."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from pathlib import Path

import pytest
import yaml
from flask import Flask

from consent_server.cli import main
from consent_server.domain.stand_in import hash_source
from consent_server.storage import sites
from consent_server.storage.database import db
from tests import admins
from tests.builders import site_file

pytestmark = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)


def run(app: Flask, *arguments: str) -> int:
    return main(lambda: app, arguments)


def written(folder: Path, **changes: object) -> str:
    path = folder / "site.yaml"
    path.write_text(yaml.safe_dump(site_file(**changes)), encoding="utf-8")
    return str(path)


def test_a_site_file_is_imported_published_and_exported(
    app: Flask, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = written(tmp_path, services=[{"library": "google-analytics"}])
    assert run(app, "site", "import", file, "--publish") == 0
    said = capsys.readouterr()
    assert said.out == "example\n"
    assert "configuration 1 published" in said.err
    assert run(app, "site", "publish", "example") == 0
    assert "nothing changed" in capsys.readouterr().err
    assert run(app, "site", "export", "example") == 0
    assert json.loads(capsys.readouterr().out)["services"] == [{"library": "google-analytics"}]
    assert run(app, "site", "show", "example") == 0
    assert '<script src="http://127.0.0.1:8000/v1/sites/example/banner.js"></script>' in capsys.readouterr().out
    assert run(app, "site", "list") == 0
    assert capsys.readouterr().out == "example\t1\tExample\n"


def test_the_tag_is_printed_as_the_site_needs_it(
    app: Flask, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def shown(*options: str) -> str:
        capsys.readouterr()
        assert run(app, "site", "show", "example", *options) == 0
        return capsys.readouterr().out

    run(app, "site", "import", written(tmp_path, services=[{"library": "google-analytics"}]), "--publish")
    plain = shown("--allow", "cdn.example")
    [line] = re.findall("<script>(.*)</script>", plain)
    assert "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob: example.fr *.example.fr" in line
    assert " cdn.example" in line
    assert '"_ga"' in line
    assert hash_source(line) in plain
    own = '<script src="/consent.js" data-consent-server="http://127.0.0.1:8000/v1/sites/example/"></script>'
    assert own in shown("--script", "/consent.js")

    [(address, integrity)] = re.findall('src="http://127.0.0.1:8000(.*?)" integrity="sha384-(.*?)"', shown("--pinned"))
    script = app.test_client().get(address)
    assert script.status_code == 200
    assert integrity == base64.b64encode(hashlib.sha384(script.data).digest()).decode()

    assert run(app, "site", "show", "example", "--pinned", "--script", "/consent.js") == 2
    assert run(app, "site", "show", "example", "--allow", "a b") == 2


def test_every_mistake_of_a_file_is_told_and_nothing_is_kept(
    app: Flask, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = written(tmp_path, services=[{"library": "nonesuch"}], choice_lifetime="P2Y")
    assert run(app, "site", "import", file) == 2
    said = capsys.readouterr().err
    assert "services.0.library" in said
    assert "choice_lifetime" in said
    assert run(app, "site", "show", "example") == 2


def test_an_unfair_banner_is_not_published(app: Flask, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = written(tmp_path, banner={"controller": "Example SAS", "theme": {"accent": "#eeeeee"}})
    assert run(app, "site", "import", file, "--publish") == 1
    assert "A11Y-07" in capsys.readouterr().err
    assert run(app, "site", "show", "example") == 0
    assert "nothing yet" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"\xff\xfe", "UTF-8"),
        (b"a: [", "line"),
        (b"- 1", "object"),
        (b"", "object"),
        (b"name: a\nname: b", "twice"),
        (b"name: .nan", "NaN"),
        (b"name: &a [x]\nlanguages: *a", "alias is not expanded (line 2)"),
        (b"name: " + b"[" * 60 + b"]" * 60, "deeper"),
    ],
)
def test_what_is_no_site_file_is_refused_in_one_sentence(
    app: Flask, tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes, word: str
) -> None:
    path = tmp_path / "site.yaml"
    path.write_bytes(content)
    assert run(app, "site", "import", str(path)) == 2
    said = capsys.readouterr().err
    assert word in said
    assert "Traceback" not in said


@pytest.mark.parametrize("content", [b'{"name": "a", "name": "b"}', b'{"name": NaN}', b"name: a"])
def test_a_file_that_calls_itself_json_is_read_as_json(
    app: Flask, tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes
) -> None:
    path = tmp_path / "site.json"
    path.write_bytes(content)
    assert run(app, "site", "import", str(path)) == 2
    assert capsys.readouterr().err.startswith("site.json: ")


def test_a_site_is_of_the_organisation_that_is_named(
    app: Flask, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    number = str(admins.other_organisation(app))
    assert run(app, "site", "create", "shop", "--origin", "https://shop.example", "--organisation", number) == 0
    assert run(app, "site", "import", written(tmp_path), "--organisation", number) == 0
    assert run(app, "site", "create", "ours", "--origin", "https://ours.example") == 0
    with app.app_context():
        owned = {key: sites.find_site(db.session(), key).organisation_id for key in ("shop", "example", "ours")}
    assert owned == {"shop": int(number), "example": int(number), "ours": 1}
    assert run(app, "site", "create", "lost", "--origin", "https://lost.example", "--organisation", "99") == 2
    assert "organisation" in capsys.readouterr().err


def test_a_site_is_created_once(app: Flask, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ("site", "create", "shop", "--origin", "https://shop.example")
    assert run(app, *arguments) == 0
    assert capsys.readouterr().out == "shop\n"
    assert run(app, *arguments) == 2
    assert "already" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [("nonesuch",), ("site", "show"), ("site", "create", "x"), ("run", "--what")])
def test_wrong_usage_is_two(app: Flask, arguments: tuple[str, ...]) -> None:
    assert run(app, *arguments) == 2


def test_a_policy_drafts_a_catalogue_and_unknown_stays_unclassified(
    app: Flask, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(app, "site", "create", "shop", "--origin", "https://shop.example")
    policy = tmp_path / "policy.txt"
    policy.write_text(
        "Nos cookies sont :\n\n  • PHPSESSID : session du serveur.\n  • visiteurId : mémorise votre passage.\n"
        "  • _ga : un cookie utilisé par Google Analytics.\n  • zz_x : un cookie utilisé par Mixpanel.\n",
        encoding="utf-8",
    )
    assert run(app, "policy", "import", str(policy), "--site", "shop") == 0
    capsys.readouterr()
    assert run(app, "site", "export", "shop") == 0
    services = json.loads(capsys.readouterr().out)["services"]
    assert {"library": "google-analytics"} in services
    assert {"library": "php-session"} in services
    own = next(service for service in services if "trackers" in service)
    assert own["purpose"] is None
    assert [tracker["name"] for tracker in own["trackers"]] == ["visiteurId", "zz_x"]
    before = services
    assert run(app, "policy", "import", str(policy), "--site", "shop") == 0
    capsys.readouterr()
    run(app, "site", "export", "shop")
    assert json.loads(capsys.readouterr().out)["services"] == before
