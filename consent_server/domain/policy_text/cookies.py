"""The cookies that a policy names, with what it says of each: in lists, in tables and in sentences.

Known here: which passages present a cookie, and what in them belongs to which name. A word is taken for a name only as
far as its shape and its passage allow: what is not presented as a cookie is left out, what the library does not know
stays without a purpose. Not known: whether the site really sets it (that is what scans are for).
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from consent_server.domain.library import LibraryService
from consent_server.domain.lifetime import SESSION
from consent_server.domain.policy_text.durations import Duration, duration_of_cell, durations, each_duration
from consent_server.domain.policy_text.findings import FoundCookie
from consent_server.domain.policy_text.knowledge import Knowledge, Known
from consent_server.domain.policy_text.names import (
    Shape,
    Token,
    generalised,
    is_common,
    names_listed,
    tokens,
)
from consent_server.domain.policy_text.services import ServiceNames
from consent_server.domain.policy_text.tables import Columns, columns_of
from consent_server.domain.policy_text.text import Block, fold, sentences
from consent_server.domain.policy_text.wordings import CATEGORIES, COOKIE_WORD
from consent_server.domain.purpose import NECESSARY

MOST_COOKIES = 3_000

_REACH = 12  # blocks after one that speaks of cookies in which a list still counts as theirs
_DEFINITION = re.compile(
    r"(?:\d{1,2}[.)] )?(?:(?:le |the "
    r"|- )?cookies? (?=\S{1,100}(?: ?\([^()]{0,100}\))? ?[:=]))?(?P<names>[^:=]{1,200}?)"
    r"(?: ?\((?P<aside>[^()]{0,120})\))? ?(?::(?= )|=(?= )| -(?= )| >(?= ))"
)
_PRESENTED = re.compile(
    r"\b(?:cookies?|traceurs?|trackers?)(?: (?:technique|fonctionnel|nomme|denomme|appele|intitule|dit|tiers"
    r"|de session"
    r"|suivant|interne|http|named|called|first-party|third-party)e?s?){0,3} ?(?:est |is )?[:(]? ?[\"'`]? ?\Z"
)
_NAMED = re.compile(
    r"\b(?:nomme|denomme|appele|intitule|named|called)e?s?(?: (?:cookies?|traceurs?))? ?:? ?[\"'`]? ?\Z"
)
_FOLLOWED = re.compile(r"[\"'`]? (?:[a-z-]{1,20} )?cookies?\b")
_LIST_OF_NAMES = re.compile(
    r"\b(?:cookies|traceurs|trackers)(?: [a-z'-]{1,20}){0,6} ?:|\b(?:cookies?|traceurs?) ?\((?=[^()]{2,300}\))"
)
_TELLING = re.compile(r"sess|sid\Z|id\Z|token|csrf|xsrf|cookie|consent|auth|lang|locale|login", re.I)
_BY = re.compile(
    r"\b(?:utilise|depose|emis|fourni|gere|place|cree|pose|installe|used|set|placed|provided|created|issued|owned"
    r"|dropped)e?s?"
    r" (?:notamment )?(?:par|by|from) (?:le |la |les |l'|the |notre |our )?(?:service |outil |societe )?"
)
_VENDOR = re.compile(r"[A-ZÀ-Ý][\w&.'-]{0,40}(?: (?:[A-ZÀ-Ý][\w&.'-]{0,40}|de|of|and|et)(?= ?[A-ZÀ-Ý.,;()]|\Z)){0,4}")
_OWN = re.compile(
    r"(?:-+|n/?a|aucun|none|nous|notre|our|we\b|us\b|ce site|this (?:web)?site|(?:le |the )?site\b|(?:web)?site"
    r"|interne"
    r"|internal|(?:cookie )?(?:propre|proprietaire|interne)\b|first.?part|premiere?.?part|1st.?part|self|own\b"
    r"|editeur)"
)
_LONE_WORD = re.compile(r"(?:[a-z]{2,24}|[A-Z]{2,24})\Z")
_LASTING = re.compile(r"(?:duree|expir|duration|lifetime|retention|conserve|stored for|kept for)")
_IT_LASTS = re.compile(
    r"(?:il|elle|ce cookie|it|this cookie) (?:\w{1,12} ){0,3}?(?:expire|conserve|garde|dure|reste|valable"
    r"|kept|stored|lasts?)"
)
_KEY = re.compile(r"[a-z][\w-]{1,30}(?::[a-z][\w.-]{1,40}){1,3}\Z")  # “firebase:authUser”
_PATH = re.compile(r"/?[a-z]{1,20}/[\w./-]{1,100}\Z")  # “ads/ga-audiences”: the address of a pixel
_LISTING = re.compile(r"[,;/]|\b(?:et|and)\b")
_INNER_CAPITAL = re.compile(r"[a-z][A-Z]")
_CAPITALISED = re.compile(r"[A-Z]\w*[a-z]")
_ASIDE = re.compile(r"\([^()]{0,80}\)")
_SEPARATORS = re.compile(r"\b(?:et|and|ou|or|le|les|the|cookies?)\b|[\W_]")
_KEPT_DATA = re.compile(
    r"(?:donnees|informations?|data|statistiques|rapports|logs?|journaux|comptes?|compte client"
    r"|adresses?)\b[^.;]{0,80}"
    r"(?:conserv|stock|gard|archiv|retain|kept|stored|keep|held)"
)


@dataclass(frozen=True)
class Context:
    """What all passages are read with."""

    knowledge: Knowledge
    names: ServiceNames


@dataclass(frozen=True)
class _Draft:
    """A name as found, before the library is asked what it is."""

    token: Token
    evidence: str
    lifetime: str | None
    services: tuple[LibraryService, ...]
    vendor: str | None
    in_list: bool


def found_cookies(blocks: Iterable[Block], context: Context) -> list[FoundCookie]:
    """Return the cookies in order of appearance, once each; a list or a table says more than a sentence."""
    found: dict[str, tuple[FoundCookie, bool]] = {}
    for draft in _drafts(blocks, context):
        cookie = _resolved(draft, context.knowledge)
        key = cookie.name.casefold()
        if key in found:
            found[key] = _merged(found[key], (cookie, draft.in_list))
        elif len(found) < MOST_COOKIES:
            found[key] = cookie, draft.in_list
    return [cookie for cookie, _ in found.values()]


def _merged(first: tuple[FoundCookie, bool], second: tuple[FoundCookie, bool]) -> tuple[FoundCookie, bool]:
    """Fill what the better passage leaves open with what the other says."""
    (one, one_listed), (two, two_listed) = first, second
    if two_listed and not one_listed:
        one, two = two, one
    if one.service is None and two.service is not None:
        one = replace(one, service=two.service, service_id=two.service_id, purpose=two.purpose, vendor=two.vendor)
    one = replace(one, vendor=one.vendor or two.vendor, lifetime=one.lifetime or two.lifetime)
    return one, one_listed or two_listed


def _drafts(blocks: Iterable[Block], context: Context) -> Iterator[_Draft]:
    columns: Columns | None = None
    since = _REACH + 1
    for block in blocks:
        since = 0 if COOKIE_WORD.search(block.folded) else since + 1
        if block.cells:
            headed = columns_of(block.cells)
            columns = headed or (None if block.heads else columns)
            drafts = [] if headed else _in_row(block, columns, since <= _REACH, context)
        else:
            columns = columns if len(block.text) <= 120 and not block.is_bullet else None
            drafts = _in_definition(block, since, context) or _in_sentences(block, since, context)
        if drafts:
            since = 0
        yield from drafts


def _in_row(block: Block, columns: Columns | None, near: bool, context: Context) -> list[_Draft]:
    """Return what a table row presents; without a heading only what can hardly be anything but a name."""
    if columns is not None and columns.name < len(block.cells) <= columns.count + 1:
        drafts = _in_headed_row(block, columns, context) or _in_bare_row(block, near, context)
    else:
        drafts = _in_bare_row(block, near, context)
    return drafts or _in_sentences(block, 0 if near else _REACH + 1, context)


def _in_headed_row(block: Block, columns: Columns, context: Context) -> list[_Draft]:
    cells = block.cells
    if sum(1 for cell in cells if cell) < 2:
        return []
    listed = [token for part in cells[columns.name].split("\n") for token in _names_in_cell(part, context)]
    vendor = _cell(cells, columns.vendor)
    written = _cell(cells, columns.duration)
    if not listed and columns.says_name and _LONE_WORD.match(cells[columns.name]) and duration_of_cell(fold(written)):
        listed = [Token(cells[columns.name], 0, len(cells[columns.name]), Shape.PLAIN)]
    given = [duration_of_cell(fold(part).strip()) for part in re.split(r"\n|/", written)]
    if len(given) != len(listed) or len(listed) < 2 or None in given:
        given = [duration_of_cell(fold(written.replace("\n", " "))) if written else None] * len(listed)
    services = _services_in_row(block, vendor, context)
    if columns.duration is None:
        given = [lifetime_in(block.folded)] * len(listed)
    pairs = zip(listed, given, strict=True)
    return [_Draft(token, block.evidence(), iso, services, _vendor_of(vendor), True) for token, iso in pairs]


def _names_in_cell(cell: str, context: Context) -> list[Token]:
    """Return the names in a cell under “name”: all of them when it holds nothing else."""
    if _PATH.match(cell):
        return []
    if _KEY.match(cell):
        return [Token(cell, 0, len(cell), Shape.MEDIUM)]
    listed = _listed_in(cell)
    if listed:
        return [] if len(listed) == 1 and _is_only_a_service(listed[0], context) else listed
    return [token for token in tokens(cell) if token.shape is Shape.STRICT]


def _listed_in(cell: str) -> list[Token]:
    """Return the names of a cell that holds nothing else; words one after the other are a phrase."""
    listed = names_listed(cell) or names_listed(re.sub(r"\([^()]{0,200}\)", " ", cell))
    whole = len(listed) == 1 or _is_listing(cell) or all(token.shape > Shape.PLAIN for token in listed)
    return listed if whole else []


def _is_listing(cell: str) -> bool:
    """Whether separators stand between all words: “lang, theme and cart” lists names, “used by us and you” does not."""
    parts = _LISTING.split(re.sub(r"\([^()]{0,200}\)", " ", cell))
    return len(parts) > 1 and all(len(part.split()) <= 1 for part in parts)


def _is_only_a_service(token: Token, context: Context) -> bool:
    return token.name[0].isupper() and context.names.is_name(token.name) and not context.knowledge.knows(token.name)


def _in_bare_row(block: Block, near: bool, context: Context) -> list[_Draft]:
    found = next((listed for cell in block.cells[:2] if (listed := _listed_in(cell.replace("\n", " ")))), [])
    said = near and lifetime_in(block.folded) is not None
    kept = [token for token in found if _certain(token, context) or (said and _likely(token, context))]
    services = _services_in_row(block, "", context)
    lifetimes = _lifetimes_in_cells(block.cells, len(found))
    kept_of = {token: iso for token, iso in zip(found, lifetimes, strict=True) if token in kept}
    return [_Draft(token, block.evidence(), iso, services, None, True) for token, iso in kept_of.items()]


def _lifetimes_in_cells(cells: tuple[str, ...], count: int) -> list[str | None]:
    """Return the lifetime of each of ``count`` names: one by one where a cell has as many, else the last one said."""
    for cell in cells:
        each = each_duration(fold(cell))
        if count > 1 and len(each) == count:
            return [part.iso for part in each]
    said = [iso for cell in cells if (iso := duration_of_cell(fold(cell)))]
    return [said[-1] if said else None] * count


def _likely(token: Token, context: Context) -> bool:
    return token.shape is Shape.MEDIUM or (token.shape is Shape.PLAIN and context.knowledge.knows(token.name))


def _certain(token: Token, context: Context) -> bool:
    if token.shape is Shape.STRICT:
        return True
    return token.shape is Shape.MEDIUM and context.knowledge.knows(token.name) and not is_common(token.name)


def _in_definition(block: Block, since: int, context: Context) -> list[_Draft]:
    """Return what a line of the form “name: what it is for” presents."""
    match = _DEFINITION.match(block.folded)
    if match is None:
        return []
    start, end = match.span("names")
    listed = [_moved(token, start) for token in names_listed(block.text[start:end])]
    if not listed or not all(_is_defined(token, block, match.end(), since, context) for token in listed):
        return []
    return _attributed(block, listed, 0, len(block.text), context, in_list=True)


def _is_defined(token: Token, block: Block, rest: int, since: int, context: Context) -> bool:
    """Whether the name before the colon is a cookie's."""
    known = context.knowledge.knows(token.name)
    if token.shape is Shape.STRICT:
        return known or since <= _REACH
    if since > _REACH or _is_only_a_service(token, context):
        return False
    says_so = COOKIE_WORD.search(block.folded, token.end) is not None or bool(durations(block.folded[rest:]))
    if token.shape is Shape.PLAIN:
        return token.name[0].islower() and says_so and not _is_a_kind(token, block)
    return known or _tells(token) or (says_so and not _CAPITALISED.match(token.name))


