"""Watching what a page does: requests with who asked for them, cookies with who wrote them, storage, frames.

The page's own words for writing (``document.cookie``, ``cookieStore``, ``Storage``, ``indexedDB``) are wrapped before
any of its scripts runs; what answers set is read from the browser's own protocol. What a page may say is bounded, and
no value is taken out of it.
"""

from __future__ import annotations

import contextlib
import secrets
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from consent_server.domain.scan import (
    Origin,
    SeenCookie,
    SeenRequest,
    SeenStorage,
    host_of,
    lifetime_of,
    same_site,
    shape_of,
    without_query,
)
from consent_server.domain.url_pattern import parse_url_pattern

if TYPE_CHECKING:
    from collections.abc import Sequence

    from playwright.sync_api import BrowserContext, Frame, Page

MOST_REQUESTS = 3_000
MOST_WRITES = 2_000
MOST_COOKIES = 1_000
MOST_KEYS = 500
MOST_STORED = 3_000
MOST_CHARACTERS = 4_000
MOST_FRAMES = 50
MOST_WORKERS = 50
MOST_SIGNALS = 100
MOST_UNDER_WAY = 20_000
DEEPEST_CHAIN = 12

_HOOKS = """(tell, most, deepest) => {
  const say = window[tell];
  delete window[tell];
  if (!say) return;
  let left = most;
  const note = (kind, name, attributes, size) => {
    if (left-- <= 0) return;
    const limit = Error.stackTraceLimit;
    Error.stackTraceLimit = 30;
    const stack = String(new Error().stack);
    Error.stackTraceLimit = limit;
    const addresses = [...new Set([...stack.matchAll(/(?:https?|blob):[^\\s()]+?(?=:\\d+:\\d+)/g)].map((m) => m[0]))];
    say({ kind, name: String(name).slice(0, 300), attributes: attributes.map(String).slice(0, 12), size,
          addresses: addresses.slice(0, deepest), page: location.href.slice(0, 500) });
  };
  const cookie = Object.getOwnPropertyDescriptor(Document.prototype, 'cookie');
  Object.defineProperty(Document.prototype, 'cookie', { ...cookie, set(text) {
    const [pair, ...attributes] = String(text).split(';');
    note('cookie', pair.includes('=') ? pair.slice(0, pair.indexOf('=')).trim() : '', attributes, pair.length);
    return cookie.set.call(this, text);
  } });
  const wrap = (owner, method, read) => {
    if (!owner || !owner[method]) return;
    const own = owner[method];
    owner[method] = function (...given) {
      try { note(...read.call(this, ...given)); } catch {}
      return own.apply(this, given);
    };
  };
  const lasting = (given) =>
    given && given.expires ? ['max-age=' + Math.round((given.expires - Date.now()) / 1000)] : [];
  wrap(window.CookieStore && CookieStore.prototype, 'set', (one, value) => typeof one === 'object'
    ? ['cookie', one.name, lasting(one), String(one.value).length] : ['cookie', one, [], String(value).length]);
  wrap(Storage.prototype, 'setItem', function (name, value) {
    return [this === window.localStorage ? 'local_storage' : 'session_storage', name, [], String(value).length];
  });
  wrap(IDBFactory.prototype, 'open', (name) => ['indexed_db', name, [], 0]);
}"""

_KEPT = """(most) => {
  const of = (kind) => { try { return Object.keys(window[kind]).slice(0, most)
    .map((name) => [name.slice(0, 300), String(window[kind].getItem(name)).length]); } catch { return []; } };
  return { local_storage: of('localStorage'), session_storage: of('sessionStorage') };
}"""

_DATABASES = """async (most) => {
  try { return (await indexedDB.databases()).slice(0, most).map((each) => String(each.name).slice(0, 300)); }
  catch { return []; }
}"""

_CONSENT_MODE = """() => {
  const said = {};
  for (const entry of (Array.isArray(window.dataLayer) ? window.dataLayer : []).slice(0, 500)) {
    if (entry && entry[0] === 'consent' && entry[2] && typeof entry[2] === 'object')
      for (const [name, value] of Object.entries(entry[2]).slice(0, 20))
        if (typeof value === 'string') said[String(name).slice(0, 60)] = entry[1] + ' ' + value.slice(0, 20);
  }
  return said;
}"""


@dataclass
class _Write:
    origin: Origin
    attributes: tuple[str, ...]
    at: float
    page: str


