"""Showing the logs to the outside: every site's newest checkpoint becomes a leaf of one anchor log, which is stamped.

    1  sequence what stands in line, so that what is stamped is what is there
    2  alone on the anchor log: note which leaf holds what; put in line the checkpoints that moved since they were last
       anchored, and the digests of earlier tokens (renewal: each token also covers those before it); commit
    3  sequence the anchor log: the recipe of ``sequencing``, with root check, high-water mark, signature after commit;
       note which leaf holds what, as in 2
    4  ask the witnesses to cosign the newest anchor checkpoint
    5  ask the authority for a time stamp of the newest anchor checkpoint; check and keep it

Again, a crash between any two is repaired by the next pass. One token covers all sites, so its cost does not grow with
them, and the authority sees neither them nor how much they are used. Nothing here is waited for by whoever records.

The verifier calls a record back-dated that says it is older than a token, and comes after what that token covers. So a
site whose line is behind is not anchored before it has caught up, and of a token that came late (the authority was
away) an export only uses what had not moved on since.
"""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from consent_server.domain.anchor_leaf import AddedKey, Renewal, format_renewal, parse_leaf
from consent_server.domain.errors import ConsentServerError, Invalid, LogFrozen, Unavailable
from consent_server.domain.proof_log.checkpoint import open_checkpoint
from consent_server.domain.proof_log.merkle import prove_consistency
from consent_server.domain.proof_log.tiles import reader
from consent_server.services import clock
from consent_server.services.background import Background
from consent_server.services.keyring import Keyring
from consent_server.services.leading import leading
from consent_server.services.mailing import Mailbox
from consent_server.services.measuring import done
from consent_server.services.sequencing import Sessions, integrate, integrate_all
from consent_server.services.time_stamping import Authority, Token
from consent_server.services.witnessing import NotWitnessed, WitnessAt
from consent_server.storage import anchors, proof_log, sites
from consent_server.storage.anchors import COSIGNATURE, MAIL, TOKEN, Leaf, Moved, Witnessed
from consent_server.storage.database import database_clock
from consent_server.storage.proof_log import ANCHOR_LOG, Head

log = logging.getLogger(__name__)

WHEN_MOVED = timedelta(hours=6)
"""How long after the last anchor what is new is anchored."""

AT_LEAST = timedelta(hours=24)
"""How long after the last time stamp there is another one, even when no log moved."""

MAILED_EVERY = timedelta(days=7)

LOOK_EVERY_S = 60.0
LONGEST_PAUSE_S = 3600.0
"""How long to wait at most after an authority that is away; the first time it is ``LOOK_EVERY_S``, then twice that …"""

CLOCKS_DIFFER = timedelta(minutes=2)
"""How far the authority's clock may be from ours before the operator is told; the verifier allows five minutes."""

BEHIND = timedelta(minutes=1)
"""How old the first in a site's line may be when its checkpoint is anchored."""

LATE = timedelta(minutes=4)
"""How long after its checkpoint a token may come to speak of what a site did until then; the verifier allows five."""

_PATIENCE_S = 10.0
_PAUSE_S = 0.05
_WHOLE_LINE = 1_000_000
_BUSY = "Others keep the anchor log busy; the next pass goes on."


@dataclass(frozen=True, slots=True)
class Anchored:
    """What a pass did: the anchor log, the checkpoints that became leaves of it, the token over all of it if any."""

    origin: str
    size: int
    sites: int
    token: Witnessed | None

    @property
    def anything_new(self) -> bool:
        """Whether the pass found something to anchor."""
        return self.sites > 0


