"""What statistics and the search of proofs cost on a site of many records: milliseconds a page. SQLite.

Limits of the same run: counting the same by SQL from the records themselves, without the numbers kept for it
(statistics), and the same page on a site with a hundredth of the records (growth).
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import statistics
import time
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta

import sqlalchemy as sa
from flask import Flask

from benchmarks.installation import installation
from benchmarks.ratios import say
from consent_server.domain.choice import ACTIONS
from consent_server.domain.configuration import Configuration
from consent_server.domain.consent_record import ConsentRecord, PersonalPart, seal
from consent_server.domain.times import rfc3339
from consent_server.services import clock, counting, editing, examining, publishing, reporting, searching
from consent_server.services.searching import Wanted
from consent_server.services.sequencing import integrate
from consent_server.storage import sites
from consent_server.storage.database import db
from consent_server.storage.tables import ConsentRecordRow, ProofPendingRow

AT_ONCE = 5_000
DAYS = 365
TURNS = 5
SHARES = (46, 36, 12, 3, 2, 1, 0)


def _site(key: str) -> dict[str, object]:
    services = [{"library": "matomo"}, {"library": "youtube"}]
    return {"site_key": key, "name": key, "origins": ["https://bench.example"], "services": services}


def _one(configuration: Configuration, chance: random.Random, moment: datetime) -> tuple[dict, dict]:
    action = chance.choices(ACTIONS, SHARES)[0]
    granted = action == "accept_all"
    decisions = {
        purpose: granted or (action == "custom" and chance.random() < 0.5) for purpose in configuration.asked_purposes
    }
    record_id, consent_id = (str(uuid.UUID(int=chance.getrandbits(128), version=4)) for _ in range(2))
    record = ConsentRecord(
        site_key=configuration.site_key,
        record_id=record_id,
        recorded_at=rfc3339(moment),
        expires_at=rfc3339(moment + timedelta(days=181)),
        action=action,
        decisions=decisions,
        config_version=configuration.version,
        config_digest=configuration.digest,
        runtime_digest=configuration.runtime_digest,
        language=chance.choice(("fr", "fr", "en")),
        layer=1,
    )
    page = f"https://bench.example/page-{int(chance.paretovariate(1)) % 3_000}"
    device = chance.choice(("desktop", "mobile", "mobile", "tablet"))
    sealed = seal(
        record, os.urandom(32), PersonalPart(consent_id, page, None, None, "Firefox", "150", device), os.urandom(32)
    )
    kept = {
        "record_id": record_id,
        "recorded_at": moment,
        "action": action,
        "record": sealed.record,
        "salt": sealed.salt,
        "personal": sealed.personal,
        "personal_salt": sealed.personal_salt,
        "consent_id": consent_id,
        "leaf_hash": sealed.leaf_hash,
        "body_digest": b"\0" * 32,
    }
    return kept, {"kind": "consent", "commitment": sealed.commitment, "record_id": record_id}


def _fill(app: Flask, configuration: Configuration, records: int) -> None:
    """Put records in line as the recorder does, over a year up to now."""
    chance, end = random.Random(configuration.site_key), clock.now()
    step = timedelta(days=DAYS) / records
    with app.extensions["sessions"]() as session:
        site = sites.find_site(session, configuration.site_key)
        session.rollback()
        for start in range(0, records, AT_ONCE):
            both = []
            for number in range(start, min(start + AT_ONCE, records)):
                moment = end - timedelta(days=DAYS) + step * number
                both.append(_one(configuration, chance, moment.replace(microsecond=moment.microsecond // 1000 * 1000)))
            session.execute(sa.insert(ConsentRecordRow), [{**kept, "site_id": site.id} for kept, _ in both])
            session.execute(sa.insert(ProofPendingRow), [{**line, "site_id": site.id} for _, line in both])
            session.commit()


def _prepare(app: Flask, key: str, records: int) -> None:
    settings, sessions = app.extensions["settings"], app.extensions["sessions"]
    editing.import_site(db.session(), _site(key), clock.now())
    configuration = publishing.publish(db.session(), key, "https://bench.example", clock.now()).configuration
    site = sites.find_site(db.session(), key)
    db.session.rollback()
    for what, deed in (
        ("fill", lambda: _fill(app, configuration, records)),
        (
            "sequence",
            lambda: integrate(sessions, site.id, app.extensions["keyring"], settings.high_water_mark, clock.now()),
        ),
        ("count", lambda: counting.catch_up(sessions, site.id)),
    ):
        began, processor = time.perf_counter(), time.process_time()
        deed()
        million = (time.process_time() - processor) * 1_000_000 / records
        print(f"{what:10} {records:9} records {time.perf_counter() - began:8.1f} s {million:8.1f} s cpu per million")


def _questions(app: Flask, key: str, records: int) -> dict[str, Callable[[], object]]:
    sessions = app.extensions["sessions"]

    def search(after: str | None = None, **wanted: object) -> Callable[[], object]:
        def deed() -> object:
            with sessions() as session:
                return searching.search(session, key, Wanted(**wanted), after)  # type: ignore[arg-type]

        return deed

    def examine() -> object:
        with sessions() as session:
            return examining.examine(session, key, record_id, app.extensions["keyring"])

    with sessions() as session:
        site_id = sites.find_site(session, key).id
        row = ConsentRecordRow
        query = sa.select(row.record_id, row.consent_id, row.recorded_at).where(row.site_id == site_id)
        query = query.order_by(row.recorded_at, row.record_id).offset(records // 2).limit(1)
        record_id, consent_id, moment = session.execute(query).one()
    today = clock.now().date()
    return {
        "answers, 90 days": lambda: reporting.answers(sessions, key, start=today - timedelta(days=90), unit="week"),
        "answers, a year": lambda: reporting.answers(sessions, key, unit="month"),
        "search, newest": search(),
        "search, from the middle": search(f"{rfc3339(moment)}~{record_id}"),
        "search, a rare action": search(action="expire"),
        "search, nobody's purpose": search(purpose="nobody"),
        "search, a receipt code": search(code=record_id[:8]),
        "search, a visitor": search(code=consent_id),
        "one record, its proofs checked": examine,
    }


def _milliseconds(deed: Callable[[], object]) -> float:
    taken = []
    for _ in range(TURNS):
        began = time.perf_counter()
        deed()
        taken.append((time.perf_counter() - began) * 1_000)
    return statistics.median(taken)


def _by_sql(app: Flask, key: str) -> float:
    """Count rates by day from the records' own texts: what statistics would cost without numbers kept for them."""
    with app.extensions["sessions"]() as session:
        site_id = sites.find_site(session, key).id
        began = time.perf_counter()
        session.connection().exec_driver_sql(
            "SELECT date(recorded_at), action, json_extract(record, '$.language'), json_extract(personal, "
            "'$.form_factor'), json_extract(record, '$.decisions'), count(*) FROM consent_record WHERE site_id = ? "
            "GROUP BY 1, 2, 3, 4, 5",
            (site_id,),
        ).all()
        return (time.perf_counter() - began) * 1_000


def main() -> None:
    """Fill two sites, one with a hundredth of the records, and ask the same of both."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=100_000, help="how many (100 000)")
    records = parser.parse_args().records
    with installation() as (app, _folder):
        _prepare(app, "small", records // 100)
        _prepare(app, "large", records)
        small, large = _questions(app, "small", records // 100), _questions(app, "large", records)
        print(f"{'':32} {records // 100:>9} {records:>11} records")
        for what, deed in large.items():
            before, after = _milliseconds(small[what]), _milliseconds(deed)
            print(f"{what:32} {before:6.1f} ms {after:8.1f} ms", flush=True)
            say(f"{what}, a hundred times the records", after / before)
        limits = _by_sql(app, "small"), _by_sql(app, "large")
        print(f"{'the same numbers by SQL (limit)':32} {limits[0]:6.1f} ms {limits[1]:8.1f} ms")
        print(f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB at most")


if __name__ == "__main__":
    main()
