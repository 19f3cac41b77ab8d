"""What can be the name of a cookie, judged by its letters; and names that a line or a cell has cut in two.

Known here: shapes. Not known: the passage around a name, which decides in the end (``cookies.py``): ``_ga`` can hardly
be anything else, ``userId`` needs to be presented as a cookie, ``lang`` needs a table that says so.
"""

from __future__ import annotations

import enum
import functools
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from consent_server.domain.policy_text.text import Block, fold

LONGEST_NAME = 120
LONGEST_MENDED = 2_000
"""A longer line is not mended: joining line after line to one that grows would take quadratic time."""

_TOKEN = re.compile(r"(?:[A-Za-z0-9_.*#!@$%~^&{}\[\]<>|+-]|::){1,120}")
_LETTER = re.compile(r"[A-Za-z]")
_CONSENT_SIGNAL = re.compile(
    r"(?:ad|analytics|functionality|personalization|security)_(?:storage|user_data|personalization)\Z"
)
_VARIABLE = re.compile(
    r"<{1,2}[^<>]{0,40}>{1,2}|\{[^{}]{0,40}\}|\[[^\[\]]{0,40}\]|#+|(?<![A-Za-z])[xX]{2,}(?:-[xXyY]\b)?|\.{3}|…"
)
_TIMES = re.compile(r"\[?x ?\d{1,3}\]?\Z")  # “_ga [x2]”: set twice
_UNDERSCORE = re.compile(r"_(?!_*\Z)")
_CAMEL = re.compile(r"[a-z][A-Z]|[A-Za-z][0-9]|[0-9][A-Za-z]")
_UPPER = re.compile(r"[A-Z][A-Z0-9]{1,40}\Z")
_BEGINS_SENTENCE = re.compile(r"[A-Z][a-z]{1,20} [a-z]")
_COMPOUND = re.compile(r"\.?[A-Za-z0-9]{1,60}(?:[.-][A-Za-z0-9*]{1,60}){1,8}\Z")
_WEB = re.compile(
    r"[a-z][a-z+.-]{1,9}://[^\s<>\"]{1,2000}|\bwww\.[^\s<>\"]{1,2000}"
    r"|(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}\.[\w.-]{1,100}",
    re.I,
)
_HOST_OR_FILE = re.compile(
    r"(?:[a-z0-9-]{1,60}\.){1,6}(?:fr|com|net|org|eu|io|be|ch|de|co|uk|info|tv|me|js|html?|php|png|jpe?g|gif|pdf"
    r"|css)\Z",
    re.I,
)

# Words of policies that could pass for names where a list names cookies by single words or capitals.
_NOT_NAMES = frozenset(
    fold(
        "cookie cookies traceur traceurs tracker trackers nom noms name names total type durée duration finalité"
        " finalités purpose purposes provider fournisseur description session sessions persistent persistant"
        " permanent audience publicité advertising marketing fonctionnel fonctionnels functional fonctionnalité"
        " nécessaire nécessaires necessary strictly essential essentiels essentiel analytics analytiques"
        " analytique analyse analysis statistics statistiques statistique performance performances préférence"
        " préférences preferences preference social sociaux réseaux sécurité security navigation personnalisation"
        " targeting ciblage mesure mesures technique techniques tiers third first party internes interne consent"
        " consentement autres other autre unclassified non oui yes no none aucun néant http https html ssl tls"
        " used url urls uri ip rgpd gdpr cnil cmp dpo ue eu eee eea usa tags tag gif pdf faq cgu cgv iab tcf api crm"
        " sas sarl rcs siret siren ceo ccpa php css javascript flash pixel pixels web beacon beacons local"
        " storage localstorage sessionstorage indexeddb mois ans jours months years days important attention note"
        " csrf xsrf oauth jwt des les le la un une du de the an by our notre nos ces ce this these"
        " exemple example contact identification authentification authentication communication facturation"
        " rectification portabilité navigateur browser domaine domain host éditeur hébergement google facebook"
        " meta microsoft apple amazon youtube linkedin twitter instagram tiktok ie ie9 ie10 ie11 html5 web2"
    ).split()
)
_BRANDS_IN_CAMEL = frozenset({"iphone", "ipad", "ipados", "ios", "ebay", "macos", "wifi"})

