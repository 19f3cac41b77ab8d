"""What becomes of one response's headers: the guard's recipe. Pure: no clock, no server, no body.

A mistake of ours must not break a page, nor let a tracker through: what is added is added last, and when any step fails
the headers go out as they came, without the cookies that are surely refused.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address
from math import floor
from typing import TypeVar

from consent_server.guard.choice import COOKIE, OURS, SavedChoice, read_choice
from consent_server.guard.cookie_header import as_browsers_read, names_in, without
from consent_server.guard.first_writes import FirstWrites
from consent_server.guard.policy import PolicyOptions, content_security_policy
from consent_server.guard.rules import Rules, Verdict
from consent_server.guard.set_cookie import SetCookie, parse_set_cookie

Headers = list[tuple[str, str]]
T = TypeVar("T")

MOST_ADDED = 2048
"""Bytes of deletions in one response: servers in front give up on large heads. The others go with the next page."""

DEEPEST = 11
"""Folders of a path in which leftovers are looked for."""

PATH_SAFE = "/!$&'()*+,:;=@~"
"""What browsers leave as it is in a path, beside letters, digits and ``-._``."""

_log = logging.getLogger("consent_server.guard")
_SENDABLE_NAME = re.compile(r"[\x21-\x3a\x3c\x3e-\x7e\x80-\xff]{1,256}\Z")
_SENDABLE_PATH = re.compile(r"/[\x21-\x3a\x3c-\x7e]{0,255}\Z")
_SENDABLE_VALUE = re.compile(r"[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]+\Z")  # cookie-octet, RFC 6265 4.1.1
_EVERYBODY = ("expires", "surrogate-control", "cdn-cache-control")


@dataclass(frozen=True)
class Request:
    """What the guard knows of a request; ``navigation``: the visitor is opening a page. ``path`` as it was sent."""

    host: str
    secure: bool
    navigation: bool
    cookie: str
    path: str = "/"


def read_request(
    host: str, scheme: str, forwarded_proto: str, fetch_dest: str, accept: str, cookie: str, path: str = "/"
) -> Request:
    """Return the request of which these are the headers.

    ``X-Forwarded-Proto`` is believed: all it does here is add ``Secure``, to the answer of whoever sent it.
    """
    name = host.strip().lower()
    name = name.rpartition("]")[0].lstrip("[") if name.startswith("[") else name.partition(":")[0]
    secure = scheme in ("https", "wss") or forwarded_proto.partition(",")[0].strip().lower() == "https"
    navigation = fetch_dest == "document" if fetch_dest else "text/html" in accept.lower()
    return Request(name.rstrip("."), secure, navigation, cookie, path)


def shown_cookies(rules: Rules, request: Request, now: datetime) -> str:
    """Return the ``Cookie`` header for the application to read: without what is not granted (WD-04); never raises.

    What is refused but still on the device goes with the next page; until then nobody reads it.
    """
    try:
        choice = _choice(rules, request, now)
        refused = {name for name in names_in(request.cookie) if not _is_allowed(rules, request, name, choice)}
        return without(request.cookie, refused) if refused else request.cookie
    except Exception:  # the site needs its cookies
        _log.exception("the guard failed; the application reads every cookie that was sent")
        return request.cookie


def _is_allowed(rules: Rules, request: Request, name: str, choice: SavedChoice | None) -> bool:
    return rules.cookie(as_browsers_read(name), (request.host,), choice).allowed


def guard_headers(
    rules: Rules, request: Request, headers: Headers, now: datetime, options: PolicyOptions | None = None
) -> Headers:
    """Return the headers to send instead of ``headers``; never raises."""
    choice = None
    try:
        html = _is_page(headers)
        page = html and request.navigation
        limited = html and options is not None  # frames of ours need the policy too
        if not page and not limited and not any(name.lower() == "set-cookie" for name, _ in headers):
            return headers
        # 1. What did the visitor answer?
        choice = _choice(rules, request, now)
        # 2. Refuse and shorten, each cookie in its place.
        writes = FirstWrites(request.cookie, now.timestamp())
        kept = _guarded(rules, request, headers, choice, writes, now.timestamp())
        # 3. Add ours, last, and never to an answer that a cache would give to somebody else.
        if not _is_for_everybody(headers):
            kept += _private(
                headers, _added(rules, request, kept, choice, writes, now) if page else [], writes, request
            )
        if html and options:
            kept += _policy(rules, request, choice, options)
        return kept
    except Exception:  # whatever breaks here must not break the site's response
        _log.exception("the guard failed; the response goes out without what is surely refused")
        return [header for header in headers if not _is_refused(rules, request, header, choice, now)]


def _choice(rules: Rules, request: Request, now: datetime) -> SavedChoice | None:
    saved = read_choice(request.cookie, rules.choice_lifetime, now)
    return rules.still_answered(saved) if saved else None


def _guarded(
    rules: Rules, request: Request, headers: Headers, choice: SavedChoice | None, writes: FirstWrites, now: float
) -> Headers:
    sent = {as_browsers_read(name) for name in names_in(request.cookie)}
    kept = []
    for name, value in headers:
        if name.lower() != "set-cookie":
            kept.append((name, value))
            continue
        cookie = parse_set_cookie(value, now)
        if cookie.deletes(now):
            kept.append((name, _said(value, cookie, now)))
            continue
        verdict = _judge(rules, request, cookie, choice)
        if verdict.allowed:
            since = choice.time.timestamp() if choice else None
            kept.append((name, _shortened(value, cookie, verdict, writes, cookie.name in sent, since, now)))
    return kept


def _judge(rules: Rules, request: Request, cookie: SetCookie, choice: SavedChoice | None) -> Verdict:
    return rules.cookie(cookie.name, (request.host, cookie.domain or request.host), choice)


def _shortened(
    text: str,
    cookie: SetCookie,
    verdict: Verdict,
    writes: FirstWrites,
    sent: bool,
    since: float | None,
    now: float,
) -> str:
    """Return the field, ending no later than it may: a session stays a session, a shorter life stays as it is."""
    if cookie.latest is None:
        return _said(text, cookie, now)
    if not verdict.lifetime:
        return cookie.ending(None, now)
    if cookie.name in OURS:
        end = now + verdict.lifetime  # a choice counts from itself: each is a first write
    else:
        end = writes.end(cookie.name, verdict.lifetime, sent=sent, known_since=since)
    return cookie.ending(end, now) if cookie.latest > end else _said(text, cookie, now)


def _said(text: str, cookie: SetCookie, now: float) -> str:
    """Return the field with the life it has, as it was spelled where no browser reads it otherwise."""
    return text if cookie.plain else cookie.ending(cookie.latest, now)


def _is_refused(
    rules: Rules, request: Request, header: tuple[str, str], choice: SavedChoice | None, now: datetime
) -> bool:
    """Whether a header is surely a cookie that is refused; when in doubt it is the site's own."""
    try:
        if header[0].lower() != "set-cookie":
            return False
        cookie = parse_set_cookie(header[1], now.timestamp())
        return not cookie.deletes(now.timestamp()) and not _judge(rules, request, cookie, choice).allowed
    except Exception:  # what cannot be judged is not surely refused, and the site needs its cookies
        return False


