"""Stand-ins for every vendor: they write what the library says that vendor writes, and call home, as the real ones do.

Knows no vendor: which service a URL belongs to, what it stores and for how long, all comes from the library.
"""

from __future__ import annotations

import json
from collections.abc import Container, Iterator
from typing import Any
from urllib.parse import urlsplit

from werkzeug.datastructures import Headers
from werkzeug.wrappers import Request, Response

from consent_server.domain.library import LibraryService, LibraryTracker
from consent_server.services.demonstrating import LOOPBACK
from consent_server.storage.library import load_library
from consent_server.web.demo.counters import Counters, Row

FOR_A_STAR = "DEMO123"
UNSTATED_SECONDS = 2 * 365 * 86_400
"""Vendors who state no lifetime are taken at their worst."""

VENDORS_OWN_CHOICE_MARK = "EXM-01"
"""Written by a vendor's own opt-out, which nobody uses here."""

PIXEL = bytes.fromhex("47494638396101000100800000000000ffffff21f90401000000002c00000000010001000002024401003b")

SCRIPT = """(function () {
  "use strict";
  var what = %s;
  what.trackers.forEach(function (tracker) {
    try {
      if (tracker.kind === "cookie") document.cookie = tracker.name + "=demo-" + Date.now() + tracker.attributes;
      else if (tracker.kind === "local_storage") localStorage.setItem(tracker.name, "demo-" + Date.now());
      else if (tracker.kind === "session_storage") sessionStorage.setItem(tracker.name, "demo-" + Date.now());
      else if (tracker.kind === "indexed_db") indexedDB.open(tracker.name);
    } catch (refused) { /* as vendors do */ }
  });
  what.beacons.forEach(function (url, i) {
    var options = { method: "POST", mode: "no-cors", credentials: "include", body: "demo" };
    if (i === 0) fetch(url, options).catch(function () {});
    else if (i === 1) navigator.sendBeacon(url, "demo");
    new Image().src = url + "?page=" + encodeURIComponent(location.pathname);
  });
})();
"""

FRAME = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>%(title)s (stand-in)</title>
<style>
body { margin: 0; display: grid; place-items: center; height: 100vh; font: 16px system-ui; background: #e8ecf4; }
</style>
</head><body><p>%(title)s</p><script>%(script)s</script></body></html>
"""


class Vendors:
    """Every host under ``.localhost`` that is no demo site."""

    def __init__(self, counters: Counters, sites: Container[str]) -> None:
        self._counters = counters
        self._sites = sites

    def __call__(self, environ: Any, start_response: Any) -> Any:
        request = Request(environ)
        return self._answer(request)(environ, start_response)

    def _answer(self, request: Request) -> Response:
        host = request.host.partition(":")[0].lower().removesuffix(LOOPBACK)
        if request.method != "OPTIONS":
            self._counters.add(Row(self._site(request), host, request.path))
        service = load_library().find_by_url(f"https://{host}{request.full_path.rstrip('?')}")
        response = _body(request, service, host)
        _add_cookies(response.headers, service, host)
        response.headers["Access-Control-Allow-Origin"] = request.headers.get("Origin", "*")
        response.headers["Access-Control-Allow-Credentials"] = "true"
        response.headers["Access-Control-Allow-Headers"] = "Content-Type"
        response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
        response.headers["Cache-Control"] = "no-store"
        return response

    def _site(self, request: Request) -> str:
        for source in (request.headers.get("Referer"), request.headers.get("Origin"), request.args.get("site")):
            name = (urlsplit(source or "").hostname or source or "").removesuffix(LOOPBACK)
            if name in self._sites:
                return name
        return ""


def make_vendors(counters: Counters, sites: Container[str]) -> Vendors:
    """Return the stand-ins as one WSGI application."""
    return Vendors(counters, sites)


def _body(request: Request, service: LibraryService | None, host: str) -> Response:
    wanted = request.headers.get("Sec-Fetch-Dest") or _by_name(request.path)
    if wanted == "script":
        return Response(_script(service, request, first_party=True), mimetype="text/javascript")
    if wanted in ("iframe", "document"):
        script = _script(service, request, first_party=False)
        return Response(FRAME % {"title": service.name if service else host, "script": script}, mimetype="text/html")
    if wanted == "image":
        return Response(PIXEL, mimetype="image/gif")
    return Response("ok", mimetype="text/plain")


def _by_name(path: str) -> str:
    return next(
        (kind for ending, kind in ((".js", "script"), (".gif", "image"), (".html", "iframe")) if ending in path), ""
    )


def _script(service: LibraryService | None, request: Request, *, first_party: bool) -> str:
    """Return what a script of this service does in a page, or what its frame does on its own domain."""
    if service is None:
        return "/* a vendor the library does not know */"
    host, _, port = request.host.partition(":")
    written = [t for t in service.trackers if t.set_by == "script" and _writes(t)]
    here = [
        t
        for t in written
        if t.first_party == first_party and (t.first_party or t.lives_on(host.removesuffix(LOOPBACK)))
    ]
    beacons = _homes(service, port) if first_party else ()
    return SCRIPT % json.dumps({"trackers": [_written(tracker) for tracker in here], "beacons": list(beacons)})


def _writes(tracker: LibraryTracker) -> bool:
    return tracker.exemption is None or tracker.exemption.ground != VENDORS_OWN_CHOICE_MARK


def _written(tracker: LibraryTracker) -> dict[str, str]:
    site = "; SameSite=Lax" if tracker.first_party else "; SameSite=None; Secure"
    return {"name": _name(tracker), "kind": tracker.kind, "attributes": f"; Path=/{site}{_max_age(tracker)}"}


def _name(tracker: LibraryTracker) -> str:
    return tracker.name.replace("*", FOR_A_STAR)


def _max_age(tracker: LibraryTracker) -> str:
    if tracker.lifetime is None:
        return f"; Max-Age={UNSTATED_SECONDS}"
    return "" if tracker.lifetime.is_session else f"; Max-Age={tracker.lifetime.nominal_seconds}"


def _homes(service: LibraryService, port: str) -> Iterator[str]:
    """Yield where the service collects: one address on each host of its patterns that serves more than a script."""
    seen = set()
    for pattern in service.url_patterns:
        host, slash, path = pattern.partition("/")
        host = host.replace("*", "www")
        if ".js" not in path and "/js" not in path and host not in seen:
            seen.add(host)
            yield f"http://{host}{LOOPBACK}:{port}{(slash + path).replace('/*', '/collect').replace('*', '')}"


def _add_cookies(headers: Headers, service: LibraryService | None, host: str) -> None:
    """Set the vendor's own cookies on its own domain, as only its server can."""
    for tracker in service.trackers if service else ():
        if tracker.kind == "cookie" and tracker.set_by == "http" and tracker.lives_on(host) and _writes(tracker):
            http_only = "; HttpOnly" if tracker.http_only else ""
            where = f"; Domain={tracker.domain}{LOOPBACK}; Path=/; SameSite=None; Secure"
            headers.add("Set-Cookie", f"{_name(tracker)}=demo{where}{_max_age(tracker)}{http_only}")
