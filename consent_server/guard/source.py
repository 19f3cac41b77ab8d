"""Where the configuration comes from: a dictionary, a file, or a function that gives the newest. Never the network.

The first reading must succeed, so that a guard without rules is noticed when it is installed. After that, whatever
cannot be read leaves the rules as they were: an old configuration guards better than none.
"""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from consent_server.domain.errors import Invalid
from consent_server.guard.rules import Rules, compile_rules

Source = Mapping[str, Any] | str | os.PathLike[str] | Callable[[], Mapping[str, Any]]

LOOK_EVERY = 5.0
"""Seconds between two looks at the file."""

_log = logging.getLogger("consent_server.guard")


class CurrentRules:
    """The newest rules that could be read. Threads may share it: the worst is that two compile the same."""

    def __init__(self, source: Source) -> None:
        if isinstance(source, Mapping):
            self._newest: Callable[[], Mapping[str, Any]] = lambda: source
        elif callable(source):
            self._newest = source
        else:
            self._newest = _File(Path(source))
        self._document = self._newest()
        self._rules = compile_rules(self._document)

    def get(self) -> Rules:
        """Return the rules; never raises. A document that was seen before costs a comparison of identities."""
        try:
            document = self._newest()
            if document is not self._document:
                self._document = document  # also when it is refused: once is enough to say so
                self._rules = compile_rules(document)
        except Exception:  # the owner's function or file may fail in any way; the rules in force must not
            _log.exception("the newest configuration cannot be used; the one before stays in force")
        return self._rules


class _File:
    """A document in a file, read again when the file has changed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp = _stamp(path)
        self._document = read_document(path)
        self._looked = time.monotonic()

    def __call__(self) -> Mapping[str, Any]:
        if time.monotonic() - self._looked >= LOOK_EVERY:
            self._looked = time.monotonic()
            stamp = _stamp(self._path)
            if stamp != self._stamp:
                self._stamp = stamp
                self._document = read_document(self._path)
        return self._document


def read_document(path: Path) -> Mapping[str, Any]:
    """Return what the file holds; raise ``Invalid`` when it is not JSON, ``OSError`` when it cannot be read."""
    try:
        document = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise Invalid.because(f"{path} is not JSON.") from error
    if not isinstance(document, dict):
        raise Invalid.because(f"{path} holds no configuration.")
    return document


def _stamp(path: Path) -> tuple[int, int, int]:
    found = path.stat()
    return found.st_mtime_ns, found.st_size, found.st_ino