def _added(
    rules: Rules, request: Request, kept: Headers, choice: SavedChoice | None, writes: FirstWrites, now: datetime
) -> list[str]:
    """Return deletions of what is no longer granted, and the choice itself when no server has set it yet."""
    added = _deletions(_leftovers(rules, request, choice), request, now.timestamp())
    own = any(name.lower() == "set-cookie" and value.lstrip().startswith(f"{COOKIE}=") for name, value in kept)
    if choice and not own and not writes.has_set(choice.text) and _SENDABLE_VALUE.match(choice.text):
        # KEEP-05: Safari keeps a cookie written by a script for seven days, one set by HTTP for its whole life. Once is
        # enough, and a value set at every page could undo what the visitor answers while a slow page is on its way.
        seconds = floor((rules.choice_lifetime.end(choice.time) - now).total_seconds())
        secure = "; Secure" * request.secure
        added.append(f"{COOKIE}={choice.text}; Max-Age={seconds}; Path=/; SameSite=Lax{secure}")
        writes.note_set(choice.text)
    return added


def _leftovers(rules: Rules, request: Request, choice: SavedChoice | None) -> list[str]:
    """Return the names sent that somebody declared and nobody granted (WD-05)."""
    names = [name for name in names_in(request.cookie) if _SENDABLE_NAME.match(name)]
    verdicts = [(name, rules.cookie(as_browsers_read(name), (request.host,), choice)) for name in names]
    return [name for name, verdict in verdicts if verdict.ruled and not verdict.allowed]


