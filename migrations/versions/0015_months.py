"""Consent records stand by month on PostgreSQL: what was there is the partition of the past, nothing is copied.

    1  a record id is taken once among what stands in line and what has its entry: no index spans partitions
    2  no record of the table is of ``cut`` or later: said for new ones at once (NOT VALID)
    3  the same is checked of those that are there                            reads the table, locks nobody out
    4  swap: the table becomes the partition of everything before ``cut``; months ahead and the others are made

Each step is one statement, asks first whether it was done, and leaves a database that old and new nodes work with:
what is killed between any two goes on from there. 2 and 4 lock the table, for milliseconds: an export that is under way
would keep them waiting, and everybody behind them, so they wait briefly and come again.

Revision ID: 0015
Revises: 0014
"""

import time

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

TAKES_AWAY = (
    "the one table, for a table of the same name and columns; what is renamed and dropped is named by nobody else"
)

LONGEST_LOCK = "400ms"
PAUSE_S = 1.0
MOST_TRIES = 1_800
LOCK_NOT_AVAILABLE = "55P03"

# Whoever puts a record in line holds its id from then on (UNIQUE). Who had it before has committed: it stands in line,
# which is refused, or it has its entry by now, which is looked for after that, with a view of its own (VOLATILE).
TAKEN_ONCE = (
    """
    CREATE OR REPLACE FUNCTION refuse_taken_record_id() RETURNS trigger LANGUAGE plpgsql VOLATILE AS $$
    BEGIN
        IF EXISTS (SELECT 1 FROM proof_entry WHERE record_id = NEW.record_id) THEN
            RAISE EXCEPTION 'the record id has its entry already' USING ERRCODE = 'unique_violation';
        END IF;
        RETURN NULL;
    END $$
    """,
    """
    CREATE OR REPLACE TRIGGER refuse_taken_record_id AFTER INSERT ON proof_pending
    FOR EACH ROW WHEN (NEW.record_id IS NOT NULL) EXECUTE FUNCTION refuse_taken_record_id()
    """,
)

# From 32 to 62 days ahead, later than any record that is there. A cut of before that has come near is taken back.
SAY_FOR_NEW_ONES = """
    DO $$
    DECLARE
        cut timestamptz;
        said text;
    BEGIN
        IF (SELECT relkind FROM pg_class WHERE oid = 'consent_record'::regclass) = 'p' THEN RETURN; END IF;
        SELECT conname INTO said FROM pg_constraint
            WHERE conrelid = 'consent_record'::regclass AND conname LIKE 'ck_consent_record_before_%';
        IF to_date(right(said, 7), 'YYYY_MM') > now() + interval '7 days' THEN RETURN; END IF;
        IF said IS NOT NULL THEN EXECUTE format('ALTER TABLE consent_record DROP CONSTRAINT %I', said); END IF;
        SELECT date_trunc('month', greatest(now(), max(newest)) AT TIME ZONE 'UTC' + interval '62 days')
            AT TIME ZONE 'UTC' INTO cut
            FROM site, LATERAL (SELECT max(recorded_at) AS newest FROM consent_record WHERE site_id = site.id) AS its;
        EXECUTE format('ALTER TABLE consent_record ADD CONSTRAINT %I CHECK (recorded_at < %L) NOT VALID',
            'ck_consent_record_before_' || to_char(cut AT TIME ZONE 'UTC', 'YYYY_MM'), cut);
    END $$
"""

CHECK_THE_OLD_ONES = """
    DO $$
    DECLARE said text;
    BEGIN
        SELECT conname INTO said FROM pg_constraint WHERE conrelid = 'consent_record'::regclass
            AND conname LIKE 'ck_consent_record_before_%' AND NOT convalidated;
        IF said IS NOT NULL THEN EXECUTE format('ALTER TABLE consent_record VALIDATE CONSTRAINT %I', said); END IF;
    END $$
"""

INDEXES = {
    "ix_consent_record_site_recorded": "site_id, recorded_at, record_id",
    "ix_consent_record_site_action": "site_id, action, recorded_at, record_id",
    "ix_consent_record_site_consent": "site_id, consent_id",
}

RENAMED = " ".join(f"ALTER INDEX {name} RENAME TO {name.replace('record', 'record_past', 1)};" for name in INDEXES)
MADE = " ".join(f"CREATE INDEX {name} ON consent_record ({columns});" for name, columns in INDEXES.items())
MADE_OF_A_MONTH = " ".join(
    f"EXECUTE format('CREATE INDEX %I ON %I ({columns})', replace('{name}', 'consent_record', said), said);"
    for name, columns in INDEXES.items()
)

