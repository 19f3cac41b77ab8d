"""Checks that decide whether a configuration may be published: one file each, one list.

A check is a function to findings; it holds when it finds nothing. Those of ``CHECKS`` read a configuration alone, those
of ``CHECKS_OF_RENDERING`` also what a browser made of it. The ids are those of ``standards``. Adding a check is one
file and one line here.
"""

from __future__ import annotations

from collections.abc import Sequence

from consent_server.domain.compliance.contrast import check_contrast
from consent_server.domain.compliance.equal_answers import check_equal_answers
from consent_server.domain.compliance.finding import Finding
from consent_server.domain.compliance.off_at_first import check_off_at_first
from consent_server.domain.compliance.plain_labels import check_plain_labels
from consent_server.domain.compliance.purposes_first import check_purposes_first
from consent_server.domain.compliance.required_texts import check_required_texts
from consent_server.domain.compliance.within_reach import check_within_reach
from consent_server.domain.configuration import Configuration
from consent_server.domain.rendering import Layer

CHECKS = (check_required_texts, check_contrast, check_plain_labels)
CHECKS_OF_RENDERING = (check_purposes_first, check_equal_answers, check_off_at_first, check_within_reach)


def unfair(configuration: Configuration, layers: Sequence[Layer] = ()) -> tuple[Finding, ...]:
    """Return everything that forbids publication; empty when the banner asks fairly."""
    return (
        *(finding for check in CHECKS for finding in check(configuration)),
        *(finding for check in CHECKS_OF_RENDERING for finding in check(configuration, layers)),
    )


__all__ = ["CHECKS", "CHECKS_OF_RENDERING", "Finding", "unfair"]
