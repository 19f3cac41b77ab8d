"""What everybody asks for is answered in front of Flask, exactly as Flask does, and only as long as it is shown."""

from __future__ import annotations

import random
import string
import time
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from prometheus_client import REGISTRY
from werkzeug.test import TestResponse

from consent_server.services import clock, editing, publishing
from consent_server.services.showing import LIVE, Shelf
from consent_server.storage.database import db
from tests.builders import site_file

DIGEST = "DIGEST"
PATHS = ["banner.js", f"banner.{DIGEST}.js", "config", "config?version=1"]
CODINGS = ["br", "gzip, deflate, br, zstd", "gzip", "gzip;q=1.0, br;q=0", "*", "identity", ""]


def publish(key: str = "example", **changes: Any) -> None:
    editing.import_site(db.session(), site_file(site_key=key, **changes), clock.now())
    publishing.publish(db.session(), key, "https://consent.example", clock.now())


@pytest.fixture(autouse=True)
def digest(app: Flask, client: FlaskClient) -> str:
    app.extensions["shelf"].followed = True  # as in a server; nobody publishes behind its back here
    with app.app_context():
        publish(services=[{"library": "google-analytics"}])
    shown: str = client.get("/v1/sites/example/config").json["digest"]
    return shown.removeprefix("sha256:")


