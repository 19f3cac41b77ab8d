"""Around a WSGI application, the guard changes headers and nothing else."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent_server.domain.errors import Invalid
from consent_server.guard import wsgi
from consent_server.guard.policy import PolicyOptions
from consent_server.guard.wsgi import ConsentGuard
from tests.guard.visits import NO, NOW, YES, configuration

Answer = tuple[str, list[tuple[str, str]], bytes]


def application(*headers: tuple[str, str], body: Iterable[bytes] = (b"hello",)) -> Any:
    def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        start_response("200 OK", [("Content-Type", "text/html"), *headers])
        return body

    return app


def ask(app: Any, cookie: str = "", **environ: Any) -> Answer:
    environ = {"HTTP_HOST": "www.example.fr", "wsgi.url_scheme": "https", "HTTP_ACCEPT": "text/html", **environ}
    environ |= {"HTTP_COOKIE": cookie} if cookie else {}
    setup_testing_defaults(environ)
    environ["QUERY_STRING"] = ""
    found: list[Any] = []
    written: list[bytes] = []

    def start_response(status: str, headers: list[tuple[str, str]], error: Any = None) -> Any:
        found[:] = [status, headers]
        return written.append

    body = app(environ, start_response)
    try:
        read = b"".join(body)
    finally:
        if hasattr(body, "close"):
            body.close()
    return found[0], found[1], b"".join(written) + read


def guard(app: Any, **options: Any) -> ConsentGuard:
    return ConsentGuard(app, configuration(), now=lambda: NOW, **options)


def test_a_tracker_is_stripped_and_the_page_is_not_touched() -> None:
    app = application(("Set-Cookie", "_ga=1"), ("Set-Cookie", "session=2"), ("X-A", "b"))
    status, headers, body = ask(guard(app), NO)
    assert (status, body) == ("200 OK", b"hello")
    assert headers[:3] == [("Content-Type", "text/html"), ("Set-Cookie", "session=2"), ("X-A", "b")]
    assert ("Set-Cookie", "_ga=1") in ask(guard(app), YES)[1]


def test_an_application_that_changes_its_environment_does_not_change_the_judgement() -> None:
    inner = application(("Set-Cookie", "_ga=1"))

    def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        environ["HTTP_COOKIE"] = YES
        return inner(environ, start_response)  # type: ignore[no-any-return]

    assert ("Set-Cookie", "_ga=1") not in ask(guard(app), NO)[1]


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        (f"_ga=1; a=b; {NO}", f"a=b; {NO}"),
        (f"_ga=1; {YES}", f"_ga=1; {YES}"),
        ("_ga=1", ""),
        ("a=b", "a=b"),
        ("", None),
    ],
)
def test_the_application_reads_what_is_granted_and_nothing_else(sent: str, read: str | None) -> None:
    seen = []

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        seen.append(environ.get("HTTP_COOKIE"))
        start_response("204 No Content", [])
        return []

    ask(guard(app), sent)
    assert seen == [read]


def test_a_leftover_is_looked_for_below_the_path_that_was_asked() -> None:
    found = ask(guard(application()), f"{NO}; _ga=1", SCRIPT_NAME="/shop", PATH_INFO="/a b/\xc3\xa9")[1]
    paths = {value.partition("Path=")[2].partition(";")[0] for name, value in found if value.startswith("_ga=;")}
    assert paths == {"/", "/shop", "/shop/", "/shop/a%20b", "/shop/a%20b/", "/shop/a%20b/%C3%A9"}


def test_the_guard_is_valid_wsgi_on_both_sides() -> None:
    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("200 OK", [("Content-Type", "text/html"), ("Set-Cookie", "_ga=1; Max-Age=99999999")])
        return [b"hello"]

    for cookie in ("", YES, NO + "; _ga=1", "\xff" * 99):
        assert ask(validator(guard(validator(app))), cookie)[2] == b"hello"


def test_what_the_application_returns_is_what_the_server_gets() -> None:
    body = iter([b"a"])
    assert guard(application(body=body))({}, lambda *_: None) is body  # type: ignore[arg-type, return-value]


@given(st.lists(st.binary(max_size=50), max_size=8), st.booleans())
def test_a_stream_comes_through_byte_for_byte_and_is_closed(parts: list[bytes], late: bool) -> None:
    class Stream:
        closed = False

        def __iter__(self) -> Iterator[bytes]:
            if late:
                start[0]("200 OK", [("Set-Cookie", "_ga=1")])
            yield from parts

        def close(self) -> None:
            self.closed = True

    start: list[Any] = []
    stream = Stream()

    def app(environ: dict[str, Any], start_response: Any) -> Any:
        start.append(start_response)
        if not late:
            start_response("200 OK", [("Set-Cookie", "_ga=1")])
        return stream

    assert ask(guard(app)) == ("200 OK", [], b"".join(parts))
    assert stream.closed


def test_writing_and_starting_again_after_an_error_work_as_without_us() -> None:
    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("200 OK", [("Set-Cookie", "_ga=1")])
        try:
            raise RuntimeError
        except RuntimeError:
            write = start_response("500 Oops", [("Set-Cookie", "_ga=2"), ("X-A", "1")], sys.exc_info())
        write(b"first ")
        return [b"then"]

    assert ask(guard(app)) == ("500 Oops", [("X-A", "1")], b"first then")


def test_a_policy_is_sent_with_pages_and_says_that_it_depends_on_the_visitor() -> None:
    options = PolicyOptions("https://consent.example", report_only=True)
    headers = dict(ask(guard(application(), policy=options))[1])
    assert headers["Content-Security-Policy-Report-Only"].startswith("default-src 'self'")
    assert headers["Vary"] == "Cookie"
    framed = dict(ask(guard(application(), policy=options), HTTP_SEC_FETCH_DEST="iframe")[1])
    assert "Content-Security-Policy-Report-Only" in framed
    assert "Set-Cookie" not in framed


def test_a_guard_without_rules_is_noticed_when_it_is_installed(tmp_path: Path) -> None:
    with pytest.raises(Invalid):
        ConsentGuard(application(), {})
    with pytest.raises(OSError, match="nowhere"):
        ConsentGuard(application(), tmp_path / "nowhere.json")


def test_the_guard_loads_nothing_but_the_domain_and_the_standard_library(tmp_path: Path) -> None:
    program = (
        "import sys, json, consent_server.guard.wsgi, consent_server.guard.asgi, consent_server.guard.fetching;"
        "print(json.dumps([m for m in sys.modules if m.partition('.')[0] not in sys.stdlib_module_names]))"
    )
    root = Path(wsgi.__file__).parents[2]
    ran = subprocess.run(
        [sys.executable, "-S", "-c", program], check=True, capture_output=True, cwd=tmp_path,
        env={"PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1"},
    )  # fmt: skip
    found = set(json.loads(ran.stdout)) - {"__main__", "consent_server"}
    assert {".".join(name.split(".")[:2]) for name in found} == {"consent_server.domain", "consent_server.guard"}
