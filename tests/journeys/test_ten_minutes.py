"""The measure of the admin: from an empty database to the first answer, by somebody who was never told how.

Once with the mouse, once by keyboard alone, once on a phone. Nothing is done here but what a person does.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import pytest
from playwright.sync_api import Browser, Page, expect

from consent_server.services import clock, managing_people
from consent_server.services.linking import read_linker
from consent_server.storage.database import db
from tests.admin_server import AdminServer, admin_server
from tests.browser.page_server import Answer, PageServer
from tests.servers import eventually

MINUTES = 10
PASSWORD = "quatre mots sans aucun rapport"


class Hand(Protocol):
    """How a person reaches what they see, by its name."""

    page: Page

    def write(self, name: str, text: str) -> None: ...
    def mark(self, name: str) -> None: ...
    def press(self, name: str) -> None: ...


class Mouse:
    """Points and clicks."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def write(self, name: str, text: str) -> None:
        self.page.get_by_label(name, exact=True).fill(text)

    def mark(self, name: str) -> None:
        self.page.get_by_role("checkbox", name=re.compile(f"^{re.escape(name)}")).check()

    def press(self, name: str) -> None:
        found = self.page.get_by_role("button", name=name).or_(self.page.get_by_role("link", name=name))
        with self.page.expect_navigation():
            found.first.click()


NAME = """() => {
  const it = document.activeElement;
  const label = it.labels && it.labels[0];
  const said = it.getAttribute('aria-label') || (label || it).textContent;
  return said.trim().replace(/\\s+/g, ' ');
}"""


class Keyboard:
    """Never touches the mouse: Tab, letters, Space, Enter."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def write(self, name: str, text: str) -> None:
        self._go_to(name)
        self.page.keyboard.type(text)

    def mark(self, name: str) -> None:
        self._go_to(name)
        self.page.keyboard.press("Space")

    def press(self, name: str) -> None:
        self._go_to(name)
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")

    def _go_to(self, name: str) -> None:
        for _ in range(150):
            self.page.keyboard.press("Tab")
            if self.page.evaluate(NAME).startswith(name):
                return
        raise AssertionError(f"“{name}” is not reached by keyboard")


@pytest.mark.parametrize(
    ("way", "size"),
    [(Mouse, (1280, 900)), (Keyboard, (1280, 900)), (Mouse, (360, 740))],
    ids=["mouse", "keyboard", "phone"],
)
def test_from_an_empty_database_to_the_first_answer(
    way: Callable[[Page], Hand],
    size: tuple[int, int],
    chromium: Browser,
    tmp_path: Path,
    tell_figure: Callable[[str], None],
) -> None:
    tags: list[str] = []
    with admin_server(tmp_path) as server, PageServer(lambda _asked: Answer(_shop(tags))) as shop:
        began = time.monotonic()
        context = chromium.new_context(
            base_url=server.url, locale="fr-FR", viewport={"width": size[0], "height": size[1]}
        )
        context.set_default_timeout(60_000)
        hand = way(context.new_page())
        _become_owner(hand, server)
        _add_site(hand, shop.host("boutique"))
        _fill_catalogue(hand)
        tags.append(_publish(hand))
        _answer(context.new_page(), shop.host("boutique"))
        _see_answer(hand)
        context.close()
    seconds = time.monotonic() - began
    tell_figure(f"from an empty database to the first answer, {way.__name__}, {size[0]} px: {seconds:.0f} s")
    assert seconds < MINUTES * 60


def _shop(tags: list[str]) -> str:
    return f"<!doctype html><html lang=fr><head>{''.join(tags)}<title>Boutique</title></head><body><h1>Boutique</h1>"


def _become_owner(hand: Hand, server: AdminServer) -> None:
    with server.app.app_context():
        linker = read_linker(server.app.extensions["settings"])
        link = managing_people.make_first_link(db.session(), linker, clock.now())
    assert link
    hand.page.goto(f"/admin/link/{link.rpartition('/')[2]}")
    hand.write("Votre organisation", "Boutique SAS")
    hand.write("Adresse e-mail", "ada@example.org")
    hand.write("Votre nom", "Ada")
    hand.write("Nouveau mot de passe", PASSWORD)
    hand.press("Continuer")


def _add_site(hand: Hand, address: str) -> None:
    hand.press("Ajouter un site")
    hand.write("Nom du site", "Boutique")
    hand.write("Adresse", address)
    hand.write("Responsable du traitement", "Boutique SAS")
    hand.press("Ajouter le site")


def _fill_catalogue(hand: Hand) -> None:
    hand.page.get_by_text("Le site est créé.").wait_for()
    hand.write("Nom d’un service, d’une société ou d’un cookie", "google analytics")
    hand.press("Chercher")
    hand.page.wait_for_url("**search=*")
    hand.mark("Google Analytics")
    hand.press("Ajouter ce qui est coché")
    hand.page.get_by_text("1 entrée ajoutée.").wait_for()


def _publish(hand: Hand) -> str:
    hand.press("Voir ce qui sera publié")
    hand.page.wait_for_url("**/configurations/next")
    hand.press("Publier la configuration 1")
    hand.page.get_by_role("heading", name="Lignes à coller").wait_for()
    return hand.page.locator("pre").first.inner_text()


def _answer(page: Page, address: str) -> None:
    page.goto(address)
    with page.expect_response(re.compile("/consents$")) as kept:
        page.locator("[data-consent-action=accept-all]").click()
    assert kept.value.status == 201


def _see_answer(hand: Hand) -> None:
    hand.press("Réponses")
    hand.page.wait_for_url("**/answers/**")

    def arrived() -> bool:
        hand.page.reload()
        return hand.page.get_by_text("1 réponse").count() > 0

    eventually(arrived, "the first answer in the admin")
    expect(hand.page.locator("main")).to_contain_text("1 réponse")
