"""A backup: a copy of the database made while everything runs, with a manifest, in one tar file.

The keys are not in it, nor is the high-water mark: whoever finds a backup can sign nothing with it, and a mark that
came back with its database could not tell that the database is an old one.
"""

from __future__ import annotations

import io
import tarfile
import tempfile
from datetime import datetime
from hashlib import file_digest
from importlib.metadata import version
from pathlib import Path
from typing import BinaryIO

from sqlalchemy import Engine

from consent_server.domain.backup import DATABASES, Manifest, format_manifest
from consent_server.domain.times import rfc3339
from consent_server.storage.database_copy import Progress, copy_database

MANIFEST = "MANIFEST.json"


def back_up(engine: Engine, out: BinaryIO, scratch: Path, now: datetime, progress: Progress) -> Manifest:
    """Write a backup to ``out``; ``scratch`` is a folder with room for a copy of the database.

    Raises ``Unavailable`` when a program is missing or fails, ``Conflict`` when the database is damaged.
    """
    with tempfile.TemporaryDirectory(prefix="backup-", dir=scratch) as folder:
        copy = Path(folder) / DATABASES[engine.dialect.name]
        state = copy_database(engine, copy, progress)
        with copy.open("rb") as file:
            digest = file_digest(file, "sha256").hexdigest()
        size = copy.stat().st_size
        manifest = Manifest(engine.dialect.name, rfc3339(now), version("consent-server"), state, size, digest)
        with tarfile.open(fileobj=out, mode="w|") as archive:
            text = format_manifest(manifest).encode()
            archive.addfile(_member(MANIFEST, len(text), now), io.BytesIO(text))
            with copy.open("rb") as file:
                archive.addfile(_member(copy.name, size, now), file)
    return manifest


def _member(name: str, size: int, now: datetime) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size, member.mode, member.mtime = size, 0o600, int(now.timestamp())
    return member
