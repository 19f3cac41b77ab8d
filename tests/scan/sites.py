"""Small sites, each with a fault of its own or with none, and what an audit must say of it.

All of them ask with the same plain banner, which no scanner knows by name. Adding a site is one entry.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from email.utils import formatdate

from consent_server.domain.exemption import Exemption
from consent_server.domain.purpose import NECESSARY
from consent_server.domain.tracker import Service, Tracker
from tests.browser.page_server import NOT_FOUND, Answer, Asked, script

BANNER = """
<div id=ask hidden><p>Avec votre accord, nous mesurons l'audience, montrons des publicités choisies avec nos
  partenaires et affichons des contenus de tiers. Vous pouvez changer d'avis à tout moment.
  <a href=/cookies>Politique de cookies</a></p>
  <button id=yes>Tout accepter</button> <button id=no>Tout refuser</button></div>
<button id=again>Gérer mes cookies</button>
<script>
  const choice = () => (document.cookie.match(/CookieConsent=(\\w+)/) || [])[1];
  const answer = (said) => {
    document.cookie = 'CookieConsent=' + said + '; path=/; max-age=15552000';
    document.getElementById('ask').hidden = true;
    said === 'yes' ? window.agreed && agreed() : window.refused && refused();
  };
  document.getElementById('ask').hidden = Boolean(choice());
  document.getElementById('yes').onclick = () => answer('yes');
  document.getElementById('no').onclick = () => answer('no');
  document.getElementById('again').onclick = () => { document.getElementById('ask').hidden = false; };
  if (choice() === 'yes') addEventListener('load', () => window.agreed && agreed());
