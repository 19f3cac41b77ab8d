"""By which indexes PostgreSQL answers every hot query at 10 000 000 rows, and how many pages it reads for that.

Rows are synthetic: made inside the database by one statement for each table, in the months that production would have,
with texts of the right shape. Nothing of them is sealed, hashed or signed, so what verifies is not asked here
(benchmarks/growth.py loads valid ones, and fewer). Queries are those that the services send, taken from the wire while
they do, each distinct statement once. A table of which more than a handful of rows is read without an index fails the
run. Limit of the same run: the same queries at 10 000 rows, in pages, which no other process of the machine changes.
"""

from __future__ import annotations

import argparse
import contextlib
import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from flask import Flask

from benchmarks import growth
from benchmarks.installation import installation
from benchmarks.ratios import say
from consent_server.services import clock
from consent_server.storage import proof_log
from consent_server.storage.database import db
from tests import servers
from tests.databases import postgresql_database

FEW, MANY = 10_000, 10_000_000
HANDFUL = 10_000
"""Rows that may be read without an index: a month that has hardly begun is quicker read whole."""
LONGEST = "120s"
VERIFYING = ("POST and sequence", "one record, its proofs checked")
COUNTED = "statistics"
"""Read what was counted by day, of which there is none here: their size is that of the calendar."""

IDS = "md5('record ' || n)::uuid::text AS record_id, md5('visitor ' || n / 3)::uuid::text AS consent_id"

RECORDS = f"""
INSERT INTO consent_record (record_id, site_id, recorded_at, action, record, salt, personal, personal_salt, consent_id,
                            leaf_hash, body_digest)
SELECT record_id, :site, moment, CASE WHEN yes THEN :action_0 ELSE :action_1 END,
       format(CASE WHEN yes THEN :record_0 ELSE :record_1 END, to_char(moment + interval '181 days', :time),
              CAST(:commitment AS text), record_id, to_char(moment, :time)),
       :bytes, format(CAST(:personal AS text), consent_id), :bytes, consent_id, :bytes, :bytes
FROM (SELECT {IDS}, n % 10 < 4 AS yes,
             date_trunc('milliseconds', CAST(:start AS timestamptz) + n * CAST(:step AS interval)) AS moment
      FROM generate_series(CAST(:first AS bigint), CAST(:last AS bigint)) AS n) AS made
"""

ENTRIES = f"""
INSERT INTO proof_entry (site_id, idx, kind, commitment, record_id)
SELECT :site, :size + n, 'consent', :bytes, record_id
FROM (SELECT n, {IDS} FROM generate_series(CAST(:first AS bigint), CAST(:last AS bigint)) AS n) AS made
"""

TILES = """
INSERT INTO proof_tile (site_id, level, n, hashes, root)
SELECT :site, :level, n, decode(repeat(md5(n::text), 512), 'hex'), :bytes
FROM generate_series(0, CAST(:tiles AS bigint) - 1) AS n ON CONFLICT DO NOTHING
"""


@dataclass
class Read:
    """What the statements of one deed read: pages, milliseconds in the database, and by which indexes."""

    pages: int = 0
    milliseconds: float = 0.0
    indexes: Counter[str] = field(default_factory=Counter)
    whole: list[str] = field(default_factory=list)


def _fill(app: Flask, loader: growth._Loader, there: int, rows: int, start: datetime, stop: datetime) -> None:
    """Make the rows from ``there`` to ``rows``, evenly over the time, and say that they are in the log."""
    texts = dict(loader._texts)
    values: dict[str, Any] = {
        "site": loader.site_id,
        "size": loader.size,
        "first": there,
        "last": rows - 1,
        "start": start,
        "step": (stop - start) / rows,
        "time": 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"',
        "commitment": "A" * 43,
        "bytes": bytes(32),
        "personal": texts[growth.ACTIONS[0]].personal,
    }
    for number, action in enumerate(growth.ACTIONS):
        values |= {f"action_{number}": action, f"record_{number}": texts[action].record}
    with app.extensions["sessions"]() as session:
        head = proof_log.find_head(session, loader.site_id)
        latest = proof_log.latest_checkpoint(session, loader.site_id)
        assert head is not None
        assert latest is not None
        session.execute(sa.text("SET LOCAL TimeZone = 'UTC'"))
        session.execute(sa.text(RECORDS), values)
        session.execute(sa.text(ENTRIES), values)
        size = loader.size + rows
        for level in range(growth.LEVELS):
            session.execute(sa.text(TILES), values | {"level": level, "tiles": size >> 8 * (level + 1)})
        assert proof_log.compare_and_swap_head(session, head, size, bytes(32))
        proof_log.add_checkpoint(session, loader.site_id, replace(latest, size=size))
        session.commit()
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE")


