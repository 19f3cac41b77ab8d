"""The report of an audit as a browser shows and prints it: nobody is shut out, nothing of the site runs."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from pypdf import PageObject, PdfReader

from consent_server.browser.chromium import open_chromium
from consent_server.browser.printing import print_pdfs
from consent_server.browser.processes import family
from consent_server.domain.audit import Verdict, audit
from consent_server.domain.audit_reports.as_html import write_html
from consent_server.domain.classification import Classifier
from consent_server.domain.errors import Unavailable
from consent_server.domain.scan import ACCEPTED, BEFORE, REFUSED, Origin, Pass, Scan, SeenBanner, SeenCookie
from consent_server.services.printing import print_audit
from consent_server.storage.library import load_library
from tests.pictures import encoded
from tests.servers import eventually
from tests.threads import in_a_thread

pytestmark = pytest.mark.browser

SITE = "www.shop.example"
PAGE = f"https://{SITE}/{'a-very-long-path-' * 10}"
HOSTILE = '"><img src=x onerror="document.title = 1"><script>document.title = 2</script>'
LEVELS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


Audited = tuple[Scan, tuple[Verdict, ...]]


@pytest.fixture(scope="module")
def audited() -> Audited:
    at = "2026-11-22T10:00:00.000Z"
    names = ("_ga", HOSTILE, "x" * 300)
    cookies = tuple(
        SeenCookie(name, SITE, "/", 9, 10**8, False, False, "Lax", False, "number", Origin("script", (PAGE,)), PAGE)
        for name in names
    )
    banner = SeenBanner(HOSTILE, could_accept=True, could_refuse=False)
    passes = tuple(Pass(name, (PAGE,), banner, cookies) for name in (BEFORE, REFUSED, ACCEPTED))
    pictures = {BEFORE: encoded(kind="WEBP"), f"{BEFORE}-phone": encoded(kind="WEBP")}
    done = Scan(PAGE, at, at, "consent-server/0.1.0", passes, pictures)
    library = load_library()
    return done, audit(done, Classifier(library, SITE), library)


@in_a_thread
def test_the_page_shuts_nobody_out_and_fits_a_phone(audited: Audited) -> None:
    report = write_html(*audited, "fr")
    with open_chromium() as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.set_content(report)
        for width in (1280, 320):
            page.set_viewport_size({"width": width, "height": 800})
            found = Axe().run(page, options={"runOnly": LEVELS})
            assert found.violations_count == 0, found.generate_report()
            assert page.evaluate("document.documentElement.scrollWidth") == width

        assert page.title() == f"Audit des cookies de {SITE}"
        assert [address for address in asked if not address.startswith("data:")] == []
        assert page.evaluate("[...document.images].every((image) => image.naturalWidth > 0)")


def test_a_report_is_printed_with_its_words_and_its_language(audited: Audited) -> None:
    printed = PdfReader(io.BytesIO(print_audit(*audited, ["fr"])["fr"]))
    root = printed.trailer["/Root"]
    text = " ".join(" ".join(page.extract_text() for page in printed.pages).split())

    assert root["/Lang"] == "fr"
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Outlines"]
    assert printed.metadata
    assert printed.metadata.title == f"Audit des cookies de {SITE}"
    assert "onerror=" in text
    filters = {each["/Filter"] for page in printed.pages for each in _pictures(page)}
    assert filters == {"/DCTDecode"}, "all pixels of a picture are twenty times it"
    assert f"{len(printed.pages)} / {len(printed.pages)}" in text


def test_a_browser_that_comes_to_no_end_is_ended(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    stuck = tmp_path / "chromium"
    stuck.write_text(f"#!/bin/sh\necho $$ > {tmp_path}/pid\nexec sleep 600\n", encoding="utf-8")
    stuck.chmod(0o755)
    monkeypatch.setenv("CHROMIUM", str(stuck))
    with pytest.raises(Unavailable, match="could not be printed within 5 seconds"):
        print_pdfs(["<p>"], patience_s=5)
    started = tmp_path / "pid"
    eventually(lambda: not (started.exists() and family(int(started.read_text()))), "the browser to be gone")


def _pictures(page: PageObject) -> list[Any]:
    things = (each.get_object() for each in page["/Resources"].get("/XObject", {}).values())
    return [each for each in things if each["/Subtype"] == "/Image"]
