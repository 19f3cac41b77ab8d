"""Whoever is lied to reads one sentence that names the lie, from the program that an auditor runs; ``tamperings``."""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from consent_server.verify import main
from tests.domain.liars import ANCHORED, BUNDLE, LINES, PART, SERVED, Case, anew, pack
from tests.domain.tamperings import TAMPERINGS, Tampering

SHOWN = [*BUNDLE, *LINES, *PART, *ANCHORED, *SERVED]


class Shop(ThreadingHTTPServer):
    """Serves files below the address of a site."""

    files: dict[str, bytes]


class _Handler(BaseHTTPRequestHandler):
    server: Shop

    def do_GET(self) -> None:
        data = self.server.files.get(self.path.removeprefix("/v1/sites/demo/"))
        self.send_response(404 if data is None else 200)
        self.end_headers()
        self.wfile.write(data or b"")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def server() -> Iterator[Shop]:
    with Shop(("127.0.0.1", 0), _Handler) as shop:
        threading.Thread(target=shop.serve_forever, daemon=True).start()
        yield shop
        shop.shutdown()


def _verify(case: Case, folder: Path, server: Shop, monkeypatch: pytest.MonkeyPatch) -> int:
    """Run the program; the authority of the time stamps is believed, whatever its tokens are signed with."""
    arguments = case.write(folder)
    if case.shown == "served":
        server.files = case.files
        arguments.insert(0, f"http://127.0.0.1:{server.server_port}/v1/sites/demo/log")
    monkeypatch.setattr("consent_server.verify._token_check", lambda _roots: lambda *_: None)
    return main(arguments)


@pytest.mark.parametrize("shown", SHOWN)
def test_who_is_not_lied_to_reads_that_it_holds(
    shown: str, tmp_path: Path, server: Shop, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    case = Case(shown)
    assert _verify(case, tmp_path, server, monkeypatch) == 0
    out, err = capsys.readouterr()
    assert out.startswith(f"VALID: the log demo.example/v1/sites/demo/log at size {len(case.log.entries)}, root ")
    assert err == ""


def test_a_part_whose_proofs_are_packed_holds(
    tmp_path: Path, server: Shop, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    case = Case("part")
    anew(pack)(case)
    assert _verify(case, tmp_path, server, monkeypatch) == 0
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("tampering", "shown"),
    [pytest.param(each, shown, id=f"{shown}: {each.name}") for each in TAMPERINGS for shown in each.shown],
)
def test_every_lie_is_refused_and_named(
    tampering: Tampering,
    shown: str,
    tmp_path: Path,
    server: Shop,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    case = Case(shown)
    tampering.change(case)
    assert _verify(case, tmp_path, server, monkeypatch) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert re.match(f"INVALID: {tampering.said}", err), err


def test_the_lies_are_many_and_each_has_a_name() -> None:
    counted = Counter(each.shown for each in TAMPERINGS)
    assert len({each.name for each in TAMPERINGS}) == len(TAMPERINGS)
    assert sum(counted.values()) - counted[SERVED] >= 40
    assert counted[SERVED] >= 20
