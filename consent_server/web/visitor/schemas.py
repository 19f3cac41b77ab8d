"""The wire format of the visitor endpoints: shape only, meaning is the domain's. Mirrored by banner/src/outbox.ts."""

from __future__ import annotations

import re
import uuid
from typing import Any
from urllib.parse import urlsplit

from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate

from consent_server.domain.choice import ACTIONS
from consent_server.domain.name_pattern import LONGEST as LONGEST_NAME
from consent_server.domain.tracker import KINDS

_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}\Z")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)\Z", re.ASCII)

LONGEST_URL = 2_048
MOST_ANSWERS = 500
MOST_NOT_REMOVED = 100


class StrictBoolean(fields.Field[bool]):
    """true or false, and nothing that merely looks like it."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:
        if not isinstance(value, bool):
            raise ValidationError("Must be true or false.")
        return value


class StrictInteger(fields.Field[int]):
    """A whole number written as one."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise ValidationError("Must be a whole number.")
        return value


class CanonicalUuid(fields.Field[str]):
    """A UUID in its one canonical spelling; anything else could carry markup or SQL into somebody's list."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        try:
            if isinstance(value, str) and str(uuid.UUID(value)) == value:
                return value
        except ValueError:
            pass
        raise ValidationError("Must be a UUID in lower case.")


class PageUrl(fields.Field[str]):
    """An http(s) address; query, fragment and credentials are dropped here, before anything can store or log them."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        if not isinstance(value, str) or len(value) > LONGEST_URL:
            raise ValidationError(f"Must be an address of at most {LONGEST_URL} characters.")
        try:
            parts = urlsplit(value)
            host, port = parts.hostname, parts.port
        except ValueError:
            raise ValidationError("Must be an http or https address.") from None
        if parts.scheme not in ("http", "https") or not host or any(ord(c) <= 32 or ord(c) == 127 for c in value):
            raise ValidationError("Must be an http or https address.")
        shown = f"[{host}]" if ":" in host else host
        return f"{parts.scheme}://{shown}{f':{port}' if port else ''}{parts.path or '/'}"


class Answers(fields.Field[dict[str, bool]]):
    """Purpose or service → true or false."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> dict[str, bool]:
        if not isinstance(value, dict) or len(value) > MOST_ANSWERS:
            raise ValidationError("Must be an object of true and false.")
        wrong = [key for key, answer in value.items() if not _KEY.match(key) or not isinstance(answer, bool)]
        if wrong:
            raise ValidationError({key[:63]: ["Must be true or false."] for key in wrong[:20]})
        return value


def _client_time(value: str) -> None:
    if not _TIME.match(value):
        raise ValidationError("Must be an RFC 3339 time.")


class SignalsSchema(Schema):
    """What the browser signalled by itself."""

    class Meta:
        unknown = EXCLUDE

    gpc = StrictBoolean(metadata={"type": "boolean"})


class ConsentSchema(Schema):
    """A choice as the banner posts it. Unknown fields are ignored and never stored."""

    class Meta:
        unknown = EXCLUDE

    record_id = CanonicalUuid(metadata={"type": "string", "format": "uuid"})
    consent_id = CanonicalUuid(metadata={"type": "string", "format": "uuid"})
    action = fields.String(required=True, validate=validate.OneOf(ACTIONS))
    decisions = Answers(required=True, metadata={"type": "object", "additionalProperties": {"type": "boolean"}})
    services = Answers(metadata={"type": "object", "additionalProperties": {"type": "boolean"}})
    config_version = StrictInteger(
        required=True, validate=validate.Range(1, 2**31 - 1), metadata={"type": "integer", "minimum": 1}
    )
    language = fields.String(validate=validate.Regexp(r"^[a-z]{2,3}\Z"))
    layer = StrictInteger(validate=validate.OneOf((1, 2)), metadata={"type": "integer", "enum": [1, 2]})
    page_url = PageUrl(metadata={"type": "string", "format": "uri", "maxLength": LONGEST_URL})
    client_time = fields.String(validate=_client_time, metadata={"format": "date-time"})
    signals = fields.Nested(SignalsSchema)
    not_removed = fields.List(
        fields.String(validate=validate.Length(1, LONGEST_NAME)), validate=validate.Length(max=MOST_NOT_REMOVED)
    )


class ReceiptSchema(Schema):
    """What the visitor's browser gets back for a record."""

    record_id = fields.UUID(required=True)
    consent_id = fields.UUID(required=True, allow_none=True)
    site_key = fields.String(required=True)
    action = fields.String(required=True, validate=validate.OneOf(ACTIONS))
    decisions = fields.Dict(keys=fields.String(), values=fields.Boolean(), required=True)
    services = fields.Dict(keys=fields.String(), values=fields.Boolean(), allow_none=True)
    recorded_at = fields.String(required=True, metadata={"format": "date-time"})
    expires_at = fields.String(required=True, metadata={"format": "date-time"})
    config_version = fields.Integer(required=True)
    config_digest = fields.String(required=True)
    language = fields.String(allow_none=True)
    leaf_hash = fields.String(required=True, metadata={"description": "base64 of the log's leaf hash"})
    promise = fields.String(allow_none=True, metadata={"description": "signed note: this leaf will be in the log"})
    proof_url = fields.String(required=True, metadata={"format": "uri"})
    receipt_url = fields.String(required=True, metadata={"format": "uri"})


