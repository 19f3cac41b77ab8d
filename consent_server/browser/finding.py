"""Which further pages of a site are visited: from its links and its sitemaps, as far as its ``robots.txt`` allows.

What a site says of itself is asked for here, not by the browser: it sets no cookie, and is bounded in size, number,
depth and time, however it is packed. A ``robots.txt`` that fails allows nothing, one that is missing everything
(RFC 9309, 2.3.1).
"""

from __future__ import annotations

import asyncio
import html
import http.client
import io
import itertools
import ssl
import time
import urllib.robotparser
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from urllib.parse import urljoin, urlsplit

from consent_server.browser.crawl import AGENT
from consent_server.browser.egress import Egress
from consent_server.domain.scan import host_of, same_site

MOST_BYTES = 512 * 1024
MOST_UNPACKED = 2 * 2**20
MOST_HOPS = 3
MOST_SITEMAPS = 5
MOST_ENTRIES = 1_000
MOST_LINKS = 1_000
LONGEST_ADDRESS = 2_000
PATIENCE_S = 20.0
"""For all that is asked for together."""
LONGEST_DELAY_S = 5.0

_GZIP = 47  # of zlib: a gzip or zlib wrapper, whichever it is


@dataclass
class Finding:
    """What a site lets its pages be found by; ``trouble`` says in words what did not answer."""

    way: Egress
    site: str
    trouble: str = ""
    delay: float = 0.0
    _until: float = field(default_factory=lambda: time.monotonic() + PATIENCE_S)

    def pages(self, first: str, links: Iterable[str], most: int) -> list[str]:
        """Return up to so many further pages: same site, allowed to robots, each path once; no file, no password."""
        rules = self._rules(first)
        found: dict[str, str] = {}
        if rules is None or most < 1:
            return []
        for address in self._candidates(first, links, rules):
            path = urlsplit(address).path or "/"
            if path not in found and path != (urlsplit(first).path or "/") and rules.can_fetch(AGENT, address):
                found[path] = address
            if len(found) == most:
                break
        return list(found.values())

    def _candidates(self, first: str, links: Iterable[str], rules: urllib.robotparser.RobotFileParser) -> Iterator[str]:
        sitemaps = [*(rules.site_maps() or ()), urljoin(first, "/sitemap.xml")]
        for each in itertools.chain(map(self._own, links), self._entries(sitemaps)):
            if each and not _is_file(urlsplit(each).path):
                yield each

    def _own(self, link: str) -> str:
        """Return an address of this site as it is asked for, or nothing."""
        address = link.strip().partition("#")[0]
        if len(address) > LONGEST_ADDRESS or not same_site(host_of(address), self.site):
            return ""
        parts = urlsplit(address)
        return address if parts.scheme in {"http", "https"} and "@" not in parts.netloc else ""

    def _rules(self, first: str) -> urllib.robotparser.RobotFileParser | None:
        status, text = self._text(urljoin(first, "/robots.txt"))
        if not 200 <= status < 500:
            self.trouble = "robots.txt did not answer, so no further page was visited"
            return None
        rules = urllib.robotparser.RobotFileParser()
        try:
            rules.parse(text.splitlines() if status < 300 else [])
            rate = rules.request_rate(AGENT)
            delay = max(float(rules.crawl_delay(AGENT) or 0), rate.seconds / rate.requests if rate else 0.0)
        except (ValueError, ArithmeticError):  # numbers that are none, or none that count anything
            self.trouble = "robots.txt could not be read, so no further page was visited"
            return None
        self.delay = min(delay, LONGEST_DELAY_S)
        return rules

    def _entries(self, sitemaps: list[str]) -> Iterator[str]:
        """Yield the pages that sitemaps name, and those that they name in turn, each once."""
        waiting, asked, left = [*map(self._own, sitemaps)], set[str](), MOST_ENTRIES
        while waiting and len(asked) < MOST_SITEMAPS and left > 0:
            address = waiting.pop(0)
            if not address or address in asked:
                continue
            asked.add(address)
            status, text = self._text(address)
            named = [each for each in map(self._own, _named(text)) if each][:left] if status == 200 else []
            if "<sitemapindex" in text[:2_000]:
                waiting += named[:MOST_SITEMAPS]
            else:
                left -= len(named)
                yield from named

    def _text(self, address: str) -> tuple[int, str]:
        """Return the status and the text of an answer, or 599 without one; redirects lead within the site."""
        for _ in range(MOST_HOPS):
            try:
                status, location, body = self._answer(address)
            except ssl.SSLError:
                return 404, ""  # the browser trusts who answers, by a list of its own
            except (OSError, ValueError, http.client.HTTPException):
                return 599, ""
            if not (300 <= status < 400 and location):
                return status, body.decode("utf-8-sig", errors="replace")
            address = self._own(urljoin(address, location))
            if not address:
                return 404, ""
        return 404, ""

    def _answer(self, address: str) -> tuple[int, str, bytes]:
        parts = urlsplit(address)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        host = parts.netloc.rpartition("@")[2]
        lines = (f"GET {target} HTTP/1.1", f"Host: {host}", f"User-Agent: {AGENT}", "Accept-Encoding: gzip")
        head = "\r\n".join([*lines, "Connection: close", "", ""]).encode("ascii")
        asked = asyncio.run_coroutine_threadsafe(self.way.ask(address, head, MOST_BYTES), self.way.loop)
        try:
            raw = asked.result(max(0.0, self._until - time.monotonic()))
        finally:
            asked.cancel()
        if raw is None:
            return 404, "", b""
        answer = http.client.HTTPResponse(_Said(raw))  # type: ignore[arg-type]
        answer.begin()
        try:
            body = answer.read(MOST_BYTES)
        except http.client.IncompleteRead as cut:
            body = cut.partial
        return answer.status, answer.headers.get("location", ""), _unpacked(body)


class _Said:
    """An answer that has come, as what ``http.client`` reads answers from."""

    def __init__(self, raw: bytes) -> None:
        self._raw = raw

    def makefile(self, _mode: str) -> io.BytesIO:
        return io.BytesIO(self._raw)


def _named(text: str) -> list[str]:
    parts = text.split("<loc>", MOST_ENTRIES + 1)[1 : MOST_ENTRIES + 1]
    return [html.unescape(part[:LONGEST_ADDRESS].partition("</loc>")[0]).strip() for part in parts]


def _unpacked(body: bytes) -> bytes:
    """Return what gzip holds, as much of it as is wanted; anything else as it is."""
    if not body.startswith(b"\x1f\x8b"):
        return body
    try:
        return zlib.decompressobj(_GZIP).decompress(body, MOST_UNPACKED)
    except zlib.error:
        return b""


def _is_file(path: str) -> bool:
    ending = path.rpartition(".")[2].lower() if "." in path.rpartition("/")[2] else ""
    return ending not in {"", "html", "htm", "php", "asp", "aspx", "jsp"}
