"""Small sites, each with a fault of its own or with none, and what an audit must say of it.

All of them ask with the same plain banner, which no scanner knows by name. Adding a site is one entry.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from consent_server.domain.tracker import Service
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
GA = "document.cookie = '_ga=GA1.1.1.1; path=/; max-age=33955200';"
TWO_YEARS = GA.replace("33955200", "63072000")
GONE = "document.cookie = '_ga=; path=/; max-age=0';"


def page(body: str = "", banner: str = BANNER, head: str = "") -> Answer:
    """Return a page of the site, with a link to its other one."""
    start = f"<!doctype html><html lang=fr><title>Site</title>{head}<body><h1>Site</h1><a href=/other>Autre</a>"
    return Answer(f"{start}{body}{banner}")


@dataclass(frozen=True)
class Site:
    """A site: what its paths answer, which requirements fail, what the report must name, and who is behind it.

    A path may begin with the host that it is of: ``//cdn.vendor.example/a.js``. ``elsewhere`` are hosts of the world
    that are found here, ``services`` what the site's catalogue declares, ``unsure`` what must be named as unknown.
    """

    pages: dict[str, Answer | Callable[[Asked], Answer]]
    fails: frozenset[str] = frozenset()
    named: tuple[str, ...] = ()
    who: str = ""
    files: dict[str, Answer] = field(default_factory=dict)
    unsure: tuple[str, ...] = ()
    services: tuple[Service, ...] = ()
    elsewhere: tuple[str, ...] = ()

    def respond(self, asked: Asked) -> Answer:
        """Answer a request."""
        path = asked.path.partition("?")[0]
        there = f"//{asked.headers.get('host', '').partition(':')[0]}{path}"
        found = self.pages.get(there) or self.files.get(path) or self.pages.get(path)
        if path == "/other":
            found = found or self.pages.get("/")
        return (found(asked) if callable(found) else found) or NOT_FOUND


def _faulty(requirement: str, named: str | None, who: str, first: Answer, **files: Answer) -> Site:
    paths = {f"/{name.replace('__', '.')}": answer for name, answer in files.items()}
    return Site({"/": first}, frozenset({requirement}), () if named is None else (named,), who, paths)


def _answering(headers: dict[str, str]) -> Answer:
    return Answer(page().body, headers=headers)


SITES: dict[str, Site] = {
    "correct": Site({"/": page(f"<script>agreed = () => {{ {GA} }}; refused = () => {{ {GONE} }}</script>")}),
    "correct-empty": Site({"/": page(banner="")}),
    "correct-exempt": Site({"/": Answer(page(banner="").body, headers={"Set-Cookie": "PHPSESSID=0123456789abcdef"})}),
    "cookie-before": _faulty("UI-01", "_ga", "/ga.js", page(head="<script src=/ga.js></script>"), ga__js=script(GA)),
    "cookie-before-by-answer": _faulty(
        "UI-01", "_ga", "http://", _answering({"Set-Cookie": "_ga=GA1.1.2.2; Max-Age=7776000; Path=/"})
    ),
    "cookie-before-by-pixel": _faulty(
        "UI-01",
        "_fbp",
        "/second",
        page("<img src=/hop alt=''>"),
        hop=Answer(status=302, headers={"Location": "/second"}),
        second=Answer(b"GIF89a", "image/gif", headers={"Set-Cookie": "_fbp=fb.1.1.1; Max-Age=7776000"}),
    ),
    "cookie-before-on-the-second-page": Site(
        {"/": page(), "/other": page(head="<script src=/ga.js></script>")},
        frozenset({"UI-01"}),
        ("_ga",),
        "/ga.js",
        {"/ga.js": script(GA)},
    ),
    "session-storage-before": _faulty(
        "UI-01",
        "hjViewportId",
        "/hotjar.js",
        page(head="<script src=/hotjar.js></script>"),
        hotjar__js=script("sessionStorage.setItem('hjViewportId', 'a1b2c3')"),
    ),
    "consent-mode-granted": _faulty(
        "UI-01",
        "ad_storage",
        "",
        page(
            head="<script>dataLayer = []; function gtag() { dataLayer.push(arguments); }"
            "gtag('consent', 'default', {ad_storage: 'granted', analytics_storage: 'denied'})</script>"
        ),
    ),
    "refused-but-set": Site(
        {"/": page(f"<script>agreed = refused = () => {{ {GA} }}</script>")},
        frozenset({"UI-01", "WD-04"}),
        ("_ga",),
        "//refused-but-set.",
    ),
    "refused-but-set-on-the-next-page": Site(
        {
            "/": page(),
            "/other": page(f"<script>if (document.cookie.includes('CookieConsent=no')) {GA}</script>"),
        },
        frozenset({"UI-01", "WD-04"}),
        ("_ga",),
        "/other",
    ),
    "withdrawn-but-left": _faulty("WD-04", "_ga", "", page(f"<script>agreed = () => {{ {GA} }}</script>")),
    "withdrawn-but-http-only": _faulty(
        "WD-04",
        "_fbp",
        "/mark",
        page("<script>agreed = () => fetch('/mark')</script>"),
        mark=Answer("", headers={"Set-Cookie": "_fbp=fb.1.2.3; HttpOnly; Max-Age=7776000; Path=/"}),
    ),
    "two-years": _faulty(
        "DUR-01",
        "_ga",
        "",
        page(f"<script>agreed = () => {{ {TWO_YEARS} }}; refused = () => {{ {GONE} }}</script>"),
    ),
    "no-refusal": _faulty("UI-04", None, "", page(banner=ONLY_YES)),
    "no-banner": Site({"/": page(f"<script>{GA}</script>", banner="")}, frozenset({"UI-01", "UI-04"}), ("_ga",)),
    "asks-again": _faulty("KEEP-02", None, "", page(banner=FORGETFUL)),
}

SOME = ("correct", "cookie-before-by-pixel", "withdrawn-but-http-only")
"""What stands for the others in every run of the tests; ``make test-scans`` tries all."""
