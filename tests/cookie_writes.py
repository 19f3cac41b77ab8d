"""Cookies as pages and servers may write them, and a browser's jar, for the property tests of lifetimes."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

if TYPE_CHECKING:
    from playwright.sync_api import Page

HOST = "www.lifetimes.localhost"
PATH = "/shop/cart/page"
# Prefixes of names: nobody's, then each kind that the configurations declare.
OWN, TRACKER, SHORT, SESSION, EXEMPT = "own_", "_trk_", "_short_", "_sess_", "kept_"
LONGEST = {SHORT: 3_600}

DAY = 86_400
FOREVER = float("inf")  # what the browser session is to a jar
SLACK = 5  # seconds that a test may take
CLOCKS = 1  # seconds that the browser's clock and ours may differ


Key = tuple[str, str, str, str]
Jar = dict[Key, float]


def jar(page: Page) -> Jar:
    """Give (name, domain, path, partition) → seconds that are left; infinity for the browser session."""
    now = time.time()
    kept: list[Any] = [each for each in page.context.cookies() if not each["name"].startswith("eu-consent")]
    return {
        (each["name"], each["domain"], each["path"], each.get("partitionKey", "")): (
            each["expires"] - now if each["expires"] >= 0 else FOREVER
        )
        for each in kept
    }


def _spelled(moment: datetime, order: list[int], between: str, shape: tuple[str, str, str], tail: str) -> str:
    """Spell a date in one of the shapes that RFC 6265 5.1.1 reads, and in some that it does not."""
    day, month, year = (moment.strftime(each) for each in shape)
    clock = f"{moment.hour}:{moment.minute}:{moment.second}" if order[0] else moment.strftime("%H:%M:%S")
    pieces = [day, month, year, clock]
    return between.join([moment.strftime("%a,"), *(pieces[i] for i in order), tail])


NOW = datetime.now(UTC)
far = st.integers(-400, 20_000).map(lambda days: NOW + timedelta(days=days, hours=3))
dates = st.builds(
    _spelled,
    st.one_of(far, st.datetimes(datetime(1969, 1, 1), datetime(9999, 12, 31))),  # noqa: DTZ001 (it names no zone)
    st.permutations(range(4)),
    st.sampled_from([" ", "-", "  ", "/", ".", ", ", "_"]),  # Chromium refuses a whole cookie for a tab in here
    st.tuples(
        st.sampled_from(["%d", "%-d", "%d", "%dth"]),
        st.sampled_from(["%b", "%B", "%m"]),
        st.sampled_from(["%Y", "%y", "%Y", "0%Y"]),
    ),
    st.sampled_from(["GMT", "", "+0500", "UTC (x)", "1"]),
)
seconds = st.one_of(st.integers(60, 10**12), st.integers(33_955_100, 34_700_000), st.integers(-(10**12), 0))
ages = st.one_of(
    seconds.map(str),
    seconds.map(lambda each: f"+{each}"),
    seconds.map(lambda each: f"{each:020d}"),
    st.sampled_from(
        ["", "1e9", "1.5", "0x99999999", "99999999999999999999", "-", '"99999999"', "99999999 ", "٩٩٩٩٩٩٩٩"]
    ),
)
spaces = st.sampled_from(["", "", " ", "  ", "\t"])
attributes = st.lists(
    st.one_of(
        st.builds(
            "{}{}{}={}{}".format, spaces, st.sampled_from(["Expires", "expires", "EXPIRES"]), spaces, spaces, dates
        ),
        st.builds(
            "{}{}{}={}{}".format, spaces, st.sampled_from(["Max-Age", "max-age", "MAX-AGE"]), spaces, spaces, ages
        ),
        st.sampled_from(["Path=/", " path=/shop", "Path=/shop/cart/page", "Path=relative", " Path", "Path=/elsewhere"]),
        st.sampled_from(["Domain=lifetimes.localhost", " domain=.LIFETIMES.localhost", f"Domain={HOST}", "Domain="]),
        st.sampled_from(["Secure", "SameSite=Lax", "SameSite=None; Secure; Partitioned", "x=y", ""]),
        st.sampled_from(["Max-Age", "Expires", "Max-Age=0", "Expires=Thu, 01 Jan 1970 00:00:00 GMT"]),
        st.sampled_from(["Expires=1 Jan 09999 00:00:00 1970", "Max-Age=0\u2028", "\u00a0Max-Age=0", "Max-Age=+0"]),
    ),
    max_size=5,
)

UNREADABLE = re.compile(r"expires.*(\d+th|(?<!\d)0\d{4}(?!\d))", re.IGNORECASE)
"""Dates that Chromium and the standard read differently."""


def is_ambiguous(given: Any) -> bool:
    """Whether browsers read these attributes differently: then our reading holds, and no more is asked than the limit.

    Of repeated attributes Chromium takes the last and the standard the last valid one.
    """
    if not isinstance(given, list):
        return False  # options of the Cookie Store API
    keys = [each.partition("=")[0].strip().lower() for each in given]
    repeated = keys.count("max-age") > 1 or keys.count("expires") > 1
    return repeated or any(UNREADABLE.search(each) or not each.isascii() for each in given)


def family(name: str) -> str:
    """Give the prefix of a name."""
    return re.sub(r"\d+$", "", name)


bounded = settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],  # the message holds what was written; making it shorter would take minutes
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
