"""Pictures of a banner that nobody has been shown yet (PRF-02): layer 1 as it stands in the window, layer 2 unrolled.

Each layer is measured as it stands when its picture is taken: pictures are of what fairness was judged by.

The page, the script and what the second layer asks for are handed to the browser from memory: nothing is sent to any
network, and nothing is served before its pictures are taken.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from consent_server.browser.chromium import open_chromium
from consent_server.browser.measurement import read_layer
from consent_server.domain.errors import Unavailable
from consent_server.domain.picture import Picture
from consent_server.domain.rendering import Layer

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Route

PAGE = "https://page.invalid/"
SCRIPT = "https://banner.invalid/v1/sites/{site_key}/banner.js"
DECLARATION = "/policy.json"
LOGO = "/logo."
WAIT_MS = 15_000
TALLEST_PX = 6_000
ROOM = 1.1
"""A layer is never as high as the window: what it lacks is asked for with some to spare."""

_STILL: dict[str, Any] = {"animations": "disabled", "caret": "hide"}
_BANNER = "[data-consent-banner] dialog[open]"
_DRAWN = """() => {
  const images = [...document.querySelector('[data-consent-banner]').shadowRoot.querySelectorAll('img')];
  return Promise.all(images.map((image) => image.decode().catch(() => {})));
}"""


@dataclass(frozen=True)
class Device:
    """What a visitor looks through."""

    name: str
    width: int
    height: int
    touch: bool = False


DEVICES = (Device("phone", 390, 844, touch=True), Device("desktop", 1280, 800))


@dataclass(frozen=True)
class Scene:
    """What is to be photographed in one language: ``opens_settings`` is the button that leads to layer 2."""

    site_key: str
    language: str
    script: str
    declaration: str
    opens_settings: str
    logo: bytes | None = None


def photograph(scenes: Iterable[Scene]) -> tuple[tuple[Picture, Layer], ...]:
    """Return each layer of every scene as a picture and as measured.

    Raises ``Unavailable`` without a browser, or when no banner appears.
    """
    with open_chromium() as browser:
        from playwright.sync_api import Error  # known to be there by now

        try:
            return tuple(taken for scene in scenes for device in DEVICES for taken in _both(browser, scene, device))
        except Error as error:
            raise Unavailable(f"The banner could not be photographed: {error.message.splitlines()[0]}") from None


def _both(browser: Browser, scene: Scene, device: Device) -> Iterator[tuple[Picture, Layer]]:
    context = browser.new_context(
        viewport={"width": device.width, "height": device.height},
        has_touch=device.touch,
        locale=scene.language,
        reduced_motion="reduce",
        color_scheme="light",
    )
    try:
        page = context.new_page()
        page.set_default_timeout(WAIT_MS)
        page.route("**/*", lambda route: _answer(route, scene))
        page.goto(PAGE)
        page.locator(_BANNER).wait_for()
        page.evaluate(_DRAWN)
        measured = read_layer(page, scene.language, 1, device.name)
        yield Picture(scene.language, 1, device.name, page.screenshot(**_STILL)), measured
        settings = page.get_by_role("button", name=scene.opens_settings, exact=True)
        if not settings.count():
            return  # what the first layer lacks is for the checks to say
        settings.click()
        page.locator(f"{_BANNER}.two").wait_for()
        page.wait_for_load_state("networkidle")
        measured = read_layer(page, scene.language, 2, device.name)
        _unroll(page, device)
        yield Picture(scene.language, 2, device.name, page.locator(_BANNER).screenshot(**_STILL)), measured
    finally:
        context.close()


def _answer(route: Route, scene: Scene) -> None:
    address, script = route.request.url, SCRIPT.format(site_key=scene.site_key)
    if address == PAGE:
        route.fulfill(content_type="text/html; charset=utf-8", body=_page(scene.language, script))
    elif address == script:
        route.fulfill(content_type="text/javascript; charset=utf-8", body=scene.script)
    elif DECLARATION in address:
        headers: dict[str, Any] = {"Access-Control-Allow-Origin": "*"}
        route.fulfill(content_type="application/json; charset=utf-8", headers=headers, body=scene.declaration)
    elif LOGO in address and scene.logo:
        route.fulfill(content_type="image/webp", body=scene.logo)
    else:
        route.abort()


def _page(language: str, script: str) -> str:
    return (
        f'<!doctype html><html lang="{language}"><head><meta name="viewport" content="width=device-width">'
        f'<title>–</title><script src="{script}"></script></head><body></body></html>'
    )


def _unroll(page: Page, device: Device) -> None:
    """Make room until nothing of the second layer has to be scrolled to."""
    hidden = page.evaluate(
        """() => {
          const parts = document.querySelector('[data-consent-banner]').shadowRoot.querySelectorAll('dialog, dialog *');
          return Math.max(0, ...[...parts].map((part) => part.scrollHeight - part.clientHeight));
        }"""
    )
    if hidden:
        height = min(int((device.height + hidden) * ROOM), TALLEST_PX)
        page.set_viewport_size({"width": device.width, "height": height})
