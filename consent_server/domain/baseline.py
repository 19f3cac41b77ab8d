"""Findings that are known: a build goes on with them, and stops at what is new.

Known here: what a finding is recognised by, and how known ones are written down. A finding that could not be told and
now fails is new; one that failed stays known when it cannot be told. Nothing is known by its count or its page.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from consent_server.domain.audit import FAILS, UNDECIDED, Proof, Verdict
from consent_server.domain.errors import Invalid

VERSION = 1


@dataclass(frozen=True)
class Known:
    """One finding. All but the fingerprint and the verdict is for people who read the file."""

    fingerprint: str
    verdict: str
    requirement: str
    what: str
    seen_in: str

    @property
    def told(self) -> str:
        """Say which it is."""
        return f"{self.requirement} {self.what}{f' [{self.seen_in}]' if self.seen_in else ''}"


@dataclass(frozen=True)
class Baseline:
    """Every finding that is known."""

    findings: tuple[Known, ...] = ()

    def mark(self, verdicts: Iterable[Verdict]) -> tuple[Verdict, ...]:
        """Return the verdicts with what is known marked; a verdict is known when all of it is."""
        return tuple(map(self._marked, verdicts))

    def gone(self, verdicts: Iterable[Verdict]) -> tuple[Known, ...]:
        """Return what is known and was not seen."""
        seen = {finding.fingerprint for finding in _findings(verdicts)}
        return tuple(each for each in self.findings if each.fingerprint not in seen)

    def to_json(self) -> str:
        """Return the text of the file: the same findings give the same text."""
        listed = sorted(
            map(asdict, self.findings), key=lambda each: (each["requirement"], each["what"], each["seen_in"])
        )
        return json.dumps({"version": VERSION, "findings": listed}, ensure_ascii=True, indent=2) + "\n"

    def _marked(self, verdict: Verdict) -> Verdict:
        as_bad = {each.fingerprint for each in self.findings if each.verdict in {verdict.verdict, FAILS}}
        if verdict.verdict not in {FAILS, UNDECIDED}:
            return verdict
        if not verdict.proofs:
            return replace(verdict, known=fingerprint(verdict) in as_bad)
        proofs = tuple(replace(each, known=fingerprint(verdict, each) in as_bad) for each in verdict.proofs)
        return replace(verdict, proofs=proofs, known=all(each.known for each in proofs))


def baseline_of(verdicts: Iterable[Verdict]) -> Baseline:
    """Return everything that fails or cannot be told, as known."""
    return Baseline(tuple({each.fingerprint: each for each in _findings(verdicts)}.values()))


def baseline_from_json(document: Any) -> Baseline:
    """Return the baseline that ``to_json`` wrote. Raises ``Invalid``."""
    if not isinstance(document, Mapping) or document.get("version") != VERSION:
        raise Invalid.because("This is not a baseline: write one with “audit URL --write-baseline FILE”.")
    names = [each.name for each in fields(Known)]
    listed = document.get("findings")
    if not isinstance(listed, list) or not all(_is_known(each, names) for each in listed):
        raise Invalid.because("A finding of the baseline lacks something: write the baseline anew.")
    return Baseline(tuple(Known(*(each[name] for name in names)) for each in listed))


def fingerprint(verdict: Verdict, proof: Proof | None = None) -> str:
    """Return what one finding is recognised by from scan to scan: what, by which check, in which pass."""
    named = (proof.what, proof.seen_in) if proof else (verdict.message, "")
    text = "\n".join((verdict.check, verdict.requirement, *named))
    return hashlib.sha256(text.encode(errors="backslashreplace")).hexdigest()


def _findings(verdicts: Iterable[Verdict]) -> Iterator[Known]:
    for verdict in verdicts:
        if verdict.verdict in {FAILS, UNDECIDED}:
            for proof in verdict.proofs or (None,):
                told = (proof.what, proof.seen_in) if proof else (verdict.message, "")
                yield Known(fingerprint(verdict, proof), verdict.verdict, verdict.requirement, *told)


def _is_known(each: Any, names: Iterable[str]) -> bool:
    return isinstance(each, Mapping) and all(isinstance(each.get(name), str) for name in names)
