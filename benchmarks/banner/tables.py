"""Medians of what was measured, as tables of ratios, and the goals: met or not. Nothing here fails by time."""

from __future__ import annotations

import gzip
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from statistics import median, quantiles

import brotli

from benchmarks.banner.targets import BARE, FLOOR, OREJIME, VANILLA, Target

VISITS = {
    "first": "First visit, everything blocked: processor ms of the main thread, above the bare page",
    "next": "Next page, everything refused: the same",
    "later": "A later visit, in a process that has compiled nothing yet, everything refused: the same",
}


class Samples:
    """Every measure of every target, round after round."""

    def __init__(self) -> None:
        self._taken: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))

    def add(self, target: str, measured: Mapping[str, float]) -> None:
        for what, value in measured.items():
            self._taken[target][what].append(value)

    def middle(self, target: str, what: str) -> float:
        """Return the median."""
        return median(self._taken[target][what])

    def above(self, target: str, what: str) -> float:
        """Return the median above that of the page with nothing on it."""
        return self.middle(target, what) - self.middle(BARE, what)

    def spread(self, target: str, what: str) -> float:
        """Return the range of the middle half."""
        taken = self._taken[target][what]
        if len(taken) < 2:
            return 0
        first, _, third = quantiles(taken, n=4)
        return third - first

    def deeds(self, target: str) -> Iterable[str]:
        return self._taken[target]


def weigh(target: Target) -> list[int]:
    """Return the bytes that are sent for a target, its lines in the page included: raw, gzip -9, brotli -11."""
    files = [*target.files.values(), (target.head + target.foot).encode()]
    return [
        sum(map(len, files)),
        sum(len(gzip.compress(data, 9, mtime=0)) for data in files),
        sum(len(brotli.compress(data, quality=11)) for data in files),
    ]


def show(title: str, head: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table: what it is about to the left, numbers to the right."""
    lines = [list(head), *([_text(cell) for cell in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    print(f"\n{title}\n")
    for number, line in enumerate(lines):
        cells = [
            cell.rjust(width) if at else cell.ljust(width)
            for at, (cell, width) in enumerate(zip(line, widths, strict=True))
        ]
        print(f"| {' | '.join(cells)} |")
        if number == 0:
            print(f"|{'|'.join('-' * (width + 1) + (':' if at else '-') for at, width in enumerate(widths))}|")


def _text(cell: object) -> str:
    if isinstance(cell, float):
        return f"{cell:.0f}" if abs(cell) >= 100 else f"{cell:.1f}" if abs(cell) >= 10 else f"{cell:.2f}"
    return str(cell)


def banners(samples: Samples, targets: Sequence[Target]) -> None:
    """Print what each banner costs."""
    asking = [target for target in targets if target.notice]
    sizes = {target.name: weigh(target) for target in asking}
    show(
        "Bytes to show the banner",
        ["", "raw", "gzip", "brotli", "× vanilla", "requests"],
        [
            [t.name, *sizes[t.name], sizes[t.name][2] / sizes[VANILLA][2], int(samples.middle(t.name, "requests"))]
            for t in asking
        ],
    )
    for visit, title in VISITS.items():
        base, least = samples.above(VANILLA, f"{visit} script"), samples.above(FLOOR, f"{visit} script")
        rows = []
        for t in asking:
            script, spread = samples.above(t.name, f"{visit} script"), samples.spread(t.name, f"{visit} script")
            task = samples.above(t.name, f"{visit} task")
            rows.append([t.name, script, spread, script / base, script / least, task])
        show(title, ["", "script", "iqr", "× vanilla", "× floor", "all tasks"], rows)
    show(
        "First visit: longest task (processor ms), heap (kB above the bare page)",
        ["", "longest", "heap"],
        [[t.name, samples.middle(t.name, "longest"), samples.above(t.name, "heap")] for t in asking],
    )
    base, least = samples.middle(VANILLA, "slow shown"), samples.middle(FLOOR, "slow shown")
    rows = []
    for t in asking:
        slow = samples.middle(t.name, "slow shown")
        rows.append([
            *(t.name, samples.middle(t.name, "shown"), slow, samples.spread(t.name, "slow shown")),
            *(slow / base, slow / least, samples.middle(t.name, "slow blocking")),
            *(samples.middle(t.name, "slow click"), samples.middle(t.name, "slow shift")),
        ])  # fmt: skip
    show(
        "Banner fully shown (ms): plainly, and slow (150 ms, 1.6 Mbit/s, a quarter of the processor);\n"
        "there also blocking time and click on accept (ms), and layout shift",
        ["", "shown", "slow", "iqr", "× vanilla", "× floor", "blocking", "click", "shift"],
        rows,
    )


def innocent(samples: Samples, without: str, choices: Iterable[str]) -> None:
    """Print what the hooks add to each kind of work, in percent of the page's own time."""
    deeds = list(samples.deeds(without))
    own = {deed: samples.middle(without, deed) for deed in deeds}
    rows: list[list[object]] = [
        [deed, own[deed], samples.spread(without, deed), *(_added(samples.middle(c, deed), own[deed]) for c in choices)]
        for deed in deeds
    ]
    total = sum(own.values())
    totals = [_added(total_of(samples, choice), total) for choice in choices]
    rows.append(["all of it", total, "", *totals])
    show("An innocent page: its own processor ms, and what our hooks add", ["", "own", "iqr", *choices], rows)


def total_of(samples: Samples, choice: str) -> float:
    """Return the time of the whole page."""
    return sum(samples.middle(choice, deed) for deed in samples.deeds(choice))


def _added(value: float, own: float) -> str:
    return f"{100 * (value / own - 1):+.0f} %"


def goals(samples: Samples, ours: str) -> list[list[object]]:
    """Return the goals for the banner: what, ours, the most it may be, the ratio, whether it is met."""
    return [
        _goal("script to settled ≤ 1.0 × vanilla", [samples.above(n, "first script") for n in (ours, VANILLA)], 1.0),
        _goal("fully shown, slow ≤ 0.8 × vanilla", [samples.middle(n, "slow shown") for n in (ours, VANILLA)], 0.8),
        _goal("layout shift 0", [samples.middle(ours, "slow shift"), 0], 0),
        _goal("click on accept, slow ≤ 1.2 × floor", [samples.middle(n, "slow click") for n in (ours, FLOOR)], 1.2),
        _goal("next page ≤ 0.5 × orejime", [samples.above(n, "next script") for n in (ours, OREJIME)], 0.5),
        _goal("later visit ≤ 0.5 × orejime", [samples.above(n, "later script") for n in (ours, OREJIME)], 0.5),
    ]


def goal_of_hooks(samples: Samples, without: str, ours: str) -> list[object]:
    """Return the goal for an innocent page, in the same columns."""
    return _goal(f"innocent page, {ours} ≤ 1.05 × own", [total_of(samples, each) for each in (ours, without)], 1.05)


def _goal(what: str, measured: list[float], factor: float) -> list[object]:
    value, limit = measured
    return [
        what,
        value,
        factor * limit,
        value / limit if limit else "",
        "met" if value <= factor * limit else "NOT met",
    ]
