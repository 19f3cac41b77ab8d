"""Never beyond 393 days from the first write, read from what a browser would keep (DUR-01, DUR-04)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from consent_server.domain.lifetime import MAX_LIFETIME_SECONDS
from consent_server.guard.headers import guard_headers
from consent_server.guard.rules import compile_rules
from consent_server.guard.set_cookie import parse_set_cookie
from tests.guard.visits import NOW, PAGE, choice, configuration, cookies_of, request

RULES = compile_rules(configuration())
FORMATS = ("%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%b %d %H:%M:%S %Y", "%d %B %Y %H:%M:%S")

dates = st.datetimes(datetime(1990, 1, 1), datetime(2068, 12, 31))  # noqa: DTZ001 (a cookie's date names no zone)
expires = st.builds(lambda moment, form: moment.strftime(form), dates, st.sampled_from(FORMATS))
keys = st.sampled_from(["Expires", "expires", "EXPIRES", " eXpires "])
ages = st.one_of(st.integers(-10, 10**20).map(str), st.sampled_from(["+99999999", "", "1.5", "x", "-", "0099999999"]))
attribute = st.one_of(
    st.builds("{}={}".format, keys, expires),
    st.builds("{}={}".format, st.sampled_from(["Max-Age", "max-age", " MAX-AGE "]), ages),
    st.sampled_from(["Path=/", "Secure", "Partitioned", "", "x=y", "Domain=.example.fr"]),
)
field = st.builds(
    lambda name, attributes: ";".join([f"{name}=1", *attributes]),
    st.sampled_from(["_ga", "session", "nobody", "_pk_id"]),
    st.lists(attribute, max_size=5),
)


class Jar:
    """A browser: what it keeps, since when, until when (None: the session)."""

    def __init__(self) -> None:
        self.kept: dict[str, tuple[str, datetime, datetime | None]] = {}

    def receive(self, text: str, now: datetime) -> None:
        cookie = parse_set_cookie(text, now.timestamp())
        value = cookie.pair.partition("=")[2]
        before = self.kept.get(cookie.name)
        since = before[1] if before and before[2] else now  # what went with the session begins to last now
        end = None if cookie.latest is None else now + timedelta(seconds=min(cookie.latest - now.timestamp(), 10**10))
        self.kept[cookie.name] = (value, since, end)
        self.sweep(now)

    def sweep(self, now: datetime) -> None:
        self.kept = {name: what for name, what in self.kept.items() if what[2] is None or what[2] > now}

    def header(self) -> list[str]:
        return [f"{name}={value}" for name, (value, _, _) in self.kept.items()]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 300), st.lists(field, max_size=4)), min_size=1, max_size=12))
def test_nothing_persistent_outlives_393_days_from_its_first_write(visits: list[tuple[int, list[str]]]) -> None:
    jar, now = Jar(), NOW
    for days, fields in visits:
        now += timedelta(days=days, seconds=days * 7)
        jar.sweep(now)
        yes = choice({"audience": True, "marketing": True}, at=now - timedelta(days=days % 150))
        sent = [*jar.header(), yes]
        headers = [PAGE, *(("Set-Cookie", each) for each in fields)]
        for each in cookies_of(guard_headers(RULES, request(*sent), headers, now)):
            if not each.startswith("eu-consent"):
                jar.receive(each, now)
            elif each.startswith("eu-consent-writes"):
                jar.receive(each, now)
                jar.kept["eu-consent-writes"] = (jar.kept["eu-consent-writes"][0], now, now + timedelta(days=393))
        for name, (_, since, end) in jar.kept.items():
            assert end is None or end <= since + timedelta(seconds=MAX_LIFETIME_SECONDS), name


def test_more_cookies_than_can_be_remembered_do_not_slide() -> None:
    jar, now = Jar(), NOW
    for _ in range(14):
        headers = [PAGE, *(("Set-Cookie", f"c{i}=1; Max-Age=99999999") for i in range(100))]
        for each in cookies_of(guard_headers(RULES, request(*jar.header()), headers, now)):
            jar.receive(each, now)
        names = [name for name in jar.kept if name != "eu-consent-writes"]
        assert len(names) == 100
        assert all(jar.kept[name][2] <= NOW + timedelta(seconds=MAX_LIFETIME_SECONDS) for name in names)  # type: ignore[operator]
        now += timedelta(days=28)


@given(field, st.datetimes(datetime(2000, 1, 1), datetime(2060, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_a_single_write_never_ends_later_and_a_session_never_lasts(text: str, now: datetime) -> None:
    before = parse_set_cookie(text, now.timestamp())
    for each in cookies_of(guard_headers(RULES, request(navigation=False), [("Set-Cookie", text)], now)):
        if each.startswith("eu-consent-writes"):
            continue
        after = parse_set_cookie(each, now.timestamp())
        assert after.latest is None or after.latest <= now.timestamp() + MAX_LIFETIME_SECONDS
        assert (after.latest is None) == (before.latest is None)
        assert after.pair == before.pair


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 10_000_000), st.integers(0, 180))
def test_setting_the_choice_by_http_never_lengthens_it(seconds: int, days: int) -> None:
    made = NOW - timedelta(days=days)
    now = NOW + timedelta(seconds=seconds % 86_400)
    for each in cookies_of(guard_headers(RULES, request(choice({"audience": False}, at=made)), [PAGE], now)):
        if each.startswith("eu-consent="):
            end = parse_set_cookie(each, now.timestamp()).end
            assert end is not None
            assert end <= RULES.choice_lifetime.end(made).timestamp()
