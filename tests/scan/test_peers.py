"""Banners of others, as their packages come, are known by name, accepted, refused and taken back. In a real browser.

One stands for the others in every run of the tests; all, those too that make a refusal hard, are tried with
``CONSENT_TEST_SITES=all``.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from consent_server.browser.crawl import Plan
from consent_server.domain.audit import FAILS, HOLDS, audit
from consent_server.domain.classification import Classifier
from consent_server.domain.scan import ACCEPTED, BEFORE, NEXT_VISIT, REFUSED, WITHDRAWN, Scan, host_of
from consent_server.services import scanning
from consent_server.storage.library import load_library
from tests.browser.page_server import PageServer
from tests.scan.peers import PEERS

TRIED = tuple(PEERS) if os.environ.get("CONSENT_TEST_SITES") == "all" else ("klaro",)

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def scans(request: pytest.FixtureRequest) -> Iterator[Mapping[str, Future[Scan]]]:
    """The scan of every page that a test of this run asks for, under way."""
    items = [item for item in request.session.items if item.path == request.path]
    names = dict.fromkeys(item.callspec.params["name"] for item in items)  # type: ignore[attr-defined]
    with ThreadPoolExecutor(2 * (os.cpu_count() or 1)) as pool:
        yield {name: pool.submit(_scan, name) for name in names}
        pool.shutdown(cancel_futures=True)


def _scan(name: str) -> Scan:
    with PageServer(PEERS[name].respond) as server:
        plan = Plan(
            server.host("shop") + "/",
            pages=1,
            language="en-GB",
            private=True,
            seconds=400,
            settle_ms=200,
            banner_ms=2_000,
            pause_ms=50,
        )
        done, ended_early = scanning.scan(plan)
    assert not ended_early
    return done


@pytest.mark.parametrize("name", TRIED)
def test_a_banner_of_others_is_known_and_answered(name: str, scans: Mapping[str, Future[Scan]]) -> None:
    peer, done = PEERS[name], scans[name].result()
    with_tracker = {each.name for each in done.passes if any(r.address.endswith("/tracker.js") for r in each.requests)}
    with_cookie = {each.name for each in done.passes if any(cookie.name == "_ga" for cookie in each.cookies)}
    library = load_library()
    found = audit(done, Classifier(library, host_of(done.address)), library)
    verdicts = {f"{each.check} {each.requirement}": each.verdict for each in found}

    told = {each.name: each.banner.name for each in done.passes if each.banner}
    assert told.items() >= dict.fromkeys((BEFORE, REFUSED, ACCEPTED, WITHDRAWN), peer.name).items()
    assert NEXT_VISIT not in told, "a refusal is remembered"
    assert [limit for each in done.passes for limit in each.limits] == []
    assert with_tracker == {ACCEPTED}
    assert with_cookie == {ACCEPTED}
    assert verdicts["CHK-2 UI-04"] == (HOLDS if peer.first_layer_refuses else FAILS)
    assert {verdict for requirement, verdict in verdicts.items() if requirement.startswith("CHK-4")} == {HOLDS}
    assert verdicts["CHK-3 WD-01"] == verdicts["KEEP KEEP-02"] == HOLDS
