"""What an audit concludes from a banner as it was seen: only what nobody can doubt fails."""

from __future__ import annotations

from dataclasses import replace

import pytest

from consent_server.domain.audit import FAILS, HOLDS, UNDECIDED, audit
from consent_server.domain.classification import Classifier
from consent_server.domain.library import Library
from consent_server.domain.scan import (
    ACCEPTED,
    BEFORE,
    UNANSWERED,
    Origin,
    Pass,
    Scan,
    SeenBanner,
    SeenCookie,
    scan_from_json,
)
from consent_server.domain.shown_banner import (
    ACCEPT,
    ESCAPE,
    REFUSE,
    SETTINGS,
    WAITING,
    Answered,
    Button,
    Deed,
    Keys,
    Layer,
    ShownBanner,
    Stop,
    Switch,
)
from consent_server.storage.library import load_library

SITE = "www.shop.example"
PAGE = f"https://{SITE}/"
GA = SeenCookie("_ga", SITE, "/", 20, 3_600, False, False, "Lax", False, "number", Origin(), PAGE)
OTHER = replace(GA, name="unheard_of")


@pytest.fixture(scope="module")
def library() -> Library:
    return load_library()


def button(answer: str, label: str, **changes: object) -> Button:
    """Give a button like the others."""
    same = Button(
        answer, label, label, "button", "", 10, 10, 150, 44, 16, 600, "#ffffff", "#14418b", "#ffffff", "", 1, False,
        False, "", False,
    )  # fmt: skip
    return replace(same, **changes)  # type: ignore[arg-type]


def layer(*buttons: Button, **changes: object) -> Layer:
    """Give a layer that lies over no page."""
    text = "Avec votre accord, nous mesurons l’audience. Vous pouvez changer d’avis à tout moment."
    links = ("Politique de cookies https://www.shop.example/cookies",)
    return replace(
        Layer(1280, 800, text, "fr", "dialog", "Vos cookies", False, buttons, (), links),
        **changes,  # type: ignore[arg-type]
    )


YES, NO = button(ACCEPT, "Tout accepter"), button(REFUSE, "Tout refuser")
FAIR = ShownBanner(layer(YES, NO), layer(YES, NO, width=320, height=640), at_once=("Avec votre accord",))


def judged(library: Library, shown: ShownBanner | None, *cookies: SeenCookie) -> dict[str, str]:
    """Give the verdict of each check of a banner, of a site that sets _ga after a yes."""
    seen = SeenBanner("Klaro", True, True, answered=False, shown=shown)
    passes = (
        Pass(BEFORE, (PAGE,), replace(seen, shown=None)),
        Pass(ACCEPTED, (PAGE,), replace(seen, shown=None, answered=True), (GA,)),
        Pass(UNANSWERED, (PAGE,), seen, cookies),
    )
    at = "2026-11-22T10:00:00.000Z"
    scan = Scan(PAGE, at, at, "consent-server/0.1.0", passes)
    assert scan_from_json(scan.to_json()) == scan
    found = audit(scan, Classifier(library, SITE), library)
    return {f"{each.check} {each.requirement}": each.verdict for each in reversed(found)}


def refusing(library: Library, **changes: object) -> str:
    return judged(library, ShownBanner(layer(YES, replace(NO, **changes))))["CHK-5 UI-04"]  # type: ignore[arg-type]


def test_a_fair_banner_holds_and_of_none_nothing_is_said(library: Library) -> None:
    held = judged(library, FAIR)
    assert {held[each] for each in ("CHK-5 UI-04", "CHK-6 UI-13", "WALL WALL-01")} == {HOLDS}
    assert not {"CHK-5 UI-04", "CHK-5 UI-07", "CHK-6 UI-13", "WALL WALL-01"} & judged(library, None).keys()


@pytest.mark.parametrize(
    "changes",
    [
        {"hidden": "is transparent"},
        {"inline": True, "tag": "a"},
        {"colour": "#cccccc", "background": "#ffffff"},
        {"width": 60, "height": 20},
        {"font_px": 12},
    ],
    ids=["hidden", "in a sentence", "pale", "small", "small text"],
)
def test_a_refusal_that_nobody_sees_as_well_fails(library: Library, changes: dict[str, object]) -> None:
    assert refusing(library, **changes) == FAILS


@pytest.mark.parametrize(
    "changes",
    [{"background": "#ffffff", "colour": "#14418b"}, {"font_weight": 400}, {"tag": "a"}],
    ids=["not filled", "not bold", "a link"],
)
def test_a_refusal_that_looks_another_way_is_left_to_a_person(library: Library, changes: dict[str, object]) -> None:
    assert refusing(library, **changes) == UNDECIDED


def test_a_refusal_off_a_narrow_window_fails(library: Library) -> None:
    narrow = layer(YES, replace(NO, hidden="is outside the window"), width=320)
    assert judged(library, replace(FAIR, narrow=narrow))["CHK-5 UI-04"] == FAILS


