"""What a blocking vector is: one road to a tracker, as a page may contain it, and what it leaves when it is open.

Everything that a vector does carries its name, so that many share one page and each still has its own verdict. In its
texts stand for

- ``$URL``: an address of its tracker, unique to this vector and visit (``$URL/a.js``); ``$FIRST``: the same on the
  page's own host, under a path that belongs to the tracker; ``$PLAIN``: ``$URL`` without scheme
- ``$NAME``: a cookie, key or database that the site has declared for the tracker; ``$UNKNOWN``: one nobody declared
- ``$PURPOSE``: its purpose; ``$ID``: a name for elements

and ``leaves`` says what is found outside the page when the road is open: ``request a.js`` (asked of the tracker),
``cookie $NAME``, ``local``, ``session``, ``database``, ``cache``, ``worker``.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from typing import Any

AUDIENCE = "audience"
MARKETING = "marketing"
PREFIX = {AUDIENCE: "au_", MARKETING: "mk_"}
HOST = {AUDIENCE: "counter.localhost", MARKETING: "ads.localhost"}
FOLDER = {AUDIENCE: "counter", MARKETING: "ads"}

RAN = ("request a.js", "request ran")
"""What the script of a tracker leaves: it was asked for, and it ran."""

A_JS = """(url => self.document ? new Image().src = url : fetch(url, {mode: 'no-cors'}))('$URL/ran');"""


@dataclasses.dataclass(frozen=True)
class Vector:
    """One road. ``untagged``: as vendors write it; ``tagged``: as a site owner prepares it by hand."""

    id: str
    untagged: str
    tagged: str
    leaves: tuple[str, ...]
    purpose: str = AUDIENCE
    again: bool = False
    """Released by the next page only: what was refused looked like a network that is down, and nobody repeats it."""
    head: bool = False
    """Stands in <head>."""
    framed: bool = False
    """Would leave the page: stands on another page of the site, which has the banner too, in a frame."""
    files: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """What the tracker answers, where that is special."""

    @property
    def slug(self) -> str:
        return self.id.replace("-", "_")

    @property
    def name(self) -> str:
        return PREFIX[self.purpose] + self.slug

    @property
    def traces(self) -> frozenset[str]:
        """What it leaves, by the names it leaves it under."""
        tokens = {"NAME": self.name, "UNKNOWN": f"zz_{self.slug}"}
        return frozenset(fill(each, tokens) for each in self.leaves)


def fill(text: str, tokens: Mapping[str, str]) -> str:
    return re.sub(r"\$([A-Z]+)\b", lambda found: tokens.get(found[1], found[0]), text)


def held(text: str, attributes: str = "") -> str:
    """Wrap code as a site owner does who tags by hand."""
    return f'<script type="text/plain" data-consent="$PURPOSE"{attributes}>{text}</script>'


def code(id: str, text: str, *leaves: str, **about: Any) -> Vector:
    """An inline script; in a block of its own, because neighbours share one global scope."""
    text = "{ " + text.strip() + " }"
    return Vector(id, f"<script>{text}</script>", held(text), leaves, **about)


def markup(id: str, html: str, *leaves: str, tagged: str | None = None, **about: Any) -> Vector:
    """Elements in the page; where no attribute holds them back, a site owner has a held script write them."""
    text = html.replace("\\", "\\\\").replace("</script", "<\\/script").replace("`", "\\`")
    place = "head" if about.get("head") else "body"
    written = held(f"document.{place}.insertAdjacentHTML('beforeend', `{text}`)")
    return Vector(id, html, tagged or written, leaves, **about)


def script(id: str, attributes: str = "", src: str = "$URL/a.js", **about: Any) -> Vector:
    """A script element that names its tracker."""
    module = "type=module" in attributes
    others = attributes.replace("type=module", 'data-type="module"')
    tagged = f'<script type="text/plain" data-consent="$PURPOSE" {others} src="{src}"></script>'
    assert module or "data-type" not in tagged
    leaves = about.pop("leaves", RAN)
    return Vector(id, f'<script {attributes} src="{src}"></script>', tagged, leaves, **about)
