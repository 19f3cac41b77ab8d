"""Who may do what: roles, what each permits, and the one who acts. Knows nothing of passwords, sessions or pages.

A person's role holds for their whole organisation; a token's is that of its making, and may be for one site alone.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from consent_server.domain.errors import Invalid

LONGEST_EMAIL = 254
LONGEST_NAME = 200

_PLAIN = re.compile(r"[^\s<>\"',;:()\[\]\\\x00-\x1f\x7f]+")
"""No space, no control character, nothing that a mail's header reads as something else."""


class Permission(StrEnum):
    """What a page or an operation asks for; each asks for exactly one."""

    SEE = "see"
    """Sites, catalogues, configurations, statistics: nothing of a visitor."""
    EDIT = "edit"
    """Drafts: sites, catalogues, texts, themes."""
    PUBLISH = "publish"
    """Make a draft live."""
    PROVE = "prove"
    """Consent records one by one, and exports of them: they are personal data."""
    ERASE = "erase"
    """Delete a visitor's records whole."""
    REVIEW = "review"
    """Read and export who did what."""
    MANAGE = "manage"
    """Users, tokens, the organisation itself."""


class Role(StrEnum):
    """What somebody is in an organisation (CONTRACT 3)."""

    OWNER = "owner"
    EDITOR = "editor"
    AUDITOR = "auditor"
    VIEWER = "viewer"


PERMISSIONS: Mapping[Role, frozenset[Permission]] = {
    Role.OWNER: frozenset(Permission),
    Role.EDITOR: frozenset({Permission.SEE, Permission.EDIT, Permission.PUBLISH}),
    Role.AUDITOR: frozenset({Permission.SEE, Permission.PROVE, Permission.REVIEW}),
    Role.VIEWER: frozenset({Permission.SEE}),
}


COMMAND_LINE = "cli"
COMMAND_LINE_NAME = "command line"
USER = "user"
TOKEN = "token"


@dataclass(frozen=True)
class Actor:
    """Who acts: a signed-in person, a token, or the command line; ``name`` is what the activity shows."""

    kind: str
    id: int
    name: str
    organisation_id: int
    role: Role
    site_key: str | None = None

    def may(self, permission: Permission) -> bool:
        """Return whether the actor's role permits it."""
        return permission in PERMISSIONS[self.role]


def command_line(organisation_id: int) -> Actor:
    """Return whoever has a shell on the server: they could edit the database as well."""
    return Actor(COMMAND_LINE, 0, COMMAND_LINE_NAME, organisation_id, Role.OWNER)


def fold_email(text: str) -> str:
    """Return an address in the one spelling that it is known by. Raises ``Invalid``."""
    folded = unicodedata.normalize("NFKC", text).strip().casefold()
    local, _, host = folded.rpartition("@")
    if not local or not host or "@" in local or len(folded) > LONGEST_EMAIL or not _PLAIN.fullmatch(folded):
        raise Invalid.because("This is not an e-mail address.", "email")
    return folded


def parse_role(text: str) -> Role:
    """Return the role of that name. Raises ``Invalid``."""
    try:
        return Role(text)
    except ValueError:
        raise Invalid.because(f"A role is one of {', '.join(Role)}.", "role") from None
