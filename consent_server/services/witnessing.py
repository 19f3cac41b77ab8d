"""Asking a witness (C2SP tlog-witness) to cosign an anchor checkpoint: it remembers what it saw, refuses another."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from http.client import HTTPException
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from consent_server.config import Settings
from consent_server.domain.errors import Invalid, Unavailable
from consent_server.domain.proof_log.checkpoint import parse_decimal
from consent_server.domain.proof_log.cosignature import Witness
from consent_server.domain.proof_log.proof import format_hashes
from consent_server.domain.proof_log.signed_note import Signature, parse_note

TIMEOUT_S = 10
LARGEST_ANSWER = 64 * 1024

Prove = Callable[[int], list[bytes]]
"""Gives the consistency proof from a size to that of the checkpoint."""


class NotWitnessed(Unavailable):
    """The witness is away, or did not cosign."""


class _Other(Exception):
    """An answer, not an error: the witness cosigned another size last."""

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self.size = size


@dataclass(frozen=True)
class WitnessAt:
    """A witness and the address that it takes checkpoints at."""

    url: str
    witness: Witness

    def cosign(self, note: str, old: int, prove: Prove) -> tuple[Signature, datetime]:
        """Return the witness's cosignature of a checkpoint and its time; raises ``NotWitnessed``.

        ``old`` is what it cosigned last as far as we know; when it knows better, it says so, and is asked once more.
        """
        try:
            return self._cosign(note, old, prove)
        except _Other as other:
            last = other.size
        try:
            return self._cosign(note, last, prove)
        except _Other:
            raise NotWitnessed(f"{self.witness.name} does not know which size it cosigned last.") from None

    def _cosign(self, note: str, old: int, prove: Prove) -> tuple[Signature, datetime]:
        try:
            proof = format_hashes(prove(old))
        except Invalid:
            raise NotWitnessed(f"{self.witness.name} cosigned size {old}, which this log does not have.") from None
        answer = self._post(f"old {old}\n{proof}\n{note}".encode())
        text = note.partition("\n\n")[0] + "\n"
        try:
            for signature in parse_note(note + answer.decode()).signatures:
                if self.witness.made(signature):
                    return signature, self.witness.time_of(text, signature)
        except (Invalid, UnicodeDecodeError) as error:
            raise NotWitnessed(f"{self.witness.name} gave no cosignature that can be read: {error}") from None
        raise NotWitnessed(f"{self.witness.name} gave no cosignature of its key.")

    def _post(self, body: bytes) -> bytes:
        try:
            with urlopen(Request(f"{self.url}/add-checkpoint", body), timeout=TIMEOUT_S) as answer:
                data: bytes = answer.read(LARGEST_ANSWER)
                return data
        except HTTPError as refused:
            with refused:
                raise self._why(refused) from None
        except (OSError, HTTPException, ValueError) as away:
            raise NotWitnessed(f"{self.url} cannot be reached: {getattr(away, 'reason', None) or away}.") from None

    def _why(self, refused: HTTPError) -> Exception:
        if refused.code == 409 and refused.headers.get_content_type() == "text/x.tlog.size":
            try:
                return _Other(parse_decimal(refused.read(32).decode("ascii", "replace").removesuffix("\n")))
            except (Invalid, OSError, HTTPException):
                pass
        return NotWitnessed(f"{self.url} answered {refused.code}.")


def read_witnesses(settings: Settings) -> tuple[WitnessAt, ...]:
    """Return the witnesses that the settings name: ``<address> <key>``, with commas; raises ``Invalid``."""
    return tuple(_read(each.split()) for each in settings.witnesses.split(",") if each.strip())


def _read(words: list[str]) -> WitnessAt:
    if len(words) != 2 or urlsplit(words[0]).scheme not in ("http", "https") or not urlsplit(words[0]).hostname:
        raise Invalid.because("A witness is its address, a space, and its key.", "CONSENT_WITNESSES")
    try:
        return WitnessAt(words[0].rstrip("/"), Witness.parse(words[1]))
    except Invalid as error:
        raise Invalid.because(str(error), "CONSENT_WITNESSES") from None
