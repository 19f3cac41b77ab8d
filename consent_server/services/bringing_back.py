"""Bringing a backup back, into an empty installation: whole and as its manifest says, or not at all.

What comes after is not done here: the schema is brought up to date, the logs are read again, what was deleted since is
deleted again (``restoring``), and the high-water mark tells whether there was a newer state (``rechecking``).
"""

from __future__ import annotations

import tarfile
import tempfile
from collections.abc import Collection
from hashlib import sha256
from pathlib import Path
from typing import IO, BinaryIO

from sqlalchemy import Engine, NullPool, create_engine

from consent_server.domain.backup import DATABASES, Manifest, State, parse_manifest
from consent_server.domain.errors import Conflict, Invalid
from consent_server.services.backing_up import MANIFEST
from consent_server.storage.database_copy import (
    check_sqlite,
    is_empty,
    read_state,
    restore_dump,
    sqlite_file,
    sync_file,
)
from consent_server.storage.whole_file import sync_folder

LARGEST_MANIFEST = 64 * 1024 * 1024
CHUNK = 1024 * 1024


def bring_back(engine: Engine, archive: BinaryIO, revisions: Collection[str]) -> Manifest:
    """Restore a backup into the database of ``engine``, which has to be empty; ``revisions`` are the known schemas.

    Raises ``Invalid`` (no backup, damaged, of the other engine, of newer software), ``Conflict`` (not empty),
    ``Unavailable`` (a program is missing).
    """
    if not is_empty(engine):
        raise Conflict(
            "There is a database here already, and nothing is written over one: restore into an empty installation, "
            "or move this one away first (with its -wal and -shm files, or into another database)."
        )
    try:
        with (
            tarfile.open(fileobj=archive, mode="r|") as members,
            tempfile.TemporaryDirectory(prefix="restore-", dir=_beside(engine)) as folder,
        ):
            manifest = _manifest(members)
            _check_fits(manifest, engine, revisions)
            copy = Path(folder) / DATABASES[manifest.engine]
            _extract(members, manifest, copy)
            _put(engine, manifest, copy)
    except (tarfile.TarError, EOFError) as error:
        raise Invalid.because(f"This is no backup, or not the whole of one: {error}") from None
    return manifest


def _manifest(members: tarfile.TarFile) -> Manifest:
    member = members.next()
    file = members.extractfile(member) if member is not None and member.name == MANIFEST else None
    if file is None:
        raise Invalid.because("This is no backup of Consent Server: it does not begin with a manifest.")
    return parse_manifest(file.read(LARGEST_MANIFEST))


def _check_fits(manifest: Manifest, engine: Engine, revisions: Collection[str]) -> None:
    if manifest.engine != engine.dialect.name:
        raise Invalid.because(
            f"This is a backup of {manifest.engine}, and DATABASE_URL names {engine.dialect.name}.", "DATABASE_URL"
        )
    if manifest.state.schema not in revisions:
        raise Invalid.because(
            f"This backup was made by newer software ({manifest.software}, schema {manifest.state.schema}): install "
            "that first."
        )


def _extract(members: tarfile.TarFile, manifest: Manifest, copy: Path) -> None:
    """Write the copy of the database to a file while its digest is taken."""
    member = members.next()
    file = members.extractfile(member) if member is not None and member.name == copy.name else None
    if file is None:
        raise Invalid.because("This backup has no database.")
    with copy.open("wb") as out:
        digest = _copy(file, out)
    if digest != manifest.sha256:
        raise Invalid.because("This backup was damaged: the database is not the one that its manifest names.")


def _copy(file: IO[bytes], out: IO[bytes]) -> str:
    digest = sha256()
    while chunk := file.read(CHUNK):
        digest.update(chunk)
        out.write(chunk)
    return digest.hexdigest()


def _put(engine: Engine, manifest: Manifest, copy: Path) -> None:
    if engine.dialect.name == "postgresql":
        restore_dump(engine, copy)
        _compare(_state_of(engine), manifest)
        return
    _check_file(copy, manifest)
    copy.chmod(0o600)
    sync_file(copy)
    target = Path(sqlite_file(engine))
    copy.replace(target)
    sync_folder(target.parent)


def _beside(engine: Engine) -> Path | None:
    """Return where the copy is written first: on the disk it is to be on, so that it is put in place at once."""
    if engine.dialect.name == "postgresql":
        return None
    folder = Path(sqlite_file(engine)).parent
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def _check_file(copy: Path, manifest: Manifest) -> None:
    engine = create_engine(f"sqlite:///{copy}", poolclass=NullPool)
    try:
        check_sqlite(engine)
        _compare(_state_of(engine), manifest)
    finally:
        engine.dispose()


def _state_of(engine: Engine) -> State:
    with engine.connect() as connection:
        return read_state(connection)


def _compare(found: State, manifest: Manifest) -> None:
    if found != manifest.state:
        raise Invalid.because("The database in this backup is not at the schema and logs that its manifest names.")