</script>"""

ONLY_YES = BANNER.replace("<button id=no>Tout refuser</button>", "<a id=no href='#'>Paramétrer</a>")
FORGETFUL = BANNER.replace("path=/; max-age=15552000", "path=/nowhere")
SLIDING = "document.cookie = '_ga=GA1.1.1.1; path=/; max-age=33955200';"
GA = f"document.cookie.includes('_ga=') || ({SLIDING.removesuffix(';')});"
TWO_YEARS = GA.replace("33955200", "63072000")
GA_ANSWERED = "_ga=GA1.1.2.2; Max-Age=7776000; Path=/"
FBP = "_fbp=fb.1.1.1; Path=/; Max-Age=7776000"
FOREIGN = f"{FBP}; SameSite=None; Secure"
PIXEL = Answer(b"GIF89a", "image/gif")
RED = (200, 0, 0)
COLOURED = f"<style>#ask:not([hidden]) {{ background: rgb{RED}; color: #fff; height: 200px }}</style>"
GONE = "document.cookie = '_ga=; path=/; max-age=0';"


def page(body: str = "", banner: str = BANNER, head: str = "") -> Answer:
    """Return a page of the site, with a link to its other one."""
    start = f"<!doctype html><html lang=fr><title>Site</title>{head}<body><h1>Site</h1><a href=/other>Autre</a>"
    return Answer(f"{start}{body}{banner}")


Page = Answer | Callable[[Asked], Answer]


@dataclass(frozen=True)
class Site:
    """A site: what its paths answer, which requirements fail, what the report must name, and who is behind it.

    A path may begin with the host that it is of: ``//cdn.vendor.example/a.js``. ``elsewhere`` are hosts of the world
    that are found here, ``services`` what the site's catalogue declares, ``unsure`` what must be named as unknown.
    ``other_names`` are hosts that are only another name for one of the world.
    """

    pages: dict[str, Page]
    fails: frozenset[str] = frozenset()
    named: tuple[str, ...] = ()
    who: str = ""
    files: dict[str, Page] = field(default_factory=dict)
    unsure: tuple[str, ...] = ()
    services: tuple[Service, ...] = ()
    elsewhere: tuple[str, ...] = ()
    other_names: dict[str, str] = field(default_factory=dict)

    def respond(self, asked: Asked) -> Answer:
        """Answer a request."""
        path = asked.path.partition("?")[0]
        there = f"//{asked.headers.get('host', '').partition(':')[0]}{path}"
        found = self.pages.get(there) or self.files.get(path) or self.pages.get(path)
        if path == "/other":
            found = found or self.pages.get("/")
        return (found(asked) if callable(found) else found) or NOT_FOUND


def _faulty(requirement: str, named: str | None, who: str, first: Page, **files: Page) -> Site:
    """Return a site with one fault: what must be named, and who is behind it. ``ga__js`` is ``/ga.js``."""
    paths = {f"/{name.replace('__', '.')}": answer for name, answer in files.items()}
    return Site({"/": first}, frozenset({requirement}), () if named is None else (named,), who, paths)


def _early(named: str, who: str, head: str, *elsewhere: str, **files: Page) -> Site:
    """Return a site where something comes before the answer."""
    site = _faulty("UI-01", named, who, page(head=head), **files)
    return replace(site, elsewhere=elsewhere)


def _setting(cookie: str, answer: Answer = PIXEL) -> Callable[[Asked], Answer]:
    """Return an answer that sets a cookie, unless the browser has it."""

    def answered(asked: Asked) -> Answer:
        known = f"{cookie.partition('=')[0]}=" in asked.headers.get("cookie", "")
        return answer if known else replace(answer, headers={**answer.headers, "Set-Cookie": cookie})

    return answered


def _answering(headers: dict[str, str], answer: Answer) -> Answer:
    return replace(answer, headers={**answer.headers, **headers})


def _exempt(kind: str, name: str, ground: str) -> Tracker:
    claimed = Exemption(ground, {"fr": "Le service demandé en a besoin."}, "editor")
    return Tracker(name, kind, NECESSARY, exemption=claimed)


def _once_agreed(does: str, head: str = "") -> Answer:
    """Return a page that does something from a yes on, and clears what it can at a no."""
    return page(f"<script>agreed = () => {{ {does} }}; refused = () => {{ {GONE} }}</script>", head=head)


def _sent_on(to: str) -> Answer:
    return Answer(status=302, headers={"Location": to})


def _forgotten(asked: Asked) -> Answer:
    """Set a cookie that no script can remove at ``/mark``; remove it when asked to."""
    gone = "gone" in asked.path
    return Answer(
        "", headers={"Set-Cookie": f"_fbp={'' if gone else 'fb.1.2.3'}; HttpOnly; Path=/; Max-Age={0 if gone else 600}"}
    )


_CLEARING = Answer("", headers={"Set-Cookie": "_fbp=; Path=/; Max-Age=0"})
TAG_HOST, PLAYER_HOST = "cdn.taboola.com", "player.twitch.tv"
CONSENT_MODE = "dataLayer = []; function gtag() { dataLayer.push(arguments); } gtag('consent', 'default', %s);"
DENIED = "{ad_storage: 'denied', analytics_storage: 'denied'}"
GRANTED = "gtag('consent', 'update', {analytics_storage: 'granted'})"
LOAD_TAG = f"document.body.append(Object.assign(document.createElement('script'), {{src: 'http://{TAG_HOST}/tag.js'}}))"
AT_LOAD = f"addEventListener('load', () => {LOAD_TAG})"
REGISTER = script("navigator.serviceWorker.register('/sw.js')")
SELLING = (
    Service("shop", "Shop", "Shop", NECESSARY, trackers=(_exempt("cookie", "basket", "EXM-03"),)),
    Service(
        "pay", "Pay", "Pay", NECESSARY, url_patterns=("pay.localhost/*",), exemption=Exemption("EXM-03", {}, "editor")
    ),
    Service("look", "Look", "Shop", NECESSARY, trackers=(_exempt("local_storage", "theme", "EXM-04"),)),
)

CORRECT: dict[str, Site] = {
    "correct": Site({"/": _once_agreed(GA, COLOURED)}),
    "correct-empty": Site({"/": page(banner="")}),
    "correct-exempt": Site({"/": _answering({"Set-Cookie": "PHPSESSID=0123456789abcdef"}, page(banner=""))}),
    "correct-thirteen-months": Site(
        {
            "/": _once_agreed(
                "const end = new Date(); end.setMonth(end.getMonth() + 13); document.cookie.includes('_ga=')"
                "|| (document.cookie = '_ga=GA1.1.1.1; path=/; expires=' + end.toUTCString())"
            )
        }
    ),
    "correct-short-and-renewed": Site({"/": _once_agreed(SLIDING.replace("33955200", "1800"))}),
    "correct-consent-mode": Site({"/": _once_agreed(GRANTED, f"<script>{CONSENT_MODE % DENIED}</script>")}),
    "correct-tag": Site({"/": _once_agreed(LOAD_TAG), "/tag.js": script("")}, elsewhere=(TAG_HOST,)),
    "correct-shop": Site(
        {
            "/": page(
                "<script>document.cookie = 'basket=0a1b2c3d4e5f60718293; path=/'; localStorage.theme = 'dark'</script>"
                "<img src=http://px.vendor.localhost/basket?of=0a1b2c3d4e5f60718293 alt=''>"
                "<img src=http://pay.localhost/accepted.png alt=''>"
            ),
            "//pay.localhost/accepted.png": PIXEL,
        },
        services=SELLING,
        elsewhere=("pay.localhost", "px.vendor.localhost"),
    ),
    "correct-http-only": Site(
        {
            "/": page("<script>agreed = () => fetch('/mark'); refused = () => fetch('/mark?gone')</script>"),
            "/mark": _forgotten,
        }
    ),
    "correct-own-requests": Site(
        {
            "/": page("<script src=/app.js></script><iframe src=/frame></iframe><img src=/hop alt=''>"),
            "/app.js": script("fetch('/data'); navigator.sendBeacon('/told'); new Worker('/worker.js')"),
            "/worker.js": script("fetch('/data')"),
            "/frame": Answer("<!doctype html><p>Own"),
            "/data": Answer("{}", "application/json"),
            "/told": Answer(status=204),
            "/hop": _sent_on("/dot"),
            "/dot": PIXEL,
        }
    ),
    "correct-service-worker": Site(
        {
            "/": page("<script src=/app.js></script>"),
            "/app.js": REGISTER,
            "/sw.js": script("onfetch = (asked) => asked.respondWith(fetch(asked.request)); fetch('/data')"),
            "/data": Answer("{}", "application/json"),
        }
    ),
}

EARLY: dict[str, Site] = {
    "cookie-before": _early("_ga", "/ga.js", "<script src=/ga.js></script>", ga__js=script(GA)),
    "cookie-before-by-inline-script": _early("_ga", "//cookie-before-by-inline-script.", f"<script>{GA}</script>"),
    "cookie-before-by-cookie-store": _early(
        "_ga",
        "/ga.js",
        "<script src=/ga.js></script>",
        ga__js=script("cookieStore.get('_ga').then((known) => known || cookieStore.set('_ga', 'GA1.1.1.1'))"),
    ),
    "cookie-before-by-foreign-script": _early(
        "_ga",
        "//cdn.vendor.localhost/",
        "<script src=http://cdn.vendor.localhost/ga.js></script>",
        "cdn.vendor.localhost",
        ga__js=script(GA),
    ),
    "cookie-before-by-a-tag-that-a-tag-loads": _early(
        "_ga",
        "/manager.js",
        "<script src=/manager.js></script>",
        manager__js=script("document.head.append(Object.assign(document.createElement('script'), {src: '/ga.js'}))"),
        ga__js=script(GA),
    ),
    "cookie-before-by-answer": _faulty("UI-01", "_ga", "//cookie-before-by-answer.", _setting(GA_ANSWERED, page())),
    "cookie-before-by-pixel": _early(
        "_fbp", "/hop", "<img src=/hop alt=''>", hop=_sent_on("/second"), second=_setting(FBP)
    ),
    "cookie-before-by-foreign-pixel": _early(
        "_fbp",
        "//px.vendor.localhost/",
        "<img src=http://px.vendor.localhost/p.gif alt=''>",
        "px.vendor.localhost",
        p__gif=_setting(FOREIGN),
    ),
    "cookie-before-by-redirects": _early(
        "_fbp",
        "//go.vendor.localhost/start",
        "<img src=http://go.vendor.localhost/start alt=''>",
        "go.vendor.localhost",
        "sync.partner.localhost",
        start=_sent_on("http://sync.partner.localhost/match"),
        match=_setting(FOREIGN, _sent_on("http://go.vendor.localhost/end")),
        end=PIXEL,
    ),
    "cookie-before-by-frame": _early(
        "_ga", "/widget", "<iframe src=/widget></iframe>", widget=Answer(f"<!doctype html><script>{GA}</script>")
    ),
    "cookie-before-by-foreign-frame": _early(
        "_fbp",
        "//play.vendor.localhost/",
        "<iframe src=http://play.vendor.localhost/film></iframe>",
        "play.vendor.localhost",
        film=Answer(
            f"<!doctype html><script>document.cookie.includes('_fbp=') || (document.cookie = '{FOREIGN}')</script>"
        ),
    ),
    "cookie-before-by-fetch": _early(
        "_fbp", "/app.js", "<script src=/app.js></script>", app__js=script("fetch('/collect')"), collect=_setting(FBP)
    ),
    "cookie-before-by-beacon": _early(
        "_fbp",
        "/app.js",
        "<script src=/app.js></script>",
        app__js=script("navigator.sendBeacon('/collect', 'hello')"),
        collect=_setting(FBP, Answer(status=204)),
    ),
    "cookie-before-by-worker": _early(
        "_fbp",
        "//cookie-before-by-worker.",
        "<script>new Worker('/worker.js')</script>",
        worker__js=script("fetch('/collect')"),
        collect=_setting(FBP),
    ),
    "cookie-before-by-service-worker": _early(
        "_ga",
        "/app.js",
        "<script src=/app.js></script>",
        app__js=REGISTER,
        sw__js=script("oninstall = (told) => told.waitUntil(cookieStore.set('_ga', 'GA1.1.1.1'))"),
    ),
    "cookie-before-by-what-a-service-worker-asks-for": _early(
        "_fbp",
        "/sw.js",
        "<script src=/app.js></script>",
        app__js=REGISTER,
        sw__js=script("oninstall = (told) => told.waitUntil(fetch('/collect'))"),
        collect=_setting(FBP),
    ),
    "cookie-before-on-the-second-page": Site(
        {"/": page(), "/other": page(head="<script src=/ga.js></script>"), "/ga.js": script(GA)},
        frozenset({"UI-01"}),
        ("_ga",),
        "/ga.js",
    ),
    "local-storage-before": _early(
        "_uetvid",
        "/bat.js",
        "<script src=/bat.js></script>",
        bat__js=script("localStorage.setItem('_uetvid', 'a1b2c3d4e5f6')"),
    ),
    "session-storage-before": _early(
        "hjViewportId",
        "/hotjar.js",
        "<script src=/hotjar.js></script>",
        hotjar__js=script("sessionStorage.setItem('hjViewportId', 'a1b2c3')"),
    ),
    "database-before": _early(
        "firebase-installations-database",
        "/firebase.js",
        "<script src=/firebase.js></script>",
        firebase__js=script("indexedDB.open('firebase-installations-database')"),
    ),
    "tag-before": _early(
        TAG_HOST, "//tag-before.", f"<script src=http://{TAG_HOST}/tag.js></script>", TAG_HOST, tag__js=script("")
    ),
    "frame-before": _early(
        PLAYER_HOST,
        "//frame-before.",
        f"<iframe src=http://{PLAYER_HOST}/film></iframe>",
        PLAYER_HOST,
        film=Answer("<!doctype html>"),
    ),
    "cloaked-first-party": Site(
        {
            "/": page(head="<script src=http://metrics.cloaked-first-party.localhost/tag.js></script>"),
            "/tag.js": script(""),
        },
        frozenset({"UI-01"}),
        ("metrics.cloaked-first-party.localhost (Eulerian",),
        "//cloaked-first-party.",
        elsewhere=("shop.eulerian.net",),
        other_names={"metrics.cloaked-first-party.localhost": "shop.eulerian.net"},
    ),
    "kept-id-sent-on": _early(
        "px.vendor.localhost with local storage visitor",
        "/app.js",
        "<script src=/app.js></script>",
        "px.vendor.localhost",
        app__js=script(
            "localStorage.setItem('visitor', localStorage.getItem('visitor') || crypto.randomUUID());"
            "new Image().src = 'http://px.vendor.localhost/p.gif?who=' + localStorage.getItem('visitor')"
        ),
        p__gif=PIXEL,
    ),
    "undeclared-pixel": Site(
        {
            "/": page(head="<script src=/app.js></script>"),
            "/app.js": script("new Image().src = 'http://px.vendor.localhost/p'"),
        },
        who="/app.js",
        unsure=("px.vendor.localhost",),
        elsewhere=("px.vendor.localhost",),
    ),
    "consent-mode-granted": _early(
        "ad_storage",
        "",
        f"<script>{CONSENT_MODE % DENIED.replace('denied', 'granted', 1)}</script>",
    ),
    "no-banner": Site(
        {"/": page(f"<script>{GA}</script>", banner="")}, frozenset({"UI-01", "UI-04"}), ("_ga",), "//no-banner."
    ),
}

AFTERWARDS: dict[str, Site] = {
    "refused-but-set": Site(
        {"/": page(f"<script>agreed = refused = () => {{ {GA} }}</script>")},
        frozenset({"UI-01", "WD-04"}),
        ("_ga",),
        "//refused-but-set.",
    ),
    "refused-but-set-on-the-next-page": Site(
        {"/": page(), "/other": page(f"<script>if (document.cookie.includes('CookieConsent=no')) {GA}</script>")},
        frozenset({"UI-01", "WD-04"}),
        ("_ga",),
        "/other",
    ),
    "refused-but-asked-for": Site(
        {
            "/": page(),
            "/other": page(f"<script>document.cookie.includes('CookieConsent=no') && {AT_LOAD}</script>"),
            "/tag.js": script(""),
        },
        frozenset({"UI-01", "WD-04"}),
        (TAG_HOST,),
        "/other",
        elsewhere=(TAG_HOST,),
    ),
    "refused-but-granted": _faulty(
        "UI-01",
        "analytics_storage",
        "",
        page(f"<script>refused = () => {GRANTED}</script>", head=f"<script>{CONSENT_MODE % DENIED}</script>"),
    ),
    "withdrawn-but-left": _faulty(
        "WD-04", "_ga", "//withdrawn-but-left.", page(f"<script>agreed = () => {{ {GA} }}</script>")
    ),
    "withdrawn-but-http-only": _faulty(
        "WD-04",
        "_fbp",
        "/mark",
        page("<script>agreed = () => fetch('/mark')</script>"),
        mark=_setting(f"{FBP}; HttpOnly", Answer("")),
    ),
    "withdrawn-but-kept-in-storage": _faulty(
        "WD-04",
        "_uetvid",
        "/bat.js",
        _once_agreed("import('/bat.js')"),
        bat__js=script("localStorage.setItem('_uetvid', 'a1b2c3d4e5f6')"),
    ),
    "withdrawn-but-asked-for": Site(
        {
            "/": _once_agreed("localStorage.agreed = 1"),
            "/other": page(
                f"<script>document.cookie.includes('CookieConsent=no') && localStorage.agreed&& {AT_LOAD}</script>"
            ),
            "/tag.js": script(""),
        },
        frozenset({"WD-04"}),
        (TAG_HOST,),
        "/other",
        elsewhere=(TAG_HOST,),
    ),
    "two-years": _faulty("DUR-01", "_ga", "//two-years.", _once_agreed(TWO_YEARS)),
    "two-years-by-answer": _faulty(
        "DUR-01",
        "_fbp",
        "/mark",
        page("<script>agreed = () => fetch('/mark'); refused = () => fetch('/clear')</script>"),
        mark=_setting(f"_fbp=fb.1.1.1; Path=/; Expires={formatdate(time.time() + 63_072_000, usegmt=True)}"),
        clear=_CLEARING,
    ),
    "extended": _faulty("DUR-04", "_ga", "//extended.", _once_agreed(SLIDING)),
    "extended-by-answer": _faulty(
        "DUR-04",
        "_fbp",
        "/mark",
        page("<script>agreed = () => fetch('/mark'); refused = () => fetch('/clear')</script>"),
        mark=Answer("", headers={"Set-Cookie": FBP}),
        clear=_CLEARING,
    ),
    "wrongly-exempt": Site(
        {"/": page(f"<script>{GA}</script>")},
        frozenset({"EXM-10"}),
        ("_ga",),
        "//wrongly-exempt.",
        services=(Service("own", "Mesure", "Shop", NECESSARY, trackers=(_exempt("cookie", "_ga", "EXM-05"),)),),
    ),
    "no-refusal": _faulty("UI-04", None, "", page(banner=ONLY_YES)),
    "asks-again": _faulty("KEEP-02", None, "", page(banner=FORGETFUL)),
}

SITES: dict[str, Site] = {**CORRECT, **EARLY, **AFTERWARDS}

PICTURED = "correct"
"""Of which pictures are taken: its banner is red."""

SOME = (PICTURED, "cookie-before-by-redirects", "withdrawn-but-http-only")
"""What stands for the others in every run of the tests; ``make test-scans`` tries all."""
