"""Pictures of what each configuration looked like are kept, and stay as they are.

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "screenshot",
        sa.Column("digest", sa.String(length=71), nullable=False),
        sa.Column("source", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_screenshot")),
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE TRIGGER screenshot_stays BEFORE UPDATE OR DELETE ON screenshot "
            "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
        return
    for deed, name in (("DELETE", "is_kept"), ("UPDATE", "stays")):
        op.execute(
            f"CREATE TRIGGER screenshot_{name} BEFORE {deed} ON screenshot "
            "BEGIN SELECT RAISE(ABORT, 'screenshot is append-only'); END"
        )


def downgrade() -> None:
    op.drop_table("screenshot")
