"""The demo sites audit clean; without our banner, each fails for what its own tags do. In a real browser.

One site stands for the others in every run of the tests; the rest, with all their pages and purposes, are tried with
``CONSENT_TEST_SITES=all``. A scan mostly waits, so several run at once.
"""

from __future__ import annotations

import os
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from functools import cache
from pathlib import Path

import pytest

from consent_server.browser.crawl import Plan
from consent_server.domain import name_pattern
from consent_server.domain.audit import FAILS, HOLDS, Proof, Verdict, audit
from consent_server.domain.catalogue import Catalogue
from consent_server.domain.classification import Classifier
from consent_server.domain.drift import contradictions, find_drift
from consent_server.domain.policy_text import read_policy
from consent_server.domain.scan import Scan, host_of
from consent_server.domain.tag import tag
from consent_server.domain.tracker import OWN_SITE, Service
from consent_server.domain.url_pattern import parse_url_pattern
from consent_server.services import scanning
from consent_server.services.demonstrating import demo_origin, on_loopback
from consent_server.services.editing import check_draft
from consent_server.storage.demo_sites import load_demo_sites
from consent_server.storage.library import load_library
from tests.browser.page_server import NOT_FOUND, Answer, Asked, PageServer
from tests.journeys.test_five_sites import EXEMPT
from tests.journeys.visiting import KEPT_KINDS, PAGES, SITES
from tests.scan.side_by_side import side_by_side, values_of
from tests.servers import ConsentServer

ALL = os.environ.get("CONSENT_TEST_SITES") == "all"
TRIED = SITES if ALL else ("aquao",)
SEEDS = Path(__file__).resolve().parents[3] / "shared" / "seeds"

NO_BANNER = {"UI-01", "UI-04", "DUR-01", "DUR-04"}
FAILS_ALONE = {**dict.fromkeys(SITES, NO_BANNER), "alterce": NO_BANNER - {"DUR-01", "DUR-04"}}

MARKED = {"geoportail", "piano-campaigns"}
"""Services of which the pages have nothing but marked frames and images, which nobody loads without our banner."""

pytestmark = pytest.mark.browser


@cache
def catalogue(site: str) -> Catalogue:
    document = next(each for each in load_demo_sites() if each["site_key"] == site)
    return check_draft(on_loopback(document, demo_origin(site, 80)))


def asked_for(site: str) -> list[Service]:
    """Return the services that wait for a yes to a purpose."""
    return [service for service in catalogue(site).services if service.purpose and not service.exempt]


@pytest.fixture(scope="module")
def scans(
    request: pytest.FixtureRequest, running_server: ConsentServer
) -> Iterator[Callable[[str, bool], Future[Scan]]]:
    """The scan of a site, with our banner or without; both are under way since the first was asked for."""
    with side_by_side() as pool:
        found = {
            (site, banner): pool.submit(_scan if banner else _scan_alone, site, running_server)
            for site in values_of(request, "site")
            for banner in (True, False)
        }
        yield lambda site, banner: found[site, banner]


def _scan(site: str, server: ConsentServer) -> Scan:
    purposes = {purpose for each in asked_for(site) if (purpose := each.purpose)}
    return _visit(server.host(site) + "/", len(PAGES[site]) if ALL else 2, tuple(sorted(purposes)) if ALL else ())


def _scan_alone(site: str, server: ConsentServer) -> Scan:
    """Scan a site's pages as they are without the lines that we have its owner paste."""
    ours = tag(f"{server.url}/v1/sites/{site}/banner.js")

    def page(asked: Asked) -> Answer:
        headers = {"Host": host_of(server.host(site)), "Cookie": asked.headers.get("cookie", "")}
        try:
            with urllib.request.urlopen(
                urllib.request.Request(server.url + asked.path, headers=headers), timeout=60
            ) as answer:
                body, told = answer.read().decode(), answer.headers
        except urllib.error.HTTPError as error:
            error.close()
            return NOT_FOUND
        kept = {"Set-Cookie": told["Set-Cookie"]} if "Set-Cookie" in told else {}
        return Answer(body.replace(ours, ""), told["Content-Type"] or "text/plain", headers=kept)

    with PageServer(page) as pages:
        return _visit(pages.host(site) + "/", len(PAGES[site]) if ALL else 1)


