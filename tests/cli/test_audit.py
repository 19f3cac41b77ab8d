"""``consent-server audit`` around the visit: forms, files, exit codes. The scan is a stored one: no browser runs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from flask import Flask

from consent_server.browser.crawl import Plan
from consent_server.cli import main
from consent_server.domain import scan as scans
from consent_server.domain.errors import Unavailable
from consent_server.domain.scan import Origin, Pass, Scan, SeenBanner, SeenCookie, scan_from_json
from consent_server.services import scanning

pytestmark = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)

PAGE = "https://www.example.fr/"
AT = "2026-11-22T10:00:00.000Z"
BANNER = SeenBanner("Klaro", could_accept=True, could_refuse=True)


def cookie(name: str) -> SeenCookie:
    return SeenCookie(name, "www.example.fr", "/", 9, 60, False, False, "Lax", False, "number", Origin(), PAGE)


class Visits:
    """Stands for the browser: what it will have seen, and what it was asked for."""

    def __init__(self) -> None:
        self.cookies: Sequence[str] = ()
        self.plans: list[Plan] = []

    def scan(self, plan: Plan, _on_pass: object) -> tuple[Scan, str]:
        self.plans.append(plan)
        pictures = {scans.BEFORE: b"RIFF0000WEBPVP8 "} if plan.pictures else {}
        seen = tuple(map(cookie, self.cookies))
        passes = (Pass(scans.BEFORE, (PAGE,), BANNER, seen), Pass(scans.REFUSED, (PAGE,), BANNER, seen))
        return Scan(PAGE, AT, AT, "consent-server/0.1.0", passes, pictures), ""


@pytest.fixture
def visits(monkeypatch: pytest.MonkeyPatch) -> Visits:
    stand_in = Visits()
    monkeypatch.setattr(scanning, "scan", stand_in.scan)
    return stand_in


def run(app: Flask, *arguments: str) -> int:
    """Run a command; a build sees what it exits with, however it ends."""
    try:
        return main(lambda: app, arguments)
    except SystemExit as end:
        return int(end.code or 0)


def test_a_failure_ends_with_one_and_none_with_nought(app: Flask, visits: Visits) -> None:
    assert run(app, "audit", PAGE) == 0
    visits.cookies = ["_ga"]
    assert run(app, "audit", PAGE) == 1
    assert run(app, "audit", PAGE, "--fail-on", "never") == 0
    visits.cookies = ["nobody_knows"]
    assert run(app, "audit", PAGE) == 0
    assert run(app, "audit", PAGE, "--fail-on", "unknown") == 1


def test_reports_go_where_they_are_told_to(
    app: Flask, visits: Visits, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "audit.html"
    assert run(app, "audit", PAGE, "--format", "html", "--language", "fr", "-o", str(file)) == 0

    assert '<html lang="fr">' in file.read_text(encoding="utf-8")
    assert "data:image/webp;base64," in file.read_text(encoding="utf-8")
    assert capsys.readouterr().out == ""
    assert run(app, "audit", PAGE, "-o", str(tmp_path / "absent" / "audit.txt")) == 3


def test_pictures_are_taken_for_whom_they_are_shown_to(app: Flask, visits: Visits, tmp_path: Path) -> None:
    for arguments in ([], ["--format", "html"], ["--format", "json"], ["--evidence", str(tmp_path / "kept")]):
        assert run(app, "audit", PAGE, *arguments) == 0

    assert [plan.pictures for plan in visits.plans] == [False, True, False, True]


def test_evidence_is_the_scan_and_its_pictures_in_a_folder(
    app: Flask, visits: Visits, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    visits.cookies = ["_ga", "half\ud800"]
    folder = tmp_path / "made" / "evidence"
    assert run(app, "audit", PAGE, "--evidence", str(folder), "--format", "json") == 1

    assert sorted(path.name for path in folder.iterdir()) == ["before.webp", "scan.json"]
    kept = scan_from_json(json.loads((folder / "scan.json").read_text(encoding="utf-8")))
    assert [each.name for each in kept.passes[0].cookies] == ["_ga", "half\ud800"]
    verdicts = json.loads(capsys.readouterr().out)["verdicts"]
    assert {name for verdict in verdicts for name in verdict["pictures"]} == {"before.webp"}


def test_without_a_browser_a_sentence_says_so_and_the_system_failed(
    app: Flask, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CHROMIUM", "no-such-program")
    assert run(app, "audit", PAGE) == 3
    assert capsys.readouterr().err == "Chromium was not found: install it, or name its program in CHROMIUM.\n"

    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    assert run(app, "audit", PAGE) == 3
    assert capsys.readouterr().err == "Playwright is not installed: pip install 'consent-server[browser]'.\n"


def test_a_site_that_is_away_is_the_systems_failure(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(_plan: Plan, _on_pass: object) -> tuple[Scan, str]:
        raise Unavailable("The site could not be visited: it does not answer.")

    monkeypatch.setattr(scanning, "scan", away)
    assert run(app, "audit", PAGE) == 3


@pytest.mark.parametrize("arguments", [["ftp://example.fr/"], [PAGE, "--format", "docx"], [PAGE, "--pages", "0"], []])
def test_wrong_usage_ends_with_two(app: Flask, arguments: list[str]) -> None:
    assert run(app, "audit", *arguments) == 2


def test_colours_are_for_terminals_whose_reader_wants_them(
    app: Flask, visits: Visits, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert run(app, "audit", PAGE) == 0
    assert "\x1b" not in capsys.readouterr().out

    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    assert run(app, "audit", PAGE) == 0
    assert "\x1b[32m✓" in capsys.readouterr().out
    assert run(app, "audit", PAGE, "--format", "pdf") == 2, "a PDF is not for a terminal"
    capsys.readouterr()

    monkeypatch.setenv("NO_COLOR", "1")
    assert run(app, "audit", PAGE) == 0
    assert "\x1b" not in capsys.readouterr().out


def test_what_a_baseline_knows_is_told_and_stops_nothing(
    app: Flask, visits: Visits, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = str(tmp_path / "baseline.json")
    visits.cookies = ["_ga", "_fbp"]
    assert run(app, "audit", PAGE, "--write-baseline", file) == 0
    written = Path(file).read_bytes()
    capsys.readouterr()

    assert run(app, "audit", PAGE, "--baseline", file) == 0
    assert "✗ CHK-1 UI-01 fails (known)" in capsys.readouterr().out
    visits.cookies = ["_ga", "_fbp", "_gcl_au"]
    assert run(app, "audit", PAGE, "--baseline", file) == 1
    said = capsys.readouterr().out
    assert "cookie _ga (Google Analytics) [before] (known)" in said
    assert "cookie _gcl_au (Google Ads) [before]\n" in said

    visits.cookies = ["_fbp", "_ga"]
    assert run(app, "audit", PAGE, "--write-baseline", file) == 0
    assert Path(file).read_bytes() == written, "the order in which things were seen changes nothing"


def test_what_a_baseline_knows_and_nobody_saw_is_told(
    app: Flask, visits: Visits, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = str(tmp_path / "baseline.json")
    visits.cookies = ["_ga"]
    assert run(app, "audit", PAGE, "--write-baseline", file) == 0
    capsys.readouterr()
    visits.cookies = []
    assert run(app, "audit", PAGE, "--baseline", file) == 0

    said = capsys.readouterr().err
    assert said == "Of the baseline, and not seen this time: UI-01 cookie _ga (Google Analytics) [before]\n"


@pytest.mark.parametrize(
    "text", ["", "[]", '{"version": 2, "findings": []}', '{"version": 1, "findings": [{"fingerprint": 3}]}']
)
def test_what_is_no_baseline_is_wrong_usage_before_anything_is_visited(
    app: Flask, visits: Visits, tmp_path: Path, text: str
) -> None:
    file = tmp_path / "baseline.json"
    file.write_text(text, encoding="utf-8")

    assert run(app, "audit", PAGE, "--baseline", str(file)) == 2
    assert run(app, "audit", PAGE, "--baseline", str(tmp_path / "absent.json")) == 2
    assert visits.plans == []


def test_what_was_kept_is_judged_again_without_a_visit(
    app: Flask, visits: Visits, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    visits.cookies = ["_ga"]
    folder = str(tmp_path / "kept")
    assert run(app, "audit", PAGE, "--evidence", folder, "--format", "html") == 1
    visited = capsys.readouterr().out
    assert run(app, "audit", "--from", folder, "--format", "html") == 1

    assert capsys.readouterr().out == visited
    assert "data:image/webp" in visited
    assert len(visits.plans) == 1
    assert run(app, "audit", "--from", str(tmp_path / "absent")) == 2
    assert run(app, "audit", PAGE, "--from", folder) == 2


def test_no_name_of_a_site_acts_on_a_terminal_or_looks_like_our_words(
    app: Flask, visits: Visits, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    visits.cookies = ["x\x1b[2J\n✓ CHK-1 UI-01 holds: all is well"]
    policy = tmp_path / "policy.txt"
    policy.write_text("Nous utilisons un cookie : _ga, 13 mois.", encoding="utf-8")
    for arguments in (["scan", PAGE], ["audit", PAGE], ["audit", PAGE, "--policy", str(policy)]):
        assert run(app, *arguments) in {0, 1}
        said = capsys.readouterr().out
        assert "\x1b" not in said
        assert "all is well" in said
        assert not [line for line in said.splitlines() if line.startswith("✓ CHK-1")]
