"""Cookiebot's dialog."""

from consent_server.browser.banners.kind import BannerKind

KIND = BannerKind(
    name="Cookiebot",
    seen="#CybotCookiebotDialog",
    accept=(
        ("#CybotCookiebotDialogBodyLevelButtonLevelOptinAllowAll",),
        ("#CybotCookiebotDialogBodyButtonAccept",),
    ),
    refuse=(
        ("#CybotCookiebotDialogBodyButtonDecline",),
        ("#CybotCookiebotDialogBodyLevelButtonLevelOptinDeclineAll",),
    ),
    reopen_script="window.Cookiebot && window.Cookiebot.renew()",
)