@dataclass(frozen=True)
class Anchoring:
    """What a pass needs: the databases, the keys, the mark, the anchor log's name if it has none yet, the authority."""

    sessions: Sessions
    keyring: Keyring
    high_water: Path
    origin: str
    authority: Authority | None = None
    mailbox: Mailbox | None = None
    witnesses: tuple[WitnessAt, ...] = ()

    def anchor(self, now: datetime, *, renew: bool = False) -> Anchored:
        """Run one pass. Where no log moved, another token is asked for only with ``renew``.

        Raises ``NotStamped`` when the authority gave no token (the leaves are kept, the next pass goes on),
        ``LogFrozen`` when the anchor log contradicts itself, ``Unavailable`` when others keep it busy.
        """
        integrate_all(self.sessions, self.keyring, self.high_water, now)  # 1
        sites = self._put_in_line(now, renew)  # 2
        size = self._integrate(now)  # 3
        self._ask_witnesses(size)  # 4
        return Anchored(self._origin(), size, sites, self._stamp(size))  # 5

    def before_export(self, site_key: str, now: datetime) -> str | None:
        """Have a site stamped as it is now, unless it is; return why that did not work, in a sentence."""
        if self.authority is None:
            return None
        with self.sessions() as session:
            site_id = sites.find_site(session, site_key).id
        try:
            integrate(self.sessions, site_id, self.keyring, self.high_water, now)
            if not self.is_anchored(site_id):
                self.anchor(now)
        except (Unavailable, LogFrozen) as trouble:
            return str(trouble)
        return None

    def is_due(self, now: datetime) -> bool:
        """Whether it is time for a pass: six hours after the last one if a log moved, a day after the last token."""
        with self.sessions() as session:
            last = self._last(session)
            if last is None or now - last >= WHEN_MOVED:
                return bool(anchors.moved_sites(session, 1)) or self._is_unstamped(session) or self._is_old(last, now)
            return False

    def mail(self, now: datetime, *, weekly: bool = True) -> int | None:
        """Mail the newest anchor checkpoint to who keeps it for us, once a week; return its size, ``None`` if not due.

        Raises ``NotSent``. A mail that was sent and could not be noted is sent again: better twice than never.
        """
        if self.mailbox is None:
            return None
        with self.sessions() as session:
            last, token = anchors.last_mail(session), anchors.last_token(session)
            size = token.size if token else proof_log.published_size(session, ANCHOR_LOG)
            checkpoint = proof_log.find_checkpoint(session, ANCHOR_LOG, size)
        if checkpoint is None or size < 2 or (last is not None and last.size >= size):
            return None
        if weekly and last is not None and now - last.kept_at < MAILED_EVERY:
            return None
        self.mailbox.send(self._origin(), size, checkpoint.note, token.data if token else None)
        with _alone(self.sessions) as session:
            anchors.add_witnessed(session, Witnessed(size, MAIL, "", b"", now, now))
            session.commit()
        return size

    def is_old(self, now: datetime) -> bool:
        """Whether the newest token is so old that another one is wanted, whatever moved."""
        with self.sessions() as session:
            return self._is_old(self._last(session), now)

    def is_anchored(self, site_id: int) -> bool:
        """Whether everything that a site's log has shown is under a time stamp (or in the anchor log, without one)."""
        with self.sessions() as session:
            size = proof_log.published_size(session, site_id)
            leaf = anchors.first_leaf_over(session, site_id, size)
            return leaf is not None and (self.authority is None or token_of(session, leaf) is not None)

    def _is_old(self, last: datetime | None, now: datetime) -> bool:
        return self.authority is not None and last is not None and now - last >= AT_LEAST

    def _is_unstamped(self, session: Session) -> bool:
        size = proof_log.published_size(session, ANCHOR_LOG)
        return self.authority is not None and size > 1 and anchors.token_at(session, size) is None

    def _last(self, session: Session) -> datetime | None:
        """Return when the last pass came to its end: with its token, or with its checkpoint where nobody stamps."""
        if self.authority is not None:
            token = anchors.last_token(session)
            return token.said_at if token else None
        checkpoint = proof_log.latest_checkpoint(session, ANCHOR_LOG)
        return checkpoint.created_at if checkpoint else None

    # 2

    def _put_in_line(self, now: datetime, renew: bool) -> int:
        """Put in line what is new, unless it stands there already; return how many sites that made."""
        with _alone(self.sessions) as session:
            head = self._head(session)
            note_leaves(session, head)
            waiting = {pending.body for pending in proof_log.pending(session, ANCHOR_LOG, _WHOLE_LINE)}
            bodies = [body for body in self._moved(session, now) if body not in waiting]
            if bodies or renew or self._is_unstamped(session):
                renewals = (format_renewal(head.origin, t.size, t.data) for t in anchors.tokens_without_leaf(session))
                for renewal in renewals:
                    if renewal not in waiting:
                        proof_log.add_pending(session, ANCHOR_LOG, "token", body=renewal)
            for body in bodies:
                proof_log.add_pending(session, ANCHOR_LOG, "anchor", body=body)
            session.commit()
        return len(bodies)

    def _head(self, session: Session) -> Head:
        """Return the head of the anchor log; it gets its name the first time, and keeps it."""
        proof_log.open_log(session, ANCHOR_LOG, self.origin)
        head = proof_log.find_head(session, ANCHOR_LOG)
        assert head is not None, "the log was opened a line ago"
        if head.frozen_reason is not None:
            raise LogFrozen(f"The anchor log {head.origin} is frozen: {head.frozen_reason}")
        return head

    def _moved(self, session: Session, now: datetime) -> Iterator[str]:
        """Give the bodies of the checkpoints that moved: signed by us, and of logs that are not behind."""
        for moved in anchors.moved_sites(session):
            oldest = anchors.oldest_in_line(session, moved.site_id)
            if oldest is not None and oldest < now - BEHIND:
                continue
            try:
                yield self._body(session, moved)
            except Invalid as error:
                log.error("the checkpoint of %s at size %d is not anchored: %s", moved.origin, moved.size, error)

    def _body(self, session: Session, moved: Moved) -> str:
        kept = proof_log.find_checkpoint(session, moved.site_id, moved.size)
        assert kept is not None, "the newest checkpoint is there"
        return open_checkpoint(kept.note, self.keyring.log_verifiers(moved.origin), moved.origin).body

    # 3

    def _integrate(self, now: datetime) -> int:
        """Sequence the anchor log until its line is empty and its checkpoint published, by us or by who is at it."""
        for _ in _patiently():
            integrate(self.sessions, ANCHOR_LOG, self.keyring, self.high_water, now)
            with self.sessions() as session:
                head = proof_log.find_head(session, ANCHOR_LOG)
                assert head is not None, "an anchor log that was begun stays"
                size = proof_log.published_size(session, ANCHOR_LOG)
                if size == head.size and not proof_log.count_pending(session, 1, ANCHOR_LOG):
                    break
        else:
            raise Unavailable(_BUSY)
        with _alone(self.sessions) as session:
            note_leaves(session, head)
            session.commit()
        return size

    def _origin(self) -> str:
        with self.sessions() as session:
            return proof_log.origin_of(session, ANCHOR_LOG) or self.origin

    # 4

    def _ask_witnesses(self, size: int) -> None:
        """Have every witness cosign the checkpoint that has not yet; who is away is asked for the next one."""
        for at in self.witnesses if size >= 2 else ():
            try:
                self._ask(at, size)
            except NotWitnessed as trouble:
                log.warning("the anchor checkpoint of size %d was not cosigned: %s", size, trouble)

    def _ask(self, at: WitnessAt, size: int) -> None:
        name = at.witness.name
        with self.sessions() as session:
            last = anchors.last_cosigned(session, name)
            checkpoint = proof_log.find_checkpoint(session, ANCHOR_LOG, size)
        if checkpoint is None or last >= size:
            return
        signature, time_of_it = at.cosign(checkpoint.note, last, lambda old: self._consistency(old, size))
        line = signature.line.encode()
        with _alone(self.sessions) as session:
            if anchors.last_cosigned(session, name) < size:
                said = Witnessed(size, COSIGNATURE, name, line, time_of_it, database_clock(session) or clock.now())
                anchors.add_witnessed(session, said)
                session.commit()

    def _consistency(self, old: int, new: int) -> list[bytes]:
        with self.sessions() as session:
            return prove_consistency(old, new, reader(partial(proof_log.tile_hashes, session, ANCHOR_LOG)))

    # 5

    def _stamp(self, size: int) -> Witnessed | None:
        """Have the checkpoint stamped unless it is, or there is nothing in it; return its token."""
        with self.sessions() as session:
            said = anchors.token_at(session, size)
            checkpoint = proof_log.find_checkpoint(session, ANCHOR_LOG, size)
        if said is not None or self.authority is None or checkpoint is None or size < 2:
            return said
        origin = self._origin()
        body = open_checkpoint(checkpoint.note, self.keyring.log_verifiers(origin), origin).body
        token = self.authority.stamp(body.encode())
        return self._keep(size, self.authority.url, token)

    def _keep(self, size: int, url: str, token: Token) -> Witnessed:
        """Keep a token; two passes at once may have got one each, and the first stays."""
        with _alone(self.sessions) as session:
            now = database_clock(session) or clock.now()
            said = Witnessed(size, TOKEN, url, token.data, token.said_at, now)
            kept = anchors.token_at(session, said.size)
            if kept is None:
                anchors.add_witnessed(session, said)
                session.commit()
        apart = abs(said.kept_at - said.said_at)
        if apart > CLOCKS_DIFFER:
            log.warning("the clock of %s and ours are %d seconds apart", said.name, apart.total_seconds())
        return kept or said


