"""An audit names each fault, and who is behind it, and has nothing to say of a site without one. In a real browser."""

from __future__ import annotations

import os

import pytest

from consent_server.browser.crawl import Plan
from consent_server.domain.audit import FAILS, audit
from consent_server.domain.classification import Classifier
from consent_server.domain.scan import host_of, scan_from_json
from consent_server.services import scanning
from consent_server.storage.library import load_library
from tests.browser.page_server import PageServer
from tests.scan.sites import SITES, SOME

TRIED = SITES if os.environ.get("CONSENT_TEST_SITES") == "all" else SOME

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("name", TRIED)
def test_a_site_is_judged_by_what_it_does(name: str) -> None:
    site = SITES[name]
    with PageServer(site.respond) as server:
        plan = Plan(server.host(name) + "/", pages=2, private=True, settle_ms=200, banner_ms=1_000, seconds=240)
        done, ended_early = scanning.scan(plan)
    library = load_library()
    verdicts = audit(done, Classifier(library, host_of(done.address)), library)
    failed = [verdict for verdict in verdicts if verdict.verdict == FAILS]
    told = " ".join(f"{proof.what} {' '.join(proof.because_of)}" for verdict in failed for proof in verdict.proofs)

    assert not ended_early
    assert scan_from_json(done.to_json()) == done
    assert {verdict.requirement for verdict in failed} == site.fails, failed
    assert all(word in told for word in (*site.named, site.who)), told
