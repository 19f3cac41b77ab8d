"""The statistics' numbers equal a count over the records, whoever counts and however often; erasing takes none away."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path

import pytest

from consent_server.domain.statistics import FEWEST, MOST_PAGES, OTHER_PAGES
from consent_server.services import counting, reporting
from consent_server.services.erasing import erase_records, scrub_visitor
from consent_server.services.reporting import Answers, Chosen
from consent_server.services.sequencing import integrate
from consent_server.storage import statistics
from tests.proof_logs import KEYRING, NOW, Installation, standing

TODAY = NOW.date()
ANSWERS = {
    "accept_all": {"audience": True, "marketing": True},
    "refuse_all": {"audience": False, "marketing": False},
    "custom": {"audience": True, "marketing": False},
    "withdraw": {"audience": False, "marketing": False},
}


@pytest.fixture
def installation(database_url: str, tmp_path: Path) -> Iterator[Installation]:
    with standing(database_url, tmp_path) as made:
        yield made


def _put(installation: Installation, count: int = 1, action: str = "accept_all", days: int = 0, **more: object) -> None:
    moment = NOW - timedelta(days=days)
    said = {"action": action, "decisions": ANSWERS[action], "recorded_at": moment, "language": "fr", **more}
    installation.put(count, **said)


def _sequence(installation: Installation) -> None:
    integrate(installation.sessions, installation.site_id, KEYRING, installation.high_water, NOW)


def _many(installation: Installation, count: int) -> None:
    chance = random.Random(7)
    for _ in range(count):
        _put(
            installation,
            action=chance.choice(list(ANSWERS)),
            days=chance.randrange(90),
            language=chance.choice(["fr", "en"]),
            page_url=f"https://demo.example/page-{chance.randrange(5)}?who=me",
        )


def _counted(installation: Installation) -> Counter[tuple[str, str, str, str]]:
    """Read the numbers as they are stored."""
    with installation.sessions() as session:
        found = statistics.cells(session, installation.site_id, date.min, date.max)
        series = statistics.series(session, installation.site_id, date.min, date.max, Chosen())
        numbers = Counter({("", cell.action, cell.language, cell.answers): count for cell, count in found})
        for cell, count in series:
            numbers[cell.day.isoformat(), cell.action, "", cell.answers] += count
        return numbers


def _over_records(installation: Installation) -> Counter[tuple[str, str, str, str]]:
    """Count the records' own texts, without anything of ours."""
    numbers: Counter[tuple[str, str, str, str]] = Counter()
    with installation.engine.connect() as connection:
        for (text,) in connection.exec_driver_sql("SELECT record FROM consent_record"):
            said = json.loads(text)
            signs = " ".join(("+" if yes else "-") + purpose for purpose, yes in sorted(said["decisions"].items()))
            numbers["", said["action"], said["language"], signs] += 1
            numbers[said["recorded_at"][:10], said["action"], "", signs] += 1
    return numbers


def _answers(installation: Installation, **asked: object) -> Answers:
    return reporting.answers(installation.sessions, "demo", **asked)  # type: ignore[arg-type]


def test_the_numbers_equal_a_count_over_the_records(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counting, "PAGE", 16)
    _many(installation, 100)
    _sequence(installation)
    assert counting.catch_up(installation.sessions, installation.site_id)
    _many(installation, 50)
    _sequence(installation)
    assert counting.catch_up(installation.sessions, installation.site_id)
    assert _counted(installation) == _over_records(installation)


def test_many_who_count_at_once_count_everything_once(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counting, "PAGE", 8)
    _many(installation, 80)
    _sequence(installation)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: counting.catch_up(installation.sessions, installation.site_id), range(4)))
    assert _counted(installation) == _over_records(installation)


def test_counting_anew_gives_the_same_numbers(installation: Installation) -> None:
    _many(installation, 60)
    _sequence(installation)
    counting.catch_up(installation.sessions, installation.site_id)
    before = _counted(installation)
    installation.execute("UPDATE answer_count SET count = count + 1")
    assert counting.begin_again(installation.sessions, "demo") is None
    counting.catch_up(installation.sessions, installation.site_id)
    assert _counted(installation) == before == _over_records(installation)


def test_counting_anew_keeps_the_numbers_of_what_was_purged(installation: Installation) -> None:
    _put(installation, 3, days=80)
    _put(installation, 4, days=40)
    _put(installation, 5, days=0)
    _sequence(installation)
    counting.catch_up(installation.sessions, installation.site_id)
    before = _counted(installation)
    border = (NOW - timedelta(days=60)).isoformat(sep=" ")
    installation.execute(f"DELETE FROM consent_record WHERE recorded_at < '{border}'")
    assert counting.begin_again(installation.sessions, "demo") == date(2026, 11, 1)
    counting.catch_up(installation.sessions, installation.site_id)
    assert _counted(installation) == before


