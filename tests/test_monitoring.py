"""Alerts and dashboard name figures that the server really tells, and every alert has its section in the runbook."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from flask import Flask
from prometheus_client.parser import text_string_to_metric_families

from consent_server.services import clock, editing, publishing
from consent_server.services.anchoring import Anchoring
from consent_server.services.measuring import exposition
from consent_server.services.time_stamping import Token
from consent_server.storage.database import db
from tests import builders

ROOT = Path(__file__).parent.parent
MONITORING = ROOT / "deploy" / "monitoring"
OF_PROMETHEUS = {"up"}
"""What Prometheus itself tells of whom it asks."""

RULES = [
    rule for group in yaml.safe_load((MONITORING / "alerts.yaml").read_text())["groups"] for rule in group["rules"]
]
DASHBOARD: dict[str, Any] = json.loads((MONITORING / "dashboard.json").read_text())
WORDS = re.compile(r"\b(?:up|(?:consent|proof)_[a-z_]+)\b")


class Authority:
    url = "https://tsa.example"

    def stamp(self, message: bytes) -> Token:
        return Token(b"token", clock.now())


@pytest.fixture
def told(app: Flask) -> set[str]:
    """The names of all samples of an installation that has everything: an anchor, a time stamp, Redis."""
    with app.app_context():
        editing.import_site(db.session(), builders.site_file(), clock.now())
        publishing.publish(db.session(), "example", "https://consent.example", clock.now())
    anchoring: Anchoring = app.extensions["anchoring"]
    dataclasses.replace(anchoring, authority=Authority()).anchor(clock.now())  # type: ignore[arg-type]
    told: set[str] = set()
    for family in text_string_to_metric_families(exposition(app.extensions["overview"]).decode()):
        told |= {family.name, f"{family.name}_total"} if family.type == "counter" else {family.name}
        if family.type == "histogram":
            told |= {f"{family.name}_{each}" for each in ("bucket", "sum", "count")}
    return told


def _expressions() -> Iterator[tuple[str, str]]:
    for rule in RULES:
        yield rule["alert"], rule["expr"]
    for panel in DASHBOARD["panels"]:
        for target in panel.get("targets", ()):
            yield panel["title"], target["expr"]


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
def test_every_expression_names_figures_that_are_told(told: set[str]) -> None:
    unknown = {
        (where, name)
        for where, expression in _expressions()
        for name in WORDS.findall(re.sub(r'"[^"]*"', '""', expression))
        if name not in told | OF_PROMETHEUS
    }
    assert unknown == set()
    assert len(list(_expressions())) > 40


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
def test_every_figure_of_ours_is_explained(told: set[str]) -> None:
    written = (ROOT / "docs" / "how-to-operate.md").read_text()
    endings = ("_bucket", "_sum", "_count", "_created")
    ours = {name for name in told if WORDS.fullmatch(name) and not name.endswith(endings)}
    assert {name for name in ours if f"`{name}`" not in written and f"{name}_total" not in told} == set()


def test_every_alert_says_what_it_is_and_whom_to_wake() -> None:
    for rule in RULES:
        assert set(rule) >= {"alert", "expr", "labels", "annotations"}
        assert rule["labels"]["severity"] in ("page", "ticket")
        assert rule["annotations"]["summary"].endswith(".")


def test_every_alert_has_its_section_in_the_runbook_and_every_section_its_alert() -> None:
    sections = re.findall(r"^## (\w+)$", (ROOT / "docs" / "runbook.md").read_text(), re.MULTILINE)
    assert sorted(sections) == sorted(rule["alert"] for rule in RULES)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_a_section_answers_what_somebody_asks_at_night(rule: dict[str, Any]) -> None:
    text = (ROOT / "docs" / "runbook.md").read_text().partition(f"## {rule['alert']}\n")[2].partition("\n## ")[0]
    asked = ("**Means**", "**Visitors notice**", "**Look at**", "**Do**", "**Wake somebody**")
    assert [line.partition("** ")[0] + "**" for line in text.splitlines() if line.startswith("**")] == list(asked)
    woken = text.partition("**Wake somebody** ")[2].startswith("Yes")
    assert woken is (rule["labels"]["severity"] == "page")


def test_panels_have_numbers_of_their_own_and_do_not_overlap() -> None:
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not taken & cells
        assert max(x for x, _ in cells) < 24
        taken |= cells
