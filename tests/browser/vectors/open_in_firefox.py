"""What does not hold in Firefox, before an answer or accepted: vector, kind of page. Nothing here leaves too early."""

from __future__ import annotations

_PRELOADS = ("script", "image", "imagesrcset", "fetch")

OPEN: set[tuple[str, str]] = {
    *((f"link-preload-{what}", kind) for what in _PRELOADS for kind in ("tagged", "guarded")),
    ("link-modulepreload", "tagged"),
    ("link-modulepreload", "guarded"),
    ("link-preload-created", "tagged"),
    ("link-modulepreload-created", "tagged"),
}
"""Never asked for, not even accepted: what our tag tells Firefox's look-ahead holds for every preload of the page."""

SOMETIMES: set[tuple[str, str]] = {
    ("import-map", "tagged"),
    ("link-icon", "tagged"),
    ("link-icon", "guarded"),
    ("style-element", "tagged"),
    ("style-element-text", "tagged"),
    ("style-element-node", "tagged"),
    ("style-element-html", "tagged"),
}
"""Accepted, but the next page may show what the browser has in its memory; a map comes too late behind any module."""
