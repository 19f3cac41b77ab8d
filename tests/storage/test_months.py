"""Records by month on PostgreSQL: a filled table becomes one while it serves, and an id is still taken once."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import sqlalchemy as sa

from consent_server.services import clock, editing, publishing
from consent_server.services.sequencing import integrate
from consent_server.storage.database import db
from tests import builders
from tests.databases import MIGRATIONS, close, migrate, postgresql_database
from tests.proof_logs import KEYRING, NOW, Installation
from tests.storage.replaying import THREADS

pytestmark = pytest.mark.postgresql

ONE_TABLE = "0014"
RECORDS = 300


def _load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("months", MIGRATIONS / "versions" / "0015_months.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


MONTHS = _load()


@pytest.fixture(scope="module")
def filled(postgresql_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The name of a database of before, with records of five years on two sites, as a template."""
    with postgresql_database(postgresql_url) as url:
        migrate(builders.settings(tmp_path_factory.mktemp("before"), database_url=url), ONE_TABLE)
        engine = sa.create_engine(url, poolclass=sa.NullPool)
        with engine.begin() as connection:
            for site in (1, 2):
                connection.exec_driver_sql(
                    f"INSERT INTO site (id, organisation_id, key, name, origins, draft, created_at, updated_at) "
                    f"VALUES ({site}, 1, 'site-{site}', '', '[]', '{{}}', now(), now())"
                )
            connection.exec_driver_sql(
                "INSERT INTO consent_record (record_id, site_id, recorded_at, record, leaf_hash, body_digest) "
                "SELECT gen_random_uuid()::text, 1 + n %% 2, now() - n * interval '6 days', '{}', '', '' "
                f"FROM generate_series(1, {RECORDS}) AS n"
            )
        engine.dispose()
        yield url.rpartition("/")[2]


@pytest.fixture
def url(postgresql_url: str, filled: str) -> Iterator[str]:
    with postgresql_database(postgresql_url, filled) as url:
        yield url


@pytest.fixture
def before(url: str) -> Iterator[sa.Engine]:
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    yield engine
    engine.dispose()


def _parts(engine: sa.Engine) -> dict[str, int]:
    """Return which tables there are for records, and how many each has."""
    with engine.connect() as connection:
        query = "SELECT relid::regclass::text FROM pg_partition_tree('consent_record') WHERE isleaf"
        names = connection.exec_driver_sql(query).scalars().all()
        return {name: connection.exec_driver_sql(f"SELECT count(*) FROM {name}").scalar_one() for name in names}


def _migrate(url: str, folder: Path) -> None:
    migrate(builders.settings(folder, database_url=url))


def test_a_filled_table_is_the_past_and_later_records_have_a_month_each(
    before: sa.Engine, url: str, tmp_path: Path
) -> None:
    with before.begin() as connection:
        connection.exec_driver_sql("CREATE ROLE guest_of_records")
        connection.exec_driver_sql("GRANT INSERT ON consent_record TO guest_of_records")
    _migrate(url, tmp_path)

    parts = _parts(before)
    assert parts.pop("consent_record_past") == RECORDS
    assert parts.pop("consent_record_other") == 0
    assert len(parts) >= 3
    assert set(parts.values()) == {0}
    with before.begin() as connection:
        assert connection.exec_driver_sql(
            "SELECT has_table_privilege('guest_of_records', 'consent_record', 'INSERT')"
        ).scalar_one()
        connection.exec_driver_sql("DROP OWNED BY guest_of_records")
        connection.exec_driver_sql("DROP ROLE guest_of_records")


@pytest.mark.parametrize("done", range(len(MONTHS.STEPS) + 1))
def test_a_migration_that_was_killed_between_any_two_statements_goes_on_from_there(
    before: sa.Engine, url: str, tmp_path: Path, done: int
) -> None:
    with before.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for step in MONTHS.STEPS[:done]:
            MONTHS._do(connection, step)
    _record(before, str(uuid.uuid4()))  # whoever serves meanwhile can

    _migrate(url, tmp_path)

    parts = _parts(before)
    assert sum(parts.values()) == RECORDS + 1
    assert parts["consent_record_past"] >= RECORDS


def test_a_step_that_was_killed_a_long_time_ago_refuses_no_record_now(
    before: sa.Engine, url: str, tmp_path: Path
) -> None:
    with before.begin() as connection:
        connection.exec_driver_sql(
            "ALTER TABLE consent_record ADD CONSTRAINT ck_consent_record_before_2026_01 "
            "CHECK (recorded_at < '2026-01-01') NOT VALID"
        )
    _migrate(url, tmp_path)
    _record(before, str(uuid.uuid4()))
    assert sum(_parts(before).values()) == RECORDS + 1


def _record(engine: sa.Engine, record_id: str) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO consent_record (record_id, site_id, recorded_at, record, leaf_hash, body_digest) "
            f"VALUES ('{record_id}', 1, clock_timestamp(), '{{}}', '', '')"
        )
        connection.exec_driver_sql(
            f"INSERT INTO proof_pending (site_id, record_id, kind) VALUES (1, '{record_id}', 'consent')"
        )


