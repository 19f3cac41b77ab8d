"""What a real Chromium shows decides: a banner that does not ask fairly is not published, and it is said why.

The banner that is shipped cannot be made unfair by its settings. So each fault is put into what the browser is given,
as a changed script would: the checks look at what is painted, not at what was meant.
"""

from __future__ import annotations

import pytest
from flask import Flask

from consent_server.domain.configuration import Configuration
from consent_server.services import clock, editing, publishing
from consent_server.services.photographing import Sitting, photograph_configuration
from consent_server.storage import configurations, sites
from consent_server.storage.database import db
from tests import programs
from tests.builders import site_file

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("engine", ["sqlite"], indirect=True)]

URL = "https://consent.example"

AS_IT_APPEARS = """
;(() => {
  const change = (root, part) => { %s };
  const seen = new WeakSet();
  const look = () => {
    const root = document.querySelector('[data-consent-banner]')?.shadowRoot;
    for (const part of root?.querySelectorAll('dialog') || []) {
      if (!seen.has(part)) change(root, part);
      seen.add(part);
    }
    requestAnimationFrame(look);
  };
  look();
})();
"""

REFUSE = "part.querySelector('[data-consent-action=refuse-all]')"
UNLIKE = {
    "a smaller refusal": (
        f"{REFUSE}.style.cssText = 'justify-self: center; padding: 2px; font-size: .7em'",
        "UI-04",
        "Both answers must be of one size: “Tout accepter” is",
    ),
    "boxes that are ticked": (
        "for (const box of part.querySelectorAll('[data-consent-purpose]')) box.checked = true",
        "UI-07",
        "“marketing” is ticked already: a visitor must do that themselves.",
    ),
    "a refusal that is a link": (
        f"const was = {REFUSE}, link = document.createElement('a'); link.href = '#';"
        "link.textContent = was.textContent; link.dataset.consentAction = 'refuse-all'; was.replaceWith(link)",
        "UI-04",
        "Both answers must be buttons: “Tout accepter” is <button>, “Tout refuser” is <a>.",
    ),
    "a contrast of 2:1": (
        f"{REFUSE}.style.cssText = 'background: #fff !important; color: #b2b2b2 !important'",
        "A11Y-07",
        "“Tout refuser” has a contrast of 2.1; at least 5.0 is needed.",
    ),
    "no word of advertising": (
        "if (part.matches(':not(.two)')) [...part.querySelectorAll('.purposes li')].at(-1)?.remove()",
        "UI-02",
        "The title of “marketing” is not shown: “Publicité",
    ),
    "no refusal at all": (f"{REFUSE}.remove()", "UI-04", "Everything can be accepted here, but not refused."),
    "settings a step further": (
        "part.querySelector('[data-consent-action=customize]')?.remove()",
        "UI-05",
        "The button “Personnaliser mes choix” is missing.",
    ),
}


@pytest.fixture(autouse=True)
def _draft(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHROMIUM", str(programs.chromium()))
    services = [{"library": "google-analytics"}, {"library": "meta-pixel"}]
    with app.app_context():
        editing.import_site(db.session(), site_file(languages=["fr"], services=services), clock.now())


@pytest.mark.parametrize("fault", UNLIKE)
def test_what_is_painted_unfairly_is_refused_with_the_reason_and_its_source(app: Flask, fault: str) -> None:
    change, requirement, sentence = UNLIKE[fault]

    def sabotaged(configuration: Configuration, script: bytes, _logo: bytes | None) -> Sitting:
        return photograph_configuration(configuration, script + (AS_IT_APPEARS % change).encode())

    with app.app_context():
        with pytest.raises(publishing.Unfair) as refused:
            publishing.publish(db.session(), "example", URL, clock.now(), sabotaged)
        said = [f for f in refused.value.findings if f.requirement == requirement and f.message.startswith(sentence)]
        assert said, [str(finding) for finding in refused.value.findings]
        assert "CNIL" in said[0].source or "WCAG" in said[0].source
        assert configurations.latest_version(db.session(), sites.find_site(db.session(), "example").id) == 0


def test_the_banner_as_shipped_is_published(app: Flask) -> None:
    with app.app_context():
        assert publishing.publish(db.session(), "example", URL, clock.now(), photograph_configuration).new
