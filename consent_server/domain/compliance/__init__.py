"""Checks that decide whether a configuration may be published: one file each, one list.

A check is a function from a configuration to findings; it holds when it finds nothing. The ids are those of
``standards``. Adding a check is one file and one line here.
"""

from __future__ import annotations

from consent_server.domain.compliance.contrast import check_contrast
from consent_server.domain.compliance.finding import Finding
from consent_server.domain.compliance.plain_labels import check_plain_labels
from consent_server.domain.compliance.required_texts import check_required_texts
from consent_server.domain.configuration import Configuration

CHECKS = (check_required_texts, check_contrast, check_plain_labels)


def unfair(configuration: Configuration) -> tuple[Finding, ...]:
    """Return everything that forbids publication; empty when the banner asks fairly."""
    return tuple(finding for check in CHECKS for finding in check(configuration))


__all__ = ["CHECKS", "Finding", "unfair"]
