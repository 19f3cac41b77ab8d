"""A choice, taken in front of Flask: read and checked in the event loop, written with others, answered once it is kept.

Flask, and a thread for each visitor who waits for the same commit, cost nearly half of an answer when many come at once
(docs/architecture.md). What is done here is the view's own deed, in the view's own words (``consents.py``), as long as
all goes well and memory knows the site: whatever else there is to say is Flask's to say, to whom the request then goes
as if nobody had seen it. It is written once all the same, because it brings an id of its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from flask import Flask, Request, Response

from consent_server.domain.errors import ConsentServerError
from consent_server.services import recording
from consent_server.services.journaling import REQUEST_ID
from consent_server.services.recording import Recorded, Recorder
from consent_server.services.reducing import reduce_user_agent
from consent_server.services.remembering import NotRemembered
from consent_server.web.observing import CONSENTS, HEADER, ROUTE, SITE, Observer, Seen
from consent_server.web.security import behind_proxies
from consent_server.web.visitor.consents import acknowledge, look_at, page_origin, read_post
from consent_server.web.visitor.hot import OF_THE_MOMENT, Headers

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_PATH = re.compile(r"/v1/sites/([a-z0-9][a-z0-9-]{1,62})/consents")

LARGEST_BODY = 4 * 1024
"""Bytes. The loop answers everybody: whoever sends more than a choice takes has to wait for a thread."""

OF_THE_ANSWER = OF_THE_MOMENT | {"content-length"}

Whole = tuple[int, Headers, bytes]


@dataclass
class Taken:
    """A choice that is being written."""

    made: Future[Recorded]
    patience_s: float
    answer: Callable[[], Whole | None]
    """Return the receipt; None when the choice was not kept, or not in time."""


class HotPosts:
    """Takes the choices of one process."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._begin = behind_proxies(app, self._begun)
        self._headers: Headers | None = None

    def take(self, environ: WSGIEnvironment) -> Taken | None:
        """Queue the choice that a request brings, and wait for nothing; None: it is Flask's to answer."""
        if self._headers is None or not _site_key(environ) or not _is_small(environ.get("CONTENT_LENGTH", "")):
            return None
        observer: Observer = self._app.extensions["observer"]
        seen = observer.watch(environ)
        try:
            made: Future[Recorded] = self._begin(environ.copy(), None)
        except Exception:  # whatever it is, Flask meets it, too, and says so
            return None
        finally:
            environ["wsgi.input"].seek(0)
        return Taken(made, recording.LONGEST_WAIT_S, lambda: self._answer(made, environ, seen))

    def in_front_of(self, application: WSGIApplication) -> WSGIApplication:
        """Return the application; the headers of its first receipt are those of every other."""

        def watched(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            if self._headers is not None or not _site_key(environ):
                return application(environ, start_response)

            def start(status: str, headers: Headers, error: Any = None) -> Any:
                if status.startswith(("200 ", "201 ")):
                    self._headers = [(name, value) for name, value in headers if name.lower() not in OF_THE_ANSWER]
                return start_response(status, headers, error) if error else start_response(status, headers)

            return application(environ, start)

        return watched

    def _begun(self, environ: WSGIEnvironment, _start_response: Any) -> Future[Recorded]:
        asked = Request(environ)
        answer = read_post(asked)
        if answer.record_id is None or "Transfer-Encoding" in asked.headers:
            raise NotRemembered
        recorder: Recorder = self._app.extensions["recorder"]
        site_key = _site_key(environ)
        return recorder.begin(
            site_key,
            answer,
            page_origin=page_origin(asked),
            client=reduce_user_agent(asked.headers.get("User-Agent")),
            assure=lambda: look_at(self._app, asked, site_key, answer),
        )

    def _answer(self, made: Future[Recorded], environ: WSGIEnvironment, seen: Seen) -> Whole | None:
        if self._headers is None or not made.done() or made.exception() is not None:
            return None
        recorded = made.result()
        try:
            status, receipt = acknowledge(self._app, recorded)
        except ConsentServerError:
            return None
        body = cast(Response, self._app.json.response(receipt)).get_data()
        environ[ROUTE], environ[SITE] = CONSENTS, receipt["site_key"]
        REQUEST_ID.set(seen.request_id)
        seen.status, seen.size = status, len(body)
        seen.end()
        return status, [*self._headers, ("Content-Length", str(len(body))), (HEADER, seen.request_id)], body


def _site_key(environ: WSGIEnvironment) -> str:
    """Return the site that a choice is posted to; empty for any other request."""
    found = _PATH.fullmatch(environ.get("PATH_INFO", "")) if environ["REQUEST_METHOD"] == "POST" else None
    return found[1] if found else ""


def _is_small(length: str) -> bool:
    return length.isdecimal() and len(length) < 6 and int(length) <= LARGEST_BODY
