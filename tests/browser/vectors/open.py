"""Cells that are still open: vector, kind of page, states. One that begins to hold fails until it is taken out.

What is open on untagged pages, or sometimes, is driven on guarded ones, too (test_guarded.py): nothing is open there.
"""

from __future__ import annotations

OPEN: dict[tuple[str, str], str] = {
    ("frame-location", "untagged"): "before, refused, one purpose, withdrawn, expired",
    ("frame-location-replace", "untagged"): "before, refused, one purpose, withdrawn, expired",
    ("frame-by-link", "untagged"): "before, refused, one purpose, withdrawn, expired",
    ("frame-by-open", "untagged"): "before, refused, one purpose, withdrawn, expired",
    ("style-import", "untagged"): "before, refused, one purpose, withdrawn, expired",
    ("style-import-url", "untagged"): "before, refused, one purpose, withdrawn, expired",
    ("style-animation", "untagged"): "before, refused, accepted, one purpose, withdrawn, expired",
    ("link-modulepreload", "untagged"): "before, refused, accepted, one purpose, withdrawn, expired",
    ("dynamic-import", "untagged"): "before, refused, one purpose, withdrawn, expired",
    ("dynamic-import-computed", "untagged"): "before, refused, one purpose, withdrawn, expired",
}

SOMETIMES: dict[tuple[str, str], str] = {
    ("markup-contextual-fragment-image", "untagged"): "before, refused, accepted, one purpose, withdrawn, expired",
    ("markup-document-write-image-in-pieces", "untagged"): "before, refused, accepted, one purpose, withdrawn, expired",
    ("markup-parsed-shadow-root", "untagged"): "before, refused, accepted, one purpose, withdrawn, expired",
    ("frame", "untagged"): "before, refused, accepted, one purpose, withdrawn, expired",
    ("frame-lazy", "untagged"): "before, refused, accepted, one purpose, withdrawn, expired",
    ("frame-sandboxed", "untagged"): "before, refused, accepted, one purpose, withdrawn, expired",
    ("frame-srcdoc-script", "untagged"): "before, refused, accepted, one purpose, withdrawn, expired",
    ("frame-srcdoc-image", "untagged"): "before, refused, accepted, one purpose, withdrawn, expired",
    ("frame-srcdoc-sandboxed", "untagged"): "before, refused, accepted, one purpose, withdrawn, expired",
    ("frame-srcdoc-refresh", "untagged"): "before, refused, accepted, one purpose, withdrawn, expired",
    ("frame-data", "untagged"): "before, refused, accepted, one purpose, withdrawn, expired",
    ("frame-javascript", "untagged"): "before, refused, accepted, one purpose, withdrawn, expired",
    ("object", "untagged"): "before, refused, accepted, one purpose, withdrawn, expired",
    ("object-image", "untagged"): "before, refused, accepted, one purpose, withdrawn, expired",
    ("embed", "untagged"): "before, refused, accepted, one purpose, withdrawn, expired",
    ("frame-in-shadow-root", "untagged"): "before, refused, accepted, one purpose, withdrawn, expired",
    ("image", "untagged"): "before, refused, accepted, one purpose, withdrawn, expired",
    ("image-srcset", "untagged"): "before, refused, accepted, one purpose, withdrawn, expired",
    ("image-lazy", "untagged"): "before, refused, accepted, one purpose, withdrawn, expired",
    ("image-srcset-second", "untagged"): "before, refused, accepted, one purpose, withdrawn, expired",
    ("picture-source", "untagged"): "before, refused, accepted, one purpose, withdrawn, expired",
    ("input-image", "untagged"): "before, refused, accepted, one purpose, withdrawn, expired",
    ("svg-image", "untagged"): "before, refused, accepted, one purpose, withdrawn, expired",
    ("svg-image-xlink", "untagged"): "before, refused, accepted, one purpose, withdrawn, expired",
    ("video", "untagged"): "before, refused, accepted, one purpose, withdrawn, expired",
    ("video-poster", "untagged"): "before, refused, accepted, one purpose, withdrawn, expired",
    ("video-source", "untagged"): "before, refused, accepted, one purpose, withdrawn, expired",
    ("audio", "untagged"): "before, refused, accepted, one purpose, withdrawn, expired",
    ("track", "untagged"): "before, refused, accepted, one purpose, withdrawn, expired",
    ("table-background", "untagged"): "before, refused, accepted, one purpose, withdrawn, expired",
    ("style-sheet", "untagged"): "before, refused, accepted, one purpose, withdrawn, expired",
    ("style-sheet-in-head", "untagged"): "before, refused, accepted, one purpose, withdrawn, expired",
    ("link-preload-script", "untagged"): "before, refused, accepted, one purpose, withdrawn, expired",
    ("link-preload-image", "untagged"): "before, refused, accepted, one purpose, withdrawn, expired",
    ("link-preload-imagesrcset", "untagged"): "before, refused, accepted, one purpose, withdrawn, expired",
    ("link-preload-fetch", "untagged"): "before, refused, accepted, one purpose, withdrawn, expired",
    ("link-prefetch", "untagged"): "before, refused, accepted, one purpose, withdrawn, expired",
    ("link-several-kinds", "untagged"): "before, refused, accepted, one purpose, withdrawn, expired",
    ("link-icon", "untagged"): "before, refused, accepted, one purpose, withdrawn, expired",
    ("base-and-relative-image", "untagged"): "before, refused, accepted, one purpose, withdrawn, expired",
    ("base-and-relative-script", "untagged"): "before, refused, accepted, one purpose, withdrawn, expired",
}
"""Races between the browser and the page's scripts: they hold on some days only, which is not holding."""
