"""What deploy/citus distributes is ready for it, as far as PostgreSQL alone can tell: Citus itself is not here.

Its functions are stood in for by ones that refuse what it refuses: a unique index without the column of distribution.
"""

from __future__ import annotations

import re
from pathlib import Path

import psycopg
import pytest

from consent_server import verify
from consent_server.services import clock, exporting
from consent_server.services.sequencing import integrate
from consent_server.storage import evidence
from tests.proof_logs import KEYRING, ORIGIN, Installation

pytestmark = [pytest.mark.postgresql, pytest.mark.parametrize("engine", ["postgresql"], indirect=True)]

SCRIPT = Path(__file__).parents[2] / "deploy" / "citus" / "distribute.sql"

STAND_INS = """
    CREATE FUNCTION create_distributed_table(its regclass, by text, colocate_with text DEFAULT '') RETURNS void
    LANGUAGE plpgsql AS $$
    DECLARE missing text;
    BEGIN
        SELECT string_agg(indexrelid::regclass::text, ', ') INTO missing FROM pg_index
            WHERE indisunique AND indrelid IN (SELECT relid FROM pg_partition_tree(its) UNION SELECT its)
            AND NOT EXISTS (SELECT 1 FROM pg_attribute WHERE attrelid = indrelid AND attname = by
                AND attnum = ANY (indkey));
        IF missing IS NOT NULL THEN RAISE EXCEPTION 'unique without %: %', by, missing; END IF;
        IF colocate_with <> '' THEN PERFORM colocate_with::regclass; END IF;
    END $$;
    CREATE FUNCTION create_reference_table(its regclass) RETURNS void LANGUAGE sql AS $$ SELECT $$;
"""


@pytest.fixture
def installation(database_url: str, tmp_path: Path) -> Installation:
    made = Installation(database_url, tmp_path)
    made.create()
    return made


def _run(installation: Installation, script: str) -> None:
    driver = installation.engine.raw_connection()
    try:
        assert driver.driver_connection is not None
        driver.driver_connection.execute(script)
        driver.commit()
    finally:
        driver.close()


def _distribute(installation: Installation, script: str) -> None:
    _run(installation, STAND_INS)
    _run(installation, script)


def test_every_table_that_is_distributed_has_the_site_in_its_keys_and_serves_as_before(
    installation: Installation, tmp_path: Path
) -> None:
    installation.put(3)
    _distribute(installation, SCRIPT.read_text())
    installation.put(3)
    integrate(installation.sessions, installation.site_id, KEYRING, installation.high_water, clock.now())
    with installation.sessions() as session:
        assert len(list(evidence.records(session, installation.site_id, 99))) == 6
    path = tmp_path / "evidence.zip"
    with path.open("wb") as out:
        exporting.export(installation.sessions, "demo", "zip", out, KEYRING, installation.high_water, clock.now())
    installation.engine.dispose()
    assert verify.main([str(path), "--key", KEYRING.log_signer(ORIGIN).vkey]) == verify.HOLDS


def test_a_key_without_the_site_would_be_refused(installation: Installation) -> None:
    kept = re.sub(r"ALTER TABLE proof_entry [^;]*;", "", SCRIPT.read_text())
    with pytest.raises(psycopg.errors.RaiseException, match="unique without site_id: uq_proof_entry_record_id"):
        _distribute(installation, kept)
    installation.engine.dispose()


def test_every_table_with_a_site_is_distributed_or_said_to_stay(installation: Installation) -> None:
    script = SCRIPT.read_text()
    told = set(re.findall(r"create_(?:distributed|reference)_table\('(\w+)'", script))
    account = (Path(__file__).parents[2] / "docs" / "how-to-scale-postgresql.md").read_text()
    with installation.engine.connect() as connection:
        query = (
            "SELECT table_name FROM information_schema.columns JOIN pg_class ON relname = table_name "
            "WHERE column_name = 'site_id' AND table_schema = 'public' AND NOT relispartition"
        )
        with_a_site = set(connection.exec_driver_sql(query).scalars())
    installation.engine.dispose()
    assert {table for table in with_a_site - told if f"`{table}`" not in account} == set()
