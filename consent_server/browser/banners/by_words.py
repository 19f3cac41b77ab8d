"""Any other banner, by the words on its buttons, in French and English: the last that is tried."""

from consent_server.browser.banners.kind import BannerKind

_ACCEPT = (
    "Tout accepter",
    "Accepter tout",
    "J'accepte",
    "Accepter",
    "Accept all",
    "Allow all",
    "I accept",
    "Accept",
    "Agree",
)
_REFUSE = (
    "Tout refuser",
    "Refuser tout",
    "Continuer sans accepter",
    "Je refuse",
    "Refuser",
    "Reject all",
    "Decline all",
    "Refuse all",
    "Continue without accepting",
    "Only necessary",
    "Reject",
    "Decline",
)
_SETTINGS = ("Gérer mes cookies", "Gestion des cookies", "Paramètres des cookies", "Cookie settings", "Manage cookies")


def _buttons(labels: tuple[str, ...]) -> str:
    return ", ".join(f'{tag}:text-is("{label}")' for label in labels for tag in ("button", "a", "[role=button]"))


KIND = BannerKind(
    name="a banner that we do not know",
    seen=_buttons(_ACCEPT),
    accept=((_buttons(_ACCEPT),),),
    refuse=((_buttons(_REFUSE),),),
    reopen=(_buttons(_SETTINGS),),
)
