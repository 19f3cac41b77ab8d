"""What several modules of this folder stand on: a site with a log, and an authority that stamps."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.proof_logs import Installation
from tests.tsa import Service, TimeStamper, serving


@pytest.fixture
def installation(empty_database_url: str, tmp_path: Path) -> Iterator[Installation]:
    made = Installation(empty_database_url, tmp_path)
    made.create()
    yield made
    made.engine.dispose()


@pytest.fixture
def stamper(tmp_path: Path) -> TimeStamper:
    return TimeStamper(tmp_path / "tsa")


@pytest.fixture
def service(stamper: TimeStamper) -> Iterator[Service]:
    with serving(stamper.reply) as service:
        yield service
