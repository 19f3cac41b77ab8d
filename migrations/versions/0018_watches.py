"""Sites are scanned by a schedule, and somebody is warned.

Revision ID: 0018
Revises: 0017
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "scan_watch",
        sa.Column("site_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("schedule", sa.String(10), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True)),
        sa.Column("mail_to", sa.Text(), nullable=False),
        sa.Column("webhook_url", sa.Text(), nullable=False),
        sa.Column("webhook_secret", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("site_id", name="pk_scan_watch"),
    )
    op.create_table(
        "scan_warning",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("scan_id", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(10), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("trouble", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_scan_warning"),
    )
    op.create_index("ix_scan_warning_site_id", "scan_warning", ["site_id", "made_at"])
    op.create_index("ix_scan_warning_state", "scan_warning", ["state", "next_at"])


def downgrade() -> None:
    op.drop_table("scan_warning")
    op.drop_table("scan_watch")
