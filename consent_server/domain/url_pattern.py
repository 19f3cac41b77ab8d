"""Does this URL match that pattern: scripts, frames, pixels, requests.

A pattern is ``host/path``, without scheme (http and https both). The host may begin with ``*.``, which stands for the
host itself and all its subdomains. ``*`` in the path is any run of characters; a path without ``*`` at its end is exact
up to its query. Hosts are compared in lower case, without a trailing dot and without their port unless the pattern
names one. The vectors in ``tests/vectors/url_patterns.json`` are shared with the banner.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from consent_server.domain import name_pattern
from consent_server.domain.errors import Invalid

LONGEST = 300

_HOST = re.compile(
    r"(\*\.)?[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*(:\d{1,5})?\Z", re.ASCII
)


@dataclass(frozen=True)
class UrlPattern:
    """A parsed pattern. ``host`` is lower case without ``*.``; ``path`` begins with ``/``."""

    host: str
    subdomains: bool
    port: str
    path: str

    def matches(self, url: str) -> bool:
        """Return whether an absolute ``url`` matches; a URL that cannot be parsed matches nothing."""
        try:
            parts = urlsplit(url)
            host = (parts.hostname or "").rstrip(".")
            port = str(parts.port or "")
        except ValueError:
            return False
        return self._matches_host(host, port) and self._matches_path(parts.path or "/", parts.query)

    def _matches_host(self, host: str, port: str) -> bool:
        if self.port and port != self.port:
            return False
        return host == self.host or (self.subdomains and host.endswith("." + self.host))

    def _matches_path(self, path: str, query: str) -> bool:
        return name_pattern.matches(self.path, path) or (
            bool(query) and "*" in self.path and name_pattern.matches(self.path, f"{path}?{query}")
        )

    @property
    def specificity(self) -> tuple[int, int, int]:
        """How specific the pattern is, to be compared: exact host, then longer host, then more of the path."""
        return (0 if self.subdomains else 1, len(self.host), len(self.path.replace("*", "")))


def parse_url_pattern(text: str) -> UrlPattern:
    """Read ``host/path*`` or ``*.host/*``; raise ``Invalid`` with what is wrong."""
    if "://" in text or text.startswith("//"):
        raise Invalid.because(f"“{text[:80]}”: write no scheme, only host/path* or *.host/*.")
    if len(text) > LONGEST or any(ord(c) <= 32 or ord(c) == 127 for c in text):
        raise Invalid.because(f"A URL pattern has at most {LONGEST} characters and no spaces.")
    host, slash, rest = text.partition("/")
    host = host.lower()
    if not slash or not _HOST.match(host):
        raise Invalid.because(f"“{text[:80]}” is not a URL pattern: write host/path* or *.host/*.")
    if host.startswith("*.") and "." not in host[2:].partition(":")[0]:
        raise Invalid.because(f"“{text[:80]}” would claim a whole top-level domain.")
    name, _, port = host.partition(":")
    return UrlPattern(name.removeprefix("*."), name.startswith("*."), port, "/" + rest)
