"""One state of a log in which line, log and checkpoint agree: what every export reads from."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from consent_server.domain.errors import NotFound, Unavailable
from consent_server.domain.evidence_layout import About, KeptRecord
from consent_server.domain.log_entry import Config, parse_entry
from consent_server.domain.proof_log.signed_note import Signer
from consent_server.domain.times import rfc3339
from consent_server.services.keyring import Keyring
from consent_server.services.log_keys import log_signers, named_keys
from consent_server.services.sequencing import integrate
from consent_server.storage import configurations, evidence, proof_log, sites
from consent_server.storage.evidence import StoredRecord
from consent_server.storage.sites import Site

Sessions = Callable[[], Session]
Progress = Callable[[int, int], None]
"""Called with how many entries are through, and how many there are."""

_SETTLE_SECONDS = 10.0
_PAUSE_SECONDS = 0.1
_STEP = 1_000


@dataclass(frozen=True)
class Snapshot:
    """The state of one log that a session sees to its end; the checkpoint covers all of it."""

    session: Session
    site: Site
    about: About
    checkpoint: str
    signer: Signer
    progress: Progress

    def entry_texts(self) -> Iterator[str]:
        """Give the text of every entry."""
        for entry in proof_log.entries(self.session, self.site.id, 0, self.about.size):
            self.tell(entry.index + 1)
            yield entry.text

    def configurations(self) -> Iterator[str]:
        """Give the exact text of every configuration that the log speaks of, by digest."""
        bodies = evidence.bodies(self.session, self.site.id, "config", self.about.size)
        entries = map(parse_entry, bodies)
        digests = sorted({entry.digest for entry in entries if isinstance(entry, Config)})
        return evidence.logged_configurations(self.session, self.site.id, digests)

    def bridges(self) -> dict[int, str]:
        """Give the checkpoints in which an older key vouched for a newer one: who trusts the older learns the newer."""
        head = proof_log.find_head(self.session, self.site.id)
        added = [key.added for key in named_keys(self.session, head) if key.added] if head else []
        found = [proof_log.first_checkpoint_over(self.session, self.site.id, index) for index in added]
        return {checkpoint.size: checkpoint.note for checkpoint in found if checkpoint is not None}

    def screenshots(self) -> Iterator[bytes]:
        """Give every picture that a configuration names, one in memory at a time."""
        named = {
            shot.digest: None
            for configuration in configurations.list_configurations(self.session, self.site.id)
            for shot in configuration.screenshots
        }
        for digest in named:
            png = configurations.find_screenshot(self.session, digest)
            if png is not None:
                yield png

    def tell(self, done: int) -> None:
        """Report progress now and then."""
        if done % _STEP == 0 or done == self.about.size:
            self.progress(done, self.about.size)


def kept(stored: StoredRecord) -> KeptRecord:
    """Return a stored record as evidence has it."""
    return KeptRecord(stored.index, stored.record, stored.salt, stored.personal, stored.personal_salt)


def settle(
    sessions: Sessions, site_key: str, keyring: Keyring, high_water: Path, now: datetime, progress: Progress
) -> Snapshot:
    """Sequence, then look, until what is seen is whole: on a busy log others may come in between.

    Where nothing can be written, as on a full disk, what is whole already is still read.
    """
    started = time.monotonic()
    with sessions() as session:
        site = sites.find_site(session, site_key)
    while True:
        trouble = None
        try:
            integrate(sessions, site.id, keyring, high_water, now + timedelta(seconds=time.monotonic() - started))
        except (OperationalError, OSError, Unavailable) as error:
            trouble = error
        session = sessions()
        snapshot = None
        try:
            snapshot = _look(session, site, keyring, now, progress)
        finally:
            if snapshot is None:
                session.close()
        if snapshot is not None:
            return snapshot
        if trouble is not None:
            raise trouble
        if time.monotonic() - started > _SETTLE_SECONDS:
            raise Unavailable("The log did not come to rest; try the export again in a moment.")
        time.sleep(_PAUSE_SECONDS)


def _look(session: Session, site: Site, keyring: Keyring, now: datetime, progress: Progress) -> Snapshot | None:
    """Return the snapshot when its checkpoint covers the whole log, and no deletion waits for its entry."""
    evidence.begin_snapshot(session)
    head = proof_log.find_head(session, site.id)
    if head is None:
        raise NotFound("This site has no proof log yet: publish it first.")
    checkpoint = proof_log.find_checkpoint(session, site.id, head.size)
    if checkpoint is None or proof_log.removals_are_pending(session, site.id):
        return None
    about = About(head.origin, site.key, head.size, rfc3339(now))
    return Snapshot(
        session, site, about, checkpoint.note, log_signers(named_keys(session, head), head, keyring)[0], progress
    )
