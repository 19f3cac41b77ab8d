"""Another platform's choices are read where the site says so, by the names that it says, and nowhere else."""

from __future__ import annotations

from typing import Any

import pytest

from consent_server.domain.embedding import embedded
from consent_server.domain.errors import Invalid
from consent_server.domain.imported_choice import PLATFORMS, importers
from tests.domain.test_signals import ANALYTICS, catalogue, configuration

PURPOSES = {"audience": ["google_analytics", "hotjar"]}
AXEPTIO = {"from": "axeptio", "purposes": PURPOSES}


def read(settings: Any) -> Any:
    return catalogue({"import": settings}, ANALYTICS).signals.get("import")


@pytest.mark.parametrize("settings", [None, False])
def test_a_site_that_says_nothing_imports_nothing(settings: Any) -> None:
    assert read(settings) is None
    assert importers(catalogue({"import": settings}, ANALYTICS).signals) == ()


def test_what_a_site_says_reaches_its_banner() -> None:
    settings = {**AXEPTIO, "since": "2026-05-01", "cookie": "axeptio_cookies_fr"}
    found = catalogue({"import": settings}, ANALYTICS)
    assert importers(found.signals) == ("axeptio",)
    assert embedded(configuration(found))["signals"]["import"] == settings


@pytest.mark.parametrize("platform", PLATFORMS, ids=lambda platform: platform.name)
def test_a_platform_that_keeps_no_dates_needs_a_day(platform: Any) -> None:
    settings = {"from": platform.name, "purposes": PURPOSES}
    assert read({**settings, "since": "2026-05-01"})["since"] == "2026-05-01"
    if platform.dated:
        assert read(settings) == settings
    else:
        with pytest.raises(Invalid, match="keeps no dates"):
            read(settings)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"from": "usercentrics"}, "from"),
        ({"from": None}, "from"),
        ({"since": "1 May 2026"}, "since"),
        ({"since": "2026-02-30"}, "since"),
        ({"since": "20260501"}, "since"),
        ({"cookie": "a; b"}, "cookie"),
        ({"cookie": "a=b"}, "cookie"),
        ({"purposes": {}}, "purposes"),
        ({"purposes": None}, "purposes"),
        ({"purposes": ["audience"]}, "purposes"),
        ({"purposes": {"audience": []}}, "purposes.audience"),
        ({"purposes": {"audience": "google_analytics"}}, "purposes.audience"),
        ({"purposes": {"audience": [1]}}, "purposes.audience.0"),
        ({"purposes": {"audience": ["x" * 201]}}, "purposes.audience"),
        ({"purposes": {"necessary": ["x"]}}, "purposes.necessary"),
        ({"purposes": {"telepathy": ["x"]}}, "purposes.telepathy"),
        ({"typo": 1}, "typo"),
    ],
)
def test_a_mistake_is_told_where_it_stands(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        read({**AXEPTIO, **changes})
    assert f"signals.import.{field}" in refused.value.problems


@pytest.mark.parametrize("settings", [True, "axeptio", []])
def test_what_is_no_object_is_refused(settings: Any) -> None:
    with pytest.raises(Invalid):
        read(settings)
