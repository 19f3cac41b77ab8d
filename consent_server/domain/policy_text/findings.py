"""What a policy says, as values: the shape that ``policy import --format json`` prints (CONTRACT, section 4).

Known here: which facts are kept and how they are written down. Not known: how they are found.
Every finding carries its ``evidence``: the passage that says so, as written, whitespace aside, 300 characters at most.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

LONGEST_EVIDENCE = 300


@dataclass(frozen=True)
class FoundCookie:
    """A cookie (or storage key) that the policy names.

    ``name`` is the library's spelling or pattern where the library knows it, else as written. ``service`` and
    ``purpose`` come from the library alone; ``lifetime`` from the policy alone; what neither says is ``None``.
    """

    name: str
    evidence: str
    vendor: str | None = None
    service: str | None = None
    service_id: str | None = None
    purpose: str | None = None
    lifetime: str | None = None

    def to_json(self) -> dict[str, str | None]:
        """Return the cookie as CONTRACT writes it, and the library's id of its service."""
        return {
            "name": self.name,
            "vendor": self.vendor,
            "service": self.service,
            "service_id": self.service_id,
            "purpose": self.purpose,
            "lifetime": self.lifetime,
            "evidence": self.evidence,
        }


@dataclass(frozen=True)
class FoundService:
    """A service of the library that the policy says the site uses."""

    id: str
    name: str
    purpose: str | None
    evidence: str

    def to_json(self) -> dict[str, str | None]:
        """Return the service as CONTRACT writes it, and its id in the library."""
        return {"id": self.id, "name": self.name, "purpose": self.purpose, "evidence": self.evidence}


@dataclass(frozen=True)
class Statement:
    """Something the policy claims about cookies; ``details`` depend on ``kind`` (see ``statements.py``)."""

    kind: str
    evidence: str
    details: Mapping[str, str | bool | list[str]] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return the statement as one flat object."""
        return {"kind": self.kind, **self.details, "evidence": self.evidence}


@dataclass(frozen=True)
class PolicyFindings:
    """All that was read from one policy."""

    language: str
    policy_date: str | None
    contact_emails: tuple[str, ...]
    max_lifetime_claim: str | None
    cookies: tuple[FoundCookie, ...]
    services: tuple[FoundService, ...]
    statements: tuple[Statement, ...]

    def to_json(self) -> dict[str, Any]:
        """Return exactly what ``policy import --dry-run --format json`` prints."""
        return {
            "language": self.language,
            "policy_date": self.policy_date,
            "contact_emails": list(self.contact_emails),
            "max_lifetime_claim": self.max_lifetime_claim,
            "cookies": [cookie.to_json() for cookie in self.cookies],
            "services": [service.to_json() for service in self.services],
            "statements": [statement.to_json() for statement in self.statements],
        }
