"""When was each cookie first set: lifetimes count from there and never slide (DUR-04).

A server remembers nothing of a visitor, so the browser does: in ``eu-consent-writes``, a cookie of our own.

Its value is six characters that name the ``eu-consent`` this server has set by HTTP (KEEP-05), then nine for each
persistent cookie: six of the SHA-256 of its name, three for the day of its first write (days since 2020, base 36). No
identifier, no signature: who edits it lengthens the life of cookies on their own device, which they can do anyway.
Every entry is forgotten 393 days after the day it names, not when the cookie is deleted: which cookie of that name goes
depends on domains and paths. A cookie that goes with the browser session is not noted: its life counts from the first
write that would outlast the session. The banner's twin is ``banner/src/first-writes.ts``.
"""

from __future__ import annotations

import hashlib
import re
from base64 import urlsafe_b64encode
from math import floor

from consent_server.domain.lifetime import MAX_LIFETIME_SECONDS
from consent_server.guard.choice import COOKIE
from consent_server.guard.cookie_header import values_of

MEMORY = f"{COOKIE}-writes"
MOST = 40

_DAY = 86_400
_EPOCH = 1_577_836_800  # 2020-01-01
_NO_CHOICE = "------"
_VALUE = re.compile(r"[A-Za-z0-9_-]{6}(?:[A-Za-z0-9_-]{6}[0-9a-z]{3}){0,40}\Z", re.ASCII)
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


class FirstWrites:
    """What one browser remembers, read from its ``Cookie`` header; changed while a response is guarded."""

    def __init__(self, cookie_header: str, now: float) -> None:
        self._now = now
        self._set_choice = _NO_CHOICE
        self._days: dict[str, int] = {}
        value = next((each for each in values_of(cookie_header, MEMORY) if _VALUE.match(each)), "")
        if value:
            self._set_choice = value[:6]
            self._days = {key: day for key, day in _entries(value[6:]) if self._is_alive(day)}
        self._before = (self._set_choice, dict(self._days))

    def end(self, name: str, seconds: int, *, sent: bool, known_since: float | None) -> float:
        """Return when a cookie set now must be gone, noting now as its first write unless an unfinished life is known.

        ``sent``: the browser has it already. Then an unknown first write is taken to be the choice's, and a life that
        is over ends here; it may begin again with the next response.
        """
        key = _key(name)
        day = self._days.get(key)
        if day is not None and (sent or _start(day) + seconds > self._now):
            return _start(day) + seconds
        began = known_since if sent and known_since is not None else self._now
        began = min(began, self._now)
        if key not in self._days and len(self._days) >= MOST:
            # No room to remember it: it goes with the oldest that is remembered, which was there before it.
            return min(began + seconds, _start(min(self._days.values())) + MAX_LIFETIME_SECONDS)
        if self._is_alive(today := _day(began)):
            self._days[key] = today
        return began + seconds

    def has_set(self, choice: str) -> bool:
        """Whether the choice of this very text was already set by HTTP."""
        return self._set_choice == _key(f"{COOKIE}={choice}")

    def note_set(self, choice: str) -> None:
        """Remember that the choice of this text was set by HTTP."""
        self._set_choice = _key(f"{COOKIE}={choice}")

    def set_cookie(self, secure: bool) -> str | None:
        """Return the ``Set-Cookie`` that makes the browser remember; None when nothing changed."""
        if (self._set_choice, self._days) == self._before:
            return None
        value = self._set_choice + "".join(key + _base36(day) for key, day in self._days.items())
        last = max(self._days.values(), default=_day(self._now))
        seconds = floor(_start(last) + MAX_LIFETIME_SECONDS - self._now)
        return f"{MEMORY}={value}; Max-Age={seconds}; Path=/; HttpOnly; SameSite=Lax" + "; Secure" * secure

    def _is_alive(self, day: int) -> bool:
        return 0 <= day <= _day(self._now) and _start(day) + MAX_LIFETIME_SECONDS > self._now


def _entries(text: str) -> list[tuple[str, int]]:
    return [(text[i : i + 6], int(text[i + 6 : i + 9], 36)) for i in range(0, len(text), 9)]


def _key(name: str) -> str:
    """Return 36 bits of the name's digest: enough to tell a site's few cookies apart."""
    digest = hashlib.sha256(name.encode("utf-8", "replace")).digest()
    return urlsafe_b64encode(digest)[:6].decode()


def _day(moment: float) -> int:
    return floor((moment - _EPOCH) / _DAY)


def _start(day: int) -> float:
    return _EPOCH + day * _DAY


def _base36(day: int) -> str:
    return _DIGITS[day // 1296 % 36] + _DIGITS[day // 36 % 36] + _DIGITS[day % 36]
