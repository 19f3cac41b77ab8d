"""What is kept of an answer's arrival is read back as it was, and names what speaks for a forgery."""

from __future__ import annotations

import itertools

import pytest

from consent_server.domain.assurance import FETCH_SITES, Assurance, assure, read_assurance


def test_every_assurance_is_read_back() -> None:
    every = [Assurance(*each) for each in itertools.product((True, False), FETCH_SITES, (True, False))]
    assert [read_assurance(each.number) for each in every] == every
    assert len({each.number for each in every}) == len(every)
    assert read_assurance(None) is None


@pytest.mark.parametrize(
    ("origin_listed", "fetch_site", "rate_normal", "signs"),
    [
        (True, "cross-site", True, ()),
        (True, "same-origin", True, ()),
        (True, None, True, ()),
        (False, None, True, ("no_origin",)),
        (True, "none", True, ("no_page",)),
        (True, "<script>", True, ("no_page",)),
        (True, "cross-site", False, ("flood",)),
        (False, "none", False, ("no_origin", "no_page", "flood")),
    ],
)
def test_what_browsers_send_has_no_signs_of_a_forgery(
    origin_listed: bool, fetch_site: str | None, rate_normal: bool, signs: tuple[str, ...]
) -> None:
    assurance = assure(origin_listed=origin_listed, fetch_site=fetch_site, rate_normal=rate_normal)
    assert assurance.signs == signs
