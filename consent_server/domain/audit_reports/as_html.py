"""An audit for who answers for a site: one page of HTML that needs nothing else, to be read, printed and kept.

What fails comes first, with who is behind it, the text that it rests on and what to do; then the evidence of each
visit, what could not be told, and how it was found. The page has no script and asks for nothing.
Everything that comes from the site is escaped by ``Markup.format``; no address of the site is made a link.
"""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from urllib.parse import urlsplit

from markupsafe import Markup

from consent_server.domain.audit import FAILS, HOLDS, UNDECIDED, Proof, Verdict
from consent_server.domain.audit_reports.captions import DEEDS, caption_of, is_on_phone, pass_of_picture, title_of
from consent_server.domain.audit_reports.style import STYLE
from consent_server.domain.audit_reports.words import Words, days_of, plain, time_of
from consent_server.domain.official_texts import cited
from consent_server.domain.scan import (
    PASSES,
    Origin,
    Pass,
    Scan,
    SeenCookie,
    host_of,
)

MOST_ROWS = 200
SHORT = 8
"""So many rows are kept on one sheet of paper."""

_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"

_JPEG = b"\xff\xd8\xff"
"""How pictures begin that are to be printed; scans keep theirs as WebP."""

Row = Sequence[Markup | str]


def write_html(scan: Scan, verdicts: Iterable[Verdict], language: str = "en") -> str:
    """Return the report as a page; pictures of the scan are in it."""
    return str(_Page(scan, tuple(verdicts), Words(language)).whole())