def _is_a_kind(token: Token, block: Block) -> bool:
    """Whether the word says which cookies, not how one is called: “Cookies publicitaires: none”."""
    return block.folded.endswith("cookies ", 0, token.start) or any(
        pattern.search(f"cookies {fold(token.name)}") for _, pattern in CATEGORIES
    )


def _in_sentences(block: Block, since: int, context: Context) -> list[_Draft]:
    drafts: list[_Draft] = []
    for start, end in sentences(block.text):
        folded = block.folded[start:end]
        about_cookies = COOKIE_WORD.search(folded) is not None
        listed = _listed_after_colon(block, start, end) if about_cookies else []
        if not listed:
            near = about_cookies or since <= 2
            all_tokens = [_moved(token, start) for token in tokens(block.text[start:end])]
            listed = [t for t in all_tokens if _is_presented(t, block, start, about_cookies, near, context)]
            listed = _with_neighbours(listed, all_tokens, block, context)
        if not listed and drafts and (_IT_LASTS.match(folded) or (block.is_bullet and _LASTING.match(folded))):
            drafts = [replace(draft, lifetime=draft.lifetime or lifetime_in(folded)) for draft in drafts]
        drafts += _attributed(block, listed, start, end, context, in_list=False)
    return drafts


def _listed_after_colon(block: Block, start: int, end: int) -> list[Token]:
    """Return the names of “the following cookies: PHPSESSID, lang and cart_id”."""
    match = _LIST_OF_NAMES.search(block.folded, start, end)
    if match is None:
        return []
    closing = block.text.find(")", match.end(), end) if match[0].endswith("(") else -1
    stop = min(closing if closing >= 0 else end, match.end() + 600)
    listed = names_listed(block.text[match.end() : stop])
    if len(listed) < 2 or max(token.shape for token in listed) < Shape.MEDIUM:
        return []
    return [_moved(token, match.end()) for token in listed]


