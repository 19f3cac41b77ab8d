"""``python -m benchmarks``: run every benchmark, twice, and write what they say to docs/benchmarks.md.

Each runs in a process of its own, one after the other, all of them and then all of them again: what the machine does
meanwhile hits different ones each time. Ratios are compared between the runs, times are not.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import ratios
from benchmarks.ratios import Ratio

REPORT = Path(__file__).parents[1] / "docs" / "benchmarks.md"


@dataclass(frozen=True)
class Part:
    """One benchmark: its title, its module with arguments, and what its ratios are."""

    title: str
    command: tuple[str, ...]
    about: str


PARTS = (
    Part(
        "Serving",
        ("benchmarks.serving",),
        "processor time of what a page view asks for, against an empty Flask answer and against nginx with files",
    ),
    Part(
        "Recording",
        ("benchmarks.recording",),
        "answers kept, against one transaction for each and against the database's own inserts",
    ),
    Part("Evidence", ("benchmarks.evidence",), "sequencing, export, verification and purge of 100 000 records"),
    Part("Answers", ("benchmarks.answers",), "statistics and search at 100 000 records, against 1 000"),
    Part(
        "Growth, SQLite",
        ("benchmarks.growth", "--records", "10000", "100000"),
        "each deed at ten times the records",
    ),
    Part(
        "Growth, PostgreSQL",
        ("benchmarks.growth", "--start", "--records", "10000", "100000"),
        "the same on PostgreSQL, in months; larger sizes by hand",
    ),
    Part(
        "Plans on PostgreSQL",
        ("benchmarks.plans", "--rows", "1000000"),
        "pages that each hot query reads at 1 000 000 rows in 66 months, none of them read whole; larger sizes by hand",
    ),
    Part("The banner", ("benchmarks.banner", "--rounds", "3"), "what a visitor pays, beside other banners"),
)


def main() -> None:
    """Run what was asked for and write the report; a benchmark that fails is said, and the others go on."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--runs", type=int, default=2, help="how often each is run (2)")
    parser.add_argument("--only", nargs="+", metavar="MODULE", help="run these alone, and print instead of writing")
    options = parser.parse_args()
    parts = [part for part in PARTS if not options.only or part.command[0].rpartition(".")[2] in options.only]
    found: dict[str, list[list[Ratio]]] = {part.title: [] for part in parts}
    for number in range(options.runs):
        for part in parts:
            found[part.title].append(_run(part, number + 1))
    text = report(parts, found)
    if options.only:
        print(text)
    else:
        REPORT.write_text(text, encoding="utf-8")


def _run(part: Part, number: int) -> list[Ratio]:
    began = time.monotonic()
    print(f"run {number}: {part.title}", file=sys.stderr, flush=True)
    done = subprocess.run([sys.executable, "-m", *part.command], stdout=subprocess.PIPE, text=True)
    print(done.stdout, file=sys.stderr)
    state = "" if done.returncode == 0 else f", exit code {done.returncode}"
    print(f"{part.title}: {time.monotonic() - began:.0f} s{state}", file=sys.stderr, flush=True)
    return [ratio for line in done.stdout.splitlines() if (ratio := ratios.read(line))]


def report(parts: Sequence[Part], found: dict[str, list[list[Ratio]]]) -> str:
    """Return the report: a table for each part, a column for each run."""
    lines = [
        "# Benchmarks",
        "",
        "What `python -m benchmarks` measured: ratios against a limit of the same run, so that the machine's own speed",
        "and noise cancel out as far as they can. *Apart* is how far the runs lie from each other: smaller differences",
        "than that mean nothing. How each is measured: [benchmarks/README.md](../benchmarks/README.md).",
        "",
        f"{datetime.now(UTC).date().isoformat()}, {os.cpu_count()} cores, Python {platform.python_version()}.",
    ]
    for part in parts:
        lines += ["", f"## {part.title}", "", f"`python -m {' '.join(part.command)}`: {part.about}.", ""]
        lines += _table(found[part.title])
    return "\n".join(lines) + "\n"


def _table(runs: list[list[Ratio]]) -> list[str]:
    if not runs or not runs[0]:
        return ["It printed no ratio."]
    numbers = [str(number + 1) for number in range(len(runs))]
    lines = ["| | " + " | ".join(f"run {number}" for number in numbers) + " | apart | goal | |"]
    lines += ["|---|" + "--:|" * (len(runs) + 2) + "---|"]
    for ratio in runs[0]:
        values = [each.value for run in runs for each in run if each.what == ratio.what]
        goal = f"{ratio.side} {ratio.goal:g}" if ratio.goal is not None else ""
        met = {None: "", True: "met", False: "**missed**"}[_met(ratio, values)]
        shown = [f"{value:.4g}" for value in values] + ["–"] * (len(runs) - len(values))
        lines.append(f"| {ratio.what} | {' | '.join(shown)} | {_apart(values)} | {goal} | {met} |")
    return lines


def _met(ratio: Ratio, values: list[float]) -> bool | None:
    """Return whether the goal is met in every run."""
    each = [Ratio(ratio.what, value, ratio.side, ratio.goal).met for value in values]
    return None if None in each else all(each)


def _apart(values: list[float]) -> str:
    low, high = min(values), max(values)
    return f"{(high - low) / low:.0%}" if low else "–"


if __name__ == "__main__":
    main()
