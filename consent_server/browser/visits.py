"""The program that visits a site: a fresh profile per visitor, the pages of the site, and the answer of each pass.

    python -m consent_server.browser.visits        takes a plan as a line of JSON, gives one for each pass as it is done

It is a program of its own because pages are hostile: whoever started it ends it, and the browser with it, when its time
is over (``crawl.py``). It ends by itself when its standard input does.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import resource
import shutil
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Generator, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, NoReturn

from consent_server.browser import banner_shown, keyboard
from consent_server.browser.banners import KINDS, BannerKind
from consent_server.browser.banners.kind import Clicks
from consent_server.browser.chromium import open_chromium
from consent_server.browser.crawl import Plan, took_too_long
from consent_server.browser.egress import Egress, egress
from consent_server.browser.finding import MOST_LINKS, Finding
from consent_server.browser.guard import Guard
from consent_server.browser.pressing import press
from consent_server.browser.processes import adopt_orphans, end_family, reap
from consent_server.browser.snapshot import DESKTOP, take, take_on_phone
from consent_server.browser.watching import Watch
from consent_server.domain.scan import (
    ACCEPTED,
    BEFORE,
    NEXT_VISIT,
    ONE_PURPOSE,
    REFUSED,
    UNANSWERED,
    WITHDRAWN,
    Pass,
    SeenBanner,
    SeenCookie,
    SeenRequest,
    host_of,
    on_phone,
    same_site,
    without_query,
)
from consent_server.domain.shown_banner import Keys, ShownBanner

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

LOAD_MS = 15_000
IDLE_MS = 4_000
CLICK_MS = 3_000
SCROLLS = 4
REOPEN_MS = 2_000
TO_TELL_S = 15.0
TO_REAP_S = 5.0
NICE = 10
LARGEST_FILE = 256 * 2**20

_LINKS = """(most) => [...document.links].slice(0, most).map((link) => String(link.href).slice(0, 2000))"""
_LEAVING = threading.Lock()

ARGUMENTS = (
    "--disable-quic",
    "--disable-blink-features=AutomationControlled",  # banners that hide from programs are shown to visitors
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    # One process for all frames: their requests are told in one session. There is nothing here to keep apart.
    "--disable-site-isolation-trials",
    "--disable-features=IsolateOrigins,site-per-process,LocalNetworkAccessChecks,DialMediaRouteProvider",
    "--js-flags=--max-old-space-size=512",
    "--disk-cache-size=52428800",
    "--autoplay-policy=user-gesture-required",
    "--deny-permission-prompts",
    # Names are for the way out to resolve; Chromium would also do so by itself, as for <link rel=dns-prefetch>.
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
    "--disable-crash-reporter",
    "--disable-breakpad",
)


@dataclass
class _Stay:
    """What a visitor has come to in one pass; ``page`` is the one that they look at, once there is one."""

    name: str
    context: BrowserContext
    watch: Watch
    answer: str | None
    goes_on: bool = True
    page: list[Page] = field(default_factory=list)
    visited: list[str] = field(default_factory=list)
    banner: SeenBanner | None = None
    cookies: tuple[SeenCookie, ...] = ()
    doors: list[str] = field(default_factory=list)


class Visitor:
    """A visitor of one site, with one profile after the other."""

    def __init__(self, plan: Plan, way: Egress, guard: Guard) -> None:
        self._plan = plan
        self._way = way
        self._guard = guard
        self._opened: Browser | None = None
        self._open = contextlib.ExitStack()
        self._site = host_of(plan.address)
        self._pages: list[str] | None = None
        self._delay = 0.0
        self._asked = False
        self.pictures: dict[str, bytes] = {}

    def passes(self) -> Generator[Pass, None, None]:
        """Make passes until there are no more, or no more time."""
        with self._open:
            for each in self._every_pass():
                yield each
                if self._guard.over:
                    break

    def _every_pass(self) -> Iterator[Pass]:
        """Make every pass; later ones go on in the profile of an earlier one where that is what they are about."""
        with self._profile() as (context, watch):
            yield self._visit(BEFORE, context, watch, None)
        with self._profile() as (context, watch):
            yield self._visit(REFUSED, context, watch, "refuse")
            watch.forget()
            yield self._visit(NEXT_VISIT, context, watch, None)
        with self._profile() as (context, watch):
            yield self._visit(ACCEPTED, context, watch, "accept")
            watch.forget()
            yield self._visit(WITHDRAWN, context, watch, "withdraw")
        shown = self._look() if self._asked else None
        with self._profile() as (context, watch):
            yield self._do_all_but_answer(context, watch, shown)
        for purpose in self._plan.purposes:
            with self._profile() as (context, watch):
                yield self._visit(f"{ONE_PURPOSE}{purpose}", context, watch, purpose)

    @contextlib.contextmanager
    def _profile(self) -> Iterator[tuple[BrowserContext, Watch]]:
        context = self._browser().new_context(locale=self._plan.language, viewport=DESKTOP, accept_downloads=False)
        context.set_default_timeout(CLICK_MS)
        watch = Watch(self._site, self._plan.patterns)
        watch.attach(context)
        try:
            yield context, watch
        finally:
            with contextlib.suppress(Exception):  # the browser may have been ended
                context.close()

    def _browser(self) -> Browser:
        """Return the browser, another one when the first had to be ended."""
        if self._opened is None or not self._opened.is_connected():
            self._open.close()
            opening = open_chromium(*ARGUMENTS, proxy_port=self._way.port, foreign_cookies=True)
            self._opened = self._open.enter_context(opening)
        return self._opened

    def _visit(self, name: str, context: BrowserContext, watch: Watch, answer: str | None) -> Pass:
        stay = _Stay(name, context, watch, answer)
        for address in self._addresses():
            with self._bounded(address, watch):
                self._stay(stay, address)
            if not stay.goes_on or self._guard.why:
                break
        return self._leave(stay)

    def _do_all_but_answer(self, context: BrowserContext, watch: Watch, shown: ShownBanner | None) -> Pass:
        """Wait, scroll, click elsewhere, press Escape: what is no answer, until the banner leaves."""
        stay = _Stay(UNANSWERED, context, watch, None)
        if shown:
            with self._bounded(self._plan.address, watch):
                self._try_deeds(stay, shown)
        return self._leave(stay)

    def _try_deeds(self, stay: _Stay, shown: ShownBanner) -> None:
        page, watch = self._begin(stay), stay.watch
        watch.page = without_query(self._plan.address)
        if not self._goto(page, self._plan.address, watch):
            return
        stay.visited.append(without_query(page.url))
        kind = _banner_on(page, self._plan.banner_ms)
        if kind is not None:
            done = banner_shown.deeds(page, kind, self._plan.settle_ms, lambda: watch.things(page))
            told = replace(shown, deeds=tuple(done))
            stay.banner = SeenBanner(kind.name, *_clicks(page, kind), answered=False, shown=told)
        watch.look(page)

    def _look(self) -> ShownBanner | None:
        """Look at the banner in a profile of its own: what is done for it must not be taken for the visitor's doing."""
        found = None
        with self._profile() as (context, watch), self._bounded(self._plan.address, watch):
            page = context.new_page()
            kind = _banner_on(page, self._plan.banner_ms) if self._goto(page, self._plan.address, watch) else None
            found = banner_shown.look_around(page, kind) if kind else None
        return replace(found, keys=self._walk()) if found else None

    def _walk(self) -> Keys | None:
        """Go through the first page by keyboard alone, and answer, in a profile of its own."""
        with self._profile() as (context, watch), self._bounded(self._plan.address, watch):
            page = context.new_page()
            kind = _banner_on(page, self._plan.banner_ms) if self._goto(page, self._plan.address, watch) else None
            return keyboard.walk(page, kind) if kind else None
        return None

    def _begin(self, stay: _Stay) -> Page:
        """Return the page of a pass, watched from before it asks for anything."""
        if not stay.page:
            stay.page.append(stay.context.new_page())
            stay.page[0].on("popup", _close)
            stay.watch.follow(stay.page[0])
        return stay.page[0]

    def _leave(self, stay: _Stay) -> Pass:
        """Return what the pass has come to."""
        context, watch = stay.context, stay.watch
        with self._bounded(self._plan.address, watch):
            stay.cookies = watch.cookies(context)
        for page in stay.page:
            with contextlib.suppress(Exception):
                page.close()
        return Pass(
            stay.name,
            tuple(stay.visited),
            stay.banner,
            stay.cookies,
            tuple(watch.storage.values()),
            tuple(map(self._with_name, watch.requests.values())),
            tuple(sorted(watch.frames)),
            tuple(sorted(watch.workers)),
            dict(watch.consent_mode),
            tuple(sorted({*watch.limits, *self._bounds()})),
            not watch.cut and not self._way.exhausted,
            tuple(stay.doors),
        )

    def _with_name(self, request: SeenRequest) -> SeenRequest:
        return replace(request, known_as=self._way.names.get(host_of(request.address), ""))

    @contextlib.contextmanager
    def _bounded(self, address: str, watch: Watch) -> Iterator[None]:
        """Do something with a page within its time; what ends it is told, and the pass with it."""
        from playwright.sync_api import Error

        said = ""
        with self._guard.page(self._plan.page_seconds + self._delay):
            try:
                yield
            except Error as error:
                said = _reason(error.message)
        if said or self._guard.why:
            watch.cut = True
            watch.limits.add(f"{without_query(address)}: {self._guard.why or said}")

    def _stay(self, stay: _Stay, address: str) -> None:
        """Visit one page, the first one with an answer to its banner."""
        stay.goes_on = False
        page, watch, first = self._begin(stay), stay.watch, not stay.visited
        page.wait_for_timeout(self._delay * 1_000)
        watch.page = without_query(address)
        if not self._goto(page, address, watch):
            return
        stay.visited.append(without_query(page.url))
        if first:
            self._find_pages(page, watch)
            if stay.answer == "withdraw":
                self._read(page)
            stay.banner = self._answer(page, stay.answer, watch)
            if stay.answer != "withdraw":
                self._picture(stay.name, page, watch)
        self._read(page)
        if self._is_own(page, address, watch):
            watch.look(page)
            if stay.name == ACCEPTED and banner_shown.has_door(page):
                stay.doors.append(stay.visited[-1])
            stay.goes_on = True

    def _addresses(self) -> Iterator[str]:
        """Yield the first page, then those that were found on it."""
        yield self._plan.address
        yield from self._pages or ()

    def _goto(self, page: Page, address: str, watch: Watch) -> bool:
        from playwright.sync_api import Error

        try:
            answer = page.goto(address, wait_until="domcontentloaded", timeout=LOAD_MS)
        except Error as error:
            watch.cut = True
            if not self._guard.why:
                watch.limits.add(f"{without_query(address)}: {_reason(error.message)}")
            return False
        if not self._is_own(page, address, watch):
            return False
        if answer is not None and answer.status >= 400:
            watch.limits.add(f"{without_query(address)} answered {answer.status}")
        return True

    def _is_own(self, page: Page, address: str, watch: Watch) -> bool:
        """Whether a page is still one of the site: it may go elsewhere at any time."""
        if own := same_site(host_of(page.url), self._site):
            return own
        watch.cut = watch.cut or address == self._plan.address
        watch.limits.add(f"{without_query(address)} leads to another site, {without_query(page.url)}")
        return False

    def _find_pages(self, page: Page, watch: Watch) -> None:
        """Choose further pages, once for all passes."""
        if self._pages is None and self._plan.pages > 1:
            finding = Finding(self._way, self._site)
            self._pages = finding.pages(page.url, _links(page), self._plan.pages - 1)
            self._delay = finding.delay
            if finding.trouble:
                watch.limits.add(finding.trouble)

    def _answer(self, page: Page, answer: str | None, watch: Watch) -> SeenBanner | None:
        """Find the banner and answer as the pass wants; what could be pressed is told in any case."""
        kind = self._reopened(page) if answer == "withdraw" else _banner_on(page, self._plan.banner_ms)
        if kind is None:
            return None
        self._asked = True
        seen = SeenBanner(kind.name, *_clicks(page, kind), answered=False)
        if answer is None:
            return seen
        if answer == "withdraw":
            self._picture(WITHDRAWN, page, watch)  # what counts is that the settings are open again
        if answer in {"refuse", "withdraw"}:
            done = press(page, kind.refuse)
        elif answer == "accept":
            done = press(page, kind.accept)
        else:
            done = press(page, (_one_purpose(answer),))
        if not done:
            watch.limits.add(f"{kind.name}: “{answer}” could not be pressed")
        page.wait_for_timeout(self._plan.pause_ms)
        if answer == "withdraw":
            watch.forget()  # what was asked for until now was agreed to
        return replace(seen, answered=done)

    def _picture(self, name: str, page: Page, watch: Watch) -> None:
        """Keep what the visitor sees now; what asks first, on a phone, too."""
        if not self._plan.pictures:
            return
        most_bytes = self._plan.picture_bytes
        taken = {name: take(page, most_bytes)}
        if name == BEFORE and taken[name] is not None:  # a page that cannot be drawn would not be again
            taken[on_phone(name)] = take_on_phone(page, self._plan.pause_ms, most_bytes)
        self.pictures |= {each: picture for each, picture in taken.items() if picture is not None}
        if None in taken.values():
            watch.limits.add("no picture could be taken")

    def _reopened(self, page: Page) -> BannerKind | None:
        """Bring the banner back as who wants to withdraw would: by a door on the page, else by the platform's word.

        The page was read: a door that stands there by now is taken at once; else a banner is waited for as on any page.
        """
        found = _banner_on(page, 0) or self._by_a_door(page)
        found = found or _banner_on(page, self._plan.banner_ms) or self._by_a_door(page)
        if found:
            return found
        scripted = tuple(kind for kind in KINDS if kind.reopen_script)
        for kind in scripted:
            with contextlib.suppress(Exception):  # of a platform that is not here
                page.evaluate(kind.reopen_script)
        return _banner_on(page, REOPEN_MS, scripted)

    def _by_a_door(self, page: Page) -> BannerKind | None:
        for selector in (selector for kind in KINDS for selector in kind.reopen):
            door = banner_shown.shown(page, selector)
            with contextlib.suppress(Exception):
                if door:
                    door.click(timeout=CLICK_MS)
                    if back := _banner_on(page, REOPEN_MS):
                        return back
        return None

    def _read(self, page: Page) -> None:
        """Stay as a reader does: until nothing more is loaded, then down the page."""
        with contextlib.suppress(Exception):
            page.wait_for_load_state("networkidle", timeout=IDLE_MS)
        with contextlib.suppress(Exception):
            for _ in range(SCROLLS):
                page.mouse.wheel(0, 1_200)
                page.wait_for_timeout(self._plan.pause_ms)
        page.wait_for_timeout(self._plan.settle_ms)

    def _bounds(self) -> Iterator[str]:
        if self._way.exhausted:
            yield f"more than {self._way.most_bytes // 2**20} MB were passed on"
        if self._way.refused:
            yield f"not connected to, because private or beyond the bounds: {', '.join(sorted(self._way.refused)[:10])}"


