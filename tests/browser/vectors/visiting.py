"""Takes each page through every state, and says what its vectors left where they may not, or owe where they may.

A course is one visitor's way: pages opened, answers given, and after each step what is found outside the page, from the
trackers' log and the browser's own jar and storages. Several courses run at once in one browser, because most of a
visit is waiting.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
import json
import re
import time
import urllib.parse
from collections import defaultdict
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Set
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication

from consent_server.domain.tag import tag
from consent_server.guard.policy import PolicyOptions
from consent_server.guard.wsgi import ConsentGuard
from tests.browser.vectors import ALL_PAGES
from tests.browser.vectors.driving import Visitor
from tests.browser.vectors.site import BYSTANDERS, CONSENT, EXEMPT, KEY, PURPOSES, SITE, UNKNOWN
from tests.browser.vectors.vector import A_JS, AUDIENCE, FOLDER, HOST, MARKETING, Vector, fill
from tests.browser.vectors.web import Web

STATES = ("before", "refused", "accepted", "one purpose", "withdrawn", "expired")
KINDS = ("untagged", "tagged", "guarded")
"""How a page comes: as vendors write it, as its owner tags it by hand, as vendors write it with the guard's policy."""
CONTROL = "control"
TOUCHED = "bystanders"
"""The name under which a page's bystanders have their verdict."""

QUIET = 0.4
"""Seconds without anything new after which a loaded page has done what it does by itself."""
PATIENCE = 3.0
"""The same, while something that should come has not."""
LONG_PATIENCE = 12.0
"""The same for a course that is taken again, alone."""
LONGEST = 20.0

BYSTANDING = frozenset(bystander.trace for bystander in BYSTANDERS)
OURS = re.compile(r"(cookie|local) eu-consent")

Guard = Callable[[WSGIApplication], WSGIApplication]
Problems = dict[str, dict[str, list[str]]]
"""State, vector: what was wrong."""


@dataclasses.dataclass(frozen=True)
class Wanted:
    """What a step waits for; everything else must stay away."""

    purposes: tuple[str, ...] = ()
    loads: bool = False
    """A page is loaded, so that whatever is granted comes, and the bystanders too."""


