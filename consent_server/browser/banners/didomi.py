"""Didomi's notice, as a bar or a box, and its preferences: a refusal of everything, which is then saved."""

from consent_server.browser.banners.kind import BannerKind

_MORE = "#didomi-notice-learn-more-button"
_NO_TO_ALL = "#didomi-radio-option-disagree-to-all"
_ACTIONS = ".didomi-consent-popup-actions button"

KIND = BannerKind(
    name="Didomi",
    seen="#didomi-notice:visible, .didomi-popup-notice:visible, .didomi-consent-popup-preferences:visible",
    accept=(("#didomi-notice-agree-button",),),
    refuse=(
        ("#didomi-notice-disagree-button",),
        (".didomi-continue-without-agreeing",),
        (_MORE, _NO_TO_ALL, f"{_ACTIONS}:last-of-type"),
        (_MORE, f"{_ACTIONS}:first-of-type:not(:only-child)", f"{_ACTIONS}:last-of-type"),
        (_NO_TO_ALL, f"{_ACTIONS}:last-of-type"),
        (f"{_ACTIONS}:first-of-type:not(:only-child)",),
    ),
    reopen_script="window.Didomi && window.Didomi.preferences && window.Didomi.preferences.show()",
)
