"""A cookie database is taken in as suggestions, as often as one likes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from consent_server.domain.errors import Invalid
from consent_server.services.importing import import_cookie_database
from consent_server.storage.suggestions import count_suggestions, find_suggestions

HEADING = (
    "ID,Platform,Category,Cookie / Data Key name,Domain,Description,Retention period,Data Controller,"
    "User Privacy & GDPR Rights Portals,Wildcard match\n"
)
FILE = HEADING + (
    "1,Example,Analytics,_ex,,Counts.,2 years,Example SAS,https://example.com/privacy,0\n"
    "2,Example,Marketing,_ex_,.example.com (3rd party),Follows.,Varies,Example SAS,,1\n"
    "3,Example,Functional,Lang,,Language.,session,Example SAS,,0\n"
)
NOW = datetime(2026, 11, 22, tzinfo=UTC)
LATER = datetime(2026, 12, 22, tzinfo=UTC)


@pytest.fixture
def session(database_url: str) -> Iterator[Session]:
    engine = create_engine(database_url)
    with Session(engine) as session:
        yield session
    engine.dispose()


def test_what_is_imported_is_found_again_with_its_source(session: Session) -> None:
    report = import_cookie_database(session, FILE, "ocd.csv", NOW)

    assert (report.source, report.rows, report.imported) == ("ocd.csv", 3, 3)
    assert [problem.row for problem in report.problems] == [3]
    (found,) = find_suggestions(session, "_ex")
    assert (found.source, found.imported_at, found.lifetime, found.purpose) == ("ocd.csv", NOW, "P2Y", "audience")


def test_importing_again_keeps_the_same_number(session: Session) -> None:
    for now in (NOW, LATER):
        import_cookie_database(session, FILE, "ocd.csv", now)

    assert count_suggestions(session, "ocd.csv") == 3
    assert {found.imported_at for found in find_suggestions(session, "_ex")} == {LATER}


def test_another_source_says_its_own(session: Session) -> None:
    import_cookie_database(session, FILE, "ocd.csv", NOW)
    import_cookie_database(session, FILE, "other.csv", NOW)

    assert (count_suggestions(session, "ocd.csv"), count_suggestions(session, "other.csv")) == (3, 3)
    assert [found.source for found in find_suggestions(session, "_ex")] == ["ocd.csv", "other.csv"]


def test_a_row_that_is_gone_from_the_file_is_gone_from_the_suggestions(session: Session) -> None:
    import_cookie_database(session, FILE, "ocd.csv", NOW)
    import_cookie_database(session, HEADING + FILE.splitlines()[1] + "\n", "ocd.csv", LATER)

    assert count_suggestions(session, "ocd.csv") == 1


def test_a_pattern_suggests_too_after_what_is_exact_and_case_does_not_matter(session: Session) -> None:
    import_cookie_database(session, FILE, "ocd.csv", NOW)

    assert [found.name for found in find_suggestions(session, "_EX_12")] == ["_ex_*"]
    assert [found.name for found in find_suggestions(session, "lang")] == ["Lang"]
    assert find_suggestions(session, "nobody") == ()


def test_a_file_that_is_something_else_leaves_everything_as_it_was(session: Session) -> None:
    import_cookie_database(session, FILE, "ocd.csv", NOW)

    with pytest.raises(Invalid):
        import_cookie_database(session, "name\n_ga\n", "ocd.csv", LATER)

    assert count_suggestions(session, "ocd.csv") == 3
