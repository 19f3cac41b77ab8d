"""What a visitor downloads stays within its budget: the runtime, and the runtime with a real site's configuration."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask

from consent_server.services import clock
from consent_server.services.demonstrating import load_demo
from consent_server.services.publishing import encoded
from consent_server.storage import configurations, sites
from consent_server.storage.configurations import Encoded
from consent_server.storage.database import db
from consent_server.storage.runtime_file import load_runtime

BUILD = Path(__file__).parents[2] / "banner" / "build.mjs"
CONFIGURATION_BUDGET = 3_584  # bytes, brotli: ubiq's rules, and its texts in two languages


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_real_site_in_two_languages_is_light(app: Flask, tell_figure: Callable[[str], None]) -> None:
    runtime_budget = int(re.search(r"const BUDGET = ([\d_]+)", BUILD.read_text(encoding="utf-8"))[1].replace("_", ""))
    with app.app_context():
        list(load_demo(db.session(), app.extensions["settings"], clock.now()))
        session = db.session()
        banner = configurations.find_published(session, sites.find_site(session, "ubiq").id).banner
    runtime = _weight(encoded(load_runtime()))
    tell_figure(f"ubiq, French and English: {_weight(banner)}; runtime alone {runtime}")
    assert len(banner.br) <= runtime_budget + CONFIGURATION_BUDGET


def _weight(files: Encoded) -> str:
    return f"{len(files.plain)} raw, {len(files.gzip)} gzip, {len(files.br)} brotli"
