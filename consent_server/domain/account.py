"""Who may do what: roles, what each permits, and the one who acts. Knows nothing of passwords, sessions or pages.

A person's role holds for their whole organisation; a token's is that of its making, and may be for one site alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


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
