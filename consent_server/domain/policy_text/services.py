"""Services of the library that a policy names: “Google Analytics”, “NewRelic”, “Google Adwords”.

Known here: which words name a service, and in which company a plain word (“Segment”, “Crisp”) does. Not known: whether
the site really loads it. A service that is denied (“nous n'utilisons pas …”), compared with, or that only hosts data is
left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from consent_server.domain.library import Library, LibraryService
from consent_server.domain.policy_text.findings import FoundCookie, FoundService
from consent_server.domain.policy_text.names import without_addresses
from consent_server.domain.policy_text.text import Block, fold, sentences
from consent_server.domain.policy_text.wordings import COOKIE_WORD

_WORD = re.compile(r"[^\W_]{1,40}")
_MOST_WORDS = 5

# Words of French or English besides those that the library marks (``whole_names``): they count only with a capital and
# in company.
_PLAIN_WORDS = frozenset("crisp floodlight intercom reddit sentry stripe turnstile twitch vision".split())

_COMPANY = re.compile(
    r"cookie|traceur|tracker|outil|tool\b|tools\b|mesure|measur|audience|statisti|analy[ts]|publicit|advertis"
    r"|marketing|pixel"
    r"|balise|\btags?\b|script|plug-?in|modul|widget|chat|video|reseaux? socia|social|newsletter|e-?mail|mailing"
    r"|paiement"
    r"|payment|formulaire|\bforms?\b|partenaire|partner|prestataire|provider|\btiers\b|third|supervision"
    r"|monitoring|utilis"
    r"|\buse[sd]?\b|\busing\b|\bvia\b|service|sous-traitant|processor|solution|plateforme|platform|carte"
    r"|\bmaps?\b|captcha"
)
_BROWSER = re.compile(
    r"cookie|traceur|tracker|\bmesur|audience|publicit|advertis|pixel|balise|\btags?\b|script|plug-?in|widget"
    r"|navigateur|browser"
)
_INFRASTRUCTURE = re.compile(
    r"heberg|hosted|hosting|datacent|data cent|centres? de donnees|serveur|\bservers?\b|stockee?s|stockage|stored"
    r"|storage|\bcloud\b"
    r"|sauvegarde|backup|infrastructure|messagerie|gestion des domaines|domain name|certifi|chiffre|encrypt"
    r"|bases? de donnees"
)
_DENIED = re.compile(
    r"\bn['e] ?(?:avons|utilis\w{1,8}|recour\w{1,6}|emploi\w{1,6}|employons|fai\w{1,5}|font|depos\w{1,6}"
    r"|install\w{1,6})"
    r" ?(?:\w{1,12} )?(?:pas|plus|jamais|aucun|ni)\b"
    r"|\bsans (?:recour\w{1,3}|utilis\w{1,8}|passer par|faire appel)|\b(?:contrairement a|au lieu d|plutot qu"
    r"|a la place d"
    r"|alternatives? a|et non)|\b(?:do|does|did|will|are|is) ?(?:not|n't) (?:currently )?(?:us|rely|load|embed"
    r"|set|plac|work)"
    r"|\b(?:don't|doesn't|won't) (?:use|rely|load|embed|set|place)|\bnever use|\bno longer us|\bwithout (?:using"
    r"|any)|\bunlike\b"
    r"|\bpourr\w{1,5} (?:\w{1,12} )?etre (?:active|ajoute|mis)"
    r"|\b(?:may|could|might) (?:\w{1,12} )?be (?:added|activated|enabled)"
    r"|\b(?:pas|ni|no) (?:de |d')?\Z"
    r"|\binstead of|\brather than|\balternatives? to|\bwe use (?:no|neither)\b|\bno use of\b"
)
_NO_TOOL = re.compile(
    r"\b(?:aucune?|no)(?: \w{1,14}){0,3}? (?:outil|service|solution|traceur|pixel|script|balise|module|technologie|tool"
    r"|tracker|tag|technology)s?\b[^.;:!?]{0,120}\Z"
)
_IS_USED = re.compile(
    r"[^;:!?]{0,120}?\b(?:n'est|n'a ete|ne sont|ne sera|is|are)\b (?:\w{1,14} ){0,2}?(?:utilis|depos|install|charg"
    r"|integr|employ|present|activ|used|set|loaded|placed|installed|embedded)"
)
_UNLESS = re.compile(r"\b(?:sans|avant|tant qu|sauf|hormis|without|before|until|unless|except|other than)\b")
_ON_OTHER_SITES = re.compile(
    r"\b(?:autres? sites?|sites? tiers|other (?:web)?sites?|another (?:web)?site|third[- ]party (?:web)?sites?)"
    r"\b[^.;()]{0,40}\((?:comme|tels? que|par exemple|ex\b|such as|like|e\.g)[^()]{0,60}\Z"
)
_ENTRY = re.compile(r" ?[:(–—]| -")
_ADVERTISES = re.compile(
    r"publicit|pixel|conversion|reciblage|audience|campagne|advertis|\bads?\b|retarget|remarket|marketing|analy"
)
_EMBEDS = re.compile(
    r"\b(?:widget|bouton|button|modul|plug-?in|partag|shar(?:e|ing)\b|embed|integr|iframe|video|lecteur|player"
    r"|fil d'actu|j'aime|like button)"
)
_STILL = re.compile(r"[.;!?:]|\b(?:mais|but|however|cependant|en revanche|toutefois)\b")
_SENTENCE_STOP = re.compile(r"[.!?;] ")
_OPEN_LIST = re.compile(r"\([^()]{1,400}\Z")
_NEAR = 160
_DENIAL_REACH = 120


@dataclass(frozen=True)
class Mention:
    """A service named in a text, and where."""

    service: LibraryService
    start: int
    end: int


@dataclass(frozen=True)
class _Name:
    service: LibraryService
    words: int
    as_written: str
    plain: bool


class ServiceNames:
    """Every name of every service, found by its letters: “New Relic”, “NewRelic” and “new-relic” are one name.

    ``Library.find_by_name`` says which services a phrase names; a policy is prose, where the capital, the words around
    and the place of each name decide as well.
    """

    def __init__(self, library: Library) -> None:
        self._names: dict[str, _Name] = {}
        self._embedded = _embedded(library.services)
        self._modules: dict[str, LibraryService] = {}
        companies = _companies(library.services)
        for service in library.services:
            for name in (service.name, *service.aliases):
                self._add(name, service, companies)

    def _add(self, name: str, service: LibraryService, companies: frozenset[str]) -> None:
        """Leave out what names a company with several services, or is the name of a cookie (“PHPSESSID”)."""
        words = _WORD.findall(fold(name))
        letters = "".join(words)
        plain = name in service.whole_names or letters in _PLAIN_WORDS or len(letters) <= 3
        unclear = letters in companies and letters != _letters(service.name)
        if 0 < len(words) <= _MOST_WORDS and not unclear and name not in {t.name for t in service.trackers}:
            self._names.setdefault(letters, _Name(service, len(words), name, plain))
        if unclear and service.id in self._embedded:
            self._modules[letters] = self._embedded[service.id]

    def is_name(self, text: str) -> bool:
        """Whether ``text`` as a whole names a service."""
        return _letters(text) in self._names

    def mentions(self, text: str, in_row: bool = False) -> Iterator[Mention]:
        """Yield the services that ``text`` names; a row about a cookie is company enough for a plain word."""
        visible = without_addresses(text)
        folded = fold(visible)
        words = [(match.start(), match.end()) for match in _WORD.finditer(folded)]
        at = 0
        while at < len(words):
            taken = self._longest_at(visible, folded, words, at, in_row)
            if taken is None:
                at += 1
                continue
            mention, count = taken
            yield mention
            at += count

    def _longest_at(
        self, text: str, folded: str, words: list[tuple[int, int]], at: int, in_row: bool
    ) -> tuple[Mention, int] | None:
        """Return the mention with the most words that begins with word ``at``."""
        found: tuple[Mention, int] | None = None
        start, letters = words[at][0], ""
        for count, (begin, end) in enumerate(words[at : at + _MOST_WORDS], 1):
            if count > 1 and folded[words[at + count - 2][1] : begin] not in {" ", "-", ".", "&", " & ", "_"}:
                break
            letters += folded[begin:end]
            name = self._names.get(letters)
            if name and _counts(name, count, text, folded, start, end, in_row):
                found = Mention(self._meant(name, folded, start, end), start, end), count
            elif letters in self._modules and text[start].isupper() and _is_embedded(folded, start, end):
                found = Mention(self._modules[letters], start, end), count
        return found

    def _meant(self, name: _Name, folded: str, start: int, end: int) -> LibraryService:
        """Return what a company's bare name stands for: “a Facebook widget” is not its advertising."""
        embedded = self._embedded.get(name.service.id) if name.words == 1 else None
        return embedded if embedded and _is_embedded(folded, start, end) else name.service


