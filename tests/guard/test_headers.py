"""What becomes of a response: trackers stripped, lives shortened, leftovers expired, the choice kept by Safari."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import pytest

from consent_server.domain.lifetime import MAX_LIFETIME_SECONDS
from consent_server.guard import headers as recipe
from consent_server.guard.headers import guard_headers, read_request, shown_cookies
from consent_server.guard.rules import Rules, compile_rules
from consent_server.guard.set_cookie import parse_set_cookie
from tests.guard.visits import DAY, NO, NOW, PAGE, YES, answer, choice, configuration, cookies_of, own_cookies, request

FAR = "Max-Age=99999999"
CAPPED = f"Max-Age={MAX_LIFETIME_SECONDS}"


def deletions(headers: list[tuple[str, str]]) -> list[str]:
    return [each for each in cookies_of(headers) if "=; Max-Age=0" in each]


def test_a_tracker_is_stripped_until_it_is_granted() -> None:
    assert own_cookies("_ga=1; Path=/", "session=2", sent=()) == ["session=2"]
    assert own_cookies("_ga=1; Path=/", "session=2", sent=(NO,)) == ["session=2"]
    assert own_cookies("_ga=1; Path=/", "session=2", sent=(YES,)) == ["_ga=1; Path=/", "session=2"]


def test_every_header_keeps_its_place_and_its_bytes() -> None:
    headers = [("X-A", "1"), ("set-cookie", "b=\xff; foo;;bar=\x01"), ("X-A", "2"), ("SET-COOKIE", "_ga=1"),
               ("Set-Cookie", "a=1"), ("Set-Cookie", "a=2; Path=/x")]  # fmt: skip
    assert answer(headers, navigation=False) == [*headers[:3], *headers[4:]]


def test_nothing_is_done_where_there_is_nothing_to_do() -> None:
    headers = [("Content-Type", "application/json")]
    assert answer(headers, NO, "_ga=1") is headers


def test_a_deletion_passes_whoever_it_is_for() -> None:
    gone = ["_ga=; Max-Age=0", "_ga=x; Expires=Thu, 01 Jan 1970 00:00:00 GMT", "_fbp=; max-age=-5"]
    assert own_cookies(*gone) == gone


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (f"_ga=1; {FAR}; Path=/", f"_ga=1; Path=/; {CAPPED}"),
        ("_ga=1; Expires=Fri, 31 Dec 9999 23:59:59 GMT", f"_ga=1; {CAPPED}"),
        (f"nobody={FAR}; EXPIRES=Fri, 31-Dec-9999 23:59:59 GMT; secure", f"nobody={FAR}; secure; {CAPPED}"),
        (f"session=1; {FAR}", f"session=1; {CAPPED}"),
        ("_ga=1; Max-Age=60; Expires=Fri, 31 Dec 9999 23:59:59 GMT",) * 2,
        ("_ga=1; Max-Age=33955200",) * 2,
        (f"eu-consent=1; {FAR}", f"eu-consent=1; {CAPPED}"),
        ("_ga=1; Expires=whenever", "_ga=1"),
        ("_ga=1; Expires=1 Jan 09999 00:00:00 1970 ", "_ga=1; Max-Age=0"),
        ("_ga=1; Expires=Sat, 1 Jan 09999 00:00:00 GMT; Path=/", "_ga=1; Path=/"),
        ("_ga=1; Max-Age=0; Max-Age; Path=/", "_ga=1; Path=/; Max-Age=0"),
        ("_ga=1; Max-Age=+0", "_ga=1; Max-Age=0"),
        ("_ga=1; Max-Age=60; Max-Age=120", "_ga=1; Max-Age=120"),
        ("_ga=1",) * 2,
        (f"_ga_X=1; {FAR}", "_ga_X=1; Max-Age=86400"),
        ("_ga_X=1; Max-Age=60",) * 2,
        (f"_gs=1; {FAR}; Path=/", "_gs=1; Path=/"),
    ],
)
def test_a_life_is_shortened_and_a_session_stays_one(before: str, after: str) -> None:
    assert own_cookies(before, sent=(YES,)) == [after]


def test_a_rewrite_keeps_the_first_end() -> None:
    first = answer([("Set-Cookie", f"_ga=1; {FAR}")], YES, navigation=False)
    memory = cookies_of(first)[-1].partition(";")[0]
    later = answer([("Set-Cookie", f"_ga=2; {FAR}")], YES, "_ga=1", memory, navigation=False, now=NOW + 30 * DAY)
    since_midnight = NOW.hour * 3600 + NOW.minute * 60
    assert cookies_of(later) == [f"_ga=2; Max-Age={MAX_LIFETIME_SECONDS - 30 * 86_400 - since_midnight}"]


def test_an_unknown_first_write_is_taken_to_be_the_choice() -> None:
    yes = choice({"audience": True}, at=NOW - 30 * DAY)
    assert own_cookies(f"_ga=2; {FAR}", sent=(yes, "_ga=1")) == [f"_ga=2; Max-Age={MAX_LIFETIME_SECONDS - 30 * 86_400}"]


def test_a_forged_memory_counts_for_nothing() -> None:
    for forged in ("eu-consent-writes=", "eu-consent-writes=" + "z" * 6 + "z" * 9, "eu-consent-writes=\xff" * 3):
        assert own_cookies(f"_ga=2; {FAR}", sent=(YES, forged)) == [f"_ga=2; {CAPPED}"]


def test_leftovers_are_expired_on_every_domain_once_refused() -> None:
    plain = ["_ga=; Max-Age=0; Path=/", "_ga=; Max-Age=0; Path=/; Domain=www.example.fr",
             "_ga=; Max-Age=0; Path=/; Domain=example.fr"]  # fmt: skip
    sent = (NO, "_ga=1", "session=2", "nobody=3", "_fbp=4")
    assert deletions(answer([PAGE], *sent, secure=False)) == plain
    partitioned = [f"{each}; Secure; SameSite=None; Partitioned" for each in plain]
    assert deletions(answer([PAGE], *sent)) == [*(f"{each}; Secure" for each in plain), *partitioned]
    assert deletions(answer([PAGE], YES, "_ga=1")) == []
    assert deletions(answer([PAGE], "_ga=1", secure=False)) == plain, "nothing before yes"


def test_leftovers_are_expired_on_every_path_that_the_page_is_below() -> None:
    def paths(path: str) -> set[str]:
        found = deletions(answer([PAGE], NO, "_ga=1", secure=False, path=path))
        return {each.removeprefix("_ga=; Max-Age=0; Path=").partition(";")[0] for each in found}

    assert paths("/shop/cart/item.html") == {
        "/",
        "/shop",
        "/shop/",
        "/shop/cart",
        "/shop/cart/",
        "/shop/cart/item.html",
    }
    assert paths("/a/b/") == {"/", "/a", "/a/", "/a/b", "/a/b/"}
    assert paths("//") == {"/", "//"}
    assert paths("/a;b/c d/e\xff") == {"/"}
    assert paths("") == paths("*") == {"/"}


def test_every_place_has_its_turn_within_two_kilobytes() -> None:
    path = "/" + "folder/" * 11 + "page"
    seen: set[str] = set()
    for second in range(50):
        found = deletions(answer([PAGE], NO, "_ga=1", path=path, now=NOW + timedelta(seconds=second)))
        assert sum(len(each) + 14 for each in found) <= 2048
        assert any("; Path=/;" in each for each in found)
        seen |= set(found)
    assert len(seen) == 3 * 2 * (1 + 2 * 11 + 1)


def test_exempt_measurement_is_expired_by_an_explicit_no_alone() -> None:
    assert deletions(answer([PAGE], "_pk_id=1")) == []
    assert len(deletions(answer([PAGE], NO, "_pk_id=1", secure=False))) == 3


@pytest.mark.parametrize("host", ["localhost", "192.0.2.1", "2001:db8::1", "", "a..b", "exa mple.fr"])
def test_hosts_without_parents_get_one_deletion(host: str) -> None:
    found = deletions(answer([PAGE], NO, "_ga=1", host=host, secure=False))
    assert len(found) <= 2
    assert all("Domain=;" not in each and " mple" not in each for each in found)


def test_many_leftovers_take_turns_within_two_kilobytes() -> None:
    sent = [f"ad_{i}=x" for i in range(200)]
    seen = set()
    for second in range(200):
        found = deletions(answer([PAGE], NO, *sent, now=NOW + timedelta(seconds=second)))
        assert sum(len(each) + 14 for each in found) <= 2048
        seen |= {each.partition("=")[0] for each in found}
    assert len(seen) == 200


def test_names_that_cannot_be_sent_back_are_left() -> None:
    assert deletions(answer([PAGE], NO, "ad_\r\nX-Evil: 1=x", "ad_ b=x", "ad_" + "x" * 300 + "=1")) == []


def test_what_is_not_granted_is_not_shown_to_the_application() -> None:
    def shown(*cookies: str) -> str:
        return shown_cookies(compile_rules(configuration()), request(*cookies), NOW)

    rest = ("session=2", "nobody=3", "odd", 'quoted="a', "")
    assert shown(NO, "_ga=1", *rest, "ad_x=", "_fbp=4", "_ga=again") == "; ".join((NO, *rest))
    assert shown("_ga=1") == ""
    assert shown("_ga=1", *rest) == "; ".join(rest)
    everything = (YES, "_ga=1", *rest)
    assert shown(*everything) == "; ".join(everything)
    assert shown(" _ga=1; _ga =2;_ga\t=3;a=_ga=1") == "a=_ga=1"


def test_the_choice_is_set_by_http_once_with_the_life_it_has_left() -> None:
    headers = answer([PAGE], YES)
    set_again = cookies_of(headers)[0]
    assert set_again.startswith(YES + "; ")
    assert set_again.endswith("; Path=/; SameSite=Lax; Secure")
    assert parse_set_cookie(set_again, NOW.timestamp()).end == pytest.approx(
        (NOW.replace(year=2027, month=5) - DAY).timestamp()
    )
    memory = cookies_of(headers)[1].partition(";")[0]
    assert cookies_of(answer([PAGE], YES, memory, now=NOW + DAY)) == []
    assert cookies_of(answer([PAGE], NO, memory))[0].startswith(NO + "; ")


@pytest.mark.parametrize(
    ("headers", "sent", "about"),
    [
        ([PAGE], YES, {"navigation": False}),
        ([("Content-Type", "image/png")], YES, {}),
        ([], YES, {}),
        ([PAGE], "eu-consent=x", {}),
        ([PAGE], choice({"audience": True}, at=NOW - 200 * DAY), {}),
        ([PAGE, ("Cache-Control", "public, max-age=60")], YES, {}),
        ([PAGE, ("Cache-Control", "S-MaxAge=60")], YES, {}),
        ([PAGE, ("Cache-Control", "max-age=60")], YES, {}),
        ([PAGE, ("Expires", "Fri, 31 Dec 9999 23:59:59 GMT")], YES, {}),
    ],
)
def test_no_other_answer_sets_a_choice(headers: list[tuple[str, str]], sent: str, about: dict[str, Any]) -> None:
    assert answer(headers, sent, **about) == headers


def test_the_sites_own_choice_cookie_is_not_overwritten() -> None:
    own = ("Set-Cookie", "eu-consent=new; Max-Age=5")
    assert [each for each in cookies_of(answer([PAGE, own], YES)) if each.startswith("eu-consent=")] == [own[1]]


def test_what_carries_our_cookies_is_kept_out_of_shared_caches() -> None:
    assert ("Cache-Control", "private") in answer([PAGE], YES)
    assert ("Cache-Control", "private") in answer([PAGE, ("Cache-Control", "no-cache")], YES)
    assert ("Cache-Control", "private") not in answer([PAGE, ("Cache-Control", "no-store")], YES)
    assert ("Cache-Control", "private") not in answer([PAGE])


def test_on_plain_http_nothing_is_secure() -> None:
    assert all("Secure" not in each for each in cookies_of(answer([PAGE], NO, "_ga=1", secure=False)))


def test_a_mistake_of_ours_lets_the_page_through_and_no_tracker(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError

    headers = [PAGE, ("Set-Cookie", f"a=1; {FAR}"), ("Set-Cookie", "_ga=1"), ("Set-Cookie", "_ga=; Max-Age=0")]
    expected = [headers[0], headers[1], headers[3]]
    for name in ("_added", "_guarded", "FirstWrites", "_choice", "_is_page"):
        with monkeypatch.context() as patch:
            patch.setattr(recipe, name, fail)
            assert answer(headers, NO) == expected
    monkeypatch.setattr(Rules, "cookie", fail)
    assert answer(headers, NO) == headers
    assert shown_cookies(compile_rules(configuration()), request("_ga=1"), NOW) == "_ga=1"


def test_headers_that_are_none_are_the_servers_affair() -> None:
    odd: Any = [PAGE, ("Set-Cookie", None), None]
    assert guard_headers(compile_rules(configuration()), request(), odd, NOW) == odd


def test_a_hostile_page_is_answered_at_once() -> None:
    stars = configuration(known_trackers=["a" + "*a" * 90 + "b"])
    hostile = "; ".join(f"{'a' * 200}{i}=1" for i in range(5000))
    began = time.perf_counter()
    answer([PAGE, ("Set-Cookie", "a" * 60_000 + "=1")], hostile, document=stars)
    assert time.perf_counter() - began < 3


@pytest.mark.parametrize(
    ("host", "name"),
    [("Www.Example.fr:8000", "www.example.fr"), ("example.fr.", "example.fr"), ("[::1]:80", "::1"), ("", "")],
)
def test_a_host_is_a_name_in_lower_case_without_its_port(host: str, name: str) -> None:
    assert read_request(host, "http", "", "", "", "").host == name


def test_a_page_is_opened_when_the_browser_says_so() -> None:
    def navigation(dest: str, accept: str = "text/html,*/*") -> bool:
        return read_request("a.fr", "http", "", dest, accept, "").navigation

    assert navigation("document")
    assert navigation("")
    assert not navigation("iframe")
    assert not navigation("", "*/*")


def test_a_proxy_that_speaks_https_makes_cookies_secure() -> None:
    assert read_request("a.fr", "http", "HTTPS, http", "", "", "").secure
    assert not read_request("a.fr", "http", "", "", "", "").secure
