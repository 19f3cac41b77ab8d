"""The documentation is complete: every setting, command and route is written about somewhere."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from flask import Flask

from consent_server.cli import commands
from consent_server.config import Settings
from consent_server.domain.tag import tag

ROOT = Path(__file__).parent.parent
OWN = {"static"}  # Flask's own endpoint, promised to nobody
PAGES = "/admin/"
"""Their addresses are promised to nobody either: people follow links."""


@pytest.fixture(scope="module")
def written() -> str:
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").glob("**/*.md"))]
    return "\n".join(page.read_text() for page in pages)


def _commands(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[str]:
    for name, each in getattr(command, "commands", {}).items():
        if isinstance(each, click.Group):
            yield from _commands(each, (*path, name))
        elif not each.hidden:
            yield " ".join((*path, name))


def _documented(rule: str) -> str:
    """Write ``<string:site_key>`` as OpenAPI and the documentation do: ``{site_key}``."""
    return re.sub(r"<(?:[^:<>]+:)?([^<>]+)>", r"{\1}", rule)


def test_every_setting_is_documented(written: str) -> None:
    variables = [field.metadata["variable"] for field in dataclasses.fields(Settings)]
    assert [name for name in variables if f"`{name}`" not in written] == []


def test_every_command_is_documented(written: str) -> None:
    assert [name for name in _commands(commands) if f"consent-server {name}" not in written] == []


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_every_route_is_documented(app: Flask, written: str) -> None:
    promised = (rule for rule in app.url_map.iter_rules() if rule.endpoint not in OWN)
    routes = {_documented(rule.rule) for rule in promised if not rule.rule.startswith(PAGES)}
    assert sorted(route for route in routes if route not in written) == []


@pytest.mark.parametrize("page", ["README.md", "docs/how-to-embed.md"])
def test_the_tag_is_shown_as_it_has_to_be_pasted(page: str) -> None:
    assert tag("https://consent.example/v1/sites/SITE_KEY/banner.js") in (ROOT / page).read_text()


def test_no_link_between_pages_is_broken() -> None:
    broken = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("**/*.md"))]
        for target in re.findall(r"\]\((?!https?:|mailto:|#)([^)#\s]+)", page.read_text())
        if not (page.parent / target).exists()
    ]
    assert broken == []