def found_services(blocks: Iterable[Block], names: ServiceNames) -> list[FoundService]:
    """Return the services that the policy says the site uses, in order of appearance, once each."""
    found: dict[str, FoundService] = {}
    for block in blocks:
        for mention in names.mentions(block.text):
            if mention.service.id not in found and not _in_a_name(block, mention) and _acts_in_browser(block, mention):
                found[mention.service.id] = _finding(block, mention)
    return list(found.values())


def _in_a_name(block: Block, mention: Mention) -> bool:
    """Whether the word is a part of a cookie's name: “_shopify_visit”."""
    return "_" in (block.text[mention.start - 1 : mention.start], block.text[mention.end : mention.end + 1])


def with_those_of_cookies(
    found: list[FoundService], cookies: Iterable[FoundCookie], library: Library, service_names: ServiceNames
) -> list[FoundService]:
    """Return ``found`` and the services whose cookies are presented as theirs, or as their company's."""
    known = {service.id: service for service in library.services}
    companies = _companies(library.services)
    ids = {service.id for service in found}
    for cookie in cookies:
        service = known.get(cookie.service_id or "")
        mentioned = list(service_names.mentions(cookie.evidence, in_row=True)) if service else []
        if service and service.id not in ids and _names_it(cookie, service, companies, mentioned):
            ids.add(service.id)
            found = [*found, FoundService(service.id, service.name, service.purpose, cookie.evidence)]
    return found


