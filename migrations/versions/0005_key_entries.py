"""The few entries that name a key are found without reading a million others.

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    only = sa.text("kind = 'key'")
    op.create_index("ix_proof_entry_key", "proof_entry", ["site_id", "idx"], sqlite_where=only, postgresql_where=only)


def downgrade() -> None:
    op.drop_index("ix_proof_entry_key", "proof_entry")