def note_leaves(session: Session, head: Head) -> None:
    """Note what the leaves hold that got their index since the last time; leaf 0 is the log's key."""
    start = max(1, anchors.noted(session))
    for entry in proof_log.entries(session, ANCHOR_LOG, start, head.size):
        leaf = parse_leaf(entry.text, head.origin)
        if isinstance(leaf, AddedKey):
            continue
        if isinstance(leaf, Renewal):
            anchors.note_leaf(session, Leaf(entry.index, ANCHOR_LOG, leaf.size))
            continue
        site_id = anchors.site_of(session, leaf.origin)
        if site_id is not None:
            anchors.note_leaf(session, Leaf(entry.index, site_id, leaf.size))


def token_of(session: Session, leaf: Leaf) -> Witnessed | None:
    """Return the token that says when a leaf was there. One that came late says it of a log that did not move on."""
    said = anchors.first_token_over(session, leaf.index)
    made = proof_log.first_checkpoint_over(session, ANCHOR_LOG, leaf.index)
    if said is None or made is None:
        return None
    on_time = said.kept_at - made.created_at <= LATE
    return said if on_time or proof_log.published_size(session, leaf.site_id) == leaf.size else None


@contextmanager
def _alone(sessions: Sessions) -> Iterator[Session]:
    """Give a session whose transaction alone may touch the anchor log; wait for whoever sequences it."""
    for _ in _patiently():
        with sessions() as session:
            if proof_log.try_lock(session, ANCHOR_LOG):
                yield session
                return
    raise Unavailable(_BUSY)


