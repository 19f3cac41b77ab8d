"""The committed vectors, most of them broken on purpose: what other implementations of this log must say, too."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from consent_server.domain.errors import Invalid
from consent_server.domain.proof_log.merkle import verify_consistency, verify_inclusion

VECTORS = Path(__file__).parent.parent.parent / "vectors" / "proof_log"


def _cases(name: str) -> list[Any]:
    return [pytest.param(case, id=case["desc"]) for case in json.loads((VECTORS / name).read_text())]


def _arguments(case: dict[str, Any], *names: str) -> list[Any]:
    values = ([bytes.fromhex(h) for h in case[n]] if n == "path" else case[n] for n in names)
    return [bytes.fromhex(value) if isinstance(value, str) else value for value in values]


@pytest.mark.parametrize("case", _cases("inclusion.json"))
def test_inclusion(case: dict[str, Any]) -> None:
    arguments = _arguments(case, "index", "size", "leaf", "path", "root")
    if case["valid"]:
        verify_inclusion(*arguments)
    else:
        with pytest.raises(Invalid):
            verify_inclusion(*arguments)


@pytest.mark.parametrize("case", _cases("consistency.json"))
def test_consistency(case: dict[str, Any]) -> None:
    arguments = _arguments(case, "old", "new", "old_root", "new_root", "path")
    if case["valid"]:
        verify_consistency(*arguments)
    else:
        with pytest.raises(Invalid):
            verify_consistency(*arguments)
