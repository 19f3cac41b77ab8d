"""Published files in a folder: whole, in every coding, never fewer; nginx gives them away as the server would."""

from __future__ import annotations

import gzip
import http.client
import os
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import brotli
import pytest
from flask import Flask
from flask.testing import FlaskClient

from consent_server.cli import main
from consent_server.domain.account import command_line
from consent_server.services import branding, clock, editing, publishing
from consent_server.storage import sites
from consent_server.storage.database import db
from tests import pictures, programs
from tests.builders import site_file
from tests.servers import eventually, free_port

DEPLOY = Path(__file__).parents[2] / "deploy" / "nginx"
OTHERS_OWN = {"date", "server", "connection", "etag"}

pytestmark = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)


def publish(key: str = "example", **changes: object) -> None:
    editing.import_site(db.session(), site_file(site_key=key, **changes), clock.now())
    publishing.publish(db.session(), key, "https://consent.example", clock.now())


def export(app: Flask, folder: Path, *keys: str) -> int:
    return main(lambda: app, ["site", "export-static", *keys, "-o", str(folder)])


@pytest.fixture(autouse=True)
def _published(app: Flask) -> None:
    with app.app_context():
        publish(services=[{"library": "matomo"}])
        site = sites.find_site(db.session(), "example")
        branding.keep_logo(
            db.session(), site, pictures.encoded(), {"fr": "Exemple", "en": "Example"}, command_line(1), clock.now()
        )
        publishing.publish(db.session(), "example", "https://consent.example", clock.now())


@pytest.fixture
def digest(client: FlaskClient) -> str:
    shown: str = client.get("/v1/sites/example/config").json["digest"]
    return shown.removeprefix("sha256:")


def test_the_files_are_what_the_server_gives(app: Flask, client: FlaskClient, digest: str, tmp_path: Path) -> None:
    assert export(app, tmp_path) == 0

    folder = tmp_path / "v1" / "sites" / "example"
    for name in ("banner.js", f"banner.{digest}.js", "config"):
        data = client.get(f"/v1/sites/example/{name}").data
        assert (folder / name).read_bytes() == data
        assert gzip.decompress((folder / f"{name}.gz").read_bytes()) == data
        assert brotli.decompress((folder / f"{name}.br").read_bytes()) == data
    assert len(list(folder.iterdir())) == 3 * 3 + 1, "three files in three codings, and the logo"
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o644}


def test_what_was_pinned_stays_when_another_is_live(app: Flask, digest: str, tmp_path: Path) -> None:
    export(app, tmp_path)
    pinned = tmp_path / "v1" / "sites" / "example" / f"banner.{digest}.js"
    before = pinned.read_bytes(), (pinned.parent / "banner.js").read_bytes()
    with app.app_context():
        publish(services=[{"library": "hotjar"}])

    assert export(app, tmp_path) == 0

    assert pinned.read_bytes() == before[0]
    assert (pinned.parent / "banner.js").read_bytes() != before[1]


def test_every_machine_writes_files_of_the_same_time(app: Flask, tmp_path: Path) -> None:
    for folder in ("a", "b"):
        export(app, tmp_path / folder, "example")
    times = [
        {path.name: path.stat().st_mtime_ns for path in (tmp_path / folder).rglob("*") if path.is_file()}
        for folder in ("a", "b")
    ]
    assert times[0] == times[1]


def test_only_what_is_named_is_written_and_a_site_without_a_publication_is_left_out(app: Flask, tmp_path: Path) -> None:
    with app.app_context():
        publish("other")
        editing.import_site(db.session(), site_file(site_key="draft"), clock.now())
    assert export(app, tmp_path / "one", "other") == 0
    assert export(app, tmp_path / "all") == 0

    assert [path.name for path in (tmp_path / "one" / "v1" / "sites").iterdir()] == ["other"]
    assert {path.name for path in (tmp_path / "all" / "v1" / "sites").iterdir()} == {"example", "other"}
    assert export(app, tmp_path, "nobody") != 0


