"""``python -m consent_server.verify BUNDLE --key VKEY``: check an evidence bundle, offline, without trusting its maker.

Runs from the standard library and ``cryptography`` alone. BUNDLE is a ``.zip``, the folder it was unpacked to, or a
``.jsonl``. Keys come from the command line, never from the bundle: from the contract with the operator, from a letter,
from whoever saw them first.

BUNDLE may also be the address of a log, ``https://…/v1/sites/SITE/log``: its entries are then read from its server,
and compared with the checkpoints (``--known``) and promises that somebody kept.

Time stamps are checked with the program openssl, where it is there and ``--tsa-ca`` names the authority's root.

Exit codes: 0 it holds; 1 a lie, or something withheld; 2 wrong usage; 3 it cannot be read.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from http.client import HTTPException
from io import BufferedReader, RawIOBase
from pathlib import Path
from typing import IO, cast
from urllib.error import HTTPError
from urllib.request import urlopen

from consent_server.domain.errors import Invalid
from consent_server.domain.evidence import (
    BundleEvidence,
    Evidence,
    LinesEvidence,
    Report,
    ServedEvidence,
    Trust,
    verify,
)
from consent_server.domain.evidence_anchors import CheckToken
from consent_server.domain.proof_log.cosignature import Witness
from consent_server.domain.proof_log.signed_note import MAX_NOTE_BYTES, Verifier

HOLDS, LIE, USAGE, UNREADABLE = range(4)

_UNREADABLE = (
    Invalid,
    OSError,
    HTTPException,
    EOFError,
    zipfile.BadZipFile,
    zlib.error,
    RuntimeError,
    NotImplementedError,
)
_BUFFER = 2**18
_OPENSSL_S = 60
_FETCH_S = 30
_FETCH_BYTES = 2**25
_LOG = re.compile(r"(https?://.+/v1/sites/([a-z0-9][a-z0-9-]*))/log/?\Z")


class ZipFiles:
    """The files of a bundle in a zip. Names are looked up, never written to a disk."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._zip = archive

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


class Served:
    """What a server has below the address of a site."""

    def __init__(self, address: str) -> None:
        self._address = address

    def __call__(self, path: str) -> bytes | None:
        """Fetch; ``None`` when it is not there, or not yet."""
        try:
            with urlopen(f"{self._address}/{path}", timeout=_FETCH_S) as answer:
                return answer.read(_FETCH_BYTES) if answer.status == 200 else None
        except HTTPError as error:
            with error:
                if error.code == 404:
                    return None
            raise