class _Page:
    def __init__(self, scan: Scan, verdicts: Sequence[Verdict], words: Words) -> None:
        self._scan = scan
        self._words = words
        self._of = {which: [v for v in verdicts if v.verdict == which] for which in (FAILS, UNDECIDED, HOLDS)}

    def whole(self) -> Markup:
        title = self._words("Cookie audit of {}", plain(host_of(self._scan.address) or self._scan.address))
        return Markup(
            '<!doctype html>\n<html lang="{language}">\n<head>\n<meta charset="utf-8">\n'
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            '<meta name="robots" content="noindex">\n<meta name="referrer" content="no-referrer">\n'
            '<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
            "<title>{title}</title>\n<style>{style}</style>\n</head>\n<body>\n"
            "<header>\n<h1>{title}</h1>\n{head}</header>\n<main>\n{parts}</main>\n</body>\n</html>\n"
        ).format(
            language=self._words.language,
            policy=_POLICY,
            title=title,
            style=Markup(STYLE),
            head=self._head(),
            parts=_join(self._parts()),
        )

    def _head(self) -> Markup:
        pages = {page for seen in self._scan.passes for page in seen.pages}
        when = time_of(self._scan.started_at)
        said = self._words("Visited on {}. Visits: {}. Pages: {}.", when, len(self._scan.passes), len(pages))
        return Markup("<p>{}<br>{}</p>\n").format(_code(self._scan.address), said)

    def _parts(self) -> Iterator[Markup]:
        say = self._words
        yield self._section("short", say("In short"), self._short())
        if self._of[FAILS]:
            failing = (self._verdict(each, number) for number, each in enumerate(self._of[FAILS], 1))
            yield self._section("fails", say("What fails"), failing)
        yield self._section("evidence", say("Evidence, visit by visit"), map(self._pass, self._scan.passes))
        undecided = [*self._not_made(), *(self._verdict(each) for each in self._of[UNDECIDED])]
        nothing = _p(say("Nothing: everything that was looked for could be told."))
        yield self._section("undecided", say("What could not be told"), undecided or [nothing])
        yield self._section("holds", say("What holds"), self._holding())
        yield self._section("method", say("Method, bounds and date"), self._method())

    def _section(self, name: str, title: str, parts: Iterable[Markup]) -> Markup:
        return Markup(
            '<section id="{0}" aria-labelledby="{0}-title">\n<h2 id="{0}-title">{1}</h2>\n{2}</section>\n'
        ).format(name, title, _join(parts))

    def _short(self) -> Iterator[Markup]:
        say, failing = self._words, self._of[FAILS]
        known = sum(each.known for each in failing)
        count = len(failing)
        first = ("Nothing fails.", "One requirement fails.")[count] if count < 2 else "{} requirements fail."
        told = [
            say(first, count),
            *([say("Known already: {}.", known)] if known else []),
            say("Cannot be told: {}. Hold: {}.", len(self._of[UNDECIDED]), len(self._of[HOLDS])),
        ]
        yield Markup('<p class="tally {}">{}</p>\n').format("bad" if count else "good", " ".join(told))
        if failing:
            rows = (self._summary_row(each, number) for number, each in enumerate(failing, 1))
            heads = ("Requirement", "What", "Who", "What to do")
            yield self._table("What fails, and who is behind it", heads, rows)

    def _summary_row(self, verdict: Verdict, number: int) -> Row:
        link = Markup('<a href="#f{}">{}</a>').format(number, verdict.requirement)
        told = Markup("{}{}").format(self._said(verdict.message), self._known(verdict.known))
        return link, told, self._behind(verdict), self._said(verdict.to_do)

    def _behind(self, verdict: Verdict) -> Markup:
        """Return the hosts of who did it, those that did most first."""
        hosts = Counter(filter(None, (host_of(each.because_of[0]) for each in verdict.proofs if each.because_of)))
        named = [_host(host) for host, _ in hosts.most_common(4)]
        if len(hosts) > len(named):
            named.append(Markup.escape(self._words("and {} more", len(hosts) - len(named))))
        return Markup(", ").join(named) or Markup.escape(self._words("unknown" if verdict.proofs else "the site"))

    def _verdict(self, verdict: Verdict, number: int = 0) -> Markup:
        title = f"{verdict.requirement} · {self._said(verdict.message)}"
        parts = [
            Markup("<h3{}>{}{}</h3>\n").format(
                Markup(' id="f{}"').format(number) if number else "", title, self._known(verdict.known)
            )
        ]
        if verdict.to_do:
            todo = (self._words("What to do"), self._said(verdict.to_do))
            parts.append(Markup('<p class="todo"><strong>{}</strong> {}</p>\n').format(*todo))
        parts.append(self._rests_on(verdict))
        if verdict.proofs:
            parts.append(
                self._table("What was seen", ("What", "When", "On page", "By"), map(self._proof, verdict.proofs))
            )
        return Markup("<article>\n{}</article>\n").format(_join(parts))

    def _rests_on(self, verdict: Verdict) -> Markup:
        texts = [
            Markup('<a href="{1}">{0}</a>').format(text, address) if address else Markup.escape(text)
            for text, address in cited(verdict.source)
        ]
        shown = [
            Markup('<a href="#{}">{}</a>').format(_anchor(name), caption_of(name, self._words))
            for name in verdict.rests_on()
            if name in self._scan.pictures
        ]
        pictures = (
            Markup("<br><strong>{}</strong> {}").format(self._words("Pictures"), Markup(", ").join(shown))
            if shown
            else ""
        )
        return Markup('<p class="source"><strong>{}</strong> <span lang="fr">{}</span>{}</p>\n').format(
            self._words("It rests on"), Markup(" ; ").join(texts), pictures
        )

    def _proof(self, proof: Proof) -> Row:
        what = Markup("{}{}{}").format(
            _code(self._words.said(proof.what)),
            self._known(proof.known),
            Markup("<br><small>{}</small>").format(self._said(proof.said)) if proof.said else "",
        )
        return (
            what,
            self._title(proof.seen_in),
            self._page(proof.page),
            _chain(proof.because_of, self._words("unknown")),
        )

    def _pass(self, seen: Pass) -> Markup:
        return Markup('<article>\n<h3 id="{}">{}</h3>\n{}</article>\n').format(
            f"pass-{_anchor(seen.name)}", self._title(seen.name), _join(self._pass_parts(seen))
        )

    def _pass_parts(self, seen: Pass) -> Iterator[Markup]:
        say = self._words
        yield _p(say(DEEDS.get(seen.name, "A new visitor who agrees to one purpose.")))
        yield _p(self._banner(seen))
        pages = Markup(", ").join(map(self._page, seen.pages[:20]))
        yield _p(_filled(say.template("Pages: {}"), pages) if seen.pages else say("No page could be opened."))
        for limit in seen.limits:
            yield Markup('<p class="limit">{}</p>\n').format(say("Limit: {}", plain(say.limit(limit))))
        yield from self._figures(seen)
        if seen.cookies:
            heads = ("Name", "Domain", "Lasts", "Marks", "Set by")
            yield self._table("Cookies", heads, map(self._cookie, seen.cookies))
        if seen.storage:
            rows = (
                (say(each.kind.replace("_", " ")), _code(each.name), _code(each.origin), self._origin(each.set_by))
                for each in seen.storage
            )
            yield self._table("Keys of web storage and databases", ("Kind", "Name", "Origin", "Set by"), rows)
        hosts = list(self._hosts(seen))
        if hosts:
            yield self._table("Other hosts that were asked", ("Host", "Times", "Asked by"), hosts)
        if not (seen.cookies or seen.storage or hosts):
            yield _p(say("No cookie, no key and no other host."))
        yield from self._rest(seen)

    def _rest(self, seen: Pass) -> Iterator[Markup]:
        modes = [f"{name}: {state}" for name, state in seen.consent_mode.items()]
        lists = (("Frames: {}", seen.frames), ("Service workers: {}", seen.service_workers))
        for sentence, listed in (*lists, ("Google’s consent mode: {}", modes)):
            if listed:
                yield _p(_filled(self._words.template(sentence), Markup(", ").join(map(_code, listed[:MOST_ROWS]))))

    def _banner(self, seen: Pass) -> str:
        say = self._words
        if seen.banner is None:
            return say("No banner was seen.")
        accepts = say("accepts in one click" if seen.banner.could_accept else "no button accepts")
        refuses = say("refuses in one click" if seen.banner.could_refuse else "no button refuses")
        return f"{say('Banner: {}', self._said(seen.banner.name))} ({accepts}, {refuses})"

    def _figures(self, seen: Pass) -> Iterator[Markup]:
        for name, picture in self._scan.pictures.items():
            if pass_of_picture(name) == seen.name:
                yield Markup(
                    '<figure id="{}"{}><img src="data:image/{};base64,{}" alt="{}">'
                    "<figcaption>{}</figcaption></figure>\n"
                ).format(
                    _anchor(name),
                    Markup(' class="phone"') if is_on_phone(name) else "",
                    "jpeg" if picture.startswith(_JPEG) else "webp",
                    base64.b64encode(picture).decode(),
                    caption_of(name, self._words),
                    caption_of(name, self._words),
                )

    def _cookie(self, cookie: SeenCookie) -> Row:
        sentence, *value = days_of(cookie.lifetime)
        marks = [name for name, on in (("HttpOnly", cookie.http_only), ("Secure", cookie.secure)) if on]
        marks += [f"SameSite={cookie.same_site}"] if cookie.same_site else []
        marks += ["Partitioned"] if cookie.partitioned else []
        return (
            _code(cookie.name),
            _host(cookie.domain),
            self._words(str(sentence), *value),
            " ".join(marks),
            self._origin(cookie.set_by),
        )

    def _hosts(self, seen: Pass) -> Iterator[Row]:
        """Yield each host of others with how often it was asked, and by whom first."""
        times: Counter[str] = Counter()
        first: dict[str, tuple[str, ...]] = {}
        for each in seen.requests:
            if each.third_party:
                host = host_of(each.address)
                times[host] += each.times
                first.setdefault(host, each.because_of)
        for host, count in times.most_common():
            yield _host(host), str(count), _chain(first[host], self._words("unknown"))

    def _origin(self, origin: Origin) -> Markup:
        return _chain(origin.addresses, self._words("unknown"))

    def _not_made(self) -> Iterator[Markup]:
        """Yield which visits there are none of: what they would have shown could not be told."""
        missing = [self._title(name) for name in PASSES if self._scan.of(name) is None]
        if missing:
            yield Markup('<p class="limit">{}</p>\n').format(
                self._words("The visit ended early. Not made: {}.", "; ".join(missing))
            )

    def _holding(self) -> Iterator[Markup]:
        holding = self._of[HOLDS]
        if not holding:
            yield _p(self._words("Nothing."))
            return
        rows = ((each.requirement, self._said(each.message)) for each in holding)
        yield self._table("What holds", ("Requirement", "What"), rows)

    def _method(self) -> Iterator[Markup]:
        say = self._words
        for sentence in _METHOD:
            yield _p(say(sentence))
        times = (time_of(self._scan.started_at), time_of(self._scan.finished_at), plain(self._scan.software))
        yield _p(say("Begun {}, ended {}, with {}.", *times))
        pages = dict.fromkeys(page for seen in self._scan.passes for page in seen.pages)
        items = _join(Markup("<li>{}</li>\n").format(_code(page)) for page in pages)
        yield Markup("<h3>{}</h3>\n<ul>\n{}</ul>\n").format(say("Pages visited"), items)

    def _table(self, caption: str, heads: Sequence[str], rows: Iterable[Row]) -> Markup:
        """Return a table; a phone shows each row as a block, which is why roles and heads are said again."""
        listed, told = list(rows), [self._words(each) for each in heads]
        more = len(listed) - MOST_ROWS
        body = _join(_row(each, told) for each in islice(listed, MOST_ROWS))
        if more > 0:
            body += Markup('<tr role="row"><td role="cell" colspan="{}">{}</td></tr>\n').format(
                len(heads), self._words("and {} more", more)
            )
        head = _join(Markup('<th role="columnheader" scope="col">{}</th>').format(each) for each in told)
        return Markup(
            '<table role="table"{}>\n<caption>{}</caption>\n<thead role="rowgroup"><tr role="row">{}</tr></thead>\n'
            '<tbody role="rowgroup">\n{}</tbody>\n</table>\n'
        ).format(Markup(' class="short"') if len(listed) <= SHORT else "", self._words(caption), head, body)

    def _page(self, address: str) -> Markup:
        """Return the path of one of the site's pages; its host is in the title."""
        parts, own = urlsplit(address), urlsplit(self._scan.address)
        return _code(parts.path or "/" if parts[:2] == own[:2] else address)

    def _title(self, name: str) -> str:
        return title_of(name, self._words)

    def _said(self, sentence: str) -> str:
        return plain(self._words.said(sentence))

    def _known(self, known: bool) -> Markup:
        return Markup(' <span class="known">{}</span>').format(self._words("known")) if known else Markup("")


