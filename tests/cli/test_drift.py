"""``consent-server drift`` and ``audit --policy``: what a site says of itself beside a scan, no browser needed."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from flask import Flask

from consent_server.cli import main
from consent_server.domain.configuration import digest_of
from consent_server.domain.scan import ACCEPTED, Origin, Scan, SeenCookie
from consent_server.services import scanning
from tests import scans
from tests.builders import site_file
from tests.scans import ADDRESS, pass_of, scan_of

pytestmark = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)

POLICY = "Nos cookies sont :\n- _ga : un cookie utilisé par Google Analytics, 13 mois.\n"


def cookie(name: str, days: int) -> SeenCookie:
    return scans.cookie(name, lifetime=days * 86_400, set_by=Origin())


def scanned(*cookies: SeenCookie) -> Scan:
    return scan_of(pass_of(ACCEPTED, *cookies))


def saved(folder: Path, *cookies: SeenCookie) -> str:
    path = folder / "scan.json"
    path.write_text(json.dumps(scanned(*cookies).to_json()), encoding="utf-8")
    return str(path)


@pytest.fixture
def policy(tmp_path: Path) -> str:
    path = tmp_path / "policy.txt"
    path.write_text(POLICY, encoding="utf-8")
    return str(path)


def run(app: Flask, *arguments: str) -> int:
    """Run a command; a build sees what it exits with, however it ends."""
    try:
        return main(lambda: app, arguments)
    except SystemExit as end:
        return int(end.code or 0)


def test_a_contradiction_ends_with_one_and_agreement_with_nought(
    app: Flask, tmp_path: Path, policy: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(app, "drift", saved(tmp_path, cookie("_ga", 390)), "--policy", policy) == 0
    assert "0 of 0 differences are contradictions." in capsys.readouterr().out

    assert run(app, "drift", saved(tmp_path, cookie("_ga", 730)), "--policy", policy) == 1
    said = capsys.readouterr().out
    assert "✗ longer than stated: cookie _ga on www.example.fr\n    policy: names _ga, P13M\n" in said
    assert "catalogue:" not in said

    assert run(app, "drift", saved(tmp_path, cookie("_ga", 730)), "--policy", policy, "--language", "fr") == 1
    said = capsys.readouterr().out.replace("\u00a0", " ")
    assert "✗ plus long qu’annoncé : cookie _ga sur www.example.fr\n    politique : nomme _ga, P13M\n" in said
    assert "Contradictions : 1. Écarts en tout : 1." in said


def test_the_catalogue_is_the_third(
    app: Flask, tmp_path: Path, policy: str, capsys: pytest.CaptureFixture[str]
) -> None:
    site = tmp_path / "site.json"
    site.write_text(json.dumps(site_file(services=[{"library": "hotjar"}])), encoding="utf-8")
    assert run(app, "site", "import", str(site)) == 0
    capsys.readouterr()

    scan = saved(tmp_path, cookie("_ga", 390))
    assert run(app, "drift", scan, "--policy", policy, "--site", "example", "--format", "json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["contradictions"] == 0
    assert {"_ga"} == {each["name"] for each in told["drifts"] if each["sort"] == "not_in_catalogue"}
    assert any(each["sort"] == "never_seen" and "Hotjar" in each["catalogue"] for each in told["drifts"])


def test_nothing_that_a_page_named_runs_in_a_spreadsheet(
    app: Flask, tmp_path: Path, policy: str, capsys: pytest.CaptureFixture[str]
) -> None:
    scan = saved(tmp_path, cookie("_ga", 730), cookie("=cmd|'/c calc'!A1", 1))
    assert run(app, "drift", scan, "--policy", policy, "--format", "csv") == 1
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out.removeprefix("\ufeff"))))

    assert {row["name"]: row["contradiction"] for row in rows} == {"_ga": "yes", "'=cmd|'/c calc'!A1": "no"}
    assert rows[0]["passage"].startswith("_ga : un cookie")


@pytest.mark.parametrize(
    "content",
    ["", "[]", "{}", "[" * 50_000, '{"passes": 1}', '{"scan": null}'],
    ids=["empty", "list", "nothing in it", "deep", "no address", "no scan"],
)
def test_what_is_no_scan_is_wrong_usage_in_one_sentence(
    app: Flask, tmp_path: Path, policy: str, content: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "other.json"
    path.write_text(content, encoding="utf-8")

    assert run(app, "drift", str(path), "--policy", policy) == 2
    assert capsys.readouterr().err == "This is not a scan: write one with “scan URL --format json”.\n"
    assert run(app, "drift", str(tmp_path / "nowhere.json"), "--policy", policy) == 2


def test_a_scan_alone_is_compared_with_nothing(app: Flask, tmp_path: Path) -> None:
    assert run(app, "drift", saved(tmp_path)) == 2


def test_an_audit_with_a_policy_tells_the_drift_and_its_report_can_be_compared_later(
    app: Flask, tmp_path: Path, policy: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(scanning, "scan", lambda _plan, _told: (scanned(cookie("_ga", 395)), None))
    assert run(app, "audit", ADDRESS, "--format", "json", "--fail-on", "never") == 0
    assert "DRIFT" not in capsys.readouterr().out

    assert run(app, "audit", ADDRESS, "--policy", policy, "--format", "json", "--fail-on", "never") == 0
    report = capsys.readouterr().out
    drift = [each for each in json.loads(report)["verdicts"] if each["check"] == "DRIFT"]
    assert [each["verdict"] for each in drift] == ["holds"]

    (tmp_path / "audit.json").write_text(report, encoding="utf-8")
    assert run(app, "drift", str(tmp_path / "audit.json"), "--policy", policy) == 0


def test_an_audit_of_a_site_compares_with_the_policy_that_it_keeps(
    app: Flask, tmp_path: Path, policy: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(scanning, "scan", lambda _plan, _told: (scanned(cookie("_ga", 390)), None))
    short = tmp_path / "short.txt"
    short.write_text("Le cookie _ga est conservé 24 heures.", encoding="utf-8")
    site = tmp_path / "site.json"
    site.write_text(json.dumps(site_file()), encoding="utf-8")
    assert run(app, "site", "import", str(site)) == 0
    asked = "audit", ADDRESS, "--site", "example", "--format", "json", "--fail-on", "never"
    assert run(app, *asked) == 0
    assert "DRIFT" not in capsys.readouterr().out

    assert run(app, "policy", "import", str(short), "--site", "example", "--dry-run", "--keep") == 2
    capsys.readouterr()
    assert run(app, "policy", "import", str(short), "--site", "example", "--keep") == 0
    digest = digest_of(short.read_bytes())
    assert f"example: the text is kept ({digest})" in capsys.readouterr().err
    assert run(app, *asked) == 0
    told = capsys.readouterr()
    assert digest in told.err
    assert "DRIFT-03" in {each["requirement"] for each in json.loads(told.out)["verdicts"]}

    assert run(app, *asked, "--policy", policy) == 0
    told = capsys.readouterr()
    assert "DRIFT-03" not in {each["requirement"] for each in json.loads(told.out)["verdicts"]}
    assert digest not in told.err
