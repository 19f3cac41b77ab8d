"""Cosignatures (C2SP tlog-cosignature, Ed25519): a witness saw a checkpoint, consistent with all that it saw before.

    cosignature/v1\\n
    time <POSIX seconds>\\n
    <text of the checkpoint>

is what is signed. In a note, the signature of such a key is eight bytes of time and then those 64.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from consent_server.domain.errors import Invalid
from consent_server.domain.proof_log.signed_note import (
    SIGNATURE_BYTES,
    Signature,
    check_name,
    decode_base64,
    encode_base64,
)

_COSIGNATURE = b"\x04"
_TIME_BYTES = 8


def cosigned(text: str, time: int) -> bytes:
    """Return what a witness signs of a checkpoint's text."""
    return f"cosignature/v1\ntime {time}\n{text}".encode()


@dataclass(frozen=True)
class Witness:
    """The public key of a witness and its name."""

    name: str
    public_key: bytes
    key_id: bytes = field(init=False)
    _key: Ed25519PublicKey = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        check_name(self.name)
        try:
            key = Ed25519PublicKey.from_public_bytes(self.public_key)
        except ValueError as error:
            raise Invalid.because("An Ed25519 public key has 32 bytes.") from error
        key_id = sha256(self.name.encode() + b"\n" + _COSIGNATURE + self.public_key).digest()[:4]
        object.__setattr__(self, "_key", key)
        object.__setattr__(self, "key_id", key_id)

    @classmethod
    def parse(cls, vkey: str) -> Witness:
        """Read ``name+hex(key id)+base64(0x04 || public key)``."""
        parts = vkey.split("+", 2)
        data = decode_base64(parts[2]) if len(parts) == 3 else b""
        if data[:1] != _COSIGNATURE:
            raise Invalid.because("The key of a witness reads name+id+base64, of type 4 (Ed25519 cosignatures).")
        witness = cls(parts[0], data[1:])
        if witness.vkey != vkey:
            raise Invalid.because("The id of the key is not that of its name and bytes.")
        return witness

    @property
    def vkey(self) -> str:
        """The key in the form that is published."""
        return f"{self.name}+{self.key_id.hex()}+{encode_base64(_COSIGNATURE + self.public_key)}"

    def made(self, signature: Signature) -> bool:
        """Whether the signature claims to be of this witness."""
        return signature.key_id == self.key_id and signature.name == self.name

    def time_of(self, text: str, signature: Signature) -> datetime:
        """Return when the witness cosigned ``text``; ``Invalid`` when it did not."""
        value = signature.value
        if len(value) != _TIME_BYTES + SIGNATURE_BYTES:
            raise Invalid.because(f"The cosignature of {self.name} has the wrong length.")
        time = int.from_bytes(value[:_TIME_BYTES], "big")
        try:
            self._key.verify(value[_TIME_BYTES:], cosigned(text, time))
            return datetime.fromtimestamp(time, UTC)
        except (InvalidSignature, ValueError, OverflowError, OSError) as error:
            raise Invalid.because(f"The cosignature of {self.name} is wrong.") from error