_METHOD = (
    "A real Chromium visited the site as the visitors named above would, each with an empty profile.",
    "What was seen is true of the pages visited, at that time, from where the visit was made; other pages, other "
    "moments and other places may differ.",
    "What a thing is, the site’s catalogue says first, then a library of known services. What neither knows is "
    "unknown, and no guess makes it exempt.",
    "No value of any cookie or key was kept, and no query of any address.",
    "What a visit could not see is never said to hold. This report is not legal advice.",
)


def _join(parts: Iterable[Markup]) -> Markup:
    return Markup("").join(parts)


def _p(text: Markup | str) -> Markup:
    return Markup("<p>{}</p>\n").format(text)


def _filled(sentence: str, value: Markup) -> Markup:
    """Put markup into the place of a sentence of ours."""
    before, _, after = sentence.partition("{}")
    return Markup("{}{}{}").format(before, value, after)


def _code(text: str) -> Markup:
    return Markup("<code>{}</code>").format(plain(text))


def _host(name: str) -> Markup:
    """Return the name of a host, which may be broken at its dots alone."""
    return Markup('<code class="host">{}</code>').format(Markup("<wbr>.").join(plain(name).split(".")))


def _chain(addresses: Sequence[str], nobody: str) -> Markup:
    return Markup("<br>← ").join(map(_code, addresses[:3])) if addresses else Markup.escape(nobody)


def _row(cells: Row, heads: Sequence[str]) -> Markup:
    first, *others = cells
    rest = _join(
        Markup('<td role="cell" data-head="{}">{}</td>').format(head, each)
        for head, each in zip(heads[1:], others, strict=True)
    )
    return Markup('<tr role="row"><th role="rowheader" scope="row">{}</th>{}</tr>\n').format(first, rest)


def _anchor(name: str) -> str:
    return "picture-" + "".join(letter if letter.isalnum() and letter.isascii() else "-" for letter in name)
