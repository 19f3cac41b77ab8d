"""What operators see of requests: figures that are right over all processes, ids, and nothing about who asked."""

from __future__ import annotations

import dataclasses
import re
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families

from consent_server.services import clock, editing, publishing
from consent_server.storage import proof_log
from consent_server.storage.database import db
from tests import builders
from tests.databases import close
from tests.servers import ConsentServer, eventually

PURPOSES = ("audience", "marketing")
CONSENTS = "/v1/sites/example/consents"
SEEN = "consent_http_request_seconds_count"


@pytest.fixture(autouse=True)
def _published(app: Flask) -> None:
    with app.app_context():
        services = [{"library": "google-analytics"}, {"library": "meta-pixel"}]
        editing.import_site(db.session(), builders.site_file(services=services), clock.now())
        publishing.publish(db.session(), "example", "https://consent.example", clock.now())


def figures(text: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def scrape(client: FlaskClient) -> Any:
    with client.get("/metrics") as response:
        assert response.status_code == 200
        return figures(response.text)


def value(found: Any, name: str, **labels: str) -> float:
    return float(found.get((name, frozenset(labels.items())), 0))


def made_with(settings: builders.Settings, **changes: Any) -> Flask:
    from consent_server.app import create_app

    return create_app(dataclasses.replace(settings, **changes))


@pytest.fixture
def client_with(settings: builders.Settings) -> Iterator[Any]:
    made: list[Flask] = []

    def make(**changes: Any) -> FlaskClient:
        made.append(made_with(settings, **changes))
        return made[-1].test_client()

    yield make
    for app in made:
        close(app)


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
class TestWhoMaySeeThem:
    def test_this_machine_may_on_a_server_that_is_not_public(self, client: FlaskClient) -> None:
        assert client.get("/metrics").status_code == 200

    def test_another_machine_may_not(self, client: FlaskClient) -> None:
        assert client.get("/metrics", environ_base={"REMOTE_ADDR": "192.0.2.7"}).status_code == 404

    def test_on_a_public_server_not_even_this_machine_may_because_a_proxy_is_on_it_too(self, client_with: Any) -> None:
        assert client_with(public_url="https://consent.example").get("/metrics").status_code == 404

    @pytest.mark.parametrize("given", ["", "Bearer", "Bearer ", "Bearer wrong", "Basic secret", "secret", "Bearer é"])
    def test_with_a_token_nobody_may_without_it(self, client_with: Any, given: str) -> None:
        client = client_with(public_url="https://consent.example", metrics_token="secret")
        response = client.get("/metrics", headers={"Authorization": given} if given else {})
        assert (response.status_code, response.headers["WWW-Authenticate"]) == (401, "Bearer")
        assert "consent_" not in response.text

    def test_with_a_token_whoever_has_it_may(self, client_with: Any) -> None:
        client = client_with(public_url="https://consent.example", metrics_token="secret")
        response = client.get(
            "/metrics", headers={"Authorization": "Bearer secret"}, environ_base={"REMOTE_ADDR": "192.0.2.7"}
        )
        assert response.status_code == 200
        assert response.headers["Cache-Control"] == "no-store"

    def test_nobody_may_when_they_are_off(self, client_with: Any) -> None:
        assert client_with(metrics=False, metrics_token="secret").get("/metrics").status_code == 404


def test_answers_are_counted_as_kept_repeated_or_refused_and_why(client: FlaskClient) -> None:
    before = scrape(client)
    body = builders.consent(PURPOSES)
    for sent in (body, body, {**body, "action": "accept_all"}, builders.consent(PURPOSES, action="custom")):
        client.post(CONSENTS, json=sent).close()
    client.post(CONSENTS, data=b"{", content_type="application/json").close()
    after = scrape(client)

    def grown(name: str, **labels: str) -> float:
        return value(after, name, **labels) - value(before, name, **labels)

    assert grown("consent_records_total", action="refuse_all") == 1
    assert grown("consent_replays_total", action="refuse_all") == 1
    assert grown("consent_refusals_total", reason="malformed") == 1
    assert grown("consent_refusals_total", reason="invalid") >= 1
    assert grown("consent_commit_records_sum", how="alone") >= 2


def test_a_request_is_counted_under_its_route_and_never_under_what_stood_in_it(client: FlaskClient) -> None:
    before = scrape(client)
    for path in ("/v1/sites/example/config?q=canary", "/v1/sites/canary/config", "/v1/canary", "/canary"):
        client.get(path).close()
    client.open("/healthz", method="CANARY").close()
    with client.get("/metrics") as response:
        text = response.text
    assert "canary" not in text.lower()
    after = figures(text)
    route = "/v1/sites/<site_key>/config"
    for labels, count in (
        ({"method": "GET", "route": route, "status": "2xx"}, 1),
        ({"method": "GET", "route": route, "status": "4xx"}, 1),
        ({"method": "GET", "route": "(none)", "status": "4xx"}, 2),
        ({"method": "OTHER", "route": "(none)", "status": "4xx"}, 1),
    ):
        assert value(after, SEEN, **labels) - value(before, SEEN, **labels) == count, labels


def test_the_line_the_disk_and_the_database_are_figures(app: Flask, client: FlaskClient, engine: str) -> None:
    for _ in range(3):
        client.post(CONSENTS, json=builders.consent(PURPOSES)).close()
    found = scrape(client)
    assert value(found, "consent_database_up") == 1
    assert value(found, "consent_redis_up") == (1 if engine == "postgresql" else 0)
    assert value(found, "proof_pending_entries") == 4  # its configuration, too
    assert value(found, "proof_pending_longest_entries") == 4
    assert value(found, "proof_pending_logs") == 1
    assert 0 <= value(found, "proof_pending_oldest_seconds") < 60
    assert 0 < value(found, "consent_disk_free_bytes") <= value(found, "consent_disk_size_bytes")

    app.extensions["sequencer"].integrate_now()
    found = scrape(client)
    assert value(found, "proof_pending_entries") == value(found, "proof_pending_oldest_seconds") == 0
    assert value(found, "proof_sequenced_entries_total", log="site") >= 5
    assert abs(value(found, "proof_key_timestamp_seconds") - clock.now().timestamp()) < 60
    assert abs(value(found, "consent_job_timestamp_seconds", deed="checkpoint") - clock.now().timestamp()) < 60


def test_frozen_logs_are_counted_by_whether_a_restore_was_noticed(app: Flask, client: FlaskClient) -> None:
    with app.extensions["sessions"]() as session:
        (head,) = proof_log.heads(session)
        proof_log.freeze(session, head.site_id, "the database has 3 entries, but 4 were seen: … from an older backup.")
        session.commit()
    found = scrape(client)
    assert value(found, "proof_logs_frozen", why="restored") == 1
    assert value(found, "proof_logs_frozen", why="other") == 0
    assert value(found, "proof_pending_entries") == 0, "what stands in line of a frozen log is no worker's lag"


def test_sites_are_named_only_where_that_is_asked_for(client: FlaskClient, client_with: Any) -> None:
    client.post(CONSENTS, json=builders.consent(PURPOSES)).close()
    assert 'site_key="' not in client.get("/metrics").text
    found = scrape(client_with(metrics_per_site=True))
    assert value(found, "proof_pending_site_entries", site_key="example") == 2


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
class TestRequestIds:
    def test_every_request_has_its_own(self, client: FlaskClient) -> None:
        ids = {client.get("/healthz").headers["X-Request-ID"] for _ in range(20)}
        assert len(ids) == 20
        assert all(re.fullmatch("[0-9a-f]{16}", each) for each in ids)

    def test_one_that_somebody_sends_is_not_taken_over(self, client: FlaskClient) -> None:
        assert (
            client.get("/healthz", headers={"X-Request-ID": "chosen-by-me"}).headers["X-Request-ID"] != "chosen-by-me"
        )

    @pytest.mark.parametrize(
        ("given", "taken"),
        [("a" * 32, True), ("7f.b_c-d1", True), ("short", False), ("a" * 65, False), ("a b c d e f", False)],
        ids=["plain", "marks", "short", "long", "spaces"],
    )
    def test_one_of_our_proxy_is_when_it_is_well_formed(self, client_with: Any, given: str, taken: bool) -> None:
        client = client_with(trusted_proxies=1)
        assert (client.get("/healthz", headers={"X-Request-ID": given}).headers["X-Request-ID"] == given) is taken

    def test_what_caches_hand_to_others_carries_none(self, client: FlaskClient) -> None:
        assert "X-Request-ID" not in client.get("/v1/sites/example/banner.js").headers


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
def test_a_scrape_of_one_process_tells_of_all_and_a_start_begins_at_zero(settings: builders.Settings) -> None:
    server = ConsentServer(settings.instance, "run", DATABASE_URL=settings.database_url)
    for _ in range(2):
        with server:
            for _ in range(20):
                _ask(server, "/healthz")
            eventually(lambda: _asked_for_health(server) == 20, "the last request is counted, too")
            assert {_asked_for_health(server) for _ in range(10)} == {20}


def _ask(server: ConsentServer, path: str) -> str:
    with urllib.request.urlopen(f"{server.url}{path}", timeout=30) as answer:
        return str(answer.read().decode())


def _asked_for_health(server: ConsentServer) -> float:
    return value(figures(_ask(server, "/metrics")), SEEN, method="GET", route="/healthz", status="2xx")
