"""Logos of banners are kept, and stay as they are.

Revision ID: 0013
Revises: 0012
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "logo",
        sa.Column("digest", sa.String(length=71), nullable=False),
        sa.Column("source", sa.LargeBinary(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_logo")),
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE TRIGGER logo_stays BEFORE UPDATE OR DELETE ON logo FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
        return
    for deed, name in (("DELETE", "is_kept"), ("UPDATE", "stays")):
        op.execute(
            f"CREATE TRIGGER logo_{name} BEFORE {deed} ON logo BEGIN SELECT RAISE(ABORT, 'logo is append-only'); END"
        )


def downgrade() -> None:
    op.drop_table("logo")