def _deletions(names: list[str], request: Request, now: float) -> list[str]:
    """Return what takes these cookies away; browsers refuse a public suffix, and do not tell where a cookie lies.

    First the usual place, then every other: the rest is found by one of the next pages. What resists must not keep the
    others waiting for ever, so they take turns.
    """
    turn = int(now * 997)  # another one for each page, also within a second
    places = _places(request)
    added: list[str] = []
    room = MOST_ADDED
    for place in places[:1] + _from(places[1:], turn):
        for name in _from(names, turn):
            ways = [f"{name}=; Max-Age=0; Path={place[0]}{domain}{place[1]}" for domain in _domains(request.host)]
            room -= sum(len(way) + len("Set-Cookie: \r\n") for way in ways)
            if room < 0:
                return added
            added += ways
    return added


def _from(things: list[T], turn: int) -> list[T]:
    first = turn % len(things) if things else 0
    return things[first:] + things[:first]


def _places(request: Request) -> list[tuple[str, str]]:
    """Return where a cookie that came with this request may lie: paths, and the attributes that reach it there."""
    if not request.secure:
        return [(path, "") for path in _paths(request.path)]
    # __Secure- and __Host- names take nothing without Secure; partitioned cookies are others of the same name.
    kinds = ("; Secure", "; Secure; SameSite=None; Partitioned")
    return [(path, kind) for kind in kinds for path in _paths(request.path)]


def _paths(path: str) -> list[str]:
    """Return every path of which this one is, or is below."""
    found = ["/"]
    for at in [i for i, character in enumerate(path) if character == "/" and i][:DEEPEST]:
        found += [path[:at], path[: at + 1]]
    return [each for each in dict.fromkeys([*found, path]) if _SENDABLE_PATH.match(each)]


def _domains(host: str) -> Iterable[str]:
    labels = host.split(".")
    if _is_address(host) or not all(labels):
        return [""]
    suffixes = [".".join(labels[i:]) for i in range(len(labels) - 1)]
    return ["", *(f"; Domain={suffix}" for suffix in suffixes[-4:] if re.fullmatch(r"[a-z0-9_.-]+", suffix))]


def _is_address(host: str) -> bool:
    try:
        return bool(ip_address(host))
    except ValueError:
        return False


def _private(headers: Headers, added: list[str], writes: FirstWrites, request: Request) -> Headers:
    """Return our cookies as headers, with the word that keeps them out of shared caches."""
    memory = writes.set_cookie(request.secure)
    found: Headers = [("Set-Cookie", each) for each in [*added, *([memory] if memory else [])]]
    if found and not _directives(headers) & {"private", "no-store"}:
        found.append(("Cache-Control", "private"))
    return found


def _policy(rules: Rules, request: Request, choice: SavedChoice | None, options: PolicyOptions) -> Headers:
    text = content_security_policy(rules, choice, request.host, options)
    return [(options.header, text), ("Vary", "Cookie")] if text else []


def _is_page(headers: Headers) -> bool:
    kinds = [value.partition(";")[0].strip().lower() for name, value in headers if name.lower() == "content-type"]
    return bool(kinds) and kinds[-1] in ("text/html", "application/xhtml+xml")


def _is_for_everybody(headers: Headers) -> bool:
    """Whether a shared cache may keep this answer: then whatever we add would reach other visitors."""
    directives = _directives(headers)
    if directives & {"private", "no-store"}:
        return False
    lasting = any(each.startswith(("max-age=", "s-maxage=")) and not each.endswith("=0") for each in directives)
    named = not directives and any(name.lower() in _EVERYBODY for name, _ in headers)
    return "public" in directives or lasting or named


def _directives(headers: Headers) -> set[str]:
    values = ",".join(value for name, value in headers if name.lower() == "cache-control")
    return {each.strip().lower().replace('"', "") for each in values.split(",")} - {""}
