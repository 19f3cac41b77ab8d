"""How much is tried: a little with all tests, everything in ``make test-faults``, or when somebody says so.

CONSENT_TEST_FAULTS=long CONSENT_TEST_SEED=1 pytest tests/faults
"""

from __future__ import annotations

import os

import pytest

LONG = os.environ.get("CONSENT_TEST_FAULTS") == "long"
SEED = int(os.environ.get("CONSENT_TEST_SEED", "20261122"))

long_only = pytest.mark.skipif(not LONG, reason="tried by make test-faults")


def how_many(variable: str, *, short: int, long: int) -> int:
    """Return how often something is tried, unless this variable of the environment says it."""
    return int(os.environ.get(variable, long if LONG else short))
