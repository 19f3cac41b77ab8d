"""What a browser saw of a site, pass by pass: the facts that classification, audit and drift start from.

A pass is a visit with a state of mind: before any choice, after a refusal, after an agreement, after withdrawing it.
Known here: what is worth noting of a visit, and how it is written down. Not known: browsers, and what is allowed.
Values of cookies and of storage are never kept, only their shape; addresses are kept without query and fragment.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

from consent_server.domain.shown_banner import ShownBanner, shown_from_json

BEFORE, REFUSED, ACCEPTED, WITHDRAWN, NEXT_VISIT = "before", "refused", "accepted", "withdrawn", "next_visit"
UNANSWERED = "unanswered"
"""A visitor who looks at the banner, and does everything but answer it."""
PASSES = (BEFORE, REFUSED, ACCEPTED, WITHDRAWN, NEXT_VISIT, UNANSWERED)
PICTURE_ENDING, PICTURE_TYPE = ".webp", "image/webp"
ONE_PURPOSE = "purpose:"
"""Followed by the purpose that alone was agreed to."""

_SHAPES = (
    ("empty", re.compile(r"\Z")),
    ("yes or no", re.compile(r"(?:true|false|yes|no|0|1)\Z", re.I)),
    ("UUID", re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\Z", re.I)),
    ("signed token", re.compile(r"eyJ[\w-]{5,}\.[\w-]{5,}\.[\w-]*\Z")),
    ("client id", re.compile(r"(?:GA|fb)\d\.\d\.\d+\.\d+\Z")),
    ("time", re.compile(r"1[5-9]\d{8}(?:\d{3})?\Z")),
    ("number", re.compile(r"-?\d+(?:\.\d+)?\Z")),
    ("hexadecimal", re.compile(r"[0-9a-f]{16,}\Z", re.I)),
    ("structure", re.compile(r"[\[{].*[\]}]\Z|%7B.*%7D\Z", re.S | re.I)),
)


_SECONDS = re.compile(r"-?[0-9]{1,15}\Z")
SCRIPT, ANSWER, WORKER, NOBODY = "script", "answer", "service worker", "unknown"


@dataclass(frozen=True)
class Origin:
    """Who did something, the nearest first: a script, an answer, a service worker; then who asked for that."""

    kind: str = NOBODY
    addresses: tuple[str, ...] = ()


class _SetBySomebody:
    set_by: Origin

    @property
    def who(self) -> tuple[str, ...]:
        """Who did it, the nearest first."""
        return self.set_by.addresses


@dataclass(frozen=True)
class SeenCookie(_SetBySomebody):
    """A cookie as it lay in the browser at the end of a pass.

    ``lifetime`` is seconds from its first write, ``None`` for a session's; ``extended``: it was written again later, so
    that it ends later than its first write said. ``shape`` says what its value looks like.
    """

    name: str
    domain: str
    path: str
    size: int
    lifetime: int | None
    http_only: bool
    secure: bool
    same_site: str
    partitioned: bool
    shape: str
    set_by: Origin
    page: str
    extended: bool = False


@dataclass(frozen=True)
class SeenStorage(_SetBySomebody):
    """A key of ``local_storage`` or ``session_storage``, or a database of ``indexed_db``."""

    kind: str
    name: str
    origin: str
    size: int
    set_by: Origin
    page: str


@dataclass(frozen=True)
class SeenRequest:
    """A request, the first of its address; ``because_of`` are the scripts or the page that asked for it.

    ``matches`` are the patterns on queries that it matched, whose address is told without its query. ``known_as`` is
    the host that its own is another name for (a CNAME), or empty. ``carries`` are the kept things (“cookie _ga”) of
    which an id is sent with it.
    """

    address: str
    kind: str
    third_party: bool
    because_of: tuple[str, ...]
    page: str
    times: int = 1
    matches: tuple[str, ...] = ()
    known_as: str = ""
    carries: tuple[str, ...] = ()

    @property
    def who(self) -> tuple[str, ...]:
        """Who did it, the nearest first."""
        return self.because_of


@dataclass(frozen=True)
class SeenBanner:
    """The banner that asked: which one, and what could be pressed in it, after how many clicks.

    ``answered`` is whether the answer of the pass was pressed; ``shown`` is told in the pass that looks at it.
    """

    name: str
    could_accept: bool
    could_refuse: bool
    accept_clicks: int = 1
    refuse_clicks: int = 1
    answered: bool = True
    shown: ShownBanner | None = None


@dataclass(frozen=True)
class Pass:
    """One visit. ``limits`` says in words what ended early; ``consent_mode`` is what Google's tags were told.

    ``whole``: nothing that was begun had to be ended, so that what was not seen was not there.
    ``doors`` are the pages on which who had agreed saw a way back to the choice.
    """

    name: str
    pages: tuple[str, ...] = ()
    banner: SeenBanner | None = None
    cookies: tuple[SeenCookie, ...] = ()
    storage: tuple[SeenStorage, ...] = ()
    requests: tuple[SeenRequest, ...] = ()
    frames: tuple[str, ...] = ()
    service_workers: tuple[str, ...] = ()
    consent_mode: Mapping[str, str] = field(default_factory=dict)
    limits: tuple[str, ...] = ()
    whole: bool = True
    doors: tuple[str, ...] = ()


@dataclass(frozen=True)
class Scan:
    """Every pass over one site; times are RFC 3339.

    ``pictures`` are WebP by name: that of the pass, or with ``-phone`` behind it. They are kept beside the
    JSON, not in it.
    """

    address: str
    started_at: str
    finished_at: str
    software: str
    passes: tuple[Pass, ...]
    pictures: Mapping[str, bytes] = field(default_factory=dict, compare=False, repr=False)

    def of(self, name: str) -> Pass | None:
        """Return the pass of that name."""
        return next((each for each in self.passes if each.name == name), None)

    def to_json(self) -> dict[str, Any]:
        """Return the scan as it is kept and printed."""
        return {name: value for name, value in asdict(self).items() if name != "pictures"}


def scan_from_json(document: Mapping[str, Any], pictures: Mapping[str, bytes] | None = None) -> Scan:
    """Return the scan that ``to_json`` wrote, with the pictures that were kept beside it."""
    return Scan(
        document["address"],
        document["started_at"],
        document["finished_at"],
        document["software"],
        tuple(pass_from_json(each) for each in document["passes"]),
        pictures or {},
    )


def pass_from_json(document: Mapping[str, Any]) -> Pass:
    """Return the pass that ``dataclasses.asdict`` wrote."""
    banner = document["banner"]
    return Pass(
        document["name"],
        tuple(document["pages"]),
        SeenBanner(**{**banner, "shown": shown_from_json(banner.get("shown"))}) if banner else None,
        tuple(SeenCookie(**{**each, "set_by": _origin(each["set_by"])}) for each in document["cookies"]),
        tuple(SeenStorage(**{**each, "set_by": _origin(each["set_by"])}) for each in document["storage"]),
        tuple(_request(each) for each in document["requests"]),
        tuple(document["frames"]),
        tuple(document["service_workers"]),
        document["consent_mode"],
        tuple(document["limits"]),
        document.get("whole", True),
        tuple(document.get("doors", ())),
    )


def _request(document: Mapping[str, Any]) -> SeenRequest:
    told = {name: tuple(document.get(name, ())) for name in ("because_of", "matches", "carries")}
    return SeenRequest(**{**document, **told})


def _origin(document: Mapping[str, Any]) -> Origin:
    return Origin(document["kind"], tuple(document["addresses"]))


def on_phone(name: str) -> str:
    """Return the name of a pass's picture at a phone's width."""
    return f"{name}-phone"


def picture_file(name: str) -> str:
    """Return the name of the file that a picture is kept in."""
    return re.sub(r"[^\w-]", "-", name, flags=re.A) + PICTURE_ENDING


def shape_of(value: str) -> str:
    """Return what a value looks like, never what it is: “UUID”, “number”, “text of 26 characters”."""
    for name, pattern in _SHAPES:
        if pattern.match(value):
            return name
    return f"text of {len(value)} characters"


def without_query(address: str) -> str:
    """Return an address without query, fragment, name and password; of data: and blob: only what they are."""
    address = address[:4_000]
    try:
        parts = urlsplit(address)
        named = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:  # a page may call its scripts by what is no address
        return address.partition(":")[0][:20] + ":"
    if parts.scheme in {"data", "blob"}:
        return f"{parts.scheme}:"
    if not named:
        return address.partition("?")[0].partition("#")[0][:300]
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{parts.hostname}{port}{parts.path}"[:300]


def host_of(address: str) -> str:
    """Return the host of an address, in lower case; empty when it has none."""
    try:
        return (urlsplit(address).hostname or "").rstrip(".")
    except ValueError:
        return ""


def same_site(host: str, site: str) -> bool:
    """Whether a host is the site's own: the same, or below it; ``www.`` and a leading dot do not count."""
    host, site = host.lower().strip(".").removeprefix("www."), site.lower().removeprefix("www.")
    return host == site or host.endswith(f".{site}")


def lifetime_of(attributes: Sequence[str], written_at: float, expires_at: float | None) -> int | None:
    """Return how many seconds a cookie was to last when it was written; ``None`` for a session's.

    ``Max-Age`` goes before ``Expires``, and both before what the browser made of them (RFC 6265, 5.3), which it may
    have capped.
    """
    said = {name.strip().lower(): value.strip() for name, _, value in (each.partition("=") for each in attributes)}
    if _SECONDS.match(said.get("max-age", "")):
        return int(said["max-age"])
    with contextlib.suppress(ValueError):
        return round(parsedate_to_datetime(said.get("expires", "")).timestamp() - written_at)
    if expires_at is None or expires_at <= 0:
        return None
    return round(expires_at - written_at)