def _moved(token: Token, by: int) -> Token:
    return replace(token, start=token.start + by, end=token.end + by)


def _with_neighbours(listed: list[Token], all_tokens: list[Token], block: Block, context: Context) -> list[Token]:
    """Return the names and those that the library knows in the same enumeration (“VISITOR_INFO1_LIVE and YSC”)."""
    taken = set(listed)
    coded = [token for token in all_tokens if token.shape > Shape.PLAIN]
    for one, other in [*itertools.pairwise(coded), *itertools.pairwise(coded[::-1])]:
        if one in taken and _is_next(one, other, block) and (_tells(other) or context.knowledge.knows(other.name)):
            taken.add(other)
    return sorted(taken, key=_place)


def _place(token: Token) -> int:
    return token.start


def _is_next(one: Token, other: Token, block: Block) -> bool:
    between = _ASIDE.sub("", block.folded[min(one.end, other.end) : max(one.start, other.start)][:120])
    return len(between) < 20 and not _SEPARATORS.sub("", between)


def _is_presented(token: Token, block: Block, start: int, about: bool, near: bool, context: Context) -> bool:
    """Whether a word of a sentence is a cookie's name."""
    if token.shape is Shape.STRICT:
        known = context.knowledge.knows(token.name)
        said = about or (near and (_tells(token) or _lasts(block, start) or bool(names_listed(block.text))))
        return known or (said and "_" in token.name) or (about and "*" in generalised(token.name))
    if near and token.start == start and _begins_an_entry(token, block):
        return True
    if not about or _is_only_a_service(token, context):
        return False
    before = block.folded[max(start, token.start - 80) : token.start]
    if token.shape is Shape.PLAIN:
        surely = token.quoted or (context.knowledge.knows(token.name) and not is_common(token.name))
        return (surely and _PRESENTED.search(before) is not None) or _NAMED.search(before) is not None
    beside = _PRESENTED.search(before) is not None or _FOLLOWED.match(block.folded, token.end) is not None
    known = context.knowledge.knows(token.name)
    if known and not is_common(token.name):
        return beside or token.quoted or len(token.name) > 5
    return (beside or token.quoted) and (token.quoted or _tells(token))


