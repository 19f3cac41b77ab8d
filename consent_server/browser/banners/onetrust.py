"""OneTrust's banner and its preference centre, and those of CookiePro."""

from consent_server.browser.banners.kind import BannerKind, Untick

_CENTRE = "#onetrust-pc-sdk"
_MORE = "#onetrust-pc-btn-handler"
_REFUSE = f"{_CENTRE} .ot-pc-refuse-all-handler"
_TICKED = f"{_CENTRE} input.category-switch-handler:checked:not(:disabled)"
_SAVE = f"{_CENTRE} .save-preference-btn-handler"

KIND = BannerKind(
    name="OneTrust",
    seen=f"#onetrust-banner-sdk:visible, {_CENTRE}:visible",
    accept=(("#onetrust-accept-btn-handler",), (f"{_CENTRE} #accept-recommended-btn-handler",)),
    refuse=(
        ("#onetrust-reject-all-handler",),
        ("#onetrust-banner-sdk .onetrust-close-btn-handler:is(.ot-close-link, .banner-close-button)",),
        (_REFUSE,),
        (_MORE, _REFUSE),
        (_MORE, Untick(_TICKED), _SAVE),
        (Untick(_TICKED), _SAVE),
    ),
    reopen=("#ot-sdk-btn", ".ot-sdk-show-settings", "#ot-sdk-btn-floating button"),
    reopen_script="window.OneTrust && window.OneTrust.ToggleInfoDisplay()",
)
