"""A visitor of a demo site as a test sees one: from outside, by what is on the device and what vendors were asked."""

from __future__ import annotations

import dataclasses
import json
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Collection
from functools import cached_property
from typing import Any, NamedTuple

from playwright.sync_api import BrowserContext, Locator, Page

from consent_server.domain import name_pattern
from consent_server.domain.lifetime import MAX_LIFETIME_SECONDS
from consent_server.domain.url_pattern import parse_url_pattern
from tests.servers import ConsentServer, eventually

SITES = ("ubiq", "aquao", "imope", "iabako", "alterce")

PAGES = {
    "ubiq": ("", "bureaux", "espace", "confidentialite"),
    "aquao": ("", "agences", "services", "confidentialite"),
    "imope": ("", "observatoire", "contact", "confidentialite"),
    "iabako": ("", "tarifs?lang=fr", "newsletter", "paiement", "confidentialite"),
    "alterce": ("", "avantages", "aide", "confidentialite"),
}

OURS = "eu-consent"
KEPT_KINDS = ("cookie", "local_storage", "session_storage", "indexed_db")
SLACK_SECONDS = 5
QUIET_SECONDS = 0.3

READ_DEVICE = """async () => [
  ...Object.keys(localStorage).map((name) => ['local_storage', name]),
  ...Object.keys(sessionStorage).map((name) => ['session_storage', name]),
  ...(await indexedDB.databases()).map(({ name }) => ['indexed_db', name]),
  ...(await caches.keys()).map((name) => ['cache', name]),
]"""


class Kept(NamedTuple):
    """One thing found on the device."""

    kind: str
    name: str


@dataclasses.dataclass(frozen=True)
class Declared:
    """The configuration that a site has published, read as a visitor's browser could."""

    document: dict[str, Any]

    @cached_property
    def trackers(self) -> list[dict[str, Any]]:
        return [{**t, "service": s["id"]} for s in self.document["services"] for t in s["trackers"]]

    @property
    def asked(self) -> list[str]:
        return [purpose["id"] for purpose in self.document["purposes"] if not purpose["exempt"]]

    def owner(self, kept: Kept) -> dict[str, Any] | None:
        """Give the declared tracker that this is, the most specific one."""
        found = [t for t in self.trackers if t["kind"] == kept.kind and name_pattern.matches(t["name"], kept.name)]
        return max(found, key=lambda t: name_pattern.specificity(t["name"]), default=None)

    def allowed(self, kept: Kept, granted: Collection[str]) -> bool:
        """Tell whether it may be on the device after a yes to these purposes alone."""
        if kept.name.startswith(OURS):
            return True
        tracker = self.owner(kept)
        return tracker is not None and (tracker["exemption"] is not None or tracker["purpose"] in granted)

    def expected(self, granted: Collection[str]) -> set[tuple[str, str]]:
        """Give kind and name pattern of every declared tracker that must be there after a yes to these purposes."""
        services = {service["id"]: service for service in self.document["services"]}
        return {
            (tracker["kind"], tracker["name"])
            for tracker in self.trackers
            if tracker["kind"] in KEPT_KINDS and tracker["domain"] == "site" and not tracker["exemption"]
            # What a service writes for another purpose needs that service to run, too.
            if tracker["purpose"] in granted and services[tracker["service"]]["purpose"] in granted
        }

    def may_be_asked(self, host: str, path: str, granted: Collection[str]) -> bool:
        """Tell whether this address may be requested after a yes to these purposes alone."""
        url = f"http://{host}.localhost{path}"
        for service in self.document["services"]:
            if service["exempt"] or service["purpose"] in granted:
                patterns = map(parse_url_pattern, service["url_patterns"])
                if any(p.matches(url) or p.path.partition("?")[0] == path for p in patterns if p.host in url):
                    return True
        return False


