"""Our own banner holds in every check that an audit makes of a banner, in French and in English. In a real browser."""

from __future__ import annotations

import os

import pytest

from consent_server.browser.crawl import Plan
from consent_server.domain.audit import FAILS, UNDECIDED, audit
from consent_server.domain.classification import Classifier
from consent_server.domain.scan import host_of
from consent_server.services import scanning
from consent_server.services.editing import check_draft
from consent_server.storage.library import load_library
from tests.browser.page_server import script
from tests.browser.sites import Sites
from tests.builders import site_file
from tests.scan.sites import GA
from tests.servers import ConsentServer

pytestmark = pytest.mark.browser

MEASURES = {
    "id": "measures",
    "name": "Google Analytics",
    "vendor": "Google",
    "purpose": "audience",
    "trackers": [{"name": "_ga", "kind": "cookie", "purpose": "audience", "lifetime": "13 months"}],
}


@pytest.mark.parametrize("language", ["fr", "en"] if os.environ.get("CONSENT_TEST_SITES") == "all" else ["fr"])
def test_our_banner_holds(language: str, running_server: ConsentServer) -> None:
    site = f"audited-{language}"
    sites = Sites(running_server, lambda _asked: script(GA))
    measures = {**MEASURES, "url_patterns": [f"tracker.localhost:{sites.vendors.port}/*"]}
    with sites.vendors:
        sites.publish(site, [measures], default_language=language)
        sites.serve(site, "<script src=http://tracker.localhost:{port}/ga.js></script>", "<h1>Page</h1>")
        sites.pages[site] = sites.pages[site].replace('lang="en"', f'lang="{language}"')
        plan = Plan(sites.vendors.host(site) + "/", 1, language=language, private=True, settle_ms=300, seconds=240)
        done, ended_early = scanning.scan(plan)
    library, declared = load_library(), check_draft(site_file(site_key=site, services=[measures])).services
    verdicts = audit(done, Classifier(library, host_of(done.address), declared), library)

    assert not ended_early
    assert [each for each in verdicts if each.verdict in {FAILS, UNDECIDED}] == []
