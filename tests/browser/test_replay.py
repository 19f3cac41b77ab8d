"""Scripts that are run late: what random pages (test_ordering.py) leave out, and what must not happen."""

from __future__ import annotations

import pytest
from playwright.sync_api import BrowserContext, Page

from tests.browser.ordering_site import OrderingSite
from tests.browser.page_server import Answer, script
from tests.browser.random_pages import PURPOSES
from tests.servers import ConsentServer, eventually

PLAIN = """<!doctype html><html lang="fr"><head><meta http-equiv="Content-Security-Policy" content="">
<script{nonce} src="{banner}"></script><script{nonce}>window.ran = [];</script>{head}</head>
<body>{body}<p id="end">end</p></body></html>"""


class Shown:
    """One page made for a test, in a tab; ``scripts`` are served by the ruled host ``stats``."""

    def __init__(self, site: OrderingSite, server: ConsentServer, context: BrowserContext) -> None:
        self.site = site
        self._banner = f"{server.url}/v1/sites/ordering/banner.js"
        self.page = context.new_page()

    def goto(self, head: str = "", body: str = "", nonce: str = "", **scripts: str) -> Page:
        for name, text in scripts.items():
            self.site.more[f"/{name}.js"] = script(text)
        policy = {"Content-Security-Policy": f"script-src 'nonce-{nonce}' 'strict-dynamic'"} if nonce else {}
        own = f' nonce="{nonce}"' if nonce else ""
        page = PLAIN.format(banner=self._banner, nonce=own, head=head, body=body)
        self.site.more["/page"] = Answer(page, headers=policy)
        self.site.server.asked.clear()
        self.page.goto(f"{self.site.server.host('own')}/page", wait_until="load")
        return self.page

    def tag(self, name: str, host: str = "stats", **attributes: str) -> str:
        written = "".join(f' {key.replace("_", "-")}="{value}"' for key, value in attributes.items())
        return f'<script src="{self.site.server.host(host)}/{name}.js"{written}></script>'

    def asked(self) -> list[str]:
        """Tell which scripts of ruled hosts were asked for."""
        return sorted(asked.path for asked in self.site.server.asked if asked.host in PURPOSES)


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


INSERTS = """
const make = (name) => {
  const script = document.createElement('script');
  script.async = false;
  script.src = new URL(name, '$STATS');
  return script;
};
const body = document.querySelector('body');
const [fourth, third] = [make('fourth.js'), make('third.js')];
body.append(make('first.js'));
body.prepend(make('second.js'));
body.append(third);
const script = document.createElement('script');
script.async = false;
body.prepend(script, fourth);
script.src = new URL('fifth.js', '$STATS');
body.append(third);
"""


def test_scripts_inserted_in_order_run_in_the_order_of_their_insertion(shown: Shown) -> None:
    names = ("first", "second", "third", "fourth", "fifth")
    inserts = INSERTS.replace("$STATS", shown.site.server.host("stats"))
    page = shown.goto(body=f"<script>{inserts}</script>", **{name: f"ran.push('{name}')" for name in names})
    page.evaluate("consent.acceptAll()")
    page.wait_for_function("ran.length === 5")

    assert page.evaluate("ran") == list(names)


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
    with page.expect_navigation(wait_until="load"):  # a withdrawal
        page.evaluate("consent.acceptAll()")

    assert shown.asked() == ["/first.js"]


HEARS = """
for (const [on, type] of [[document, 'readystatechange'], [document, 'DOMContentLoaded'], [window, 'load']])
  on.addEventListener(type, () => ran.push(`$NAME ${type} ${document.readyState}`));
window.onload = ((before) => (event) => { before?.call(window, event); ran.push('$NAME onload'); })(window.onload);
"""
HEARD = (
    "readystatechange interactive",
    "DOMContentLoaded interactive",
    "readystatechange complete",
    "load complete",
    "onload",
)


def test_each_moment_of_the_page_is_told_once_to_who_was_there_and_once_to_who_came_late(shown: Shown) -> None:
    page = shown.goto(
        head="<script>" + HEARS.replace("$NAME", "page") + "</script>" + shown.tag("first"),
        body=shown.tag("second", host="ads"),
        first=HEARS.replace("$NAME", "first"),
        second=HEARS.replace("$NAME", "second"),
    )
    for answers, last in (("{ audience: true }", "first"), ("{ marketing: true }", "second"), ("{}", "second")):
        page.evaluate(f"consent.set({answers})")
        page.wait_for_function("(name) => ran.includes(`${name} onload`)", arg=last)

    assert page.evaluate("ran") == [f"{name} {what}" for name in ("page", "first", "second") for what in HEARD]


def test_a_released_script_is_what_its_tag_says(shown: Shown) -> None:
    says = (
        "ran.push([document.currentScript.id, document.currentScript.nonce, document.currentScript.dataset.x].join());"
    )
    wrong = {"integrity": "sha384-" + "A" * 64, "crossorigin": "anonymous", "onerror": "ran.push('refused')"}
    right = {"nonce": "n", "data_x": "y", "crossorigin": "anonymous", "referrerpolicy": "no-referrer"}
    page = shown.goto(body=shown.tag("good", id="a", **right) + shown.tag("bad", id="b", **wrong), good=says, bad=says)
    page.evaluate("consent.acceptAll()")
    page.wait_for_function("ran.length === 2")

    assert page.evaluate("ran") == ["a,n,y", "refused"]
    good = next(asked for asked in shown.site.server.asked if asked.path == "/good.js")
    assert good.headers["sec-fetch-mode"] == "cors"
    assert "referer" not in good.headers


def test_what_a_released_script_writes_needs_the_nonce_of_the_page_as_ever(shown: Shown) -> None:
    smuggled = "<script>ran.push('without')<\\/script><script src='/own.js'><\\/script>"
    writes = f"document.write(`{smuggled}<script nonce='n'>ran.push('with')<\\/script>`);"
    page = shown.goto(body=shown.tag("writes", nonce="n"), nonce="n", writes=writes, own="ran.push('own');")
    page.evaluate("consent.acceptAll()")
    eventually(lambda: page.evaluate("ran.length"), "the script has written")  # waiting in the page would take eval

    assert page.evaluate("ran") == ["with"]


INSERT = "(src) => document.head.append(Object.assign(document.createElement('script'), { src }))"


def test_nothing_is_released_twice(shown: Shown) -> None:
    kinds: list[dict[str, str]] = [{}, {"async": ""}, {"defer": ""}, {"type": "module"}]
    names = [f"kind{number}" for number in range(len(kinds))]
    tags = "".join(shown.tag(name, **kind) for name, kind in zip(names, kinds, strict=True))
    inline = """<script type="text/plain" data-consent="audience">ran.push('inline')</script>"""
    stats = shown.site.server.host("stats")
    page = shown.goto(
        body=f"{tags}{inline}<script>({INSERT})('{stats}/made.js')</script>",
        **{name: f"ran.push('{name}');" for name in (*names, "made", "last")},
    )
    page.evaluate("consent.acceptAll()")
    page.wait_for_function("ran.length >= 6")
    page.evaluate("consent.acceptAll()")
    page.evaluate("document.querySelectorAll('script').forEach((script) => document.body.append(script))")
    page.evaluate(INSERT, f"{stats}/last.js")
    page.wait_for_function("ran.includes('last')")

    assert sorted(page.evaluate("ran")) == ["inline", *names, "last", "made"]
    assert shown.asked() == [f"/{name}.js" for name in (*names, "last", "made")]


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
