"""Scripts that are run late: what random pages (test_ordering.py) leave out, and what must not happen."""

from __future__ import annotations

import pytest
from playwright.sync_api import BrowserContext, Page

from tests.browser.ordering_site import OrderingSite
from tests.browser.page_server import Answer, script
from tests.servers import ConsentServer

PLAIN = """<!doctype html><html lang="fr"><head><meta http-equiv="Content-Security-Policy" content="">
<script src="{banner}"></script><script>window.ran = [];</script>{head}</head>
<body>{body}<p id="end">end</p></body></html>"""


class Shown:
    """One page made for a test, in a tab; ``scripts`` are served by the ruled host ``stats``."""

    def __init__(self, site: OrderingSite, server: ConsentServer, context: BrowserContext) -> None:
        self.site = site
        self._banner = f"{server.url}/v1/sites/ordering/banner.js"
        self.page = context.new_page()

    def goto(self, head: str = "", body: str = "", **scripts: str) -> Page:
        for name, text in scripts.items():
            self.site.more[f"/{name}.js"] = script(text)
        self.site.more["/page"] = Answer(PLAIN.format(banner=self._banner, head=head, body=body))
        self.page.goto(f"{self.site.server.host('own')}/page", wait_until="load")
        return self.page

    def tag(self, name: str, **attributes: str) -> str:
        written = "".join(f' {key.replace("_", "-")}="{value}"' for key, value in attributes.items())
        return f'<script src="{self.site.server.host("stats")}/{name}.js"{written}></script>'


@pytest.fixture
def shown(ordering: OrderingSite, running_server: ConsentServer, context: BrowserContext) -> Shown:
    return Shown(ordering, running_server, context)


WRAPS = "ran.push('wraps'); document.write('<div id=wrap>');"
AFTER = "ran.push('after');"


def test_what_only_the_parser_can_do_loads_the_page_again_once_and_says_so(shown: Shown) -> None:
    body = shown.tag("wraps") + "<p id=inside>inside</p>" + shown.tag("after")
    page = shown.goto(body=body, wraps=WRAPS, after=AFTER)
    with page.expect_console_message(lambda said: "loaded again for http" in said.text), page.expect_navigation():
        page.evaluate("consent.acceptAll()")

    assert page.evaluate("ran") == ["wraps", "after"]
    assert page.locator("#wrap > #inside").count() == 1


def test_a_page_that_was_loaded_again_is_not_loaded_a_third_time(shown: Shown) -> None:
    body = shown.tag("wraps") + shown.tag("after")
    page = shown.goto(body=body, wraps=WRAPS, after=AFTER)
    with page.expect_navigation(wait_until="load"):
        page.evaluate("consent.acceptAll()")
    with page.expect_navigation(wait_until="load"):
        page.evaluate("consent.withdraw()")
    page.evaluate("consent.acceptAll()")
    page.wait_for_function("ran.length === 2")

    assert page.evaluate("ran") == ["wraps", "after"]
    assert page.locator("#wrap").count() == 1


def test_a_script_tagged_by_hand_never_loads_the_page_again(shown: Shown) -> None:
    tagged = shown.tag("wraps", type="text/plain", data_consent="audience")
    page = shown.goto(body=tagged + shown.tag("after"), wraps=WRAPS, after=AFTER)
    page.evaluate("() => { window.same = true; consent.acceptAll(); }")
    page.wait_for_function("ran.length === 2")

    assert page.locator("#wrap").count() == 1
    page.goto(page.url, wait_until="load")  # it is run late here, too: that must not go round
    page.wait_for_function("ran.length === 2")
    assert page.locator("#wrap").count() == 1


def test_what_a_script_in_head_writes_for_the_body_opens_the_body(shown: Shown) -> None:
    first = "document.write('<link rel=x id=x><img id=a>'); document.write('<b id=b></b>');"
    page = shown.goto(
        head=shown.tag("first") + shown.tag("second"), first=first, second="document.write('<i id=c></i>')"
    )
    page.evaluate("consent.acceptAll()")
    page.locator("#c").wait_for(state="attached")

    assert page.evaluate("[...document.body.children].slice(0, 4).map(({ id }) => id)") == ["a", "b", "c", "end"]
    assert page.evaluate("document.getElementById('x').parentNode === document.head")


def test_what_is_taken_back_while_it_waits_for_its_turn_does_not_run(shown: Shown) -> None:
    first = "ran.push('first'); consent.refuseAll();"
    page = shown.goto(body=shown.tag("first") + shown.tag("after"), first=first, after=AFTER)
    shown.site.server.asked.clear()
    with page.expect_navigation(wait_until="load"):  # a withdrawal
        page.evaluate("consent.acceptAll()")

    assert [asked.path for asked in shown.site.server.asked if asked.host == "stats"] == ["/first.js"]


KEEPS = """<script>
document.cookie = 'stats_c=1; Path=/; Max-Age=1000';
localStorage.setItem('stats_l', '1');
sessionStorage.stats_s = '1';
</script>"""
KEPT = """[document.cookie.includes('stats_c'), 'stats_l' in localStorage, 'stats_s' in sessionStorage]"""


def test_writes_that_were_refused_are_done_when_they_are_granted(shown: Shown) -> None:
    page = shown.goto(body=KEEPS)
    assert page.evaluate(KEPT) == [False, False, False]
    page.evaluate("consent.acceptAll()")

    assert page.evaluate(KEPT) == [True, True, True]


def test_writes_that_were_refused_are_forgotten_after_a_no(shown: Shown) -> None:
    page = shown.goto(body=KEEPS)
    page.evaluate("consent.refuseAll()")
    page.evaluate("consent.acceptAll()")

    assert page.evaluate(KEPT) == [False, False, False]
