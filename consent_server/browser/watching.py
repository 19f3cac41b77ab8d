"""Watching what a page does: requests with who asked for them, cookies with who wrote them, storage, frames.

The page's own words for writing (``document.cookie``, ``cookieStore``, ``Storage``, ``indexedDB``) are wrapped before
any of its scripts runs; what answers set is read from the browser's own protocol. What a page may say is bounded, and
no value leaves this module: ids are only looked for in what is sent to others.
"""

from __future__ import annotations

import contextlib
import secrets
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from consent_server.domain.identifier import identifiers
from consent_server.domain.scan import (
    ANSWER,
    SCRIPT,
    WORKER,
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

    from playwright.sync_api import BrowserContext, Frame, Page, Response

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
GRANTED = "granted"
LONGEST_KEPT_S = 400 * 86_400
"""What Chromium makes of a longer lifetime."""

CLOCK_S = 1.0
"""What the browser's end of a cookie and ours may differ by when nobody wrote it again."""

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
          addresses: addresses.slice(0, deepest), page: location.href.slice(0, 500), at: Date.now() / 1000 });
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
  wrap(window.ServiceWorkerContainer && ServiceWorkerContainer.prototype, 'register',
    (address) => ['worker', new URL(address, location).href, [], 0]);
}"""

_KEPT = """(most) => {
  const of = (kind) => { try { return Object.keys(window[kind]).slice(0, most)
    .map((name) => [name, String(window[kind].getItem(name))])
    .map(([name, value]) => [name.slice(0, 300), value.length, value.slice(0, 500)]); } catch { return []; } };
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

    @property
    def removes(self) -> bool:
        """Whether it is how a cookie is deleted."""
        return (lifetime_of(self.attributes, self.at, None) or 1) <= 0


@dataclass
class _Asked:
    """One request with every address that it was sent on to, and how many answers have told their cookies."""

    because_of: tuple[str, ...] = ()
    hops: list[str] = field(default_factory=list)
    answered: int = 0
    early: list[dict[str, Any]] = field(default_factory=list)

    def behind(self, hop: int) -> tuple[str, ...]:
        """Return who is behind a hop, the nearest first: the hops before it, then who asked."""
        return _nearest(*map(without_query, reversed(self.hops[:hop])), *self.because_of)


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
    _asked: dict[str, _Asked] = field(default_factory=dict)
    _told: set[str] = field(default_factory=set)
    _sent: dict[str, list[str]] = field(default_factory=dict)
    _ids: dict[str, set[str]] = field(default_factory=dict)
    _behind: dict[str, tuple[str, ...]] = field(default_factory=dict)
    _answers: list[tuple[float, Response]] = field(default_factory=list)

    def attach(self, context: BrowserContext) -> None:
        """Watch what is written in every page of a profile from now on."""
        name = "_" + secrets.token_hex(8)
        context.expose_binding(name, lambda source, said: self._written(said, source["frame"]))
        context.add_init_script(f"({_HOOKS})({name!r}, {MOST_WRITES}, {DEEPEST_CHAIN})")
        context.on("serviceworker", lambda worker: self._worker(worker.url))
        context.on("response", self._later)

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
        self.requests, self.frames, self.storage, self.consent_mode, self.cut = {}, set(), {}, {}, False
        self._answers.clear()
        self._sent.clear()

    def look(self, page: Page) -> None:
        """Take what stands in a page now: storage of its frames, databases, what Google's tags were told."""
        for frame in page.frames[:MOST_FRAMES]:
            with contextlib.suppress(Exception):  # a frame may go while it is looked at
                self._keys(frame)
        with contextlib.suppress(Exception):
            told = {**self.consent_mode, **page.evaluate(_CONSENT_MODE)}
            granted = {name: state for name, state in self.consent_mode.items() if state.endswith(GRANTED)}
            told |= granted  # what one page granted, the next does not take back
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
        self._unheard()
        found = context.cookies()
        if len(found) > MOST_COOKIES:
            self._stop_telling(f"more than {MOST_COOKIES} cookies")
        for each in found[:MOST_COOKIES]:
            self._ids.setdefault(f"cookie {each.get('name')}", set()).update(identifiers(str(each.get("value"))))
        self._compare()
        return tuple(self._cookie(dict(each)) for each in found[:MOST_COOKIES])

    def _compare(self) -> None:
        """Tell which requests to others carry an id that is kept in the browser; the values themselves stay here."""
        for key, texts in self._sent.items():
            sent = "\n".join(texts)
            carries = tuple(sorted(name for name, ids in self._ids.items() if any(part in sent for part in ids)))
            if key in self.requests:
                self.requests[key] = replace(self.requests[key], carries=carries)

    def _cookie(self, each: dict[str, Any]) -> SeenCookie:
        name, domain = str(each["name"]), str(each["domain"])
        host = domain.lstrip(".")
        write = self._writes.get((name, host)) or self._written_near(name, host)
        at, ends = write.at if write else time.time(), each.get("expires")
        lifetime = lifetime_of(write.attributes if write else (), at, ends)
        return SeenCookie(
            name[:300],
            domain,
            str(each["path"])[:300],
            len(name) + len(each["value"]),
            lifetime,
            bool(each["httpOnly"]),
            bool(each["secure"]),
            str(each.get("sameSite", "")),
            bool(each.get("partitionKey")),
            shape_of(each["value"]),
            write.origin if write else self._by_a_worker(host, each),
            write.page if write else self.page,
            bool(write and lifetime and ends and ends > at + min(lifetime, LONGEST_KEPT_S) + CLOCK_S),
        )

    def _traced(self, origin: Origin) -> Origin:
        """Return an origin with who asked for its outermost script or answer, as far as it is known."""
        chain = list(origin.addresses)
        while chain and len(chain) < DEEPEST_CHAIN:
            further = [each for each in self._behind.get(chain[-1], ()) if each not in chain]
            if not further:
                break
            chain += further
        return Origin(origin.kind, tuple(chain[:DEEPEST_CHAIN]))

    def _by_a_worker(self, host: str, each: dict[str, Any]) -> Origin:
        """Return who is left when no page and no answer is known to have written a cookie.

        A worker's own words for cookies, which know none that are HttpOnly, cannot be wrapped in time.
        """
        for worker in self.workers:
            if same_site(host_of(worker), host) and not each["httpOnly"]:
                return Origin(WORKER, _nearest(worker, *self._registered_by(worker)))
        return Origin()

    def _registered_by(self, worker: str) -> tuple[str, ...]:
        return next((w.origin.addresses for (n, k), w in self._writes.items() if k == WORKER and n == worker), ())

    def _written_near(self, name: str, host: str) -> _Write | None:
        """Return the write of a cookie that was put on a domain above the page's host."""
        return next((w for (n, h), w in self._writes.items() if n == name and h.endswith(f".{host}")), None)

    def _written(self, said: Any, frame: Frame) -> None:
        if not isinstance(said, dict) or len(self._writes) >= MOST_WRITES:
            return
        page = without_query(_address(str(said.get("page", "")), frame))
        origin = Origin(SCRIPT, tuple(without_query(str(each)) for each in said.get("addresses", ())[:DEEPEST_CHAIN]))
        name, kind, at = str(said.get("name", "")), str(said.get("kind", "")), said.get("at")
        attributes = tuple(str(each).strip()[:200] for each in said.get("attributes", ()))
        if kind == "cookie":
            place = name, _domain(attributes) or host_of(page)
        elif kind == "worker":
            place = without_query(name), WORKER
        else:
            place = name, f"{kind} {host_of(page)}"
        now = time.time()
        early = float(at) if isinstance(at, (int, float)) and now - 60 < at < now else now
        self._keep(place, _Write(self._traced(origin), attributes, early, page))

    def _keep(self, place: tuple[str, str], write: _Write) -> None:
        """Keep the first write of a thing; the first after it was removed is one again."""
        known = self._writes.get(place)
        if known is None or known.removes:
            self._writes[place] = write

    def _request(self, event: dict[str, Any]) -> None:
        asked = self._of(event)
        if not asked.hops:
            asked.because_of = _chain(event.get("initiator") or {})
        elif not event.get("redirectHasExtraInfo", True):
            asked.answered += 1
        asked.hops.append(event["request"]["url"][:MOST_CHARACTERS])
        if len(self._told) < MOST_UNDER_WAY:
            self._told.add(asked.hops[-1])
        whole, body = event["request"]["url"], str(event["request"].get("postData", ""))
        key = self._noted(whole, str(event.get("type", "Other")).lower(), asked.behind(len(asked.hops) - 1))
        if key in self.requests and self.requests[key].third_party:
            texts = self._sent.setdefault(key, [])
            texts += [unquote(whole.partition("?")[2])[:MOST_CHARACTERS], body[:MOST_CHARACTERS]] * (len(texts) < 10)
        early, asked.early = asked.early, []
        for told in early:
            self._answered(asked, told)

    def _of(self, event: dict[str, Any]) -> _Asked:
        """Return the request of an event; the oldest is forgotten where there are too many."""
        if event["requestId"] not in self._asked and len(self._asked) >= MOST_UNDER_WAY:
            self._asked.pop(next(iter(self._asked)))
        return self._asked.setdefault(event["requestId"], _Asked())

    def _noted(self, whole: str, kind: str, because_of: tuple[str, ...]) -> str:
        """Note a request; return by what it is found again."""
        address = without_query(whole)
        if len(self._behind) < MOST_UNDER_WAY:
            self._behind.setdefault(address, because_of)
        matches = tuple(each for each in self.patterns if parse_url_pattern(each).matches(whole))
        key = " ".join((address, *matches))
        seen = self.requests.get(key)
        if seen is not None:
            self.requests[key] = SeenRequest(**{**seen.__dict__, "times": seen.times + 1})
        elif len(self.requests) >= MOST_REQUESTS:
            self._stop_telling(f"more than {MOST_REQUESTS} addresses were requested")
        elif address.partition(":")[0] in {"http", "https", "ws", "wss"}:
            third = not same_site(host_of(address), self.site)
            self.requests[key] = SeenRequest(address, kind, third, because_of, self.page, matches=matches)
        return key

    def _socket(self, event: dict[str, Any]) -> None:
        initiator = event.get("initiator") or {}
        self._request({**event, "request": {"url": event["url"]}, "type": "WebSocket", "initiator": initiator})

    def _worker(self, address: str) -> None:
        if len(self.workers) < MOST_WORKERS:
            self.workers.add(without_query(address))

    def _answer(self, event: dict[str, Any]) -> None:
        self._answered(self._of(event), event)

    def _answered(self, asked: _Asked, event: dict[str, Any]) -> None:
        """Hear what an answer set: told apart from its request, hop by hop in the same order, at times before it."""
        if asked.answered >= len(asked.hops):
            asked.early.append(event)
            return
        lines = next((v for k, v in event.get("headers", {}).items() if k.lower() == "set-cookie"), "")
        behind = asked.behind(asked.answered)
        self._set(asked.hops[asked.answered], lines.split("\n") if lines else [], behind, time.time())
        asked.answered += 1

    def _set(self, address: str, lines: list[str], behind: tuple[str, ...], at: float) -> None:
        """Note the cookies that an answer set."""
        for line in lines[:100]:
            pair, *attributes = line.split(";")
            name = pair.partition("=")[0].strip()
            stripped = tuple(each.strip()[:200] for each in attributes)
            place = (name, _domain(stripped) or host_of(address))
            if len(self._writes) < MOST_WRITES:
                origin = Origin(ANSWER, _nearest(without_query(address), *behind))
                self._keep(place, _Write(origin, stripped, at, self.page))

    def _later(self, answer: Response) -> None:
        if len(self._answers) < MOST_REQUESTS:
            self._answers.append((time.time(), answer))

    def _unheard(self) -> None:
        """Add what the protocol of a page does not tell: what its workers ask for."""
        for at, answer in self._answers:
            if answer.url[:MOST_CHARACTERS] in self._told or len(self._writes) >= MOST_WRITES:
                continue
            with contextlib.suppress(Exception):  # an answer may be gone with its worker
                worker = answer.request.service_worker
                by = without_query(worker.url) if worker else self.page
                behind = _nearest(by, *self._registered_by(by))
                self._noted(answer.url, answer.request.resource_type, behind)
                lines = [each["value"] for each in answer.headers_array() if each["name"].lower() == "set-cookie"]
                self._set(answer.url, lines, behind, at)
        self._answers.clear()

    def _frame(self, frame: Frame) -> None:
        if frame.parent_frame is not None and len(self.frames) < MOST_FRAMES:
            address = without_query(frame.url)
            if address.startswith("http"):
                self.frames.add(address)

    def _keys(self, frame: Frame) -> None:
        address = _address(frame.url, frame)
        kept = frame.evaluate(_KEPT, MOST_KEYS + 1)
        kept["indexed_db"] = [[name, 0, ""] for name in frame.evaluate(_DATABASES, MOST_KEYS + 1)]
        host = host_of(address)
        for kind, entries in kept.items():
            if len(entries) > MOST_KEYS:
                self._stop_telling(f"more than {MOST_KEYS} keys of one kind ({kind}) on {host}")
            for name, size, value in entries[:MOST_KEYS]:
                self._ids.setdefault(f"{kind} {name}", set()).update(identifiers(value))
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


def _nearest(*addresses: str) -> tuple[str, ...]:
    """Return a chain without repetitions, of bounded length."""
    return tuple(dict.fromkeys(addresses))[:DEEPEST_CHAIN]


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
    return _nearest(*found)
