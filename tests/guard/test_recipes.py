"""The recipes of docs/how-to-guard.md for nginx and PHP do what the guard does, each in its real server.

Skipped where that server is not installed, which says so: they are not ours, and nothing else here needs them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.guard import recipes
from tests.guard.recipes import Answer, Running
from tests.guard.test_lifetimes import field
from tests.guard.visits import choice, configuration, service, tracker
from tests.programs import ProgramMissing

NOW = datetime.now(UTC)
MADE = NOW - timedelta(days=40, hours=9)
YES = choice({"audience": True, "marketing": True}, at=MADE)
NO = choice({"audience": False, "marketing": False}, at=MADE)
AUDIENCE = choice({"audience": True, "marketing": False}, at=MADE)
FAR = "Max-Age=99999999"
VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "saved_choices.json").read_text(encoding="utf-8"))

DOCUMENT = configuration(
    purposes=[
        {"id": "necessary", "exempt": True, "since": 1},
        {"id": "audience", "exempt": False, "since": 1},
        {"id": "marketing", "exempt": False, "since": 1},
        {"id": "added", "exempt": False, "since": 9},
    ],
    services=[
        *configuration()["services"],
        service("late", "added", tracker("late", "added")),
        service("moved", "audience", tracker("moved", "marketing")),
        service("hosted", "marketing", tracker("hosted", "marketing", domain=".Www.Example.fr")),
        service("elsewhere", "marketing", tracker("elsewhere", "marketing", domain="other.example")),
        service("stars", "marketing", *(tracker(name, "marketing") for name in ("x_*", "x_y*", "*z*_end"))),
        service("kept", "necessary", tracker("x_safe", "necessary"), tracker("x_y*", "necessary")),
    ],
)


@pytest.fixture(scope="module")
def guard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """What the recipes are compared with."""
    with recipes.python(tmp_path_factory.mktemp("python"), DOCUMENT) as running:
        yield running


@pytest.fixture(scope="module", params=["php", "njs"])
def recipe(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Each recipe in its server."""
    folder = tmp_path_factory.mktemp(request.param)
    folder.chmod(0o755)
    folder.parent.chmod(0o755)  # nginx gives its rights away when it is started by root
    with ExitStack() as stack:
        try:
            running = stack.enter_context(getattr(recipes, request.param)(folder, DOCUMENT))
        except ProgramMissing as missing:
            pytest.skip(str(missing))
        yield running
        log = folder / "error.log"
        assert not log.exists() or "consent guard:" not in log.read_text()


def said(answer: Answer) -> tuple[list[tuple[str, int]], str]:
    """Give the cookies in an order of their own, lives apart, and what the application read."""
    cookies = [
        (re.sub(r"Max-Age=\d+", "Max-Age", each), *re.findall(r"; Max-Age=(\d+)", each)[-1:]) for each in answer.cookies
    ]
    return sorted((text, int(age[0]) if age else -1) for text, *age in cookies), answer.read


def same(one: Answer, other: Answer) -> None:
    """Assert that two servers answered alike; their clocks may have ticked between."""
    (cookies, read), (expected, expected_read) = said(one), said(other)
    assert read.strip() == expected_read.strip()  # servers take spaces off the ends of headers, or not
    assert [text for text, _ in cookies] == [text for text, _ in expected]
    assert all(abs(age - wanted) <= 5 for (_, age), (_, wanted) in zip(cookies, expected, strict=True)), (
        cookies,
        expected,
    )


KINDS = """_ga=1; Path=/ | session=2 | _ga_X=3; FAR | _gs=4; FAR | ad_1=5 | _fbp=6 | _hjX=7 | nobody=8; FAR | what=9
| _pk_id=1 | late=1 | moved=1 | hosted=1 | elsewhere=1 | elsewhere=2; Domain=.OTHER.example | x_a=1 | x_yes=1 | x_safe=1
| azb_end=1 | z_end=1 | _end=1 | eu-consent-probe=1; FAR | _GA=1 | _ga | =_ga=1 | = _ga=1 | _ga=; Max-Age=0
| ad_1=x; Expires=Thu, 01 Jan 1970 00:00:00 GMT | _ga=1; Max-Age=60; FAR | _ga=1; FAR; Max-Age=60
| _ga=1; Max-Age=+99999999 | _ga=1; Max-Age=1e9 | _ga=1; Expires=never | _ga=1; Expires=2099-01-01T00:00:00Z
| _ga=1; Expires=Tue, 01-Jan-2069 00:00:00 GMT; SECURE;;x=y
| _ga=1; Max-Age=0; Max-Age | _ga=1; Expires=1 Jan 09999 00:00:00 1970 | _ga=1; Max-Age=+0; a=b
| session=1; Expires=Sat, 1 Jan 09999 00:00:00 GMT; Path=/ | _ga=1; Max-Age=-000000000000000001 | _ga=x; Max-Age=60; FAR
| session=1; expires=Jan 1 0:0:0 2060; Max-Age=99999999999999999999999999"""
FIELDS = [each.strip() for each in KINDS.replace("FAR", FAR).split("|")]