# Words so plain that a vendor's cookie of that name says nothing about a site's own.
_COMMON = re.compile(
    r"[a-z]{1,12}\d{0,2}\Z|(?:user|session|visitor|client|customer|account|cart)[_-]?(?:id|token|key|name)\Z"
)


_QUOTES = frozenset({"«»", "“”", '""', "''", "``", "‘’", "’’"})


class Shape(enum.IntEnum):
    """How much a token looks like the name of a cookie."""

    NONE = 0
    PLAIN = 1  # lang
    MEDIUM = 2  # userId, JSESSIONID, cookieyes-consent, connect.sid
    STRICT = 3  # _ga, mp_*_mixpanel, wp-settings-39


@dataclass(frozen=True)
class Token:
    """A word of the text that may be a name, without the punctuation around it."""

    name: str
    start: int
    end: int
    shape: Shape
    quoted: bool = False


@functools.lru_cache(maxsize=4_096)
def shape_of(token: str) -> Shape:
    """Return how much ``token`` looks like a name."""
    if not 1 <= len(token) <= LONGEST_NAME or not _TOKEN.fullmatch(token):
        return Shape.NONE
    if not _LETTER.search(_VARIABLE.sub("", token)) or _TIMES.match(token):
        return Shape.NONE
    bare = fold(token.strip("_") if token[0] == token[-1] == "_" else token)  # “_cookies_”: emphasis
    if (
        bare in _NOT_NAMES
        or bare in _BRANDS_IN_CAMEL
        or bare.startswith("utm_")
        or _CONSENT_SIGNAL.match(bare)
        or _HOST_OR_FILE.match(token)
    ):
        return Shape.NONE
    if _UNDERSCORE.search(token) or "*" in token or (token.startswith("__") and len(token) > 3):
        return Shape.STRICT
    return _shape_without_underscore(token)


def _shape_without_underscore(token: str) -> Shape:
    if _COMPOUND.match(token):
        return Shape.STRICT if token[0].isalpha() and re.search(r"-\d", token) else Shape.MEDIUM
    if "::" in token or _VARIABLE.search(token) or _UPPER.match(token) or (token.isalnum() and _CAMEL.search(token)):
        return Shape.MEDIUM
    return Shape.PLAIN if token.isalnum() and not token[0].isdigit() else Shape.NONE


def is_common(name: str) -> bool:
    """Whether a site's own cookie may well have this name by chance."""
    return _COMMON.match(name if name.isupper() else name.casefold()) is not None


def without_addresses(text: str) -> str:
    """Return ``text`` with web and mail addresses blanked, its length unchanged: a path is not a cookie."""
    if "/" not in text and "@" not in text and "www." not in text:
        return text
    return _WEB.sub(lambda match: " " * len(match[0]), text)


def generalised(name: str) -> str:
    """Return ``name`` with the variables that people write (``<id>``, ``#``, ``XXXX``, ``…``) as ``*``."""
    pattern = re.sub(r"\*{2,}", "*", _VARIABLE.sub("*", name))
    return pattern if pattern.strip("*._-") else name


def tokens(text: str) -> Iterator[Token]:
    """Yield the words of ``text`` that can be names."""
    text = without_addresses(text)
    for match in re.finditer(r"[^\s,;«»“”\"()/=…]{1,100}(?:…[^\s,;«»“”\"()/=…]{0,100})?", text):
        found = _token(text, match.start(), match[0])
        if found is not None:
            yield found


def names_listed(text: str) -> list[Token]:
    """Return the names when ``text`` is nothing but a list of them (``_ga, _gid et _gat``), else nothing."""
    found = [token for token in tokens(text) if fold(token.name) not in {"et", "and", "ou", "or"}]
    rest = list(fold(text))
    for token in found:
        rest[token.start : token.end] = " " * (token.end - token.start)
    left = re.sub(r"\b(?:et|and|ou|or|les?|the|cookies?)\b|[\s,;/|&\"'`().:…+-]", "", "".join(rest))
    return found if found and not left else []