@pytest.mark.parametrize(
    ("switch", "verdict"),
    [
        (Switch("Audience", False, False), HOLDS),
        (Switch("Audience", True, False), FAILS),
        (Switch("Audience", True, True), HOLDS),
        (Switch("Cookies nécessaires", True, False), HOLDS),
        (Switch("Audience (intérêt légitime)", True, False), UNDECIDED),
        (Switch("", True, False), UNDECIDED),
    ],
    ids=["off", "on", "fixed", "needed", "claimed", "nameless"],
)
def test_what_is_agreed_to_in_advance_fails(library: Library, switch: Switch, verdict: str) -> None:
    assert judged(library, replace(FAIR, second=layer(switches=(switch,))))["CHK-5 UI-07"] == verdict


def test_two_banners_at_once_fail(library: Library) -> None:
    assert judged(library, replace(FAIR, at_once=("One", "Another")))["CHK-6 UI-13"] == FAILS


@pytest.mark.parametrize(
    ("buttons", "verdict"),
    [
        ((YES,), FAILS),
        ((YES, NO), HOLDS),
        ((YES, button(SETTINGS, "Paramétrer")), UNDECIDED),
        ((YES, button("", "S’abonner pour 2 €")), UNDECIDED),
    ],
    ids=["only yes", "no", "settings", "pay"],
)
def test_a_page_that_only_a_yes_opens_fails(library: Library, buttons: tuple[Button, ...], verdict: str) -> None:
    assert judged(library, ShownBanner(layer(*buttons, covers=True)))["WALL WALL-01"] == verdict


@pytest.mark.parametrize(
    ("deed", "cookies", "verdict"),
    [
        (Deed(WAITING, False, ()), (), HOLDS),
        (Deed(ESCAPE, True, (("cookie", "_ga"),)), (GA,), FAILS),
        (Deed(ESCAPE, True, ()), (), HOLDS),
        (Deed(ESCAPE, True, (("cookie", "unheard_of"),)), (OTHER,), UNDECIDED),
        (Deed(ESCAPE, True, (("consent mode", "ad_storage: update granted"),)), (), FAILS),
    ],
    ids=["stays", "taken for a yes", "only closed", "unknown came", "granted"],
)
def test_what_is_no_answer_is_no_yes(
    library: Library, deed: Deed, cookies: tuple[SeenCookie, ...], verdict: str
) -> None:
    assert judged(library, replace(FAIR, deeds=(deed,)), *cookies)["CHK-1 UI-01"] == verdict


@pytest.mark.parametrize(
    ("text", "requirement", "verdict"),
    [
        ("Nous et vous : les cookies de la maison sont pour vous, à tout moment.", "CHK-6 UI-02", FAILS),
        ("Brot und Spiele, jederzeit.", "CHK-6 UI-02", UNDECIDED),
        ("We would like to count the visits of our pages with your consent.", "WD WD-03", FAILS),
        ("Brot und Spiele.", "WD WD-03", UNDECIDED),
        ("We would like to count the visits of our pages; withdraw at any time.", "WD WD-03", HOLDS),
        ("We would like to count the visits of our pages with your consent.", "A11Y A11Y-15", FAILS),
    ],
    ids=["no purpose", "no purpose read", "no way back", "no way back read", "a way back", "another language"],
)
def test_words_are_held_against_a_banner_only_where_they_can_be_read(
    library: Library, text: str, requirement: str, verdict: str
) -> None:
    assert judged(library, ShownBanner(layer(YES, NO, text=text)))[requirement] == verdict


@pytest.mark.parametrize(
    ("changes", "requirement"),
    [
        ({"width": 20, "height": 12, "x": 150}, "A11Y A11Y-06"),
        ({"colour": "#999999", "background": "#ffffff"}, "A11Y A11Y-07"),
        ({"tag": "div"}, "A11Y A11Y-12"),
        ({"named": ""}, "A11Y A11Y-12"),
        ({"label": "Refuser les finalités non essentielles"}, "CHK-5 UI-12"),
    ],
    ids=["small", "pale", "no button", "nameless", "a riddle"],
)
def test_an_answer_that_not_everybody_can_give_fails(
    library: Library, changes: dict[str, object], requirement: str
) -> None:
    changed = replace(NO, **changes)  # type: ignore[arg-type]
    assert judged(library, FAIR)[requirement] == HOLDS
    assert judged(library, ShownBanner(layer(YES, changed)))[requirement] == FAILS


def test_a_contrast_on_a_picture_is_unknown_and_what_a_narrow_window_loses_fails(library: Library) -> None:
    on_picture = layer(YES, replace(NO, colour="", background=""))
    lost = layer(YES, replace(NO, hidden="is outside the window", lost=True), width=320)

    assert judged(library, ShownBanner(on_picture))["A11Y A11Y-07"] == UNDECIDED
    assert judged(library, replace(FAIR, narrow=lost))["A11Y A11Y-10"] == FAILS


