"""What a server tells its operator: nothing about who visits, and never at the price of a visitor's answer."""

from __future__ import annotations

import json
import os
import urllib.error
import urllib.request
import uuid
from pathlib import Path
from typing import Any

from tests import builders
from tests.servers import ConsentServer, eventually

SITE = "/v1/sites/ubiq"
ADDRESS = "203.0.113.77"
CANARIES = (ADDRESS, "CanaryAgent", "canary-query", "canary-token", "canary@example.fr")


def _ask(server: ConsentServer, path: str, body: bytes | None = None, method: str | None = None) -> tuple[int, Any]:
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "CanaryAgent/1.0 (canary@example.fr)",
        "Referer": "https://www.example.fr/?canary-query",
        "X-Forwarded-For": ADDRESS,
        "X-Request-ID": "canary@example.fr",
    }
    request = urllib.request.Request(f"{server.url}{path}", body, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, refused.read().decode()


def test_nobody_who_visits_is_in_the_log_the_figures_or_the_database(tmp_path: Path) -> None:
    environment = {"CONSENT_TRUSTED_PROXIES": "1", "CONSENT_METRICS_TOKEN": "secret"}
    with ConsentServer(tmp_path, "run", "--demo", **environment) as server:
        _, configuration = _ask(server, f"{SITE}/config")
        purposes = tuple(each["id"] for each in json.loads(configuration)["purposes"] if not each["exempt"])
        version = json.loads(configuration)["version"]
        body = builders.consent(purposes, config_version=version, page_url="https://www.example.fr/?t=canary-token#x")
        consent_id, record_id = body["consent_id"], body["record_id"]
        posted = json.dumps(body).encode()
        asked = [
            _ask(server, f"{SITE}/consents?canary-query", posted),
            _ask(server, f"{SITE}/consents", posted.replace(b"refuse_all", b"accept_all")),
            _ask(server, f"{SITE}/consents", b'{"canary@example.fr": 1'),
            _ask(server, f"{SITE}/consents", json.dumps({**body, "language": "canary@example.fr"}).encode()),
            _ask(server, f"{SITE}/consents/{consent_id}"),
            _ask(server, f"{SITE}/receipts/{record_id}?consent_id={consent_id}"),
            _ask(server, f"{SITE}/receipts/{uuid.uuid4()}?consent_id={consent_id}"),
            _ask(server, "/v1/sites/canary@example.fr/config"),
            _ask(server, "/canary@example.fr?canary-query"),
            _ask(server, "/admin/?canary-query"),
            _ask(server, f"{SITE}/config", method="CANARY"),
        ]
        assert [status for status, _ in asked[:8]] == [201, 422, 400, 422, 200, 200, 404, 404]
        eventually(lambda: server.output().count('"event":"request"') >= 10, "every request has its line")
        request = urllib.request.Request(f"{server.url}/metrics", headers={"Authorization": "Bearer secret"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            figures = answer.read().decode()
        log = server.output()
    told = [json.loads(line) for line in log.splitlines() if line.startswith('{"time"')]
    assert {"POST", "GET", "OTHER"} <= {each.get("method") for each in told}
    for secret in (*CANARIES, consent_id, record_id):
        assert secret not in log
        assert secret not in figures
    kept = b"".join(path.read_bytes() for path in (tmp_path / "instance").glob("consent.sqlite*"))
    assert record_id.encode() in kept, "this is where answers are"
    for secret in CANARIES:
        assert secret.encode() not in kept


def test_requests_are_answered_though_nobody_reads_the_log(tmp_path: Path) -> None:
    server = ConsentServer(tmp_path, "run")
    os.mkfifo(server.log)
    reader = os.open(server.log, os.O_RDONLY | os.O_NONBLOCK)
    try:
        with server:
            for _ in range(1000):  # lines of 170 bytes; a pipe holds 64 kB
                assert _ask(server, "/nothing-here")[0] == 404
            assert _ask(server, "/readyz")[0] == 200
            assert server.stop() == 0
    finally:
        os.close(reader)
