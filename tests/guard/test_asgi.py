"""Around an ASGI application, the guard changes headers and nothing else."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from consent_server.guard.asgi import ConsentGuard
from tests.guard.visits import NO, NOW, YES, configuration

SCOPE = {
    "type": "http",
    "scheme": "https",
    "server": ("127.0.0.1", 8000),
    "headers": [(b"host", b"www.example.fr"), (b"sec-fetch-dest", b"document")],
}


def run(
    messages: list[dict[str, Any]], scope: dict[str, Any], *cookies: str, seen: list[Any] | None = None
) -> list[Any]:
    """Give what the server is sent when the application sends ``messages``; ``seen`` gets the scope it was given."""
    sent: list[Any] = []
    seen = [] if seen is None else seen
    scope = {
        **scope,
        "headers": [*scope.get("headers", ()), *((b"cookie", each.encode("latin-1")) for each in cookies)],
    }

    async def app(its: Any, receive: Any, send: Any) -> None:
        seen.append(its)
        assert receive is nothing
        for message in messages:
            await send(message)

    async def nothing() -> Any:
        raise AssertionError

    async def keep(message: Any) -> None:
        sent.append(message)

    guarded = ConsentGuard(app, configuration(), now=lambda: NOW)
    # In a thread of its own: where a browser is driven, the session's thread has a running loop already.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(lambda: asyncio.run(guarded(scope, nothing, keep))).result()
    return sent


def start(*headers: tuple[bytes, bytes]) -> dict[str, Any]:
    return {"type": "http.response.start", "status": 200, "headers": list(headers)}


def test_a_tracker_is_stripped_in_its_place() -> None:
    message = start((b"x-a", b"1"), (b"set-cookie", b"_ga=1"), (b"set-cookie", b"session=\xff; ;odd"), (b"x-a", b"2"))
    (found,) = run([message], SCOPE, NO)
    assert found["headers"] == [message["headers"][i] for i in (0, 2, 3)]
    assert found["status"] == 200
    assert len(message["headers"]) == 4


def test_cookies_in_several_headers_are_one() -> None:
    (found,) = run([start((b"set-cookie", b"_ga=1"))], SCOPE, "a=b", YES)
    assert (b"set-cookie", b"_ga=1") in found["headers"]


def test_a_page_sets_the_choice_by_http_in_lower_case() -> None:
    (found,) = run([start((b"content-type", b"text/html"))], SCOPE, YES)
    assert [name for name, value in found["headers"] if value.startswith(YES.encode())] == [b"set-cookie"]
    assert all(name == name.lower() for name, _ in found["headers"])


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.binary(max_size=40), st.booleans()), max_size=8))
def test_a_stream_comes_through_as_the_same_messages(parts: list[tuple[bytes, bool]]) -> None:
    bodies = [{"type": "http.response.body", "body": body, "more_body": more} for body, more in parts]
    found = run([start((b"set-cookie", b"_ga=1")), *bodies], SCOPE)
    assert found[0]["headers"] == []
    assert all(one is other for one, other in zip(found[1:], bodies, strict=True))


def test_headers_that_can_be_read_but_once_arrive() -> None:
    headers = [(b"content-type", b"image/png"), (b"x-a", b"1")]
    (found,) = run([{**start(), "headers": iter(headers)}], SCOPE)
    assert list(found["headers"]) == headers
    (found,) = run([{**start(), "headers": iter([*headers, (b"set-cookie", b"_ga=1")])}], SCOPE)
    assert found["headers"] == headers


def test_the_application_reads_what_is_granted_and_nothing_else() -> None:
    seen: list[Any] = []
    run([], SCOPE, "_ga=1; a=b", NO, "_ga=2", seen=seen)
    run([], SCOPE, "_ga=1", seen=seen)
    run([], SCOPE, "_ga=1", YES, seen=seen)
    cookies = [[value.decode() for name, value in scope["headers"] if name == b"cookie"] for scope in seen]
    assert cookies == [[f"a=b; {NO}"], [], ["_ga=1", YES]]
    assert all(scope["headers"][:2] == SCOPE["headers"] for scope in seen)


def test_a_leftover_is_looked_for_below_the_path_that_was_asked() -> None:
    for scope in ({"raw_path": b"/a%20b/c"}, {"path": "/a b/c"}):
        (found,) = run([start((b"content-type", b"text/html"))], {**SCOPE, **scope}, NO, "_ga=1")
        assert any(b"; Path=/a%20b;" in value for _, value in found["headers"])


def test_what_is_not_changed_is_the_same_object() -> None:
    seen: list[Any] = []
    run([], SCOPE, seen=seen)
    assert seen[0]["headers"] == SCOPE["headers"]
    message = start((b"content-type", b"image/png"))
    assert run([message], SCOPE, NO)[0] is message
    bare = {"type": "http.response.start", "status": 204}
    assert run([bare], SCOPE)[0] is bare


def test_lifespan_passes_untouched() -> None:
    message = {"type": "lifespan.startup.complete"}
    assert run([message], {"type": "lifespan"})[0] is message


def test_a_websocket_passes_and_its_handshake_sets_no_tracker() -> None:
    accept = {"type": "websocket.accept", "headers": [(b"set-cookie", b"_ga=1"), (b"set-cookie", b"a=1")]}
    plain, text = {"type": "websocket.accept"}, {"type": "websocket.send", "text": "x"}
    found = run([accept, plain, text], {**SCOPE, "type": "websocket", "scheme": "wss"}, NO)
    assert found[0]["headers"] == [(b"set-cookie", b"a=1")]
    assert found[1] is plain
    assert found[2] is text
