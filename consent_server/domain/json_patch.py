"""What changed between two JSON documents, small and reversible: a list of ``[path, place, before, after]``.

``place`` None: the member at the end of ``path`` was ``before`` and is ``after``, each ``[value]`` or, where there is
none, ``[]``. A number: in the list at ``path``, from there on, the items ``before`` were replaced by ``after``.
Not RFC 6902, whose operations do not say what was there before and so cannot be taken back.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from consent_server.domain.errors import Conflict

Step = list[Any]


def difference(before: Any, after: Any) -> list[Step]:
    """Return the steps from one document to the other."""
    return list(_steps([], before, after))


def apply(document: Mapping[str, Any], patch: Sequence[Step]) -> dict[str, Any]:
    """Return the document with the steps done; raise ``Conflict`` where it does not say what was there before."""
    changed = copy.deepcopy(dict(document))
    for path, place, before, after in patch:
        try:
            _apply(changed, path, place, before, after)
        except (KeyError, IndexError, TypeError):
            raise Conflict("This was changed again since.") from None
    return changed


def inverse(patch: Sequence[Step]) -> list[Step]:
    """Return the steps back."""
    return [[path, place, after, before] for path, place, before, after in reversed(patch)]


def _steps(path: list[str | int], before: Any, after: Any) -> Iterator[Step]:
    if isinstance(before, dict) and isinstance(after, dict):
        for key in [*before, *(key for key in after if key not in before)]:
            if key not in before or key not in after:
                yield [[*path, key], None, [before[key]] if key in before else [], [after[key]] if key in after else []]
            else:
                yield from _steps([*path, key], before[key], after[key])
    elif isinstance(before, list) and isinstance(after, list):
        yield from _list_steps(path, before, after)
    elif before != after or type(before) is not type(after):
        yield [path, None, [before], [after]]


def _list_steps(path: list[str | int], before: list[Any], after: list[Any]) -> Iterator[Step]:
    """Item by item where the lists are as long as each other; else what stands between their common ends."""
    if len(before) == len(after):
        for number, (was, now) in enumerate(zip(before, after, strict=True)):
            yield from _steps([*path, number], was, now)
        return
    shorter = min(len(before), len(after))
    head = next((n for n in range(shorter) if before[n] != after[n]), shorter)
    tail = next((n for n in range(shorter - head) if before[-1 - n] != after[-1 - n]), shorter - head)
    yield [path, head, before[head : len(before) - tail], after[head : len(after) - tail]]


def _apply(document: Any, path: list[str | int], place: int | None, before: list[Any], after: list[Any]) -> None:
    if place is None:
        *way, last = path
        holder = _at(document, way)
        found = [holder[last]] if isinstance(last, int) or last in holder else []
        if found != before:
            raise KeyError(last)
        if after:
            holder[last] = copy.deepcopy(after[0])
        else:
            del holder[last]
        return
    items = _at(document, path)
    if not isinstance(items, list) or place > len(items) or items[place : place + len(before)] != before:
        raise KeyError(place)
    items[place : place + len(before)] = copy.deepcopy(after)


def _at(document: Any, path: Sequence[str | int]) -> Any:
    for step in path:
        document = document[step]
    return document