def _visit(address: str, pages: int, purposes: tuple[str, ...] = ()) -> Scan:
    done, ended_early = scanning.scan(
        Plan(
            address,
            pages,
            purposes=purposes,
            private=True,
            seconds=900,
            settle_ms=200,
            banner_ms=2_000,
            pause_ms=50,
        )
    )
    assert not ended_early
    return done


def judged(done: Scan, site: str) -> tuple[Verdict, ...]:
    library = load_library()
    return audit(done, Classifier(library, host_of(done.address), catalogue(site).services), library)


@pytest.mark.parametrize("site", TRIED)
def test_a_demo_site_audits_clean(site: str, scans: Callable[[str, bool], Future[Scan]]) -> None:
    done = scans(site, True).result()

    assert [verdict for verdict in judged(done, site) if verdict.verdict != HOLDS] == []
    assert {each.name: each.banner.name for each in done.passes if each.banner} == {
        each.name: "Consent Server" for each in done.passes if each.name != "next_visit"
    }


@pytest.mark.skipif(not SEEDS.is_dir(), reason="the policies of the first sites are not next to this checkout")
@pytest.mark.parametrize("site", TRIED)
def test_a_demo_site_contradicts_neither_its_policy_nor_its_catalogue(
    site: str, scans: Callable[[str, bool], Future[Scan]]
) -> None:
    done, library = scans(site, True).result(), load_library()
    findings = read_policy((SEEDS / f"{site}.txt").read_text(encoding="utf-8"), library)
    services = catalogue(site).services
    drifts = find_drift(done, Classifier(library, host_of(done.address), services), findings, services)

    assert contradictions(drifts) == []
    assert drifts, "a policy of this kind leaves out what the catalogue has"


@pytest.mark.parametrize("site", TRIED)
def test_a_demo_site_without_our_banner_fails_for_what_its_tags_do(
    site: str, scans: Callable[[str, bool], Future[Scan]]
) -> None:
    done = scans(site, False).result()
    failed = [verdict for verdict in judged(done, site) if verdict.verdict == FAILS]
    early = [proof for verdict in failed if verdict.check == "CHK-1" for proof in verdict.proofs]
    requests = [proof for proof in early if proof.what.startswith("request to ")]
    kept = {_named(proof): proof for proof in early if proof not in requests}

    assert {verdict.requirement for verdict in failed} == FAILS_ALONE[site], failed
    for service in asked_for(site):
        for kind, pattern in _written_by(service):
            found = [proof for (of, name), proof in kept.items() if of == kind and name_pattern.matches(pattern, name)]
            assert found, f"{kind} {pattern} of {service.name} is not told"
            assert all(_is_of(service, proof, done) for proof in found), found
    assert {proof.what.partition("(")[2].rstrip(")") for proof in requests} == {
        service.name for service in asked_for(site) if service.url_patterns and service.id not in MARKED
    }
    assert all(proof.because_of for proof in early)
    assert EXEMPT[site].isdisjoint(name for _kind, name in kept)


def _written_by(service: Service) -> list[tuple[str, str]]:
    """Return kind and name pattern of what a service keeps on the site itself, and needs a yes for."""
    return [
        (each.kind, each.name)
        for each in service.trackers
        if each.kind in KEPT_KINDS and each.domain == OWN_SITE and each.purpose and not each.exemption
    ]


def _named(proof: Proof) -> tuple[str, str]:
    """Return kind and name of what a proof tells: “local storage _x (Vendor)”."""
    told = proof.what.rpartition(" (")[0] or proof.what
    kind = next(kind for kind in KEPT_KINDS if told.startswith(kind.replace("_", " ") + " "))
    return kind, told[len(kind) + 1 :]


def _is_of(service: Service, proof: Proof, done: Scan) -> bool:
    """Whether the nearest that is blamed is the service's script, or the page for what is the site's own."""
    if not service.url_patterns:
        return host_of(proof.because_of[0]) == host_of(done.address)
    return any(parse_url_pattern(pattern).matches(proof.because_of[0]) for pattern in service.url_patterns)
