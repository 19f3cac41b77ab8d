"""Anchoring: what witnesses outside said of the anchor log, and which leaf of it holds which site checkpoint.

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

NEVER_CHANGED = ("proof_anchor", "proof_anchor_leaf")


def refuse_changes() -> None:
    """Make both engines refuse to update or delete evidence, as 0001 does for the logs."""
    for table in NEVER_CHANGED:
        if op.get_bind().dialect.name == "postgresql":
            op.execute(
                f"CREATE TRIGGER {table}_stays BEFORE UPDATE OR DELETE ON {table} "
                "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
            )
            continue
        for name, deed in (("is_kept", "DELETE"), ("stays", "UPDATE")):
            op.execute(
                f"CREATE TRIGGER {table}_{name} BEFORE {deed} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )


def upgrade() -> None:
    op.create_table(
        "proof_anchor",
        sa.Column("size", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("said_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kept_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("size", "kind", "name", name=op.f("pk_proof_anchor")),
    )
    op.create_table(
        "proof_anchor_leaf",
        sa.Column("idx", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("idx", name=op.f("pk_proof_anchor_leaf")),
    )
    with op.batch_alter_table("proof_anchor_leaf", schema=None) as batch_op:
        batch_op.create_index("ix_proof_anchor_leaf_site_size", ["site_id", "size"], unique=False)

    refuse_changes()


def downgrade() -> None:
    op.drop_table("proof_anchor_leaf")
    op.drop_table("proof_anchor")
