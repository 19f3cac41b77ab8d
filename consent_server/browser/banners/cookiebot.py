"""Cookiebot's dialog: some templates have the categories on the first layer, others behind a button."""

from consent_server.browser.banners.kind import BannerKind, Untick

_BODY = "#CybotCookiebotDialogBody"
_MORE = f"{_BODY}LevelButtonCustomize:visible, {_BODY}ButtonDetails:visible"
_TICKED = f'input[id^="{_BODY[1:]}LevelButton"]:checked:not(:disabled)'
_SAVE = (
    f"{_BODY}LevelButtonLevelOptinAllowallSelection:visible, {_BODY}ButtonAcceptSelected:visible,"
    f" {_BODY}LevelButtonAccept:visible"
)

KIND = BannerKind(
    name="Cookiebot",
    seen="#CybotCookiebotDialog",
    accept=((f"{_BODY}LevelButtonLevelOptinAllowAll",), (f"{_BODY}ButtonAccept",)),
    refuse=(
        (f"{_BODY}ButtonDecline",),
        (f"{_BODY}LevelButtonLevelOptinDeclineAll",),
        (_MORE, Untick(_TICKED), _SAVE),
        (Untick(_TICKED), _SAVE),
    ),
    reopen=("#CookiebotWidget button",),
    reopen_script="window.Cookiebot && window.Cookiebot.renew()",
)
