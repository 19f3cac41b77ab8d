"""Looking at a page of a site from here, to see whether its tag is there.

The address is one of the site's own origins, chosen by its editor, so it could be one that only this machine reaches:
every address that its name stands for must be public, and it is the address that was checked that is connected to.
Nothing of what is read is shown; it is bounded in bytes, time and redirects.
"""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from consent_server.domain.errors import Invalid, Unavailable
from consent_server.domain.tag_check import TagCheck, check_tag
from consent_server.storage.sites import Site

MOST_BYTES = 2 * 2**20
PATIENCE_S = 8.0
MOST_REDIRECTS = 3
LOOPBACK = ".localhost"
PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class Looked:
    """What a page was found to be: its address after redirects, its status, and the tag."""

    address: str
    status: int
    tag: TagCheck


def look_at(site: Site, origin: str, public_url: str, *, private: bool = False) -> Looked:
    """Fetch the first page of one of the site's origins and look for the tag; ``private`` allows addresses of here.

    Raises ``Invalid`` for an origin that is not the site's or leads elsewhere, ``Unavailable`` when it does not answer.
    """
    if origin not in site.origins:
        raise Invalid.because("This is not an address of the site.", "origin")
    address = origin + "/"
    for _ in range(MOST_REDIRECTS + 1):
        status, location, body = _get(address, private)
        if not location:
            return Looked(address, status, check_tag(body, address, f"{public_url}/v1/sites/{site.key}/banner.js"))
        address = _within_the_web(urljoin(address, location))
    raise Unavailable("The page leads on and on.", retry_after=60)


def is_loopback(host: str) -> bool:
    """Return whether a name stands for this machine."""
    if host == "localhost" or host.endswith(LOOPBACK):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _within_the_web(address: str) -> str:
    if urlsplit(address).scheme not in PORTS:
        raise Invalid.because("The page leads to an address that is none of the web.", "origin")
    return address


def _get(address: str, private: bool) -> tuple[int, str | None, str]:
    headers = {"Accept": "text/html"}
    status, location, body = request(address, "GET", None, headers, private=private, most_bytes=MOST_BYTES)
    return status, location, body.decode("utf-8", "replace")


def request(
    address: str, method: str, body: bytes | None, headers: Mapping[str, str], *, private: bool, most_bytes: int
) -> tuple[int, str | None, bytes]:
    """Ask once, at the address that was checked, and return status, where a redirect leads, and the body's beginning.

    Raises ``Invalid`` for an address of here, unless ``private``, and ``Unavailable`` without an answer.
    """
    parts = urlsplit(address)
    host, port = parts.hostname or "", parts.port or PORTS[parts.scheme]
    connection = http.client.HTTPConnection(host, port, timeout=PATIENCE_S)
    try:
        connected = socket.create_connection((_public_address(host, port, private), port), PATIENCE_S)
        if parts.scheme == "https":
            connected = ssl.create_default_context().wrap_socket(connected, server_hostname=host)
        connection.sock = connected
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request(method, path, body, {"User-Agent": "consent-server", **headers})
        answer = connection.getresponse()
        location = answer.getheader("Location") if 300 <= answer.status < 400 else None
        return answer.status, location, answer.read(most_bytes)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise Unavailable(f"{host} did not answer ({type(error).__name__}).", retry_after=60) from None
    finally:
        connection.close()


def _public_address(host: str, port: int, private: bool) -> str:
    if private and host.endswith(LOOPBACK):
        host = "127.0.0.1"  # as browsers read such names; resolvers do not
    found = [str(each[4][0]) for each in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    if not private and not all(ipaddress.ip_address(each).is_global for each in found):
        raise Invalid.because(
            "This address is reached from this machine alone: the page cannot be looked at.", "origin"
        )
    return found[0]
