"""The whole schema. Nothing here cascades: evidence survives what it is evidence of (DESIGN 5).

The proof log's tables follow ledger section 6. Triggers made by the migrations refuse UPDATE and DELETE on
``configuration``, ``runtime``, ``screenshot``, ``proof_entry``, ``proof_tile``, ``proof_checkpoint``,
``proof_anchor``, ``proof_anchor_leaf``, ``activity``, ``draft_change`` and ``publication``. The anchor log is log 0 of
the same tables: no site has that number.
"""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import (
    BigInteger,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.orm import Mapped, mapped_column

from consent_server.storage.database import Base, UtcDateTime

Sequence = BigInteger().with_variant(sqlite.INTEGER(), "sqlite")


ONLY_KEYS = text("kind = 'key'")


class InstanceRow(Base):
    """One row: which installation this database belongs to."""

    __tablename__ = "instance"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    instance_id: Mapped[str] = mapped_column(String(36))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class OrganisationRow(Base):
    """Who owns sites and users. Number 1 is made by the migration."""

    __tablename__ = "organisation"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class SiteRow(Base):
    """A site and its draft: ``draft`` is the site file as JSON, ``origins`` a JSON list of the pages' origins.

    SQLite adds no column that refers to another table and may not be NULL: ``organisation_id`` is a plain number.
    ``revision`` counts the draft's changes.
    """

    __tablename__ = "site"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    organisation_id: Mapped[int] = mapped_column(Integer, server_default="1", index=True)
    key: Mapped[str] = mapped_column(String(63), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    origins: Mapped[str] = mapped_column(Text)
    draft: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)
    archived_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    revision: Mapped[int] = mapped_column(Integer, default=0, server_default=text("0"))


class DraftChangeRow(Base):
    """One change of a draft: who, when, and the steps there (``domain/json_patch.py``), from which those back follow.

    ``undoes`` is the change that this one took back. ``actor_*`` is no key: the change outlives who made it.
    """

    __tablename__ = "draft_change"
    __table_args__ = (UniqueConstraint("site_id", "revision"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    site_id: Mapped[int] = mapped_column(Integer)
    revision: Mapped[int] = mapped_column(Integer)
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
    actor_kind: Mapped[str] = mapped_column(String(20))
    actor_id: Mapped[int] = mapped_column(Integer)
    actor_name: Mapped[str] = mapped_column(Text)
    deed: Mapped[str] = mapped_column(String(40))
    subject: Mapped[str] = mapped_column(Text)
    patch: Mapped[str] = mapped_column(Text)
    undoes: Mapped[int | None] = mapped_column(Integer)


class RuntimeRow(Base):
    """A banner runtime that some configuration was published with, byte for byte."""

    __tablename__ = "runtime"

    digest: Mapped[str] = mapped_column(String(71), primary_key=True)
    source: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ConfigurationRow(Base):
    """A published configuration; ``text`` is what was hashed. The compressed files are made once, here."""

    __tablename__ = "configuration"
    __table_args__ = (UniqueConstraint("site_id", "digest"),)

    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"), primary_key=True)
    version: Mapped[int] = mapped_column(Integer, primary_key=True)
    digest: Mapped[str] = mapped_column(String(71))
    text: Mapped[str] = mapped_column(Text)
    runtime_digest: Mapped[str] = mapped_column(ForeignKey("runtime.digest"))
    published_at: Mapped[datetime] = mapped_column(UtcDateTime)
    banner: Mapped[bytes] = mapped_column(LargeBinary)
    banner_gzip: Mapped[bytes] = mapped_column(LargeBinary)
    banner_br: Mapped[bytes] = mapped_column(LargeBinary)
    config: Mapped[bytes] = mapped_column(LargeBinary)
    config_gzip: Mapped[bytes] = mapped_column(LargeBinary)
    config_br: Mapped[bytes] = mapped_column(LargeBinary)


class PublicationRow(Base):
    """Who published a configuration, why, and from which draft: what going back to it starts from."""

    __tablename__ = "publication"

    site_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    version: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    draft: Mapped[str] = mapped_column(Text)
    published_by: Mapped[str] = mapped_column(String(320))
    why: Mapped[str] = mapped_column(Text)


class ScreenshotRow(Base):
    """A picture that some configuration names, as PNG."""

    __tablename__ = "screenshot"

    digest: Mapped[str] = mapped_column(String(71), primary_key=True)
    source: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class LogoRow(Base):
    """A logo that a draft or a configuration names, as WebP; width and height are CSS pixels."""

    __tablename__ = "logo"

    digest: Mapped[str] = mapped_column(String(71), primary_key=True)
    source: Mapped[bytes] = mapped_column(LargeBinary)
    width: Mapped[int] = mapped_column(Integer)
    height: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Suggestion(Base):
    """What an imported public cookie database says of a name: a suggestion with its source, never a fact (CAT-05)."""

    __tablename__ = "suggestion"
    __table_args__ = (UniqueConstraint("source", "source_id"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    name: Mapped[str] = mapped_column(Text, index=True)
    kind: Mapped[str] = mapped_column(String(20))
    platform: Mapped[str] = mapped_column(Text)
    vendor: Mapped[str] = mapped_column(Text)
    purpose: Mapped[str | None] = mapped_column(String(40))
    domain: Mapped[str | None] = mapped_column(Text)
    lifetime: Mapped[str | None] = mapped_column(String(40))
    description: Mapped[str] = mapped_column(Text)
    policy_url: Mapped[str | None] = mapped_column(Text)
    source: Mapped[str] = mapped_column(String(200))
    source_id: Mapped[str] = mapped_column(String(200))
    imported_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ConsentRecordRow(Base):
    """A consent record: canonical text, salts, and the personal part apart so that it can go alone."""

    __tablename__ = "consent_record"
    __table_args__ = (
        Index("ix_consent_record_site_recorded", "site_id", "recorded_at", "record_id"),
        Index("ix_consent_record_site_action", "site_id", "action", "recorded_at", "record_id"),
        Index("ix_consent_record_site_consent", "site_id", "consent_id"),
    )

    record_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    site_id: Mapped[int] = mapped_column(Integer)
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)
    action: Mapped[str | None] = mapped_column(String(20))
    record: Mapped[str | None] = mapped_column(Text)
    salt: Mapped[bytes | None] = mapped_column(LargeBinary)
    personal: Mapped[str | None] = mapped_column(Text)
    personal_salt: Mapped[bytes | None] = mapped_column(LargeBinary)
    consent_id: Mapped[str | None] = mapped_column(String(36))
    leaf_hash: Mapped[bytes] = mapped_column(LargeBinary)
    promise_key: Mapped[str | None] = mapped_column(String(8))
    promise_signature: Mapped[bytes | None] = mapped_column(LargeBinary)
    body_digest: Mapped[bytes] = mapped_column(LargeBinary)
    assurance: Mapped[int | None] = mapped_column(SmallInteger)


class LegalHoldRow(Base):
    """A time during which nothing of a site's proofs is deleted; it stands until ``lifted_at`` is there."""

    __tablename__ = "legal_hold"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    site_id: Mapped[int] = mapped_column(Integer, index=True)
    why: Mapped[str] = mapped_column(Text)
    set_at: Mapped[datetime] = mapped_column(UtcDateTime)
    lifted_why: Mapped[str | None] = mapped_column(Text)
    lifted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class ProofPendingRow(Base):
    """What is committed but has no index yet; ``seq`` gives the order."""

    __tablename__ = "proof_pending"
    __table_args__ = (Index("ix_proof_pending_site_seq", "site_id", "seq"), {"sqlite_autoincrement": True})

    seq: Mapped[int] = mapped_column(Sequence, primary_key=True, autoincrement=True)
    site_id: Mapped[int] = mapped_column(Integer)
    record_id: Mapped[str | None] = mapped_column(String(36), unique=True)
    kind: Mapped[str] = mapped_column(String(10))
    commitment: Mapped[bytes | None] = mapped_column(LargeBinary)
    body: Mapped[str | None] = mapped_column(Text)


class ProofLogRow(Base):
    """The head of one site's log; the only row of the log that is ever updated, by compare-and-swap."""

    __tablename__ = "proof_log"

    site_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    origin: Mapped[str] = mapped_column(Text, unique=True)
    size: Mapped[int] = mapped_column(BigInteger)
    root: Mapped[bytes] = mapped_column(LargeBinary)
    frozen_reason: Mapped[str | None] = mapped_column(Text)


class ProofEntryRow(Base):
    """One entry; a consent's text is rebuilt from its commitment, the others keep theirs."""

    __tablename__ = "proof_entry"
    __table_args__ = (
        Index("ix_proof_entry_key", "site_id", "idx", sqlite_where=ONLY_KEYS, postgresql_where=ONLY_KEYS),
        {"sqlite_with_rowid": False},
    )

    site_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    idx: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(String(10))
    commitment: Mapped[bytes | None] = mapped_column(LargeBinary)
    body: Mapped[str | None] = mapped_column(Text)
    record_id: Mapped[str | None] = mapped_column(String(36), unique=True)


class ProofTileRow(Base):
    """A full tile of 256 hashes and its root; inserted once, never updated."""

    __tablename__ = "proof_tile"

    site_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    level: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    n: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    hashes: Mapped[bytes] = mapped_column(LargeBinary)
    root: Mapped[bytes] = mapped_column(LargeBinary)


class ProofCheckpointRow(Base):
    """A signed checkpoint of a committed size."""

    __tablename__ = "proof_checkpoint"

    site_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    size: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    root: Mapped[bytes] = mapped_column(LargeBinary)
    note: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ProofAnchorRow(Base):
    """What somebody outside said of the anchor log at a size: a time stamp, for one."""

    __tablename__ = "proof_anchor"

    size: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(String(20), primary_key=True)
    name: Mapped[str] = mapped_column(String(200), primary_key=True)
    data: Mapped[bytes] = mapped_column(LargeBinary)
    said_at: Mapped[datetime] = mapped_column(UtcDateTime)
    kept_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ProofAnchorLeafRow(Base):
    """Which leaf of the anchor log holds which checkpoint; under site 0, which renews the token of that anchor size."""

    __tablename__ = "proof_anchor_leaf"
    __table_args__ = (Index("ix_proof_anchor_leaf_site_size", "site_id", "size"),)

    idx: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    site_id: Mapped[int] = mapped_column(Integer)
    size: Mapped[int] = mapped_column(BigInteger)


class HandoverRow(Base):
    """An export that somebody asked for in the admin, and how far it is; forgotten after a day."""

    __tablename__ = "handover"

    id: Mapped[str] = mapped_column(String(43), primary_key=True)
    site_id: Mapped[int] = mapped_column(Integer)
    actor: Mapped[str] = mapped_column(String(200))
    format: Mapped[str] = mapped_column(String(10))
    filters: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(10))
    done: Mapped[int] = mapped_column(BigInteger)
    size: Mapped[int] = mapped_column(BigInteger)
    bytes: Mapped[int] = mapped_column(BigInteger)
    made_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    moved_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ScanRow(Base):
    """A scan of a site: asked for, running, then ended, failed or cancelled. ``document`` is it as JSON, compressed.

    ``options``, ``progress`` (a pass each) and ``counts`` are JSON; ``trouble`` is a word for why it failed, ``detail``
    what was said of that, or why it ended early. An old one has no document any more, and keeps its counts.
    """

    __tablename__ = "scan"
    __table_args__ = (Index("ix_scan_site_id", "site_id", "id"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    site_id: Mapped[int] = mapped_column(Integer)
    state: Mapped[str] = mapped_column(String(10), index=True)
    address: Mapped[str] = mapped_column(Text)
    options: Mapped[str] = mapped_column(Text)
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    asked_by: Mapped[str] = mapped_column(String(254))
    started_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    starts: Mapped[int] = mapped_column(Integer)
    progress: Mapped[str] = mapped_column(Text)
    counts: Mapped[str] = mapped_column(Text)
    trouble: Mapped[str] = mapped_column(String(20))
    detail: Mapped[str] = mapped_column(Text)
    document: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)


class ScanFileRow(Base):
    """A file of a scan: a picture of what one of its visitors saw, which ``shows`` names, or its report as a PDF."""

    __tablename__ = "scan_file"

    site_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    scan_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(String(200), primary_key=True)
    place: Mapped[int] = mapped_column(Integer)
    shows: Mapped[str] = mapped_column(String(200))
    width: Mapped[int] = mapped_column(Integer)
    height: Mapped[int] = mapped_column(Integer)
    size: Mapped[int] = mapped_column(Integer)
    content: Mapped[bytes] = mapped_column(LargeBinary)


class ScanWatchRow(Base):
    """How often a site is scanned, and who is warned: mail addresses with commas, a webhook with its sealed secret."""

    __tablename__ = "scan_watch"

    site_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    schedule: Mapped[str] = mapped_column(String(10))
    next_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    mail_to: Mapped[str] = mapped_column(Text)
    webhook_url: Mapped[str] = mapped_column(Text)
    webhook_secret: Mapped[str] = mapped_column(Text)


class ScanWarningRow(Base):
    """A warning on its way: ``body`` is JSON, the same for mail and webhook; forgotten after some time."""

    __tablename__ = "scan_warning"
    __table_args__ = (
        Index("ix_scan_warning_site_id", "site_id", "made_at"),
        Index("ix_scan_warning_state", "state", "next_at"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    site_id: Mapped[int] = mapped_column(Integer)
    scan_id: Mapped[int] = mapped_column(Integer)
    channel: Mapped[str] = mapped_column(String(10))
    body: Mapped[str] = mapped_column(Text)
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
    state: Mapped[str] = mapped_column(String(10))
    tries: Mapped[int] = mapped_column(Integer)
    next_at: Mapped[datetime] = mapped_column(UtcDateTime)
    trouble: Mapped[str] = mapped_column(Text)


class PolicyTextRow(Base):
    """The text of a site's policy as it was given last, with ``sha256:`` of it; scans are compared with it."""

    __tablename__ = "policy_text"

    site_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    text: Mapped[str] = mapped_column(Text)
    digest: Mapped[str] = mapped_column(String(71))
    source: Mapped[str] = mapped_column(Text)
    kept_at: Mapped[datetime] = mapped_column(UtcDateTime)
    kept_by: Mapped[str] = mapped_column(String(254))


class AnswerCountRow(Base):
    """How many answers said the same on one day (UTC); a number, and nobody's."""

    __tablename__ = "answer_count"
    __table_args__ = ({"sqlite_with_rowid": False},)

    site_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    version: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    action: Mapped[str] = mapped_column(String(20), primary_key=True)
    language: Mapped[str] = mapped_column(String(35), primary_key=True)
    form_factor: Mapped[str] = mapped_column(String(20), primary_key=True)
    answers: Mapped[str] = mapped_column(Text, primary_key=True)
    count: Mapped[int] = mapped_column(BigInteger)


class PageCountRow(Base):
    """How many answers said the same on one page in one month; an empty page is all the others."""

    __tablename__ = "page_count"
    __table_args__ = ({"sqlite_with_rowid": False},)

    site_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    month: Mapped[date] = mapped_column(Date, primary_key=True)
    page: Mapped[str] = mapped_column(String(120), primary_key=True)
    action: Mapped[str] = mapped_column(String(20), primary_key=True)
    answers: Mapped[str] = mapped_column(Text, primary_key=True)
    count: Mapped[int] = mapped_column(BigInteger)


class NoticeCountRow(Base):
    """On how many pages the notice was shown to somebody who had not answered; a number, and nobody's."""

    __tablename__ = "notice_count"
    __table_args__ = ({"sqlite_with_rowid": False},)

    site_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    version: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    language: Mapped[str] = mapped_column(String(35), primary_key=True)
    form_factor: Mapped[str] = mapped_column(String(20), primary_key=True)
    count: Mapped[int] = mapped_column(BigInteger)


class CountedRow(Base):
    """Up to which entry a site is counted, from which day on, and before which month its small pages are joined."""

    __tablename__ = "counted"

    site_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    size: Mapped[int] = mapped_column(BigInteger)
    since: Mapped[date | None] = mapped_column(Date)
    joined: Mapped[date | None] = mapped_column(Date)


class UserRow(Base):
    """A person who signs in. ``email`` is folded; ``totp_step`` is the last time step whose code was used.

    ``totp_secret`` is sealed: 64 letters. Ones from before, not sealed yet, have 32.
    """

    __tablename__ = "account_user"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    email: Mapped[str] = mapped_column(String(254), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    role: Mapped[str] = mapped_column(String(20))
    language: Mapped[str] = mapped_column(String(35))
    password_hash: Mapped[str | None] = mapped_column(String(200))
    totp_secret: Mapped[str | None] = mapped_column(String(64))
    totp_since: Mapped[datetime | None] = mapped_column(UtcDateTime)
    totp_step: Mapped[int | None] = mapped_column(BigInteger)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    disabled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class RecoveryCodeRow(Base):
    """One code that stands in for the second factor, once."""

    __tablename__ = "recovery_code"

    user_id: Mapped[int] = mapped_column(ForeignKey("account_user.id"), primary_key=True)
    code_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class SignInRow(Base):
    """Where somebody is signed in; ``id`` is the SHA-256 of the token that only their browser has."""

    __tablename__ = "sign_in_session"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("account_user.id"), index=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    device: Mapped[str] = mapped_column(String(200))


class SignInTryRow(Base):
    """A try to sign in that did not succeed yet, under the SHA-256 of whom or where it is counted for; short-lived."""

    __tablename__ = "sign_in_try"
    __table_args__ = (Index("ix_sign_in_try_subject", "subject", "at"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(Sequence, primary_key=True, autoincrement=True)
    subject: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class LinkRow(Base):
    """A link that works once: ``id`` is the SHA-256 of what it carries. The very first has no user yet."""

    __tablename__ = "account_link"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("account_user.id"), index=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class TokenRow(Base):
    """A token of the API; only its SHA-256 is kept."""

    __tablename__ = "api_token"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    label: Mapped[str] = mapped_column(String(200))
    role: Mapped[str] = mapped_column(String(20))
    site_key: Mapped[str | None] = mapped_column(String(63))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_used_on: Mapped[date | None] = mapped_column(Date)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class ActivityRow(Base):
    """Who did what in the admin; ``changes`` is JSON. Inserted once, never updated: a trigger sees to it."""

    __tablename__ = "activity"
    __table_args__ = (
        Index("ix_activity_organisation", "organisation_id", "id"),
        Index("ix_activity_site", "organisation_id", "site_key", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(Sequence, primary_key=True, autoincrement=True)
    organisation_id: Mapped[int] = mapped_column(Integer)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    actor_kind: Mapped[str] = mapped_column(String(20))
    actor_id: Mapped[int] = mapped_column(Integer)
    actor_name: Mapped[str] = mapped_column(String(254))
    action: Mapped[str] = mapped_column(String(60))
    site_key: Mapped[str | None] = mapped_column(String(63))
    subject: Mapped[str] = mapped_column(Text)
    changes: Mapped[str] = mapped_column(Text)
