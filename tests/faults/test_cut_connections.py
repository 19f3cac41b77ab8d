"""A connection to the database that is cut at any byte of a commit, on the way there or back, doubles nothing.

Whoever lost the answer posts the same again and gets the same receipt: there is one record, whether it was kept the
first time or not.

    CONSENT_TEST_FAULTS=long CONSENT_TEST_CUTS=1000 pytest tests/faults/test_cut_connections.py
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from consent_server.services import clock, editing, publishing
from consent_server.storage.circuit import PAUSE_S
from consent_server.storage.database import db
from tests import builders
from tests.faults.scale import how_many
from tests.servers import eventually
from tests.toxic import Proxy, proxy_to

pytestmark = pytest.mark.parametrize("engine", ["postgresql"], indirect=True)

CUTS = how_many("CONSENT_TEST_CUTS", short=24, long=500)
ADDRESS = "/v1/sites/example/consents"


@pytest.fixture
def proxy(database_url: str) -> Iterator[Proxy]:
    with proxy_to(_port(database_url)) as between:
        yield between


@pytest.fixture
def settings(tmp_path: Path, database_url: str, proxy: Proxy) -> builders.Settings:
    through = database_url.replace(f":{_port(database_url)}/", f":{proxy.port}/")
    return dataclasses.replace(builders.settings(tmp_path), database_url=through)


@pytest.fixture
def published(app: Flask) -> Flask:
    with app.app_context():
        editing.import_site(db.session(), builders.site_file(services=[{"library": "google-analytics"}]), clock.now())
        publishing.publish(db.session(), "example", "https://consent.example", clock.now())
    return app


@pytest.mark.parametrize("direction", ["sent", "answered"])
def test_a_cut_at_any_byte_keeps_an_answer_once(
    published: Flask,
    client: FlaskClient,
    proxy: Proxy,
    database_url: str,
    direction: str,
    tell_figure: Callable[[str], None],
) -> None:
    told: Counter[str] = Counter()
    kept: dict[str, str] = {}
    length = _length_of_a_post(client, proxy, direction, kept)
    cuts = range(1, length + 1, max(1, length // CUTS))
    for cut in cuts:
        body = builders.consent(("audience", "marketing"))
        proxy.cut_after(cut, direction)
        first = client.post(ADDRESS, json=body)
        proxy.forget_cuts()
        assert first.status_code in (200, 201, 503), first.text
        second = _post_again(client, body)
        if first.status_code != 503:
            assert (second.status_code, second.json) == (200, first.json)
        told[f"{first.status_code}, then {second.status_code}"] += 1
        kept[body["record_id"]] = second.json["leaf_hash"]
    assert _stored(database_url) == len(kept)
    tell_figure(f"{len(cuts)} cuts in {length} bytes {direction}: {dict(told)}; {len(kept)} records, each once")


def _post_again(client: FlaskClient, body: dict[str, Any]) -> TestResponse:
    """Post the same until it is answered: a connection may be of before, a database that failed is let alone."""
    answers: list[TestResponse] = []

    def is_answered() -> bool:
        answers.append(client.post(ADDRESS, json=body))
        return answers[-1].status_code != 503

    eventually(is_answered, "the database is away no more", 5 * PAUSE_S)
    assert answers[-1].status_code in (200, 201), answers[-1].text
    return answers[-1]


def _length_of_a_post(client: FlaskClient, proxy: Proxy, direction: str, kept: dict[str, str]) -> int:
    """Post, so that everything that is read once was read; then count the bytes of a post."""
    length = 0
    for _ in range(3):
        before = getattr(proxy, direction)
        answer = client.post(ADDRESS, json=builders.consent(("audience", "marketing")))
        assert answer.status_code == 201, answer.text
        kept[answer.json["record_id"]] = answer.json["leaf_hash"]
        length = getattr(proxy, direction) - before
    return length


def _stored(database_url: str) -> int:
    engine = sa.create_engine(database_url)
    with engine.connect() as connection:
        records = connection.scalar(sa.text("SELECT count(*) FROM consent_record"))
        in_line = connection.scalar(sa.text("SELECT count(*) FROM proof_pending WHERE kind = 'consent'"))
    engine.dispose()
    assert records == in_line, "each record stands in line once"
    return records or 0


def _port(url: str) -> int:
    return int(url.rpartition("/")[0].rpartition(":")[2])
