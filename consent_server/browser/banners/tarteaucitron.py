"""tarteaucitron's alert, and its panel, which its icon opens at any time."""

from consent_server.browser.banners.kind import BannerKind

_PANEL = "#tarteaucitron"
_MORE = ":is(#tarteaucitronCloseAlert, #tarteaucitronPersonalize)"

KIND = BannerKind(
    name="tarteaucitron",
    seen=f"#tarteaucitronAlertBig:visible, {_PANEL}:visible",
    accept=(("#tarteaucitronPersonalize2",), (_MORE, "#tarteaucitronAllAllowed"), ("#tarteaucitronAllAllowed",)),
    refuse=(("#tarteaucitronAllDenied2",), (_MORE, "#tarteaucitronAllDenied"), ("#tarteaucitronAllDenied",)),
    reopen=("#tarteaucitronManager",),
    reopen_script="window.tarteaucitron && window.tarteaucitron.userInterface.openPanel()",
)
