"""Two nodes are one server: for who answers, who signs in, who publishes, and who asks the node that did not."""

from __future__ import annotations

import http.cookiejar
import json
import time
import urllib.parse
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests import builders
from tests.admins import csrf_of
from tests.cluster.proxy import Proxy
from tests.cluster.topology import PURPOSES, SITE, Topology
from tests.faults.visitors import call
from tests.servers import ConsentServer, eventually

ENOUGH = 20
"""Answers in a row that every process of a node has a part in."""


def test_a_choice_is_recorded_by_one_node_and_proven_by_both(topology: Topology, proxy: Proxy) -> None:
    site = f"{proxy.url}/v1/sites/{SITE}"
    version = json.loads(call(f"{site}/config")[1])["version"]
    body = builders.consent(PURPOSES, action="accept_all", config_version=version)
    status, receipt = call(f"{site}/consents", body)
    assert status == 201
    for node in topology.web:
        address = f"{node.url}/v1/sites/{SITE}"
        assert call(f"{address}/consents", body) == (200, receipt)
        eventually(lambda a=address: call(f"{a}/records/{body['record_id']}/proof")[0] == 200, "it is proven")  # type: ignore[misc]


def test_who_signs_in_at_one_node_is_known_to_the_other(topology: Topology, proxy: Proxy) -> None:
    password = topology.command("user", "create", "owner@example.org", "--role", "owner").strip()
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
    address = f"{proxy.url}/admin/sign-in"
    with browser.open(address, timeout=30) as page:
        token = csrf_of(page.read().decode())
    form = urllib.parse.urlencode({"email": "owner@example.org", "password": password, "csrf_token": token})
    browser.open(urllib.request.Request(address, form.encode(), {"Referer": address}), timeout=30).close()
    for _ in range(ENOUGH):
        with browser.open(f"{proxy.url}/admin/sites/", timeout=30) as page:
            assert page.geturl() == f"{proxy.url}/admin/sites/"


def test_what_only_operators_ask_is_not_answered_outside(topology: Topology, proxy: Proxy) -> None:
    assert call(f"{topology.web[0].url}/readyz")[0] == 200
    assert [call(f"{proxy.url}/{path}")[0] for path in ("readyz", "metrics")] == [404, 404]


def _api(node: ConsentServer, token: str, method: str, path: str, body: Any = None) -> Any:
    request = urllib.request.Request(
        f"{node.url}/api/v1/sites/{SITE}{path}",
        None if body is None else json.dumps(body).encode(),
        {"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
        method=method,
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def _publish(node: ConsentServer, token: str, controller: str) -> int:
    draft = _api(node, token, "GET", "/catalogue")
    draft["banner"]["controller"] = controller
    _api(node, token, "PUT", "/catalogue", draft)
    version: int = _api(node, token, "POST", "/publish", {"why": "a test", "screenshots": False})["version"]
    return version


def _seconds_until_all_serve(node: ConsentServer, version: int, most: float) -> float:
    """Ask until enough answers in a row are the new one; return when the last old one was given."""
    start, last, row = time.monotonic(), 0.0, 0
    while row < ENOUGH:
        served = json.loads(call(f"{node.url}/v1/sites/{SITE}/config")[1])["version"]
        assert served <= version
        row = row + 1 if served == version else 0
        if served != version:
            last = time.monotonic() - start
            assert last < 2 * most, f"version {version} is not served after {last:.1f} s"
    return last


@pytest.mark.parametrize(("redis", "most"), [(True, 2.0), (False, 15.0)], ids=["with Redis", "without Redis"])
def test_what_one_node_publishes_the_other_serves(
    tmp_path: Path, redis: bool, most: float, tell_figure: Callable[[str], None]
) -> None:
    with Topology(tmp_path, redis=redis) as nodes:
        one, other = nodes.web
        token = nodes.command("token", "create", "--role", "editor").strip()
        took = []
        for number in range(5):
            _seconds_until_all_serve(other, number + 1, most)  # warm: every process has the old one at hand
            version = _publish(one, token, f"Example {number}")
            took.append(_seconds_until_all_serve(other, version, most))
    tell_figure(
        f"published on one node, served by the other {'with' if redis else 'without'} Redis after at most "
        f"{max(took):.2f} s"
    )
    assert max(took) < most
