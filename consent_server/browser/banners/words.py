"""The words by which a scan tells buttons, doors and banners, in French and English.

Patterns are read by Playwright's selectors and by scripts in pages alike, so they keep to what both understand. Those
of buttons are for whole labels.
"""

from __future__ import annotations

_ALL = r"(?: tout| tous| toutes| all)?(?: les)?(?: cookies| traceurs)?(?: to all)?"
_LAST = r"(?: et (?:fermer|continuer)| and (?:close|continue))?[\s.!>→✓✔✕]*$"

ACCEPT = (
    rf"^\s*(?:(?:oui,? |yes,? )?(?:je |j['’]|i )?(?:accepter?|autoriser?|agree|allow){_ALL}"
    rf"|tout accepter|tout autoriser|(?:c['’]est )?d['’]accord|ok|okay|got it|(?:j['’]ai )?compris){_LAST}"
)
REFUSE = (
    rf"^\s*(?:(?:non,? |no,? )?(?:je |i )?(?:refuser?|rejete[rz]|rejette|reject|decline|deny|disagree){_ALL}"
    r"|tout (?:refuser|rejeter)|(?:continuer|poursuivre|fermer) sans accepter|non merci|no,? thanks"
    r"|continue without (?:accepting|agreeing|consent)"
    r"|(?:use )?(?:only |strictly )?necessary(?: cookies)?(?: only)?|uniquement (?:les )?(?:cookies )?nécessaires)"
    rf"{_LAST}"
)
SETTINGS = (
    r"personnalis|param[éè]tr|pr[ée]f[ée]rences?|choisir|mes choix|configurer|g[ée]rer|options|en savoir plus"
    r"|customi[sz]|settings|preferences|choose|manage|learn more|let me"
)
DOOR = (
    r"^\s*(?:(?:g[ée]rer|gestion|modifier|param[éè]tr\w*|pr[ée]f[ée]rences?|choix|r[ée]glages?|personnaliser|revoir"
    r"|retirer|changer)\b.{0,30}\b(?:cookies?|traceurs?|consentements?|confidentialit[ée]|vie priv[ée]e|accord|choix)"
    r"|(?:mes )?cookies?"
    r"|(?:manage|change|review|update|withdraw|open|edit|your|my)\b.{0,30}\b(?:cookies?|consent|privacy)"
    r"(?: settings| preferences| choices)?"
    rf"|(?:cookies?|consent|privacy|tracking)\s+(?:settings|preferences|choices|options|manager)){_LAST}"
)
ABOUT_CONSENT = (
    r"cookie|traceur|track|consent|accord|privacy|vie priv|confidentialit|donn[ée]es|\bdata\b|audience"
    r"|publicit|annonce|advert|partenaire|partner"
)
_PRESSED = "button, a, [role=button], [onclick], button *, a *, [role=button] *, [onclick] *"


def labelled(pattern: str) -> str:
    """Return the selector of what can be pressed and says no more than the pattern has."""
    quoted = pattern.replace("\\", "\\\\").replace('"', '\\"')
    return f':is({_PRESSED}, input[type=button], input[type=submit]):text-matches("{quoted}", "i")'
