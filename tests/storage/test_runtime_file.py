"""What a site is served is put together from what it uses: every signal has its file, and nothing else is shipped."""

from __future__ import annotations

from pathlib import Path

import pytest

from consent_server.domain.imported_choice import PLATFORMS
from consent_server.domain.signals import SIGNALS
from consent_server.storage.runtime_file import load_runtime

STATIC = Path(__file__).parents[2] / "static"
ALL = tuple(signal.name for signal in SIGNALS)


def test_without_parts_it_is_the_core_alone() -> None:
    assert load_runtime() == load_runtime({"signals": ()}) == (STATIC / "banner.js").read_bytes()


def test_every_signal_is_a_file_and_every_file_a_signal() -> None:
    assert {path.stem for path in (STATIC / "parts" / "signals").iterdir()} == set(ALL)


def test_every_platform_is_a_file_and_every_file_a_platform() -> None:
    assert {path.stem for path in (STATIC / "parts" / "importers").iterdir()} == {each.name for each in PLATFORMS}


def test_a_site_that_imports_is_served_that_platform_alone() -> None:
    runtime = load_runtime({"importers": ("klaro",), "signals": ("meta",)})
    for each in PLATFORMS:
        part = (STATIC / "parts" / "importers" / f"{each.name}.js").read_bytes()
        assert (part in runtime) == (each.name == "klaro")
    assert b"cc_cookie" not in load_runtime({"importers": (), "signals": ALL})


def test_the_order_in_which_parts_are_named_changes_nothing() -> None:
    assert load_runtime({"signals": ALL}) == load_runtime({"signals": tuple(reversed(ALL))})


@pytest.mark.parametrize("name", ALL)
def test_only_the_parts_that_are_named_are_in_it(name: str) -> None:
    runtime = load_runtime({"signals": (name,)})
    assert runtime.startswith(b"const $parts=[(")
    assert runtime.endswith((STATIC / "banner.js").read_bytes())
    for each in ALL:
        assert ((STATIC / "parts" / "signals" / f"{each}.js").read_bytes() in runtime) == (each == name)
