"""What is written for a spreadsheet runs nothing there, and is read back as it was."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from consent_server.domain.errors import Invalid
from consent_server.domain.spreadsheet import as_it_was, harmless, read_csv, write_csv

CELLS = st.text(st.sampled_from("=+-@|%'\" \t\r\n;,a\uff1d\uff20\u200b\ufeffé"), max_size=8)


@given(CELLS)
def test_every_cell_is_read_back_as_it_was(cell: str) -> None:
    assert as_it_was(harmless(cell)) == cell


@given(st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=4))
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_a_file_is_read_back_as_it_was(lines: list[tuple[str, str]]) -> None:
    told = [{"name": f"x{name}", "kind": kind} for name, kind in lines]
    found = read_csv(write_csv(("name", "kind"), told), ("name", "kind"), ("name",))
    assert [cells for _number, cells in found] == told


@pytest.mark.parametrize(
    "cell",
    [
        "=1+1",
        "+1",
        "-1",
        "@SUM(A1)",
        " =1+1",
        "\t=1",
        "\r=1",
        "\n=1",
        "\uff1d1+1",
        "'=1+1",
        "\u200b=1",
        "%0A=1",
        "|calc",
    ],
)
def test_nothing_that_runs_begins_a_cell(cell: str) -> None:
    assert harmless(cell) == f"'{cell}"


@pytest.mark.parametrize("separator", [",", ";"])
def test_both_separators_are_read(separator: str) -> None:
    text = f"name{separator}kind\r\n_ga{separator}cookie\r\n\r\n_b{separator}\r\n"
    assert read_csv(text, ("name", "kind"), ("name",)) == [
        (2, {"name": "_ga", "kind": "cookie"}),
        (4, {"name": "_b", "kind": ""}),
    ]


@pytest.mark.parametrize(
    "text",
    ["", "kind\ncookie", "name,colour\na,red", "name,name\na,b", "name\na,b", 'name\n"a', "name\n" + "a\n" * 5_001],
    ids=["empty", "nameless", "strange", "twice", "too wide", "cut", "too long"],
)
def test_what_is_no_such_file_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        read_csv(text, ("name", "kind"), ("name",))
