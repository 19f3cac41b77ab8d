"""The files in deploy/ name what there is: settings, commands, paths, limits that agree; and the docs show how."""

from __future__ import annotations

import dataclasses
import re
import shutil
import ssl
import subprocess
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import pytest
import yaml
from flask import Flask
from werkzeug.serving import make_server

from consent_server.cli import commands, serve
from consent_server.config import Settings
from consent_server.web import limits, security
from tests import builders
from tests.cluster.proxy import Proxy
from tests.programs import ProgramMissing

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

ROOT = Path(__file__).parent.parent
DEPLOY = ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
PYTHONS_OWN = {"PATH", "PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE"}
VARIABLES = {field.metadata["variable"] for field in dataclasses.fields(Settings)}
SECRETS = {field.metadata["variable"] for field in dataclasses.fields(Settings) if field.metadata["secret"]}
HARDENING = {
    "NoNewPrivileges": "yes",
    "ProtectSystem": "strict",
    "ProtectHome": "yes",
    "PrivateTmp": "yes",
    "PrivateDevices": "yes",
    "CapabilityBoundingSet": "",
    "RestrictNamespaces": "yes",
    "UMask": "0077",
}
INSTALLED = "/srv/consent-server"


# systemd


def _settings_of(unit: Path) -> list[tuple[str, str]]:
    """Give the lines of a unit; keys repeat, which is why configparser cannot read them."""
    lines = (line.strip() for line in unit.read_text().splitlines())
    pairs = (line.partition("=") for line in lines if line and line[0] not in "#;[")
    return [(key, value) for key, _, value in pairs]


def _named(unit: Path, key: str) -> list[str]:
    return [value for name, value in _settings_of(unit) if name == key]


def _environment(unit: Path) -> dict[str, str]:
    return dict(value.split("=", 1) for value in _named(unit, "Environment"))


def _seconds(text: str) -> float:
    return float("inf") if text == "infinity" else float(text)


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_unit_names_settings_that_there_are_and_no_secret(unit: Path) -> None:
    assert set(_environment(unit)) <= VARIABLES | PYTHONS_OWN
    assert not set(_environment(unit)) & SECRETS


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_unit_starts_a_command_that_there_is(unit: Path) -> None:
    (start,) = _named(unit, "ExecStart")
    program, command = start.split()
    assert program == f"{INSTALLED}/.venv/bin/consent-server"
    assert command in commands.commands
    assert _named(unit, "WorkingDirectory") == [INSTALLED]


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_every_secret_of_a_unit_is_a_credential_that_it_loads(unit: Path) -> None:
    loaded = {each.partition(":")[0] for each in _named(unit, "LoadCredential")}
    read = {v.removeprefix("%d/"): k for k, v in _environment(unit).items() if v.startswith("%d/")}
    assert set(read) == loaded
    assert all(variable.endswith("_FILE") for variable in read.values())


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_unit_may_do_no_more_than_it_needs(unit: Path) -> None:
    assert {key: value for key, value in _settings_of(unit) if key in HARDENING} == HARDENING
    assert _named(unit, "User") == ["consent"]
    written = {value for key, value in _environment(unit).items() if key in ("CONSENT_INSTANCE", "CONSENT_HWM_FILE")}
    folders = " ".join(_named(unit, "StateDirectory")).split()
    assert all(any(path.startswith(f"%S/{folder}") for folder in folders) for path in written)


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_unit_is_given_the_time_to_answer_what_it_was_asked(unit: Path) -> None:
    if _named(unit, "Type") != ["oneshot"]:
        assert _seconds(_named(unit, "TimeoutStopSec")[0]) > 2 * serve.GRACEFUL_S
        assert _named(unit, "Restart") == ["always"]


