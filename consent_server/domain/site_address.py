"""What people type as the address of their site, and the origins and the key that follow from it."""

from __future__ import annotations

import re
from collections.abc import Collection
from urllib.parse import urlsplit

from consent_server.domain.catalogue import parse_origin
from consent_server.domain.errors import Invalid

_WWW = "www."
_LONGEST_KEY = 40


def origins_of(text: str) -> tuple[str, ...]:
    """Return the origins of the addresses in ``text``, one per line, each with and without ``www.``.

    An address may lack its scheme and may lead to any page. Raises ``Invalid``.
    """
    origins: dict[str, None] = {}
    for line in text.split():
        address = line if "://" in line else f"https://{line}"
        origin = parse_origin(_without_path(address).lower())
        origins.setdefault(origin)
        origins.setdefault(_counterpart(origin))
    if not origins:
        raise Invalid.because("Name at least one address, such as https://www.example.fr.")
    return tuple(origins)


def _without_path(address: str) -> str:
    """Return scheme, host and port of an address; as it is when nobody can tell them."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return address
    return f"{parts.scheme}://{parts.netloc}"


def key_for(origin: str, taken: Collection[str]) -> str:
    """Return a site key that reads like the host and that no site has."""
    host = (urlsplit(origin).hostname or "").removeprefix(_WWW)
    plain = re.sub(r"[^a-z0-9]+", "-", host).strip("-")[:_LONGEST_KEY] or "site"
    wanted = plain if len(plain) > 1 else f"{plain}-site"
    numbered = (f"{wanted}-{number}" for number in range(2, len(taken) + 3))
    return wanted if wanted not in taken else next(each for each in numbered if each not in taken)


def _counterpart(origin: str) -> str:
    """Return the origin that visitors also reach the site by; a port or an address of numbers has none."""
    scheme, _, host = origin.partition("://")
    if host.startswith(_WWW):
        return f"{scheme}://{host.removeprefix(_WWW)}"
    if re.fullmatch(r"[a-z0-9-]+\.[a-z]{2,}", host):
        return f"{scheme}://{_WWW}{host}"
    return origin
