"""Charts as SVG files of our own, to stand in ``<img>`` beside a table that says the same: nothing runs in them."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

import pygal
from flask import Response
from flask_babel import format_percent
from pygal.style import Style

# pygal puts a finder for its old plugins among Python's own, which lacks what every finder has: each import warns.
sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, pygal.PluginImportFixer)]

POLICY = "default-src 'none'; style-src 'unsafe-inline'"
"""For whoever opens the file by itself; the styles are pygal's."""

MOST_LABELS = 8

_COLOURS = ("#2f74c6", "#c9453c", "#a06a00", "#17693a")
_DARK = (
    "inline:@media (prefers-color-scheme: dark) { .title, .axis text, .legends text { fill: #e8ebee !important; } "
    ".axis line, .axis path, .guides { stroke: #47515c !important; } }"
)
_STYLE = Style(
    background="transparent",
    plot_background="transparent",
    foreground="#1b2026",
    foreground_strong="#1b2026",
    foreground_subtle="#525c66",
    opacity="1",
    opacity_hover="1",
    transition="none",
    colors=_COLOURS,
    font_family="system-ui, sans-serif",
    label_font_size=13,
    major_label_font_size=13,
    legend_font_size=13,
    value_font_size=13,
    value_colors=("#ffffff",),
)
_COMMON: Mapping[str, Any] = {
    "js": (),
    "css": ("file://style.css", "file://graph.css", _DARK),
    "style": _STYLE,
    "explicit_size": True,
    "width": 760,
    "disable_xml_declaration": True,
    "show_x_guides": False,
    "no_data_text": "–",
    "range": (0, 1),
    "truncate_label": -1,
}


def shares(rates: Sequence[tuple[str, float | None]]) -> Response:
    """Draw one bar for each share."""
    labels = {"x_labels": [label for label, _ in reversed(rates)], "y_labels": _scale(), "formatter": _percent}
    chart = pygal.HorizontalBar(**_COMMON, **labels, height=90 + 44 * len(rates), print_values=True, show_legend=False)
    chart.add("", [rate for _, rate in reversed(rates)])
    return _answer(chart)


def course(labels: Sequence[str], lines: Mapping[str, Sequence[float | None]]) -> Response:
    """Draw shares as they change; each line has a dash of its own, so that colour is not all there is."""
    step = -(-len(labels) // MOST_LABELS)
    chart = pygal.Line(
        **_COMMON,
        height=340,
        x_labels=[label if at % step == 0 else "" for at, label in enumerate(labels)],
        y_labels=_scale(),
        formatter=_percent,
        legend_at_bottom=True,
        dots_size=2.5,
    )
    for dash, (name, rates) in zip(("", "7, 4", "2, 4"), lines.items(), strict=False):
        chart.add(name, list(rates), stroke_style={"width": 2.5, **({"dasharray": dash} if dash else {})})
    return _answer(chart)


def _scale() -> list[dict[str, Any]]:
    return [{"label": _percent(value), "value": value} for value in (0, 0.25, 0.5, 0.75, 1)]


def _percent(share: float | None) -> str:
    return "" if share is None else str(format_percent(share))


def _without_scripts(drawn: Any) -> Any:
    """Take out what pygal would tell its own script, which we do not load."""
    for parent in list(drawn.iter()):
        for child in list(parent):
            if str(child.tag).rpartition("}")[2] == "script":
                parent.remove(child)
    return drawn


def _answer(chart: Any) -> Response:
    chart.add_xml_filter(_without_scripts)
    response = Response(chart.render(), mimetype="image/svg+xml")
    response.headers["Content-Security-Policy"] = POLICY
    return response
