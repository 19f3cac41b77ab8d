"""vanilla-cookieconsent, version 3, and its preferences."""

from consent_server.browser.banners.kind import BannerKind, Untick

_FIRST, _SECOND = "#cc-main .cm", "#cc-main .pm"
_MORE = f'{_FIRST} [data-role="show"]'
_REFUSE = f'{_SECOND} [data-role="necessary"]'
_TICKED = f"{_SECOND} input.section__toggle:checked:not(:disabled)"
_SAVE = f'{_SECOND} [data-role="save"]'

KIND = BannerKind(
    name="vanilla-cookieconsent",
    seen=f"{_FIRST}:visible, {_SECOND}:visible",
    accept=((f'{_FIRST} [data-role="all"]',), (f'{_SECOND} [data-role="all"]',)),
    refuse=(
        (f'{_FIRST} [data-role="necessary"]',),
        (_MORE, _REFUSE),
        (_MORE, Untick(_TICKED), _SAVE),
        (_REFUSE,),
        (Untick(_TICKED), _SAVE),
    ),
    reopen=('[data-cc="show-preferencesModal"]', '[data-cc="show-consentModal"]'),
    reopen_script="window.CookieConsent?.showPreferences?.()",
)
