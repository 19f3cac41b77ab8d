"""Klaro's notice and its window, which offers no button for a refusal to who has answered before."""

from consent_server.browser.banners.kind import BannerKind, Untick

_MORE = ".klaro .cookie-notice :is(.cn-learn-more, .cm-btn-lern-more)"
_TICKED = ".klaro .cookie-modal input.cm-list-input:checked:not(:disabled)"
_SAVE = ".klaro .cookie-modal .cm-btn-accept"

KIND = BannerKind(
    name="Klaro",
    seen=".klaro .cookie-notice:not(.cookie-notice-hidden), .klaro .cookie-modal",
    accept=((".klaro .cm-btn-accept-all",), (".klaro .cookie-notice .cm-btn-success",)),
    refuse=((".klaro .cn-decline",), (_MORE, Untick(_TICKED), _SAVE), (Untick(_TICKED), _SAVE)),
    reopen_script="window.klaro && window.klaro.show(undefined, true)",
)
