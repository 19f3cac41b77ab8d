"""What stands in front of the runtime is what the banner reads, and no more."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from consent_server.domain.configuration import Configuration
from consent_server.domain.embedding import embedded
from tests.domain.test_configuration import build

SHAPE = (Path(__file__).parents[2] / "banner" / "src" / "configuration.ts").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def published() -> Configuration:
    return build()


def fields(interface: str, optional: str = r"\??") -> set[str]:
    body = SHAPE.split(f"export interface {interface} {{")[1].split("\n}\n")[0]
    return set(re.findall(rf"^  readonly (\w+){optional}:", body, re.MULTILINE))


def inner(document: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Give one of each kind of part."""
    service = next(service for service in document["services"] if service["trackers"])
    return {
        "Configuration": document,
        "Purpose": document["purposes"][0],
        "Service": service,
        "Tracker": service["trackers"][0],
        "Banner": document["banner"],
    }


@pytest.mark.parametrize("part", ["Configuration", "Purpose", "Service", "Tracker", "Banner"])
def test_every_part_has_what_the_banner_reads(published: Configuration, part: str) -> None:
    assert fields(part, optional="") <= set(inner(embedded(published))[part])


@pytest.mark.parametrize("part", ["Service", "Tracker", "Purpose"])
def test_what_repeats_has_nothing_that_the_banner_does_not_read(published: Configuration, part: str) -> None:
    assert set(inner(embedded(published))[part]) <= fields(part)


def test_texts_are_filled_as_far_as_the_configuration_fills_them(published: Configuration) -> None:
    texts = embedded(published)["banner"]["texts"]["en"]
    assert set(re.findall(r"{(\w+)}", json.dumps(texts))) == {"service", "purpose", "vendor", "id"}
    assert "6\u00a0months" in texts["settings_intro"]
    assert texts["partners"] == "Partners (2)"
    assert not [key for key in texts if key.startswith(("duration_", "kind_"))]


def test_a_site_without_partners_has_no_word_for_them() -> None:
    texts = embedded(build(services=[{"library": "php-session"}]))["banner"]["texts"]
    assert texts["fr"]["partners"] == ""


def test_nobody_who_decided_is_named(published: Configuration) -> None:
    assert '"author"' not in json.dumps(embedded(published))
