"""Axeptio's widget: its buttons live in an open shadow root."""

from consent_server.browser.banners.kind import BannerKind

KIND = BannerKind(
    name="Axeptio",
    seen="#axeptio_overlay #axeptio_btn_acceptAll, #axeptio_main_button",
    accept=(("#axeptio_btn_acceptAll",),),
    refuse=(("#axeptio_btn_dismiss",),),
    reopen=("#axeptio_main_button",),
    reopen_script="window.openAxeptioCookies && window.openAxeptioCookies()",
)