class Visitor:
    """One browser profile on one site."""

    def __init__(self, server: ConsentServer, key: str, context: BrowserContext, page: Page | None = None) -> None:
        self.server = server
        self.key = key
        self.context = context
        self.page = page or context.new_page()
        forget_requests(server)

    @cached_property
    def declared(self) -> Declared:
        return Declared(fetch_json(f"{self.server.url}/v1/sites/{self.key}/config"))

    def goto(self, path: str = "") -> None:
        """Open a page and wait until it asks for nothing any more."""
        self.page.goto(f"{self.server.host(self.key)}/{path}")
        self.settle()

    def settle(self) -> None:
        """Wait until vendors have not been asked for anything during a moment: the deliberate wait for nothing."""
        deadline = time.monotonic() + 10
        before, since = -1, time.monotonic()
        while time.monotonic() - since < QUIET_SECONDS and time.monotonic() < deadline:
            count = sum(row["count"] for row in requests_of(self.server))
            if count != before:
                before, since = count, time.monotonic()
            self.page.wait_for_timeout(50)

    def browse(self) -> None:
        """Open every page of the site, scrolling each to its end."""
        for path in PAGES[self.key]:
            self.goto(path)
            self.page.evaluate("scrollTo(0, document.body.scrollHeight)")
        self.settle()

    def action(self, name: str) -> Locator:
        return self.page.locator(f"[data-consent-banner] [data-consent-action={name}]")

    def switch(self, purpose: str) -> Locator:
        return self.page.locator(f"[data-consent-banner] [data-consent-purpose={purpose}]")

    def press(self, name: str) -> None:
        self.action(name).click()

    def answer(self, *names: str) -> None:
        """Press these one after the other, and wait until the answer is kept and the layer gone."""
        for name in names:
            self.press(name)
        self.action("open").wait_for()
        self.settle()

    def choose(self, *purposes: str) -> None:
        """Open the second layer, switch these purposes on and every other one off, save."""
        self.press("customize" if self.action("customize").is_visible() else "open")
        for purpose in self.declared.asked:
            self.switch(purpose).set_checked(purpose in purposes)
        self.answer("save")

    def withdraw(self) -> None:
        """Take everything back with the control that floats over every page; the page loads anew by itself."""
        self.press("open")
        with self.page.expect_navigation(wait_until="load"):
            self.press("withdraw")
        self.action("open").wait_for()
        self.settle()

    def cookies(self) -> list[dict[str, Any]]:
        """Give the site's cookies from the browser's jar, those out of reach of scripts included."""
        return [dict(cookie) for cookie in self.context.cookies(self.server.host(self.key))]

    def device(self) -> set[Kept]:
        """Give what the browser keeps for this site, and every cookie of anybody else."""
        cookies = {Kept("cookie", cookie["name"]) for cookie in self.context.cookies()}
        return cookies | {Kept(kind, name) for kind, name in self.page.evaluate(READ_DEVICE)}

    def requests(self) -> list[dict[str, Any]]:
        """Give what this site asked of vendors since they were last told to forget."""
        return [row for row in requests_of(self.server) if row["site"] in (self.key, "")]

    def forget_requests(self) -> None:
        forget_requests(self.server)

    def saved(self) -> dict[str, Any] | None:
        """Give the choice as the cookie of ours says it."""
        for cookie in self.cookies():
            if cookie["name"] == OURS:
                found: dict[str, Any] = json.loads(urllib.parse.unquote(cookie["value"]))
                return found
        return None

    def records(self) -> list[dict[str, Any]]:
        """Give the receipts that the server holds for this visitor, oldest first."""
        saved = self.saved()
        return receipts(self.server, self.key, saved["id"]) if saved else []

    def wait_for_records(self, count: int) -> list[dict[str, Any]]:
        eventually(lambda: len(self.records()) >= count, f"{count} records", seconds=15)
        return self.records()

    def assert_only(self, *granted: str) -> None:
        """Fail unless device and vendors hold nothing but what is exempt or of these purposes."""
        surplus = {kept for kept in self.device() if not self.declared.allowed(kept, granted)}
        assert surplus == set(), f"on the device: {sorted(surplus)}"
        asked = [r for r in self.requests() if not self.declared.may_be_asked(r["host"], r["path"], granted)]
        assert asked == [], f"asked of vendors: {asked}"

    def assert_all_of(self, *granted: str) -> None:
        """Fail unless every declared tracker of these purposes has appeared, and nothing else."""
        wanted = self.declared.expected(granted)
        eventually(lambda: not wanted - self._appeared(), f"{wanted - self._appeared()}", seconds=10)
        self.assert_only(*granted)

    def _appeared(self) -> set[tuple[str, str]]:
        owners = [(kept, self.declared.owner(kept)) for kept in self.device()]
        return {(kept.kind, owner["name"]) for kept, owner in owners if owner}

    def assert_capped(self) -> None:
        """Fail when the browser would keep a cookie of this site longer than 393 days (DUR-01)."""
        longest = time.time() + MAX_LIFETIME_SECONDS + SLACK_SECONDS
        assert [cookie for cookie in self.cookies() if cookie["expires"] > longest] == []


def fetch_json(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=10) as answer:
        return json.load(answer)


def receipts(server: ConsentServer, key: str, consent_id: str) -> list[dict[str, Any]]:
    """Give a visitor's receipts as the server answers them; none when it knows no such visitor."""
    try:
        answer = fetch_json(f"{server.url}/v1/sites/{key}/consents/{consent_id}")
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == 404:
            return []
        raise
    found: list[dict[str, Any]] = answer["receipts"] if isinstance(answer, dict) else answer
    return found


def requests_of(server: ConsentServer) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = fetch_json(f"{server.url}/demo/requests.json")["requests"]
    return found


def forget_requests(server: ConsentServer) -> None:
    request = urllib.request.Request(f"{server.url}/demo/requests/reset", method="POST")
    urllib.request.urlopen(request, timeout=10).close()