@pytest.fixture
def no_flask(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Gives a function that takes the framework away."""

    def fail(*_: object) -> None:
        raise AssertionError("Flask was asked")

    return lambda: monkeypatch.setattr(app, "full_dispatch_request", fail)


def get(client: FlaskClient, digest: str, path: str, method: str = "GET", **headers: str) -> TestResponse:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.open(f"/v1/sites/example/{path.replace(DIGEST, digest)}", method=method, headers=named)


def told(response: TestResponse) -> tuple[int, dict[str, str], bytes]:
    """Give what a browser sees of an answer, except for the moment of it."""
    return response.status_code, {n: v for n, v in response.headers.items() if n != "Date"}, response.data


@pytest.mark.parametrize("path", PATHS)
def test_the_answer_is_flasks_own(app: Flask, client: FlaskClient, digest: str, no_flask: Any, path: str) -> None:
    forms = []
    for coding in CODINGS:
        etag = get(client, digest, path, Accept_Encoding=coding).headers["ETag"]
        for condition in ({}, {"If_None_Match": etag}, {"If_None_Match": f"W/{etag}"}, {"If_None_Match": '"other"'}):
            forms += [{"method": method, "Accept_Encoding": coding, **condition} for method in ("GET", "HEAD")]
    flasks = []
    for form in forms:
        app.extensions["shelf"] = Shelf()  # which keeps nothing yet: Flask answers
        flasks.append(told(get(client, digest, path, **form)))
    for coding in CODINGS:
        get(client, digest, path, Accept_Encoding=coding)
    no_flask()

    assert [told(get(client, digest, path, **form)) for form in forms] == flasks
    assert [status for status, _, _ in flasks] == [200, 200, 304, 304, 304, 304, 200, 200] * len(CODINGS)


def test_nobody_is_answered_otherwise_for_who_they_are_or_where_they_come_from(
    client: FlaskClient, digest: str, no_flask: Any
) -> None:
    first = told(get(client, digest, "banner.js", Accept_Encoding="br"))
    no_flask()
    chance = random.Random(4)
    for number in range(100):
        headers = {
            "User_Agent": "".join(chance.choices(string.ascii_letters + " /().;0123456789", k=80)),
            "Cookie": f"session={number}; consent=1",
            "Referer": f"https://www.example.fr/{number}",
            "Origin": f"https://{number}.example",
            "Accept_Language": chance.choice(["fr", "en", "de;q=0.5"]),
            "X_Forwarded_For": f"203.0.113.{number}",
            "X_" + "".join(chance.choices(string.ascii_letters, k=8)): str(number),
            "Cache_Control": chance.choice(["no-cache", "max-age=0"]),
        }
        assert told(get(client, digest, "banner.js", Accept_Encoding="br", **headers)) == first


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("POST", "banner.js", {}),
        ("OPTIONS", "config", {}),
        ("GET", "config?version=1&x=2", {}),
        ("GET", "config?version=01", {}),
        ("GET", "banner.js?x", {}),
        ("GET", "banner.js/", {}),
        ("GET", "log/key", {}),
        ("GET", "banner.js", {"Range": "bytes=0-9"}),
        ("GET", "banner.js", {"If_Match": '"x"'}),
        ("GET", "banner.js", {"If_None_Match": '"a", "b"'}),
        ("GET", "banner.js", {"If_None_Match": "*"}),
    ],
)
def test_anything_unusual_is_flasks_to_answer(
    app: Flask,
    client: FlaskClient,
    digest: str,
    monkeypatch: pytest.MonkeyPatch,
    method: str,
    path: str,
    headers: dict[str, str],
) -> None:
    for each in PATHS:
        get(client, digest, each)
    asked: list[None] = []
    real = app.full_dispatch_request
    monkeypatch.setattr(app, "full_dispatch_request", lambda: (asked.append(None), real())[1])

    get(client, digest, path, method, **headers)

    assert asked


def test_what_is_published_here_is_shown_at_once_and_what_was_before_is_not(app: Flask, client: FlaskClient) -> None:
    for path in ("banner.js", "config"):
        client.get(f"/v1/sites/example/{path}")
    with app.app_context():
        publish(services=[{"library": "hotjar"}])

    assert client.get("/v1/sites/example/config").json["version"] == 2
    assert b'"version":2' in client.get("/v1/sites/example/banner.js").data
    assert client.get("/v1/sites/example/config?version=1").json["version"] == 1


def test_one_sites_answer_is_never_given_for_another(app: Flask, client: FlaskClient, no_flask: Any) -> None:
    keys = [f"site-{number}" for number in range(5)]
    with app.app_context():
        for key in keys:
            publish(key, name=key)
    asked = [f"/v1/sites/{key}/{file}" for key in keys for file in ("banner.js", "config")]
    flasks = {path: client.get(path).data for path in asked}
    no_flask()

    assert len(set(flasks.values())) == len(asked)
    assert {path: client.get(path).data for path in reversed(asked)} == flasks


def test_what_other_processes_publish_is_found_by_looking_once_for_all_sites(app: Flask, client: FlaskClient) -> None:
    with app.app_context():
        publish("other")
    for key in ("example", "other"):
        client.get(f"/v1/sites/{key}/config")
    shelf: Shelf = app.extensions["shelf"]
    with app.app_context():
        publishing.published.disconnect(shelf.doubt)
        publish("other", services=[{"library": "hotjar"}])
        assert client.get("/v1/sites/other/config").json["version"] == 1

        shelf.look(db.session())

    assert client.get("/v1/sites/other/config").json["version"] == 2
    assert shelf.fresh("example", LIVE)


def test_what_was_read_before_a_publication_and_kept_after_it_is_in_doubt(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.extensions["shelf"] = shelf = Shelf()
    shelf.followed = True
    real = Shelf._current

    def overtaken(*arguments: Any) -> Any:
        read = real(*arguments)
        shelf.doubt("example")
        return read

    monkeypatch.setattr(Shelf, "_current", overtaken)
    client.get("/v1/sites/example/config")

    assert shelf.fresh("example", LIVE) is None


def test_memory_is_bounded_and_what_was_asked_last_stays(app: Flask, client: FlaskClient) -> None:
    keys = [f"site-{number}" for number in range(6)]
    with app.app_context():
        for key in keys:
            publish(key)
    app.extensions["shelf"] = shelf = Shelf(bytes_kept=1_000_000)
    shelf.followed = True
    for key in keys:
        client.get(f"/v1/sites/{key}/banner.js")
        client.get(f"/v1/sites/{keys[0]}/banner.js")

    kept = [key for key in keys if shelf.fresh(key, LIVE)]

    assert keys[0] in kept
    assert keys[1] not in kept
    assert sum(each.published.size for each in shelf._shelved.values()) == shelf._size <= 1_000_000


def test_what_is_shown_does_not_age(
    client: FlaskClient, digest: str, no_flask: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = told(get(client, digest, "banner.js"))
    no_flask()
    began = time.monotonic()
    monkeypatch.setattr("consent_server.services.showing.time.monotonic", lambda: began + 30 * 86_400)

    assert told(get(client, digest, "banner.js")) == first


def test_they_are_counted_as_what_they_are_wherever_they_are_answered(
    app: Flask, client: FlaskClient, digest: str
) -> None:
    def count(route: str) -> float:
        labels = {"method": "GET", "route": f"/v1/sites/<site_key>/{route}", "status": "2xx"}
        return REGISTRY.get_sample_value("consent_http_request_seconds_count", labels) or 0

    hot = app.extensions["hot_reads"]
    for path, route in {
        "banner.js": "banner.js",
        f"banner.{digest}.js": "banner.<digest>.js",
        "config": "config",
    }.items():
        get(client, digest, path)
        before = count(route)
        get(client, digest, path)
        assert hot.counted("GET", f"/v1/sites/example/{path}", "", lambda _: None)[0] == 200
        assert count(route) == before + 2
