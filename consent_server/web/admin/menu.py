"""What the admin is made of, as its menus show it: one line per page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _l

from consent_server.domain.account import Permission


@dataclass(frozen=True)
class Entry:
    """A page in a menu; it stands there for whose role permits it. ``group`` marks every page of its blueprint."""

    endpoint: str
    label: Any
    permission: Permission | None = None

    @property
    def group(self) -> str:
        """Return the blueprint."""
        return self.endpoint.partition(".")[0]


MAIN = (
    Entry("admin_sites.index", _l("Sites"), Permission.SEE),
    Entry("admin_people.index", _l("People"), Permission.MANAGE),
    Entry("admin_tokens.index", _l("Tokens"), Permission.MANAGE),
    Entry("admin_activity.index", _l("Activity"), Permission.REVIEW),
)

OF_A_SITE: tuple[Entry, ...] = (
    Entry("admin_overview.page", _l("Overview"), Permission.SEE),
    Entry("admin_catalogue.index", _l("Catalogue"), Permission.SEE),
    Entry("admin_design.page", _l("Banner"), Permission.EDIT),
    Entry("admin_publishing.history", _l("Configurations"), Permission.SEE),
    Entry("admin_scans.index", _l("Scans"), Permission.SEE),
    Entry("admin_answers.page", _l("Answers"), Permission.SEE),
    Entry("admin_proofs.index", _l("Proofs"), Permission.PROVE),
)
