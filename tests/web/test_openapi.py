"""The running server answers as its own description says, whatever it is sent, on both engines (CONTRACT, first lines).

Schemathesis reads ``/api/v1/openapi.json`` and sends what the description allows and what it forbids.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from consent_server.domain.account import Role
from tests import builders
from tests.servers import ConsentServer

SITE = "ubiq"
EXAMPLES = 15
ALL = os.environ.get("CONSENT_TEST_ROLES") == "all"
ROLES = tuple(reversed(Role)) if ALL else (Role.OWNER,)
"""Who may do most; ``make test-api`` sends everything as everybody, and as nobody, to each engine."""

PUBLIC = () if ALL else ("--exclude-path-regex", "^/api/v1/")
"""Without a token everything else is 401: tests/web/test_authorization.py."""

# Of an answer that has the right shape the description cannot say whether that configuration asked just this.
NOT_DESCRIBABLE = "positive_data_acceptance"


@pytest.fixture
def server(engine: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[ConsentServer]:
    """The demo, on SQLite alone or on PostgreSQL with Redis."""
    # No browser: scans and pictures that are asked for at random would take the machine for themselves.
    environment = {"CONSENT_RATE_LIMIT": "", "CONSENT_API_RATE_LIMIT": "", "CHROMIUM": "no-such-browser"}
    if engine == "postgresql":
        environment["DATABASE_URL"] = request.getfixturevalue("empty_database_url")
        environment["REDIS_URL"] = request.getfixturevalue("redis_url")
    with ConsentServer(tmp_path, "run", "--demo", **environment) as started:
        yield started


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_every_answer_is_named(client: FlaskClient) -> None:
    """A ``default`` answer would describe whatever comes."""
    paths = client.get("/api/v1/openapi.json").get_json()["paths"]
    unnamed = [
        f"{method} {path}"
        for path, operations in paths.items()
        for method, operation in operations.items()
        if method != "parameters" and "default" in operation["responses"]
    ]
    assert unnamed == []


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_whoever_asks_too_often_is_told_why_in_the_description(client: FlaskClient) -> None:
    answers = client.get("/api/v1/openapi.json").get_json()["paths"]["/api/v1/users"]["get"]["responses"]
    assert "wrong tokens from this network" in answers["429"]["description"]


def test_any_request_is_answered_as_described(server: ConsentServer, tmp_path: Path) -> None:
    """A visitor's own, then anybody's, then those with a token, which may change whatever the others rest on."""
    _send_a_visitors_own(server, tmp_path)
    _send_everything(server, tmp_path, {"path.site_key": SITE}, *PUBLIC, "--exclude-checks", NOT_DESCRIBABLE)
    _send_with_tokens(server, tmp_path)


def _send_a_visitors_own(server: ConsentServer, folder: Path) -> None:
    receipt = _answer_the_notice(server)
    mine = {
        "path.site_key": SITE,
        "path.record_id": receipt["record_id"],
        "path.consent_id": receipt["consent_id"],
        "query.consent_id": receipt["consent_id"],
    }
    _send_everything(
        server, folder, mine, "--include-path-regex", "/(records|receipts|consents)/", "--exclude-method", "DELETE"
    )


def _send_with_tokens(server: ConsentServer, folder: Path) -> None:
    """An owner's token may well revoke itself, after which 401 is as described."""
    server.command("user", "create", "spare@example.fr", "--role", "viewer")
    for role in ROLES:
        token = server.command("token", "create", "--role", role).stdout.strip()
        given = "--include-path-regex", "^/api/v1/", "-H", f"Authorization: Bearer {token}"
        # Few examples each: these are many operations, and four roles; coverage alone sends some thirty to each.
        phases = "--phases", "coverage,fuzzing", "--exclude-checks", NOT_DESCRIBABLE, "--max-examples", "5"
        _send_everything(server, folder, {"path.site_key": SITE}, *given, *phases)


def _answer_the_notice(server: ConsentServer) -> dict[str, Any]:
    with urllib.request.urlopen(f"{server.url}/v1/sites/{SITE}/config", timeout=10) as answer:
        configuration = json.load(answer)
    purposes = tuple(purpose["id"] for purpose in configuration["purposes"] if not purpose["exempt"])
    body = builders.consent(purposes, config_version=configuration["version"])
    request = urllib.request.Request(
        f"{server.url}/v1/sites/{SITE}/consents",
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        receipt: dict[str, Any] = json.load(answer)
        return receipt


def _send_everything(server: ConsentServer, folder: Path, parameters: dict[str, str], *arguments: str) -> None:
    config = folder / "schemathesis.toml"
    refused = (
        "[checks.negative_data_rejection]\nexpected-statuses = [400, 401, 403, 404, 406, 411, 415, 422, 428, 429]\n"
    )
    config.write_text(
        refused + "[parameters]\n" + "".join(f'"{name}" = "{value}"\n' for name, value in parameters.items())
    )
    done = subprocess.run(
        [
            Path(sys.executable).parent / "st",
            *("--config-file", config, "run", f"{server.url}/api/v1/openapi.json"),
            *("--max-examples", str(EXAMPLES), "--seed", "1", "--generation-deterministic"),
            # One worker: two threads that parse Python at once crash in 3.11 ("recursion depth mismatch").
            *("--workers", "1", "--continue-on-failure", "--warnings", "off", "--no-color", *arguments),
        ],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-40_000:] + done.stderr + server.output()[-2_000:]