class Visit:
    """One page of the corpus as one visitor gets it."""

    def __init__(self, web: Web, page: str, kind: str, guard: Guard | None = None) -> None:
        self.web = web
        self.kind = kind
        self.id = f"v{len(web.visits)}"
        self.vectors = ALL_PAGES[page]
        self.guard = guard or (lambda site: site)
        self.url = f"{web.url(SITE)}/shop/{self.id}/x/{page}"
        self._of = {vector.id: vector for vector in self.vectors}
        web.visits[self.id] = self

    def _tokens(self, vector: Vector) -> dict[str, str]:
        port, host = self.web.port, HOST[vector.purpose]
        rest = f":{port}/{self.id}/{vector.id}"
        return {
            "URL": f"https://{host}{rest}",
            "SOCKET": f"wss://{host}{rest}",
            "PLAIN": host + rest,
            "CAPITALS": host.upper() + rest,
            "DOTTED": f"{host}.{rest}",
            "HIDDEN": host.replace(".", "&period;") + rest,
            "CONNECT": f"connect-{vector.id}.{self.id}.{host}:{port}",
            "FIRST": f"{self.web.url(SITE)}/{FOLDER[vector.purpose]}/{self.id}/{vector.id}",
            "NAME": vector.name,
            "UNKNOWN": f"zz_{vector.slug}",
            "PURPOSE": vector.purpose,
            "RUN": self.id,
            "ID": f"id{vector.slug}",
        }

    def _snippet(self, vector: Vector) -> str:
        return fill(vector.tagged if self.kind == "tagged" else vector.untagged, self._tokens(vector))

    def _before(self) -> str:
        """Give what stands first in <head>, as docs/how-to-embed.md has it."""
        return "" if self.kind == CONTROL else tag(f"{self.web.url(CONSENT)}/v1/sites/{KEY}/banner.js")

    def text(self, vector: str) -> str:
        """Give the page, or the one in a frame on which a vector has to stand."""
        if vector in self._of:
            return f"<!doctype html><html><head>{self._before()}</head><body>{self._snippet(self._of[vector])}"
        head, body = (
            "\n".join(
                f'<iframe src="{self.url.replace("/x/", f"/{vector.id}/")}"></iframe>'
                if vector.framed
                else self._snippet(vector)
                for vector in self.vectors
                if vector.head == in_head
            )
            for in_head in (True, False)
        )
        tokens = {
            "OWN": f"{self.web.url(SITE)}/own/{self.id}/x",
            "EXEMPT": f"{self.web.url(EXEMPT)}/{self.id}/x",
            "OTHER": f"{self.web.url(UNKNOWN)}/{self.id}/x",
        }
        own = fill("\n".join(bystander.html for bystander in BYSTANDERS), tokens)
        return (
            f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>t</title>{self._before()}\n{head}\n'
            f"</head><body><h1>Page</h1>\n{own}\n{body}\n</body></html>"
        )

    def page(self, environ: dict[str, Any], start_response: StartResponse) -> bytes:
        def site(_environ: dict[str, Any], respond: StartResponse) -> list[bytes]:
            respond("200 OK", [("Content-Type", "text/html; charset=utf-8")])
            return [self.text(environ["PATH_INFO"].split("/")[-2]).encode()]

        return b"".join(self.guard(site)(environ, start_response))

    def file(self, owner: str, name: str) -> str | None:
        vector = self._of.get(owner)
        if vector is None:
            return None
        if name in vector.files or name == "a.js":
            return fill(vector.files.get(name, A_JS), self._tokens(vector))
        return None

    # Evidence

    def mark(self) -> int:
        return len(self.web.asked)

    def last_page(self) -> int:
        """Give where the newest load of the page begins in the log."""
        return max(i for i, asked in enumerate(self.web.asked) if asked.visit == self.id and asked.owner == "page") + 1

    def found(self, kept: Iterable[str], since: int) -> dict[str, set[str]]:
        """Give what each vector has left, and what the bystanders have, and what nobody knows (under an empty name)."""
        result: dict[str, set[str]] = defaultdict(set)
        for asked in self.web.asked[since:]:
            if asked.visit == self.id and asked.owner not in ("page", "inner page", "none"):
                result[self._owner(asked.owner)].add(f"request {asked.file}")
        for trace in kept:
            if not OURS.match(trace):
                owner, trace = self._owner_of_name(trace)
                result[owner].add(trace)
        return result

    def _owner(self, owner: str) -> str:
        return owner if owner in self._of else TOUCHED if owner in ("own", "exempt", "unknown") else ""

    @functools.cached_property
    def _by_name(self) -> dict[str, str]:
        names = {}
        for vector in self.vectors:
            names.update({start + vector.name: vector.id for start in ("", "__Secure-", "__Host-")})
            names[f"zz_{vector.slug}"] = vector.id
        return names

    def _owner_of_name(self, trace: str) -> tuple[str, str]:
        kind, _, name = trace.partition(" ")
        if kind == "worker":
            *_, _visit, vector, file = name.split("/")
            return vector, f"worker $FIRST/{file}"
        if trace in BYSTANDING:
            return TOUCHED, trace
        return self._by_name.get(name, ""), trace


