"""Alembic's environment: the application's own engine and tables, online only.

Old and new nodes serve while this runs. On PostgreSQL a migration is a transaction of its own, and waits for a lock no
longer than ``LONGEST_LOCK``, because whoever comes after it waits behind it: it gives way, and comes again. Another
node that migrates at the same time waits until this is done, and finds nothing to do.
"""

import logging
import time

import sqlalchemy as sa
from alembic import context
from flask import current_app

LONGEST_LOCK = "900ms"
PAUSE_S = 1.0
MOST_TRIES = 600
LOCK_NOT_AVAILABLE = "55P03"
MIGRATING = 0x6D696772
"""Number of the advisory lock ("migr")."""

log = logging.getLogger("alembic.env")
config = context.config
extension = current_app.extensions["migrate"]


def run() -> None:
    """Apply what is asked on the application's database."""
    # Not from the pool: it is closed at the end, and with it the lock and the limit are gone.
    with sa.create_engine(extension.db.engine.url, poolclass=sa.NullPool).connect() as connection:
        patient = connection.dialect.name == "postgresql"
        if patient:
            connection.exec_driver_sql(f"SELECT pg_advisory_lock({MIGRATING})")
            connection.commit()
        context.configure(
            connection=connection,
            target_metadata=extension.db.metadata,
            render_as_batch=True,
            compare_type=True,
            transaction_per_migration=patient,
            on_version_apply=_give_way if patient else None,
            **{k: v for k, v in extension.configure_args.items() if k not in ("render_as_batch", "compare_type")},
        )
        for tries in range(MOST_TRIES):
            try:
                _migrate(connection, patient)
                break
            except sa.exc.OperationalError as error:
                if getattr(error.orig, "sqlstate", None) != LOCK_NOT_AVAILABLE or tries == MOST_TRIES - 1:
                    raise
                connection.rollback()
                log.info("somebody uses what is to be changed: trying again")
                time.sleep(PAUSE_S)


def _migrate(connection, patient) -> None:
    if patient:
        connection.exec_driver_sql(f"SET lock_timeout = '{LONGEST_LOCK}'")
        connection.commit()
    with context.begin_transaction():
        context.run_migrations()
    connection.commit()


def _give_way(ctx, **_applied) -> None:
    """Say it again after each migration, which may have had a limit of its own and reset it."""
    ctx.connection.exec_driver_sql(f"SET lock_timeout = '{LONGEST_LOCK}'")


run()
