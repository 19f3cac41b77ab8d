"""What was looked at when an answer came, and what it says: signs that nobody's browser sent it, never proof of it.

It is kept beside the record and is no part of it: the record's text, its commitment and its proof are of what was
answered, in a format that does not change, and this is our own opinion of how it arrived. It says nothing personal.
"""

from __future__ import annotations

from dataclasses import dataclass

FETCH_SITES = (None, "cross-site", "same-site", "same-origin", "none", "other")
"""What a browser says of who asked (Fetch Metadata); None by those that say nothing, such as Safari before 16.4."""

NO_ORIGIN, NO_PAGE, FLOOD = "no_origin", "no_page", "flood"
SIGNS = (NO_ORIGIN, NO_PAGE, FLOOD)
"""No page was named as the sender; the browser says that no page was; it came with a flood from the same network."""

_ORIGIN, _RATE = 1, 2
_FETCH_SITE = 4


@dataclass(frozen=True, slots=True)
class Assurance:
    """``origin_listed``: a page of the site was named as the sender (any other is refused); without it, none was."""

    origin_listed: bool
    fetch_site: str | None
    rate_normal: bool

    @property
    def signs(self) -> tuple[str, ...]:
        """What speaks for a forgery."""
        found = (not self.origin_listed, self.fetch_site in ("none", "other"), not self.rate_normal)
        return tuple(sign for sign, there in zip(SIGNS, found, strict=True) if there)

    @property
    def number(self) -> int:
        """As it is kept."""
        return (
            _ORIGIN * self.origin_listed + _RATE * self.rate_normal + _FETCH_SITE * FETCH_SITES.index(self.fetch_site)
        )


def assure(*, origin_listed: bool, fetch_site: str | None, rate_normal: bool) -> Assurance:
    """Return what an answer's arrival says; ``fetch_site`` is the header, whatever stands in it."""
    return Assurance(origin_listed, fetch_site if fetch_site in FETCH_SITES else "other", rate_normal)


def read_assurance(number: int | None) -> Assurance | None:
    """Return what was kept; None of a record of before there was any."""
    if number is None:
        return None
    fetch_site = FETCH_SITES[number // _FETCH_SITE]
    return Assurance(bool(number & _ORIGIN), fetch_site, bool(number & _RATE))
