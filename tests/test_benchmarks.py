"""What benchmarks say is gathered as it was said; their figures are nobody's test."""

from __future__ import annotations

import pytest

from benchmarks import __main__ as benchmarks
from benchmarks import ratios
from benchmarks.ratios import Ratio


def test_what_is_said_is_read_again(capsys: pytest.CaptureFixture[str]) -> None:
    ratios.say("export csv / plain csv", 2.84, at_most=3)
    ratios.say("group commit / one commit each", 3.5, at_least=4)
    ratios.say("layout shift", 0.0, at_most=0)
    ratios.say("search, a year", 1234.5)
    read = [ratios.read(line) for line in capsys.readouterr().out.splitlines()]

    assert read == [
        Ratio("export csv / plain csv", 2.84, "at most", 3),
        Ratio("group commit / one commit each", 3.5, "at least", 4),
        Ratio("layout shift", 0, "at most", 0),
        Ratio("search, a year", 1234, "", None),
    ]
    assert [ratio.met for ratio in read if ratio] == [True, False, True, None]
    assert ratios.read("round 1 of 5: 3 s") is None


def test_a_goal_is_met_when_every_run_meets_it_and_says_how_far_they_lie_apart() -> None:
    part = benchmarks.PARTS[0]
    runs = [[Ratio("a / b", 2.0, "at most", 3), Ratio("c", 1.0)], [Ratio("a / b", 3.5, "at most", 3)]]
    report = benchmarks.report([part], {part.title: runs})

    assert "| a / b | 2 | 3.5 | 75% | at most 3 | **missed** |" in report
    assert "| c | 1 | – | 0% |  |  |" in report
