"""What goes into a log besides consents: its beginning, and a site's configurations."""

from __future__ import annotations

from urllib.parse import urlsplit

from sqlalchemy.orm import Session

from consent_server.domain import anchor_leaf
from consent_server.domain.configuration import Configuration
from consent_server.domain.errors import Invalid
from consent_server.domain.log_entry import Config, Genesis, format_entry, parse_entry
from consent_server.storage import proof_log
from consent_server.storage.proof_log import ANCHOR_LOG, Head


def log_origin(public_url: str, site_key: str) -> str:
    """Return the name that a site's log gets once and keeps: ``<host>/v1/sites/<site_key>/log`` (ledger section 5)."""
    return f"{urlsplit(public_url).netloc}/v1/sites/{site_key}/log"


def anchor_origin(public_url: str) -> str:
    """Return the name that the anchor log gets once and keeps: ``<host>/v1/log``."""
    return f"{urlsplit(public_url).netloc}/v1/log"


def first_entry(session: Session, head: Head, vkey: str) -> str:
    """Return the entry that a log begins with: it names the key that signs the log."""
    if head.site_id == ANCHOR_LOG:
        return anchor_leaf.format_key(head.origin, vkey)
    return format_entry(Genesis(proof_log.site_key_of(session, head.site_id), vkey))


def key_in_first_entry(head: Head, text: str) -> str:
    """Return the key that entry 0 names; ``Invalid`` when that is no such entry."""
    if head.site_id == ANCHOR_LOG:
        return anchor_leaf.parse_key(text, head.origin)
    genesis = parse_entry(text)
    if not isinstance(genesis, Genesis):
        raise Invalid.because("Entry 0 is not genesis.")
    return genesis.vkey


def log_configuration(session: Session, site_id: int, origin: str, configuration: Configuration) -> None:
    """Put a configuration's digest in line for the log, in the caller's transaction.

    It stands before every consent that can name it, because those come later in the same line.
    """
    proof_log.open_log(session, site_id, origin)
    body = format_entry(Config(configuration.version, configuration.digest))
    proof_log.add_pending(session, site_id, "config", body=body)
