"""What the hooks cost a page that does nothing wrong: the same work with and without our script, under each choice."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Browser

from benchmarks.banner.measuring import SETTLED_MS, visitor, watch, work

WORK = Path(__file__).with_name("innocent.js").read_text(encoding="utf-8")
CHOICES = {"no choice": "", "all refused": "consent.refuseAll()", "all granted": "consent.acceptAll()"}
COOKIES = [
    f"own_{name}=value-of-{name}" for name in ("session", "csrf", "cart", "currency", "theme", "ab", "tab", "seen")
]


def innocent(browser: Browser, url: str, choose: str) -> dict[str, float]:
    """Measure each kind of work, in milliseconds of the page's main thread; ``choose`` is run on a page before."""
    with visitor(browser) as context:
        context.add_cookies([{"name": c.partition("=")[0], "value": c.partition("=")[2], "url": url} for c in COOKIES])
        page, session = watch(context)
        page.goto(url)
        if choose:
            page.evaluate(choose)
            page.goto(url)
        page.wait_for_timeout(SETTLED_MS)
        page.evaluate(WORK)
        took = {}
        for name in page.evaluate("Object.keys(work)"):
            session.send("HeapProfiler.collectGarbage")  # nobody pays for what was left behind before
            before = work(session).task
            page.evaluate("(name) => work[name]()", name)
            took[name] = work(session).task - before
    return took
