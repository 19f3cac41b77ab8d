"""Makes sites with proof logs, and what stands in line for them, without the web."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.orm import Session

from consent_server.config import Settings
from consent_server.domain.consent_record import ConsentRecord, PersonalPart, seal
from consent_server.domain.log_entry import Config, format_entry
from consent_server.domain.proof_log import keys
from consent_server.domain.times import rfc3339
from consent_server.services.keyring import Keyring
from consent_server.storage import consent_records, proof_log, sites
from consent_server.storage.consent_records import KeptRecord
from consent_server.storage.database import db
from consent_server.storage.tables import ConfigurationRow, RuntimeRow
from tests import builders

NOW = datetime(2026, 11, 22, 10, 15, 0, 123000, tzinfo=UTC)
ORIGIN = "demo.example/v1/sites/demo/log"
MASTER = bytes(range(32))
KEYRING = Keyring(MASTER, keys.promise_master(MASTER))
CONFIGURATION = '{"purposes":[{"exempt":false,"id":"audience"}],"site_key":"demo","version":1}'
DIGEST = "sha256:" + sha256(CONFIGURATION.encode()).hexdigest()

Sessions = Callable[[], Session]


class Installation:
    """A database with one site, its keys, and a high-water mark beside it."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url = url
        self.engine = sa.create_engine(url)
        self.high_water = folder / "mark" / "high-water-mark.json"
        self.site_id = 0
        self.now = NOW

    def sessions(self) -> Session:
        return Session(self.engine, expire_on_commit=False)

    def create(self, key: str = "demo", origin: str = ORIGIN) -> int:
        """Make the tables, without the triggers of the migrations: these tests edit what those protect."""
        db.metadata.create_all(self.engine)
        with self.sessions() as session:
            site = sites.add_site(session, key, key, (f"https://{key}.example",), {"default_language": "fr"}, NOW)
            if not session.get(RuntimeRow, DIGEST):
                session.add(RuntimeRow(digest=DIGEST, source=b"", created_at=NOW))
                session.flush()
            session.add(_configuration(site.id))
            proof_log.open_log(session, site.id, origin)
            proof_log.add_pending(session, site.id, "config", body=format_entry(Config(1, DIGEST)))
            session.commit()
            self.site_id = self.site_id or site.id
            return site.id

    def log_configuration(self) -> None:
        """Put the site's configuration in line, as a publication does."""
        with self.sessions() as session:
            proof_log.add_pending(session, self.site_id, "config", body=format_entry(Config(1, DIGEST)))
            session.commit()

    def put(self, count: int, site_id: int | None = None, site_key: str = "demo", **changes: object) -> list[str]:
        """Record choices as services.recording does: record and place in line in one transaction."""
        made = [str(uuid.uuid4()) for _ in range(count)]
        with self.sessions() as session:
            for record_id in made:
                self._put(session, site_id or self.site_id, site_key, record_id, dict(changes))
            session.commit()
        return made

    def _put(self, session: Session, site_id: int, site_key: str, record_id: str, changes: dict) -> None:
        consent_id = str(changes.pop("consent_id", uuid.uuid4()))
        page_url = str(changes.pop("page_url", "https://demo.example/"))
        recorded_at = changes.pop("recorded_at", self.now)
        record = ConsentRecord(
            site_key=site_key,
            record_id=record_id,
            recorded_at=rfc3339(recorded_at),
            **{  # type: ignore[arg-type]
                "action": "refuse_all",
                "decisions": {"audience": False},
                "config_version": 1,
                "config_digest": DIGEST,
                **changes,
            },
        )
        sealed = seal(record, b"\x55" * 32, PersonalPart(consent_id, page_url), b"\xaa" * 32)
        consent_records.add_records(
            session,
            [
                KeptRecord(
                    record_id=record_id,
                    site_id=site_id,
                    recorded_at=recorded_at,
                    record=sealed.record,
                    salt=sealed.salt,
                    personal=sealed.personal,
                    personal_salt=sealed.personal_salt,
                    consent_id=consent_id,
                    leaf_hash=sealed.leaf_hash,
                    promise_key=None,
                    promise_signature=None,
                    body_digest=b"\0" * 32,
                    action=record.action,
                )
            ],
        )
        proof_log.add_pending(session, site_id, "consent", commitment=sealed.commitment, record_id=record_id)

    def execute(self, statement: str) -> None:
        """Do by hand what nobody should."""
        with self.engine.begin() as connection:
            connection.exec_driver_sql(statement)

    def scalar(self, statement: str) -> object:
        with self.engine.connect() as connection:
            return connection.exec_driver_sql(statement).scalar()


def _configuration(site_id: int) -> ConfigurationRow:
    files = dict.fromkeys(("banner", "banner_gzip", "banner_br", "config", "config_gzip", "config_br"), b"")
    return ConfigurationRow(
        site_id=site_id, version=1, digest=DIGEST, text=CONFIGURATION, runtime_digest=DIGEST, published_at=NOW, **files
    )


@contextlib.contextmanager
def standing(database_url: str, folder: Path) -> Iterator[Installation]:
    """Make an installation with a site and its log."""
    made = Installation(database_url, folder)
    made.create()
    try:
        yield made
    finally:
        made.engine.dispose()


def settings_of(folder: Path, database_url: str) -> Settings:
    """Give an application the database of an installation, and its key."""
    mark = folder / "mark" / "high-water-mark.json"
    return builders.settings(folder, database_url=database_url, log_key=MASTER.hex(), high_water_mark=mark)
