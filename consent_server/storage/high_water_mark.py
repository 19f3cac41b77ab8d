"""How far each log was seen to be, in a small file outside the database and its backup (ledger section 14).

    {"format": "consent-server/high-water-mark/v1", "instance": "<uuid>", "made": "<RFC 3339>",
     "logs": {"<origin>": {"root": "<base64>", "size": 3}}}

A database that was restored from an older backup, or rewritten, contradicts it. Marks only rise. ``instance`` is the
installation whose database it watches: a copy of that, started elsewhere, has a file of its own. Processes of one
machine share the file; workers on two machines have one each, and each file says what its own machine has seen: a mark
that is behind is no restore. Nor is one that is missing, of a log that was begun after the file was ``made``: the other
machine began it. It holds no personal data.

Where there are many logs, the file is not written anew for each of them: what rose lies as lines beside it
(``….marks``), until they are folded into it. The higher mark counts, so it does not matter in which of them it is.

    {"origin": "…", "root": "<base64>", "size": 3}

Beside it also lies a journal (``….removals``), one line for each removal that the logs speak of, so that what was
deleted after a backup is deleted again when that is restored:

    {"commitment": "<base64 of what the record's entry says, null for a range>", "entry": "<text>", "origin": "…"}
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from consent_server.domain.errors import Invalid, LogFrozen
from consent_server.domain.log_entry import Erase, Purge, Scrub, parse_entry
from consent_server.domain.proof_log.merkle import HASH_SIZE
from consent_server.domain.proof_log.signed_note import decode_base64, encode_base64
from consent_server.domain.times import parse_rfc3339, rfc3339
from consent_server.storage.whole_file import replace_file, sync_folder

FORMAT = "consent-server/high-water-mark/v1"

FEW = 64
"""Up to how many logs the whole file is written anew each time."""
LONGEST_LINES = 256 * 1024
"""Bytes of lines from which on they are folded into the file, or the file's own size if that is more."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A size and root that a log had, and that every later state of it begins with."""

    size: int
    root: bytes


@dataclass(frozen=True, slots=True)
class _File:
    instance: str | None
    marks: Mapping[str, Mark]
    made: str | None = None


@dataclass(slots=True)
class _Known:
    """What this process has read so far: the file as it was then, and how far into the lines beside it."""

    signature: tuple[int, ...]
    file: _File
    marks: dict[str, Mark]
    read: int = 0


_known: dict[Path, _Known] = {}
_knowing = threading.RLock()


@dataclass(frozen=True, slots=True)
class Removal:
    """What a log says was removed; ``commitment`` tells a record apart that had no index yet in an older database."""

    entry: Scrub | Erase | Purge
    commitment: bytes | None = None


def read_mark(path: Path, origin: str) -> Mark | None:
    """Return the mark of a log, ``None`` when it never had one; raises ``LogFrozen`` when the file is damaged."""
    return _read(path).marks.get(origin)


def read_instance(path: Path) -> str | None:
    """Return the installation that the file belongs to, ``None`` while it belongs to none."""
    return _read(path).instance


def read_made(path: Path) -> datetime | None:
    """Return when the file was made; ``None`` when it is not there, or does not say."""
    made = _read(path).made
    return None if made is None else parse_rfc3339(made)