CHOICES = [
    "",
    YES,
    NO,
    AUDIENCE,
    choice({"audience": True}, at=NOW - timedelta(days=300)),
    choice({"audience": True}, version=1, at=MADE),
    choice({"audience": False}, services={"analytics": True, "moved": True}, at=MADE),
    choice({"audience": True}, services={"analytics": False, "counter": False}, at=MADE),
    choice({"added": True, "marketing": True}, at=MADE),
    f"{YES}; {NO}",
    f"{choice({'audience': False}, at=MADE + timedelta(days=1))}; {YES}",
]


@pytest.mark.parametrize("cookie", CHOICES, ids=range(len(CHOICES)))
def test_each_kind_of_cookie_under_each_choice(recipe: Running, guard: Running, cookie: str) -> None:
    for sent in ("", "_ga=1; ad_1=2; session=3; _fbp=4; odd; nobody=5; hosted=6; moved=7"):
        header = "; ".join(each for each in (cookie, sent) if each)
        same(recipe.ask(header, FIELDS, Sec_Fetch_Dest="empty"), guard.ask(header, FIELDS, Sec_Fetch_Dest="empty"))


@pytest.mark.parametrize(
    ("cookie", "about"),
    [
        (f"{NO}; _ga=1", {}),
        (f"{YES}; _ga=1", {}),
        ("_ga=1", {}),
        (f"{NO}; _pk_id=1", {}),
        ("_pk_id=1", {}),
        (f"{NO}; _ga=1", {"X_Forwarded_Proto": ""}),
        (f"{NO}; _ga=1", {"path": "/shop/cart/x?a=/b", "X_Forwarded_Proto": ""}),
        (f"{NO}; _ga=1", {"path": "/shop/", "X_Forwarded_Proto": ""}),
        (f"{NO}; _ga=1", {"Host": "localhost:8000"}),
        (f"{NO}; _ga=1", {"Host": "192.0.2.1"}),
        (f"{NO}; _ga=1", {"Host": "WWW.Example.fr."}),
        (f"{NO}; _ga=1", {"Host": "a.b.c.d.e.f.example.fr", "X_Forwarded_Proto": ""}),
        (f"{NO}; _ga=1", {"Sec_Fetch_Dest": "iframe"}),
        (f"{NO}; _ga=1", {"Sec_Fetch_Dest": "", "Accept": "text/html,*/*"}),
        (f"{NO}; _ga=1", {"Sec_Fetch_Dest": "", "Accept": "*/*"}),
        (f"{NO}; _ga=1", {"headers": ("Content-Type: image/png",)}),
        (f"{NO}; _ga=1", {"headers": ("Content-Type: application/xhtml+xml;charset=utf-8",)}),
        (f"{NO}; _ga=1", {"headers": ("Cache-Control: public, max-age=60",)}),
        (f"{NO}; _ga=1", {"headers": ("Cache-Control: S-MaxAge=60",)}),
        (f"{NO}; _ga=1", {"headers": ("Cache-Control: no-store, max-age=60",)}),
        (f"{NO}; _ga=1", {"headers": ("Cache-Control: max-age=0",)}),
        (f"{NO}; _ga=1", {"headers": ("Expires: Fri, 31 Dec 9999 23:59:59 GMT",)}),
        (f"{NO}; {'a' * 200}=1; _ga=2; {'b' * 300}=3", {}),
        ("eu-consent=; _ga=1", {}),
        (YES, {"fields": ["eu-consent=new; Max-Age=5"]}),
        (f"{YES}; __proto__=1; constructor=2; _ga=3", {"fields": ["__proto__=1; " + FAR, "toString=1"]}),
    ],
)  # fmt: skip
def test_a_page_gets_the_same_cookies_of_ours(
    recipe: Running, guard: Running, cookie: str, about: dict[str, Any]
) -> None:
    same(recipe.ask(cookie, **about), guard.ask(cookie, **about))


def test_what_carries_our_cookies_is_private(recipe: Running) -> None:
    def control(*headers: str) -> str:
        found = [value for name, value in recipe.ask(YES, headers=headers).headers if name.lower() == "cache-control"]
        return ", ".join(found)

    assert "private" in control()
    assert control("Cache-Control: no-cache") == "no-cache, private"
    assert control("Cache-Control: public") == "public"


def test_what_one_remembers_the_other_reads(recipe: Running, guard: Running) -> None:
    fields = [f"session=1; {FAR}", f"nobody=1; {FAR}"]
    for first, then in ((recipe, guard), (guard, recipe)):
        (memory,) = [each for each in first.ask("", fields).cookies if each.startswith("eu-consent-writes=")]
        header = f"session=1; nobody=1; {memory.partition(';')[0]}"
        assert not [each for each in then.ask(header, fields).cookies if each.startswith("eu-consent-writes=")]
        aged = header[: -len("xxx")] + "000"
        same(recipe.ask(aged, fields), guard.ask(aged, fields))


