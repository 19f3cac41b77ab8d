"""A thread of its own for a test that starts an event loop: the thread of the tests may have one, the browser's."""

from __future__ import annotations

import functools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


def in_a_thread(test: Callable[P, R]) -> Callable[P, R]:
    """Let a test run where no loop runs yet."""

    @functools.wraps(test)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        with ThreadPoolExecutor(1) as elsewhere:
            return elsewhere.submit(test, *args, **kwargs).result()

    return run