def _names_it(
    cookie: FoundCookie, service: LibraryService, companies: frozenset[str], mentioned: list[Mention]
) -> bool:
    """Whether what presents a cookie says whose it is; a company with several services names none of them."""
    folded = fold(cookie.evidence)
    names = {service.name, *service.aliases, *({service.vendor} if _letters(service.vendor) not in companies else ())}
    names -= {tracker.name for tracker in service.trackers}
    for name in names:
        at = re.search(rf"(?<!\w){re.escape(fold(name))}(?!\w)", folded)
        if at and cookie.evidence[at.start()].isupper():
            if any(m.start <= at.start() < m.end and m.service != service for m in mentioned):
                return False  # “Cloudflare” of “Cloudflare Turnstile”
            return not is_denied(folded[: at.start()])
    return False


def _finding(block: Block, mention: Mention) -> FoundService:
    service = mention.service
    start, end = _sentence_around(block, mention)
    passage = block.evidence() if block.cells else block.quote(start, end, mention.start)
    return FoundService(service.id, service.name, service.purpose, passage)


def _acts_in_browser(block: Block, mention: Mention) -> bool:
    """Whether the sentence says that it is used, and not that it stores data somewhere."""
    start, end = _sentence_around(block, mention)
    sentence = block.folded[start:end]
    before = block.folded[start : mention.start]
    if is_denied(before) or _is_no_tool(before, block.folded[mention.end : end]) or _ON_OTHER_SITES.search(before):
        return False
    if not mention.service.url_patterns:  # software of the site's own server: no request, at most a cookie
        return COOKIE_WORD.search(sentence) is not None
    return _INFRASTRUCTURE.search(sentence) is None or _BROWSER.search(sentence) is not None


