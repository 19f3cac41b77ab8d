"""The way of a first owner in a real browser: link, second factor, out and in again, an invitation, a token."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pyotp
import pytest
from playwright.sync_api import Browser, Page, expect

from consent_server.services import clock, managing_people
from consent_server.services.linking import read_linker
from consent_server.storage.database import db
from tests.admin_server import AdminServer, violations
from tests.browsers import WAIT_MS

pytestmark = pytest.mark.browser

Stranger = Callable[[], Page]


@pytest.fixture
def stranger(served: AdminServer, chromium: Browser) -> Iterator[Stranger]:
    """Give the page of somebody French who is not signed in."""
    contexts = []

    def come() -> Page:
        contexts.append(served.stranger(chromium))
        return contexts[-1].new_page()

    expect.set_options(timeout=WAIT_MS)
    yield come
    for context in contexts:
        context.close()


PASSWORD = "plusieurs mots qui riment"


def _press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def test_from_the_first_link_to_a_second_person(served: AdminServer, stranger: Stranger) -> None:
    with served.app.app_context():
        linker = read_linker(served.app.extensions["settings"])
        link = managing_people.make_first_link(db.session(), linker, clock.now())
    assert link
    page = stranger()

    page.goto("/admin/link/" + link.rpartition("/")[2])
    assert violations(page) == []
    page.get_by_label("Votre organisation").fill("Example SAS")
    page.get_by_label("Adresse e-mail").fill("moi@example.fr")
    page.get_by_label("Votre nom").fill("La direction")
    page.get_by_label("Nouveau mot de passe").fill(PASSWORD)
    _press(page, "Continuer")
    expect(page).to_have_url(re.compile("/admin/sites/"))

    page.get_by_role("link", name="La direction").click()
    page.get_by_role("link", name="Ajouter un second facteur").click()
    expect(page.get_by_role("img")).to_have_js_property("complete", True)
    assert page.get_by_role("img").evaluate("image => image.naturalWidth") > 0
    totp = pyotp.TOTP(page.locator("main code").inner_text().replace(" ", ""))
    page.get_by_label("Code affiché par l’application").fill(totp.now())
    page.get_by_label("Votre mot de passe").fill(PASSWORD)
    _press(page, "Ajouter le second facteur")
    codes = page.locator("main pre").inner_text().split()
    assert len(codes) == 10
    assert violations(page) == []
    _press(page, "Se déconnecter")

    page.get_by_label("Adresse e-mail").fill("moi@example.fr")
    page.get_by_label("Mot de passe").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/admin/sign-in/code"))
    page.get_by_label("Code").fill("000000")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_be_visible()
    assert violations(page) == []
    page.get_by_label("Code").fill(codes[0])
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/admin/sites/"))

    page.get_by_role("link", name="Personnes").click()
    page.get_by_label("Adresse e-mail").fill("autre@example.fr")
    _press(page, "Inviter")
    invitation = page.locator("main pre").inner_text()
    assert violations(page) == []

    page.get_by_role("link", name="Jetons").click()
    page.get_by_label("Utilité").fill("Export de nuit")
    _press(page, "Créer un jeton")
    assert page.locator("main pre").first.inner_text().startswith("consent_")
    assert violations(page) == []

    guest = stranger()
    guest.goto("/admin/link/" + invitation.rpartition("/")[2])
    assert violations(guest) == []
    guest.get_by_label("Nouveau mot de passe").fill(PASSWORD)
    _press(guest, "Continuer")
    expect(guest.get_by_role("link", name="autre@example.fr")).to_be_visible()
    expect(guest.get_by_role("link", name="Personnes")).to_have_count(0)

    page.get_by_role("link", name="Activité").click()
    expect(page.get_by_role("cell", name="Personne invitée")).to_be_visible()
    expect(page.get_by_role("cell", name="Jeton créé")).to_be_visible()