def _begins_an_entry(token: Token, block: Block) -> bool:
    """Whether a line is the row of a table whose columns were lost: “cookieNotice Essential First-party 1 year …”."""
    coded = token.shape is Shape.MEDIUM and _INNER_CAPITAL.search(token.name) is not None
    return coded and not block.is_heading and token.start == 0 and _lasts(block, 0)


def _lasts(block: Block, start: int) -> bool:
    """Whether the sentence that begins at ``start`` says how long something lasts."""
    end = next(end for begin, end in sentences(block.text) if begin == start)
    return lifetime_in(block.folded[start:end]) is not None


def _tells(token: Token) -> bool:
    """Whether the word itself looks made by a programmer: “hasSeenIntro”, “ASPSESSIONID”."""
    camel = token.name[0].islower() and _INNER_CAPITAL.search(token.name) is not None
    return camel or _TELLING.search(token.name) is not None


def _attributed(
    block: Block, listed: list[Token], start: int, end: int, context: Context, in_list: bool
) -> list[_Draft]:
    """Give each name what the text up to the next name says; names in a row share what follows the last of them."""
    if not listed:
        return []
    evidence = block.evidence(start, end) if in_list or block.cells else block.quote(start, end, listed[0].start)
    parts = _parts(block, listed, end)
    lifetimes = _lifetimes(block, parts)
    if not any(lifetimes):
        lifetimes = [lifetime_in(block.folded[start : listed[0].start])] * len(listed)
    introduced = tuple(m.service for m in context.names.mentions(block.text[start : listed[0].start], in_row=True))
    drafts = []
    for token, (a, b), lifetime in zip(listed, parts, lifetimes, strict=True):
        own = tuple(m.service for m in context.names.mentions(block.text[a:b], in_row=True))
        vendor = _written_vendor(block, a, b)
        drafts.append(_Draft(token, evidence, lifetime, own or introduced, vendor, in_list))
    return drafts


