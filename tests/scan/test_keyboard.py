"""Where the keyboard alone leads on a page with a banner, what of that is seen, and what it answers. In a real browser.

What an audit makes of it is told in ``tests/domain/test_audit_of_banners.py``.
"""

from __future__ import annotations

import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import Page

from consent_server.browser import banner_shown, keyboard
from consent_server.browser.banners import KINDS
from consent_server.domain.shown_banner import Keys
from tests.browser.page_server import Answer, PageServer
from tests.scan.sites_of_banners import ALONE, BUTTONS, COVERING, TRAP, banner

LINKS = "<a href=#>Lien</a> "
OPAQUE = """<iframe srcdoc='<button>1</button><button>2</button>'></iframe><div id=closed></div><script>
  document.getElementById('closed').attachShadow({ mode: 'closed' }).innerHTML = '<button>1</button><button>2</button>';
</script>"""
QUIET = ".quiet :focus { outline: 0 }"
"""No outline until a key was pressed, as some pages have it."""
EARLY = """
  document.body.className = 'quiet';
  addEventListener('keydown', () => { document.body.className = ''; }, { once: true });
  $('yes').focus();"""


def walked(page: Page, html: str) -> Keys:
    """Go through a page by keyboard."""
    with PageServer(lambda _asked: Answer(html)) as server:
        page.goto(server.host("shop") + "/")
        kind = next(each for each in KINDS if banner_shown.shown(page, each.seen))
        keys = keyboard.walk(page, kind)
    assert keys
    return keys


def before(start: str, html: str) -> str:
    """Put something at the page's start."""
    return html.replace("<body>", f"<body>{start}")


def marked(keys: Keys) -> dict[str, float | None]:
    return {each.answer: each.marked for each in keys.stops if each.answer}


@pytest.mark.browser
def test_every_answer_is_come_to_and_one_is_given(page: Page) -> None:
    keys = walked(page, banner())

    assert [each.label for each in keys.stops if each.inside] == [
        "Politique de cookies",
        "Tout accepter",
        "Tout refuser",
    ]
    assert (keys.whole, keys.kept, keys.missed) == (True, False, ())
    assert all(seen and seen > 3 for seen in marked(keys).values())
    assert not any(each.behind for each in keys.stops)
    assert keys.answered
    assert (keys.answered.answer, keys.answered.key) == ("refuse", "Enter")


@pytest.mark.browser
@pytest.mark.parametrize("kept", [True, False], ids=["kept", "alone on the page"])
def test_a_banner_that_keeps_the_focus_is_told_from_one_that_is_alone(kept: bool, page: Page) -> None:
    keys = walked(page, banner(script=TRAP) if kept else banner(style=COVERING, script=ALONE))

    assert (keys.whole, keys.kept) == (True, kept)


@pytest.mark.browser
def test_what_the_focus_does_not_change_is_seen_to_be_the_same(page: Page) -> None:
    quiet = "#ask button { transition: all .2s } #no:focus { outline: 0 }"
    seen = marked(walked(page, banner(style=quiet)))

    assert seen["refuse"] == 1
    assert (seen["accept"] or 0) > 3


@pytest.mark.browser
def test_a_focus_that_a_script_gave_need_not_be_seen_before_a_key_is_pressed(page: Page) -> None:
    keys = walked(page, banner(style=QUIET, script=EARLY))

    assert keys.stops[0].answer == "accept"
    assert keys.stops[0].presses == 0
    assert all(seen and seen > 3 for seen in marked(keys).values())


@pytest.mark.browser
@pytest.mark.parametrize(
    ("start", "end", "missed"),
    [(OPAQUE, "", 0), (LINKS * 100, "", 0), ("", LINKS * 100, 0), (LINKS * 100, LINKS * 100, 2)],
    ids=["frames and closed roots", "at the end", "at the start", "in the middle"],
)
def test_long_pages_are_gone_through_from_either_end(start: str, end: str, missed: int, page: Page) -> None:
    keys = walked(page, before(start, banner(after=end)))

    assert len(keys.missed) == missed
    assert keys.whole is (missed == 0)
    assert keys.presses <= 4 * keyboard.MOST_PRESSES


@pytest.mark.browser
def test_a_page_that_takes_too_long_is_not_gone_through_and_nothing_is_held_against_it(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keyboard, "MOST_SECONDS", 0.0)
    keys = walked(page, banner(script=TRAP))

    assert (keys.whole, keys.kept, keys.presses) == (False, False, 0)


@pytest.mark.browser
@pytest.mark.parametrize(
    ("attributes", "key"), [("role=button tabindex=0", ""), ("role=button", None)], ids=["deaf", "out of the order"]
)
def test_what_is_no_button_is_pressed_in_vain_or_never_come_to(attributes: str, key: str | None, page: Page) -> None:
    keys = walked(page, banner(BUTTONS.replace("button id=no", f"div id=no {attributes}")))

    assert keys.missed == (() if key is not None else (("Tout refuser", "div"),))
    assert keys.answered
    assert keys.answered.key == (key if key is not None else "Enter")


@pytest.mark.browser
def test_what_the_banner_hides_of_the_page_is_told(page: Page) -> None:
    hidden = {each.label for each in walked(page, banner(style="body { padding-bottom: 0 }")).stops if each.behind}

    assert hidden == {"Gérer mes cookies"}


@pytest.mark.parametrize(
    ("line", "least", "most"),
    [("white", 1, 1), ("#fafafa", 1, 1), ("#ccc", 1.2, 2.9), ("black", 20, 21)],
    ids=["nothing", "next to nothing", "pale", "clear"],
)
def test_the_contrast_of_what_the_focus_changes_is_measured(line: str, least: float, most: float) -> None:
    without, focused = Image.new("RGB", (200, 100), "white"), Image.new("RGB", (200, 100), "white")
    ImageDraw.Draw(focused).rectangle((48, 28, 112, 72), outline=line, width=2)

    assert least <= keyboard.mark(focused, without, (50, 30, 60, 40)) <= most


def test_what_is_drawn_around_another_control_does_not_count() -> None:
    here, there = Image.new("RGB", (200, 100), "white"), Image.new("RGB", (200, 100), "white")
    ImageDraw.Draw(there).rectangle((115, 28, 180, 72), outline="black", width=2)

    assert keyboard.mark(here, there, (50, 30, 60, 40)) > 1
    assert keyboard.mark(here, there, (50, 30, 60, 40), [(118, 30, 60, 40)]) == 1
