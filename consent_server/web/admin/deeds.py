"""What each kind of deed, and what it changed, is called in the list of activity: else it shows its own name."""

from __future__ import annotations

from collections.abc import Mapping

from flask_babel import format_datetime
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from consent_server.domain.account import COMMAND_LINE_NAME, Role
from consent_server.domain.times import parse_rfc3339
from consent_server.web.admin.catalogue import words

DEEDS: Mapping[str, object] = {
    **words.DEEDS,
    "banner.designed": _l("Banner designed"),
    "catalogue.taken_back": _l("Earlier draft taken up again"),
    "configuration.published": _l("Configuration published"),
    "hold.lifted": _l("Legal hold lifted"),
    "hold.set": _l("Legal hold set"),
    "notices.counted": _l("Notices are to be counted"),
    "notices.not_counted": _l("Notices are not to be counted any more"),
    "organisation.renamed": _l("Organisation renamed"),
    "policy.kept": _l("Policy’s text kept"),
    "policy.removed": _l("Policy’s text kept no more"),
    "proofs.exported": _l("Evidence taken along"),
    "recovery_codes.renewed": _l("Recovery codes renewed"),
    "scan.asked": _l("Scan asked for"),
    "scan.cancelled": _l("Scan cancelled"),
    "scans.watched": _l("Schedule and warnings of scans changed"),
    "second_factor.added": _l("Second factor added"),
    "second_factor.removed": _l("Second factor removed"),
    "site.created": _l("Site added"),
    "token.created": _l("Token created"),
    "token.revoked": _l("Token revoked"),
    "user.created": _l("Person added"),
    "user.disabled": _l("Person let in no more"),
    "user.enabled": _l("Person let in again"),
    "user.invited": _l("Person invited"),
    "user.link_made": _l("Link for a password made"),
    "user.password_set": _l("Password chosen"),
    "user.profile_changed": _l("Name or language changed"),
    "user.role_changed": _l("Role changed"),
    "user.signed_in": _l("Signed in"),
    "user.signed_out": _l("Signed out"),
    "user.signed_out_everywhere": _l("Signed out everywhere"),
    "visitor.erased": _l("Visitor erased"),
}

CHANGED: Mapping[str, object] = {
    "browsers": _l("Browsers"),
    "characters": _l("Characters"),
    "device": _l("Browser"),
    "digest": _l("Digest"),
    "expires_at": _l("Expires"),
    "language": _l("Language"),
    "name": _l("Name"),
    "origins": _l("Addresses"),
    "records": _l("Records"),
    "role": _l("Role"),
    "steps": _l("Steps"),
    "schedule": _l("Schedule"),
    "version": _l("Configuration"),
    "why": _l("Reason"),
}

ROLES: Mapping[str, object] = {
    Role.OWNER: _l("Owner"),
    Role.EDITOR: _l("Editor"),
    Role.AUDITOR: _l("Auditor"),
    Role.VIEWER: _l("Viewer"),
}


def doer(name: str) -> str:
    """Return what whoever did something is called."""
    return str(_("command line")) if name == COMMAND_LINE_NAME else name


def in_a_word(name: str, value: object) -> object:
    """Return a changed value as it is read."""
    if name == "role":
        return ROLES.get(str(value), value)
    if name == "expires_at":
        return format_datetime(parse_rfc3339(str(value)), "short")
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return value
