"""An audit names each fault, and who is behind it, and has nothing to say of a site without one. In a real browser."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from concurrent.futures import Future

import pytest

from consent_server.browser.crawl import Plan
from consent_server.domain.audit import FAILS, UNDECIDED, Verdict, audit
from consent_server.domain.classification import Classifier
from consent_server.domain.scan import (
    ACCEPTED,
    BEFORE,
    NEXT_VISIT,
    REFUSED,
    WITHDRAWN,
    Scan,
    host_of,
    scan_from_json,
)
from consent_server.services import scanning
from consent_server.storage.library import load_library
from tests.browser.page_server import PageServer
from tests.pictures import opened
from tests.scan.side_by_side import side_by_side, values_of
from tests.scan.sites import PICTURED, RED, SITES, SOME, Site

ALL = os.environ.get("CONSENT_TEST_SITES") == "all"
TRIED = tuple(SITES) if ALL else SOME

pytestmark = pytest.mark.browser

Scanned = tuple[Scan, str]


@pytest.fixture(scope="module")
def scans(request: pytest.FixtureRequest) -> Iterator[Mapping[str, Future[Scanned]]]:
    """The scan of every site that a test of this run asks for, under way."""
    with side_by_side() as pool:
        yield {name: pool.submit(_scan, name) for name in values_of(request, "name")}


def _scan(name: str) -> Scanned:
    with PageServer(SITES[name].respond) as server:
        there = dict.fromkeys(SITES[name].elsewhere, f"127.0.0.1:{server.port}")
        return scanning.scan(
            Plan(
                server.host(name) + "/",
                pages=2 if ALL else 1,
                private=True,
                seconds=400,
                settle_ms=700,
                banner_ms=700,
                pause_ms=50,
                resolve={**there, **SITES[name].other_names},
                pictures=name == PICTURED,
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


@pytest.mark.parametrize("name", [PICTURED])
def test_each_pass_is_pictured_as_its_visitor_saw_it(name: str, scans: Mapping[str, Future[Scanned]]) -> None:
    done, _ = scans[name].result()

    assert {name: _shows_the_banner(picture) for name, picture in done.pictures.items()} == {
        BEFORE: True,
        f"{BEFORE}-phone": True,
        REFUSED: False,
        NEXT_VISIT: False,
        ACCEPTED: False,
        WITHDRAWN: True,
    }
    assert opened(done.pictures[BEFORE]).size == (1280, 800)
    assert opened(done.pictures[f"{BEFORE}-phone"]).size == (390, 844)
    assert max(map(len, done.pictures.values())) <= Plan.picture_bytes
    assert "pictures" not in done.to_json()


def _shows_the_banner(picture: bytes) -> bool:
    colours = opened(picture).convert("RGB").getcolors(1_000_000)
    assert colours
    near = sum(count for count, colour in colours if all(abs(a - b) < 20 for a, b in zip(colour, RED, strict=True)))
    return near > 20_000


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