class FullReceiptSchema(ReceiptSchema):
    """A receipt in the shape of ISO/IEC TS 27560, with what opens its commitment."""

    schema_version = fields.String(required=True)
    receipt_id = fields.UUID(required=True)
    pii_principal_id = fields.UUID(required=True, allow_none=True)
    processing = fields.List(fields.Dict(), required=True, metadata={"description": "per purpose"})
    event = fields.List(fields.Dict(), required=True, metadata={"description": "per purpose, with its DPV status"})
    party = fields.List(fields.Dict(), required=True)

    record = fields.String(required=True, metadata={"description": "exact canonical text"})
    salt = fields.String(required=True, metadata={"description": "base64url"})
    personal = fields.String(allow_none=True)
    personal_salt = fields.String(allow_none=True)


def _by_language() -> fields.Dict:
    return fields.Dict(
        keys=fields.String(), values=fields.String(), required=True, metadata={"description": "language → text"}
    )


class PurposeSchema(Schema):
    """A purpose as the visitor reads it; ``since`` is the configuration that last widened what a yes to it means."""

    id = fields.String(required=True)
    exempt = fields.Boolean(required=True)
    since = fields.Integer(required=True)
    title = _by_language()
    description = _by_language()
    details = _by_language()


class ExemptionSchema(Schema):
    """The ground on which a tracker needs no consent."""

    ground = fields.String(required=True)
    justification = _by_language()
    conditions = fields.Dict(keys=fields.String(), values=fields.Boolean())


class TrackerSchema(Schema):
    """A tracker with its declared and its applied lifetime."""

    name = fields.String(required=True)
    kind = fields.String(required=True, validate=validate.OneOf(KINDS))
    purpose = fields.String(required=True, allow_none=True, metadata={"description": "null: unclassified, blocked"})
    domain = fields.String(required=True)
    declared_lifetime = fields.String(required=True, allow_none=True)
    lifetime = fields.String(required=True, allow_none=True)
    lifetime_seconds = fields.Integer(required=True, allow_none=True)
    capped = fields.Boolean(required=True)
    exemption = fields.Nested(ExemptionSchema, required=True, allow_none=True)
    description = _by_language()


class ServiceSchema(Schema):
    """A vendor's product: the addresses that load it and its trackers."""

    id = fields.String(required=True)
    name = fields.String(required=True)
    vendor = fields.String(required=True)
    policy_url = fields.String(required=True, allow_none=True)
    purpose = fields.String(required=True, allow_none=True)
    exempt = fields.Boolean(required=True)
    exemption = fields.Nested(ExemptionSchema, required=True, allow_none=True)
    url_patterns = fields.List(fields.String(), required=True)
    trackers = fields.List(fields.Nested(TrackerSchema), required=True)


class LogoSchema(Schema):
    """A picture at ``logo.{digest}.webp``, its size in CSS pixels, and what it says: nothing if it only decorates."""

    digest = fields.String(required=True)
    width = fields.Integer(required=True)
    height = fields.Integer(required=True)
    alt = _by_language()


class DesignSchema(Schema):
    """How the banner looks and what it says."""

    layout = fields.String(required=True)
    theme = fields.Dict(required=True)
    close = fields.Boolean(required=True)
    controller = fields.String(required=True)
    privacy_url = fields.String(required=True, allow_none=True)
    texts = fields.Dict(keys=fields.String(), values=fields.Dict(), required=True)
    logo = fields.Nested(LogoSchema, metadata={"description": "there where the banner has one"})


class ConfigurationSchema(Schema):
    """A published configuration (CONTRACT 1)."""

    site_key = fields.String(required=True)
    version = fields.Integer(required=True)
    digest = fields.String(required=True)
    runtime_digest = fields.String(required=True)
    published_at = fields.String(required=True, metadata={"format": "date-time"})
    default_language = fields.String(required=True)
    languages = fields.List(fields.String(), required=True)
    max_lifetime = fields.String(required=True)
    max_lifetime_seconds = fields.Integer(required=True)
    choice_lifetime = fields.String(required=True)
    unknown_third_parties = fields.String(required=True, validate=validate.OneOf(("allow", "block")))
    unknown_cookies = fields.String(required=True, validate=validate.OneOf(("allow", "block")))
    known_trackers = fields.List(fields.String(), required=True)
    reload_on_withdrawal = fields.Boolean(required=True)
    count_notices = fields.Boolean(
        metadata={"description": "there, and true, where notices that are shown are counted"}
    )
    purposes = fields.List(fields.Nested(PurposeSchema), required=True)
    services = fields.List(fields.Nested(ServiceSchema), required=True)
    banner = fields.Nested(DesignSchema, required=True)
    signals = fields.Dict(required=True)
    screenshots = fields.List(fields.Dict(), required=True)
