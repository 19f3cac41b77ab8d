"""vanilla-cookieconsent, version 3."""

from consent_server.browser.banners.kind import BannerKind

KIND = BannerKind(
    name="vanilla-cookieconsent",
    seen="#cc-main .cm",
    accept=(('#cc-main .cm [data-role="all"]',),),
    refuse=(('#cc-main .cm [data-role="necessary"]',),),
    reopen=('[data-cc="show-consentModal"]', '[data-cc="show-preferencesModal"]'),
)