def _read(deed: Callable[[], object]) -> Read:
    """Do a deed once, and have PostgreSQL explain whatever it asked of the large tables."""
    with growth._statements() as seen:
        deed()
    read = Read()
    for statement, values in seen.values():
        if any(table in statement for table in growth.LARGE):
            _explain(read, statement, values)
    return read


def _explain(read: Read, statement: str, values: Any) -> None:
    with db.engine.connect() as connection:
        connection.exec_driver_sql(f"SET LOCAL statement_timeout = '{LONGEST}'")
        asked = f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}"
        connection.exec_driver_sql(asked, values)  # once before: what is measured is read from memory
        (plan,) = connection.exec_driver_sql(asked, values).scalar_one()
        connection.rollback()
    read.milliseconds += plan["Execution Time"]
    read.pages += sum(plan["Plan"].get(f"Shared {kind} Blocks", 0) for kind in ("Hit", "Read"))
    for node in _nodes(plan["Plan"]):
        table, runs = str(node.get("Relation Name", "")), node["Actual Loops"]
        if index := node.get("Index Name"):
            read.indexes[re.sub(r"_(\d{4}_\d\d|past|other)", "", index)] += bool(runs)
        elif node["Node Type"].endswith("Seq Scan") and table.startswith(growth.LARGE):
            rows = (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * runs
            if rows > HANDFUL:
                read.whole.append(f"{table} ({rows:.0f} rows)")


def _nodes(plan: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield plan
    for each in plan.get("Plans", ()):
        yield from _nodes(each)


def _measure(app: Flask, loader: growth._Loader, rows: int) -> dict[str, Read]:
    deeds = growth._deeds(app, loader, rows)
    found = {}
    for what, (deed, _) in deeds.items():
        if what not in VERIFYING and not what.startswith(COUNTED):
            found[what] = read = _read(deed)
            by = ", ".join(f"{name} × {count}" if count > 1 else name for name, count in read.indexes.items() if count)
            whole = f"; WHOLE: {', '.join(read.whole)}" if read.whole else ""
            print(f"{what:32} {read.milliseconds:9.3f} ms {read.pages:7} pages  {by}{whole}", flush=True)
    return found


def main() -> None:
    """Fill a PostgreSQL of its own to both sizes, explain at each, drop a month; fail where a table was read whole."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=MANY, help="how many at the end (10 000 000)")
    rows = parser.parse_args().rows
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(servers.postgresql())
        app, _folder = stack.enter_context(installation(stack.enter_context(postgresql_database(server))))
        growth._give_room()
        loader, there = growth._prepare(app), 0
        stop = clock.now() - timedelta(minutes=1)
        found = []
        for size in (min(FEW, rows), rows):
            began = time.perf_counter()
            _fill(app, loader, there, size, stop - growth.YEARS, stop)
            print(f"\n{size} rows, made in {time.perf_counter() - began:.0f} s, {growth._bytes():.0f} bytes a record")
            found.append(_measure(app, loader, size))
            there = size
        few, many = found
        for what, read in many.items():
            if few[what].pages:
                say(f"{what}, pages at {rows} rows / at {min(FEW, rows)}", read.pages / few[what].pages)
        growth._drop_oldest(app)
        app.extensions["recorder"].stop()
        if whole := {what: read.whole for what, read in many.items() if read.whole}:
            sys.exit(f"read without an index: {whole}")


if __name__ == "__main__":
    main()
