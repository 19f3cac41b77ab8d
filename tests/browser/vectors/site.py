"""The site that all vectors stand on: two trackers that need a yes, one that needs none, and what nobody declared."""

from __future__ import annotations

import dataclasses
from typing import Any

from tests.browser.vectors.vector import AUDIENCE, FOLDER, HOST, MARKETING, PREFIX

KEY = "vectors"
SITE = "www.shop.localhost"
CONSENT = "consent.localhost"
EXEMPT = "support.localhost"
UNKNOWN = "cdn.localhost"
PURPOSES = (AUDIENCE, MARKETING)

COOKIES = ("", "__Secure-", "__Host-")
STORES = ("local_storage", "session_storage", "indexed_db")


def site_file(port: int) -> dict[str, Any]:
    """Give the file that is imported; the policy of the guard needs the port, since it lists sources."""
    return {
        "site_key": KEY,
        "name": "Shop",
        "origins": [f"https://{SITE}:{port}"],
        "default_language": "en",
        "languages": ["en"],
        "banner": {"controller": "Shop SAS"},
        "services": [
            _service("counter", AUDIENCE, port),
            _service("ads", MARKETING, port),
            {
                "id": "support",
                "name": "Support",
                "vendor": "Support SAS",
                "purpose": "necessary",
                "exemption": _exemption(),
                "url_patterns": [f"*.{EXEMPT}:{port}/*"],
                "trackers": [_tracker(f"help_{kind}", kind, "necessary", _exemption()) for kind in ("cookie", *STORES)],
            },
        ],
    }


def _service(id: str, purpose: str, port: int) -> dict[str, Any]:
    prefix = PREFIX[purpose]
    return {
        "id": id,
        "name": id.title(),
        "vendor": f"{id.title()} Inc.",
        "purpose": purpose,
        "url_patterns": [f"*.{HOST[purpose]}:{port}/*", f"{SITE}/{FOLDER[purpose]}/*"],
        "trackers": [
            *(_tracker(f"{start}{prefix}*", "cookie", purpose) for start in COOKIES),
            *(_tracker(f"{prefix}*", kind, purpose) for kind in STORES),
        ],
    }


def _tracker(name: str, kind: str, purpose: str, exemption: dict[str, Any] | None = None) -> dict[str, Any]:
    found = {"name": name, "kind": kind, "purpose": purpose, "declared_lifetime": "P6M"}
    found["description"] = {"en": "Kept so that there is something to keep."}  # type: ignore[assignment]
    return found | ({"exemption": exemption} if exemption else {})


def _exemption() -> dict[str, Any]:
    why = "Keeps the conversation that the visitor asked for."
    return {"ground": "EXM-01", "justification": {"en": why}, "author": "Site owner"}


@dataclasses.dataclass(frozen=True)
class Bystander:
    """What no answer may touch, on every page; named by what it leaves."""

    trace: str
    html: str


def _call(text: str) -> str:
    return f"<script>{{ {text} }}</script>"


BYSTANDERS = (
    Bystander("request own/a.js", '<script src="$OWN/a.js"></script>'),
    Bystander("request own/a.gif", '<img src="$OWN/a.gif" alt="">'),
    Bystander("request own/a.json", _call("fetch('$OWN/a.json')")),
    Bystander(
        "request own/b.js",
        _call("document.head.append(Object.assign(document.createElement('script'), {src: '$OWN/b.js'}))"),
    ),
    Bystander("cookie own", _call("document.cookie = 'own=1; Path=/; Max-Age=9999'")),
    Bystander("local own", _call("localStorage.setItem('own', '1')")),
    Bystander("session own", _call("sessionStorage.own = '1'")),
    Bystander("database own", _call("indexedDB.open('own')")),
    Bystander("cache own", _call("caches.open('own')")),
    Bystander("request exempt/a.js", '<script src="$EXEMPT/a.js"></script>'),
    Bystander("request exempt/a.gif", '<img src="$EXEMPT/a.gif" alt="">'),
    Bystander("request exempt/a.json", _call("fetch('$EXEMPT/a.json')")),
    Bystander("request exempt/a.html", '<iframe src="$EXEMPT/a.html"></iframe>'),
    Bystander("cookie help_cookie", _call("document.cookie = 'help_cookie=1; Path=/; Max-Age=9999'")),
    Bystander("local help_local_storage", _call("localStorage.help_local_storage = 1")),
    Bystander("request unknown/a.js", '<script src="$OTHER/a.js"></script>'),
    Bystander("request unknown/a.gif", '<img src="$OTHER/a.gif" alt="">'),
    Bystander("request unknown/a.json", _call("fetch('$OTHER/a.json')")),
    Bystander("request unknown/a.css", '<link rel="stylesheet" href="$OTHER/a.css">'),
    Bystander("request unknown/b.gif", '<p style="background-image: url($OTHER/b.gif)">p</p>'),
)