class Course:
    """One visitor's way through states, step by step; ``problems`` is what came of it."""

    def __init__(
        self, visit: Visit, visitor: Visitor, steps: Callable[[Course], Generator[Wanted, None, None]]
    ) -> None:
        self.visit = visit
        self.visitor = visitor
        self.problems: Problems = defaultdict(lambda: defaultdict(list))
        self.leaks: Problems = defaultdict(lambda: defaultdict(list))
        """Those of the problems that no busy machine can be the reason of."""
        self.late: set[str] = set()
        """The vectors that still owe something, or were never come to."""
        self.patience = PATIENCE
        self._since = 0
        self._steps = steps(self)
        self._wanted = Wanted()
        self._changed = self._begun = 0.0
        self._last = -1

    # What steps do

    def open(self) -> None:
        self._since = self.visit.mark()
        self.visitor.open(self.visit.url)

    def call(self, text: str) -> None:
        self._since = self.visit.mark()
        self.visitor.run(f"void consent.{text}")

    def call_and_reload(self, text: str) -> None:
        """Answer, and wait for the page that comes anew by itself: what is on its way until then had its yes."""
        before = self.visit.last_page()
        self.call(text)
        deadline = time.monotonic() + LONGEST
        while self.visit.last_page() == before:
            if time.monotonic() > deadline:
                raise TimeoutError("the page was not loaded again")
            self.visitor.pause(0.03)
        self._since = self.visit.last_page()

    def age(self) -> None:
        """Let the choice be seven months old, as it stands in the cookie and in its mirror."""
        text = self.visitor.cookie("eu-consent") or ""
        choice = json.loads(urllib.parse.unquote(text))
        past = time.time() - 7 * 31 * 86_400
        choice["time"] = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(past))
        value = urllib.parse.quote(json.dumps(choice, separators=(",", ":")), safe="!'()*-._~")
        self.visitor.put_cookie("eu-consent", value, self.visit.web.url(SITE))
        mirror = json.dumps({"id": choice["id"], "end": int((time.time() - 86_400) * 1000)}, separators=(",", ":"))
        self.visitor.run(f"void localStorage.setItem('eu-consent', {json.dumps(mirror)})")

    def judge(self, *states: str, granted: tuple[str, ...] = (), loads: bool = True, step: str = "") -> None:
        """Compare what was found with what may be there."""
        found = self.visit.found(self.visitor.kept(), self._since)
        for vector in self.visit.vectors:
            traces = found.pop(vector.id, set())
            if vector.purpose not in granted:
                self._note(states, vector.id, step, "open", traces)
            elif self._owes(vector, loads):
                self._note(states, vector.id, step, "not released", vector.traces - traces)
        expected = {trace for trace in BYSTANDING if loads or not trace.startswith("request ")}
        self._note(states, TOUCHED, step, "touched", expected - found.pop(TOUCHED, set()))
        self._note(states, TOUCHED, step, "nobody's", {trace for traces in found.values() for trace in traces})

    def _note(self, states: tuple[str, ...], vector: str, step: str, what: str, traces: Set[str]) -> None:
        if traces:
            late = what in ("not released", "touched")
            if late:
                self.late.add(vector)
            for state, kept in itertools.product(states, [self.problems] if late else [self.problems, self.leaks]):
                kept[state][vector].append(f"{step or state}: {what}: {', '.join(sorted(traces))}")

    def _owes(self, vector: Vector, loads: bool) -> bool:
        """Whether what is granted must come: at once, or only where a page is loaded."""
        if loads:
            return True
        kind = self.visit.kind  # a policy stands as long as its page
        return kind == "tagged" or (kind == "untagged" and not vector.again)

    # How steps are waited for

    def advance(self) -> bool:
        """Go on if the step is over; False: the course is."""
        now = time.monotonic()
        if self._begun and not self._settled(now):
            return True
        try:
            self._wanted = next(self._steps)
        except StopIteration:
            return False
        except Exception as error:
            text = f"{type(error).__name__}: {str(error)[:300]}"
            for state in (*STATES, CONTROL):
                for name in [*(vector.id for vector in self.visit.vectors), TOUCHED]:
                    self.problems[state][name].append(f"the course ended: {text}")
                    self.late.add(name)
            return False
        self._begun = self._changed = time.monotonic()
        self._last = -1
        return True

    def _settled(self, now: float) -> bool:
        if now - self._begun > LONGEST:
            return True
        asked = sum(asked.visit == self.visit.id for asked in self.visit.web.asked[self._since :])
        if asked != self._last or not self.visitor.loaded():
            self._last, self._changed = asked, time.monotonic()
        quiet = time.monotonic() - self._changed
        return quiet > self.patience or (quiet > QUIET and self._complete(self.visitor.kept()))

    def _complete(self, kept: set[str]) -> bool:
        found = self.visit.found(kept, self._since)
        wanted, loads = self._wanted.purposes, self._wanted.loads
        if loads and not found[TOUCHED] >= BYSTANDING:
            return False
        return all(
            found[vector.id] >= vector.traces
            for vector in self.visit.vectors
            if vector.purpose in wanted and self._owes(vector, loads)
        )


# The courses


def control(course: Course) -> Generator[Wanted, None, None]:
    """Without a banner every road is open."""
    course.open()
    yield Wanted(PURPOSES, loads=True)
    course.judge(CONTROL, granted=PURPOSES)


def accepts(course: Course) -> Generator[Wanted, None, None]:
    """Before, accepted in the page and on the next one; six months later."""
    course.open()
    yield Wanted(loads=True)
    course.judge("before")
    course.call("acceptAll()")
    yield Wanted(PURPOSES)
    course.judge("accepted", granted=PURPOSES, loads=False, step="in the page")
    course.open()
    yield Wanted(PURPOSES, loads=True)
    course.judge("accepted", granted=PURPOSES, step="next page")
    course.age()
    course.open()
    yield Wanted(loads=True)
    course.judge("expired")


def refuses(course: Course) -> Generator[Wanted, None, None]:
    course.open()
    yield Wanted(loads=True)
    course.judge("before")
    course.call("refuseAll()")
    yield Wanted()
    course.judge("refused", loads=False, step="in the page")
    course.open()
    yield Wanted(loads=True)
    course.judge("refused", step="next page")


