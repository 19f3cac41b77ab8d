"""Tables about cookies: which column is what, and tables that were pasted one cell to a line.

Known here: how people head their columns. Not known: what the cells mean (``cookies.py``).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from consent_server.domain.policy_text.names import Shape, names_listed
from consent_server.domain.policy_text.text import Block, fold, row
from consent_server.domain.policy_text.wordings import COOKIE_WORD

_LONGEST_HEADER = 60
_MOST_COLUMNS = 8
_MOST_NOTES = 8
_LONGEST_RECORD = 1_000
_LONGEST_NOTE = 500
_OTHER_LABEL = re.compile(r"[A-ZÀ-Ý][\w' -]{1,30}\Z")
_ASIDE = re.compile(r"\([^()]{0,100}\)")
_STILL_ABOUT_IT = re.compile(r"(?:it|this cookie|ce cookie|il|expires?|expiration|duree|duration)\b")
_NAME = "cookie"
_SAYS_NAME = re.compile(r"\bn(?:om|ame)s?\b")
_CAMEL = re.compile(r"[a-z]{2,40}[A-Z][A-Za-z]{1,80}\Z")
_HYPHENATED = re.compile(r"[a-z]{1,40}(?:-[a-z]{1,40}){1,5}\Z")
_CODED = re.compile(r"[_*-]")

# In this order: “durée du cookie” and “nom du fournisseur” are not the name of the cookie.
_ROLES = (
    (
        "duration",
        re.compile(
            r"\b(?:duree|expir|peremption|echeance|duration|life ?(?:time|span)|retention|conservation|validite|delai"
            r"|max.?age|combien de temps|how long|period|session(?:al)? or persist|persistent or session)"
        ),
    ),
    (
        "vendor",
        re.compile(
            r"\b(?:fournisseu|emetteu|editeu|societe|provide|vendor|third|tiers|partenaire|partner|domain|host"
            r"|source|(?:de)?pose"
            r"|set by|placed by|proprietaire|owner|origin|responsable|service|outil|tool|company|entreprise"
            r"|prestataire)"
        ),
    ),
    (
        "purpose",
        re.compile(
            r"\b(?:finalite|objecti|but\b|description|purpose|fonction|usage|utilite|role\b|\bsert\b|utilisation|why"
            r"|categor|type|use\b)"
        ),
    ),
    ("name", re.compile(r"(?:noms?|names?|cookies?|traceurs?|trackers?|identifiants?|intitule|cles?|keys?|libelle)\b")),
)


@dataclass(frozen=True)
class Columns:
    """Where a table says what; ``None`` where it has no such column."""

    name: int
    vendor: int | None
    duration: int | None
    count: int
    says_name: bool = False
    """Whether the heading speaks of the name of a cookie, so that any word below is one."""


@dataclass(frozen=True)
class _Field:
    """A line such as “Expiry: 2 years”; the role is ``None`` for a label that says nothing here."""

    label: str
    value: str
    role: str | None


def columns_of(cells: tuple[str, ...]) -> Columns | None:
    """Return the columns when ``cells`` head a table of cookies."""
    if not 2 <= len(cells) <= _MOST_COLUMNS or any(_is_a_name(cell) for cell in cells):
        return None
    roles = [role_of(cell) for cell in cells]
    if "name" not in roles or len(set(roles) - {None}) < 2 or roles.count(None) > len(roles) // 2:
        return None
    named = [index for index, role in enumerate(roles) if role == "name"]
    name = next((index for index in named if _SAYS_NAME.search(fold(cells[index]))), named[0])
    if _HYPHENATED.match(cells[name]):
        return None  # “allow-cookies”
    says_name = _SAYS_NAME.search(fold(cells[name])) is not None and COOKIE_WORD.search(fold(cells[name])) is not None
    return Columns(name, _index(roles, "vendor"), _index(roles, "duration"), len(cells), says_name)


def _is_a_name(cell: str) -> bool:
    """Whether a cell can only be the name of a cookie: “Tracking cookie”, “_hjid”, “Session duration” head nothing."""
    listed = names_listed(cell) if len(cell) <= _LONGEST_HEADER else []
    return len(listed) == 1 and (listed[0].shape is Shape.STRICT or _CAMEL.match(listed[0].name) is not None)


def role_of(cell: str) -> str | None:
    """Return what a column headed ``cell`` holds."""
    folded = fold(cell.replace("\n", " ")).rstrip("? ")
    if not 0 < len(folded) <= _LONGEST_HEADER or re.search(r"[.!?_*]|\d", folded):
        return None
    return next((role for role, pattern in _ROLES if pattern.search(folded)), None)


def restore_tables(blocks: list[Block]) -> list[Block]:
    """Return ``blocks`` with the tables restored that were written one cell to a line, as far as they are regular."""
    restored: list[Block] = []
    at = 0
    while at < len(blocks):
        rows, end = _pasted_table(blocks, at) or _record(blocks, at) or _name_and_notes(blocks, at)
        restored += rows
        at = end
    return restored


def _pasted_table(blocks: list[Block], at: int) -> tuple[list[Block], int] | None:
    """“Name”, “Provider”, “Expiry”, “_ga”, “Google”, “2 years”: each on its own line."""
    count = _header_length(blocks, at)
    if not count:
        return None
    end = _table_end(blocks, at, count)
    cells = [block.text.removesuffix("|") for block in blocks[at:end]]
    return [row(cells[i : i + count]) for i in range(0, end - at, count)], end


def _record(blocks: list[Block], at: int) -> tuple[list[Block], int] | None:
    return _labelled_record(blocks, at) or _named_record(blocks, at)


def _labelled_record(blocks: list[Block], at: int) -> tuple[list[Block], int] | None:
    """“Name: _ga”, “Provider: Google”, “Expiry: 2 years”: a heading and a row."""
    parts = _parts_of_line(blocks[at])
    first = _field(parts[0])
    if first is None or not names_listed(_ASIDE.sub("", first.value)):
        return None
    more = _fields(parts[1:] or blocks[at + 1 : at + _MOST_COLUMNS])
    lasting = any(field.role == "duration" for field in more)
    if not more or not (first.role == "name" or (first.role is None and lasting and _is_name(first.value))):
        return None
    end = at + (1 if len(parts) > 1 else 1 + len(more))
    source = " ".join(block.source or block.text for block in blocks[at:end])
    return _as_table(first.value, more, source), end


def _parts_of_line(block: Block) -> list[Block]:
    """Return the fields of a record written as one line: “Name: _ga; Purpose: statistics; Lifetime: 2 years”."""
    parts = [] if block.cells else block.text[:_LONGEST_RECORD].lstrip("- ").split("; ")
    whole = len(parts) > 1 and all(_field(Block(part)) for part in parts)
    return [Block(part.rstrip(".")) for part in parts] if whole else [block]


def _named_record(blocks: list[Block], at: int) -> tuple[list[Block], int] | None:
    """A name as a title, and below it what is said of it: “IDE”, “Provider: doubleclick.net”, “Expiry: 13 months”."""
    title = blocks[at]
    if title.cells or len(title.text) > 120 or not names_listed(title.text):
        return None
    more = _fields(blocks[at + 1 : at + _MOST_COLUMNS])
    if not more or more[0].role is None:
        return None
    if len(more) < 2 and not (more[0].role == "duration" and _is_coded(title)):
        return None
    source = " ".join(block.text for block in blocks[at : at + 1 + len(more)])
    return _as_table(title.text, more, source), at + 1 + len(more)


def _as_table(name: str, fields: list[_Field], source: str) -> list[Block]:
    values = replace(row([name, *(field.value for field in fields)]), source=source)
    return [row([_NAME, *(field.label for field in fields)]), values]


def _is_coded(block: Block) -> bool:
    return all(token.shape > Shape.PLAIN for token in names_listed(block.text))


def _fields(blocks: list[Block]) -> list[_Field]:
    """Return the fields below a name, up to the last whose label says something here (“Value” may stand between)."""
    fields: list[_Field] = []
    for block in blocks:
        field = _field(block)
        if field is None or field.role == "name" or (field.role is None and _is_name(field.value)):
            break
        fields.append(field)
    while fields and fields[-1].role is None:
        fields.pop()
    return fields


def _is_name(value: str) -> bool:
    listed = names_listed(_ASIDE.sub("", value))
    return bool(listed) and all(token.shape is Shape.STRICT for token in listed)


def _field(block: Block) -> _Field | None:
    """Return label and value of a line that has them."""
    label, _, value = (part.strip() for part in block.text[:_LONGEST_RECORD].partition(":"))
    role = None if block.cells or not value else role_of(label)
    known = role or (value and not block.cells and _OTHER_LABEL.match(label))
    return _Field(label, value, role) if known else None


def _name_and_notes(blocks: list[Block], at: int) -> tuple[list[Block], int]:
    """A name alone on its line, and what stands below it up to the next such name."""
    end = at + 1
    if _is_lone_name(blocks[at]):
        while end < len(blocks) and end - at < _MOST_NOTES and _is_note(blocks[end]):
            end += 1
        if end == len(blocks) or not _is_lone_name(blocks[end]):
            # The last of them: what follows further down may be about something else.
            end = min(end, at + 2)
            while end < min(len(blocks), at + _MOST_NOTES) and _is_note(blocks[end]) and _goes_on(blocks[end]):
                end += 1
    lines = blocks[at:end]
    return ([row([block.text for block in lines])] if len(lines) > 1 else lines), end


def _is_lone_name(block: Block) -> bool:
    if block.cells or len(block.text) > 120 or not _CODED.search(block.text):
        return False
    listed = names_listed(block.text)
    return bool(listed) and all(token.shape is Shape.STRICT or token.name.count("-") > 1 for token in listed)


def _is_note(block: Block) -> bool:
    return not block.cells and len(block.text) <= _LONGEST_NOTE and not _is_lone_name(block)


def _goes_on(block: Block) -> bool:
    return block.is_bullet or _STILL_ABOUT_IT.match(block.folded) is not None


def _header_length(blocks: list[Block], at: int) -> int:
    """Return how many lines from ``at`` on head a table whose next line is a name, 0 when they do not.

    A heading that says nothing here (“Contents”) is taken where two rows and more begin with a name all the same.
    """
    roles: list[str | None] = []
    for block in blocks[at : at + _MOST_COLUMNS]:
        role = None if block.cells or block.is_bullet else role_of(block.text)
        if role in roles and role not in {None, "purpose"}:
            if role != "name" or roles.count(role) > 1 or len(roles) < 2:
                break
            role = None  # “Cookies used”, in a table that already has names
        if block.cells or block.is_bullet or len(block.text) > _LONGEST_HEADER or (not roles and role != "name"):
            break
        roles.append(role)
    for count in range(len(roles), 1, -1):
        said = roles[:count]
        rows = (_table_end(blocks, at, count) - at) // count - 1
        enough = 1 if None not in said else 2
        if said.count(None) * 2 < count and rows >= enough and (None not in said or _coded_start(blocks, at + count)):
            return count
    return 0


def _coded_start(blocks: list[Block], at: int) -> bool:
    return all(token.shape > Shape.PLAIN for token in names_listed(blocks[at].text))


def _table_end(blocks: list[Block], at: int, count: int) -> int:
    """Return where the table ends: at the first row that does not begin with a name."""
    end = at + count
    while end + count <= len(blocks) and _starts_row(blocks, end):
        if any(block.cells or block.is_bullet for block in blocks[end : end + count]):
            break
        end += count
    return end


def _starts_row(blocks: list[Block], at: int) -> bool:
    if at >= len(blocks) or blocks[at].cells or len(blocks[at].text) > 200:
        return False
    listed = names_listed(blocks[at].text)
    return bool(listed) and all(token.shape > Shape.NONE for token in listed)


def _index(roles: list[str | None], role: str) -> int | None:
    return roles.index(role) if role in roles else None
