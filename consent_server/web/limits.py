"""How many answers may come from one network, household and visitor, and requests from one token: bounded, and wide.

The arithmetic, with the default of 6000 answers a minute from one network (/24, or /48 of IPv6) on one site: a school
or company of 2000 people behind one address who all answer within one minute, each twice, is let through; so is one
per cent of the visitors of a site with 600 000 answers a minute. One /64 of IPv6 may send half of it, one visitor one
answer a second, and one network five times as much to all sites together.

Refusing and withdrawing has budgets of its own, which a flood of other answers does not touch, and a flood of refusals
only on the network it comes from. An address that is not known, or is this machine's own (a proxy that the settings do
not name), is nobody's network and no reason to refuse: everybody would share it.

A site is never refused as a whole, from however many networks a flood comes: its visitors would be refused with it.
While it gets more than half of ten networks' worth, 30 000 answers a minute, its answers are marked.

Tokens that are not right are counted for the network they come from, once they were looked for: beyond so many the
answer to the next wrong one is another. A right one is never refused for what others send from behind its address.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from flask import Flask, current_app, g

from consent_server.config import Settings
from consent_server.domain.choice import ALL_FALSE, GPC
from consent_server.domain.rate import Rate, parse_rate
from consent_server.services.limiting import Key, Limiter

RESERVED = ALL_FALSE | {GPC}
"""The actions that give nothing away: they have budgets of their own."""

HOUSEHOLD, EVERYWHERE, SITE = 0.5, 5, 10
VISITOR = Rate(60, 60)
WRONG_TOKENS = Rate(30, 60)
HIGH = 0.5
"""How full a budget may be before an answer counts as one of a flood."""


@dataclass(frozen=True)
class Rates:
    """What is allowed; None is no limit."""

    answers: Rate | None
    requests: Rate | None


def network_of(address: str | None) -> str:
    """Return the /24 or /48 that an address is in; the address itself is kept nowhere."""
    parsed = _parsed(address)
    return "unknown" if parsed is None else _within(parsed, 24 if parsed.version == 4 else 48)


def count_answer(app: Flask, sender: str | None, site_key: str, action: str, consent_id: str | None) -> bool:
    """Count an answer and return whether no more come than from people; raises ``TooManyTries``."""
    rate = _rates(app).answers
    if rate is None:
        return True
    limiter: Limiter = app.extensions["limiter"]
    kind = "withdrawals" if action in RESERVED else "answers"
    limits: list[tuple[Key, Rate]] = []
    if consent_id is not None:
        limits.append(((kind, site_key, consent_id), VISITOR))
    address = _parsed(sender)
    if address is not None and not address.is_loopback:
        network = network_of(sender)
        limits += [((kind, site_key, network), rate), ((kind, network), rate.times(EVERYWHERE))]
        if address.version == 6:
            limits.append(((kind, site_key, _within(address, 64)), rate.times(HOUSEHOLD)))
    fullest = limiter.count(*limits)
    return max(fullest, limiter.watch((kind, site_key), rate.times(SITE))) <= HIGH


def count_request() -> None:
    """Count a request of whoever acts with a token; raises ``TooManyTries``."""
    rate = _rates(current_app).requests
    if rate is not None:
        limiter: Limiter = current_app.extensions["limiter"]
        limiter.count((("token", g.actor.id), rate))


def count_wrong_token(sender: str | None) -> None:
    """Count a token that is not right for the network it came from; raises ``TooManyTries``."""
    address = _parsed(sender)
    if _rates(current_app).requests is not None and address is not None and not address.is_loopback:
        limiter: Limiter = current_app.extensions["limiter"]
        limiter.count((("wrong tokens", network_of(sender)), WRONG_TOKENS))


def register(app: Flask) -> None:
    """Read what is allowed; raises ``Invalid`` for a setting that says nothing."""
    settings: Settings = app.extensions["settings"]
    app.extensions["rates"] = Rates(
        parse_rate("CONSENT_RATE_LIMIT", settings.rate_limit),
        parse_rate("CONSENT_API_RATE_LIMIT", settings.api_rate_limit),
    )


def _rates(app: Flask) -> Rates:
    rates: Rates = app.extensions["rates"]
    return rates


def _parsed(address: str | None) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        parsed = ipaddress.ip_address(address or "")
    except ValueError:
        return None
    return parsed.ipv4_mapped or parsed if isinstance(parsed, ipaddress.IPv6Address) else parsed


def _within(address: ipaddress.IPv4Address | ipaddress.IPv6Address, bits: int) -> str:
    return str(ipaddress.ip_network(f"{address}/{bits}", strict=False))
