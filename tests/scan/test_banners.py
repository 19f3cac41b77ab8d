"""An audit sees what is wrong with a banner, and nothing wrong with a fair one. In a real browser."""

from __future__ import annotations

import os

import pytest

from consent_server.browser.crawl import Plan
from consent_server.domain.audit import FAILS, UNDECIDED, audit
from consent_server.domain.classification import Classifier
from consent_server.domain.scan import host_of, scan_from_json
from consent_server.services import scanning
from consent_server.storage.library import load_library
from tests.browser.page_server import PageServer
from tests.scan.sites_of_banners import SITES, SOME

TRIED = SITES if os.environ.get("CONSENT_TEST_SITES") == "all" else SOME

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("name", TRIED)
def test_a_banner_is_judged_by_what_a_visitor_sees_of_it(name: str) -> None:
    site = SITES[name]
    with PageServer(site.respond) as server:
        plan = Plan(server.host(name) + "/", pages=2, private=True, settle_ms=300, banner_ms=1_000, seconds=240)
        done, ended_early = scanning.scan(plan)
    library = load_library()
    verdicts = audit(done, Classifier(library, host_of(done.address)), library)
    failed, unsure = ([each for each in verdicts if each.verdict == which] for which in (FAILS, UNDECIDED))

    assert not ended_early
    assert scan_from_json(done.to_json()) == done
    assert {each.requirement for each in failed} == site.fails, failed
    assert {each.requirement for each in unsure} >= site.unsure, unsure
    assert site.named in " ".join(proof.what for each in failed for proof in each.proofs), failed
