"""Acceptance 1: five real policies, a real browser, and nothing on the device or at the vendors before a yes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Playwright

from tests import programs
from tests.browsers import arguments
from tests.journeys.visiting import SITES, Kept, Visitor
from tests.servers import ConsentServer


@pytest.fixture(params=SITES)
def visitor(request: pytest.FixtureRequest, running_server: ConsentServer, context: BrowserContext) -> Visitor:
    """Somebody who has never been on this site."""
    return Visitor(running_server, request.param, context)


def test_nothing_happens_before_a_choice(visitor: Visitor) -> None:
    visitor.browse()

    assert visitor.action("accept-all").is_visible()
    visitor.assert_only()
    assert visitor.saved() is None


EXEMPT = {
    "ubiq": {"PHPSESSID", "wp-settings-39", "wp-settings-time-39"},
    "aquao": set(),
    "imope": {"imope_session"},
    "iabako": {"lang", "__stripe_mid", "__stripe_sid"},
    "alterce": {"token"},
}


def test_what_is_exempt_works_before_any_choice(visitor: Visitor) -> None:
    visitor.browse()

    assert {cookie["name"] for cookie in visitor.cookies()} == EXEMPT[visitor.key]
    hosts = {row["host"] for row in visitor.requests()}
    assert hosts == set() or visitor.key == "iabako"
    assert ("js.stripe.com" in hosts) == (visitor.key == "iabako")
    out_of_reach = {cookie["name"]: cookie["httpOnly"] for cookie in visitor.cookies()}
    assert all(out_of_reach.get(name, True) for name in ("PHPSESSID", "imope_session", "token"))


@pytest.mark.parametrize("how", ["refuse-all", "close"])
def test_nothing_happens_after_a_refusal(visitor: Visitor, how: str) -> None:
    visitor.goto()
    visitor.answer(how)
    visitor.assert_only()
    visitor.page.reload()
    visitor.browse()

    visitor.assert_only()
    assert not visitor.action("accept-all").is_visible()


def test_a_yes_to_all_opens_what_the_catalogue_declares_and_no_more(visitor: Visitor) -> None:
    visitor.goto()
    visitor.answer("accept-all")
    visitor.browse()

    visitor.assert_all_of(*visitor.declared.asked)
    visitor.assert_capped()
    assert visitor.requests() != []
    assert not {Kept("cookie", "userId"), Kept("local_storage", "userId")} & visitor.device()


def test_a_yes_to_one_purpose_opens_that_one_alone(visitor: Visitor) -> None:
    visitor.goto()
    visitor.choose("audience")
    visitor.browse()

    visitor.assert_all_of("audience")
    visitor.assert_capped()


def test_a_withdrawal_takes_everything_away(visitor: Visitor) -> None:
    visitor.goto()
    visitor.answer("accept-all")
    visitor.browse()
    visitor.withdraw()
    visitor.forget_requests()

    visitor.assert_only()
    visitor.browse()
    visitor.assert_only()


def test_vendors_set_their_own_cookies_only_after_a_yes(
    playwright: Playwright, running_server: ConsentServer, tmp_path: Path
) -> None:
    # A profile of its own that lets third parties set cookies; windows without history never do.
    preferences = tmp_path / "Default" / "Preferences"
    preferences.parent.mkdir()
    preferences.write_text(json.dumps({"profile": {"cookie_controls_mode": 0, "block_third_party_cookies": False}}))
    context = playwright.chromium.launch_persistent_context(
        tmp_path, executable_path=programs.chromium(), headless=True, args=arguments(), locale="fr-FR"
    )
    visitor = Visitor(running_server, "iabako", context)
    visitor.goto()
    before = _third_parties(context)
    visitor.answer("accept-all")
    visitor.browse()
    after = _third_parties(context)
    visitor.withdraw()
    visitor.forget_requests()
    visitor.browse()
    context.close()

    assert before == set()
    assert {"NID google.com.localhost", "fr facebook.com.localhost"} <= after
    # No script can take them away; no request carries them any more.
    assert [
        row["host"] for row in visitor.requests() if not row["host"].endswith(("stripe.com", "stripe.network"))
    ] == []


def _third_parties(context: BrowserContext) -> set[str]:
    cookies = ((cookie["name"], cookie["domain"].lstrip(".")) for cookie in context.cookies())
    return {f"{name} {domain}" for name, domain in cookies if domain != "iabako.localhost"}
