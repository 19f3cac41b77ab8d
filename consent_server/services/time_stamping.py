"""Asking a time-stamping authority (RFC 3161), and believing nothing of its answer that its root does not vouch for.

What is kept is the whole answer: that is what ``openssl ts -verify`` reads. The library checks signature, chain at the
time of the stamp, purpose of the certificate, nonce and digest. It does not ask whether a certificate was revoked.
"""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.client import HTTPException
from pathlib import Path
from typing import IO
from urllib.error import HTTPError
from urllib.parse import unquote, urlsplit, urlunsplit
from urllib.request import Request, urlopen

from cryptography import x509
from rfc3161_client import (
    HashAlgorithm,
    TimestampRequestBuilder,
    TimeStampResponse,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)
from rfc3161_client.tsp import PKIStatus, TimeStampRequest

from consent_server.config import Settings
from consent_server.domain.errors import Invalid, Unavailable

TIMEOUT_S = 10
LARGEST_ANSWER = 256 * 1024


class NotStamped(Unavailable):
    """The authority is away, refused, or gave an answer that its root does not vouch for; asking again may help."""


@dataclass(frozen=True)
class Token:
    """An answer that was checked, and the time that it says."""

    data: bytes = field(repr=False)
    said_at: datetime


@dataclass(frozen=True)
class Authority:
    """Where to ask and which roots to believe. ``url`` has no credentials in it: those are ``authorization``."""

    url: str
    roots: tuple[x509.Certificate, ...] = field(repr=False)
    authorization: str | None = field(default=None, repr=False)

    def stamp(self, message: bytes) -> Token:
        """Return a checked time stamp over the SHA-256 of ``message``; raises ``NotStamped``."""
        asked = TimestampRequestBuilder().data(message).hash_algorithm(HashAlgorithm.SHA256).nonce(nonce=True)
        request = asked.cert_request(cert_request=True).build()
        data = self._post(request.as_bytes())
        response = _check(data, request, self.roots, message)
        return Token(data, response.tst_info.gen_time.astimezone(UTC))

    def _post(self, query: bytes) -> bytes:
        headers = {"Content-Type": "application/timestamp-query", "Accept": "application/timestamp-reply"}
        if self.authorization:
            headers["Authorization"] = self.authorization
        try:
            with urlopen(Request(self.url, query, headers), timeout=TIMEOUT_S) as answer:
                return _read(answer)
        except HTTPError as refused:
            refused.close()
            raise NotStamped(f"{self.url} answered {refused.code}.") from None
        except (OSError, HTTPException, ValueError) as away:
            raise NotStamped(f"{self.url} cannot be reached: {getattr(away, 'reason', None) or away}.") from None


def read_authority(settings: Settings) -> Authority | None:
    """Return the authority that the settings name, ``None`` without; raises ``Invalid`` when it cannot be used."""
    if not settings.tsa_url:
        return None
    parts = urlsplit(settings.tsa_url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise Invalid.because("An authority is an http or https address.", "TSA_URL")
    if not settings.tsa_ca_file:
        raise Invalid.because(
            "Name the authority's root certificates: a token that nobody checked is worth nothing.", "TSA_CA_FILE"
        )
    url = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
    return Authority(url, _roots(Path(settings.tsa_ca_file)), _authorization(parts.username, parts.password))


def _roots(path: Path) -> tuple[x509.Certificate, ...]:
    try:
        return tuple(x509.load_pem_x509_certificates(path.read_bytes()))
    except (OSError, ValueError) as error:
        raise Invalid.because(f"{path.name} has no certificates that can be read: {error}", "TSA_CA_FILE") from None


def _authorization(name: str | None, password: str | None) -> str | None:
    if name is None:
        return None
    return "Basic " + b64encode(f"{unquote(name)}:{unquote(password or '')}".encode()).decode("ascii")


def _read(answer: IO[bytes]) -> bytes:
    data = answer.read(LARGEST_ANSWER + 1)
    if len(data) > LARGEST_ANSWER:
        raise NotStamped("The authority's answer is larger than a time stamp can be.")
    return data


def _check(
    data: bytes, request: TimeStampRequest, roots: tuple[x509.Certificate, ...], message: bytes
) -> TimeStampResponse:
    try:
        response = decode_timestamp_response(data)
    except ValueError as error:
        raise NotStamped(f"The authority's answer is no time stamp: {error}.") from None
    if response.status != PKIStatus.GRANTED:
        raise NotStamped(f"The authority refused (status {response.status}): {' '.join(response.status_string)}.")
    try:
        VerifierBuilder(roots=list(roots), nonce=request.nonce).build().verify_message(response, message)
    except (VerificationError, ValueError) as error:
        raise NotStamped(f"The authority's answer does not verify: {error}.") from None
    return response