def test_the_choice_is_set_by_http_once(recipe: Running) -> None:
    memory = next(each for each in recipe.ask(NO).cookies if each.startswith("eu-consent-writes=")).partition(";")[0]
    assert recipe.ask(f"{NO}; {memory}").cookies == []
    assert len(recipe.ask(f"{YES}; {memory}").cookies) == 2


SENDABLE = [
    row for row in VECTORS if not re.search(r"[\x00-\x08\x0a-\x1f\x7f]", row["cookie"].encode().decode("latin-1"))
]


@pytest.mark.parametrize("case", [pytest.param(row, id=row["desc"]) for row in SENDABLE])
def test_a_choice_is_read_as_strictly(recipe: Running, guard: Running, case: dict[str, Any]) -> None:
    header = case["cookie"].encode().decode("latin-1")
    same(recipe.ask(header, FIELDS), guard.ask(header, FIELDS))


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(field, max_size=5), st.sampled_from(["", YES, NO]), st.booleans())
def test_lives_end_as_the_guard_ends_them(
    recipe: Running, guard: Running, fields: list[str], cookie: str, sent: bool
) -> None:
    header = "; ".join(each for each in (cookie, "session=1; nobody=1; _ga=1" if sent else "") if each)
    same(recipe.ask(header, fields, Sec_Fetch_Dest="empty"), guard.ask(header, fields, Sec_Fetch_Dest="empty"))


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, len(YES) - 12), st.sampled_from('"{}:,% =1aZ-\x7f'))
def test_a_choice_with_one_character_changed_is_judged_alike(
    recipe: Running, guard: Running, at: int, character: str
) -> None:
    value = YES.removeprefix("eu-consent=")
    header = f"eu-consent={value[:at]}{character}{value[at + 1 :]}"
    same(recipe.ask(header, FIELDS), guard.ask(header, FIELDS))


@pytest.mark.parametrize("name", ["php", "njs"])
@pytest.mark.parametrize(
    "document", [{}, {"purposes": 1, "services": None}, [], {**DOCUMENT, "choice_lifetime": "soon"}]
)
def test_a_configuration_that_is_none_breaks_no_page(name: str, document: object, tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    with ExitStack() as stack:
        try:
            running = stack.enter_context(getattr(recipes, name)(tmp_path, document))
        except ProgramMissing as missing:
            pytest.skip(str(missing))
        answer = running.ask(f"{YES}; session=1", ["session=2", "nobody=3"])
        assert (answer.status, answer.cookies) == (200, ["session=2", "nobody=3"])
        assert answer.read == f"{YES}; session=1"


@pytest.fixture(scope="module")
def maps(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The recipe that needs nginx alone, as it stands in the guide."""
    folder = tmp_path_factory.mktemp("maps")
    folder.chmod(0o755)
    with ExitStack() as stack:
        try:
            upstream = stack.enter_context(recipes.application())
            server = recipes.block("nginx", "nginx", 2).replace(
                "http://tracker.example/", f"http://127.0.0.1:{upstream}/"
            )
            server += f"location / {{ proxy_pass http://127.0.0.1:{upstream}; }}"
            running = stack.enter_context(recipes.nginx(folder, recipes.block("nginx", "nginx", 1), server))
        except ProgramMissing as missing:
            pytest.skip(str(missing))
        yield running


def test_nginx_alone_expires_a_leftover_unless_it_is_granted(maps: Running) -> None:
    expired = ["_ga=; Max-Age=0; Path=/; Domain=example.fr; Secure"]
    for refused in ("_ga=1", f"{NO}; _ga=1", f"a=b; _ga=1; {NO}", choice({"marketing": True}, at=MADE) + "; _ga=1"):
        assert maps.ask(refused).cookies == expired, refused
    later = choice({"marketing": True}, services={"audience": True}, at=MADE)
    assert maps.ask(f"{later}; _ga=1").cookies == expired, "a service is no purpose"
    assert maps.ask(f"not-eu-consent=1; x{YES}; _ga=1").cookies == expired, "another cookie is no choice"
    for granted in (
        f"{YES}; _ga=1",
        f"_ga=1; {AUDIENCE}",
        choice({"marketing": False, "audience": True}, at=MADE) + "; _ga=1",
    ):
        assert maps.ask(granted).cookies == []
    assert maps.ask(NO).cookies == maps.ask("x_ga=1; a=_ga=1").cookies == []
    assert maps.ask(NO, ["session=1"]).cookies == ["session=1"]


def test_nginx_alone_sends_the_policy_of_what_is_granted(maps: Running) -> None:
    def policy(cookie: str) -> str:
        headers = dict(maps.ask(cookie).headers)
        assert headers["Vary"] == "Cookie"
        return headers["Content-Security-Policy-Report-Only"]

    assert "stats.example" not in policy("")
    assert "stats.example" not in policy(NO)
    assert "stats.example" in policy(AUDIENCE)


def test_nginx_alone_keeps_every_cookie_from_a_location(maps: Running) -> None:
    answer = maps.ask(f"{YES}; session=1", ["_ga=1", "session=2"], path="/measuring/x")
    assert (answer.cookies, answer.read) == ([], "")