def _patiently() -> Iterator[None]:
    """Give as many tries as there is patience for, with a pause between two."""
    end = time.monotonic() + _PATIENCE_S
    while time.monotonic() < end:
        yield
        time.sleep(_PAUSE_S)


class Anchorer(Background):
    """The loop of one process: looks now and then whether it is time, in a thread of its own: it waits for others."""

    name = "anchorer"

    def __init__(self, anchoring: Anchoring, every: float = LOOK_EVERY_S) -> None:
        super().__init__()
        self._anchoring = anchoring
        self._every = every
        self.pause = every

    def start(self) -> None:
        """Start the thread, in the process that is to run it; nothing on a node without the log key."""
        if self._anchoring.keyring.master is not None:
            super().start()

    def first_pause(self) -> float:
        """Return a pause that no other process has: the second then finds that there is nothing left to do."""
        return self.pause * (1 + secrets.randbelow(1000) / 1000)

    def turn(self) -> float:
        """Look once; after a failure the next look comes later each time."""
        self.pause = self._every if self._look() else min(2 * self.pause, LONGEST_PAUSE_S)
        return self.first_pause()

    def _anchor(self, now: datetime) -> None:
        if self._anchoring.is_due(now):
            self._anchoring.anchor(now, renew=self._anchoring.is_old(now))
        self._anchoring.mail(now)

    def _look(self) -> bool:
        """Run a pass when it is time; False when it failed and should be tried again, later each time."""
        try:
            with leading(self._anchoring.sessions, self.name) as leader:
                if leader:
                    self._anchor(clock.now())
                    done(self.name)
        except LogFrozen:
            return False  # said when it was frozen
        except (ConsentServerError, OSError) as error:
            log.warning("the proof logs could not be anchored: %s", error)
            return False
        except SQLAlchemyError as error:
            log.warning("the proof logs could not be anchored: %s", type(error).__name__)
            return False
        except Exception:  # a dead thread would never anchor again
            log.exception("the proof logs could not be anchored")
            return False
        return True
