"""Records are searched by action, and page by page in the order of their time, whatever their number.

Revision ID: 0009
Revises: 0008
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("consent_record", sa.Column("action", sa.String(20), nullable=True))
    # Canonical texts begin with {"action":"…": the first key by name, spelt in one way.
    op.execute(
        "UPDATE consent_record SET action = CASE "
        + " ".join(f"""WHEN record LIKE '{{"action":"{action}",%' THEN '{action}'""" for action in _ACTIONS)
        + " END WHERE record IS NOT NULL"
    )
    op.drop_index("ix_consent_record_site_recorded", "consent_record")
    op.create_index("ix_consent_record_site_recorded", "consent_record", ["site_id", "recorded_at", "record_id"])
    op.create_index(
        "ix_consent_record_site_action", "consent_record", ["site_id", "action", "recorded_at", "record_id"]
    )


def downgrade() -> None:
    op.drop_index("ix_consent_record_site_action", "consent_record")
    op.drop_index("ix_consent_record_site_recorded", "consent_record")
    op.create_index("ix_consent_record_site_recorded", "consent_record", ["site_id", "recorded_at"])
    op.drop_column("consent_record", "action")


_ACTIONS = ("accept_all", "refuse_all", "custom", "withdraw", "gpc", "expire", "import")