def _lifetimes(block: Block, parts: list[tuple[int, int]]) -> list[str | None]:
    """Return the lifetime of each name: as many durations as names in a row are theirs one by one."""
    found: list[str | None] = []
    for (start, end), names in itertools.groupby(parts):
        count = len(list(names))
        each = [
            part for part in each_duration(block.folded[start:end]) if not is_of_data(block.folded[start:end], part)
        ]
        if count > 1 and len(each) == count:
            found += [part.iso for part in each]
        else:
            found += [lifetime_in(block.folded[start:end])] * count
    return found


def _parts(block: Block, listed: list[Token], end: int) -> list[tuple[int, int]]:
    """Return for each name the text that is about it."""
    ends = [token.start for token in listed[1:]] + [end]
    parts: list[tuple[int, int]] = []
    for token, stop in reversed(list(zip(listed, ends, strict=True))):
        between = _SEPARATORS.sub("", block.folded[token.end : min(stop, token.end + 80)])
        parts.append(parts[-1] if parts and not between else (token.end, stop))
    return parts[::-1]


def lifetime_in(folded: str) -> str | None:
    """Return the lifetime that a passage about one cookie gives; how long *data* are kept is something else."""
    found = [duration for duration in durations(folded[:2000]) if not is_of_data(folded, duration)]
    timed = [duration.iso for duration in found if duration.iso != SESSION]
    if timed:
        return timed[0]
    return SESSION if found else None


