"""Klaro's notice and its window."""

from consent_server.browser.banners.kind import BannerKind

KIND = BannerKind(
    name="Klaro",
    seen=".klaro .cookie-notice:not(.cookie-notice-hidden), .klaro .cookie-modal",
    accept=((".klaro .cm-btn-accept-all",), (".klaro .cookie-notice .cm-btn-success",)),
    refuse=((".klaro .cn-decline",), (".klaro .cm-btn-decline",)),
    reopen_script="window.klaro && window.klaro.show(undefined, true)",
)
