"""Cosignatures (C2SP tlog-cosignature, Ed25519): a witness saw a checkpoint, consistent with all that it saw before.

    cosignature/v1\\n
    time <POSIX seconds>\\n
    <text of the checkpoint>

is what is signed. In a note, the signature of such a key is eight bytes of time and then those 64.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography.exceptions import InvalidSignature

from consent_server.domain.errors import Invalid
from consent_server.domain.proof_log.signed_note import SIGNATURE_BYTES, PublicKey, Signature

_TIME_BYTES = 8


def cosigned(text: str, time: int) -> bytes:
    """Return what a witness signs of a checkpoint's text."""
    return f"cosignature/v1\ntime {time}\n{text}".encode()


@dataclass(frozen=True)
class Witness(PublicKey):
    """The public key of a witness and its name."""

    TYPE = b"\x04"
    MISREAD = "The key of a witness reads name+id+base64, of type 4 (Ed25519 cosignatures)."

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
