"""An audit names each fault, and who is behind it, and has nothing to say of a site without one. In a real browser.

Scans are programs of their own that mostly wait for pages, so several run at once.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from consent_server.browser.crawl import Plan
from consent_server.domain.audit import FAILS, UNDECIDED, Verdict, audit
from consent_server.domain.classification import Classifier
from consent_server.domain.scan import Scan, host_of, scan_from_json
from consent_server.services import scanning
from consent_server.storage.library import load_library
from tests.browser.page_server import PageServer
from tests.scan.sites import SITES, SOME, Site

TRIED = tuple(SITES) if os.environ.get("CONSENT_TEST_SITES") == "all" else SOME
AT_ONCE = 2 * (os.cpu_count() or 1)

pytestmark = pytest.mark.browser

Scanned = tuple[Scan, str]


@pytest.fixture(scope="module")
def scans(request: pytest.FixtureRequest) -> Iterator[Mapping[str, Future[Scanned]]]:
    """The scan of every site that a test of this run asks for, under way."""
    asked = [getattr(item, "callspec", None) for item in request.session.items if item.path == request.path]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield {name: pool.submit(_scan, name) for name in dict.fromkeys(each.params["name"] for each in asked if each)}
        pool.shutdown(cancel_futures=True)


def _scan(name: str) -> Scanned:
    with PageServer(SITES[name].respond) as server:
        there = dict.fromkeys(SITES[name].elsewhere, f"127.0.0.1:{server.port}")
        return scanning.scan(
            Plan(
                server.host(name) + "/",
                pages=2,
                private=True,
                seconds=400,
                settle_ms=700,
                banner_ms=700,
                pause_ms=50,
                resolve={**there, **SITES[name].other_names},
            )
        )


@pytest.mark.parametrize("name", TRIED)
def test_a_site_is_judged_by_what_it_does(name: str, scans: Mapping[str, Future[Scanned]]) -> None:
    site, (done, ended_early) = SITES[name], scans[name].result()
    library = load_library()
    verdicts = audit(done, Classifier(library, host_of(done.address), site.services), library)
    failed = [verdict for verdict in verdicts if verdict.verdict == FAILS]

    assert not ended_early
    assert scan_from_json(done.to_json()) == done
    assert {verdict.requirement for verdict in failed} == site.fails, failed
    assert _unnamed(site, failed) == [], "a false alarm, or one without its origin"
    assert all(any(word in proof.what for verdict in failed for proof in verdict.proofs) for word in site.named), failed
    assert all(_told(word, site, verdicts) for word in site.unsure), verdicts


def _unnamed(site: Site, failed: list[Verdict]) -> list[object]:
    """Return what is held against the site, other than its fault, or without who is behind it."""
    return [
        proof
        for verdict in failed
        for proof in verdict.proofs
        if not (
            any(word in proof.what for word in site.named) and any(site.who in each for each in (*proof.because_of, ""))
        )
    ]


def _told(word: str, site: Site, verdicts: tuple[Verdict, ...]) -> bool:
    """Whether the report says that it cannot tell of something, and who is behind it."""
    proofs = [proof for verdict in verdicts if verdict.verdict == UNDECIDED for proof in verdict.proofs]
    return any(word in proof.what and any(site.who in each for each in proof.because_of) for proof in proofs)
