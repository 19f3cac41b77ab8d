"""Any other banner, by the words on its buttons, in French and English: the last that is tried."""

from consent_server.browser.banners.kind import BannerKind
from consent_server.browser.banners.words import ACCEPT, DOOR, REFUSE, SETTINGS, labelled

KIND = BannerKind(
    name="a banner that we do not know",
    seen=labelled(ACCEPT),
    accept=((labelled(ACCEPT),),),
    refuse=((labelled(REFUSE),), (labelled(SETTINGS), labelled(REFUSE))),
    reopen=(labelled(DOOR),),
    by_words=True,
)
