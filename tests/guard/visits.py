"""A configuration with one of everything, a choice, and a request: what the guard's tests are made of."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from consent_server.domain import canonical_json
from consent_server.domain.configuration import digest_of
from consent_server.domain.times import rfc3339
from consent_server.guard.headers import Headers, Request, guard_headers
from consent_server.guard.rules import compile_rules

NOW = datetime(2026, 11, 22, 10, 15, tzinfo=UTC)
DAY = timedelta(days=1)
PAGE = ("Content-Type", "text/html; charset=utf-8")
MANIFEST = {"ground": "EXM-01", "justification": {}}


def tracker(name: str, purpose: str | None, **changes: Any) -> dict[str, Any]:
    return {"name": name, "kind": "cookie", "purpose": purpose, "domain": "site", "lifetime_seconds": None,
            "exemption": None, **changes}  # fmt: skip


def service(id: str, purpose: str | None, *trackers: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {"id": id, "purpose": purpose, "exempt": purpose == "necessary", "url_patterns": [],
            "trackers": list(trackers), **changes}  # fmt: skip


def configuration(**changes: Any) -> dict[str, Any]:
    names = ("necessary", "audience", "marketing")
    document = {
        "site_key": "example",
        "version": 3,
        "choice_lifetime": "P6M",
        "unknown_third_parties": "allow",
        "unknown_cookies": "allow",
        "known_trackers": ["_fbp", "_hj*"],
        "purposes": [{"id": name, "exempt": name == "necessary", "since": 1} for name in names],
        "services": [
            service("shop", "necessary", tracker("session", "necessary", lifetime_seconds=0)),
            service(
                "analytics",
                "audience",
                tracker("_ga", "audience"),
                tracker("_ga_*", "audience", lifetime_seconds=86_400),
                tracker("_gs", "audience", lifetime_seconds=0),
                url_patterns=["www.google-analytics.com/*", "*.googletagmanager.com/gtag/*"],
            ),
            service("ads", "marketing", tracker("ad_*", "marketing"), url_patterns=["*.ads.example/*"]),
            service("counter", "audience", tracker("_pk_*", "audience", exemption=MANIFEST)),
            service("mystery", None, tracker("what", None), url_patterns=["mystery.example/*"]),
        ],
        **changes,
    }
    return {**document, "digest": digest_of(canonical_json.encode(document).encode())}


def choice(purposes: Mapping[str, bool], at: datetime = NOW - DAY, **changes: Any) -> str:
    """Give the ``eu-consent`` pair that the banner would have written."""
    document = {"purposes": dict(purposes), "services": {}, "version": 3, "id": "3f2b8c1e-9d4a-4c6b-8e2f-0a1b2c3d4e5f"}
    document = {**document, "time": rfc3339(at), **changes}
    value = json.dumps(
        {key: each for key, each in document.items() if each != {} or key == "purposes"}, separators=(",", ":")
    )
    return "eu-consent=" + quote(value, safe="!'()*-._~")


YES = choice({"audience": True, "marketing": True})
NO = choice({"audience": False, "marketing": False})


def request(
    *cookies: str, navigation: bool = True, host: str = "www.example.fr", secure: bool = True, path: str = "/"
) -> Request:
    return Request(host, secure, navigation, "; ".join(cookies), path)


def answer(
    headers: Headers, *cookies: str, now: datetime = NOW, document: Mapping[str, Any] | None = None, **about: Any
) -> Headers:
    return guard_headers(compile_rules(document or configuration()), request(*cookies, **about), headers, now)


def cookies_of(headers: Headers) -> list[str]:
    return [value for name, value in headers if name.lower() == "set-cookie"]


def own_cookies(*set_cookies: str, sent: tuple[str, ...] = (), **about: Any) -> list[str]:
    """Give what becomes of an application's cookies, without what the guard adds of its own."""
    headers = [("Set-Cookie", each) for each in set_cookies]
    found = cookies_of(answer(headers, *sent, navigation=False, **about))
    return [each for each in found if not each.startswith("eu-consent-writes=")]
