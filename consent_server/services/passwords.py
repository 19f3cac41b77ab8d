"""Passwords: what is asked of one, and argon2id. Nothing here knows whose it is.

Checking one costs the same whether there is a hash to check against or not: an address that nobody has answers as late
as one that somebody has.
"""

from __future__ import annotations

import functools
import secrets
import threading
import unicodedata

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from consent_server.domain.errors import Invalid

SHORTEST, LONGEST = 12, 128
FEWEST_DIFFERENT = 6

hasher = PasswordHasher()
"""The library's own parameters, which are RFC 9106's second recommendation: 64 MiB, three passes."""

_at_once = threading.BoundedSemaphore(2)
"""64 MiB for each check: as many at once as there are threads could take the machine's memory."""


def check_password(password: str, *known: str) -> str:
    """Return a password that is fit to be kept; ``known`` is what others know of its owner. Raises ``Invalid``."""
    given = _normal(password)
    if not SHORTEST <= len(given) <= LONGEST:
        raise Invalid.because(f"A password has between {SHORTEST} and {LONGEST} characters.", "password")
    if len(set(given)) < FEWEST_DIFFERENT:
        raise Invalid.because("Too few different characters: this password is guessed at once.", "password")
    if any(given.casefold() in (each.casefold(), each.casefold() * 2) for each in known if each):
        raise Invalid.because("A password is not your name or address.", "password")
    return given


def hash_password(password: str) -> str:
    """Return what is kept of a password."""
    with _at_once:
        return hasher.hash(_normal(password))


def matches(password: str, password_hash: str | None) -> bool:
    """Return whether it is the password; without a hash it takes as long, and is not."""
    with _at_once:
        try:
            hasher.verify(password_hash or _nobodys(hasher), _normal(password)[: LONGEST + 1])
        except (Argon2Error, InvalidHashError):
            return False
    return password_hash is not None


def new_password() -> str:
    """Return a password that nobody guesses."""
    return secrets.token_urlsafe(15)


def _normal(password: str) -> str:
    return unicodedata.normalize("NFKC", password)


@functools.lru_cache(maxsize=2)
def _nobodys(used: PasswordHasher) -> str:
    return used.hash(secrets.token_urlsafe())
