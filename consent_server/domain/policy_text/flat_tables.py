"""Tables that a copy flattened: “Name Purpose Duration”, then a cookie to a line; or with the cells glued together.

Known here: that a line of nothing but headings heads a table, and where a row written as one line has its cells. Not
known: what the cells mean (``cookies.py``).
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass

from consent_server.domain.policy_text.durations import durations
from consent_server.domain.policy_text.names import Shape, names_listed, shape_of
from consent_server.domain.policy_text.tables import columns_of, role_of
from consent_server.domain.policy_text.text import Block, fold, row

_LONGEST_HEADING = 100
_LONGEST_ROW = 3_000
_GLUE = re.compile(r"(?<=[a-z)])(?=[A-Z])")
_GLUED_CELLS = re.compile(r"(?<=[a-z.)])(?=[A-Z]|\d{1,4} ?[a-z])")
_GLUED_NAME = re.compile(r"(?P<name>[\w.*#<>\[\]{}-]{2,100}?)(?P<rest>[A-Z][a-z]{1,20} .*)\Z")
_GLUED_TYPE = re.compile(r"(?P<name>\w*_\w{1,60}?)(?P<rest>(?:session|persistent){1,2}(?:\d|[A-Z]|\Z).*)\Z")
_HEADING_WORDS = frozenset(
    "name names cookie cookies of the type category purpose description function usage use source provider vendor"
    " domain host party duration expiry expires expiration lifetime life time span retention period storage length"
    " default nom noms du de la des le d'utilisation type categorie finalite but fonction utilite objectif fournisseur"
    " emetteur domaine hote duree vie conservation validite expire delai tiers partie or ou and et service".split()
)
_LAST_DURATION = re.compile(r"(?:end of )?(?:browser )?session\Z|(?:fin|duree) de (?:la )?session\Z")


@dataclass(frozen=True)
class _Heading:
    """What a flattened heading says of the rows below: whether cells are glued, whether one says a duration."""

    glued: bool
    lasting: bool
    name_first: bool


def restore_flat_tables(blocks: list[Block]) -> list[Block]:
    """Return ``blocks`` with the rows below a flattened heading made rows again."""
    restored: list[Block] = []
    at = 0
    while at < len(blocks):
        heading = _flat_heading(blocks[at])
        rows = _rows(blocks, at + 1, heading) if heading else []
        if rows:
            restored += [row(["Cookie", "Description", "Duration"]), *rows]
            at += len(rows)
        else:
            restored.append(blocks[at])
        at += 1
    return restored


def _flat_heading(block: Block) -> _Heading | None:
    """Return what the heading says when the line is nothing but headings of a table of cookies."""
    if block.cells or block.is_bullet or len(block.text) > _LONGEST_HEADING:
        return None
    text = _GLUE.sub(" ", block.text)
    words = fold(text).split()
    if len(words) < 2 or not all(word in _HEADING_WORDS for word in words):
        return None
    roles = {role_of(word) for word in words} - {None}
    if "name" not in roles or len(roles) < 2:
        return None
    first = role_of(words[0]) == "name" or words[1] in {"of", "de", "du"}
    return _Heading(glued=text != block.text, lasting="duration" in roles, name_first=first)


def _rows(blocks: list[Block], at: int, heading: _Heading) -> list[Block]:
    rows: list[Block] = []
    for block in itertools.islice(blocks, at, None):
        cells = None if block.cells or block.is_bullet else _cells(block.text[:_LONGEST_ROW], heading)
        if cells is None:
            break
        rows.append(row(cells))
    return rows


def _cells(text: str, heading: _Heading) -> list[str] | None:
    """Return name, description and duration of a row written as one line, ``None`` when it is none."""
    name, _, rest = text.partition(" ")
    if heading.glued:
        match = _GLUED_TYPE.match(text) or _GLUED_NAME.match(text)
        if match is None:
            return None
        name, rest = match["name"], _GLUED_CELLS.sub(" ", match["rest"])
    if not heading.glued and not heading.name_first:
        name = next((word for word in text.split()[:4] if shape_of(word) is Shape.STRICT), "")
    listed = names_listed(name)
    if len(listed) != 1 or not rest:
        return None
    folded = fold(rest)
    said = _LAST_DURATION.search(folded)
    found = durations(folded)
    at_end = said is not None or (bool(found) and found[-1].end == len(folded))
    if listed[0].shape is Shape.PLAIN and not at_end and not (heading.glued and found):
        return None
    if listed[0].shape is Shape.MEDIUM and heading.lasting and not found and not said:
        return None
    if said:
        return [name, rest, rest[said.start() :]]
    if found:
        lasts = found[-1] if at_end else found[0]
        return [name, rest, rest[lasts.start : lasts.end]]
    return [name, rest, "session" if heading.glued and rest.startswith("session") else ""]


def restore_barred_tables(blocks: list[Block]) -> list[Block]:
    """Return ``blocks`` with the tables restored whose cells stand on lines of their own that end in a bar."""
    restored: list[Block] = []
    at = 0
    while at < len(blocks):
        end = at
        while end < len(blocks) and _is_barred(blocks[end]):
            end += 1
        count = _columns_of_run(blocks[at:end])
        if count:
            cells = [block.text.removesuffix("|").strip() for block in blocks[at:end]]
            restored += [row(cells[i : i + count]) for i in range(0, len(cells), count)]
        else:
            end = max(end, at + 1)
            restored += blocks[at:end]
        at = end
    return _with_lone_names(restored)


def _is_barred(block: Block) -> bool:
    return not block.cells and block.text.endswith("|")


def _columns_of_run(run: list[Block]) -> int:
    """Return how many columns the run of cells has, 0 when it is no table."""
    texts = [block.text.removesuffix("|").strip() for block in run]
    best, most = 0, 0.0
    for count in range(min(8, len(texts) // 2), 1, -1):
        if len(texts) % count or columns_of(tuple(texts[:count])) is None:
            continue
        named = [listed[0] for text in texts[count::count] if len(listed := names_listed(text)) == 1]
        rows = len(texts) // count - 1
        coded = sum(1 for token in named if token.shape > Shape.PLAIN) / rows
        if coded > most and len(named) * 2 > rows:
            best, most = count, coded
    return best


def _with_lone_names(blocks: list[Block]) -> list[Block]:
    """Return ``blocks`` with a name alone on a line that ends in a bar put back before the cells of its row."""
    whole: list[Block] = []
    count = 0
    for block in blocks:
        if block.cells and columns_of(block.cells):
            count = len(block.cells)
        before = whole[-1] if whole else None
        if before and _is_barred(before) and len(block.cells) + 1 == count and names_listed(before.text):
            whole[-1] = row([before.text.removesuffix("|").strip(), *block.cells])
        else:
            whole.append(block)
    return whole


def with_headings(blocks: list[Block]) -> list[Block]:
    """Return ``blocks`` with a heading before rows that have none and whose names all stand in one column."""
    done: list[Block] = []
    at = 0
    headed = False
    while at < len(blocks):
        count = len(blocks[at].cells)
        end = at + 1
        while count and end < len(blocks) and len(blocks[end].cells) == count:
            end += 1
        run = blocks[at:end]
        headed = bool(count) and (headed or any(columns_of(block.cells) for block in run))
        if count > 2 and len(run) > 2 and not headed:
            done += _heading_of(run, count)
        if count > 1 and done and len(done[-1].cells) == count + 1 and _has_text_before(done[-1]):
            done[-1:] = [Block(done[-1].cells[0]), row(list(done[-1].cells[1:]))]
        done += run
        at = end
    return done


def _has_text_before(block: Block) -> bool:
    """Whether the first cell of a heading is the end of the text above it, glued to it."""
    return not role_of(block.cells[0]) and columns_of(block.cells[1:]) is not None


def _heading_of(run: list[Block], count: int) -> list[Block]:
    lasting = [i for i in range(count) if all(_is_duration(block.cells[i]) for block in run)]
    for index in range(count):
        listed = [names_listed(block.cells[index]) for block in run]
        coded = sum(1 for names in listed if len(names) == 1 and names[0].shape is Shape.STRICT)
        if coded > 1 and lasting and all(len(names) == 1 for names in listed):
            heading = ["Description"] * count
            heading[index], heading[lasting[0]] = "Cookie name", "Duration"
            return [row(heading)]
    return []


def _is_duration(cell: str) -> bool:
    folded = fold(cell).strip()
    return folded == "session" or (len(folded) < 40 and bool(durations(folded)))