@dataclass
class Watch:
    """What was seen in one browser profile since it began, or since ``forget``."""

    site: str
    patterns: Sequence[str] = ()
    requests: dict[str, SeenRequest] = field(default_factory=dict)
    frames: set[str] = field(default_factory=set)
    workers: set[str] = field(default_factory=set)
    consent_mode: dict[str, str] = field(default_factory=dict)
    storage: dict[tuple[str, str, str], SeenStorage] = field(default_factory=dict)
    limits: set[str] = field(default_factory=set)
    page: str = ""
    cut: bool = False
    _writes: dict[tuple[str, str], _Write] = field(default_factory=dict)
    _addresses: dict[str, str] = field(default_factory=dict)

    def attach(self, context: BrowserContext) -> None:
        """Watch what is written in every page of a profile from now on."""
        name = "_" + secrets.token_hex(8)
        context.expose_binding(name, lambda source, said: self._written(said, source["frame"]))
        context.add_init_script(f"({_HOOKS})({name!r}, {MOST_WRITES}, {DEEPEST_CHAIN})")
        context.on("serviceworker", lambda worker: self._worker(worker.url))

    def follow(self, page: Page) -> None:
        """Listen to the protocol of one page, from before it asks for anything."""
        page.on("frameattached", self._frame)
        page.on("framenavigated", self._frame)
        session = page.context.new_cdp_session(page)
        session.on("Network.requestWillBeSent", self._request)
        session.on("Network.webSocketCreated", self._socket)
        session.on("Network.responseReceivedExtraInfo", self._answer)
        session.send("Network.enable")
        # Without it nobody knows whose a pixel is: an image is asked for a moment after the script that made it.
        session.send("Runtime.enable")
        session.send("Runtime.setAsyncCallStackDepth", {"maxDepth": DEEPEST_CHAIN})

    def _stop_telling(self, limit: str) -> None:
        self.limits.add(limit)
        self.cut = True

    def forget(self) -> None:
        """Begin anew in the same profile: what was requested and written so far is not told again."""
        self.requests, self.frames, self.storage, self.cut = {}, set(), {}, False

    def look(self, page: Page) -> None:
        """Take what stands in a page now: storage of its frames, databases, what Google's tags were told."""
        for frame in page.frames[:MOST_FRAMES]:
            with contextlib.suppress(Exception):  # a frame may go while it is looked at
                self._keys(frame)
        with contextlib.suppress(Exception):
            told = {**self.consent_mode, **page.evaluate(_CONSENT_MODE)}
            self.consent_mode = dict(list(told.items())[:MOST_SIGNALS])

    def things(self, page: Page) -> set[tuple[str, str]]:
        """Return the kind and name of everything that is there so far, to be compared with what there is later."""
        self.look(page)
        return {
            *(("cookie", str(each["name"])) for each in page.context.cookies()),
            *(("request", address) for address in self.requests),
            *((kind, name) for kind, name, _host in self.storage),
            *(("consent mode", f"{name}: {state}") for name, state in self.consent_mode.items()),
        }

    def cookies(self, context: BrowserContext) -> tuple[SeenCookie, ...]:
        """Return every cookie of the profile, without its value."""
        found = context.cookies()
        if len(found) > MOST_COOKIES:
            self._stop_telling(f"more than {MOST_COOKIES} cookies")
        return tuple(self._cookie(dict(each)) for each in found[:MOST_COOKIES])

    def _cookie(self, each: dict[str, Any]) -> SeenCookie:
        name, domain = str(each["name"]), str(each["domain"])
        host = domain.lstrip(".")
        write = self._writes.get((name, host)) or self._written_near(name, host)
        at = write.at if write else time.time()
        return SeenCookie(
            name[:300],
            domain,
            str(each["path"])[:300],
            len(name) + len(each["value"]),
            lifetime_of(write.attributes if write else (), at, each.get("expires")),
            bool(each["httpOnly"]),
            bool(each["secure"]),
            str(each.get("sameSite", "")),
            bool(each.get("partitionKey")),
            shape_of(each["value"]),
            write.origin if write else Origin(),
            write.page if write else self.page,
        )

    def _written_near(self, name: str, host: str) -> _Write | None:
        """Return the write of a cookie that was put on a domain above the page's host."""
        return next((w for (n, h), w in self._writes.items() if n == name and h.endswith(f".{host}")), None)

    def _written(self, said: Any, frame: Frame) -> None:
        if not isinstance(said, dict) or len(self._writes) >= MOST_WRITES:
            return
        page = without_query(_address(str(said.get("page", "")), frame))
        origin = Origin("script", tuple(without_query(str(each)) for each in said.get("addresses", ())[:DEEPEST_CHAIN]))
        name, kind = str(said.get("name", "")), str(said.get("kind", ""))
        attributes = tuple(str(each).strip()[:200] for each in said.get("attributes", ()))
        if kind == "cookie":
            self._writes.setdefault(
                (name, _domain(attributes) or host_of(page)), _Write(origin, attributes, time.time(), page)
            )
        else:
            self._writes.setdefault((name, f"{kind} {host_of(page)}"), _Write(origin, (), time.time(), page))

    def _request(self, event: dict[str, Any]) -> None:
        address = without_query(event["request"]["url"])
        if len(self._addresses) >= MOST_UNDER_WAY:
            self._addresses.clear()
        self._addresses[event["requestId"]] = event["request"]["url"][:MOST_CHARACTERS]
        matches = tuple(each for each in self.patterns if parse_url_pattern(each).matches(event["request"]["url"]))
        key = " ".join((address, *matches))
        seen = self.requests.get(key)
        if seen is not None:
            self.requests[key] = SeenRequest(**{**seen.__dict__, "times": seen.times + 1})
        elif len(self.requests) >= MOST_REQUESTS:
            self._stop_telling(f"more than {MOST_REQUESTS} addresses were requested")
        elif address.partition(":")[0] in {"http", "https", "ws", "wss"}:
            third = not same_site(host_of(address), self.site)
            kind = str(event.get("type", "Other")).lower()
            asked_by = _chain(event.get("initiator") or {})
            self.requests[key] = SeenRequest(address, kind, third, asked_by, self.page, matches=matches)

    def _socket(self, event: dict[str, Any]) -> None:
        initiator = event.get("initiator") or {}
        self._request({**event, "request": {"url": event["url"]}, "type": "WebSocket", "initiator": initiator})

    def _worker(self, address: str) -> None:
        if len(self.workers) < MOST_WORKERS:
            self.workers.add(without_query(address))

    def _answer(self, event: dict[str, Any]) -> None:
        lines = next((v for k, v in event.get("headers", {}).items() if k.lower() == "set-cookie"), "")
        address = self._addresses.get(event["requestId"], "")
        for line in lines.split("\n")[:100] if lines else ():
            pair, *attributes = line.split(";")
            name = pair.partition("=")[0].strip()
            stripped = tuple(each.strip()[:200] for each in attributes)
            place = (name, _domain(stripped) or host_of(address))
            if len(self._writes) < MOST_WRITES:
                origin = Origin("answer", (without_query(address),))
                self._writes.setdefault(place, _Write(origin, stripped, time.time(), self.page))

    def _frame(self, frame: Frame) -> None:
        if frame.parent_frame is not None and len(self.frames) < MOST_FRAMES:
            address = without_query(frame.url)
            if address.startswith("http"):
                self.frames.add(address)

    def _keys(self, frame: Frame) -> None:
        address = _address(frame.url, frame)
        kept = frame.evaluate(_KEPT, MOST_KEYS + 1)
        kept["indexed_db"] = [[name, 0] for name in frame.evaluate(_DATABASES, MOST_KEYS + 1)]
        host = host_of(address)
        for kind, entries in kept.items():
            if len(entries) > MOST_KEYS:
                self._stop_telling(f"more than {MOST_KEYS} keys of one kind ({kind}) on {host}")
            for name, size in entries[:MOST_KEYS]:
                if len(self.storage) >= MOST_STORED:
                    self._stop_telling(f"more than {MOST_STORED} keys")
                    return
                write = self._writes.get((name, f"{kind} {host}"))
                self.storage.setdefault(
                    (kind, name, host),
                    SeenStorage(
                        kind,
                        name,
                        f"{urlsplit(address).scheme}://{host}",
                        int(size),
                        write.origin if write else Origin(),
                        write.page if write else self.page,
                    ),
                )


def _address(address: str, frame: Frame) -> str:
    """Return whose storage a document uses: one without an address of its own (about:blank) uses its parent's."""
    above = frame.parent_frame
    while not host_of(address) and above is not None:
        address, above = above.url, above.parent_frame
    return address


def _domain(attributes: tuple[str, ...]) -> str:
    for each in attributes:
        name, _, value = each.partition("=")
        if name.strip().lower() == "domain":
            return value.strip().lstrip(".").lower()
    return ""


def _chain(initiator: dict[str, Any]) -> tuple[str, ...]:
    """Return who asked, the nearest first: scripts of the stack, or the document that has the element."""
    found: list[str] = []
    stack = initiator.get("stack")
    while stack and len(found) < DEEPEST_CHAIN:
        found += [without_query(frame["url"]) for frame in stack.get("callFrames", ()) if frame.get("url")]
        stack = stack.get("parent")
    if not found and initiator.get("url"):
        found = [without_query(initiator["url"])]
    return tuple(dict.fromkeys(found))[:DEEPEST_CHAIN]
