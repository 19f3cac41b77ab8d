"""What the stand-in vendors were asked, by whom: the demo's proof that nothing leaves before a yes. In memory only."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

from flask import Blueprint, Response, jsonify, render_template

from consent_server.services.demonstrating import demo_origin

MOST_ROWS = 10_000
PAGE_POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'"


class Row(NamedTuple):
    """One thing that was asked for; ``site`` is empty when the request did not tell."""

    site: str
    host: str
    path: str


class Counters:
    """How often each was asked for; safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rows: Counter[Row] = Counter()

    def add(self, row: Row) -> None:
        """Count one request; past ten thousand different ones nothing new is kept."""
        with self._lock:
            if row in self._rows or len(self._rows) < MOST_ROWS:
                self._rows[row] += 1

    def rows(self) -> list[tuple[Row, int]]:
        """Return every row with its count, by site, host and path."""
        with self._lock:
            return sorted(self._rows.items())

    def reset(self) -> None:
        """Forget everything."""
        with self._lock:
            self._rows.clear()


def counters_page(counters: Counters, sites: Mapping[str, str], port: int) -> Blueprint:
    """Return the page that shows the counters, and their data."""
    page = Blueprint("demo", __name__, url_prefix="/demo", template_folder="templates", static_folder="static")

    @page.get("/requests")
    def requests() -> Response:
        addresses = [(name, demo_origin(key, port)) for key, name in sites.items()]
        response = Response(render_template("requests.html", rows=counters.rows(), sites=addresses))
        response.headers["Content-Security-Policy"] = PAGE_POLICY
        response.headers["Cache-Control"] = "no-store"
        return response

    @page.get("/requests.json")
    def requests_json() -> Response:
        response = jsonify(requests=[{**row._asdict(), "count": count} for row, count in counters.rows()])
        response.headers["Cache-Control"] = "no-store"
        return response

    @page.post("/requests/reset")
    def reset() -> tuple[str, int]:
        counters.reset()
        return "", 204

    return page
