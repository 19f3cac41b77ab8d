"""Axeptio's widget: its buttons live in an open shadow root.

Its second layer is a row of steps with names of their own on each site: who cannot refuse on the first is told so.
"""

from consent_server.browser.banners.kind import BannerKind

KIND = BannerKind(
    name="Axeptio",
    seen="#axeptio_btn_acceptAll",
    accept=(("#axeptio_btn_acceptAll",),),
    refuse=(("#axeptio_btn_dismiss",), ("#axeptio_btn_declineAll",)),
    reopen=("#axeptio_main_button",),
    reopen_script="window.openAxeptioCookies && window.openAxeptioCookies()",
)