def raise_mark(path: Path, origin: str, mark: Mark, instance: str | None = None, now: datetime | None = None) -> Mark:
    """Keep a mark, durably, unless a higher one is kept already; return the higher of the two.

    ``instance`` becomes the file's while it has none, and ``now`` the time at which it was made.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with _alone(path):
        file = _read(path)
        kept = file.marks.get(origin)
        if kept is not None and kept.size >= mark.size:
            if kept.size == mark.size and kept.root != mark.root:
                raise LogFrozen(f"The high-water mark has another root for size {mark.size}.")
            mark = kept
        wanted = _File(file.instance or instance, file.marks, file.made or (rfc3339(now) if now else None))
        if wanted != file or len(file.marks) < FEW:
            if kept != mark or wanted != file:
                with _knowing:  # another thread may be taking up lines
                    marks = {**file.marks, origin: mark}
                _write(path, replace(wanted, marks=marks))
        elif kept != mark:
            _add_line(path, origin, mark)
        return mark


def note_removals(path: Path, origin: str, removals: Iterable[tuple[str, bytes | None]]) -> None:
    """Add removals to the journal, durably; the text of the entry, and the commitment of the record if it is one."""
    lines = "".join(
        json.dumps({"commitment": commitment and encode_base64(commitment), "entry": text, "origin": origin}) + "\n"
        for text, commitment in removals
    )
    if not lines:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    journal = journal_of(path)
    with _alone(path), journal.open("a+b") as file:
        if file.tell() and not _ends_a_line(file):
            file.write(b"\n")  # the writer before us was cut off, and comes again with the same lines
        file.write(lines.encode())
        file.flush()
        os.fsync(file.fileno())
    sync_folder(path.parent)


def read_removals(path: Path) -> dict[str, list[Removal]]:
    """Return the removals of each log, oldest first; a line that was cut off stands there again, whole."""
    found: dict[str, list[Removal]] = {}
    with contextlib.suppress(FileNotFoundError), journal_of(path).open("rb") as file:
        for line in file:
            with contextlib.suppress(ValueError, LookupError, TypeError, AttributeError, Invalid):
                values = json.loads(line)
                entry, commitment = parse_entry(values["entry"]), values["commitment"]
                if isinstance(entry, Scrub | Erase | Purge):
                    removal = Removal(entry, None if commitment is None else decode_base64(commitment))
                    found.setdefault(values["origin"], []).append(removal)
    return found


def journal_of(path: Path) -> Path:
    """Return the file of the removals, beside the mark."""
    return path.with_name(path.name + ".removals")


def _ends_a_line(file: IO[bytes]) -> bool:
    file.seek(-1, os.SEEK_END)
    return file.read(1) == b"\n"


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Keep other writers out: two that read, change and write at once would lower each other's marks."""
    with path.with_name(path.name + ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _lines_of(path: Path) -> Path:
    return path.with_name(path.name + ".marks")


def _add_line(path: Path, origin: str, mark: Mark) -> None:
    """Add a mark to the lines beside the file; fold them when they have become many."""
    lines = _lines_of(path)
    text = json.dumps({"origin": origin, "root": encode_base64(mark.root), "size": mark.size}) + "\n"
    is_new = not lines.exists()
    with lines.open("a+b") as file:
        if file.tell() and not _ends_a_line(file):
            file.write(b"\n")  # the writer before us was cut off, and told nobody
        file.write(text.encode())
        file.flush()
        os.fsync(file.fileno())
        size = file.tell()
    if is_new:
        sync_folder(path.parent)
    if size > max(LONGEST_LINES, path.stat().st_size):
        _write(path, _read(path))


def _read(path: Path) -> _File:
    """Return what is kept; what this process has read before is not read again."""
    with _knowing:
        known = _known.get(path)
        try:
            signature = _signature(path)
        except FileNotFoundError:
            _known.pop(path, None)
            return _File(None, {})
        length = _length(_lines_of(path))
        if known is None or known.signature != signature or length < known.read:
            file = _read_file(path)
            known = _known[path] = _Known(signature, file, dict(file.marks))
        if length > known.read:
            _read_lines(_lines_of(path), known)
        return replace(known.file, marks=known.marks)


def _signature(path: Path) -> tuple[int, ...]:
    found = path.stat()
    return found.st_ino, found.st_mtime_ns, found.st_size


def _length(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _read_lines(path: Path, known: _Known) -> None:
    """Take up the lines that came; one that was cut off stands there again, whole, if it was ever told."""
    with contextlib.suppress(FileNotFoundError), path.open("rb") as lines:
        lines.seek(known.read)
        for line in lines:
            if not line.endswith(b"\n"):
                break
            known.read += len(line)
            with contextlib.suppress(ValueError, LookupError, TypeError, Invalid):
                values = json.loads(line)
                origin, mark = values["origin"], _mark(values)
                kept = known.marks.get(origin)
                if kept is None or kept.size < mark.size:
                    known.marks[origin] = mark


def _read_file(path: Path) -> _File:
    text = path.read_bytes()
    try:
        values = json.loads(text)
        if values["format"] != FORMAT:
            raise ValueError("another format")
        instance = values.get("instance")
        if not (instance is None or isinstance(instance, str)):
            raise ValueError("not an instance")
        made = values.get("made")
        if made is not None:
            parse_rfc3339(made)
        return _File(instance, {origin: _mark(value) for origin, value in values["logs"].items()}, made)
    except (ValueError, LookupError, TypeError, AttributeError, Invalid):
        raise LogFrozen(f"The high-water mark {path.name} cannot be read: it was damaged or is another file.") from None


def _mark(value: Any) -> Mark:
    size, root = value["size"], decode_base64(value["root"])
    if type(size) is not int or size < 0 or len(root) != HASH_SIZE:
        raise ValueError("not a mark")
    return Mark(size, root)


def _write(path: Path, wanted: _File) -> None:
    """Replace the file so that a crash leaves the old or the new one, whole, and the new one once this returns."""
    with _knowing:
        marks = dict(wanted.marks)
    logs = {origin: {"root": encode_base64(mark.root), "size": mark.size} for origin, mark in marks.items()}
    values = {"format": FORMAT, "instance": wanted.instance, "logs": logs, "made": wanted.made}
    replace_file(path, json.dumps(values, indent=1, sort_keys=True) + "\n")
    with contextlib.suppress(FileNotFoundError):
        os.truncate(_lines_of(path), 0)  # only now: whoever reads in between finds them in both