def is_of_data(folded: str, duration: Duration) -> bool:
    """Whether a duration is how long personal data, not a cookie, are kept."""
    before = folded[max(0, duration.start - 140) : duration.start]
    last = max((match.end() for match in _KEPT_DATA.finditer(before)), default=-1)
    return last >= 0 and COOKIE_WORD.search(before, last) is None


def _services_in_row(block: Block, vendor: str, context: Context) -> tuple[LibraryService, ...]:
    """Return the services that a row names, those under “vendor” first."""
    first = [m.service for m in context.names.mentions(vendor.replace("\n", " "), in_row=True)]
    return (*first, *(m.service for m in context.names.mentions(block.text, in_row=True)))


def _written_vendor(block: Block, start: int, end: int) -> str | None:
    match = _BY.search(block.folded, start, end)
    found = _VENDOR.match(block.text, match.end(), end) if match else None
    return _vendor_of(found[0].rstrip(".,;")) if found else None


def _vendor_of(cell: str) -> str | None:
    """Return the vendor as a cell names it; the site itself is none."""
    vendor = " ".join(cell.split())
    return None if not vendor or len(vendor) > 80 or _OWN.match(fold(vendor)) else vendor


def _resolved(draft: _Draft, knowledge: Knowledge) -> FoundCookie:
    """Return the draft as the library knows it: the vendor's and the purpose's words are the library's."""
    known = _known(draft, knowledge)
    written = generalised(draft.token.name)
    purpose: str | None
    if known is not None:
        service, purpose = known.service, known.purpose
    elif len({service.id for service in draft.services}) == 1:
        service = draft.services[0]
        # An unknown name does not become exempt because a policy mentions exempt software beside it.
        purpose = None if service.purpose == NECESSARY else service.purpose
    else:
        return FoundCookie(written, draft.evidence, vendor=draft.vendor, lifetime=draft.lifetime)
    name = known.name if known else written
    return FoundCookie(name, draft.evidence, service.vendor, service.name, service.id, purpose, draft.lifetime)


def _known(draft: _Draft, knowledge: Knowledge) -> Known | None:
    """Return the library's tracker of this name, of the service that the passage names where it names one."""
    written = draft.token.name
    candidates = knowledge.all_named(written) or knowledge.all_named(generalised(written))
    named = [service.id for service in draft.services]
    for service_id in named:
        for known in candidates:
            if known.service.id == service_id:
                return known
    vendor = fold(draft.vendor or "")
    for known in candidates:
        company = fold(known.service.vendor)
        if vendor and (company in vendor or vendor in company or known.domain in vendor):
            return known
    if is_common(written):
        return None
    spellings = {written.casefold(), generalised(written).casefold()}
    exact = [known for known in candidates if "*" not in known.name or known.name.casefold() in spellings]
    return exact[0] if exact else candidates[0] if candidates and not named else None


def _cell(cells: tuple[str, ...], index: int | None) -> str:
    return cells[index] if index is not None and index < len(cells) else ""
