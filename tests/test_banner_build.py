"""The banner's own checks, run by Node; ``static/banner.js`` is what its sources give."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests import programs

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize(
    "script",
    [
        pytest.param("typecheck", id="its types hold"),
        pytest.param("test", id="its unit tests pass"),
        pytest.param("check", id="static/banner.js is its sources built again"),
    ],
)
def test_banner(script: str) -> None:
    done = subprocess.run(
        [*programs.npm(), "run", "--silent", script],
        cwd=ROOT / "banner",
        env={**programs.node_environment(), "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, f"npm run {script} in banner/:\n{done.stdout}\n{done.stderr}"
