"""Secrets that have to be read again are kept sealed (AES-256-GCM), so that a copy of the database alone opens none.

The key is derived (RFC 5869, HKDF-SHA256) from ``SECRET_KEY``, and what is sealed is bound to what it is of: moved to
another row it does not open. Who changes ``SECRET_KEY`` closes everything that was sealed before.
"""

from __future__ import annotations

import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from consent_server.config import Settings
from consent_server.services.keyring import needed_secret_key

NONCE_BYTES = 12
KEY_BYTES = 32


class Closed(ValueError):
    """It was sealed with another key, or of something else, or is damaged."""


@dataclass(frozen=True)
class Sealer:
    """Seals and opens what this installation keeps."""

    key: bytes = field(repr=False)

    def seal(self, secret: bytes, of: str) -> str:
        """Return the secret as it may be kept."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        return urlsafe_b64encode(nonce + AESGCM(self.key).encrypt(nonce, secret, of.encode())).decode()

    def open(self, sealed: str, of: str) -> bytes:
        """Return the secret; raise ``Closed``."""
        try:
            kept = urlsafe_b64decode(sealed)
            return AESGCM(self.key).decrypt(kept[:NONCE_BYTES], kept[NONCE_BYTES:], of.encode())
        except (InvalidTag, ValueError):
            raise Closed(of) from None


def make_sealer(secret_key: str) -> Sealer:
    """Return what seals with a key derived from this one."""
    derived = HKDF(SHA256(), KEY_BYTES, salt=None, info=b"consent-server/sealing/v1").derive(secret_key.encode())
    return Sealer(derived)


def read_sealer(settings: Settings) -> Sealer:
    """Return what seals with these settings. Raises ``Invalid`` without ``SECRET_KEY``."""
    return make_sealer(needed_secret_key(settings))
