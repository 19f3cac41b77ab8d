"""One key per log and purpose, derived from one master seed (RFC 5869, HKDF-SHA256 without salt).

    log key of an origin       HKDF(master, info "consent-server/log/v1\\n" + origin)
    promise master             HKDF(master, info "consent-server/promise/v1")
    promise key of an origin   HKDF(promise master, info origin)

Per origin because a tlog-policy forbids one key for two logs; in two levels because web nodes are given the promise
master only: a broken web node cannot sign checkpoints.
"""

from __future__ import annotations

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from consent_server.domain.errors import Invalid
from consent_server.domain.proof_log.signed_note import Signer

SEED_BYTES = 32


def log_signer(master: bytes, origin: str) -> Signer:
    """Return the signer of a log's checkpoints (a site's or the anchor log's)."""
    return Signer.from_seed(origin, _derive(master, "consent-server/log/v1\n" + origin))


def promise_master(master: bytes) -> bytes:
    """Return ``PROMISE_KEY``: all that a web node needs."""
    return _derive(master, "consent-server/promise/v1")


def promise_signer(promise_key: bytes, origin: str) -> Signer:
    """Return the signer of a log's promises, named ``<origin>/promise``."""
    return Signer.from_seed(promise_name(origin), _derive(promise_key, origin))


def promise_name(origin: str) -> str:
    """Return the name of the key that signs the promises of a log."""
    return origin + "/promise"


def _derive(secret: bytes, info: str) -> bytes:
    if len(secret) != SEED_BYTES:
        raise Invalid.because("A master key has 32 bytes.")
    return HKDF(SHA256(), SEED_BYTES, salt=None, info=info.encode()).derive(secret)