def _token(text: str, start: int, word: str) -> Token | None:
    """Return the word without the quotes, emphasis and full stops around it."""
    name = word.strip("'’‘`")
    if name.startswith("*"):
        name = name.strip("*")
    cut_off = name.endswith(("...", "…"))
    name = name.rstrip("?:'’`" if cut_off else ".?!:'’`-" if name[-2:-1].isalnum() else ".?:'’`")
    shape = shape_of(name.replace("…", "*"))
    if shape is Shape.NONE:
        return None
    at = start + word.find(name)
    around = text[max(0, at - 2) : at].strip()[-1:] + text[at + len(name) : at + len(name) + 2].strip()[:1]
    return Token(name, at, at + len(name), shape, quoted=around in _QUOTES)


def mend_cuts(blocks: list[Block], knows: Callable[[str], bool]) -> list[Block]:
    """Return ``blocks`` with the names whole that a line, a row or a cell had cut; the evidence stays as written."""
    mended: list[Block] = []
    for block in blocks:
        whole = _mend_cells(block, knows)
        joined = _mend_two(mended[-1], whole, knows) if mended else None
        if joined is None:
            mended.append(whole)
        else:
            mended[-1] = joined
    return mended


def is_cut(left: str, right: str, knows: Callable[[str], bool]) -> bool:
    """Whether ``left`` and ``right`` are one name: the library knows it whole, or ``left`` ends in the middle."""
    if not _TOKEN.fullmatch(left) or not _TOKEN.fullmatch(right) or len(left) + len(right) > LONGEST_NAME:
        return False
    if left[-1] in "_-" and shape_of(left + right) is Shape.STRICT and len(left) > 2:
        return True
    coded = shape_of(left) >= Shape.MEDIUM or shape_of(right) >= Shape.MEDIUM
    return coded and len(left) > 2 and not knows(left) and not knows(right) and knows(left + right)


def _mend_cells(block: Block, knows: Callable[[str], bool]) -> Block:
    """Mend the names that a break inside a cell cut."""
    if not any("\n" in cell for cell in block.cells):
        return block
    cells = tuple(_mend_cell(cell, knows) for cell in block.cells)
    return replace(block, cells=cells, text=" ".join(" ".join(cells).split()), source=block.source or block.text)


def _mend_cell(cell: str, knows: Callable[[str], bool]) -> str:
    parts = cell.split("\n")
    whole = parts[:1]
    for part in parts[1:]:
        if is_cut(whole[-1], part, knows):
            whole[-1] += part
        else:
            whole.append(part)
    return "\n".join(whole)


def _mend_two(first: Block, second: Block, knows: Callable[[str], bool]) -> Block | None:
    """Return both as one block when the second only goes on with a name that the first began."""
    if second.is_bullet or len(first.text) > LONGEST_MENDED:
        return None
    if first.cells:
        return _mend_rows(first, second, knows)
    left, right = first.text.rsplit(" ", 1)[-1], second.text.split(" ", 1)[0]
    if _BEGINS_SENTENCE.match(second.text) and not knows(left + right):
        return None
    if not is_cut(left, right.rstrip(",;:."), knows):
        return None
    source = f"{first.source or first.text} {second.source or second.text}"
    if not second.cells:
        return replace(first, text=first.text + second.text, source=source)
    cells = (first.text + second.cells[0], *second.cells[1:])
    return Block(first.text + second.text, cells=cells, source=source, after_gap=first.after_gap)


def _mend_rows(first: Block, second: Block, knows: Callable[[str], bool]) -> Block | None:
    """A row whose only filled cell goes on with the name in the same cell of the row above."""
    parts = second.cells or (second.text,)
    filled = [index for index, part in enumerate(parts) if part]
    if len(filled) != 1 or filled[0] >= len(first.cells):
        return None
    at = filled[0]
    if not is_cut(first.cells[at].rsplit("\n", 1)[-1], parts[at], knows):
        return None
    cells = (*first.cells[:at], first.cells[at] + parts[at], *first.cells[at + 1 :])
    source = f"{first.source or first.text} {second.source or second.text}"
    return replace(first, cells=cells, text=" ".join(" ".join(cells).split()), source=source)