def _banner_on(page: Page, wait_ms: int, kinds: Sequence[BannerKind] = KINDS) -> BannerKind | None:
    """Return the banner that stands on the page, waiting a little for one to come."""
    until = time.monotonic() + wait_ms / 1000
    while True:
        for kind in kinds:
            with contextlib.suppress(Exception):
                found = banner_shown.shown(page, kind.seen)
                if found and banner_shown.about_consent(kind, found):
                    return kind
        if time.monotonic() > until:
            return None
        page.wait_for_timeout(200)


def _clicks(page: Page, kind: BannerKind) -> tuple[bool, bool, int, int]:
    """Return whether the banner can be accepted and refused, and the clicks of the shortest way to each."""
    accept, refuse = (_way(page, kind, ways) for ways in (kind.accept, kind.refuse))
    return accept is not None, refuse is not None, len(accept or ()), len(refuse or ())


def _way(page: Page, kind: BannerKind, ways: tuple[Clicks, ...]) -> Clicks | None:
    """Return the first way whose first button is there; of several clicks, in the banner and not elsewhere."""
    for way in ways:
        first = banner_shown.shown(page, way[0])
        if first and (len(way) == 1 or banner_shown.is_within(page, kind, first)):
            return way
    return None


def _one_purpose(purpose: str) -> Clicks:
    return (
        '[data-consent-action="customize"]',
        f'[data-consent-purpose="{purpose}"]',
        '[data-consent-action="save"]',
    )


