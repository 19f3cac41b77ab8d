"""What each deed costs as a log grows: at 10 000, 100 000, 1 000 000 records and on, and the plans at the end.

Records are of five and a half years, so that PostgreSQL has a table for each of 66 months. They are generated (valid:
sealed, in the tree, signed over) and loaded in bulk; what is measured then goes through the services like everything
else. Milliseconds are of the processor, the best of several turns; PostgreSQL's are counted where it runs on this
machine. Limit of the same run: the same deed at the first size.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import re
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any
from unittest.mock import patch

import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from benchmarks.installation import installation
from benchmarks.ratios import say
from consent_server.domain.canonical_json import to_base64url
from consent_server.domain.client import Client
from consent_server.domain.configuration import Configuration
from consent_server.domain.consent_record import (
    ConsentRecord,
    PersonalPart,
    personal_commitment,
    record_commitment,
    seal,
)
from consent_server.domain.log_entry import format_consent
from consent_server.domain.proof_log.merkle import leaf_hash, tree_root
from consent_server.domain.proof_log.tiles import HEIGHT, WIDTH, reader, tile_root
from consent_server.domain.statistics import first_of_month, next_month
from consent_server.domain.times import rfc3339, whole_milliseconds
from consent_server.services import (
    clock,
    counting,
    editing,
    examining,
    proving,
    publishing,
    purging,
    reporting,
    searching,
)
from consent_server.services.searching import Wanted
from consent_server.services.sequencing import integrate
from consent_server.storage import configurations, evidence, months, proof_log, sites
from consent_server.storage.database import db
from consent_server.web.visitor.consents import read_answer

KEY = "bench"
SITE = {"site_key": KEY, "name": "Bench", "origins": ["https://bench.example"], "services": [{"library": "matomo"}]}
SIZES = (10_000, 100_000, 1_000_000)
YEARS = timedelta(days=2_010)
AT_ONCE = 20_000
TURNS = 7
POSTS = 50
EXPORTED = 10_000
LEVELS = 4

RECORD = (
    "record_id, site_id, recorded_at, action, record, salt, personal, personal_salt, consent_id, leaf_hash, body_digest"
).split(", ")
ENTRY = "site_id, idx, kind, commitment, body, record_id".split(", ")
TILE = "site_id, level, n, hashes, root".split(", ")
ACTIONS = ("accept_all", "refuse_all")
MADE, ENDS = "2000-01-01T00:00:00.000Z", "2001-01-01T00:00:00.000Z"


@dataclass
class _Texts:
    """The canonical texts of records of one action, with room for what differs."""

    record: str
    personal: str

    @classmethod
    def of(cls, configuration: Configuration, action: str) -> _Texts:
        """Take them from a sealed record, and check that filling them in makes the same again."""
        record_id, consent_id = str(uuid.uuid4()), str(uuid.uuid4())
        decisions = dict.fromkeys(configuration.asked_purposes, action == "accept_all")
        record = ConsentRecord(
            site_key=KEY,
            record_id=record_id,
            action=action,
            decisions=decisions,
            config_version=configuration.version,
            config_digest=configuration.digest,
            runtime_digest=configuration.runtime_digest,
            language="fr",
            layer=1,
            expires_at=ENDS,
            recorded_at=MADE,
        )
        part = PersonalPart(consent_id, "https://bench.example/page", None, None, "Firefox", "150", "mobile")
        sealed = seal(record, b"s" * 32, part, b"p" * 32)
        assert sealed.personal is not None
        made = cls(sealed.record.replace("%", "%%"), sealed.personal.replace(consent_id, "%s"))
        commitment = to_base64url(personal_commitment(sealed.personal, b"p" * 32))
        filled = (ENDS, commitment, record_id, MADE)
        for value in filled:
            made.record = made.record.replace(f'"{value}"', '"%s"')
        assert made.record % filled == sealed.record
        assert record_commitment(made.record % filled, b"s" * 32) == sealed.commitment
        return made


class _Loader:
    """Puts records with their entries and tiles into the database, many at a time."""

    def __init__(self, app: Flask, configuration: Configuration) -> None:
        self._sessions = app.extensions["sessions"]
        self._texts = [(action, _Texts.of(configuration, action)) for action in ACTIONS]
        self._chance = random.Random(1)
        with self._sessions() as session:
            self.site_id = sites.find_site(session, KEY).id
            head = proof_log.find_head(session, self.site_id)
            assert head is not None
            self.size = head.size
            self._loose = [
                bytearray(proof_log.loose_hashes(session, self.site_id, level, self.size >> HEIGHT * (level + 1)))
                for level in range(LEVELS)
            ]

    def load(self, count: int, start: datetime, stop: datetime) -> None:
        """Make records of the time between, evenly, and move the head of the log."""
        step = (stop - start) / count
        for first in range(0, count, AT_ONCE):
            moments = [start + step * number for number in range(first, min(first + AT_ONCE, count))]
            self._load(moments)
        with self._sessions() as session:
            head = proof_log.find_head(session, self.site_id)
            assert head is not None
            read = reader(partial(proof_log.loose_hashes, session, self.site_id))
            assert proof_log.compare_and_swap_head(session, head, self.size, tree_root(self.size, read))
            session.commit()

    def _load(self, moments: Sequence[datetime]) -> None:
        records: list[tuple[Any, ...]] = []
        entries: list[tuple[Any, ...]] = []
        tiles: list[tuple[Any, ...]] = []
        for moment in moments:
            record, commitment = self._one(whole_milliseconds(moment))
            entries.append((self.site_id, self.size, "consent", commitment, None, record[0]))
            records.append(record)
            tiles += self._grow(record[9])
        with self._sessions() as session:
            for table, columns, rows in (
                ("consent_record", RECORD, records),
                ("proof_entry", ENTRY, entries),
                ("proof_tile", TILE, tiles),
            ):
                _copy(session, table, columns, rows)
            session.commit()

    def _one(self, moment: datetime) -> tuple[tuple[Any, ...], bytes]:
        chance, random_bytes = self._chance.random(), os.urandom(96)
        action, texts = self._texts[chance < 0.4]
        record_id, consent_id = _uuid(random_bytes[64:80].hex()), _uuid(random_bytes[80:].hex())
        salt, personal_salt = random_bytes[:32], random_bytes[32:64]
        personal = texts.personal % consent_id
        text = texts.record % (
            rfc3339(moment + timedelta(days=181)),
            to_base64url(personal_commitment(personal, personal_salt)),
            record_id,
            rfc3339(moment),
        )
        commitment = record_commitment(text, salt)
        leaf = leaf_hash(format_consent(commitment).encode())
        return (
            (record_id, self.site_id, moment, action, text, salt, personal, personal_salt, consent_id, leaf, bytes(32)),
            commitment,
        )

    def _grow(self, leaf: bytes) -> Iterator[tuple[int, int, int, bytes, bytes]]:
        number, added = self.size, leaf
        self.size += 1
        for level in range(LEVELS):
            self._loose[level] += added
            number >>= HEIGHT
            if len(self._loose[level]) < WIDTH * len(leaf):
                return
            hashes = bytes(self._loose[level])
            self._loose[level].clear()
            added = tile_root(hashes)
            yield self.site_id, level, number, hashes, added


def _uuid(digits: str) -> str:
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-8{digits[17:20]}-{digits[20:]}"


def _copy(session: Session, table: str, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
    if not rows:
        return
    driver = session.connection().connection.driver_connection
    assert driver is not None
    if session.get_bind().dialect.name == "postgresql":
        with driver.cursor().copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
        return
    as_kept = [tuple(_for_sqlite(value) for value in row) for row in rows]
    marks = ", ".join("?" * len(columns))
    driver.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", as_kept)


def _for_sqlite(value: object) -> object:
    return value.strftime("%Y-%m-%d %H:%M:%S.%f") if isinstance(value, datetime) else value


def _prepare(app: Flask) -> _Loader:
    """Publish the site, and give PostgreSQL a table for each month that there will be records of."""
    editing.import_site(db.session(), SITE, clock.now())
    configuration = publishing.publish(db.session(), KEY, "https://bench.example", clock.now()).configuration
    db.session.rollback()
    sessions, settings = app.extensions["sessions"], app.extensions["settings"]
    with sessions() as session:
        site_id = sites.find_site(session, KEY).id
        past = next((month for month in months.months(session) if month.start is None), None)
        if past is not None:
            assert months.drop_month(session, past)
            month = first_of_month((clock.now() - YEARS).date())
            while datetime(month.year, month.month, 1, tzinfo=past.stop.tzinfo) < past.stop:
                months.make_month(session, month)
                month = next_month(month)
        session.commit()
    integrate(sessions, site_id, app.extensions["keyring"], settings.high_water_mark, clock.now())
    return _Loader(app, configuration)


def _settle(app: Flask, loader: _Loader) -> None:
    """Let the sequencer sign what was loaded, the statistics count it, and the database learn what it has."""
    sessions, settings = app.extensions["sessions"], app.extensions["settings"]
    integrate(sessions, loader.site_id, app.extensions["keyring"], settings.high_water_mark, clock.now())
    counting.catch_up(sessions, loader.site_id)
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE" if db.engine.dialect.name == "postgresql" else "ANALYZE")


def _deeds(app: Flask, loader: _Loader, records: int) -> dict[str, tuple[Callable[[], object], int]]:
    """Return what is measured, and over how many records each goes."""
    sessions, keyring, settings = (app.extensions[name] for name in ("sessions", "keyring", "settings"))
    with sessions() as session:
        head = proof_log.find_head(session, loader.site_id)
        assert head is not None
        (some,) = evidence.kept_from(session, loader.site_id, head.size - records // 2, 1)
        found = evidence.entries_with_records(session, loader.site_id, head.size)
        stored = next(stored for _, stored in found if stored is not None)
        consent_id = json.loads(stored.personal or "")["consent_id"]
    today, recorder = clock.now().date(), app.extensions["recorder"]
    body = {
        "action": "refuse_all",
        "decisions": dict.fromkeys(json.loads(some.record)["decisions"], False),
        "config_version": 1,
        "consent_id": consent_id,
        "page_url": "https://bench.example/page",
    }

    def asked(deed: Callable[..., object], *arguments: object, **named: object) -> Callable[[], object]:
        def ask() -> object:
            with sessions() as session:
                return deed(session, *arguments, **named)

        return ask

    def search(after: str | None = None, **wanted: Any) -> Callable[[], object]:
        return asked(searching.search, KEY, Wanted(**wanted), after)

    def post(record_id: str | None = None) -> None:
        sent = {**body, "record_id": record_id or str(uuid.uuid4())}
        recorder.record(KEY, read_answer(sent), page_origin=None, client=Client())

    def posts() -> None:
        for _ in range(POSTS):
            post()

    def sequence() -> None:
        posts()
        integrate(sessions, loader.site_id, keyring, settings.high_water_mark, clock.now())

    def export() -> None:
        with sessions() as session:
            evidence.begin_snapshot(session)
            stored = evidence.records(session, loader.site_id, head.size)
            assert len(list(islice(stored, min(EXPORTED, records)))) == min(EXPORTED, records)

    def export_month() -> None:
        wanted = evidence.Wanted(some.recorded_at, some.recorded_at + YEARS * 100 / records)
        with sessions() as session:
            evidence.begin_snapshot(session)
            assert list(evidence.records(session, loader.site_id, head.size, wanted))

    record_id, moment = some.record_id, some.recorded_at
    policy_times = moment, moment + timedelta(days=1)
    post(again := str(uuid.uuid4()))
    return {
        "POST": (posts, POSTS),
        "POST and sequence": (sequence, POSTS),
        "POST again, the same": (lambda: post(again), 1),
        "proof of a record": (asked(proving.record_proof, KEY, record_id), 1),
        "one record, its proofs checked": (asked(examining.examine, KEY, record_id, keyring), 1),
        "a visitor's records": (search(code=consent_id), 1),
        "search, a receipt code": (search(code=record_id[:8]), 1),
        "search, newest": (search(), 1),
        "search, from the middle": (search(f"{rfc3339(moment)}~{record_id}"), 1),
        "search, a day": (search(start=policy_times[0], stop=policy_times[1]), 1),
        "search, an action": (search(action="refuse_all"), 1),
        "search, nobody's action": (search(action="gpc"), 1),
        "search, a purpose": (search(purpose=next(iter(body["decisions"]))), 1),
        "statistics, 90 days": (
            partial(reporting.answers, sessions, KEY, start=today - timedelta(days=90), unit="week"),
            1,
        ),
        "statistics, a year": (partial(reporting.answers, sessions, KEY, unit="month"), 1),
        "export, per record": (export, min(EXPORTED, records)),
        "export of a hundred of a day": (export_month, 1),
        "candidates of a purge": (asked(evidence.kept_from, loader.site_id, 0, 1_000), 1_000),
        "anything due?": (lambda: list(purging.would_purge(sessions, _site(app), clock.now() - YEARS)), 1),
        "who stands in line": (asked(proof_log.pending, loader.site_id, 1_000), 1),
    }


def _site(app: Flask) -> sites.Site:
    with app.extensions["sessions"]() as session:
        return sites.find_site(session, KEY)


def _milliseconds(deed: Callable[[], object], over: int) -> float:
    """Return the processor time of a deed, here and in the database; best of several turns."""
    taken = []
    deed()
    for _ in range(TURNS):
        began, there = time.process_time(), _in_the_database()
        deed()
        spent = time.process_time() - began
        spent += sum(now - there.get(process, 0) for process, now in _in_the_database().items())
        taken.append(spent * 1_000 / over)
    return min(taken)


def _in_the_database() -> dict[int, float]:
    """Return the seconds that each of our connections' processes has run, where PostgreSQL is on this machine."""
    if db.engine.dialect.name != "postgresql":
        return {}
    with db.engine.connect() as connection:
        query = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        pids = connection.exec_driver_sql(f"{query} AND backend_type = 'client backend'").scalars().all()
    spent = {}
    for pid in pids:
        with contextlib.suppress(OSError):  # it ended meanwhile
            spent[pid] = int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9
    return spent