@pytest.fixture
def nginx(app: Flask, tmp_path: Path) -> Iterator[int]:
    """nginx with our example configuration, on a free port; nobody listens where it looks for the server."""
    try:
        program = programs.nginx()
    except programs.ProgramMissing as missing:
        pytest.skip(str(missing))
    export(app, tmp_path / "files")
    port = free_port()
    example = (DEPLOY / "static.conf").read_text().replace("listen 80;", f"listen 127.0.0.1:{port};")
    example = example.replace("/srv/consent", str(tmp_path / "files")).replace(
        "127.0.0.1:8000", f"127.0.0.1:{free_port()}"
    )
    (tmp_path / "static.conf").write_text(example)
    (tmp_path / "consent-headers.conf").write_text((DEPLOY / "consent-headers.conf").read_text())
    temporary = "".join(
        f"{kind}_temp_path {tmp_path}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (tmp_path / "nginx.conf").write_text(
        f"{'user root; ' if os.geteuid() == 0 else ''}daemon off; worker_processes 1; pid {tmp_path}/pid;"
        f" error_log stderr; events {{}} http {{ {temporary} include static.conf; }}"
    )
    command = [program, "-p", tmp_path, "-c", tmp_path / "nginx.conf"]
    with (tmp_path / "log").open("w") as log, subprocess.Popen(command, stderr=log) as process:
        try:
            eventually(lambda: _answers(port), "nginx answers")
            yield port
        finally:
            process.terminate()


def _answers(port: int) -> bool:
    try:
        return ask(port, "GET", "/v1/sites/example/config", {})[0] == 200
    except OSError:
        return False


def ask(port: int, method: str, path: str, headers: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()


@pytest.mark.parametrize("coding", ["br", "gzip, deflate, br", "gzip", "br;q=0, gzip;q=0.5", "identity", ""])
def test_nginx_answers_as_the_server_does(client: FlaskClient, digest: str, nginx: int, coding: str) -> None:
    for name in ("banner.js", f"banner.{digest}.js", "config"):
        path, headers = f"/v1/sites/example/{name}", {"Accept-Encoding": coding}
        for method in ("GET", "HEAD"):
            ours = client.open(path, method=method, headers=headers)
            status, told, body = ask(nginx, method, path, headers)
            expected = {n.lower(): v for n, v in ours.headers.items() if n.lower() not in OTHERS_OWN}
            assert (status, body) == (ours.status_code, ours.data)
            assert {n: v for n, v in told.items() if n not in OTHERS_OWN} == expected
        again, told, body = ask(nginx, "GET", path, {**headers, "If-None-Match": told["etag"]})
        ours = client.get(path, headers={**headers, "If-None-Match": ours.headers["ETag"]})
        expected = {n.lower(): v for n, v in ours.headers.items() if n.lower() not in OTHERS_OWN}
        assert (again, body) == (ours.status_code, b"") == (304, b"")
        assert {n: v for n, v in told.items() if n not in OTHERS_OWN} == expected


def test_nginx_gives_the_logo_as_the_server_does(client: FlaskClient, nginx: int) -> None:
    digest = client.get("/v1/sites/example/config").json["banner"]["logo"]["digest"].removeprefix("sha256:")  # type: ignore[index]
    path = f"/v1/sites/example/logo.{digest}.webp"
    ours = client.get(path)
    status, told, body = ask(nginx, "GET", path, {})
    assert (status, body) == (ours.status_code, ours.data) == (200, ours.data)
    assert {n: v for n, v in told.items() if n not in OTHERS_OWN} == {
        n.lower(): v for n, v in ours.headers.items() if n.lower() not in OTHERS_OWN
    }


def test_nginx_asks_the_server_for_all_the_rest(nginx: int) -> None:
    away = 502
    for method, path in (
        ("GET", "/v1/sites/example/config?version=1"),
        ("GET", "/v1/sites/nobody/banner.js"),
        ("POST", "/v1/sites/example/consents"),
        ("OPTIONS", "/v1/sites/example/config"),
        ("GET", "/v1/sites/example/banner.js.br"),
        ("GET", "/v1/sites/example/"),
        ("GET", "/admin/"),
    ):
        assert ask(nginx, method, path, {})[0] == away, path