def _close(popup: Page) -> None:
    """Close a window that a page opened; none is visited."""
    with contextlib.suppress(Exception):
        popup.close()


def _links(page: Page) -> list[str]:
    """Return where a page's links lead; a page that goes on to another meanwhile is asked twice."""
    from playwright.sync_api import Error

    for _ in range(2):
        with contextlib.suppress(Error):
            found = page.evaluate(_LINKS, MOST_LINKS)
            return [str(each) for each in found[:MOST_LINKS]] if isinstance(found, list) else []
        page.wait_for_load_state("domcontentloaded", timeout=IDLE_MS)
    return []


def _reason(message: str) -> str:
    line = message.splitlines()[0].partition(" at ")[0]
    return "the browser had been ended" if "has been closed" in line else line.rpartition(": ")[2][:120]


def main() -> None:
    """Read a plan, make the passes, print each."""
    plan = Plan(**json.loads(sys.stdin.readline()))
    _prepare()
    try:
        _visit(plan)
    except BaseException:  # whatever it was: nothing may be left running
        with contextlib.suppress(OSError):
            traceback.print_exc()
        _leave(1)
    _leave(0)


def _visit(plan: Plan) -> None:
    guard = Guard(plan.most_memory, time.monotonic() + plan.seconds - min(TO_TELL_S, plan.seconds / 10))
    guard.start()
    with egress(plan.most_bytes, plan.resolve, private=plan.private) as way:
        visitor = Visitor(plan, way, guard)
        for each in visitor.passes():
            pictures = {name: base64.b64encode(picture).decode() for name, picture in visitor.pictures.items()}
            visitor.pictures.clear()
            print(json.dumps({**asdict(each), "pictures": pictures}), flush=True)
    if guard.over:
        print(took_too_long(plan), file=sys.stderr, flush=True)


def _prepare() -> None:
    """Take a place behind others, and end when whoever started this goes."""
    os.nice(NICE)
    for what, most in ((resource.RLIMIT_CORE, 0), (resource.RLIMIT_FSIZE, LARGEST_FILE)):
        hard = resource.getrlimit(what)[1]
        resource.setrlimit(what, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))
    adopt_orphans()
    threading.Thread(target=_leave_when_alone, daemon=True).start()


def _leave_when_alone() -> None:
    while os.read(sys.stdin.fileno(), 1):
        pass
    _leave(1, alone=True)


def _leave(status: int, *, alone: bool = False) -> NoReturn:
    """End everything that was started, then this; who is left alone also clears up, as nobody else will."""
    with _LEAVING:
        end_family(os.getpid(), but_first=True)
        reap(TO_REAP_S)
        if alone:
            shutil.rmtree(tempfile.gettempdir(), ignore_errors=True)
        os._exit(status)  # whatever thread still waits for a name to be resolved


if __name__ == "__main__":
    main()
