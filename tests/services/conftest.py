"""What several modules of this folder stand on: a site with a log, and an authority that stamps."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.proof_logs import Installation, standing
from tests.tsa import Service, TimeStamper, serving


@pytest.fixture
def installation(empty_database_url: str, tmp_path: Path) -> Iterator[Installation]:
    """The same without the triggers of the migrations."""
    with standing(empty_database_url, tmp_path) as made:
        yield made


@pytest.fixture
def stamper(tmp_path: Path) -> TimeStamper:
    return TimeStamper(tmp_path / "tsa")


@pytest.fixture
def service(stamper: TimeStamper) -> Iterator[Service]:
    with serving(stamper.reply) as service:
        yield service
