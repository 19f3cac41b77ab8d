"""Signed notes (C2SP signed-note): a text, an empty line, and signature lines. Ed25519 only.

    <text, one or more lines>\\n
    \\n
    — <key name> base64(key id[4] || signature)\\n

The reader accepts one spelling. Signatures of unknown keys are ignored, which is how witnesses and future signature
types are added; a bad signature of a known key rejects the whole note.
"""

from __future__ import annotations

import binascii
import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import ClassVar, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from consent_server.domain.errors import Invalid

MAX_NOTE_BYTES = 1_000_000
MAX_SIGNATURES = 100
SIGNATURE_BYTES = 64

_DASH = "\u2014 "
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")


def encode_base64(data: bytes) -> str:
    """Return standard base64 with padding (RFC 4648 4)."""
    return b64encode(data).decode("ascii")


def decode_base64(text: str) -> bytes:
    """Read standard base64 in its one spelling: padded, no stray bits, nothing else."""
    try:
        data = b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Invalid.because("This is not base64.") from error
    if encode_base64(data) != text:
        raise Invalid.because("This is not canonical base64.")
    return data


def check_name(name: str) -> str:
    """Return ``name`` when it may name a key: not empty, no space of any kind, no plus, no control character."""
    if name.split() != [name] or "+" in name or _CONTROL.search(name):
        raise Invalid.because("A key name is not empty and has no space, plus or control character.")
    _utf8(name)
    return name


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line. ``value`` is 64 bytes for Ed25519 and anything for others."""

    name: str
    key_id: bytes
    value: bytes

    @property
    def line(self) -> str:
        """The line as it stands in a note."""
        return f"{_DASH}{self.name} {encode_base64(self.key_id + self.value)}\n"


@dataclass(frozen=True, slots=True)
class Note:
    """A text and its signatures, which nobody has verified yet."""

    text: str
    signatures: tuple[Signature, ...]


@dataclass(frozen=True)
class PublicKey:
    """An Ed25519 public key, its name, and its id among those that make signatures of its type."""

    TYPE: ClassVar[bytes]
    MISREAD: ClassVar[str]

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
        key_id = sha256(self.name.encode() + b"\n" + self.TYPE + self.public_key).digest()[:4]
        object.__setattr__(self, "_key", key)
        object.__setattr__(self, "key_id", key_id)

    @classmethod
    def parse(cls, vkey: str) -> Self:
        """Read ``name+hex(key id)+base64(type || public key)``."""
        parts = vkey.split("+", 2)
        data = decode_base64(parts[2]) if len(parts) == 3 else b""
        if data[:1] != cls.TYPE:
            raise Invalid.because(cls.MISREAD)
        key = cls(parts[0], data[1:])
        if key.vkey != vkey:
            raise Invalid.because("The id of the key is not that of its name and bytes.")
        return key

    @property
    def vkey(self) -> str:
        """The key in the form that is published and given to verifiers."""
        return f"{self.name}+{self.key_id.hex()}+{encode_base64(self.TYPE + self.public_key)}"

    def made(self, signature: Signature) -> bool:
        """Whether the signature claims to be of this key."""
        return signature.key_id == self.key_id and signature.name == self.name


@dataclass(frozen=True)
class Verifier(PublicKey):
    """The public key of who signs notes."""

    TYPE = b"\x01"
    MISREAD = "A key reads name+id+base64, of type 1 (Ed25519)."

    def accepts(self, text: str, signature: Signature) -> bool:
        """Whether the signature is right for ``text``."""
        try:
            self._key.verify(signature.value, text.encode())
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True)
class Signer:
    """A private key and its name; ``sign`` may be an external command (HSM, KMS): bytes in, 64 bytes out."""

    verifier: Verifier
    sign: Callable[[bytes], bytes] = field(repr=False)

    @classmethod
    def from_seed(cls, name: str, seed: bytes) -> Signer:
        """Return the signer of a 32-byte Ed25519 seed (RFC 8032 5.1.5)."""
        key = Ed25519PrivateKey.from_private_bytes(seed)
        return cls(Verifier(name, key.public_key().public_bytes_raw()), key.sign)

    @property
    def name(self) -> str:
        """Name of the key."""
        return self.verifier.name

    @property
    def vkey(self) -> str:
        """The public half, as published."""
        return self.verifier.vkey

    def signature(self, text: str) -> Signature:
        """Sign a text."""
        value = self.sign(text.encode())
        assert len(value) == SIGNATURE_BYTES, "an Ed25519 signature has 64 bytes"
        return Signature(self.name, self.verifier.key_id, value)


def format_note(text: str, signatures: Iterable[Signature]) -> str:
    """Return the note of a text and signatures made earlier."""
    assert text.endswith("\n"), "the text of a note ends in a newline"
    return text + "\n" + "".join(signature.line for signature in signatures)


def sign_note(text: str, *signers: Signer) -> str:
    """Return ``text`` as a note under every signer, in the given order."""
    if not text.endswith("\n") or _CONTROL.search(text):
        raise Invalid.because("The text of a note ends in a newline and has no other control character.")
    _utf8(text)
    return format_note(text, (signer.signature(text) for signer in signers))


def parse_note(note: str | bytes) -> Note:
    """Read a note without verifying it; the text ends at the last empty line."""
    if isinstance(note, bytes):
        try:
            note = note.decode()
        except UnicodeDecodeError as error:
            raise Invalid.because("A note is UTF-8.") from error
    if len(_utf8(note)) > MAX_NOTE_BYTES or _CONTROL.search(note) or not note.endswith("\n"):
        raise Invalid.because("A note ends in a newline, has no other control character and at most a megabyte.")
    end = note.rfind("\n\n")
    lines = note[end + 2 : -1].split("\n")
    if end < 0 or len(lines) > MAX_SIGNATURES:
        raise Invalid.because("A note has an empty line and then 1 to 100 signatures.")
    return Note(note[: end + 1], tuple(map(_parse_signature, lines)))


def open_note(note: str | bytes, verifiers: Sequence[Verifier]) -> Note:
    """Return the note with its verified signatures only; ``Invalid`` without any, or when a known key's is bad."""
    parsed = parse_note(note)
    good = []
    for signature in parsed.signatures:
        for verifier in verifiers:
            if verifier.made(signature):
                if not verifier.accepts(parsed.text, signature):
                    raise Invalid.because(f"The signature of {verifier.name} is wrong.")
                good.append(signature)
    if not good:
        raise Invalid.because("The note is not signed by any known key.")
    return Note(parsed.text, tuple(good))


def _parse_signature(line: str) -> Signature:
    name, _, encoded = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH):
        raise Invalid.because("A signature line starts with a dash and a space.")
    data = decode_base64(encoded)
    if len(data) < 5:
        raise Invalid.because("A signature follows its four-byte key id.")
    return Signature(check_name(name), data[:4], data[4:])


def _utf8(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise Invalid.because("A lone surrogate is not text.") from error
