"""An audit as JUnit's XML, which every build server counts; by a case's name, which is the same in each language."""

from __future__ import annotations

import re
from collections.abc import Iterable
from xml.etree import ElementTree

from consent_server.domain.audit import FAILS, UNDECIDED, Proof, Verdict
from consent_server.domain.audit_reports.words import Words
from consent_server.domain.scan import Scan

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write_junit(scan: Scan, verdicts: Iterable[Verdict], language: str = "en") -> str:
    """Return one suite with a test case for each verdict; what is known or cannot be told is skipped."""
    listed, words = list(verdicts), Words(language)
    failures = sum(v.verdict == FAILS and not v.known for v in listed)
    skipped = sum(v.verdict in {FAILS, UNDECIDED} for v in listed) - failures
    suite = ElementTree.Element(
        "testsuite",
        name=scan.address,
        tests=str(len(listed)),
        failures=str(failures),
        skipped=str(skipped),
        timestamp=scan.started_at,
    )
    for verdict in listed:
        told = words.said(verdict.message)
        name = _plain(f"{verdict.requirement} {verdict.message}")
        case = ElementTree.SubElement(suite, "testcase", classname=verdict.check, name=name)
        if verdict.verdict == FAILS and verdict.known:
            ElementTree.SubElement(case, "skipped", message=_plain(f"{words('known')}{words(': ')}{told}"))
        elif verdict.verdict == FAILS:
            ElementTree.SubElement(case, "failure", message=_plain(told)).text = _plain(_details(verdict, words))
        elif verdict.verdict == UNDECIDED:
            ElementTree.SubElement(case, "skipped", message=_plain(told))
    ElementTree.indent(suite)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(suite, encoding="unicode") + "\n"


def _details(verdict: Verdict, words: Words) -> str:
    return "\n".join([*(_line(each, words) for each in verdict.proofs), words.said(verdict.to_do), verdict.source])


def _line(proof: Proof, words: Words) -> str:
    where, who = words("on {}", proof.page), " ← ".join(proof.because_of)
    return f"{words.said(proof.what)} [{proof.seen_in}] {where} {who} {words.said(proof.said)}".rstrip()


def _plain(text: str) -> str:
    return _NOT_XML.sub("�", text)
