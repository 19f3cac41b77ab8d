"""Whether a choice could be recorded now; and if not, why not, in a sentence for whoever is called at night."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import cached_property
from pathlib import Path

from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from consent_server.services import clock
from consent_server.storage.database import be_impatient, database_clock

CLOCKS_APART = timedelta(minutes=1)
"""How far a machine's clock may be from the database's, which all machines share."""


class Readiness:
    """What one process needs to record a choice; ``stopping`` says that it was asked to stop."""

    def __init__(self, migrations: Path, missing_keys: tuple[str, ...]) -> None:
        self.stopping: Callable[[], bool] = lambda: False
        self._migrations = migrations
        self._missing_keys = missing_keys

    def trouble(self, session: Session) -> str | None:
        """Return why a choice could not be recorded now, or None when it could."""
        if self.stopping():
            return "This server is stopping: ask another one."
        if self._missing_keys:
            return f"Without {' and '.join(self._missing_keys)} no choice can be promised."
        return self.trouble_with_database(session)

    def trouble_with_database(self, session: Session) -> str | None:
        """Return what is wrong between this process and the database, or None."""
        try:
            be_impatient(session)
            return self._trouble_with_schema(session) or self._trouble_with_clock(session)
        except SQLAlchemyError as error:
            session.rollback()
            return f"The database is away or was never migrated ({type(error).__name__})."

    def _trouble_with_schema(self, session: Session) -> str | None:
        """A schema older than this software is trouble; a newer one was made to serve the one before as well."""
        version = session.scalar(text("SELECT version_num FROM alembic_version"))
        if not version:
            return "The database was never migrated."
        if version in self._older:
            return f"The database is at migration {version}, before {self._head}: run consent-server init."
        return None

    def _trouble_with_clock(self, session: Session) -> str | None:
        shared = database_clock(session)
        apart = shared - clock.now() if shared else timedelta()
        if abs(apart) <= CLOCKS_APART:
            return None
        where = "behind" if apart > timedelta() else "ahead of"
        return f"This machine's clock is {abs(apart).total_seconds():.0f} s {where} the database's."

    @cached_property
    def _head(self) -> str | None:
        return ScriptDirectory(str(self._migrations)).get_current_head()

    @cached_property
    def _older(self) -> frozenset[str]:
        revisions = ScriptDirectory(str(self._migrations)).walk_revisions()
        return frozenset(each.revision for each in revisions) - {self._head or ""}
