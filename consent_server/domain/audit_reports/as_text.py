"""An audit for a person at a terminal: no line is longer than 80 columns unless a name or an address is.

Colours are asked for by whoever knows that there is a terminal (``styled``); they mark, and never say anything alone.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator

from consent_server.domain.audit import FAILS, HOLDS, UNDECIDED, Proof, Verdict
from consent_server.domain.audit_reports.words import Words, plain, time_of
from consent_server.domain.scan import PASSES, Scan

WIDTH = 80
MOST_PROOFS = 20
_MARKS = {FAILS: "✗", HOLDS: "✓", UNDECIDED: "?"}
_COLOURS = {FAILS: "31", HOLDS: "32", UNDECIDED: "33"}


def write_text(scan: Scan, verdicts: Iterable[Verdict], language: str = "en", *, styled: bool = False) -> str:
    """Return the audit, failures first, each with what shows it and what to do."""
    listed, words = list(verdicts), Words(language)
    failed = sum(verdict.verdict == FAILS for verdict in listed)
    known = sum(verdict.verdict == FAILS and verdict.known for verdict in listed)
    lines = [_bold(line, styled) for line in _wrapped(f"{words('Audit of {}', scan.address)}, {_when(scan)}", "")]
    for seen in scan.passes:
        lines += [line for limit in seen.limits for line in _wrapped(f"{seen.name}: {words.limit(limit)}", "", "  ")]
    missing = [name for name in PASSES if scan.of(name) is None]
    lines += _wrapped(words("The visit ended early. Not made: {}.", ", ".join(missing)), "", "  ") if missing else []
    for verdict in listed:
        lines += ["", *_lines(verdict, words, styled)]
    lines += ["", words("{} of {} checks failed.", failed, len(listed))]
    lines += [words("Known already: {}.", known)] if known else []
    return "\n".join(lines) + "\n"


def _when(scan: Scan) -> str:
    return time_of(scan.started_at)


def _lines(verdict: Verdict, words: Words, styled: bool) -> Iterator[str]:
    known = f" ({words('known')})" if verdict.known else ""
    told = f"{verdict.check} {verdict.requirement} {words(verdict.verdict)}{known}: {words.said(verdict.message)}"
    head, *rest = _wrapped(f"{_MARKS[verdict.verdict]} {told}", "", "  ")
    yield _coloured(head, _COLOURS[verdict.verdict], styled)
    yield from rest
    for proof in verdict.proofs[:MOST_PROOFS]:
        yield from _proof(proof, words)
    if len(verdict.proofs) > MOST_PROOFS:
        yield f"    {words('and {} more', len(verdict.proofs) - MOST_PROOFS)}"
    if verdict.to_do:
        yield from _wrapped(f"→ {words.said(verdict.to_do)}", "    ", "      ")
    if verdict.verdict == FAILS:
        yield from _wrapped(verdict.source, "    ", "    ")


def _proof(proof: Proof, words: Words) -> Iterator[str]:
    seen_in = f" [{proof.seen_in}]" if proof.seen_in else ""
    known = f" ({words('known')})" if proof.known else ""
    yield from _wrapped(f"- {words.said(proof.what)}{seen_in}{known}", "    ", "      ")
    if proof.page:
        yield from _wrapped(words("on {}", proof.page), "      ", "        ")
    if proof.because_of:
        yield from _wrapped(words("by {}", " ← ".join(proof.because_of[:3])), "      ", "        ")
    if proof.said:
        yield from _wrapped(words.said(proof.said), "      ", "        ")


def _wrapped(text: str, first: str, later: str = "") -> list[str]:
    """Break a text at spaces; an address stays whole, so that it can be copied."""
    return textwrap.wrap(
        plain(text),
        WIDTH,
        initial_indent=first,
        subsequent_indent=later,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _bold(line: str, styled: bool) -> str:
    return _coloured(line, "1", styled)


def _coloured(line: str, code: str, styled: bool) -> str:
    return f"\x1b[{code}m{line}\x1b[0m" if styled else line