@pytest.mark.parametrize(
    ("doors", "verdict"), [((PAGE, f"{PAGE}other"), HOLDS), ((PAGE,), FAILS), ((), None)], ids=["all", "one", "none"]
)
def test_a_way_back_that_some_pages_lack_fails(library: Library, doors: tuple[str, ...], verdict: str | None) -> None:
    accepted = Pass(ACCEPTED, (PAGE, f"{PAGE}other"), SeenBanner("Klaro", True, True), doors=doors)
    at = "2026-11-22T10:00:00.000Z"
    scan = Scan(PAGE, at, at, "consent-server/0.1.0", (accepted,))
    found = audit(scan, Classifier(library, SITE), library)

    assert scan_from_json(scan.to_json()) == scan
    assert [v.verdict for v in found if v.requirement == "WD-01" and v.verdict != UNDECIDED] == (
        [verdict] if verdict else []
    )


BESIDE = Stop("", "Autre page", "a", 1, False, True, "", False, None)
ON_YES = Stop(ACCEPT, "Tout accepter", "button", 2, True, True, "", False, 8.0)
ON_NO = replace(ON_YES, answer=REFUSE, label="Tout refuser", presses=3)
KEYS = Keys((BESIDE, ON_YES, ON_NO), (), 5, True, False, False, Answered(REFUSE, "Tout refuser", "button", "Enter"))
DEAF = Answered(REFUSE, "Tout refuser", "div", "")


def by_keys(library: Library, keys: Keys | None, **changes: object) -> dict[str, str]:
    """Give the verdicts on what somebody with a keyboard alone came to."""
    found = judged(library, replace(FAIR, keys=keys, wide=layer(YES, NO, **changes)))
    return {each.removeprefix("A11Y A11Y-"): found[each] for each in found if "A11Y-01" <= each[-7:] <= "A11Y-05"}


def test_a_banner_that_the_keyboard_answers_holds_and_of_none_that_was_tried_nothing_can_be_told(
    library: Library,
) -> None:
    assert set(by_keys(library, KEYS).values()) == {HOLDS}
    assert set(by_keys(library, None).values()) == {UNDECIDED}
    assert not any(each[-7:] == "A11Y-01" for each in judged(library, None))


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({"missed": (("Tout refuser", "div"),)}, FAILS),
        ({"missed": (("Tout refuser", "div"),), "whole": False}, UNDECIDED),
        ({"answered": DEAF}, FAILS),
        ({"answered": replace(DEAF, tag="button")}, UNDECIDED),
        ({"answered": replace(DEAF, key="Space")}, HOLDS),
        ({"answered": None}, UNDECIDED),
    ],
    ids=["never", "not seen whole", "deaf", "a button stays", "space", "left"],
)
def test_an_answer_that_no_key_gives_fails(library: Library, changes: dict[str, object], verdict: str) -> None:
    assert by_keys(library, replace(KEYS, **changes))["01"] == verdict  # type: ignore[arg-type]


def test_a_banner_keeps_the_focus_only_where_it_has_the_page_to_itself(library: Library) -> None:
    kept = replace(KEYS, kept=True)

    assert by_keys(library, kept)["02"] == FAILS
    assert by_keys(library, replace(kept, modal=True))["02"] == UNDECIDED
    assert by_keys(library, kept, covers=True)["02"] == HOLDS


def test_the_focus_goes_to_nothing_behind_a_banner_that_covers_the_page(library: Library) -> None:
    behind = replace(KEYS, stops=(replace(BESIDE, hidden="lies under div#ask"), ON_YES, ON_NO))

    assert by_keys(library, behind, covers=True)["03"] == FAILS
    assert by_keys(library, behind)["03"] == HOLDS
    assert by_keys(library, KEYS, covers=True)["03"] == HOLDS


def test_what_of_the_page_has_the_focus_is_not_wholly_under_the_banner(library: Library) -> None:
    partly = replace(KEYS, stops=(replace(BESIDE, hidden="lies under div#ask"), ON_YES, ON_NO))
    wholly = replace(KEYS, stops=(replace(BESIDE, hidden="lies under div#ask", behind=True), ON_YES, ON_NO))

    assert by_keys(library, partly)["05"] == HOLDS
    assert by_keys(library, wholly)["05"] == FAILS


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({"marked": 1.0}, FAILS),
        ({"marked": 1.4}, UNDECIDED),
        ({"marked": 3.1}, HOLDS),
        ({"marked": None}, UNDECIDED),
        ({"marked": 1.0, "hidden": "is transparent"}, HOLDS),
        ({"marked": 1.0, "operable": False, "answer": ""}, HOLDS),
    ],
    ids=["no", "hardly", "yes", "unknown", "not seen at all", "nothing to press"],
)
def test_a_focus_that_nobody_sees_fails(library: Library, changes: dict[str, object], verdict: str) -> None:
    stops = (BESIDE, ON_YES, replace(ON_NO, **changes))  # type: ignore[arg-type]
    assert by_keys(library, replace(KEYS, stops=stops))["04"] == verdict