def test_records_are_taken_and_read_while_the_table_becomes_months(
    before: sa.Engine, url: str, tmp_path: Path, tell_figure: Callable[[str], None]
) -> None:
    longest, made, over = 0.0, 0, threading.Event()
    trouble: list[Exception] = []

    def write() -> None:
        nonlocal longest, made
        while not over.is_set():
            began = time.monotonic()
            try:
                _record(before, str(uuid.uuid4()))
            except Exception as error:  # whatever it is, it is what the test looks for
                trouble.append(error)
                return
            made, longest = made + 1, max(longest, time.monotonic() - began)

    def read_at_leisure() -> None:
        with before.connect() as connection:
            connection.exec_driver_sql("SELECT count(*) FROM consent_record")
            over.wait(1.5)

    threads = [threading.Thread(target=write), threading.Thread(target=read_at_leisure)]
    for thread in threads:
        thread.start()
    _migrate(url, tmp_path)
    over.set()
    for thread in threads:
        thread.join()

    assert trouble == []
    assert made > 0
    assert sum(_parts(before).values()) == RECORDS + made
    tell_figure(f"a table that becomes months kept {made} records waiting for {longest * 1000:.0f} ms at most")


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
def test_an_id_that_got_its_entry_since_it_was_looked_for_is_not_taken_in_another_month(
    database_url: str, tmp_path: Path
) -> None:
    made = Installation(database_url, tmp_path)
    made.create()
    (record_id,) = made.put(1, recorded_at=clock.now() - timedelta(days=400))
    integrate(made.sessions, made.site_id, KEYRING, made.high_water, NOW)
    with pytest.raises(sa.exc.IntegrityError, match="has its entry already"):
        _record(made.engine, record_id)
    assert made.scalar("SELECT count(*) FROM consent_record") == 1
    made.engine.dispose()


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
def test_what_two_processes_record_at_once_on_both_sides_of_a_month_is_kept_once(
    database_url: str, tmp_path: Path
) -> None:
    app = _published(database_url, tmp_path)
    ids = [str(uuid.uuid4()) for _ in range(30)]
    last = _clock(database_url, app, "last", "2027-01-31 23:59:59.9+00")
    later = _clock(database_url, app, "later", "2027-02-01 00:00:00.1+00")
    with app.extensions["sessions"]() as session:
        logged = session.scalars(sa.text(LOGGED)).all()
    assert logged == []
    close(app)

    with _started(last, tmp_path) as one, _started(later, tmp_path) as other:
        for process in (one, other):
            assert process.stdin is not None
            process.stdin.write(json.dumps(ids))
            process.stdin.close()
        told = [pair for process in (one, other) for pair in _said(process)]

    assert len(told) == 2 * THREADS * len(ids)
    assert len(set(told)) == len(ids), "everybody who sent an id got the same receipt"
    engine = sa.create_engine(database_url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        kept = connection.exec_driver_sql("SELECT tableoid::regclass::text, record_id FROM consent_record").all()
        logged = connection.exec_driver_sql(LOGGED).scalars().all()
        assert connection.exec_driver_sql("SELECT frozen_reason FROM proof_log").scalars().all() == [None]
    engine.dispose()
    assert sorted(record_id for _, record_id in kept) == sorted(ids) == sorted(logged)
    assert {table for table, _ in kept} <= {"consent_record_2027_01", "consent_record_2027_02"}


LOGGED = (
    "SELECT record_id FROM proof_entry WHERE record_id IS NOT NULL "
    "UNION ALL SELECT record_id FROM proof_pending WHERE record_id IS NOT NULL"
)


def _said(process: subprocess.Popen[str]) -> list[tuple[str, str]]:
    assert process.stdout is not None
    return [(record_id, leaf) for record_id, leaf in json.loads(process.stdout.read())]


def _published(url: str, folder: Path) -> Any:
    from consent_server.app import create_app

    app = create_app(builders.settings(folder, database_url=url))
    with app.app_context():
        editing.import_site(db.session(), builders.site_file(), clock.now())
        publishing.publish(db.session(), "example", "https://consent.example", clock.now())
        for month, until in (("2027_01", "2027-02-01"), ("2027_02", "2027-03-01")):
            db.session.execute(
                sa.text(
                    f"CREATE TABLE IF NOT EXISTS consent_record_{month} PARTITION OF consent_record (PRIMARY KEY "
                    f"(record_id, site_id)) FOR VALUES FROM ('{month.replace('_', '-')}-01+00') TO ('{until}+00')"
                )
            )
        db.session.commit()
    return app


def _clock(url: str, app: Any, name: str, moment: str) -> str:
    """Return the address of the same database for somebody whose clock says something else."""
    with app.extensions["sessions"]() as session:
        session.execute(sa.text(f"CREATE SCHEMA {name}"))
        session.execute(
            sa.text(
                f"CREATE FUNCTION {name}.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE "
                f"AS $$ SELECT timestamptz '{moment}' $$"
            )
        )
        session.commit()
    return f"{url}?options=-csearch_path%3D{name},public,pg_catalog"


def _started(url: str, folder: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.storage.replaying", url, str(folder)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
