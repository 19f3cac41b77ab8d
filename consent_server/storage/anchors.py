"""What is anchored: which leaf of the anchor log holds which checkpoint, and what witnesses outside said of that log.

The leaves themselves are entries of log 0 (``storage/proof_log``). The table of leaves only finds them again: it is
made from the entries, after they have their index.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Select, exists, func, insert, select
from sqlalchemy.orm import Session

from consent_server.storage.consent_records import Nearby
from consent_server.storage.proof_log import ANCHOR_LOG, PAGE
from consent_server.storage.tables import (
    ProofAnchorLeafRow,
    ProofAnchorRow,
    ProofCheckpointRow,
    ProofLogRow,
    ProofPendingRow,
)

TOKEN = "token"
"""The kind of an RFC 3161 time stamp; its name is the authority's address."""


COSIGNATURE = "cosignature"
"""The kind of a witness's signature line; its name is the witness's."""

_FIRST = 20
"""How many in line are looked at for one whose record was not erased meanwhile."""

MAIL = "mail"
"""The kind of a mail that a checkpoint was sent in; to whom is not kept."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """Leaf ``index`` holds the checkpoint of a site at ``size``, or (site 0) the digest of the token at that size."""

    index: int
    site_id: int
    size: int


@dataclass(frozen=True, slots=True)
class Witnessed:
    """What somebody outside said of the anchor log at ``size``: when by their clock, and when it came by ours."""

    size: int
    kind: str
    name: str
    data: bytes = field(repr=False)
    said_at: datetime
    kept_at: datetime


@dataclass(frozen=True, slots=True)
class Moved:
    """A site whose newest checkpoint is not anchored yet."""

    site_id: int
    origin: str
    size: int


# Leaves


def noted(session: Session) -> int:
    """Return how many leaves of the anchor log have been looked at: the index of the last one that is noted, plus 1."""
    last = session.scalar(select(func.max(ProofAnchorLeafRow.idx)))
    return 0 if last is None else last + 1


def note_leaf(session: Session, leaf: Leaf) -> None:
    """Remember what a leaf holds."""
    values = {"idx": leaf.index, "site_id": leaf.site_id, "size": leaf.size}
    session.execute(insert(ProofAnchorLeafRow).values(values))


def site_of(session: Session, origin: str) -> int | None:
    """Return whose log has this origin."""
    return session.scalar(select(ProofLogRow.site_id).where(ProofLogRow.origin == origin))


def moved_sites(session: Session, limit: int | None = None) -> list[Moved]:
    """Return the sites whose newest checkpoint no leaf holds; a frozen log moves no more."""
    log, checkpoint, leaf = ProofLogRow, ProofCheckpointRow, ProofAnchorLeafRow
    newest = select(func.max(checkpoint.size)).where(checkpoint.site_id == log.site_id).scalar_subquery()
    anchored = select(func.max(leaf.size)).where(leaf.site_id == log.site_id).scalar_subquery()
    query = select(log.site_id, log.origin, newest).where(log.site_id != ANCHOR_LOG, log.frozen_reason.is_(None))
    query = query.where(newest > func.coalesce(anchored, 0)).order_by(log.site_id).limit(limit)
    return [Moved(*values) for values in session.execute(query)]


def oldest_in_line(session: Session, site_id: int) -> datetime | None:
    """Return when the record that stands first in a site's line was made, ``None`` when none does."""
    row = ProofPendingRow
    query = select(row.record_id).where(row.site_id == site_id, row.kind == "consent").order_by(row.seq).limit(_FIRST)
    line = [record_id for record_id in session.scalars(query) if record_id is not None]
    found = Nearby(session, site_id).find(line)
    return next((found[record_id].recorded_at for record_id in line if record_id in found), None)


def first_leaf_over(session: Session, site_id: int, size: int) -> Leaf | None:
    """Return the leaf of the smallest anchored checkpoint of a site that covers ``size`` entries."""
    row = ProofAnchorLeafRow
    query = _leaves().where(row.site_id == site_id, row.size >= size).order_by(row.size, row.idx).limit(1)
    values = session.execute(query).one_or_none()
    return Leaf(*values) if values else None


