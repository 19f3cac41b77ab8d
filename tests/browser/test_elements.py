"""What is held keeps its place and its values, and what leads to no tracker is as it would be without us."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

from playwright.sync_api import BrowserContext, Page

from tests.browser.page_server import Answer, script
from tests.browser.shop import Shop
from tests.servers import eventually

SVG = "http://www.w3.org/2000/svg"


def _tell(shop: Shop, page: Page, text: str) -> Any:
    return page.evaluate("async () => { " + shop.fill(text) + " }")


def _accept(page: Page) -> None:
    page.evaluate("consent.acceptAll()")


READ_BACK = (
    ("new Image", "src", "{tracker}/a.gif"),
    ("new Image", "srcset", "{tracker}/a.gif 1x, /own.gif 2x"),
    ("document.createElement('iframe')", "src", "{tracker}/a.html"),
    ("document.createElement('iframe')", "srcdoc", "<img src='{tracker}/a.gif'>"),
    ("document.createElement('link')", "href", "{tracker}/a.css"),
    ("document.createElement('video')", "poster", "{tracker}/a.gif"),
    ("document.createElement('object')", "data", "{tracker}/a.html"),
    ("document.createElement('a')", "ping", "{tracker}/a"),
)


def test_a_page_reads_back_what_it_has_set(shop: Shop, context: BrowserContext) -> None:
    page = shop.visit(context, "<h1>Shop</h1>")

    for make, read, value in READ_BACK:
        found = _tell(
            shop,
            page,
            f"""const e = document.body.appendChild({make});
            const read = () => [e.{read}, e.getAttribute('{read}'), e.hasAttribute('{read}'), e.cloneNode().{read}];
            e.{read} = `{value}`;
            const property = read();
            e.removeAttribute('{read}');
            const none = [e.getAttribute('{read}'), e.hasAttribute('{read}')];
            e.setAttribute('{read.upper()}', `{value}`);
            return [property, none, read()];""",
        )
        text = shop.fill(value)
        assert found == [[text, text, True, text], [None, False], [text, text, True, text]], (make, read)
    assert shop.tracked() == []


def test_a_page_reads_back_what_it_has_set_in_svg(shop: Shop, context: BrowserContext) -> None:
    page = shop.visit(context, "<h1>Shop</h1>")

    found = _tell(
        shop,
        page,
        f"""const e = document.createElementNS('{SVG}', 'image');
        e.href.baseVal = '{{tracker}}/a.gif';
        return [e.href.baseVal, e.getAttribute('href')];""",
    )

    assert found == [shop.fill("{tracker}/a.gif")] * 2


def test_links_that_load_nothing_keep_their_address(shop: Shop, context: BrowserContext) -> None:
    page = shop.visit(
        context,
        "<link rel=canonical href='{tracker}/x'><link rel='me author' href='{tracker}/me'><a href='{tracker}/a'>a</a>"
        "<meta property=og:url content='{tracker}/x'>",
    )

    page.locator("[data-consent-action=accept-all]").wait_for()
    kept = "[...document.querySelectorAll('link, a, meta[property]')].map((e) => e.outerHTML.includes('tracker'))"
    assert page.evaluate(kept) == [True] * 4
    page.evaluate("document.querySelector('[rel=canonical]').rel = 'next'")
    assert page.evaluate(kept) == [True] * 4


def test_a_link_may_say_last_what_it_is_for(shop: Shop, context: BrowserContext) -> None:
    shop.files["/x.css"] = Answer("body { color: rgb(1, 2, 3) }", "text/css")
    page = shop.visit(context, "<h1>Shop</h1>")

    _tell(
        shop,
        page,
        """const link = document.createElement('link');
        link.rel = 'alternate';
        link.href = '{tracker}/x.css';
        document.head.append(link);
        link.relList.replace('alternate', 'stylesheet');""",
    )
    shop.settle(page)
    assert shop.tracked() == []

    _accept(page)
    page.wait_for_function("getComputedStyle(document.body).color === 'rgb(1, 2, 3)'")


STYLED = """<style>
/* don't */ @import url("{tracker}/a.css");
#p { color: rgb(1, 2, 3); background: url({tracker}/b.gif) 5px 5px no-repeat, url(/own.gif) } /* can't */
@media all { #p { border-top: 3px solid rgb(4, 5, 6) } }
</style>
<p id=p style="margin-top: 7px; list-style: square url('{tracker}/c.gif'); display: list-item">p</p>"""

LOOK = """(() => { const s = getComputedStyle(p); return [s.color, s.backgroundPosition, s.backgroundRepeat,
s.borderTop, s.marginTop, s.listStyleType, s.backgroundImage.split(', ').length]; })()"""


def test_a_style_loses_its_tracker_and_nothing_else(shop: Shop, context: BrowserContext) -> None:
    page = shop.visit(context, STYLED)
    page.locator("[data-consent-action=accept-all]").wait_for()

    look = ["rgb(1, 2, 3)", "5px 5px, 0% 0%", "no-repeat, repeat", "3px solid rgb(4, 5, 6)", "7px", "square", 2]
    assert page.evaluate(LOOK) == look
    assert "refused" not in page.evaluate("document.querySelector('style').textContent")
    assert {"/b.gif", "/c.gif"}.isdisjoint(shop.tracked())

    _accept(page)
    eventually(lambda: {"/b.gif", "/c.gif"} <= set(shop.tracked()), "the images of the style")
    assert page.evaluate(LOOK) == look
    assert "refused" not in page.evaluate(
        "[...document.styleSheets].flatMap((sheet) => [...sheet.cssRules]).map((rule) => rule.cssText).join()"
        " + p.style.cssText"
    )


def test_a_form_is_not_sent_to_a_tracker_and_keeps_its_action(shop: Shop, context: BrowserContext) -> None:
    shop.put("/thanks", "<h1>Thanks</h1>")
    page = shop.visit(
        context,
        "<form action='{tracker}/f' method=post><input name=action><input name=submit><button>Go</button></form>"
        "<form action=/thanks><button>Own</button></form>",
    )

    page.get_by_role("button", name="Go").click()
    page.evaluate("HTMLFormElement.prototype.submit.call(document.forms[0])")
    assert page.evaluate("document.forms[0].getAttribute('action')") == shop.fill("{tracker}/f")
    assert shop.tracked() == []

    page.get_by_role("button", name="Own").click()
    page.get_by_role("heading", name="Thanks").wait_for()


def test_a_page_stays_when_a_refresh_leads_to_a_tracker(shop: Shop, context: BrowserContext) -> None:
    shop.put("/next", "<h1>Next</h1>")
    shop.put("/refreshed", "<meta http-equiv=refresh content='0; url=/next'>")
    page = shop.visit(context, "<meta http-equiv=refresh content='0; url={tracker}/x'><h1>Shop</h1>")
    page.locator("[data-consent-action=accept-all]").wait_for()
    page.evaluate("document.body.append(Object.assign(document.createElement('iframe'), {src: '/refreshed'}))")
    page.frame_locator("iframe").get_by_role("heading", name="Next").wait_for()
    shop.settle(page)
    assert page.get_by_role("heading", name="Shop").is_visible()
    assert shop.tracked() == []

    page.evaluate("document.head.innerHTML += '<meta http-equiv=refresh content=\"0; url=/next\">'")
    page.get_by_role("heading", name="Next").wait_for()


def test_a_map_of_modules_serves_the_site_while_its_trackers_wait(shop: Shop, context: BrowserContext) -> None:
    shop.files["/own.js"] = script("document.documentElement.dataset.own = 'own'")
    page = shop.visit(
        context,
        """<script type="importmap">{"imports": {"own": "/own.js", "tracker": "{tracker}/m.js"}}</script>
        <script type="module">import 'own';</script>
        <script type="module">import 'tracker';</script>""",
    )
    page.wait_for_function("document.documentElement.dataset.own === 'own'")
    page.locator("[data-consent-action=accept-all]").wait_for()
    assert shop.tracked() == []

    _accept(page)
    page.wait_for_function("document.documentElement.dataset.ran === '1'")
    assert shop.tracked() == ["/m.js"]


TELLS_WHAT_ARRIVED = """<script>
let last = '';
setInterval(() => {
  const typed = document.querySelectorAll('script[type]');
  const now = `/at/${typed.length}/${typed[typed.length - 1]?.textContent.length}`;
  if (now !== last) fetch(last = now);
}, 10);
</script>"""


def test_what_arrives_in_pieces_is_judged_when_it_is_whole(shop: Shop, context: BrowserContext) -> None:
    def arrived(scripts: int, letters: int) -> Callable[[], None]:
        at = f"/at/{scripts}/{letters}"

        def wait() -> None:
            # A browser may keep a piece until the next one comes: both together must be judged as well.
            with contextlib.suppress(TimeoutError):
                eventually(lambda: any(asked.path == at for asked in shop.web.asked), at, seconds=1)

        return wait

    shop.files["/"] = Answer(
        shop.fill("<!doctype html><title>Shop</title>{tag}" + TELLS_WHAT_ARRIVED + '<script type="importmap">'),
        later=(
            (arrived(1, 0), '{"imports": {"map"'),
            (arrived(1, 18), shop.fill(': "{tracker}/m.js"}}</script><script type="module">')),
            (arrived(2, 0), "import "),
            (arrived(2, 7), '"map";</script><h1>Shop</h1>'),
        ),
    )
    page = context.new_page()
    page.goto(shop.web.host("shop"))
    page.locator("[data-consent-action=accept-all]").wait_for()
    assert shop.tracked() == []

    _accept(page)
    page.wait_for_function("document.documentElement.dataset.ran === '1'")
    assert shop.tracked() == ["/m.js"]


HOSTILE = """<form id=f><input name=parentNode><input name=localName><input name=nodeType><input name=isConnected>
<input name=firstChild><input name=childNodes><input name=ownerDocument><input name=attributes><input name=style>
<img name=body><img name=documentElement><img name=baseURI><img name=currentScript></form>"""


def test_names_that_a_page_gives_its_elements_lead_nobody_astray(shop: Shop, context: BrowserContext) -> None:
    page = shop.visit(context, HOSTILE)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))

    _tell(
        shop,
        page,
        """f.insertAdjacentHTML('beforeend', "<img src='{tracker}/a.gif'>");
        f.innerHTML += "<iframe src='{tracker}/a.html'></iframe>";
        f.append(new DOMParser().parseFromString("<img src='{tracker}/b.gif'>", 'text/html').images[0]);
        const clone = f.cloneNode(true);
        f.replaceWith(clone);
        clone.setAttribute('style', 'background: url({tracker}/c.gif)');""",
    )
    shop.settle(page)
    assert shop.tracked() == []
    assert errors == []

    _accept(page)
    expected = {"/a.gif", "/b.gif", "/a.html", "/c.gif"}
    eventually(lambda: expected <= set(shop.tracked()), "what was held")


def test_a_wrong_call_fails_as_it_would(shop: Shop, context: BrowserContext) -> None:
    page = shop.visit(context, "<p id=p></p>")

    for call in (
        "p.setAttribute()",
        "p.append(Symbol())",
        "p.appendChild(null)",
        "p.insertAdjacentHTML('nowhere', '{tracker}')",
        "p.setAttributeNode(1)",
        "p.attributes.setNamedItem({})",
        "Element.prototype.setAttribute.call({}, 'src', '{tracker}')",
        "Object.getOwnPropertyDescriptor(HTMLImageElement.prototype, 'src').set.call({}, '{tracker}')",
        "document.importNode(null)",
        "new FontFace()",
        "document.createRange().insertNode(null)",
    ):
        names = _tell(shop, page, f"try {{ {call} }} catch (error) {{ return error.name }} return null")
        assert names in ("TypeError", "SyntaxError"), call
    assert _tell(shop, page, "return [p.append(), p.replaceChildren(), p.append(undefined, 1), p.textContent]") == [
        None,
        None,
        None,
        "undefined1",
    ]


def test_a_path_of_the_site_may_be_a_trackers(shop: Shop, context: BrowserContext) -> None:
    """Counted at home: no host gives it away."""
    page = shop.visit(
        context,
        """<div id=d></div><img src="/tracker/a.gif"><script>
        d.innerHTML = '<img src="/tracker/b.gif"><iframe src="tracker/c.html"></iframe><img src="/own.gif">';
        </script>""",
    )
    page.locator("[data-consent-action=accept-all]").wait_for()

    def own() -> set[str]:
        return {asked.path for asked in shop.web.asked if asked.host == "shop"}

    eventually(lambda: "/own.gif" in own(), "the site's own image")
    assert not any("/tracker/" in path for path in own() if path != "/tracker/a.gif")

    _accept(page)
    eventually(lambda: {"/tracker/b.gif", "/tracker/c.html"} <= own(), "what was held")
