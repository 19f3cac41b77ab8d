"""Complianz, of WordPress: the categories unfold in the banner itself."""

from consent_server.browser.banners.kind import BannerKind, Untick

_BANNER = ".cmplz-cookiebanner"
_TICKED = f"{_BANNER} input.cmplz-consent-checkbox:checked:not(:disabled)"
_SAVE = f"{_BANNER} .cmplz-save-preferences"

KIND = BannerKind(
    name="Complianz",
    seen=f"{_BANNER}.cmplz-show, {_BANNER}:not(.cmplz-hidden)",
    accept=((f"{_BANNER} .cmplz-accept",),),
    refuse=(
        (f"{_BANNER} .cmplz-deny",),
        (f"{_BANNER} .cmplz-view-preferences", Untick(_TICKED), _SAVE),
        (Untick(_TICKED), _SAVE),
    ),
    reopen=(".cmplz-manage-consent",),
)
