"""How far each log was seen to be, in a small file outside the database and its backup (ledger section 14).

    {"format": "consent-server/high-water-mark/v1", "instance": "<uuid>",
     "logs": {"<origin>": {"root": "<base64>", "size": 3}}}

A database that was restored from an older backup, or rewritten, contradicts it. Marks only rise. ``instance`` is the
installation whose database it watches: a copy of that, started elsewhere, has a file of its own. Every process that
sequences the same database reads and writes the same file. It holds no personal data.

Beside it lies a journal (``….removals``), one line for each removal that the logs speak of, so that what was deleted
after a backup is deleted again when that is restored:

    {"commitment": "<base64 of what the record's entry says, null for a range>", "entry": "<text>", "origin": "…"}
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from consent_server.domain.errors import Invalid, LogFrozen
from consent_server.domain.log_entry import Erase, Purge, Scrub, parse_entry
from consent_server.domain.proof_log.merkle import HASH_SIZE
from consent_server.domain.proof_log.signed_note import decode_base64, encode_base64
from consent_server.storage.whole_file import replace_file, sync_folder

FORMAT = "consent-server/high-water-mark/v1"


@dataclass(frozen=True, slots=True)
class Mark:
    """A size and root that a log had, and that every later state of it begins with."""

    size: int
    root: bytes


@dataclass(frozen=True, slots=True)
class _File:
    instance: str | None
    marks: Mapping[str, Mark]


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


def raise_mark(path: Path, origin: str, mark: Mark, instance: str | None = None) -> Mark:
    """Keep a mark, durably, unless a higher one is kept already; return the higher of the two.

    ``instance`` becomes the file's while it has none.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with _alone(path):
        file = _read(path)
        kept = file.marks.get(origin)
        if kept is not None and kept.size >= mark.size:
            if kept.size == mark.size and kept.root != mark.root:
                raise LogFrozen(f"The high-water mark has another root for size {mark.size}.")
            mark = kept
        wanted = _File(file.instance or instance, {**file.marks, origin: mark})
        if wanted != file:
            _write(path, wanted)
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


def _read(path: Path) -> _File:
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        return _File(None, {})
    try:
        values = json.loads(text)
        if values["format"] != FORMAT:
            raise ValueError("another format")
        instance = values.get("instance")
        if not (instance is None or isinstance(instance, str)):
            raise ValueError("not an instance")
        return _File(instance, {origin: _mark(value) for origin, value in values["logs"].items()})
    except (ValueError, LookupError, TypeError, AttributeError, Invalid):
        raise LogFrozen(f"The high-water mark {path.name} cannot be read: it was damaged or is another file.") from None


def _mark(value: Any) -> Mark:
    size, root = value["size"], decode_base64(value["root"])
    if type(size) is not int or size < 0 or len(root) != HASH_SIZE:
        raise ValueError("not a mark")
    return Mark(size, root)


def _write(path: Path, wanted: _File) -> None:
    """Replace the file so that a crash leaves the old or the new one, whole, and the new one once this returns."""
    logs = {origin: {"root": encode_base64(mark.root), "size": mark.size} for origin, mark in wanted.marks.items()}
    text = json.dumps({"format": FORMAT, "instance": wanted.instance, "logs": logs}, indent=1, sort_keys=True) + "\n"
    replace_file(path, text)