class OpenSsl:
    """Checks tokens with ``openssl ts``. It says whether the chain is right, not whether a certificate was revoked."""

    def __init__(self, program: str, roots: Path) -> None:
        self._program = program
        self._roots = roots

    def __call__(self, body: bytes, token: bytes, time: datetime) -> str | None:
        """Return why the token does not hold; with certificates that expired since, it is judged at its own time."""
        with tempfile.TemporaryDirectory() as name:
            data, answer = Path(name, "data"), Path(name, "token")
            data.write_bytes(body)
            answer.write_bytes(token)
            now = self._verify(data, answer)
            return now and self._verify(data, answer, "-attime", str(int(time.timestamp())))

    def _verify(self, data: Path, answer: Path, *options: str) -> str | None:
        given = ["-data", str(data), "-in", str(answer), "-CAfile", str(self._roots), *options]
        try:
            done = subprocess.run(
                [self._program, "ts", "-verify", *given],
                capture_output=True,
                text=True,
                errors="replace",
                timeout=_OPENSSL_S,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            return f"openssl could not check it ({type(error).__name__})"
        if done.returncode == 0 and "Verification: OK" in done.stdout:
            return None
        # …:error:<code>:<library>:<function>:<reason>:<file>:<line>:<detail>
        fields = [line.split(":error:")[1].split(":", 6) for line in done.stderr.splitlines() if ":error:" in line]
        said = [each[6].rpartition(":")[2].strip() or each[3] for each in fields if len(each) == 7]
        return "openssl refuses it" + (f" ({said[-1]})" if said else "")


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the command line, verify, say what was found; return the exit code."""
    options = _parser().parse_args(arguments)
    try:
        trust = _trust(options)
    except (Invalid, OSError) as error:
        return _say(USAGE, f"{error}")
    try:
        with open_evidence(options.bundle) as evidence:
            report = verify(evidence, trust, datetime.now(UTC))
    except _UNREADABLE as error:
        return _say(UNREADABLE, f"{options.bundle} cannot be read: {error}")
    return _tell(report, options)


@contextmanager
def open_evidence(name: str | Path) -> Iterator[Evidence]:
    """Open evidence by what it is: a log that is served, a folder, a zip, or else lines."""
    path, log = Path(name), _LOG.match(str(name))
    if log:
        yield ServedEvidence(Served(log[1]), log[2])
    elif path.is_dir():
        yield BundleEvidence(FolderFiles(path))
    elif zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            yield BundleEvidence(ZipFiles(archive))
    else:
        yield LinesEvidence(lambda: path.open("rb", _BUFFER))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m consent_server.verify", description="Check an evidence bundle offline.")
    parser.add_argument("bundle", help="the .zip, its folder, or the .jsonl; or the address of a log")
    parser.add_argument("--key", action="append", required=True, help="key of the log, or of its promises; repeatable")
    parser.add_argument("--anchor-key", action="append", default=[], help="key of the anchor log")
    parser.add_argument("--tsa-ca", type=Path, help="root certificates of the time-stamping authority, PEM")
    parser.add_argument("--witness", action="append", default=[], help="key of a witness of the anchor log; repeatable")
    parser.add_argument("--promise", action="append", default=[], type=Path, help="a promise that a visitor kept")
    parser.add_argument("--known", action="append", default=[], type=Path, help="a checkpoint that was seen elsewhere")
    parser.add_argument("--strict", action="store_true", help="let notes (what was not checked) fail, too")
    return parser


def _trust(options: argparse.Namespace) -> Trust:
    keys, anchor_keys = (
        tuple(Verifier.parse(vkey.strip()) for vkey in vkeys) for vkeys in (options.key, options.anchor_key)
    )
    if options.promise and not any(key.name.endswith("/promise") for key in keys):
        raise Invalid.because("--promise needs the key of the promises: give it with a second --key.")
    if options.tsa_ca is not None and not options.tsa_ca.is_file():
        raise Invalid.because(f"There is no file {options.tsa_ca}.")
    promises, known = (tuple(map(_note, paths)) for paths in (options.promise, options.known))
    witnesses = tuple(Witness.parse(vkey.strip()) for vkey in options.witness)
    return Trust(keys, promises, known, anchor_keys, _token_check(options.tsa_ca), witnesses)


def _token_check(roots: Path | None) -> CheckToken | None:
    program = shutil.which("openssl")
    return OpenSsl(program, roots) if program and roots else None


def _note(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(MAX_NOTE_BYTES + 1)


def _tell(report: Report, options: argparse.Namespace) -> int:
    if report.lie is not None:
        return _say(LIE, f"INVALID: {report.lie}")
    counts = ", ".join(f"{count} {name}" for name, count in report.counts.items())
    root = report.root.hex() if report.root else ""
    print(f"VALID: the log {report.about.origin} at size {report.about.size}, root {root}: {counts}.")
    if report.stamped is not None:
        print(f"The first {report.stamped.size} entries were there at {report.stamped.time:%Y-%m-%d %H:%M:%S} UTC.")
    for note in report.notes:
        print(f"note: {note}")
    return LIE if options.strict and report.notes else HOLDS


def _say(code: int, sentence: str) -> int:
    print(sentence, file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
