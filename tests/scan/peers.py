"""Pages that ask with somebody else's banner, as its package comes and as its own documentation puts it on a page.

Each has one tracker, which waits for a yes in the banner's own way, and one service alone. Adding a page is one entry.
The packages are those that the benchmark has locked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.browser.page_server import NOT_FOUND, Answer, Asked, script

PACKAGES = Path(__file__).resolve().parents[2] / "benchmarks" / "banner" / "node_modules"
TYPES = {".js": "text/javascript", ".css": "text/css"}
TRACKER = script("document.cookie = '_ga=GA1.1.1.1; path=/; max-age=7776000'")


@dataclass(frozen=True)
class Peer:
    """A page with a peer's banner: ``files`` are paths and the package's own files."""

    name: str
    head: str
    files: Mapping[str, str]
    first_layer_refuses: bool = True

    def respond(self, asked: Asked) -> Answer:
        """Answer a request."""
        path = asked.path.partition("?")[0]
        if path == "/":
            start = f"<!doctype html><html lang=en><meta charset=utf-8><title>Site</title>{self.head}"
            return Answer(f"{start}<body><h1>Site</h1><p>{'Text. ' * 50}</p>")
        if path == "/tracker.js":
            return TRACKER
        file = self.files.get(path)
        return Answer(_packaged(file), TYPES[Path(file).suffix]) if file else NOT_FOUND


def _packaged(path: str) -> bytes:
    file = PACKAGES / path
    if not file.exists():
        raise FileNotFoundError(f"{path} is not installed: run “npm ci --ignore-scripts” in benchmarks/banner.")
    return file.read_bytes()


def _vanilla(first_layer: str, second_layer: str = "acceptNecessaryBtn: 'Reject all',") -> str:
    return f"""
<link rel=stylesheet href=/banner.css>
<script type=module>
  import '/banner.js';
  const all = {{ acceptAllBtn: 'Accept all' }};
  const consentModal = {{ ...all, title: 'Cookies', description: 'May we?', {first_layer} showPreferencesBtn: 'More' }};
  const sections = [{{ title: 'Audience', description: 'Counts.', linkedCategory: 'audience' }}];
  const preferencesModal = {{ ...all, title: 'Choices', {second_layer} savePreferencesBtn: 'Save', sections }};
  CookieConsent.run({{
    categories: {{
      necessary: {{ enabled: true, readOnly: true }},
      audience: {{ autoClear: {{ cookies: [{{ name: '_ga' }}] }} }},
    }},
    language: {{ default: 'en', translations: {{ en: {{ consentModal, preferencesModal }} }} }},
  }});
</script>
<script type=text/plain data-category=audience src=/tracker.js></script>"""


def _klaro(options: str) -> str:
    return f"""
<script>
  var klaroConfig = {{
    acceptAll: true, lang: 'en', {options}
    translations: {{ en: {{ privacyPolicyUrl: '/', purposes: {{ audience: {{ title: 'Audience' }} }} }} }},
    services: [{{ name: 'counter', title: 'Counter', purposes: ['audience'], cookies: ['_ga'] }}],
  }};
</script>
<script defer src=/banner.js></script>
<script type=text/plain data-type=application/javascript data-name=counter data-src=/tracker.js></script>"""


def _tarteaucitron(options: str) -> str:
    return f"""
<script src=/tarteaucitron/tarteaucitron.js></script>
<script>
  tarteaucitron.init({{
    privacyUrl: '', orientation: 'bottom', showAlertSmall: false, cookieslist: false, adblocker: false, {options}
    highPrivacy: true, handleBrowserDNTRequest: false, removeCredit: true, showIcon: true, iconPosition: 'BottomRight',
  }});
  tarteaucitron.services.counter = {{
    key: 'counter', type: 'analytic', name: 'Counter', needConsent: true, cookies: ['_ga'], uri: '/',
    js() {{ tarteaucitron.addScript('/tracker.js'); }},
  }};
  (tarteaucitron.job = tarteaucitron.job || []).push('counter');
</script>"""


_OF_VANILLA = {
    "/banner.css": "vanilla-cookieconsent/dist/cookieconsent.css",
    "/banner.js": "vanilla-cookieconsent/dist/cookieconsent.umd.js",
}
_OF_KLARO = {"/banner.js": "klaro/dist/klaro.js"}
_OF_TARTEAUCITRON = {
    f"/tarteaucitron/{path}": f"tarteaucitronjs/{path}"
    for path in (
        "tarteaucitron.js",
        "tarteaucitron.services.js",
        "css/tarteaucitron.css",
        "lang/tarteaucitron.en.js",
        "lang/tarteaucitron.fr.js",
    )
}
_ONE_CLICK = "acceptNecessaryBtn: 'Reject all',"

PEERS: dict[str, Peer] = {
    "vanilla-cookieconsent": Peer("vanilla-cookieconsent", _vanilla(_ONE_CLICK), _OF_VANILLA),
    "klaro": Peer("Klaro", _klaro(""), _OF_KLARO),
    "tarteaucitron": Peer("tarteaucitron", _tarteaucitron("DenyAllCta: true, AcceptAllCta: true,"), _OF_TARTEAUCITRON),
    "vanilla-cookieconsent, refused on its second layer": Peer(
        "vanilla-cookieconsent", _vanilla(""), _OF_VANILLA, first_layer_refuses=False
    ),
    "vanilla-cookieconsent, refused by its switches": Peer(
        "vanilla-cookieconsent", _vanilla("", ""), _OF_VANILLA, first_layer_refuses=False
    ),
    "klaro, refused by its switches": Peer(
        "Klaro", _klaro("hideDeclineAll: true, default: true,"), _OF_KLARO, first_layer_refuses=False
    ),
    "tarteaucitron, refused in its panel": Peer(
        "tarteaucitron",
        _tarteaucitron("DenyAllCta: false, AcceptAllCta: true,"),
        _OF_TARTEAUCITRON,
        first_layer_refuses=False,
    ),
}
