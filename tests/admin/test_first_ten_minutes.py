"""From nothing to the first answer, in French, never leaving the browser: with a mouse, by keyboard alone, on a phone.

The server is started as an operator starts it; the site is another web server, whose page is what its owner pastes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.admin_server import DESKTOP, PHONE, tab_to
from tests.browser.page_server import NOT_FOUND, Answer, PageServer
from tests.browsers import FRENCH, WAIT_MS
from tests.servers import ConsentServer, eventually

pytestmark = pytest.mark.browser

FIRST_LINK = re.compile(r"^First owner +(http\S+)$", re.MULTILINE)


class Person:
    """Somebody at a browser, who points and clicks."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def fill(self, label: str, text: str) -> None:
        self.page.get_by_label(label, exact=True).fill(text)

    def press(self, name: str) -> None:
        self._use(self.page.get_by_role("button", name=name))

    def follow(self, name: str) -> None:
        self._use(self.page.get_by_role("link", name=name))

    def tick(self, name: str) -> None:
        self._use(self.page.get_by_role("checkbox", name=name))

    def _use(self, target: Locator) -> None:
        target.first.click()


class Typist(Person):
    """Somebody who has a keyboard and nothing else."""

    def fill(self, label: str, text: str) -> None:
        target = self.page.get_by_label(label, exact=True)
        self._reach(target)
        self.page.keyboard.press("Control+A")
        self.page.keyboard.type(text)

    def _use(self, target: Locator) -> None:
        self._reach(target.first)
        self.page.keyboard.press("Space" if target.first.get_attribute("type") == "checkbox" else "Enter")

    def _reach(self, target: Locator) -> None:
        expect(target).to_be_visible()
        tab_to(self.page, target)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ConsentServer]:
    with ConsentServer(tmp_path, "run", CONSENT_SEQUENCER_INTERVAL="0.2") as started:
        yield started


@pytest.fixture
def shop() -> Iterator[tuple[PageServer, dict[str, Answer]]]:
    pages = {"/": Answer("<!doctype html><html lang=fr><head><title>Boutique</title></head><h1>Boutique</h1></html>")}
    with PageServer(lambda asked: pages.get(asked.path, NOT_FOUND)) as web:
        yield web, pages


@pytest.mark.parametrize(
    ("kind", "viewport"), [(Person, DESKTOP), (Typist, DESKTOP), (Person, PHONE)], ids=["mouse", "keyboard", "phone"]
)
def test_a_person_without_training_sees_the_first_answer_arrive(
    kind: type[Person],
    viewport: dict[str, int],
    server: ConsentServer,
    shop: tuple[PageServer, dict[str, Answer]],
    chromium: Browser,
) -> None:
    web, pages = shop
    origin = web.host("boutique")
    context = chromium.new_context(viewport=viewport, **FRENCH)  # type: ignore[arg-type]  # locale and time zone
    page = context.new_page()
    page.set_default_timeout(3 * WAIT_MS)
    person = kind(page)

    # 1. The link that the server prints makes the owner.
    found = FIRST_LINK.search(server.output())
    assert found, server.output()
    page.goto(found[1])
    person.fill("Votre organisation", "Boutique SAS")
    person.fill("Adresse e-mail", "camille@boutique.example")
    person.fill("Votre nom", "Camille")
    person.fill("Nouveau mot de passe", "quatre chevaux dans la brume")
    person.press("Continuer")

    # 2. A site, its services from the library.
    expect(page.get_by_role("heading", level=1)).to_have_text("Sites")
    person.follow("Ajouter un site")
    person.fill("Nom du site", "Boutique")
    person.fill("Adresse", origin)
    person.fill("Responsable du traitement", "Boutique SAS")
    person.press("Ajouter le site")
    person.fill("Nom d’un service, d’une société ou d’un cookie", "analytics")
    person.press("Chercher")
    person.tick("Google Analytics")
    person.press("Ajouter ce qui est coché")

    # 3. Publish, and paste the lines.
    person.follow("Vue d’ensemble")
    person.follow("Publier pour la première fois")
    expect(page.get_by_text("Google Analytics est ajouté, pour la finalité Mesure de fréquentation.")).to_be_visible()
    person.press("Publier la configuration 1")
    expect(page.get_by_text("La configuration 1 est en ligne.")).to_be_visible()
    person.press(f"La chercher sur {origin}")
    expect(page.get_by_text("La balise n’est pas sur")).to_be_visible()
    lines = unescape(page.locator("pre").first.inner_text())
    pages["/"] = Answer(pages["/"].body.replace("<head>", f"<head>{lines}"))
    person.press(f"La chercher sur {origin}")
    expect(page.get_by_text("là où il faut")).to_be_visible()

    # 4. A visitor answers, and it arrives.
    visitor = chromium.new_context(**FRENCH)  # type: ignore[arg-type]
    visit = visitor.new_page()
    visit.goto(origin)
    visit.locator("[data-consent-action=refuse-all]").click()
    receipt = visit.wait_for_function("window.consent.receipt()?.record_id").json_value()
    person.follow("Preuves")
    page.wait_for_url("**/proofs/")

    def arrived() -> bool:
        page.reload()
        return page.get_by_text(receipt).count() > 0

    eventually(arrived, "the record is found in the admin")
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
    visitor.close()
    context.close()
