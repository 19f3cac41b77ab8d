"""A flood is refused where it comes from; a school, a withdrawal, and everybody else are not."""

from __future__ import annotations

import dataclasses
import json
import uuid
from collections.abc import Iterator
from dataclasses import fields
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from consent_server.app import create_app
from consent_server.domain.assurance import read_assurance
from consent_server.domain.consent_record import ConsentRecord
from consent_server.services import clock, editing, publishing
from consent_server.storage.database import db
from consent_server.storage.tables import ConsentRecordRow
from tests import builders
from tests.databases import close

PURPOSES = ("audience", "marketing")
MOST = 6


@pytest.fixture
def limited(settings: builders.Settings) -> Iterator[Flask]:
    app = create_app(dataclasses.replace(settings, rate_limit=f"{MOST} per day"))
    with app.app_context():
        services = [{"library": "google-analytics"}]
        for key in ("example", "other"):
            editing.import_site(db.session(), builders.site_file(site_key=key, services=services), clock.now())
            publishing.publish(db.session(), key, "https://consent.example", clock.now())
    yield app
    close(app)


def post(app: Flask, address: str | None, action: str = "accept_all", site: str = "example", **changes: Any) -> Any:
    environment = {"REMOTE_ADDR": address} if address is not None else {"REMOTE_ADDR": ""}
    headers = changes.pop("headers", {})
    body = builders.consent(PURPOSES, action=action, **changes)
    body = {key: value for key, value in body.items() if value is not None}
    return app.test_client().post(
        f"/v1/sites/{site}/consents", json=body, headers=headers, environ_overrides=environment
    )


def flood(app: Flask, *, action: str = "accept_all", start: str = "203.0.113.") -> None:
    statuses = [post(app, f"{start}{number}", action).status_code for number in range(1, MOST + 3)]
    assert statuses == [201] * MOST + [429] * 2


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"], indirect=True)
def test_a_network_that_floods_is_told_when_to_come_again_and_no_other_is(limited: Flask) -> None:
    flood(limited)
    refused = post(limited, "203.0.113.200")
    assert refused.content_type == "application/problem+json"
    assert 0 < int(refused.headers["Retry-After"]) <= 86_400
    assert post(limited, "203.0.114.1").status_code == 201
    assert post(limited, "203.0.113.1", site="other").status_code == 201


ON_SQLITE = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)


@ON_SQLITE
@pytest.mark.parametrize("action", ["refuse_all", "withdraw", "gpc", "expire"])
def test_a_flood_takes_no_withdrawals_with_it(limited: Flask, action: str) -> None:
    flood(limited)
    assert post(limited, "203.0.113.1", action, decisions=dict.fromkeys(PURPOSES, False)).status_code == 201


@ON_SQLITE
def test_a_flood_of_withdrawals_is_refused_where_it_comes_from_alone(limited: Flask) -> None:
    flood(limited, action="withdraw")
    assert post(limited, "203.0.113.1").status_code == 201
    assert post(limited, "198.51.100.1", "withdraw").status_code == 201


@ON_SQLITE
def test_an_address_that_a_visitor_claims_to_have_is_not_believed(limited: Flask) -> None:
    claims = [{"X-Forwarded-For": f"198.51.{number}.1", "Forwarded": f"for=198.51.{number}.1"} for number in range(9)]
    statuses = [post(limited, "203.0.113.1", headers=claim).status_code for claim in claims]
    assert statuses == [201] * MOST + [429] * 3


@ON_SQLITE
def test_a_network_of_ipv6_is_a_48_and_a_household_half_of_it(limited: Flask) -> None:
    household = [post(limited, f"2001:db8:1:1::{number}").status_code for number in range(1, 5)]
    assert household == [201] * (MOST // 2) + [429]
    others = [post(limited, f"2001:db8:1:{number}::1").status_code for number in range(2, 7)]
    assert others == [201] * (MOST // 2) + [429] * 2
    assert post(limited, "2001:db8:2::1").status_code == 201
    assert post(limited, "::ffff:203.0.113.1").status_code == 201


@ON_SQLITE
@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "", "unix:"])
def test_an_address_that_says_nothing_is_shared_by_everybody_and_refuses_nobody(limited: Flask, address: str) -> None:
    assert {post(limited, address).status_code for _ in range(2 * MOST)} == {201}


@ON_SQLITE
def test_a_visitor_may_answer_once_a_second_from_wherever_and_those_without_an_id_are_many(limited: Flask) -> None:
    visitor = str(uuid.uuid4())
    statuses = [post(limited, None, consent_id=visitor).status_code for _ in range(61)]
    assert statuses == [201] * 60 + [429]
    assert post(limited, None, "withdraw", consent_id=visitor).status_code == 201
    assert {post(limited, None, consent_id=None).status_code for _ in range(61)} == {201}


def _signs(app: Flask) -> list[tuple[str, ...]]:
    with app.app_context():
        numbers = db.session.scalars(sa.select(ConsentRecordRow.assurance).order_by(ConsentRecordRow.recorded_at))
        kept = [read_assurance(number) for number in numbers]
    return [assurance.signs for assurance in kept if assurance is not None]


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"], indirect=True)
def test_what_speaks_for_a_forgery_is_kept_with_the_record_and_no_part_of_it(limited: Flask) -> None:
    browser = {"Origin": "https://www.example.fr", "Sec-Fetch-Site": "cross-site"}
    for headers in (browser, {}, {**browser, "Sec-Fetch-Site": "none"}):
        assert post(limited, "203.0.113.1", headers=headers).status_code == 201
    for _ in range(MOST - 3):
        assert post(limited, "203.0.113.1", headers=browser).status_code == 201
    assert _signs(limited) == [(), ("no_origin",), ("no_page",), *[("flood",)] * (MOST - 3)]
    known = {field.name for field in fields(ConsentRecord)} | {"schema"}
    with limited.app_context():
        texts = db.session.scalars(sa.select(ConsentRecordRow.record)).all()
    assert all(set(json.loads(text or "")) <= known for text in texts)


@ON_SQLITE
def test_a_flood_from_everywhere_is_marked_and_refuses_nobody(limited: Flask) -> None:
    browser = {"Origin": "https://www.example.fr", "Sec-Fetch-Site": "cross-site"}
    flooded = [post(limited, f"198.51.{number}.1", headers=browser).status_code for number in range(5 * MOST + 2)]

    assert set(flooded) == {201}
    assert _signs(limited) == [()] * 5 * MOST + [("flood",)] * 2
