"""What a log of many records costs to export, verify and purge: seconds, processor seconds and memory. SQLite.

Limits of the same run: writing the same rows to a plain CSV with ``csv`` straight from the database driver (export),
and hashing the bundle's bytes once (verification).
"""

from __future__ import annotations

import argparse
import csv
import gzip
import io
import json
import resource
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from hashlib import file_digest
from pathlib import Path

import sqlalchemy as sa
from flask import Flask

from benchmarks.installation import installation
from benchmarks.ratios import say
from consent_server.domain.configuration import Configuration
from consent_server.domain.consent_record import ConsentRecord, PersonalPart, seal
from consent_server.domain.times import rfc3339
from consent_server.services import clock, editing, exporting, publishing
from consent_server.services.purging import purge_site
from consent_server.services.sequencing import integrate
from consent_server.storage import sites
from consent_server.storage.database import db
from consent_server.storage.tables import ConsentRecordRow, ProofPendingRow

SITE = {"site_key": "bench", "name": "Bench", "origins": ["https://bench.example"], "services": [{"library": "matomo"}]}
AT_ONCE = 5_000
ORIGIN = "bench.example/v1/sites/bench/log"


@contextmanager
def _measured(what: str, records: int) -> Iterator[dict[str, float]]:
    """Print how long it took; the values are there for ratios when it is over."""
    spent: dict[str, float] = {}
    began, processor = time.perf_counter(), time.process_time()
    yield spent
    spent["wall"], spent["cpu"] = time.perf_counter() - began, time.process_time() - processor
    _say(what, records, spent["wall"], spent["cpu"], resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def _say(what: str, records: int, wall: float, cpu: float, memory: float) -> None:
    million = cpu * 1_000_000 / records
    print(f"{what:28} {wall:8.1f} s {cpu:8.1f} s cpu ({million:6.1f} per million) {memory:7.0f} MB at most", flush=True)


def _fill(app: Flask, configuration: Configuration, records: int) -> None:
    """Put records in line as the recorder does: sealed, each with its place in line, a page in one transaction."""
    moment = clock.now()
    text = rfc3339(moment)
    decisions = dict.fromkeys(configuration.asked_purposes, False)
    with app.extensions["sessions"]() as session:
        site = sites.find_site(session, "bench")
        session.rollback()
        for start in range(0, records, AT_ONCE):
            kept, line = [], []
            for _ in range(min(AT_ONCE, records - start)):
                record_id, consent_id = str(uuid.uuid4()), str(uuid.uuid4())
                record = ConsentRecord(
                    site_key="bench",
                    record_id=record_id,
                    recorded_at=text,
                    expires_at=rfc3339(moment + timedelta(days=181)),
                    action="refuse_all",
                    decisions=decisions,
                    config_version=configuration.version,
                    config_digest=configuration.digest,
                    runtime_digest=configuration.runtime_digest,
                    language="fr",
                    layer=1,
                )
                salts = uuid.uuid4().bytes * 2, uuid.uuid4().bytes * 2
                sealed = seal(record, salts[0], PersonalPart(consent_id, "https://bench.example/page"), salts[1])
                kept.append(
                    {
                        "record_id": record_id,
                        "site_id": site.id,
                        "recorded_at": moment,
                        "action": "refuse_all",
                        "record": sealed.record,
                        "salt": sealed.salt,
                        "personal": sealed.personal,
                        "personal_salt": sealed.personal_salt,
                        "consent_id": consent_id,
                        "leaf_hash": sealed.leaf_hash,
                        "body_digest": b"\0" * 32,
                    }
                )
                commitment = sealed.commitment
                line.append({"site_id": site.id, "kind": "consent", "commitment": commitment, "record_id": record_id})
            session.execute(sa.insert(ConsentRecordRow), kept)
            session.execute(sa.insert(ProofPendingRow), line)
            session.commit()


def _plain_csv(app: Flask) -> int:
    """Write the rows with the driver and ``csv`` alone: the limit that an export is held against."""
    out = io.StringIO()
    writer, written = csv.writer(out), 0
    with app.extensions["sessions"]() as session:
        cursor = session.connection().exec_driver_sql(
            "SELECT e.idx, r.record, r.personal FROM proof_entry e JOIN consent_record r ON r.record_id = e.record_id "
            "ORDER BY e.idx"
        )
        for row in cursor:
            writer.writerow(row)
            if out.tell() > 2**20:
                written += len(out.getvalue())
                out.seek(0)
                out.truncate()
    return written + len(out.getvalue())


def _export(app: Flask, form: str, path: Path) -> None:
    extensions, settings = app.extensions, app.extensions["settings"]
    with path.open("wb") as out:
        exporting.export(
            extensions["sessions"], "bench", form, out, extensions["keyring"], settings.high_water_mark, clock.now()
        )


# What the system says of a child includes what its parent had when it began; the child's own map does not.
_VERIFIER = """
import re, sys
from pathlib import Path
from consent_server.verify import main
code = main(sys.argv[1:])
print(re.search("VmHWM:[^0-9]*([0-9]+)", Path("/proc/self/status").read_text())[1])
sys.exit(code)
"""


def _verify(path: Path, key: str, records: int) -> float:
    """Run the verifier as an auditor does, in a process of its own; return its processor seconds."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.perf_counter()
    command = [sys.executable, "-c", _VERIFIER, str(path), "--key", key]
    said = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    _say(f"verify {path.suffix}", records, time.perf_counter() - began, cpu, int(said.split()[-1]) / 1024)
    return cpu


def _hashed(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def _timed(deed: Callable[[], object]) -> float:
    began = time.process_time()
    deed()
    return time.process_time() - began


def main() -> None:
    """Fill a log, then measure each deed once; the figures of one run belong together."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=100_000, help="how many (100 000)")
    records = parser.parse_args().records
    with installation() as (app, folder):
        editing.import_site(db.session(), SITE, clock.now())
        configuration = publishing.publish(db.session(), "bench", "https://bench.example", clock.now()).configuration
        site = sites.find_site(db.session(), "bench")
        db.session.rollback()
        keyring = app.extensions["keyring"]
        with _measured("fill", records):
            _fill(app, configuration, records)
        with _measured("sequence", records):
            integrate(
                app.extensions["sessions"], site.id, keyring, app.extensions["settings"].high_water_mark, clock.now()
            )
        with _measured("a plain csv (limit)", records) as limit:
            _plain_csv(app)
        for form in ("csv", "jsonl", "zip"):
            with _measured(f"export .{form}", records) as spent:
                _export(app, form, folder / f"evidence.{form}")
            say(f"export {form} / plain csv", spent["cpu"] / limit["cpu"], at_most=3)
        key = keyring.log_signer(ORIGIN).vkey
        for form in ("jsonl", "zip"):
            path = folder / f"evidence.{form}"
            hashing = _timed(lambda path=path: _hashed(path))  # type: ignore[misc]
            spent_there = _verify(path, key, records)
            say(f"verify {form} / hashing the file once", spent_there / hashing)
            say(f"verify {form} in processor seconds a million", spent_there * 1_000_000 / records, at_most=20)
        size = (folder / "evidence.jsonl").stat().st_size
        print(f"{'':28} {size / records:8.0f} bytes a record, {_packed(folder / 'evidence.jsonl'):.0f} packed")
        later = clock.now() + timedelta(days=366 * 6)
        with _measured("purge", records):
            gone = sum(purged.records for purged in purge_site(app.extensions["sessions"], site, later))
        assert gone == records, f"{gone} of {records} were purged"
        print(json.dumps({"records": records}))


def _packed(path: Path) -> float:
    with path.open("rb") as file:
        sample = file.read(2**22)
    return len(gzip.compress(sample)) * 1.0 / max(1, sample.count(b"\n"))


if __name__ == "__main__":
    main()
