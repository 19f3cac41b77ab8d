"""Records keep what was looked at when they came; those of before have nothing there.

Revision ID: 0016
Revises: 0015
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column: no row is written, and nodes of before go on without it."""
    op.add_column("consent_record", sa.Column("assurance", sa.SmallInteger))


def downgrade() -> None:
    """Take it away."""
    op.drop_column("consent_record", "assurance")
