"""What the policy reader finds in whole policies."""

import json

import pytest

from consent_server.domain.errors import Invalid
from consent_server.domain.library import Library
from consent_server.domain.policy_text import LONGEST_POLICY, PolicyFindings, read_policy
from consent_server.storage.library import load_library
from tests.domain import policy_texts


@pytest.fixture(scope="module")
def library() -> Library:
    return load_library()


def cookies(findings: PolicyFindings) -> dict[str, tuple[str | None, str | None, str | None]]:
    return {cookie.name: (cookie.service_id, cookie.purpose, cookie.lifetime) for cookie in findings.cookies}


def services(findings: PolicyFindings) -> list[str]:
    return [service.id for service in findings.services]


def kinds(findings: PolicyFindings) -> set[str]:
    return {statement.kind for statement in findings.statements}


def evidence(findings: PolicyFindings, name: str) -> str:
    return next(cookie.evidence for cookie in findings.cookies if cookie.name == name)


def test_a_french_page_with_a_table(library: Library) -> None:
    found = read_policy(policy_texts.FRENCH_HTML_TABLE, library)

    assert (found.language, found.policy_date, found.contact_emails) == ("fr", "2025-02-12", ("rgpd@exemple.fr",))
    assert found.max_lifetime_claim == "P13M"
    assert cookies(found) == {
        "_ga": ("google-analytics", "audience", "P13M"),
        "_hjSessionUser_*": ("hotjar", "audience", "P1Y"),
        "wp-settings-time-*": ("wordpress", "necessary", "P1Y"),
        "lang": (None, None, "session"),
        "panier": (None, None, "P7D"),
        "_fbp": ("meta-pixel", "marketing", "P90D"),
        "fr": ("meta-pixel", "marketing", "P90D"),
        "acme_track": (None, None, "P2Y"),
    }
    assert evidence(found, "_hjSessionUser_*") == "_hjSession User_123 Hotjar Parcours 1 an"
    assert [c.vendor for c in found.cookies if c.service is None] == [None, None, "Acme Metrics"]


def test_english_list_items(library: Library) -> None:
    found = read_policy(policy_texts.ENGLISH_BULLETS, library)

    assert (found.language, found.policy_date, found.max_lifetime_claim) == ("en", "2024-03-03", "P13M")
    assert found.contact_emails == ("privacy@example.co.uk",)
    assert cookies(found) == {
        "_ga": ("google-analytics", "audience", "P2Y"),
        "_gid": ("google-analytics", "audience", "PT24H"),
        "_gat": ("google-analytics", "audience", "PT1M"),
        "_fbp": ("meta-pixel", "marketing", "P3M"),
        "cart_token": (None, None, "session"),
        "OptanonConsent": ("onetrust", "necessary", "P6M"),
    }
    assert services(found) == ["google-analytics", "meta-pixel", "crisp"]
    assert {"max_lifetime", "can_change_choice", "browser_settings"} <= kinds(found)


def test_french_prose(library: Library) -> None:
    found = read_policy(policy_texts.FRENCH_PROSE, library)

    assert (found.language, found.policy_date, found.max_lifetime_claim) == ("fr", "2023-09-01", None)
    assert cookies(found) == {
        "_fbp": ("meta-pixel", "marketing", "P3M"),
        "lang": (None, None, "P1Y"),
        "PHPSESSID": ("php-session", "necessary", None),
        "hasSeenIntro": (None, None, None),
        "_pk_id.*": ("matomo", "audience", "P13M"),
        "_pk_ses.*": ("matomo", "audience", "PT30M"),
    }
    assert services(found) == ["meta-pixel", "matomo"]
    assert {"consent_before", "choice_lifetime", "implied_consent", "no_transfer_outside_eu"} <= kinds(found)
    assert "consent_required" not in kinds(found)


def test_a_policy_without_cookies_says_so(library: Library) -> None:
    found = read_policy(policy_texts.ENGLISH_NONE, library)

    assert (found.language, found.policy_date, found.max_lifetime_claim) == ("en", "2022-11-05", None)
    assert found.cookies == found.services == ()
    assert kinds(found) == {"no_cookie_used", "names_no_cookie"}
    assert {s.evidence for s in found.statements} == {"This website does not use cookies."}


def test_a_table_pasted_one_cell_to_a_line(library: Library) -> None:
    found = read_policy(policy_texts.ENGLISH_ONE_CELL_A_LINE, library)

    assert cookies(found) == {
        "_ga": ("google-analytics", "audience", "P2Y"),
        "CookieConsent": ("cookiebot", "necessary", "P1Y"),
        "test_cookie": ("doubleclick", "marketing", "session"),
    }
    assert found.max_lifetime_claim is None


def test_tables_of_pipes_and_of_spaces(library: Library) -> None:
    found = read_policy(policy_texts.FRENCH_MARKDOWN, library)

    assert cookies(found) == {
        "_pk_id.*": ("matomo", "audience", "P13M"),
        "_ga_*": ("google-analytics", "audience", "P2Y"),
        "intercom-id-*": ("intercom", "preferences", "P9M"),
        "_uetsid": ("microsoft-ads", "marketing", "P1D"),
        "wp-settings-time-*": ("wordpress", "necessary", "P1Y"),
    }


