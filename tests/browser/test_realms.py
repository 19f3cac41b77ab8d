"""Frames and windows of the page's origin are guarded as the page is; those with our tag look after themselves."""

from __future__ import annotations

from playwright.sync_api import BrowserContext, Page

from tests.browser.shop import Shop
from tests.servers import eventually

KEEPS = "<script>document.cookie = '_t1=1; path=/; max-age=999'; localStorage._t1 = 1</script>"
COOKIE_SETTER = (
    "Object.getOwnPropertyDescriptor({window}.Document.prototype, 'cookie').set.call(document, '_t1=1; path=/')"
)


def _kept(page: Page) -> list[str]:
    return sorted(cookie["name"] for cookie in page.context.cookies() if cookie["name"] != "eu-consent")


def test_a_page_of_the_site_in_a_frame_does_not_ask_again_and_hears_the_answer(
    shop: Shop, context: BrowserContext
) -> None:
    shop.put("/inner", "<!doctype html>{tag}" + KEEPS)
    page = shop.visit(context, "<iframe src=/inner></iframe>")
    page.locator("[data-consent-action=accept-all]").wait_for()
    inner = page.frames[1]

    assert inner.locator("[data-consent-banner]").count() == 0
    assert inner.evaluate("consent.get().answered") is False
    assert _kept(page) == []

    page.locator("[data-consent-action=accept-all]").click()
    eventually(lambda: _kept(page) == ["_t1"], "what the frame wanted to keep")
    assert inner.evaluate("[consent.has('audience'), localStorage._t1]") == [True, "1"]


def test_a_window_with_the_banner_looks_after_itself(shop: Shop, context: BrowserContext) -> None:
    shop.put("/inner", "<!doctype html>{tag}<body>" + KEEPS)
    page = shop.visit(context, "<h1>Shop</h1>")
    with page.expect_popup() as opened:
        page.evaluate("window.popup = open('/inner'); popup.document.cookie")
    popup = opened.value
    popup.locator("[data-consent-action=accept-all]").wait_for()
    assert _kept(page) == []

    # The page that opened it hears of the answer a moment later, and must not hold back what was granted.
    popup.evaluate("consent.acceptAll()")
    assert "_t1=1" in popup.evaluate("document.cookie")
    assert popup.evaluate("localStorage._t1") == "1"


def test_a_page_of_the_site_without_the_banner_is_guarded_in_a_frame(shop: Shop, context: BrowserContext) -> None:
    shop.put(
        "/inner", "<!doctype html>" + KEEPS + "<script>fetch('{tracker}/x').catch(() => document.title = 'no')</script>"
    )
    page = shop.visit(context, "<iframe src=/inner></iframe>")
    page.locator("[data-consent-action=accept-all]").wait_for()
    eventually(lambda: page.frames[1].title() == "no", "the request of the frame fails")

    assert _kept(page) == []
    assert shop.tracked() == []


def test_nobody_else_can_send_the_guards_away(shop: Shop, context: BrowserContext) -> None:
    page = shop.visit(context, "<iframe></iframe>")
    page.locator("[data-consent-action=accept-all]").wait_for()

    page.evaluate("frames[0].dispatchEvent(new Event('consent:hello'))")
    page.evaluate("frames[0].eval(\"dispatchEvent(new Event('consent:hello'))\")")
    page.evaluate(COOKIE_SETTER.format(window="frames[0]"))
    assert _kept(page) == []


def test_a_frame_that_takes_the_place_of_another_gives_no_clean_copies(shop: Shop, context: BrowserContext) -> None:
    page = shop.visit(context, "<div id=place><iframe></iframe></div>")
    page.locator("[data-consent-action=accept-all]").wait_for()

    page.evaluate(
        "place.innerHTML = '<iframe></iframe>'; " + COOKIE_SETTER.format(window="place.firstChild.contentWindow")
    )
    page.evaluate("place.innerHTML = '<iframe></iframe>'")
    page.evaluate(COOKIE_SETTER.format(window="frames[0]"))
    assert _kept(page) == []


def test_what_is_written_into_a_frame_waits_and_is_released(shop: Shop, context: BrowserContext) -> None:
    page = shop.visit(
        context,
        """<script>
        const frame = document.body.appendChild(document.createElement('iframe'));
        frame.contentDocument.write('<p>own</p><script src="{tracker}/x"><\\/script>');
        frame.contentDocument.close();
        </script>""",
    )
    page.locator("[data-consent-action=accept-all]").wait_for()
    assert page.frames[1].locator("p").inner_text() == "own"
    assert shop.tracked() == []

    page.locator("[data-consent-action=accept-all]").click()
    eventually(lambda: shop.tracked() == ["/x"], "the script in the frame")


def test_functions_of_a_frame_are_its_own(shop: Shop, context: BrowserContext) -> None:
    page = shop.visit(context, "<iframe></iframe>")

    assert page.evaluate("frames[0].fetch !== fetch && frames[0].Document.prototype !== Document.prototype")
    assert page.evaluate("frames[0].eval('new Image') instanceof frames[0].Image")
    assert page.evaluate("String(frames[0].fetch)") == "function () { [native code] }"
    assert page.evaluate("frames[0].localStorage.setItem('own', '1'); localStorage.own") == "1"
