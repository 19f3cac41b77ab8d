"""Whether a page carries a site's tag, read from its markup as it is sent: where it stands, and what weakens it."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit


@dataclass(frozen=True)
class TagCheck:
    """What was found. ``weaknesses`` are words of ``WEAKNESSES``; without ``found`` there are none."""

    found: bool
    weaknesses: tuple[str, ...] = ()


WEAKNESSES = ("after others", "async", "defer", "in body", "twice", "no stand-in")
"""Scripts stand before it; it is not waited for; it is in ``<body>``, or there twice; what stands in for it lacks."""


@dataclass
class _Seen:
    tags: list[dict[str, str | None]] = field(default_factory=list)
    scripts_before: int = 0
    in_body: bool = False
    stand_in: bool = False


class _Reader(HTMLParser):
    def __init__(self, page: str, script: str) -> None:
        super().__init__()
        self.seen = _Seen()
        self._page = page
        self._script = urlsplit(script).path
        self._body = False
        self._inline = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self._inline = False
        if tag == "body":
            self._body = True
        elif tag == "script":
            self._take(given)

    def _take(self, given: dict[str, str | None]) -> None:
        if self._is_ours(given):
            self.seen.tags.append(given)
            self.seen.in_body = self.seen.in_body or self._body
        elif given.get("src"):
            self.seen.scripts_before += not self.seen.tags
        else:
            self._inline = bool(self.seen.tags)

    def handle_data(self, data: str) -> None:
        if self._inline and "whenGranted" in data:
            self.seen.stand_in = True

    def handle_endtag(self, tag: str) -> None:
        self._inline = False

    def _is_ours(self, given: dict[str, str | None]) -> bool:
        own = (given.get("data-consent-server") or "").rstrip("/")
        if own:
            return urlsplit(own).path == self._script.rpartition("/")[0]
        path = urlsplit(urljoin(self._page, given.get("src") or "")).path
        folder, _, name = self._script.rpartition("/")
        return path == self._script or (path.startswith(f"{folder}/banner.") and path.endswith(name.rpartition(".")[2]))


def check_tag(markup: str, page: str, script: str) -> TagCheck:
    """Return what a page's markup says of a site's tag; ``script`` is the address of its ``banner.js``."""
    reader = _Reader(page, script)
    reader.feed(markup)
    reader.close()
    seen = reader.seen
    if not seen.tags:
        return TagCheck(False)
    wrong = {
        "after others": seen.scripts_before > 0,
        "async": "async" in seen.tags[0],
        "defer": "defer" in seen.tags[0],
        "in body": seen.in_body,
        "twice": len(seen.tags) > 1,
        "no stand-in": not seen.stand_in,
    }
    return TagCheck(True, tuple(word for word in WEAKNESSES if wrong[word]))
