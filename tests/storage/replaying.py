"""One of the processes of a test that send the same answers at once; started as ``python -m tests.storage.replaying``.

It reads record ids from standard input, sends each answer from many threads, and prints the receipts that it got.
"""

from __future__ import annotations

import dataclasses
import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from consent_server.app import create_app
from consent_server.domain.client import Client
from consent_server.domain.errors import Unavailable
from consent_server.web.visitor.consents import read_answer
from tests import builders
from tests.databases import close

THREADS = 16
MOST_TRIES = 200


def main(url: str, folder: str) -> None:
    """Send what standard input names, and sequence meanwhile."""
    settings = dataclasses.replace(
        builders.settings(Path(folder), database_url=url), sequencer_interval=0.05, threads=THREADS
    )
    app = create_app(settings)
    recorder = app.extensions["recorder"]
    app.extensions["sequencer"].start()

    def send(record_id: str) -> tuple[str, str]:
        body = builders.consent((), record_id=record_id, consent_id=record_id)
        for _ in range(MOST_TRIES):
            try:
                kept = recorder.record("example", read_answer(body), page_origin=None, client=Client()).kept
                return record_id, kept.leaf_hash.hex()
            except Unavailable:  # as the outbox does: nothing was acknowledged, so it asks again
                time.sleep(0.01)
        raise AssertionError("never acknowledged")

    ids = json.load(sys.stdin)
    with ThreadPoolExecutor(THREADS) as pool:
        every = [sent for record_id in ids for sent in [pool.submit(send, record_id) for _ in range(THREADS)]]
        print(json.dumps([sent.result() for sent in every]))
    close(app)


if __name__ == "__main__":
    main(*sys.argv[1:])
