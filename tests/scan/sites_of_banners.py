"""Small sites whose banner has a fault of its own, or none, and what an audit must say of each.

All are one good banner with something changed in it; it measures the audience after a yes. Adding a site is one entry.
"""

from __future__ import annotations

from dataclasses import dataclass

from tests.browser.page_server import NOT_FOUND, Answer, Asked
from tests.scan.sites import GA, GONE

STYLE = """
  body { padding-bottom: 14em }
  #ask { position: fixed; bottom: 0; left: 0; right: 0; padding: 1em; background: #fff; color: #222;
    font: 16px sans-serif }
  #ask button { min-height: 44px; padding: 0 1em; font: 16px sans-serif; color: #fff; background: #14418b; border: 0 }
"""
WORDS = """<p>Avec votre accord, nous mesurons l’audience du site. Vous pouvez changer d’avis à tout moment.
  <a href=/politique>Politique de cookies</a></p>"""
BUTTONS = "<button id=yes>Tout accepter</button> <button id=no>Tout refuser</button>"
MORE = "<button id=more>Personnaliser mes choix</button>"
SECOND = """
<div id=second role=dialog aria-label="Mes choix" hidden>
  <label><input type=checkbox id=needed checked disabled> Nécessaires au fonctionnement</label>
  <label><input type=checkbox id=audience> Mesure de fréquentation</label>
  <button id=save>Enregistrer mes choix</button></div>"""
SCRIPT = """
  const $ = (id) => document.getElementById(id);
  const choice = () => (document.cookie.match(/CookieConsent=(\\w+)/) || [])[1];
  const agreed = () => { AGREED }, refused = () => { REFUSED };
  const hide = () => { $('ask').hidden = true; $('second') && ($('second').hidden = true); };
  const answer = (said) => {
    document.cookie = 'CookieConsent=' + said + '; path=/; max-age=15552000';
    hide();
    said === 'yes' ? agreed() : refused();
  };
  const press = (id, act) => $(id) && ($(id).onclick = (event) => { event.preventDefault(); act(); });
  $('ask').hidden = Boolean(choice());
  press('yes', () => answer('yes'));
  press('no', () => answer('no'));
  press('more', () => { $('ask').hidden = true; $('second').hidden = false; });
  press('save', () => answer($('audience').checked ? 'yes' : 'no'));
  press('again', () => { $('ask').hidden = false; });
  if (choice() === 'yes') addEventListener('load', agreed);
""".replace("AGREED", GA).replace("REFUSED", GONE)
DOOR = "<p><button id=again>Gérer mes cookies</button></p>"
COVERING = "#ask { inset: 0; background: #eee }"
ALONE = "for (const e of document.body.children) e.inert = !$('ask').hidden && e !== $('ask');"
"""What keeps the focus from the page behind a banner that covers it; run again once it is answered."""
DIV = "#ask [role=button] { display: inline-block; padding: .8em 1em; color: #fff; background: #14418b }"
TRAP = """
  $('ask').addEventListener('keydown', (event) => {
    if (event.key !== 'Tab') return;
    const all = [...$('ask').querySelectorAll('a, button')];
    event.preventDefault();
    all[(all.indexOf(document.activeElement) + (event.shiftKey ? all.length - 1 : 1)) % all.length].focus();
  });"""


@dataclass(frozen=True)
class BannerSite:
    """A site with a banner: which requirements fail, and what the report must name; ``unsure`` cannot be told."""

    html: str
    fails: frozenset[str] = frozenset()
    named: str = ""
    unsure: frozenset[str] = frozenset()

    other: str = ""

    def respond(self, asked: Asked) -> Answer:
        """Answer a request: every page of it asks, the second one perhaps otherwise."""
        html = (asked.path == "/other" and self.other) or self.html
        return Answer(html) if asked.path in {"/", "/other"} else NOT_FOUND


