"""The recipes of docs/how-to-audit.md are YAML, and what they run is a command line that we understand."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from consent_server.cli import commands

PAGE = (Path(__file__).parents[2] / "docs" / "how-to-audit.md").read_text(encoding="utf-8")
RECIPES: list[dict[Any, Any]] = [yaml.safe_load(text) for text in re.findall(r"```yaml\n(.*?)```", PAGE, re.S)]


def _texts(node: Any) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    for each in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from _texts(each)


def _commands() -> list[str]:
    shown = re.findall(r"^    (consent-server (?:scan|audit|drift) [^#>\n]+)", PAGE, re.MULTILINE)
    return [*shown, *(text for text in _texts(RECIPES) if text.startswith("consent-server "))]


def options(line: str) -> dict[str, Any]:
    """Return what our own command line makes of a line; it exits with 2 where it does not understand."""
    _program, name, *arguments = shlex.split(line)
    return commands.commands[name].make_context(name, arguments, parent=click.Context(commands)).params


@pytest.mark.parametrize("line", _commands())
def test_every_command_that_is_shown_is_understood(line: str) -> None:
    name = shlex.split(line)[1]
    told = commands.commands[name].get_help(click.Context(commands.commands[name]))

    assert options(line)
    assert [word for word in shlex.split(line) if word.startswith("-") and word not in told] == []


def test_what_the_recipes_hand_on_is_what_they_write() -> None:
    github, gitlab = RECIPES
    steps = github["jobs"]["audit"]["steps"]
    audits = [options(step["run"]) for step in steps if step.get("run", "").startswith("consent-server")]
    uploads = {step["uses"].partition("@")[0]: step for step in steps if "upload" in step.get("uses", "")}
    first = options(gitlab["cookie-audit"]["script"][0])

    assert (audits[0]["form"], first["form"]) == ("sarif", "junit")
    assert uploads["github/codeql-action/upload-sarif"]["with"]["sarif_file"] == audits[0]["output"]
    assert gitlab["cookie-audit"]["artifacts"]["reports"]["junit"] == first["output"]
    for each, again in ((audits[0], audits[1]), (first, options(gitlab["cookie-audit"]["after_script"][0]))):
        assert (again["kept"], again["baseline"]) == (each["evidence"], each["baseline"])
        assert again["output"].startswith(f"{each['evidence']}/")
        assert (each["fail_on"], again["fail_on"]) == ("error", "never")


def test_reports_are_handed_on_when_the_audit_found_something() -> None:
    github, gitlab = RECIPES
    steps = github["jobs"]["audit"]["steps"]
    after = steps[next(number for number, step in enumerate(steps) if "audit https" in step.get("run", "")) + 1 :]

    assert after
    assert all(step["if"] == "always()" for step in after)
    assert gitlab["cookie-audit"]["artifacts"]["when"] == "always"
    assert github["permissions"]["security-events"] == "write"
