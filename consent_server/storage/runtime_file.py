"""The built banner runtime: ``static/banner.js`` for every site, ``static/parts`` for those that use them.

Beside the package in a checkout, inside it once installed. A part is one JavaScript expression; a family's own file is
a function of its members. What a site is served depends on these files and the names alone: the same bytes always.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

CANDIDATES = (Path(__file__).parents[2] / "static", Path(__file__).parents[1] / "static")


def load_runtime(parts: Mapping[str, Sequence[str]] | None = None) -> bytes:
    """Return the runtime, with the named members of each family in front of it as ``$parts`` when there are any.

    Raises ``FileNotFoundError`` when something was never built.
    """
    families = [_family(family, sorted(names)) for family, names in sorted((parts or {}).items()) if names]
    prelude = [b"const $parts=[", b",\n".join(families), b"];\n"] if families else []
    return b"".join([*prelude, _read("banner.js")])


def _family(family: str, names: list[str]) -> bytes:
    members = (b'"%s":%s' % (name.encode(), _read(f"parts/{family}/{name}.js")) for name in names)
    return b"(%s)({%s})" % (_read(f"parts/{family}.js"), b",\n".join(members))


@cache
def _read(name: str) -> bytes:
    for folder in CANDIDATES:
        if (folder / name).is_file():
            return (folder / name).read_bytes()
    raise FileNotFoundError(f"static/{name} is missing: run `make banner`.")