def test_only_the_worker_has_the_seed_and_the_mark() -> None:
    web = DEPLOY / "systemd" / "consent-web@.service"
    assert "LOG_KEY_FILE" not in _environment(web)
    assert "CONSENT_HWM_FILE" not in _environment(web)
    worker = _environment(DEPLOY / "systemd" / "consent-worker.service")
    assert not worker["CONSENT_HWM_FILE"].startswith(worker["CONSENT_INSTANCE"] + "/")


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_systemd_finds_nothing_wrong_with_the_units(tmp_path: Path) -> None:
    for unit in UNITS:
        text = re.sub(rf"^ExecStart={INSTALLED}\S+", "ExecStart=/bin/true", unit.read_text(), flags=re.MULTILINE)
        (tmp_path / unit.name.replace("@", "@8001")).write_text(text)
    made = sorted(map(str, tmp_path.glob("*.service")))
    done = subprocess.run(["systemd-analyze", "verify", *made], capture_output=True, text=True, check=False)
    about_ours = [line for line in done.stderr.splitlines() if "consent-" in line or str(tmp_path) in line]
    assert about_ours == []


def test_the_example_of_the_environment_has_settings_and_no_secret() -> None:
    lines = (DEPLOY / "systemd" / "environment.example").read_text().splitlines()
    named = {line.partition("=")[0] for line in lines if line and not line.startswith("#")}
    assert named <= VARIABLES - SECRETS


# Docker


def _instructions() -> list[tuple[str, str]]:
    text = (DEPLOY / "Dockerfile").read_text().replace("\\\n", " ")
    lines = (line for line in text.splitlines() if line and not line.startswith("#"))
    return [(word, rest.strip()) for word, _, rest in (line.partition(" ") for line in lines)]


def _given(instruction: str) -> list[str]:
    return [rest for word, rest in _instructions() if word == instruction]


def test_the_image_copies_what_there_is_and_all_that_is_needed() -> None:
    copied = {path for rest in _given("COPY") if "--from" not in rest for path in rest.split()[:-1]}
    assert [path for path in copied if not (ROOT / path).exists()] == []
    assert copied >= {"consent_server", "migrations", "static", "setup.cfg", "requirements/run.txt"}
    ignored = (DEPLOY / "Dockerfile.dockerignore").read_text().split()
    assert {path.partition("/")[0] for path in copied} == {line[1:] for line in ignored if line.startswith("!")}


def test_the_image_installs_what_is_locked_and_runs_as_nobody_special() -> None:
    installs = [rest for rest in _given("RUN") if "pip install" in rest]
    assert all("--require-hashes" in rest or "--no-deps" in rest for rest in installs)
    assert _given("USER") == ["consent"]
    words = [word for word, _ in _instructions()]
    assert "RUN" not in words[words.index("USER") :]
    assert all("@" not in rest and ":" in rest for rest in _given("FROM"))


def test_the_image_names_settings_and_commands_that_there_are_and_no_secret() -> None:
    pairs = dict(each.split("=", 1) for each in _given("ENV")[0].split())
    assert set(pairs) <= VARIABLES | PYTHONS_OWN
    assert not set(pairs) & SECRETS
    assert not pairs["CONSENT_HWM_FILE"].startswith(pairs["CONSENT_INSTANCE"] + "/")
    assert yaml.safe_load(_given("CMD")[0]) == ["web"]
    assert yaml.safe_load(_given("HEALTHCHECK")[0].partition("CMD ")[2]) == ["consent-server", "healthcheck"]
    assert {"web", "healthcheck"} <= set(commands.commands)


# Compose


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    return loaded