def is_denied(before: str) -> bool:
    """Whether what stands before a name in its sentence says that it is not used."""
    listed = _OPEN_LIST.search(before[-4 * _DENIAL_REACH :])
    near = before[: len(before) - len(listed[0]) if listed else None][-_DENIAL_REACH:]
    last = max((match.end() for match in _DENIED.finditer(near)), default=-1)
    return last >= 0 and _STILL.search(near, last) is None


def _is_no_tool(before: str, after: str) -> bool:
    """Whether a sentence says that no such tool is used; “none before you agree” is no denial."""
    said = _NO_TOOL.search(before[-2 * _DENIAL_REACH :]) is not None and _IS_USED.match(after) is not None
    return said and _UNLESS.search(before + after) is None


def _sentence_around(block: Block, mention: Mention) -> tuple[int, int]:
    low, high = max(0, mention.start - 600), min(len(block.text), mention.end + 600)
    for start, end in sentences(block.text[low:high]):
        if low + start <= mention.start < low + end:
            return low + start, low + end
    return low, high


def _counts(name: _Name, count: int, text: str, folded: str, start: int, end: int, in_row: bool) -> bool:
    """Whether these words are the service and not words that are written alike."""
    written = text[start:end]
    letters = _letters(written)
    if len(letters) <= 3 and written != name.as_written:
        return False
    if not name.plain or count > 1 or _has_inner_capital(written):
        return name.words > 1 or written[0].isupper() or len(letters) >= 6
    if not written[0].isupper():
        return False
    around = _sentence_near(folded, start, end)
    if _starts_sentence(text, start) and not _ENTRY.match(folded, end):
        return in_row
    return in_row or _COMPANY.search(around) is not None


def _is_embedded(folded: str, start: int, end: int) -> bool:
    """Whether a sentence speaks of what a company lets others put into their pages, not of its advertising."""
    near = _sentence_near(folded, start, end)
    return _EMBEDS.search(near) is not None and _ADVERTISES.search(near) is None


def _sentence_near(folded: str, start: int, end: int) -> str:
    """Return the words of the sentence around a name, without the name."""
    before = _SENTENCE_STOP.split(folded[max(0, start - _NEAR) : start])[-1]
    return f"{before} {_SENTENCE_STOP.split(folded[end : end + _NEAR])[0]}"


def _starts_sentence(text: str, start: int) -> bool:
    before = text[max(0, start - 3) : start].rstrip()
    return not before or before[-1] in ".!?:;"


def _has_inner_capital(word: str) -> bool:
    return any(letter.isupper() for letter in word[1:]) and not word.isupper()


def _letters(text: str) -> str:
    return "".join(_WORD.findall(fold(text)))


def _embedded(services: Iterable[LibraryService]) -> dict[str, LibraryService]:
    """Return for an advertising service what its company has others put into their pages."""
    social = [service for service in services if service.purpose == "social"]
    found: dict[str, LibraryService] = {}
    for service in services:
        bare = {alias for alias in service.aliases if alias.isalpha()} if service.purpose == "marketing" else set()
        for other in social:
            if other.vendor == service.vendor and any(alias in other.name for alias in bare):
                found[service.id] = other
    return found


def _companies(services: Iterable[LibraryService]) -> frozenset[str]:
    """Return the vendors of several services: their bare name names none of them."""
    seen: dict[str, int] = {}
    for service in services:
        for letters in {_letters(service.vendor), *_WORD.findall(fold(service.vendor))[:1]}:
            seen[letters] = seen.get(letters, 0) + 1
    return frozenset(letters for letters, count in seen.items() if count > 1)