@contextlib.contextmanager
def _statements() -> Iterator[dict[str, Any]]:
    """Gather each statement that is asked meanwhile, once, with what it was asked with."""
    seen: dict[str, Any] = {}

    def gather(_connection: Any, _cursor: Any, statement: str, values: Any, _context: Any, many: bool) -> None:
        if statement.startswith(("SELECT", "UPDATE", "DELETE")) and not many:
            seen[re.sub(r"%\(\w+\)s(?:::\w+)?(?:, )?|\?(?:, )?", "", statement)] = statement, values

    sa.event.listen(db.engine, "before_cursor_execute", gather)
    try:
        yield seen
    finally:
        sa.event.remove(db.engine, "before_cursor_execute", gather)


READ = re.compile(
    r"Seq Scan on (?P<all>\w+)|Scan using (?P<index>\w+)|Index Scan on (?P<bits>(?:ix|pk|uq)_\w+)|"
    r"(?:SEARCH|SCAN) \w+ USING (?:COVERING )?INDEX (?P<lite>\w+)|SEARCH (?P<key>\w+) USING PRIMARY|SCAN (?P<scan>\w+)$"
)
LARGE = ("consent_record", "proof_entry", "proof_tile")


def _plan(statement: str, values: Any) -> str:
    """Return by which indexes the large tables are read, and how many months; "all of" is a table read to its end."""
    large = db.engine.dialect.name == "postgresql"
    with db.engine.connect() as connection:
        rows = connection.exec_driver_sql(
            f"{'EXPLAIN (ANALYZE, TIMING OFF)' if large and statement.startswith('SELECT') else 'EXPLAIN'} {statement}"
            if large
            else f"EXPLAIN QUERY PLAN {statement}",
            values,
        ).all()
        connection.rollback()
    told: dict[str, int] = {}
    for line in (str(row[-1]) for row in rows):
        if "never executed" in line or not any(table in line for table in LARGE):
            continue
        found = READ.search(re.sub(r"_(\d{4}_\d\d|past|other)", "", line))
        if found and found.lastgroup is not None:
            whole = found.lastgroup in ("all", "scan")
            name = f"all of {found[found.lastgroup]}" if whole else found[found.lastgroup]
            told[name] = told.get(name, 0) + 1
    return ", ".join(f"{name} × {count}" if count > 1 else name for name, count in told.items())


