"""Answers are counted by day, so that statistics read a few thousand numbers instead of a million records.

Revision ID: 0006
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "answer_count",
        sa.Column("site_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("action", sa.String(20), nullable=False),
        sa.Column("language", sa.String(35), nullable=False),
        sa.Column("form_factor", sa.String(20), nullable=False),
        sa.Column("answers", sa.Text(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "site_id", "day", "version", "action", "language", "form_factor", "answers", name="pk_answer_count"
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "page_count",
        sa.Column("site_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("page", sa.String(120), nullable=False),
        sa.Column("action", sa.String(20), nullable=False),
        sa.Column("answers", sa.Text(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("site_id", "month", "page", "action", "answers", name="pk_page_count"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "counted",
        sa.Column("site_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("since", sa.Date(), nullable=True),
        sa.Column("joined", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("site_id", name="pk_counted"),
    )


def downgrade() -> None:
    for table in ("counted", "page_count", "answer_count"):
        op.drop_table(table)