def banner(
    buttons: str = BUTTONS,
    style: str = "",
    script: str = "",
    words: str = WORDS,
    after: str = DOOR,
    attributes: str = "role=dialog aria-label='Vos cookies'",
    lang: str = "fr",
) -> str:
    """Return a page of the site with the good banner, changed."""
    return (
        f"<!doctype html><html lang={lang}><meta name=viewport content='width=device-width'><title>Boutique</title>"
        f"<style>{STYLE}{style}</style><body><h1>Boutique</h1><a href=/other>Autre page</a>"
        f"<p style='height: 1500px'>Un long texte sur nos articles, que chacun peut lire.</p>"
        f"<div id=ask {attributes} hidden>{words}{buttons}</div>{after}<script>{SCRIPT}{script}</script>"
    )


def faulty(requirement: str, named: str, html: str, *also: str, unsure: tuple[str, ...] = ()) -> BannerSite:
    """Return a site that one requirement fails of, and those that follow from it."""
    return BannerSite(html, frozenset({requirement, *also}), named, frozenset(unsure))


def on(event: str, act: str) -> str:
    """Return a script that answers when something happens that is no answer."""
    return f"addEventListener('{event}', (event) => {{ if (!choice()) {{ {act} }} }});"


SITES: dict[str, BannerSite] = {
    "fair": BannerSite(banner()),
    "fair-with-second-layer": BannerSite(banner(BUTTONS + MORE, after=SECOND + DOOR)),
    "fair-and-modal": BannerSite(
        banner(style=COVERING, script=f"const alone = () => {{ {ALONE} }}; alone(); addEventListener('click', alone);")
    ),
    "fair-and-closed-by-escape": BannerSite(banner(script=on("keydown", "event.key === 'Escape' && hide()"))),
    "refusal-not-there": faulty("UI-04", "", banner("<button id=yes>Tout accepter</button>")),
    "refusal-on-the-second-layer": faulty(
        "UI-04",
        "",
        banner(
            "<button id=yes>Tout accepter</button>" + MORE,
            after=SECOND.replace("<button id=save>", "<button id=no>Tout refuser</button><button id=save>") + DOOR,
        ),
    ),
    "refusal-transparent": faulty("UI-04", "is transparent", banner(style="#no { opacity: 0 }")),
    "refusal-off-screen": faulty(
        "UI-04", "outside the window", banner(style="#no { position: absolute; left: -99em }")
    ),
    "refusal-under-a-picture": faulty(
        "UI-04",
        "lies under",
        banner(
            BUTTONS + "<i id=over></i>",
            "#over { position: absolute; right: 0; bottom: 0; width: 70%; height: 60% }"
            "#no { position: absolute; right: 2em }",
        ),
    ),
    "refusal-off-screen-on-a-phone": faulty(
        "UI-04",
        "window of 320",
        banner(style="@media (max-width: 600px) { #no { position: relative; left: 30em } }"),
        "A11Y-10",
    ),
    "refusal-as-a-pale-link": faulty(
        "UI-04",
        "contrast",
        banner(
            "<button id=yes>Tout accepter</button> <a id=no href=#>Continuer sans accepter</a>",
            "#no { color: #bbb; font-size: 13px }",
        ),
        "A11Y-07",
    ),
    "refusal-in-a-sentence": faulty(
        "UI-04",
        "in a sentence",
        banner(
            "<p>Les cookies nous aident. Vous pouvez aussi <a id=no href=#>refuser</a> quand vous voulez.</p>"
            "<button id=yes>Tout accepter</button>"
        ),
    ),
    "agreed-in-advance": faulty(
        "UI-07",
        "Mesure de fréquentation",
        banner(BUTTONS + MORE, after=SECOND.replace("id=audience", "id=audience checked") + DOOR),
    ),
    "agreed-in-advance-on-the-first-layer": faulty(
        "UI-07", "Audience", banner("<label><input type=checkbox checked> Audience</label>" + BUTTONS)
    ),
    "two-banners": faulty(
        "UI-13",
        "Nous utilisons",
        banner(
            after="<div style='position: fixed; top: 0; background: #fff'><p>Nous utilisons des cookies."
            "</p><button>J’accepte</button> <button>Je refuse</button></div>" + DOOR
        ),
        "KEEP-02",
        "WD-04",
    ),
    "wall": faulty("WALL-01", "", banner("<button id=yes>Tout accepter</button>", COVERING), "UI-04", "A11Y-03"),
    "scroll-is-yes": faulty("UI-01", "_ga", banner(script=on("scroll", "answer('yes')"))),
    "click-elsewhere-is-yes": faulty(
        "UI-01", "_ga", banner(script=on("click", "$('ask').contains(event.target) || answer('yes')"))
    ),
    "escape-is-yes": faulty("UI-01", "_ga", banner(script=on("keydown", "event.key === 'Escape' && answer('yes')"))),
    "silence-is-yes": faulty("UI-01", "_ga", banner(script="setTimeout(() => choice() || answer('yes'), 2500);")),
}

