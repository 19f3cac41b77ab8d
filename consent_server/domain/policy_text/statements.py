"""What a policy claims about cookies as a whole, each claim with the passage that makes it.

Kinds, and their details (``wordings.py`` holds the words):

- ``max_lifetime`` (``lifetime``): no cookie lives longer; ``choice_lifetime`` (``lifetime``): how long a choice is kept
- ``consent_before``: nothing is set before the visitor agrees, or a banner asks first; ``exempt_only_before_consent``:
  except what is strictly necessary; ``consent_required`` (``purposes``, ``express``, ``geolocation``): it asks
- ``consent_tool`` (``tool``): the product that asks; ``can_change_choice``: the answer can be changed or withdrawn
- ``implied_consent``: going on is taken for a yes; ``set_on_arrival``: cookies are set when the visitor arrives
- ``pixels``: pixels, web beacons or tags are used; ``third_party_cookies``: others may set cookies
- ``browser_settings``: cookies are refused in the browser's settings
- ``cookie_categories`` (``purposes``): kinds of cookies that it speaks of
- ``unnamed_cookie`` (``lifetime``, ``purpose_hint``): a cookie described without its name
- ``no_cookie_used``: the site sets none; ``no_transfer_outside_eu``; ``names_no_cookie`` (``mentions_cookies``)
- ``not_read``: where the reader stopped, because the text is longer than any policy

Not known: whether a claim is true, or lawful. A sentence that these patterns do not foresee is not found.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from consent_server.domain.lifetime import SESSION, parse_lifetime
from consent_server.domain.policy_text.cookies import is_of_data, lifetime_in
from consent_server.domain.policy_text.durations import durations
from consent_server.domain.policy_text.findings import Statement
from consent_server.domain.policy_text.services import is_denied
from consent_server.domain.policy_text.text import Block, clip, sentences
from consent_server.domain.policy_text.wordings import (
    CATEGORIES,
    CHOICE,
    COOKIE_WORD,
    DEFINES,
    DENIABLE,
    GENERAL_LIFE,
    GOES_ON,
    HINTS,
    INTRODUCES,
    KINDS,
    MAXIMUM,
    NONE,
    OWN_HINTS,
    SINGLE,
    SPELLED,
    TOOL,
    TRANSFER_HEADING,
)
from consent_server.domain.purpose import NECESSARY

MOST_OF_A_KIND = 20
LONGEST_SENTENCE = 1_500
_REACH = 2  # blocks after one that speaks of cookies in which “your consent” is about them


@dataclass(frozen=True)
class _Passage:
    """A sentence, whether its surroundings speak of cookies, and what was said just before it."""

    text: str
    folded: str
    about_cookies: bool
    near_cookies: bool
    around_cookies: bool
    before: str
    has_names: bool
    bullet: bool
    row: bool


def found_statements(blocks: list[Block], named_in: Callable[[Block, str], bool]) -> list[Statement]:
    """Return the claims in order of appearance; ``named_in`` tells whether a passage of a block names a cookie."""
    found: list[Statement] = []
    counts: dict[str, int] = {}
    seen: set[tuple[str, str]] = set()
    for statement in _all(blocks, named_in):
        key = statement.kind, statement.evidence
        counts[statement.kind] = counts.get(statement.kind, 0) + (key not in seen)
        if key not in seen and counts[statement.kind] <= MOST_OF_A_KIND:
            found.append(statement)
        seen.add(key)
    return found


def names_no_cookie(blocks: Iterable[Block]) -> Statement:
    """Return the statement that no cookie is named, with the first passage that speaks of cookies."""
    for block in blocks:
        for start, end in sentences(block.text):
            match = COOKIE_WORD.search(block.folded, start, end)
            if match and (end - start > 20 or not block.is_heading):
                evidence = clip(block.text[start:end], match.start() - start, match.end() - start)
                return Statement("names_no_cookie", evidence, {"mentions_cookies": True})
    return Statement("names_no_cookie", "", {"mentions_cookies": False})


def max_lifetime_claim(statements: Iterable[Statement]) -> str | None:
    """Return the longest lifetime that the policy claims for its cookies as a whole."""
    claims = [str(s.details["lifetime"]) for s in statements if s.kind == "max_lifetime"]
    return max(claims, key=lambda iso: parse_lifetime(iso).nominal_seconds, default=None)


def _all(blocks: list[Block], named_in: Callable[[Block, str], bool]) -> Iterator[Statement]:
    seen_categories: set[str] = set()
    for passage in _passages(blocks, named_in):
        yield from _of_kinds(passage)
        yield from _lifetimes(passage)
        yield from _tools(passage)
        yield from _unnamed(passage)
        yield from _categories(passage, seen_categories)
    yield from _no_transfer_by_heading(blocks)


def _passages(blocks: list[Block], named_in: Callable[[Block, str], bool]) -> Iterator[_Passage]:
    """Yield the sentences; a list item belongs to the line that introduces its list."""
    intro = ""
    since = _REACH + 1
    for block in blocks:
        since = 0 if COOKIE_WORD.search(block.folded) else since + 1
        intro = intro if block.is_bullet else ""
        before = intro
        for start, end in sentences(block.text):
            end = min(end, start + LONGEST_SENTENCE)
            folded = block.folded[start:end]
            about = COOKIE_WORD.search(folded) is not None
            near = about or COOKIE_WORD.search(before) is not None
            has_names = near and named_in(block, block.text[start:end])
            text, is_row = block.text[start:end], bool(block.cells)
            yield _Passage(text, folded, about, near, since <= _REACH, before, has_names, block.is_bullet, is_row)
            before = folded
        if not block.is_bullet:
            intro = block.folded[-LONGEST_SENTENCE:]


def _statement(
    kind: str, passage: _Passage, match: re.Match[str], details: Mapping[str, str | bool | list[str]]
) -> Statement:
    return Statement(kind, clip(passage.text, match.start(), match.end()), details)


def _of_kinds(passage: _Passage) -> Iterator[Statement]:
    if passage.row:
        return
    for kind, needs_cookies, pattern in KINDS:
        if needs_cookies and not passage.around_cookies:
            continue
        match = pattern.search(passage.folded)
        if match and not (kind in DENIABLE and is_denied(passage.folded[: match.end()])):
            yield _statement(kind, passage, match, _consent_details(passage) if kind == "consent_required" else {})


def _consent_details(passage: _Passage) -> dict[str, str | bool | list[str]]:
    purposes = [purpose for purpose in _purposes_in(passage) if purpose != NECESSARY]
    express = re.search(r"\b(?:expres\w{0,5}|explici\w{0,5})\b", passage.folded) is not None
    return {"purposes": purposes, "express": express, "geolocation": "geoloc" in passage.folded}


def _lifetimes(passage: _Passage) -> Iterator[Statement]:
    """Yield how long cookies, or the answer about them, are kept; how long data are kept is neither."""
    if passage.row or passage.has_names or not passage.near_cookies:
        return
    timed = [d for d in durations(passage.folded) if d.iso != SESSION and not is_of_data(passage.folded, d)]
    if not timed:
        return
    choice = CHOICE.search(passage.folded)
    if choice:
        yield _statement("choice_lifetime", passage, choice, {"lifetime": timed[0].iso})
        return
    general = _claims_maximum(passage)
    if general:
        nearest = min(timed, key=lambda d: min(abs(d.start - general.end()), abs(general.start() - d.end)))
        yield _statement("max_lifetime", passage, general, {"lifetime": nearest.iso})


def _claims_maximum(passage: _Passage) -> re.Match[str] | None:
    """Return where a passage speaks of the longest life of cookies as a whole."""
    if SINGLE.search(passage.folded):
        return None
    if passage.about_cookies:
        return MAXIMUM.search(passage.folded) or GENERAL_LIFE.search(passage.folded)
    return MAXIMUM.search(passage.folded) if GOES_ON.search(passage.folded) else None


def _tools(passage: _Passage) -> Iterator[Statement]:
    for match in TOOL.finditer(passage.folded):
        near = passage.folded[max(0, match.start() - 200) : match.end() + 200]
        if COOKIE_WORD.search(near) or "consent" in near:
            tool = SPELLED.get(match[0].removesuffix(".js"), match[0])
            yield _statement("consent_tool", passage, match, {"tool": tool})
            return


def _unnamed(passage: _Passage) -> Iterator[Statement]:
    """Yield a cookie that is described by what it does or how long it lives, and not named."""
    if passage.row or passage.has_names or not passage.near_cookies or DEFINES.search(passage.folded):
        return
    hint = next((name for name, pattern in HINTS if pattern.search(passage.folded)), None)
    single = SINGLE.search(passage.folded)
    lifetime = lifetime_in(passage.folded) if single else None
    listed = passage.bullet and INTRODUCES.search(passage.before) is not None and hint in OWN_HINTS
    if (single and (hint or lifetime)) or listed:
        details: dict[str, str | bool | list[str]] = {"purpose_hint": hint} if hint else {}
        if lifetime:
            details["lifetime"] = lifetime
        evidence = clip(passage.text, single.start(), single.end()) if single else clip(passage.text)
        yield Statement("unnamed_cookie", evidence, details)


def _categories(passage: _Passage, seen: set[str]) -> Iterator[Statement]:
    """Yield the kinds of cookies that a passage speaks of, when one of them is new."""
    if not passage.near_cookies or len(seen) == len(CATEGORIES):
        return
    purposes = _purposes_in(passage)
    if set(purposes) - seen:
        seen.update(purposes)
        yield Statement("cookie_categories", clip(passage.text), {"purposes": purposes})


def _purposes_in(passage: _Passage) -> list[str]:
    return [purpose for purpose, pattern in CATEGORIES if pattern.search(passage.folded)]


def _no_transfer_by_heading(blocks: list[Block]) -> Iterator[Statement]:
    """Yield “Transfer to other countries: none” where the answer stands below its heading."""
    for heading, answer in itertools.pairwise(blocks):
        answered = heading.is_heading and len(answer.text) <= 40 and NONE.match(answer.folded)
        if answered and TRANSFER_HEADING.search(heading.folded):
            yield Statement("no_transfer_outside_eu", clip(f"{heading.text} {answer.text}"))
