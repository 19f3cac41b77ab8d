"""Time stamps are believed when the authority's root vouches for them, and for nothing else."""

from __future__ import annotations

import dataclasses
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from rfc3161_client import decode_timestamp_response

from consent_server.domain.errors import Invalid
from consent_server.services.time_stamping import LARGEST_ANSWER, Authority, NotStamped, read_authority
from tests import builders
from tests.servers import free_port
from tests.tsa import NEEDS_OPENSSL, Service, TimeStamper, serving

pytestmark = NEEDS_OPENSSL

MESSAGE = b"demo.example/v1/log\n3\nM/IlMIvBcXvTwkpoWB4ahbE+Sh9pu+rfubNM8jIl8jA=\n"


@pytest.fixture
def authority(stamper: TimeStamper, service: Service, tmp_path: Path) -> Authority:
    return _authority(tmp_path, service.url, stamper.root_file)


def _authority(folder: Path, url: str, roots: Path) -> Authority:
    found = read_authority(builders.settings(folder, tsa_url=url, tsa_ca_file=str(roots)))
    assert found is not None
    return found


def test_a_good_token_is_kept_with_its_time(authority: Authority, service: Service) -> None:
    token = authority.stamp(MESSAGE)

    assert abs(datetime.now(UTC) - token.said_at) < timedelta(minutes=1)
    headers, _ = service.asked[0]
    assert headers["Content-Type"] == "application/timestamp-query"
    response = decode_timestamp_response(token.data)
    assert response.tst_info.message_imprint.hash_algorithm.dotted_string == "2.16.840.1.101.3.4.2.1"
    assert len(response.signed_data.certificates) == 1


def test_two_questions_have_two_nonces(authority: Authority, service: Service) -> None:
    authority.stamp(MESSAGE)
    authority.stamp(MESSAGE)
    assert service.asked[0][1] != service.asked[1][1]


def test_an_authority_that_embeds_its_own_root_is_refused(
    authority: Authority, service: Service, tmp_path: Path
) -> None:
    """rfc3161-client up to 1.0.8 believed this one: the reason for the version that setup.cfg asks for."""
    service.answer = TimeStamper(tmp_path / "evil", "Evil", embed_root=True).reply
    with pytest.raises(NotStamped, match="does not verify"):
        authority.stamp(MESSAGE)


def test_an_authority_with_the_same_names_is_refused(authority: Authority, service: Service, tmp_path: Path) -> None:
    service.answer = TimeStamper(tmp_path / "twin").reply
    with pytest.raises(NotStamped, match="does not verify"):
        authority.stamp(MESSAGE)


def test_a_token_for_other_data_is_refused(authority: Authority, service: Service, stamper: TimeStamper) -> None:
    asked, other = sha256(MESSAGE).digest(), sha256(b"something else").digest()
    service.answer = lambda query: stamper.reply(query.replace(asked, other))
    with pytest.raises(NotStamped, match="Mismatch between messages"):
        authority.stamp(MESSAGE)


def test_a_token_for_another_question_is_refused(authority: Authority, service: Service, stamper: TimeStamper) -> None:
    service.answer = lambda _query: stamper.stamp(MESSAGE)
    with pytest.raises(NotStamped, match="Nonce"):
        authority.stamp(MESSAGE)


def test_a_certificate_that_had_expired_is_refused(tmp_path: Path) -> None:
    late = TimeStamper(tmp_path / "late", expired=True)
    with serving(late.reply) as service, pytest.raises(NotStamped):
        _authority(tmp_path, service.url, late.root_file).stamp(MESSAGE)


@pytest.mark.parametrize("answer", [b"", b"<html>", b"0\x03\x02\x01\x00", b"0" * (LARGEST_ANSWER + 1)])
def test_garbage_is_refused(authority: Authority, service: Service, answer: bytes) -> None:
    service.answer = lambda _query: answer
    with pytest.raises(NotStamped):
        authority.stamp(MESSAGE)


def test_an_answer_that_is_cut_off_anywhere_is_refused(
    authority: Authority, service: Service, stamper: TimeStamper
) -> None:
    whole: list[bytes] = []
    service.answer = lambda query: whole.append(stamper.reply(query)) or whole[0]  # type: ignore[func-returns-value]
    authority.stamp(MESSAGE)
    for end in range(0, len(whole[0]), 97):
        service.answer = lambda _query, end=end: whole[0][:end]  # type: ignore[misc]
        with pytest.raises(NotStamped):
            authority.stamp(MESSAGE)


@pytest.mark.parametrize("status", [403, 500, 503])
def test_an_authority_that_refuses_is_said_with_its_answer(authority: Authority, service: Service, status: int) -> None:
    service.status = status
    with pytest.raises(NotStamped, match=rf"answered {status}\."):
        authority.stamp(MESSAGE)


def test_an_authority_that_is_away_is_said(authority: Authority) -> None:
    away = dataclasses.replace(authority, url=f"http://127.0.0.1:{free_port()}/")
    with pytest.raises(NotStamped, match="cannot be reached"):
        away.stamp(MESSAGE)


def test_credentials_go_to_the_authority_and_nowhere_else(
    stamper: TimeStamper, service: Service, tmp_path: Path
) -> None:
    url = service.url.replace("//", "//us%40er:pass@")
    authority = _authority(tmp_path, url, stamper.root_file)
    authority.stamp(MESSAGE)
    assert authority.url == service.url
    assert "pass" not in repr(authority)
    assert service.asked[0][0]["Authorization"] == "Basic " + b64encode(b"us@er:pass").decode()


def test_without_an_address_there_is_no_authority(tmp_path: Path) -> None:
    assert read_authority(builders.settings(tmp_path)) is None


@pytest.mark.parametrize("url", ["ftp://tsa.example", "file:///etc/passwd", "tsa.example", "http://"])
def test_an_address_that_is_none_is_refused(tmp_path: Path, stamper: TimeStamper, url: str) -> None:
    with pytest.raises(Invalid, match="TSA_URL"):
        _authority(tmp_path, url, stamper.root_file)


def test_roots_are_needed_and_readable(tmp_path: Path) -> None:
    (tmp_path / "empty.pem").write_text("")
    for roots in ("", str(tmp_path / "none.pem"), str(tmp_path / "empty.pem")):
        with pytest.raises(Invalid, match="TSA_CA_FILE"):
            read_authority(builders.settings(tmp_path, tsa_url="http://tsa.example", tsa_ca_file=roots))
