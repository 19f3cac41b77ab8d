"""Alembic's environment: the application's own engine and tables, online only."""

from alembic import context
from flask import current_app

config = context.config
extension = current_app.extensions["migrate"]


def run() -> None:
    """Apply what is asked on the application's database, one transaction for all of it."""
    engine = extension.db.engine
    with engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=extension.db.metadata,
            render_as_batch=True,
            compare_type=True,
            **{k: v for k, v in extension.configure_args.items() if k not in ("render_as_batch", "compare_type")},
        )
        with context.begin_transaction():
            context.run_migrations()
        connection.commit()


run()
