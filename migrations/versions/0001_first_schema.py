"""The first schema: sites, configurations, consent records, the proof log.

Revision ID: 0001
Revises:
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


NEVER_CHANGED = ("runtime", "configuration", "proof_tile", "proof_checkpoint")
"""Tables whose rows are evidence: once there, they stay as they are."""


def refuse_changes() -> None:
    """Make both engines refuse to update or delete evidence.

    ``proof_entry`` lets one thing happen: ``record_id`` becomes NULL when the record is erased.
    """
    if op.get_bind().dialect.name == "postgresql":
        op.execute("""
            CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$""")
        op.execute("""
            CREATE FUNCTION refuse_entry_change() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF TG_OP = 'UPDATE' AND NEW.record_id IS NULL
                    AND (OLD.site_id, OLD.idx, OLD.kind, OLD.commitment, OLD.body)
                        IS NOT DISTINCT FROM (NEW.site_id, NEW.idx, NEW.kind, NEW.commitment, NEW.body)
                THEN RETURN NEW; END IF;
                RAISE EXCEPTION 'proof_entry is append-only';
            END $$""")
        for table in NEVER_CHANGED:
            op.execute(
                f"CREATE TRIGGER {table}_stays BEFORE UPDATE OR DELETE ON {table} "
                "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
            )
        op.execute(
            "CREATE TRIGGER proof_entry_stays BEFORE UPDATE OR DELETE ON proof_entry "
            "FOR EACH ROW EXECUTE FUNCTION refuse_entry_change()"
        )
        op.execute("ALTER TABLE proof_tile ALTER hashes SET STORAGE EXTERNAL")
        return
    for table in (*NEVER_CHANGED, "proof_entry"):
        op.execute(
            f"CREATE TRIGGER {table}_is_kept BEFORE DELETE ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        )
    for table in NEVER_CHANGED:
        op.execute(
            f"CREATE TRIGGER {table}_stays BEFORE UPDATE ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        )
    op.execute("""
        CREATE TRIGGER proof_entry_stays BEFORE UPDATE ON proof_entry
        WHEN NOT (NEW.record_id IS NULL AND OLD.site_id IS NEW.site_id AND OLD.idx IS NEW.idx AND OLD.kind IS NEW.kind
                  AND OLD.commitment IS NEW.commitment AND OLD.body IS NEW.body)
        BEGIN SELECT RAISE(ABORT, 'proof_entry is append-only'); END""")


def upgrade() -> None:
    op.create_table(
        "consent_record",
        sa.Column("record_id", sa.String(length=36), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("record", sa.Text(), nullable=True),
        sa.Column("salt", sa.LargeBinary(), nullable=True),
        sa.Column("personal", sa.Text(), nullable=True),
        sa.Column("personal_salt", sa.LargeBinary(), nullable=True),
        sa.Column("consent_id", sa.String(length=36), nullable=True),
        sa.Column("leaf_hash", sa.LargeBinary(), nullable=False),
        sa.Column("promise_key", sa.String(length=8), nullable=True),
        sa.Column("promise_signature", sa.LargeBinary(), nullable=True),
        sa.Column("body_digest", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("record_id", name=op.f("pk_consent_record")),
    )
    with op.batch_alter_table("consent_record", schema=None) as batch_op:
        batch_op.create_index("ix_consent_record_site_consent", ["site_id", "consent_id"], unique=False)
        batch_op.create_index("ix_consent_record_site_recorded", ["site_id", "recorded_at"], unique=False)

    op.create_table(
        "instance",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("instance_id", sa.String(length=36), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_instance")),
    )
    op.create_table(
        "proof_checkpoint",
        sa.Column("site_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("size", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("root", sa.LargeBinary(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("site_id", "size", name=op.f("pk_proof_checkpoint")),
    )
    op.create_table(
        "proof_entry",
        sa.Column("site_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("idx", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("commitment", sa.LargeBinary(), nullable=True),
        sa.Column("body", sa.Text(), nullable=True),
        sa.Column("record_id", sa.String(length=36), nullable=True),
        sa.PrimaryKeyConstraint("site_id", "idx", name=op.f("pk_proof_entry")),
        sa.UniqueConstraint("record_id", name=op.f("uq_proof_entry_record_id")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "proof_log",
        sa.Column("site_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("root", sa.LargeBinary(), nullable=False),
        sa.Column("frozen_reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("site_id", name=op.f("pk_proof_log")),
        sa.UniqueConstraint("origin", name=op.f("uq_proof_log_origin")),
    )
    op.create_table(
        "proof_pending",
        sa.Column("seq", sa.BigInteger().with_variant(sa.INTEGER(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("record_id", sa.String(length=36), nullable=True),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("commitment", sa.LargeBinary(), nullable=True),
        sa.Column("body", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_proof_pending")),
        sa.UniqueConstraint("record_id", name=op.f("uq_proof_pending_record_id")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("proof_pending", schema=None) as batch_op:
        batch_op.create_index("ix_proof_pending_site_seq", ["site_id", "seq"], unique=False)

    op.create_table(
        "proof_tile",
        sa.Column("site_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("level", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("n", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("hashes", sa.LargeBinary(), nullable=False),
        sa.Column("root", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("site_id", "level", "n", name=op.f("pk_proof_tile")),
    )
    op.create_table(
        "runtime",
        sa.Column("digest", sa.String(length=71), nullable=False),
        sa.Column("source", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_runtime")),
    )
    op.create_table(
        "site",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=63), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("origins", sa.Text(), nullable=False),
        sa.Column("draft", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_site")),
        sa.UniqueConstraint("key", name=op.f("uq_site_key")),
    )
    op.create_table(
        "suggestion",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("vendor", sa.Text(), nullable=False),
        sa.Column("purpose", sa.String(length=40), nullable=True),
        sa.Column("domain", sa.Text(), nullable=True),
        sa.Column("lifetime", sa.String(length=40), nullable=True),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("policy_url", sa.Text(), nullable=True),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("source_id", sa.String(length=200), nullable=False),
        sa.Column("imported_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suggestion")),
        sa.UniqueConstraint("source", "source_id", name=op.f("uq_suggestion_source")),
    )
    with op.batch_alter_table("suggestion", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_suggestion_name"), ["name"], unique=False)

    op.create_table(
        "configuration",
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=71), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("runtime_digest", sa.String(length=71), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("banner", sa.LargeBinary(), nullable=False),
        sa.Column("banner_gzip", sa.LargeBinary(), nullable=False),
        sa.Column("banner_br", sa.LargeBinary(), nullable=False),
        sa.Column("config", sa.LargeBinary(), nullable=False),
        sa.Column("config_gzip", sa.LargeBinary(), nullable=False),
        sa.Column("config_br", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["runtime_digest"], ["runtime.digest"], name=op.f("fk_configuration_runtime_digest_runtime")
        ),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_configuration_site_id_site")),
        sa.PrimaryKeyConstraint("site_id", "version", name=op.f("pk_configuration")),
        sa.UniqueConstraint("site_id", "digest", name=op.f("uq_configuration_site_id")),
    )
    refuse_changes()


def downgrade() -> None:
    op.drop_table("configuration")
    with op.batch_alter_table("suggestion", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_suggestion_name"))

    op.drop_table("suggestion")
    op.drop_table("site")
    op.drop_table("runtime")
    op.drop_table("proof_tile")
    with op.batch_alter_table("proof_pending", schema=None) as batch_op:
        batch_op.drop_index("ix_proof_pending_site_seq")

    op.drop_table("proof_pending")
    op.drop_table("proof_log")
    op.drop_table("proof_entry")
    op.drop_table("proof_checkpoint")
    op.drop_table("instance")
    with op.batch_alter_table("consent_record", schema=None) as batch_op:
        batch_op.drop_index("ix_consent_record_site_recorded")
        batch_op.drop_index("ix_consent_record_site_consent")

    op.drop_table("consent_record")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION refuse_change")
        op.execute("DROP FUNCTION refuse_entry_change")
