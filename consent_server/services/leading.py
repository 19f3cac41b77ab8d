"""Which of several processes does a job that is to be done once: whoever has its lock, as long as it has it.

The lock is PostgreSQL's, held by a transaction that does nothing else: who dies loses it at once, and who was stopped
does after ``LONGEST_SILENCE_S``. Nothing rests on it: the jobs themselves can stand being done twice at a time, and
this keeps it from being the rule. With SQLite there is one process.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from zlib import crc32

from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

LOCK_CLASS = 0x6A6F6273
"""First half of the advisory lock ("jobs"); the second is made of the job's name."""

LONGEST_SILENCE_S = 900.0
"""How long a job may take before another process may begin it, too: one that was stopped must not keep it for ever."""


@contextlib.contextmanager
def leading(sessions: Callable[[], Session], job: str) -> Iterator[bool]:
    """Say whether this process does the job now; False when another one is at it. Raises ``SQLAlchemyError``."""
    session = sessions()
    try:
        yield session.get_bind().dialect.name != "postgresql" or _locks(session, job)
    finally:
        with contextlib.suppress(SQLAlchemyError):  # taken away meanwhile, with its connection
            session.close()


def _locks(session: Session, job: str) -> bool:
    silence = func.set_config("idle_in_transaction_session_timeout", str(round(LONGEST_SILENCE_S * 1000)), True)
    number = crc32(job.encode()) - 2**31  # the halves are signed
    got, _ = session.execute(select(func.pg_try_advisory_xact_lock(LOCK_CLASS, number), silence)).one()
    return bool(got)