# An empty table becomes the partition of the months before this one. Who may do what with the table may so still.
SWAP = f"""
    DO $$
    DECLARE
        cut timestamptz;
        said text;
        allowed record;
        month timestamp;
    BEGIN
        IF (SELECT relkind FROM pg_class WHERE oid = 'consent_record'::regclass) = 'p' THEN RETURN; END IF;
        LOCK TABLE consent_record IN ACCESS EXCLUSIVE MODE;
        IF (SELECT relkind FROM pg_class WHERE oid = 'consent_record'::regclass) = 'p' THEN RETURN; END IF;
        SELECT conname INTO said FROM pg_constraint
            WHERE conrelid = 'consent_record'::regclass AND conname LIKE 'ck_consent_record_before_%';
        cut := to_date(right(said, 7), 'YYYY_MM')::timestamp AT TIME ZONE 'UTC';
        IF NOT EXISTS (SELECT 1 FROM consent_record) THEN
            cut := date_trunc('month', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC';
        END IF;
        ALTER TABLE consent_record RENAME TO consent_record_past;
        ALTER INDEX pk_consent_record RENAME TO pk_consent_record_past;
        {RENAMED}
        CREATE TABLE consent_record (LIKE consent_record_past INCLUDING DEFAULTS INCLUDING STORAGE)
            PARTITION BY RANGE (recorded_at);
        {MADE}
        EXECUTE format('ALTER TABLE consent_record ATTACH PARTITION consent_record_past '
            'FOR VALUES FROM (MINVALUE) TO (%L)', cut);
        EXECUTE format('ALTER TABLE consent_record_past DROP CONSTRAINT %I', said);
        FOR month IN SELECT NULL UNION ALL SELECT generate_series(
            cut AT TIME ZONE 'UTC', greatest(cut, now()) AT TIME ZONE 'UTC' + interval '3 months', '1 month'
        ) LOOP
            said := 'consent_record_' || coalesce(to_char(month, 'YYYY_MM'), 'other');
            EXECUTE format('CREATE TABLE %I (LIKE consent_record INCLUDING DEFAULTS INCLUDING STORAGE, '
                'CONSTRAINT %I PRIMARY KEY (record_id, site_id))', said, 'pk_' || said);
            {MADE_OF_A_MONTH}
            EXECUTE format('ALTER TABLE consent_record ATTACH PARTITION %I ', said) || CASE WHEN month IS NULL
                THEN 'DEFAULT' ELSE format('FOR VALUES FROM (%L) TO (%L)',
                month AT TIME ZONE 'UTC', (month + interval '1 month') AT TIME ZONE 'UTC') END;
        END LOOP;
        EXECUTE format('ALTER TABLE consent_record OWNER TO %I',
            (SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = 'consent_record_past'::regclass));
        FOR allowed IN SELECT (aclexplode(relacl)).* FROM pg_class WHERE oid = 'consent_record_past'::regclass LOOP
            EXECUTE format('GRANT %s ON consent_record TO %s %s', allowed.privilege_type,
                CASE allowed.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(allowed.grantee)) END,
                CASE WHEN allowed.is_grantable THEN 'WITH GRANT OPTION' ELSE '' END);
        END LOOP;
    END $$
"""

STEPS = (*TAKEN_ONCE, SAY_FOR_NEW_ONES, CHECK_THE_OLD_ONES, SWAP)

ONE_TABLE = (
    "DROP TRIGGER IF EXISTS refuse_taken_record_id ON proof_pending",
    "DROP FUNCTION IF EXISTS refuse_taken_record_id()",
    "ALTER TABLE consent_record RENAME TO consent_record_by_month",
    *(f"ALTER INDEX {name} RENAME TO {name}_by_month" for name in INDEXES),
    "CREATE TABLE consent_record (LIKE consent_record_by_month INCLUDING DEFAULTS INCLUDING STORAGE)",
    "INSERT INTO consent_record SELECT * FROM consent_record_by_month",
    "DROP TABLE consent_record_by_month",
    "ALTER TABLE consent_record ADD CONSTRAINT pk_consent_record PRIMARY KEY (record_id)",
    *(f"CREATE INDEX {name} ON consent_record ({columns})" for name, columns in INDEXES.items()),
)


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        with op.get_context().autocommit_block():
            for step in STEPS:
                _do(op.get_bind(), step)


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        for statement in ONE_TABLE:
            op.execute(statement)


def _do(connection: sa.Connection, statement: str) -> None:
    """Do one step; one that would wait for somebody's lock lets those behind it pass, and comes again."""
    connection.exec_driver_sql(f"SET lock_timeout = '{LONGEST_LOCK}'")
    try:
        for tries in range(MOST_TRIES):
            try:
                connection.exec_driver_sql(statement.replace("%", "%%"))
                return
            except sa.exc.OperationalError as error:
                if getattr(error.orig, "sqlstate", None) != LOCK_NOT_AVAILABLE or tries == MOST_TRIES - 1:
                    raise
                time.sleep(PAUSE_S)
    finally:
        connection.exec_driver_sql("RESET lock_timeout")
