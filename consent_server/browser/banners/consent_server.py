"""Our own banner."""

from consent_server.browser.banners.kind import BannerKind

_ACTION = '[data-consent-action="{}"]'

KIND = BannerKind(
    name="Consent Server",
    seen="[data-consent-banner] dialog[open]",
    accept=((_ACTION.format("accept-all"),),),
    refuse=((_ACTION.format("refuse-all"),), (_ACTION.format("customize"), _ACTION.format("refuse-all"))),
    reopen=(_ACTION.format("open"),),
    reopen_script="window.consent.open()",
)