def test_who_is_erased_or_scrubbed_stays_counted_as_a_number(installation: Installation) -> None:
    visitor = "0b6f3c52-7a0e-4c1d-8a53-2f6d1c9e4b7a"
    (record_id,) = installation.put(1, consent_id=visitor)
    _put(installation, FEWEST)
    _sequence(installation)
    before = _answers(installation)
    with installation.sessions() as session:
        scrub_visitor(session, "demo", visitor)
        erase_records(session, "demo", [record_id], "by the owner")
    _sequence(installation)
    assert _answers(installation) == before


def test_what_stands_in_line_is_told_at_once_and_counted_once(installation: Installation) -> None:
    _put(installation, 12)
    waiting = _answers(installation)
    assert waiting.whole is not None
    assert waiting.whole.count == waiting.ever == 12
    _sequence(installation)
    assert _answers(installation) == waiting


def test_few_answers_are_a_number_and_nothing_more(installation: Installation) -> None:
    assert _answers(installation).ever == 0
    _put(installation, FEWEST - 1)
    few = _answers(installation)
    assert (few.ever, few.whole, few.moments, few.releases) == (FEWEST - 1, None, (), ())


def test_a_condition_that_leaves_few_is_not_told(installation: Installation) -> None:
    _put(installation, 30, language="fr")
    _put(installation, FEWEST - 1, language="en")
    assert _answers(installation).whole is not None
    assert _answers(installation, chosen=Chosen(language="en")).whole is None
    assert _answers(installation, chosen=Chosen(language="fr")).whole is None, "39 - 30 would be the nine"
    _put(installation, 1, language="en")
    chosen = _answers(installation, chosen=Chosen(language="en")).whole
    assert chosen is not None
    assert chosen.count == FEWEST


def test_a_period_is_made_of_whole_stretches(installation: Installation) -> None:
    for days, count in ((9, 12), (8, 3), (7, 8), (2, 20)):
        _put(installation, count, days=days)
    told = _answers(installation, start=TODAY - timedelta(days=7), stop=TODAY)
    assert (told.start, told.stop) == (TODAY - timedelta(days=8), TODAY - timedelta(days=1))
    assert [moment.tally.count for moment in told.moments] == [11, 20]
    assert told.whole is not None
    assert told.whole.count == 31
    assert [moment.tally.count for moment in _answers(installation, unit="month").moments] == [43]


def test_answers_are_told_before_and_after_a_publication(installation: Installation) -> None:
    _put(installation, 10, "refuse_all", days=3)
    _put(installation, 10, "accept_all", days=1)
    (release,) = _answers(installation).releases
    assert release.version == 1
    assert release.tally is not None
    assert release.tally.rate("accept_all") == 0.5
    assert release.tally.consent_rate("marketing") == 0.5


def test_pages_with_few_answers_are_together_and_lose_their_names_with_the_month(installation: Installation) -> None:
    _put(installation, 12, days=40, page_url="https://demo.example/shop?who=me")
    _put(installation, 2, days=40, page_url="https://demo.example/hidden")
    _put(installation, 9, days=0, page_url="https://demo.example/new")
    _sequence(installation)
    told = _answers(installation).pages
    assert told.others is None or told.others.count >= FEWEST
    assert set(told.groups) <= {"/shop"}
    counting.join_small_pages(installation.sessions, installation.site_id, TODAY)
    with installation.sessions() as session:
        names = {month: statistics.pages_of_month(session, installation.site_id, month) for month in _months()}
    assert names == {date(2026, 10, 1): {"/shop", OTHER_PAGES}, date(2026, 11, 1): {"/new"}}
    assert _answers(installation).pages == told


def _months() -> list[date]:
    return [date(2026, 10, 1), date(2026, 11, 1)]


def test_addresses_that_somebody_makes_up_do_not_fill_the_database(installation: Installation) -> None:
    pages = Counter(
        {statistics.PageCell(TODAY, f"/{number}", "accept_all", ""): 1 for number in range(MOST_PAGES + 500)}
    )
    kept = counting.few_names(pages, {})
    assert len({cell.page for cell in kept}) == MOST_PAGES + 1
    assert sum(kept.values()) == MOST_PAGES + 500


def test_a_glance_is_as_fresh_as_the_last_answer_and_tells_of_no_few(installation: Installation) -> None:
    def look() -> reporting.Glance:
        with installation.sessions() as session:
            return reporting.glance(session, installation.site_id, TODAY)

    assert look() == reporting.Glance(None, None)
    _put(installation, FEWEST - 1)
    assert look() == reporting.Glance(NOW, None)
    _put(installation, 1, "refuse_all")
    for step in (lambda: None, lambda: _sequence(installation), lambda: _answers(installation)):
        step()  # in line, in the log, counted
        assert look() == reporting.Glance(NOW, 0.9)
    _put(installation, 10, days=40)
    assert look().accepting == 0.9
