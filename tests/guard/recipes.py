"""Starts the servers that docs/how-to-guard.md has recipes for, in front of one small application.

The application sets the cookies that the request's ``X-Set`` names, and shows the ``Cookie`` header that it read.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import re
import subprocess
import threading
from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

from consent_server.guard.wsgi import ConsentGuard
from tests import programs
from tests.servers import eventually, free_port

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "how-to-guard.md").read_text(encoding="utf-8")
RECIPES = ROOT / "docs" / "recipes"

APPLICATION = """<?php
foreach (json_decode(base64_decode($_SERVER['HTTP_X_SET'] ?? 'W10='), true) as $field) {
    header("Set-Cookie: $field", false);
}
foreach (json_decode(base64_decode($_SERVER['HTTP_X_HEADERS'] ?? 'W10='), true) as $header) {
    header($header);
}
echo $_SERVER['HTTP_COOKIE'] ?? '', "\\n", json_encode($_COOKIE);
"""

NGINX = """
{modules}
worker_processes 1; daemon off; pid {folder}/pid; error_log {folder}/error.log info;
events {{ worker_connections 64; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  large_client_header_buffers 4 64k;
  {http}
  server {{
    listen 127.0.0.1:{port};
    proxy_set_header Host $http_host;
    {server}
  }}
}}
"""


@dataclass(frozen=True)
class Answer:
    """What came back; ``cookies``: the Set-Cookie fields in their order; ``read``: what the application was sent."""

    status: int
    headers: list[tuple[str, str]]
    read: str

    @property
    def cookies(self) -> list[str]:
        return [value for name, value in self.headers if name.lower() == "set-cookie"]

    def own(self) -> list[str]:
        """Give the application's own cookies: what a guard adds is left out."""
        return [each for each in self.cookies if not re.match(r"eu-consent|[^=]*=; Max-Age=0; Path=", each)]


@dataclass(frozen=True)
class Running:
    """A server that runs."""

    port: int

    def ask(
        self, cookie: str = "", fields: list[str] | None = None, path: str = "/", headers: tuple[str, ...] = (),
        **about: str,
    ) -> Answer:  # fmt: skip
        sent = {"Host": "www.example.fr", "X-Forwarded-Proto": "https", "Sec-Fetch-Dest": "document"}
        sent |= {name.replace("_", "-"): value for name, value in about.items()}
        sent |= {"X-Set": pack(fields or []), "X-Headers": pack(headers)}
        sent |= {"Cookie": cookie} if cookie else {}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request(
            "GET", path, headers={name: value.encode("latin-1") for name, value in sent.items() if value}
        )  # type: ignore[arg-type]
        answer = connection.getresponse()
        body = answer.read().decode("latin-1")
        connection.close()
        return Answer(answer.status, answer.getheaders(), body.partition("\n")[0])


def pack(value: Any) -> str:
    """Give a value as the application takes it from a header."""
    return b64encode(json.dumps(value).encode()).decode()


def _unpacked(text: str | None) -> Any:
    return json.loads(b64decode(text)) if text else []


def block(heading: str, language: str, number: int = 0) -> str:
    """Give a block of code of the guide, as it stands there."""
    section = GUIDE.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    return re.findall(rf"```{language}\n(.*?)```", section, re.DOTALL)[number]


@contextlib.contextmanager
def application() -> Iterator[int]:
    """The application alone, on a port of its own."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.headers.get("Cookie", "").encode("latin-1")
            self.send_response(200)
            given = [each.partition(": ")[::2] for each in _unpacked(self.headers["X-Headers"])]
            if not any(name.lower() == "content-type" for name, _ in given):
                given.append(("Content-Type", "text/html; charset=utf-8"))
            for name, value in [*given, *(("Set-Cookie", each) for each in _unpacked(self.headers["X-Set"]))]:
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()


@contextlib.contextmanager
def python(folder: Path, document: Mapping[str, Any]) -> Iterator[Running]:
    """The guard itself, which the recipes are compared with."""
    with served(ConsentGuard(wsgi_application, document)) as running:
        yield running


def wsgi_application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    """The application in Python, with nothing around it."""
    given = [each.partition(": ")[::2] for each in _unpacked(environ.get("HTTP_X_HEADERS"))]
    if not any(name.lower() == "content-type" for name, _ in given):
        given.append(("Content-Type", "text/html; charset=utf-8"))
    start_response("200 OK", [*given, *(("Set-Cookie", each) for each in _unpacked(environ.get("HTTP_X_SET")))])
    return [environ.get("HTTP_COOKIE", "").encode("latin-1")]


@contextlib.contextmanager
def served(app: Any) -> Iterator[Running]:
    """A WSGI application on a port of its own."""

    class Silent(WSGIRequestHandler):
        def log_message(self, *_: Any) -> None: ...

    with make_server("127.0.0.1", 0, app, handler_class=Silent) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield Running(server.server_port)
        server.shutdown()
        thread.join()


@contextlib.contextmanager
def php(folder: Path, document: object) -> Iterator[Running]:
    """PHP's own server with the recipe loaded first."""
    recipe = folder / "consent-guard.php"
    recipe.write_text((RECIPES / "consent-guard.php").read_text(encoding="utf-8"), encoding="utf-8")
    (folder / "consent.json").write_text(json.dumps(document))
    site = folder / "site"
    site.mkdir()
    (site / "index.php").write_text(APPLICATION)
    port = free_port()
    options = [f"auto_prepend_file={recipe}", "display_errors=0", "log_errors=1", f"error_log={folder / 'error.log'}"]
    command = [programs.php(), "-n", *(f"-d{each}" for each in options), "-S", f"127.0.0.1:{port}", "-t", site]
    with _started(command, folder, port):
        yield Running(port)


@contextlib.contextmanager
def njs(folder: Path, document: object) -> Iterator[Running]:
    """nginx with the recipe in JavaScript, as the guide has it."""
    (folder / "consent.json").write_text(json.dumps(document))
    (folder / "consent-guard.js").write_text((RECIPES / "consent-guard.js").read_text(encoding="utf-8"))
    http, _, server = block("nginx", "nginx").rstrip().removesuffix("}").partition("server {")
    modules = f"load_module {programs.nginx_njs()};"
    with application() as upstream:
        server = server.replace("http://application", f"http://127.0.0.1:{upstream}")
        with nginx(folder, http.replace("/etc/nginx/", f"{folder}/"), server, modules) as running:
            yield running


@contextlib.contextmanager
def nginx(folder: Path, http: str, server: str, modules: str = "") -> Iterator[Running]:
    """An nginx with these pieces of configuration."""
    port = free_port()
    file = folder / "nginx.conf"
    file.write_text(NGINX.format(modules=modules, folder=folder, http=http, server=server, port=port))
    with _started([programs.nginx(), "-p", folder, "-c", file, "-e", folder / "error.log"], folder, port):
        yield Running(port)


@contextlib.contextmanager
def _started(command: list[Any], folder: Path, port: int) -> Iterator[None]:
    with (folder / "output").open("w+b") as output:
        process = subprocess.Popen([str(each) for each in command], cwd=folder, stdout=output, stderr=output)
        try:
            eventually(lambda: _answers(process, port, folder), f"{command[0]} answers", 30)
            yield
        finally:
            process.terminate()
            process.wait(timeout=30)


def _answers(process: subprocess.Popen[bytes], port: int, folder: Path) -> bool:
    if process.poll() is not None:
        logs = [folder / "output", folder / "error.log"]
        raise RuntimeError("\n".join(log.read_text() for log in logs if log.exists()))
    with contextlib.suppress(OSError):
        return Running(port).ask().status > 0
    return False
