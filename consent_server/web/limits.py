"""How many answers one network may send to one site, and requests one token to the API: bounded, and wide.

Wide enough for a school behind one address, and for a program that copies a catalogue. The counter lives in Redis when
there is one, else in the process; when Redis is away the process counts alone. A limiter that fails never refuses a
choice: losing a withdrawal is worse than counting badly.
"""

from __future__ import annotations

import ipaddress

from flask import Flask, current_app, g, request
from flask_limiter import Limiter

from consent_server.config import Settings

UNLIMITED = "1000000000 per second"


def network_of(address: str | None) -> str:
    """Return the /24 or /48 that an address is in; the address itself is kept nowhere."""
    try:
        parsed = ipaddress.ip_address(address or "")
    except ValueError:
        return "unknown"
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped:
        parsed = parsed.ipv4_mapped
    return str(ipaddress.ip_network(f"{parsed}/{24 if parsed.version == 4 else 48}", strict=False))


def _network_and_site() -> str:
    site_key = (request.view_args or {}).get("site_key", "")
    return f"{network_of(request.remote_addr)} {site_key}"


def _rate() -> str:
    settings: Settings = current_app.extensions["settings"]
    return settings.rate_limit or UNLIMITED


def _rate_of_token() -> str:
    settings: Settings = current_app.extensions["settings"]
    return settings.api_rate_limit or UNLIMITED


limiter = Limiter(
    key_func=_network_and_site,
    swallow_errors=True,
    in_memory_fallback_enabled=True,
    headers_enabled=True,
    retry_after="delta-seconds",
)

limit_answers = limiter.limit(_rate)


@limiter.shared_limit(_rate_of_token, scope="api", key_func=lambda: f"token {g.actor.id}")
def count_request() -> None:
    """Count a request of whoever acts with a token; raises 429."""


def register(app: Flask) -> None:
    """Bind the limiter to its counters."""
    settings: Settings = app.extensions["settings"]
    app.config["RATELIMIT_STORAGE_URI"] = settings.redis_url or "memory://"
    limiter.init_app(app)
