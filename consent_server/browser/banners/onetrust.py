"""OneTrust's banner, and that of CookiePro."""

from consent_server.browser.banners.kind import BannerKind

KIND = BannerKind(
    name="OneTrust",
    seen="#onetrust-banner-sdk",
    accept=(("#onetrust-accept-btn-handler",),),
    refuse=(
        ("#onetrust-reject-all-handler",),
        (".onetrust-close-btn-handler.banner-close-button",),
        ("#onetrust-pc-btn-handler", ".ot-pc-refuse-all-handler"),
    ),
    reopen=("#ot-sdk-btn",),
    reopen_script="window.OneTrust && window.OneTrust.ToggleInfoDisplay()",
)
