"""Scans side by side: each is a program of its own that mostly waits, so a file begins all that its tests ask for."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

AT_ONCE = 2 * (os.cpu_count() or 1)


def values_of(request: pytest.FixtureRequest, parameter: str) -> list[str]:
    """Return the values of a parameter that the tests of this run in the asking file are given, each once."""
    tests = [getattr(item, "callspec", None) for item in request.session.items if item.path == request.path]
    return list(dict.fromkeys(each.params[parameter] for each in tests if each and parameter in each.params))


@contextlib.contextmanager
def side_by_side() -> Iterator[ThreadPoolExecutor]:
    """Give what begins scans; those that nobody waited for in the end are not begun any more."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield pool
        pool.shutdown(cancel_futures=True)
