"""What everybody asks for all the time, answered in front of Flask: the banner script and the configuration.

The first answer of each form is Flask's; it is kept beside the files that it was made of, and given again as long as
they are what is shown: the same status, headers and bytes, without database, session or framework. Whatever is not
exactly such a request (another method, a condition or a query that is not known here) is Flask's to answer.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from werkzeug.datastructures import Accept
from werkzeug.http import parse_accept_header

from consent_server.services.measuring import REQUESTS
from consent_server.services.showing import LIVE, Shelf, Shelved
from consent_server.web.observing import ROUTE

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

SITES = "/v1/sites/"
LONGEST = 300
"""Characters of a path, or of a header that is understood here."""

LIVE_BANNER = "/v1/sites/<site_key>/banner.js"
PINNED_BANNER = "/v1/sites/<site_key>/banner.<digest>.js"
CONFIG = "/v1/sites/<site_key>/config"

CONDITIONS = ("if-match", "if-modified-since", "if-unmodified-since", "if-range", "range")
OF_THE_MOMENT = frozenset({"date", "server", "x-request-id"})
OF_THE_BODY = frozenset({"content-type", "content-length", "content-encoding"})

Headers = list[tuple[str, str]]
Header = Callable[[str], str | None]
"""Gives a request's header by its name in small letters."""


@dataclass(frozen=True)
class Answer:
    """An answer of one form: whole, and when it is known already (304)."""

    headers: Headers
    body: bytes
    etag: str
    known: Headers


class HotReads:
    """Answers from what the shelf keeps, of one process."""

    def __init__(self, shelf: Callable[[], Shelf]) -> None:
        self._shelf = shelf
        self._counters: dict[tuple[str, str, int], Any] = {}

    def counted(self, method: str, path: str, query: str, header: Header) -> tuple[int, Headers, bytes] | None:
        """Answer, and count that, where nobody outside does."""
        began = time.perf_counter()
        known = self.answer(method, path, query, header)
        if known is not None:
            form = method, _route(path), known[0]
            if (counter := self._counters.get(form)) is None:
                counter = self._counters[form] = REQUESTS.labels(*form[:2], f"{form[2] // 100}xx")
            counter.observe(time.perf_counter() - began)
        return known

    def answer(self, method: str, path: str, query: str, header: Header) -> tuple[int, Headers, bytes] | None:
        """Return status, headers and body, or None when the answer is Flask's."""
        if not path.startswith(SITES) or method not in ("GET", "HEAD"):
            return None
        asked = _asked(path, query)
        if asked is None or any(header(name) is not None for name in CONDITIONS):
            return None
        site_key, which, file = asked
        shelved = self._shelf().fresh(site_key, which)
        if shelved is None:
            return None
        known: Answer | None = shelved.answers.get((file, coding_of(header("accept-encoding") or "")))
        if known is None:
            return None
        condition = header("if-none-match")
        if condition is None:
            return 200, known.headers, known.body if method == "GET" else b""
        if condition.removeprefix("W/") == known.etag:
            return 304, known.known, b""
        return (
            None
            if "," in condition or condition == "*"
            else (200, known.headers, known.body if method == "GET" else b"")
        )

    def in_front_of(self, application: WSGIApplication) -> WSGIApplication:
        """Return the application with this before it."""

        def answered(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            def header(name: str) -> str | None:
                return environ.get(f"HTTP_{name.upper().replace('-', '_')}")

            path, query = environ.get("PATH_INFO", ""), environ.get("QUERY_STRING", "")
            method = environ["REQUEST_METHOD"]
            if known := self.answer(method, path, query, header):
                environ[ROUTE] = _route(path)
                status, headers, body = known
                start_response(f"{status} {HTTPStatus(status).phrase.upper()}", headers.copy())
                return [body]
            if method != "GET" or header("if-none-match") is not None or _asked(path, query) is None:
                return application(environ, start_response)
            return self._kept(application, environ, start_response, coding_of(header("accept-encoding") or ""))

        return answered

    def _kept(
        self, application: WSGIApplication, environ: WSGIEnvironment, start_response: StartResponse, coding: str
    ) -> Iterable[bytes]:
        """Hand on Flask's answer, and keep it beside the files that it was made of."""
        begun: list[Any] = []

        def noted(status: str, headers: Headers, error: Any = None) -> Any:
            begun[:] = [status, headers]
            return start_response(status, headers, error) if error else start_response(status, headers)

        answer = application(environ, noted)
        pieces = list(answer)
        if hasattr(answer, "close"):
            answer.close()
        asked = _asked(environ["PATH_INFO"], environ.get("QUERY_STRING", ""))
        if asked and begun[0].startswith("200 "):
            site_key, which, file = asked
            if shelved := self._shelf().fresh(site_key, which):
                _keep(shelved, file, coding, begun[1], pieces)
        return pieces


def _keep(shelved: Shelved, file: str, coding: str, headers: Headers, pieces: list[bytes]) -> None:
    encoded = shelved.published.banner if file == "banner" else shelved.published.config
    etag = etag_of(encoded.tag, coding)
    if dict(headers).get("ETag") != etag:  # another was published between the answer and now
        return
    whole = [(name, value) for name, value in headers if name.lower() not in OF_THE_MOMENT]
    known = [(name, value) for name, value in whole if name.lower() not in OF_THE_BODY]
    body = {"br": encoded.br, "gzip": encoded.gzip}.get(coding, encoded.plain)
    assert b"".join(pieces) == body, "an answer is the file, under its coding"
    shelved.answers[file, coding] = Answer(whole, body, etag, known)


def etag_of(tag: str, coding: str) -> str:
    """Return the ``ETag`` of a file under a coding: each has its own."""
    return f'"{tag}-{coding}"' if coding else f'"{tag}"'


@lru_cache(maxsize=1_024)
def coding_of(accepted: str) -> str:
    """Return the best coding that we have and the browser takes; empty: none."""
    weighed = parse_accept_header(accepted, Accept) if len(accepted) <= LONGEST else Accept()
    return next((coding for coding in ("br", "gzip") if weighed[coding]), "")


def _asked(path: str, query: str) -> tuple[str, str, str] | None:
    """Return site, which configuration of it, and the file; None for anything else."""
    if len(path) > LONGEST:
        return None
    site_key, _, name = path.removeprefix(SITES).partition("/")
    if name in ("banner.js", "config") and not query:
        return site_key, LIVE, name.removesuffix(".js")
    if name == "config" and (version := _version(query)):
        return site_key, f"version {version}", name
    if name.startswith("banner.") and name.endswith(".js") and len(name) == len("banner..js") + 64 and not query:
        return site_key, f"digest sha256:{name[7:-3]}", "banner"
    return None


def _route(path: str) -> str:
    """Return which route it is that was answered."""
    if path.endswith("/banner.js"):
        return LIVE_BANNER
    return PINNED_BANNER if path.endswith(".js") else CONFIG


def _version(query: str) -> str:
    name, _, number = query.partition("=")
    plain = name == "version" and number.isascii() and number.isdigit() and number[0] != "0" and len(number) < 10
    return number if plain else ""
