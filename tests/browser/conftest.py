"""Every test of this folder needs the browser; the fixtures are in tests/browsers.py."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser import shop as shops
from tests.browser.ordering_site import ordering  # noqa: F401  # a fixture of two modules


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark them; browsers come last, after what is quicker to fail."""
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def opened_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[shops.Shop]:
    with shops.shop(tmp_path_factory.mktemp("shop")) as opened:
        yield opened


@pytest.fixture
def shop(opened_shop: shops.Shop) -> shops.Shop:
    """A shop that nobody has visited yet."""
    opened_shop.files.clear()
    opened_shop.forget()
    return opened_shop
