"""A log that goes on where another ended whose key is lost: its first entry names the other's last known checkpoint.

The old log cannot be signed any more, so the new one is another log: the same site, an empty database, a seed of its
own, and the origin of the old one with a number (``…/2``). Indices begin at 0 again; nothing is repeated.
"""

from __future__ import annotations

import re

from sqlalchemy.orm import Session

from consent_server.domain.errors import Conflict, Invalid
from consent_server.domain.log_entry import Genesis, Predecessor, format_entry
from consent_server.domain.proof_log.checkpoint import open_checkpoint
from consent_server.domain.proof_log.signed_note import Verifier
from consent_server.services.keyring import Keyring
from consent_server.storage import proof_log, sites
from consent_server.storage.database import begin_immediate

_ORIGIN = re.compile(r"(?P<first>.+/v1/sites/(?P<site>[^/]+)/log)(?:/(?P<number>[1-9][0-9]{0,5}))?\Z")


def succeed(session: Session, site_key: str, note: bytes, vkey: str, keyring: Keyring) -> str:
    """Begin a site's log as the successor of another; return its origin.

    ``note`` is the last checkpoint that anybody has of the other log, ``vkey`` the key that signed it. Raises
    ``SiteNotFound``, ``Invalid`` (no checkpoint of a log of this site) or ``Conflict`` (this log has begun already).
    """
    old = Verifier.parse(vkey)
    checkpoint = open_checkpoint(note, [old], old.name)
    origin = next_origin(checkpoint.origin, site_key)
    begin_immediate(session)
    site = sites.find_site(session, site_key)
    if proof_log.find_head(session, site.id) is not None:
        raise Conflict("The log of this site has begun already: a successor begins before the site is published.")
    proof_log.open_log(session, site.id, origin)
    last = Predecessor(checkpoint.origin, checkpoint.size, checkpoint.root)
    genesis = Genesis(site_key, keyring.log_signer(origin).vkey, last)
    proof_log.add_pending(session, site.id, "genesis", body=format_entry(genesis))
    session.commit()
    return origin


def next_origin(origin: str, site_key: str) -> str:
    """Return the name of the log after this one: ``…/log``, ``…/log/2``, ``…/log/3``."""
    match = _ORIGIN.match(origin)
    if match is None or match["site"] != site_key:
        raise Invalid.because(f"{origin} is not the log of a site {site_key}.", "checkpoint")
    return f"{match['first']}/{int(match['number'] or 1) + 1}"