def test_wrapped_lines_and_a_name_cut_by_one(library: Library) -> None:
    found = read_policy(policy_texts.ENGLISH_WRAPPED, library)

    assert (found.policy_date, found.max_lifetime_claim) == ("2022-06-14", "P13M")
    assert cookies(found) == {
        "tz": (None, None, "P2W"),
        "_hjSessionUser_*": ("hotjar", "audience", None),
        "VISITOR_INFO1_LIVE": ("youtube", "social", "P6M"),
        "YSC": ("youtube", "social", "P6M"),
    }
    assert services(found) == ["hotjar", "youtube"]
    assert {"third_party_cookies", "consent_before", "exempt_only_before_consent"} <= kinds(found)


def test_records_with_a_label_on_each_line(library: Library) -> None:
    found = read_policy(policy_texts.FRENCH_RECORDS, library)

    assert found.max_lifetime_claim == "P13M"
    assert cookies(found) == {
        "PHPSESSID": ("php-session", "necessary", "session"),
        "_ga": ("google-analytics", "audience", "P2Y"),
        "YSC": ("youtube", "social", "session"),
        "vuid": ("vimeo", "social", "P2Y"),
    }
    assert services(found) == ["google-maps", "youtube", "vimeo"]


def test_a_table_of_a_hundred_rows(library: Library) -> None:
    found = read_policy(policy_texts.HUNDRED_ROWS, library)

    assert [(c.name, c.vendor, c.lifetime) for c in found.cookies] == [
        (f"acme_{row:03d}", "Acme SARL", f"P{row % 12 + 1}M") for row in range(100)
    ]


def test_lists_with_a_site_s_own_cookies_and_those_of_others(library: Library) -> None:
    found = read_policy(policy_texts.IN_THE_STYLE_OF_LISTS, library)
    assert (found.policy_date, found.contact_emails) == ("2020-11-05", ("vie-privee@exemple.fr",))
    own, others = ["PHPSESSID", "userId"], ["_gid", "wp-settings-*", "wp-settings-time-*", "mp_*_mixpanel"]

    assert list(cookies(found)) == own + others
    assert cookies(found)["userId"] == (None, None, None)
    assert evidence(found, "wp-settings-*") == "Wp-settings-39 : un cookie utilisé par WordPress."
    assert all(cookie.lifetime is None for cookie in found.cookies)
    assert services(found) == ["axeptio", "google-analytics", "wordpress", "mixpanel"]
    assert [s.details for s in found.statements if s.kind == "consent_tool"] == [{"tool": "Axeptio"}]


def test_claims_about_cookies_that_have_no_name(library: Library) -> None:
    found = read_policy(policy_texts.IN_THE_STYLE_OF_CLAIMS, library)
    unnamed = [statement for statement in found.statements if statement.kind == "unnamed_cookie"]
    required = next(statement for statement in found.statements if statement.kind == "consent_required")

    assert (found.cookies, found.policy_date, found.max_lifetime_claim) == ((), None, "P13M")
    assert services(found) == ["new-relic", "google-analytics", "google-ads", "meta-pixel"]
    assert [dict(statement.details) for statement in unnamed] == [
        {"purpose_hint": "authentication", "lifetime": "PT24H"},
        {"purpose_hint": "language"},
    ]
    assert required.details["express"] is required.details["geolocation"] is True
    assert {"audience", "marketing"} & set(required.details["purposes"]) == {"marketing"}
    assert {
        "consent_before",
        "exempt_only_before_consent",
        "pixels",
        "max_lifetime",
        "no_transfer_outside_eu",
        "names_no_cookie",
    } <= kinds(found)


@pytest.mark.parametrize("name", [name for name in vars(policy_texts) if name.isupper()])
def test_every_finding_quotes_the_policy(name: str, library: Library) -> None:
    text = getattr(policy_texts, name)
    found = read_policy(text, library)
    quoted = [item.evidence for item in (*found.cookies, *found.services, *found.statements)]
    seen = " ".join(text.replace("<br>", " ").replace("</td><td>", " ").replace("|", " ").replace("•", " ").split())

    assert all(0 < len(passage) <= 300 for passage in quoted)
    assert [p for p in quoted if " ".join(p.split()) not in seen] == []


def test_the_json_is_as_promised(library: Library) -> None:
    found = json.loads(json.dumps(read_policy(policy_texts.ENGLISH_BULLETS, library).to_json()))

    assert list(found) == [
        "language",
        "policy_date",
        "contact_emails",
        "max_lifetime_claim",
        "cookies",
        "services",
        "statements",
    ]
    assert {"name", "vendor", "service", "purpose", "lifetime", "evidence"} <= set(found["cookies"][0])
    assert {"name", "purpose", "evidence"} <= set(found["services"][0])
    assert all({"kind", "evidence"} <= set(statement) for statement in found["statements"])


def test_the_same_text_gives_the_same_findings(library: Library) -> None:
    assert read_policy(policy_texts.FRENCH_PROSE, library) == read_policy(policy_texts.FRENCH_PROSE, library)


@pytest.mark.parametrize("text", ["", " \n\t", "\x00", "<p>", "cookie", "|||", "\ufeff"])
def test_next_to_nothing_is_read_as_nothing(text: str, library: Library) -> None:
    assert read_policy(text, library).cookies == ()


def test_a_text_longer_than_any_policy_is_refused(library: Library) -> None:
    with pytest.raises(Invalid, match="characters"):
        read_policy("x" * (LONGEST_POLICY + 1), library)


def test_where_reading_stopped_is_told(library: Library) -> None:
    found = read_policy("Nous utilisons des cookies.\n\n" * 10_000, library)

    assert "not_read" in kinds(found)
