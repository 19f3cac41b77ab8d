"""Reading RFC 3161 answers: what was stamped, and when. Whether to believe it is for who knows the root.

Just enough DER (X.690) to walk down one path, which RFC 3161 and RFC 5652 fix:

    TimeStampResp      SEQUENCE { status SEQUENCE { INTEGER … }, timeStampToken ContentInfo }
    ContentInfo        SEQUENCE { id-signedData, [0] SignedData }
    SignedData         SEQUENCE { version, digestAlgorithms SET, encapContentInfo, … }
    encapContentInfo   SEQUENCE { id-ct-TSTInfo, [0] OCTET STRING of TSTInfo }
    TSTInfo            SEQUENCE { version, policy, messageImprint SEQUENCE { algorithm, digest }, serial, genTime, … }
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from consent_server.domain.errors import Invalid

_INTEGER, _OCTETS, _OID, _TIME, _SEQUENCE, _SET, _EXPLICIT = 0x02, 0x04, 0x06, 0x18, 0x30, 0x31, 0xA0

_SIGNED_DATA = bytes.fromhex("2a864886f70d010702")
_TST_INFO = bytes.fromhex("2a864886f70d0109100104")
_SHA256 = bytes.fromhex("608648016503040201")

_GRANTED = (b"\x00", b"\x01")
_MOMENT = re.compile(rb"(\d{14})(\.\d{0,5}[1-9])?Z\Z")


@dataclass(frozen=True, slots=True)
class Stamp:
    """That somebody saw something with this SHA-256 at this time."""

    digest: bytes
    time: datetime


def read_stamp(answer: bytes) -> Stamp:
    """Return what an answer stamps; ``Invalid`` unless it is a granted time stamp over a SHA-256."""
    status, token = _several(_only(answer, _SEQUENCE), _SEQUENCE, _SEQUENCE)
    if _several(status, _INTEGER)[0] not in _GRANTED:
        raise Invalid.because("The time stamp was not granted.")
    signed = _only(_content(token, _SIGNED_DATA), _SEQUENCE)
    _, _, encapsulated = _several(signed, _INTEGER, _SET, _SEQUENCE)
    info = _only(_only(_content(encapsulated, _TST_INFO), _OCTETS), _SEQUENCE)
    _, _, imprint, _, moment = _several(info, _INTEGER, _OID, _SEQUENCE, _INTEGER, _TIME)
    algorithm, digest = _several(imprint, _SEQUENCE, _OCTETS)
    if _several(algorithm, _OID)[0] != _SHA256:
        raise Invalid.because("The time stamp is not over a SHA-256.")
    return Stamp(digest, _time(moment))


def _content(info: bytes, kind: bytes) -> bytes:
    """Return the content of a ContentInfo of the kind that is expected."""
    found, content = _several(info, _OID, _EXPLICIT)
    if found != kind:
        raise Invalid.because("This is not a time stamp.")
    return content


def _several(data: bytes, *tags: int) -> list[bytes]:
    """Return the contents of the first values, which have these tags; more may follow."""
    values = []
    for tag in tags:
        value, data = _next(data, tag)
        values.append(value)
    return values


def _only(data: bytes, tag: int) -> bytes:
    value, rest = _next(data, tag)
    if rest:
        raise Invalid.because("Something follows the time stamp.")
    return value


def _next(data: bytes, tag: int) -> tuple[bytes, bytes]:
    """Return the content of the first value and what follows it; lengths in their one spelling."""
    if len(data) < 2 or data[0] != tag:
        raise Invalid.because("This is not a time stamp.")
    length, start = data[1], 2
    if length > 0x80:
        start = 2 + length - 0x80
        length = int.from_bytes(data[2:start], "big")
        if start > 6 or length < 0x80 or data[2] == 0:
            raise Invalid.because("A length is not spelt as DER spells it.")
    elif length == 0x80:
        raise Invalid.because("A time stamp in DER has no indefinite length.")
    if len(data) < start + length:
        raise Invalid.because("The time stamp is cut off.")
    return data[start : start + length], data[start + length :]


def _time(text: bytes) -> datetime:
    match = _MOMENT.match(text)
    if not match:
        raise Invalid.because("The time of the time stamp cannot be read.")
    try:
        moment = datetime.strptime(match[1].decode(), "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError as error:
        raise Invalid.because("The time of the time stamp does not exist.") from error
    fraction = match[2] or b".0"
    return moment.replace(microsecond=round(float(fraction) * 1_000_000))