SITES |= {
    "purpose-not-named": faulty(
        "UI-02",
        "_ga",
        banner(words="<p>Nous utilisons des cookies pour vous. Vous pouvez changer d’avis à tout moment.</p>"),
    ),
    "withdrawal-not-told": faulty(
        "WD-03",
        "the first layer",
        banner(words="<p>Avec votre accord, nous mesurons l’audience du site pour vous.</p>"),
    ),
    "way-back-on-one-page": BannerSite(banner(), frozenset({"WD-01"}), "no way back", other=banner(after="")),
    "dialog-without-a-name": faulty("A11Y-12", "has no name", banner(attributes="role=dialog")),
    "answers-too-small": faulty(
        "A11Y-06",
        "Tout refuser",
        banner(style="#ask button { min-height: 0; height: 14px; font-size: 10px; margin: 0; display: block }"),
    ),
    "text-too-pale": faulty("A11Y-07", "Tout accepter", banner(style="#ask button { color: #777; background: #ccc }")),
    "another-language": faulty("A11Y-15", "declared", banner(lang="en")),
}

KEYED = "$('no').onkeydown = (event) => { if (event.key === ' ') { event.preventDefault(); $('no').click(); } };"
REPLACED = "#ask button:focus { outline: 0 } #ask button:focus-visible { box-shadow: inset 0 0 0 4px #fc0 }"

SITES |= {
    "fair-with-a-div-that-hears-keys": BannerSite(
        banner(BUTTONS.replace("button id=no", "div id=no role=button tabindex=0"), DIV, KEYED)
    ),
    "fair-with-a-focus-of-its-own": BannerSite(banner(style=REPLACED)),
    "refusal-without-focus": faulty(
        "A11Y-01", "“Tout refuser” (div)", banner(BUTTONS.replace("button id=no", "div id=no role=button"), DIV)
    ),
    "refusal-taken-out-of-the-order": faulty(
        "A11Y-01", "“Tout refuser” (button)", banner(BUTTONS.replace("id=no", "id=no tabindex=-1"))
    ),
    "refusal-deaf-to-keys": faulty(
        "A11Y-01",
        "neither Enter nor Space",
        banner(BUTTONS.replace("button id=no", "div id=no role=button tabindex=0"), DIV),
    ),
    "focus-not-shown": faulty("A11Y-04", "“Tout refuser” looks the same", banner(style="#no:focus { outline: 0 }")),
    "focus-kept-in": faulty("A11Y-02", "“Tout accepter”, “Tout refuser”", banner(script=TRAP)),
    "focus-under-the-banner": faulty("A11Y-05", "“Gérer mes cookies”", banner(style="body { padding-bottom: 0 }")),
    "focus-behind": faulty("A11Y-03", "“Autre page”", banner(style=COVERING)),
}

SOME = ("escape-is-yes",)
"""What stands for the others in every run of the tests; the rest are tried with ``CONSENT_TEST_SITES=all``."""