def chooses(course: Course) -> Generator[Wanted, None, None]:
    """One purpose, then the other instead, then none: each answer but the first takes something back."""
    first, other = (AUDIENCE,), (MARKETING,)
    course.open()
    yield Wanted(loads=True)
    course.judge("before")
    course.call(f"set({{{AUDIENCE}: true, {MARKETING}: false}})")
    yield Wanted(first)
    course.judge("one purpose", granted=first, loads=False, step="in the page")
    course.open()
    yield Wanted(first, loads=True)
    course.judge("one purpose", granted=first, step="next page")
    course.call_and_reload(f"set({{{AUDIENCE}: false, {MARKETING}: true}})")
    yield Wanted(other, loads=True)
    course.judge("one purpose", granted=other, step="the other one")
    course.call_and_reload("withdraw()")
    yield Wanted(loads=True)
    course.judge("withdrawn")


Steps = Callable[[Course], Generator[Wanted, None, None]]
Taken = tuple[str, str, Steps]
"""A page, its kind, and the way that is taken through it."""
COURSES: dict[str, tuple[Steps, ...]] = {CONTROL: (control,)} | dict.fromkeys(KINDS, (accepts, refuses, chooses))


# All of them


@dataclasses.dataclass
class Corpus:
    """Runs what is asked of it, several courses at a time, each once."""

    web: Web
    visitor: Callable[[], Visitor]
    configuration: dict[str, Any]
    courses: Mapping[str, tuple[Steps, ...]] = dataclasses.field(default_factory=lambda: COURSES)
    at_once: int = 4
    late: Callable[[str, str], bool] = lambda _vector, _kind: False
    """Whether a course is taken again, alone, for what a vector still owes on a kind of page."""

    def __post_init__(self) -> None:
        self.verdicts: dict[tuple[str, str], Problems] = {}

    def problems(self, page: str, kind: str, state: str, vector: str) -> list[str]:
        return self.verdicts[page, kind][state][vector]

    def run(self, wanted: Iterable[tuple[str, str]]) -> None:
        """Drive every page of each kind that was not driven yet."""
        waiting = [
            (page, kind, steps)
            for page, kind in dict.fromkeys(wanted)
            if (page, kind) not in self.verdicts
            for steps in self.courses[kind]
        ]
        for page, kind, _ in waiting:
            self.verdicts[page, kind] = defaultdict(lambda: defaultdict(list))
        running: list[tuple[Course, Taken]] = []
        again: list[Taken] = []
        while waiting or running:
            while waiting and len(running) < self.at_once:
                taken = waiting.pop(0)
                running.append((self._course(taken), taken))
            running[0][0].visitor.pause(0.03)
            for course, taken in list(running):
                if not course.advance():
                    running.remove((course, taken))
                    course.visitor.close()
                    self._add(taken, course.leaks if self._is_late(course) else course.problems)
                    if self._is_late(course):
                        again.append(taken)
        for taken in again:
            self._take_again(taken)

    def _course(self, taken: Taken) -> Course:
        page, kind, steps = taken
        visit = Visit(self.web, page, kind, self._guard if kind == "guarded" else None)
        return Course(visit, self.visitor(), steps)

    def _is_late(self, course: Course) -> bool:
        return any(self.late(vector, course.visit.kind) for vector in course.late)

    def _take_again(self, taken: Taken) -> None:
        """Take a course again while nothing else runs: what still is owed then is not for want of time."""
        course = self._course(taken)
        course.patience = LONG_PATIENCE
        while course.advance():
            course.visitor.pause(0.03)
        course.visitor.close()
        self._add(taken, course.problems)

    def failing(self, kind: str, states: Iterable[str] = STATES) -> set[str]:
        """Give the vectors that do not hold, of those that were driven."""
        driven = [page for page, its_kind in self.verdicts if its_kind == kind]
        return {
            vector.id
            for page in driven
            for vector in ALL_PAGES[page]
            if any(self.problems(page, kind, state, vector.id) for state in states)
        }

    def summary(self, kind: str) -> Iterator[str]:
        """Say how many roads hold, of those that were driven."""
        roads = sum(len(ALL_PAGES[page]) for page, its_kind in self.verdicts if its_kind == kind)
        shares = [f"{state} {1 - len(self.failing(kind, [state])) / roads:.1%}" for state in STATES]
        whole = roads - len(self.failing(kind))
        yield f"{kind} pages: {whole} of {roads} roads to trackers hold in every state ({', '.join(shares)})"

    def _add(self, taken: Taken, found: Problems) -> None:
        page, kind, _ = taken
        for state, vectors in found.items():
            for vector, problems in vectors.items():
                self.verdicts[page, kind][state][vector] += problems

    def _guard(self, site: WSGIApplication) -> WSGIApplication:
        """Put the guard before the site, with a policy that is enforced, as docs/how-to-guard.md has it."""
        others = tuple(f"{host}:{self.web.port}" for host in (UNKNOWN, EXEMPT))
        options = PolicyOptions(self.web.url(CONSENT), allow=others, report_only=False)
        return ConsentGuard(site, self.configuration, policy=options)
