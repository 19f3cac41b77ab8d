"""Didomi's notice, as a bar or a box."""

from consent_server.browser.banners.kind import BannerKind

KIND = BannerKind(
    name="Didomi",
    seen="#didomi-notice, .didomi-popup-notice",
    accept=(("#didomi-notice-agree-button",),),
    refuse=(
        ("#didomi-notice-disagree-button",),
        (".didomi-continue-without-agreeing",),
        ("#didomi-notice-learn-more-button", ".didomi-consent-popup-actions button:first-child"),
    ),
    reopen_script="window.Didomi && window.Didomi.notice && window.Didomi.notice.show()",
)
