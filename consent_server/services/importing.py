"""Taking in a public cookie database, as suggestions with their source (CAT-05). Importing it again changes nothing.

    1  read the file whole          not one → ``Invalid``, nothing kept
    2  replace what this source said before
    3  commit

A source is whatever the caller calls it (a file's name): two sources may say different things of one cookie.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from consent_server.domain.cookie_database import RowProblem, parse_cookie_database
from consent_server.storage.suggestions import replace_suggestions


@dataclass(frozen=True)
class ImportReport:
    """What an import kept, out of how many rows, and what in them could not be read."""

    source: str
    rows: int
    imported: int
    problems: tuple[RowProblem, ...]


def import_cookie_database(session: Session, text: str, source: str, now: datetime) -> ImportReport:
    """Keep the suggestions of an Open Cookie Database CSV. Raises ``Invalid`` when it is not one."""
    database = parse_cookie_database(text)
    imported = replace_suggestions(session, source, database.suggestions, now)
    session.commit()
    return ImportReport(source, database.rows, imported, database.problems)