def last_leaf_below(session: Session, site_id: int, index: int, size: int) -> Leaf | None:
    """Return the newest leaf below an index that holds a checkpoint of a site up to ``size``."""
    row = ProofAnchorLeafRow
    query = _leaves().where(row.site_id == site_id, row.size <= size, row.idx < index).order_by(row.size.desc())
    values = session.execute(query.limit(1)).one_or_none()
    return Leaf(*values) if values else None


def leaves_of_site(session: Session, site_id: int, size: int) -> Iterator[Leaf]:
    """Give the leaves that hold checkpoints of a site up to ``size``, oldest first."""
    row = ProofAnchorLeafRow
    query = _leaves().where(row.site_id == site_id, row.size <= size).order_by(row.idx)
    for values in session.execute(query.execution_options(yield_per=PAGE)):
        yield Leaf(*values)


# Witnesses


def add_witnessed(session: Session, said: Witnessed) -> None:
    """Keep what somebody outside said; the same witness says one thing of a size, the second time is refused."""
    values = {"size": said.size, "kind": said.kind, "name": said.name, "data": said.data}
    session.execute(insert(ProofAnchorRow).values({**values, "said_at": said.said_at, "kept_at": said.kept_at}))


def last_token(session: Session) -> Witnessed | None:
    """Return the newest time stamp."""
    return _one(session, _witnessed(TOKEN).order_by(ProofAnchorRow.size.desc()).limit(1))


def shown_sizes(session: Session) -> list[int]:
    """Return the sizes of the anchor log that were mailed or cosigned."""
    row = ProofAnchorRow
    return list(
        session.scalars(select(row.size).where(row.kind.in_((MAIL, COSIGNATURE))).distinct().order_by(row.size))
    )


def cosignatures(session: Session, size: int) -> list[str]:
    """Return the signature lines that witnesses gave of a size, by the witness's name."""
    row = ProofAnchorRow
    query = select(row.data).where(row.kind == COSIGNATURE, row.size == size).order_by(row.name)
    return [line.decode() for line in session.scalars(query)]


def last_cosigned(session: Session, witness: str) -> int:
    """Return which size a witness cosigned last, 0 when none."""
    row = ProofAnchorRow
    return session.scalar(select(func.max(row.size)).where(row.kind == COSIGNATURE, row.name == witness)) or 0


def last_mail(session: Session) -> Witnessed | None:
    """Return the newest mail."""
    return _one(session, _witnessed(MAIL).order_by(ProofAnchorRow.size.desc()).limit(1))


def token_at(session: Session, size: int) -> Witnessed | None:
    """Return the time stamp of the anchor log at a size."""
    return _one(session, _witnessed(TOKEN).where(ProofAnchorRow.size == size).limit(1))


def first_token_over(session: Session, index: int) -> Witnessed | None:
    """Return the first time stamp that covers a leaf."""
    return _one(session, _witnessed(TOKEN).where(ProofAnchorRow.size > index).order_by(ProofAnchorRow.size).limit(1))


def tokens_without_leaf(session: Session) -> list[Witnessed]:
    """Return the time stamps that no leaf renews yet."""
    row, leaf = ProofAnchorRow, ProofAnchorLeafRow
    renewed = exists().where(leaf.site_id == ANCHOR_LOG, leaf.size == row.size)
    return [Witnessed(*values) for values in session.execute(_witnessed(TOKEN).where(~renewed).order_by(row.size))]


def _leaves() -> Select[int, int, int]:
    row = ProofAnchorLeafRow
    return select(row.idx, row.site_id, row.size)


def _witnessed(kind: str) -> Select[int, str, str, bytes, datetime, datetime]:
    row = ProofAnchorRow
    return select(row.size, row.kind, row.name, row.data, row.said_at, row.kept_at).where(row.kind == kind)


def _one(session: Session, query: Select[int, str, str, bytes, datetime, datetime]) -> Witnessed | None:
    values = session.execute(query).one_or_none()
    return Witnessed(*values) if values else None
