"""``python -m consent_server.verify BUNDLE --key VKEY``: check an evidence bundle, offline, without trusting its maker.

Runs from the standard library and ``cryptography`` alone. BUNDLE is a ``.zip``, the folder it was unpacked to, or a
``.jsonl``. Keys come from the command line, never from the bundle: from the contract with the operator, from a letter,
from whoever saw them first.

Exit codes: 0 it holds; 1 a lie, or something withheld; 2 wrong usage; 3 it cannot be read.
"""

from __future__ import annotations

import argparse
import sys
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from io import BufferedReader, RawIOBase
from pathlib import Path
from typing import IO, cast

from consent_server.domain.errors import Invalid
from consent_server.domain.evidence import BundleEvidence, Evidence, LinesEvidence, Report, Trust, verify
from consent_server.domain.proof_log.signed_note import MAX_NOTE_BYTES, Verifier

HOLDS, LIE, USAGE, UNREADABLE = range(4)

_BUFFER = 2**18


class ZipFiles:
    """The files of a bundle in a zip. Names are looked up, never written to a disk."""

    def __init__(self, path: Path) -> None:
        self._zip = zipfile.ZipFile(path)

    def paths(self) -> Iterator[str]:
        """Give every name, also one that stands twice."""
        return (info.filename for info in self._zip.infolist() if not info.is_dir())

    def open(self, path: str) -> IO[bytes]:
        """Open a file for buffered reading."""
        return BufferedReader(cast(RawIOBase, self._zip.open(path)), _BUFFER)


class FolderFiles:
    """The files of an unpacked bundle."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def paths(self) -> Iterator[str]:
        """Give the path of every file below the folder, with slashes."""
        return (path.relative_to(self._folder).as_posix() for path in self._folder.rglob("*") if path.is_file())

    def open(self, path: str) -> IO[bytes]:
        """Open a file for buffered reading."""
        return (self._folder / path).open("rb", _BUFFER)


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the command line, verify, say what was found; return the exit code."""
    options = _parser().parse_args(arguments)
    try:
        trust = _trust(options)
    except (Invalid, OSError) as error:
        return _say(USAGE, f"{error}")
    try:
        report = verify(open_evidence(options.bundle), trust, datetime.now(UTC))
    except (Invalid, OSError, EOFError, zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError) as error:
        return _say(UNREADABLE, f"{options.bundle} cannot be read: {error}")
    return _tell(report, options)


def open_evidence(path: Path) -> Evidence:
    """Open a bundle by what it is: a folder, a zip, or else lines."""
    if path.is_dir():
        return BundleEvidence(FolderFiles(path))
    if zipfile.is_zipfile(path):
        return BundleEvidence(ZipFiles(path))
    return LinesEvidence(lambda: path.open("rb", _BUFFER))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m consent_server.verify", description="Check an evidence bundle offline.")
    parser.add_argument("bundle", type=Path, help="the .zip, its folder, or the .jsonl")
    parser.add_argument("--key", action="append", required=True, help="key of the log, or of its promises; repeatable")
    parser.add_argument("--anchor-key", action="append", default=[], help="key of the anchor log")
    parser.add_argument("--tsa-ca", type=Path, help="root certificates of the time-stamping authority, PEM")
    parser.add_argument("--promise", action="append", default=[], type=Path, help="a promise that a visitor kept")
    parser.add_argument("--known", action="append", default=[], type=Path, help="a checkpoint that was seen elsewhere")
    parser.add_argument("--strict", action="store_true", help="let notes (what was not checked) fail, too")
    return parser


def _trust(options: argparse.Namespace) -> Trust:
    keys = tuple(Verifier.parse(vkey.strip()) for vkey in [*options.key, *options.anchor_key])
    if options.promise and not any(key.name.endswith("/promise") for key in keys):
        raise Invalid.because("--promise needs the key of the promises: give it with a second --key.")
    if options.tsa_ca is not None and not options.tsa_ca.is_file():
        raise Invalid.because(f"There is no file {options.tsa_ca}.")
    return Trust(keys, tuple(map(_note, options.promise)), tuple(map(_note, options.known)))


def _note(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(MAX_NOTE_BYTES + 1)


def _tell(report: Report, options: argparse.Namespace) -> int:
    if report.lie is not None:
        return _say(LIE, f"INVALID: {report.lie}")
    counts = ", ".join(f"{count} {name}" for name, count in report.counts.items())
    root = report.root.hex() if report.root else ""
    print(f"VALID: the log {report.about.origin} at size {report.about.size}, root {root}: {counts}.")
    for note in report.notes:
        print(f"note: {note}")
    return LIE if options.strict and report.notes else HOLDS


def _say(code: int, sentence: str) -> int:
    print(sentence, file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
