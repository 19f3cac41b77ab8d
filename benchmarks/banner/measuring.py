"""One visitor, one page: what the browser says it cost.

Times of scripts are processor times of the page's main thread: waiting, and other programs, do not count.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, CDPSession, Page

from benchmarks.banner.targets import Target

PROBE = Path(__file__).with_name("probe.js").read_text(encoding="utf-8")
SETTLED_MS = 600  # after the load event: the deliberate wait until nothing happens any more
STILL_MS = 1_000  # a notice that has not moved for so long is fully shown
WAIT_MS = 60_000
FOUR_G = {"offline": False, "latency": 150, "downloadThroughput": 200_000, "uploadThroughput": 93_750}
SLOWER = 4
TRACED = ["toplevel", "disabled-by-default-devtools.timeline"]


@dataclass(frozen=True)
class Work:
    """Milliseconds of the main thread's processor time."""

    script: float  # compiled and run
    task: float  # everything: parsing, style and layout as well


@contextmanager
def visitor(browser: Browser) -> Iterator[BrowserContext]:
    """Somebody who was never here."""
    context = browser.new_context(locale="fr-FR", viewport={"width": 1280, "height": 800})
    context.set_default_timeout(WAIT_MS)
    yield context
    context.close()


def watch(context: BrowserContext) -> tuple[Page, CDPSession]:
    """Open a tab whose work is counted."""
    page = context.new_page()
    session = context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})
    return page, session


def work(session: CDPSession) -> Work:
    """Return what the page has done so far: the browser counts anew for each page."""
    found = metrics(session)
    return Work(1000 * (found["ScriptDuration"] + found["V8CompileDuration"]), 1000 * found["TaskDuration"])


def metrics(session: CDPSession) -> dict[str, float]:
    """Return the browser's own counters."""
    return {each["name"]: each["value"] for each in session.send("Performance.getMetrics")["metrics"]}


def go(page: Page, session: CDPSession, url: str) -> Work:
    """Open a page, wait until it has settled, and return what that took."""
    page.goto(url)
    page.wait_for_timeout(SETTLED_MS)
    return work(session)


def cost(browser: Browser, target: Target, url: str) -> dict[str, float]:
    """Measure a first visit; after a refusal, the next page, and a page in a process that has compiled nothing yet."""
    with visitor(browser) as context:
        page, session = watch(context)
        first = go(page, session, url)
        heap = _heap(session)
        if target.refuse:
            page.locator(target.refuse).click()
            page.wait_for_timeout(SETTLED_MS)
        go(page, session, url)  # compiles again what was dropped with the garbage
        following = go(page, session, url)
        page.close()
        page, session = watch(context)
        later = go(page, session, url)
        if target.notice:
            assert not page.locator(target.notice[-1]).is_visible(), f"{target.name} asks again"
    works = {"first": first, "next": following, "later": later}
    return {
        "heap": heap,
        **{f"{visit} script": each.script for visit, each in works.items()},
        **{f"{visit} task": each.task for visit, each in works.items()},
    }


def _heap(session: CDPSession) -> float:
    session.send("HeapProfiler.collectGarbage")
    return metrics(session)["JSHeapUsedSize"] / 1000


def shown(browser: Browser, target: Target, url: str, *, slow: bool) -> dict[str, float]:
    """Measure when the notice stands still, what shifted, and how long a click on accept takes."""
    with visitor(browser) as context:
        page, session = watch(context)
        page.add_init_script(f"({PROBE})({json.dumps(target.notice)})")
        requests: list[str] = []
        page.on("request", lambda request: requests.append(request.url))
        if slow:
            session.send("Network.enable")
            session.send("Network.emulateNetworkConditions", FOUR_G)
            session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
        else:
            browser.start_tracing(page=page, categories=TRACED)
        page.goto(url)
        still = f"__seen.notice && performance.now() - __seen.since > {STILL_MS}"
        page.wait_for_function(still, polling=100)
        seen: dict[str, Any] = page.evaluate("({...__seen})")
        result = {"shown": seen["since"], "shift": seen["shift"], "blocking": seen["blocking"]}
        result["requests"] = len([each for each in requests if "favicon" not in each]) - 1
        if not slow:
            return result | {"longest": _longest(browser.stop_tracing())}
        result["click"] = _click(page, target)
    return result


def _click(page: Page, target: Target) -> float:
    """Press accept as a mouse does, and return what the visitor waits until the page has changed."""
    box = page.locator(target.accept).bounding_box()
    assert box, f"{target.name} has no accept button"
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.wait_for_function("__seen.click", polling=100)
    page.wait_for_timeout(SETTLED_MS)
    return float(page.evaluate("__seen.click"))


def _longest(trace: bytes) -> float:
    """Return the longest task of the page's main thread, in milliseconds of processor time."""
    events = json.loads(trace)["traceEvents"]
    mains = {
        (e["pid"], e["tid"]) for e in events if e["name"] == "thread_name" and e["args"]["name"] == "CrRendererMain"
    }
    tasks = [
        e["tdur"] for e in events if e["name"].endswith("RunTask") and (e["pid"], e["tid"]) in mains and "tdur" in e
    ]
    return max(tasks, default=0) / 1000
