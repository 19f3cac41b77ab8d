"""An installation of its own for a benchmark: an empty, migrated database, SQLite in a folder that goes with it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import flask_migrate
from flask import Flask

from consent_server.app import create_app
from consent_server.config import read_settings
from consent_server.storage.database import db


@contextmanager
def installation(database: str = "") -> Iterator[tuple[Flask, Path]]:
    """Give the application, inside its context, and the folder."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        settings = replace(
            read_settings(),
            instance=folder,
            database_url=database or f"sqlite:///{folder / 'bench.sqlite'}",
            log_key="42" * 32,
            high_water_mark=folder / "mark.json",
            redis_url="",
            screenshots=False,
        )
        app = create_app(settings)
        with app.app_context():
            flask_migrate.upgrade()
            yield app, folder
            db.session.remove()
            db.engine.dispose()
