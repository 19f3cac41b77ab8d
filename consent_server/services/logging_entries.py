"""What goes into a site's proof log besides consents: its beginning and its configurations."""

from __future__ import annotations

from urllib.parse import urlsplit

from sqlalchemy.orm import Session

from consent_server.domain.configuration import Configuration
from consent_server.domain.log_entry import Config, format_entry
from consent_server.storage import proof_log


def log_origin(public_url: str, site_key: str) -> str:
    """Return the name that a site's log gets once and keeps: ``<host>/v1/sites/<site_key>/log`` (ledger section 5)."""
    return f"{urlsplit(public_url).netloc}/v1/sites/{site_key}/log"


def log_configuration(session: Session, site_id: int, origin: str, configuration: Configuration) -> None:
    """Put a configuration's digest in line for the log, in the caller's transaction.

    It stands before every consent that can name it, because those come later in the same line.
    """
    proof_log.open_log(session, site_id, origin)
    body = format_entry(Config(configuration.version, configuration.digest))
    proof_log.add_pending(session, site_id, "config", body=body)
