"""``python -m benchmarks.banner``: install the peers, serve the page, measure in turns, print tables and goals."""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import brotli
from playwright.sync_api import Browser, sync_playwright

from benchmarks.banner import innocent, measuring, tables
from benchmarks.banner.serving import Shelf, serving
from benchmarks.banner.targets import BARE, HERE, OURS, Target, tags, targets
from benchmarks.ratios import say
from consent_server.storage.runtime_file import load_runtime
from tests import programs
from tests.browsers import arguments

WITHOUT = "without us"
# Some banners hide from programs.
AS_A_VISITOR = "--disable-blink-features=AutomationControlled"


def main() -> None:
    options = _options()
    npm = [sys.executable, programs.__file__, "npm"]
    subprocess.run([*npm, "ci", "--ignore-scripts", "--silent"], cwd=HERE, check=True)
    runtimes = {OURS: load_runtime(), **{name: Path(path).read_bytes() for name, path in options.beside}}
    with serving() as shelf, _chromium() as browser:
        found = [t for t in targets(shelf.port, runtimes) if not options.only or t.name in {BARE, *options.only}]
        samples = tables.Samples()
        for target in found:
            shelf.add({f"/{target.name}": target.page(tags(shelf.port))})
            shelf.add({f"/files/{name}": data for name, data in target.files.items()})
        shelf.add({"/files/item.json": b'{"name": "item", "price": 1250}'})
        for number in range(options.rounds):
            print(f"round {number + 1} of {options.rounds}", file=sys.stderr)
            if options.part != "innocent":
                _measure_banners(samples, browser, found, shelf)
            if options.part != "banners":
                _measure_innocence(samples, browser, found, runtimes, shelf)
    _print(samples, found, list(runtimes), options.part)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.banner", description=__doc__)
    parser.add_argument("--rounds", type=int, default=9, help="how often each is measured (9)")
    parser.add_argument("--part", choices=["banners", "innocent"], help="measure this alone")
    parser.add_argument("--only", nargs="+", metavar="TARGET", help="measure these alone")
    parser.add_argument(
        "--beside",
        nargs=2,
        action="append",
        default=[],
        metavar=("NAME", "FILE"),
        help="another build of static/banner.js, to be measured in the same run",
    )
    return parser.parse_args()


@contextmanager
def _chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=programs.chromium(), args=[*arguments(), AS_A_VISITOR])


def _measure_banners(samples: tables.Samples, browser: Browser, found: list[Target], shelf: Shelf) -> None:
    for target in found:
        samples.add(target.name, measuring.cost(browser, target, shelf.address(target.name)))
    for target in found:
        if target.notice:
            samples.add(target.name, measuring.shown(browser, target, shelf.address(target.name), slow=False))
            slow = measuring.shown(browser, target, shelf.address(target.name), slow=True)
            samples.add(target.name, {f"slow {what}": value for what, value in slow.items()})


def _measure_innocence(
    samples: tables.Samples, browser: Browser, found: list[Target], runtimes: dict[str, bytes], shelf: Shelf
) -> None:
    for target in found:
        if target.name == BARE:
            samples.add(WITHOUT, innocent.innocent(browser, shelf.address(target.name), ""))
        if target.name in runtimes:
            for choice, choose in innocent.CHOICES.items():
                took = innocent.innocent(browser, shelf.address(target.name), choose)
                samples.add(f"{target.name}, {choice}", took)


def _print(samples: tables.Samples, found: list[Target], ours: list[str], part: str | None) -> None:
    if part != "innocent":
        tables.banners(samples, found)
    if part != "banners":
        tables.innocent(samples, WITHOUT, [f"{name}, {choice}" for name in ours for choice in innocent.CHOICES])
    for name in ours:
        rows = tables.goals(samples, name) if part != "innocent" else []
        if part != "banners":
            rows += [tables.goal_of_hooks(samples, WITHOUT, f"{name}, {choice}") for choice in innocent.CHOICES]
        tables.show(f"Goals: {name}", ["", "ours", "at most", "ratio", ""], rows)
        if name == OURS:
            _say(rows)


def _say(rows: list[list[object]]) -> None:
    say("runtime in kB, brotli", len(brotli.compress(load_runtime(), quality=11)) / 1000, at_most=12)
    for what, value, _most, ratio, _met in rows:
        name, _, goal = str(what).partition(" ≤ ")
        factor, _, other = goal.partition(" × ")
        if other:
            say(f"{name} / {other}", float(str(ratio)), at_most=float(factor))
        else:
            say(name, float(str(value)), at_most=0)


main()
