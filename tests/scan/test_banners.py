"""Banners as an audit meets them: ours, those of others as their packages come, small ones with a fault.

In a real browser. One of others and a small one stand for all in every run of the tests, and for ours a demo site does
(``test_demo_sites``); the rest, those too that make a refusal hard, are tried with ``CONSENT_TEST_SITES=all``.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import pytest

from consent_server.browser.crawl import Plan
from consent_server.domain.audit import FAILS, HOLDS, UNDECIDED, audit
from consent_server.domain.classification import Classifier
from consent_server.domain.scan import ACCEPTED, BEFORE, NEXT_VISIT, REFUSED, WITHDRAWN, Scan, host_of, scan_from_json
from consent_server.services import scanning
from consent_server.services.editing import check_draft
from consent_server.storage.library import load_library
from tests.browser.page_server import PageServer, script
from tests.browser.sites import Sites
from tests.builders import site_file
from tests.scan.peers import PEERS
from tests.scan.side_by_side import side_by_side, values_of
from tests.scan.sites import GA
from tests.scan.sites_of_banners import SITES, SOME
from tests.servers import ConsentServer

ALL = os.environ.get("CONSENT_TEST_SITES") == "all"
SMALL = tuple(SITES) if ALL else SOME
OF_OTHERS = tuple(PEERS) if ALL else ("klaro",)

pytestmark = pytest.mark.browser

Scans = Mapping[str, Future[Scan]]


@pytest.fixture(scope="module")
def scans(request: pytest.FixtureRequest) -> Iterator[Scans]:
    """The scan of every page that a test of this run asks for, under way."""
    with side_by_side() as pool:
        others = {each: pool.submit(_scan_peer, each) for each in values_of(request, "peer")}
        small = {each: pool.submit(_scan_small, each) for each in values_of(request, "name")}
        languages = values_of(request, "language") if ALL else []
        ours = {of: pool.submit(_scan_ours, of, request.getfixturevalue("running_server")) for of in languages}
        yield others | small | ours


def _scan_small(name: str) -> Scan:
    site = SITES[name]
    with PageServer(site.respond) as server:
        return _scan(Plan(server.host(name) + "/", pages=2 if site.other else 1, settle_ms=300, banner_ms=1_000))


def _scan_peer(name: str) -> Scan:
    with PageServer(PEERS[name].respond) as server:
        return _scan(Plan(server.host("shop") + "/", pages=1, language="en-GB", settle_ms=200, banner_ms=2_000))


def _scan_ours(language: str, server: ConsentServer) -> Scan:
    site, sites = f"audited-{language}", Sites(server, lambda _asked: script(GA))
    with sites.vendors:
        sites.publish(site, [_measures(sites.vendors.port)], default_language=language)
        sites.serve(site, "<script src=http://tracker.localhost:{port}/ga.js></script>", "<h1>Page</h1>")
        sites.pages[site] = sites.pages[site].replace('lang="en"', f'lang="{language}"')
        address = sites.vendors.host(site) + "/"
        return _scan(Plan(address, pages=1, language=language, settle_ms=300, banner_ms=2_000))


def _measures(port: int | None) -> dict[str, Any]:
    """Give the service that waits for a yes on the site with our banner."""
    return {
        "id": "measures",
        "name": "Google Analytics",
        "vendor": "Google",
        "purpose": "audience",
        "url_patterns": [f"tracker.localhost:{port}/*"],
        "trackers": [{"name": "_ga", "kind": "cookie", "purpose": "audience", "lifetime": "13 months"}],
    }


def _scan(plan: Plan) -> Scan:
    done, ended_early = scanning.scan(replace(plan, private=True, seconds=400, pause_ms=50))
    assert not ended_early
    return done


@pytest.mark.skipif(not ALL, reason="tests/scan/test_demo_sites.py tells it of a demo site: CONSENT_TEST_SITES=all")
@pytest.mark.parametrize("language", ["fr", "en"])
def test_our_banner_holds(language: str, scans: Scans) -> None:
    done, library = scans[language].result(), load_library()
    services = [_measures(urlsplit(done.address).port)]
    declared = check_draft(site_file(site_key=f"audited-{language}", services=services)).services
    verdicts = audit(done, Classifier(library, host_of(done.address), declared), library)

    assert [each for each in verdicts if each.verdict in {FAILS, UNDECIDED}] == []


@pytest.mark.parametrize("peer", OF_OTHERS)
def test_a_banner_of_others_is_known_and_answered(peer: str, scans: Scans) -> None:
    of, done = PEERS[peer], scans[peer].result()
    with_tracker = {each.name for each in done.passes if any(r.address.endswith("/tracker.js") for r in each.requests)}
    with_cookie = {each.name for each in done.passes if any(cookie.name == "_ga" for cookie in each.cookies)}
    library = load_library()
    found = audit(done, Classifier(library, host_of(done.address)), library)
    verdicts = {f"{each.check} {each.requirement}": each.verdict for each in found}

    told = {each.name: each.banner.name for each in done.passes if each.banner}
    assert told.items() >= dict.fromkeys((BEFORE, REFUSED, ACCEPTED, WITHDRAWN), of.name).items()
    assert NEXT_VISIT not in told, "a refusal is remembered"
    assert [limit for each in done.passes for limit in each.limits] == []
    assert with_tracker == {ACCEPTED}
    assert with_cookie == {ACCEPTED}
    assert verdicts["CHK-2 UI-04"] == (HOLDS if of.first_layer_refuses else FAILS)
    assert {verdict for requirement, verdict in verdicts.items() if requirement.startswith("CHK-4")} == {HOLDS}
    assert {verdicts[f"A11Y A11Y-0{number}"] for number in range(1, 6)} == {HOLDS}, "they are answered by keyboard, too"
    assert verdicts["CHK-3 WD-01"] == verdicts["KEEP KEEP-02"] == HOLDS


@pytest.mark.parametrize("name", SMALL)
def test_a_banner_is_judged_by_what_a_visitor_sees_of_it(name: str, scans: Scans) -> None:
    site, done, library = SITES[name], scans[name].result(), load_library()
    verdicts = audit(done, Classifier(library, host_of(done.address)), library)
    failed, unsure = ([each for each in verdicts if each.verdict == which] for which in (FAILS, UNDECIDED))

    assert scan_from_json(done.to_json()) == done
    assert {each.requirement for each in failed} == site.fails, failed
    assert {each.requirement for each in unsure} >= site.unsure, unsure
    assert site.named in " ".join(proof.what for each in failed for proof in each.proofs), failed
