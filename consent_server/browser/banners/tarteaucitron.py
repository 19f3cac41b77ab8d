"""tarteaucitron's alert."""

from consent_server.browser.banners.kind import BannerKind

KIND = BannerKind(
    name="tarteaucitron",
    seen="#tarteaucitronAlertBig",
    accept=(("#tarteaucitronPersonalize2",), ("#tarteaucitronAlertBig .tarteaucitronAllow",)),
    refuse=(("#tarteaucitronAllDenied2",), ("#tarteaucitronCloseAlert", "#tarteaucitronAllDenied")),
    reopen_script="window.tarteaucitron && window.tarteaucitron.userInterface.openAlert()",
)