def _ours(compose: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    return ((name, each) for name, each in compose["services"].items() if each["image"] == "consent-server")


def test_the_containers_are_those_of_the_topology(compose: dict[str, Any]) -> None:
    assert set(compose["services"]) == {"web1", "web2", "worker", "init", "postgres", "redis", "nginx"}
    assert (DEPLOY / compose["x-consent"]["build"]["context"]).resolve() == ROOT
    assert (ROOT / compose["x-consent"]["build"]["dockerfile"]).is_file()


def test_containers_name_settings_and_commands_that_there_are_and_read_secrets_from_files(
    compose: dict[str, Any],
) -> None:
    for _, each in _ours(compose):
        assert isinstance(commands.commands[each["command"][0]], click.Command)
        environment = each["environment"]
        assert set(environment) <= VARIABLES
        assert not set(environment) & SECRETS
        read = {value.removeprefix("/run/secrets/") for key, value in environment.items() if key.endswith("_FILE")}
        assert read == set(each["secrets"]) <= set(compose["secrets"])
        assert each["read_only"] is True
        assert _seconds(each["stop_grace_period"].removesuffix("s")) > 2 * serve.GRACEFUL_S


def test_only_the_container_of_the_worker_has_the_seed_and_the_mark(compose: dict[str, Any]) -> None:
    with_seed = [name for name, each in _ours(compose) if "log-key" in each["secrets"]]
    with_mark = [name for name, each in compose["services"].items() if "mark" in str(each.get("volumes"))]
    assert with_seed == with_mark == ["worker"]


def test_what_is_mounted_and_named_is_there(compose: dict[str, Any]) -> None:
    mounted = [volume.split(":")[0] for each in compose["services"].values() for volume in each.get("volumes", [])]
    names = {name for name in mounted if not name.startswith(".")}
    assert names == set(compose["volumes"])
    assert (DEPLOY / "nginx" / "consent.conf").is_file()
    assert "./nginx/consent.conf" in mounted
    assert {"secrets/", "tls/"} == set((DEPLOY / ".gitignore").read_text().split())


def test_the_proxy_asks_the_nodes_that_there_are(compose: dict[str, Any]) -> None:
    text = (DEPLOY / "nginx" / "consent.conf").read_text()
    nodes = {name for name, each in _ours(compose) if each["command"] == ["web"]}
    assert set(re.findall(r"server (\w+):8000", text)) == nodes


def test_nginx_understands_its_configuration(tmp_path: Path) -> None:
    try:
        assert Proxy(tmp_path / "nginx", [8001, 8002]).check() == ""
    except ProgramMissing as missing:
        pytest.skip(str(missing))


def test_a_visitor_cannot_say_through_the_proxy_that_they_come_from_elsewhere(tmp_path: Path) -> None:
    app = Flask("node")
    app.extensions["settings"] = builders.settings(tmp_path, trusted_proxies=1)

    def sender(environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        start_response("200 OK", [])
        return [limits.network_of(environ["REMOTE_ADDR"]).encode()]

    node = make_server("127.0.0.1", 0, security.behind_proxies(app, sender), threaded=True)
    threading.Thread(target=node.serve_forever, daemon=True).start()
    proxy = Proxy(tmp_path / "nginx", [node.server_port] * 2)
    try:
        proxy.start()
    except ProgramMissing as missing:
        pytest.skip(str(missing))
    claims = ("X-Forwarded-For", "X_Forwarded_For", "Forwarded", "X-Real-IP", "X-Client-IP", "True-Client-IP")
    tls = ssl.create_default_context(cafile=str(proxy.certificate))
    try:

        def seen(url: str, claim: str, said: str) -> str:
            asked = urllib.request.Request(f"{url}/v1/sites/a/consents", b"{}", {claim: said})
            with urllib.request.urlopen(asked, timeout=60, context=tls if url.startswith("https") else None) as answer:
                return str(answer.read().decode())

        said = ("203.0.113.7", "203.0.113.7, 198.51.100.1", "for=203.0.113.7", "2001:db8::1", ", ")
        assert {seen(proxy.url, claim, each) for claim in claims for each in said} == {"127.0.0.0/24"}
        assert seen(f"http://127.0.0.1:{node.server_port}", "X-Forwarded-For", "203.0.113.7") == "203.0.113.0/24"
    finally:
        proxy.stop()
        node.shutdown()
        node.server_close()


# The page that goes through it


def test_the_documentation_names_every_secret_and_every_unit(compose: dict[str, Any]) -> None:
    page = (ROOT / "docs" / "how-to-deploy.md").read_text()
    assert [name for name in compose["secrets"] if name not in page] == []
    assert [unit.stem for unit in UNITS if unit.stem.rstrip("@") not in page] == []
