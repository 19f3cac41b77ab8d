"""The banner's script from the site's own server: fetched by the guard's command, or by nginx."""

from __future__ import annotations

import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from consent_server.guard.__main__ import main
from consent_server.web.visitor.banner import LIVE
from tests.browser.page_server import Answer, Asked, PageServer, script
from tests.guard import recipes
from tests.guard.recipes import Running
from tests.programs import ProgramMissing
from tests.servers import ConsentServer, eventually

SCRIPT = "consent"
SLOW_S = 30
GIVEN_UP_S = 15  # nginx gives up after one; the machine may be busy


@pytest.mark.parametrize("site", ["ubiq", "iabako"])  # without parts, and with
def test_the_command_takes_what_the_server_serves(running_server: ConsentServer, tmp_path: Path, site: str) -> None:
    address = f"{running_server.url}/v1/sites/{site}"
    file, script = tmp_path / "consent.json", tmp_path / "consent.js"
    assert main([f"{address}/config", str(file), "--script", str(script)]) == 0
    with urllib.request.urlopen(f"{address}/banner.js") as answer:
        assert script.read_bytes() == answer.read()


class Upstream:
    """A consent server in front of which nginx stands; ``way`` is how it is away."""

    def __init__(self) -> None:
        self.web = PageServer(self._respond)
        self.way = ""
        self.over = threading.Event()

    def _respond(self, _asked: Asked) -> Answer:
        if self.way == "slow":
            self.over.wait(SLOW_S)
        if self.way:
            return Answer("<h1>Internal Server Error</h1>", status=500)
        return script(SCRIPT, **{"Cache-Control": LIVE.replace("max-age=300", "max-age=1")})


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    opened = Upstream()
    with opened.web:
        yield opened
        opened.over.set()


@pytest.fixture
def proxy(upstream: Upstream) -> Iterator[Running]:
    """Nginx as the guide has it."""
    block = recipes.block("The script from your own server", "nginx")
    http, _, server = block.rstrip().removesuffix("}").partition("server {")
    server = server.replace("https://consent.example", f"http://127.0.0.1:{upstream.web.port}")
    with tempfile.TemporaryDirectory(prefix="consent-nginx-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # nginx gives its rights away when it is started by root
        try:
            with recipes.nginx(folder, http.replace("/var/cache/nginx", name), server) as running:
                yield running
        except ProgramMissing as missing:
            pytest.skip(str(missing))


@pytest.mark.parametrize("way", ["slow", "500"])
def test_nginx_gives_up_soon_and_says_so(upstream: Upstream, proxy: Running, way: str) -> None:
    upstream.way = way
    began = time.monotonic()
    assert proxy.ask(path="/consent.js").status >= 500
    assert time.monotonic() - began < GIVEN_UP_S


@pytest.mark.parametrize("way", ["slow", "500"])
def test_nginx_has_the_old_copy_at_hand(upstream: Upstream, proxy: Running, way: str) -> None:
    def asked_anew() -> bool:
        assert proxy.ask(path="/consent.js").read == SCRIPT
        return len(upstream.web.asked) > 1

    eventually(asked_anew, "an old copy")
    upstream.way = way
    before = len(upstream.web.asked)
    began = time.monotonic()

    def asked_in_vain() -> bool:
        assert proxy.ask(path="/consent.js").read == SCRIPT
        return len(upstream.web.asked) > before

    eventually(asked_in_vain, "an old copy, again")
    assert proxy.ask(path="/consent.js").read == SCRIPT
    assert time.monotonic() - began < GIVEN_UP_S
