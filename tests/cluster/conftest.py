"""``make test-cluster``: too much for every run of every test.

One topology for all tests of it that change nothing for the next one, and nginx before it where there is nginx.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests import programs
from tests.cluster.proxy import Proxy
from tests.cluster.topology import Topology

if not os.environ.get("CONSENT_TEST_CLUSTER"):
    collect_ignore_glob = ["test_*"]


@pytest.fixture(scope="module")
def topology(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Topology]:
    with Topology(tmp_path_factory.mktemp("topology")) as made:
        yield made


@pytest.fixture(scope="module")
def _proxy(topology: Topology) -> Iterator[Proxy]:
    try:
        programs.nginx()
    except programs.ProgramMissing as missing:
        pytest.skip(str(missing))
    made = Proxy(topology.folder / "nginx", [each.port for each in topology.web])
    made.start()
    yield made
    made.stop()


@pytest.fixture
def proxy(_proxy: Proxy, monkeypatch: pytest.MonkeyPatch) -> Proxy:
    """nginx, whose certificate this process believes."""
    monkeypatch.setenv("SSL_CERT_FILE", str(_proxy.certificate))
    return _proxy
