"""Complianz, of WordPress."""

from consent_server.browser.banners.kind import BannerKind

KIND = BannerKind(
    name="Complianz",
    seen=".cmplz-cookiebanner.cmplz-show, .cmplz-cookiebanner:not(.cmplz-hidden)",
    accept=((".cmplz-cookiebanner .cmplz-accept",),),
    refuse=((".cmplz-cookiebanner .cmplz-deny",),),
    reopen=(".cmplz-manage-consent",),
)