def _plans(deeds: dict[str, tuple[Callable[[], object], int]]) -> None:
    print("\nplans at the end: indexes of the large tables by which each statement reads, × months")
    for what, (deed, _) in deeds.items():
        with _statements() as seen:
            deed()
        for statement, values in seen.values():
            plan = _plan(statement, values) if any(table in statement for table in LARGE) else ""
            if plan:
                print(f"{what:32} {plan}", flush=True)


def main() -> None:
    """Fill to one size after the other, measure at each, and show the plans at the last."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, nargs="+", default=SIZES, help="at which sizes (10^4 10^5 10^6)")
    parser.add_argument("--database", default="", help="an empty PostgreSQL database; SQLite without")
    parser.add_argument("--start", action="store_true", help="start a PostgreSQL as the tests do")
    options = parser.parse_args()
    with contextlib.ExitStack() as stack:
        database = options.database
        if options.start:
            from tests import servers
            from tests.databases import postgresql_database

            database = stack.enter_context(postgresql_database(stack.enter_context(servers.postgresql())))
        _run(database, options.records)


def _run(database: str, wanted: Sequence[int]) -> None:
    with installation(database) as (app, _folder):
        if database:
            _give_room()
        first: dict[str, float] = {}
        loader, there = _prepare(app), 0
        stop = clock.now() - timedelta(minutes=1)
        for records in wanted:
            began = time.perf_counter()
            loader.load(records - there, stop - YEARS, stop)
            _settle(app, loader)
            print(f"\n{records} records, loaded in {time.perf_counter() - began:.0f} s, {_bytes():.0f} bytes a record")
            deeds = _deeds(app, loader, records)
            there = records
            for what, (deed, over) in deeds.items():
                taken = _milliseconds(deed, over)
                ratio = taken / first.setdefault(what, taken)
                print(f"{what:32} {taken:9.3f} ms {ratio:6.2f} × that of {wanted[0]}", flush=True)
                if records == wanted[-1]:
                    engine = "PostgreSQL" if database else "SQLite"
                    say(f"{what}, {engine}, {records} records against {wanted[0]}", ratio)
            loader = _Loader(app, _configuration(app))
        _plans(deeds)
        if database:
            _drop_oldest(app)
        app.extensions["recorder"].stop()


def _configuration(app: Flask) -> Configuration:
    """Return what is published."""
    with app.extensions["sessions"]() as session:
        return configurations.find_configuration(session, sites.find_site(session, KEY).id, 1)


def _give_room() -> None:
    """Let a test's server write a lot without a checkpoint every few seconds."""
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for name, value in (("max_wal_size", "8GB"), ("checkpoint_timeout", "30min"), ("autovacuum", "off")):
            connection.exec_driver_sql(f"ALTER SYSTEM SET {name} = '{value}'")
        connection.exec_driver_sql("SELECT pg_reload_conf()")


def _bytes() -> float:
    with db.engine.connect() as connection:
        count = connection.exec_driver_sql("SELECT count(*) FROM consent_record").scalar_one()
        if db.engine.dialect.name == "postgresql":
            size = connection.exec_driver_sql("SELECT pg_database_size(current_database())").scalar_one()
        else:
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
            size = pages * connection.exec_driver_sql("PRAGMA page_size").scalar_one()
    return float(size / count)


def _drop_oldest(app: Flask) -> None:
    """Say what it takes to drop the first month, as a purge does on the day when its time is up."""
    sessions = app.extensions["sessions"]
    with sessions() as session:
        first = months.months(session)[0]
    began = time.perf_counter()
    with patch.object(purging, "database_clock", lambda _session: None):  # the years pass without it
        gone = purging.drop_months(sessions, first.stop + timedelta(days=6 * 366))
    print(f"dropping months: {gone} records in {time.perf_counter() - began:.2f} s")


if __name__ == "__main__":
    main()
