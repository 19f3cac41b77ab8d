"""Whatever is asked and answered, the response goes out whole, with every header that is not ours to change.

Property tests of the two middlewares' heart: no exception, no lost or reordered header, nothing that a server could not
send, no refused cookie, no life beyond 393 days.
"""

from __future__ import annotations

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from consent_server.domain.lifetime import MAX_LIFETIME_SECONDS
from consent_server.guard.cookie_header import as_browsers_read, names_in
from consent_server.guard.headers import guard_headers, read_request, shown_cookies
from consent_server.guard.policy import PolicyOptions
from consent_server.guard.rules import compile_rules
from consent_server.guard.set_cookie import parse_set_cookie
from tests.guard.visits import NO, NOW, YES, configuration

RULES = compile_rules(configuration())
POLICY = PolicyOptions("https://consent.example")

anything = st.text(st.characters(max_codepoint=255), max_size=40)
pieces = st.sampled_from(
    ["_ga", "ad_1", "session", "_fbp", "x", "=", "==", ";", "; ", ",", " ", "\t", "Max-Age", "max-age=99999999",
     "MAX-AGE=+99999999", "Max-Age=-1", "Expires=Fri, 31 Dec 9999 23:59:59 GMT", "Path=/", "Path=/a/b", "Domain=.fr",
     "Domain=example.fr", "Partitioned", "__Host-", "__Secure-", "Secure", '"', "%3B", "\x00", "\x7f", "\xff", "\xa0"]
)  # fmt: skip
soup = st.lists(st.one_of(pieces, anything), max_size=12).map("".join)
other_names = st.sampled_from(["X-A", "content-type", "Cache-Control", "Vary", "Expires", "Location", ""])
header = st.one_of(
    st.tuples(st.sampled_from(["Set-Cookie", "set-cookie", "SET-COOKIE"]), soup),
    st.tuples(other_names, st.one_of(anything, st.sampled_from(["text/html", "no-store", "public, max-age=9"]))),
)
cookies = st.lists(st.one_of(soup, st.sampled_from([NO, YES, "_ga=1", "_pk_id=1", "eu-consent-writes="])), max_size=6)
requests = st.builds(
    lambda host, scheme, dest, cookie, path: read_request(host, scheme, "", dest, "text/html", "; ".join(cookie), path),
    st.one_of(anything, st.sampled_from(["www.example.fr", "[::1]:8", "a..b", "x.co.uk:80"])),
    st.sampled_from(["http", "https", ""]),
    st.sampled_from(["document", "iframe", ""]),
    cookies,
    st.one_of(anything, st.lists(st.sampled_from(["/", "a", "b c", ";", "%2F", "\xe9"]), max_size=30).map("".join)),
)


def is_set_cookie(pair: tuple[str, str]) -> bool:
    return pair[0].lower() == "set-cookie"


@settings(max_examples=150, deadline=None)
@given(requests, st.lists(header, max_size=10))
def test_every_header_that_is_not_ours_to_change_goes_out_in_its_order(request, headers) -> None:  # type: ignore[no-untyped-def]
    before = list(headers)
    found = guard_headers(RULES, request, headers, NOW, POLICY)
    assert headers == before, "the application's own list is not touched"
    others = [pair for pair in before if not is_set_cookie(pair)]
    assert [pair for pair in found if not is_set_cookie(pair)][: len(others)] == others
    added = [pair for pair in found if pair not in before]
    assert all(re.fullmatch(r"[A-Za-z-]+", name) for name, _ in added)
    assert all(value.isprintable() or any(value.startswith(own[:8]) for _, own in before) for _, value in added)
    assert all(value.encode("latin-1") is not None for _, value in found)


@settings(max_examples=150, deadline=None)
@given(requests, st.lists(soup, max_size=6))
def test_no_cookie_goes_out_that_is_refused_or_lives_too_long(request, fields) -> None:  # type: ignore[no-untyped-def]
    now = NOW.timestamp()
    found = guard_headers(RULES, request, [("Set-Cookie", each) for each in fields], NOW)
    granted = YES in request.cookie.split("; ") and NO not in request.cookie.split("; ")
    for _, value in found:
        cookie = parse_set_cookie(value, now)
        assert cookie.latest is None or cookie.latest <= now + MAX_LIFETIME_SECONDS
        tracks = cookie.name in ("_ga", "ad_1", "_fbp") and not cookie.deletes(now)
        assert not tracks or (granted and cookie.name != "_fbp")


@settings(max_examples=150, deadline=None)
@given(requests)
def test_the_application_reads_every_cookie_but_those_that_are_refused(request) -> None:  # type: ignore[no-untyped-def]
    shown = shown_cookies(RULES, request, NOW)
    if YES not in request.cookie:
        assert not {"_ga", "ad_1", "_fbp"} & {as_browsers_read(name) for name in names_in(shown)}
    sent = [each.strip(" \t") for each in request.cookie.split(";")]
    kept = [each.strip(" \t") for each in shown.split(";")]
    hidden = [each for each in sent if each not in kept]
    assert all(re.match(r"(_ga|ad_|_fbp|_hj|what|_pk_)[^=]*=", each, re.DOTALL) for each in hidden if each)
