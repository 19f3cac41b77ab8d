"""A PostgreSQL that accepts and says nothing holds up nobody who is impatient; what it says later is read by nobody."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from consent_server.storage import database
from consent_server.storage.database import be_impatient, engine_options, guard_connecting
from tests.toxic import Proxy, proxy_to

pytestmark = pytest.mark.parametrize("engine", ["postgresql"], indirect=True)


@pytest.fixture
def proxy(database_url: str) -> Iterator[Proxy]:
    with proxy_to(int(database_url.rpartition("/")[0].rpartition(":")[2])) as between:
        yield between


@pytest.fixture
def through(database_url: str, proxy: Proxy) -> Iterator[sa.Engine]:
    url = sa.make_url(database_url).set(port=proxy.port)
    made = sa.create_engine(url, **engine_options(str(url), 8))
    guard_connecting(made)
    yield made
    proxy.flow()
    made.dispose()


def test_who_is_impatient_waits_no_longer_than_that(
    through: sa.Engine, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "LONGEST_SILENCE_S", 0.3)
    with Session(through) as session:
        be_impatient(session)
        proxy.swallow()
        with pytest.raises(sa.exc.OperationalError):
            session.scalar(sa.text("SELECT 1"))
    proxy.flow()
    with Session(through) as session:
        assert session.scalar(sa.text("SELECT 2")) == 2, "what was asked before is answered to nobody"


def test_impatience_ends_with_what_it_was_for(through: sa.Engine) -> None:
    with Session(through) as session:
        be_impatient(session)
        used = session.connection().connection.driver_connection
    assert used is not None
    assert used.longest_silence is None
