"""The report of an audit for people: what is in it, in which order and language, and what a hostile site cannot do.

No browser is needed: the scan is a stored one.
"""

from __future__ import annotations

import ast
import json
import re
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import html5lib
import pytest

import consent_server.domain.audit as checks
from consent_server.domain import scan as scans
from consent_server.domain.audit import FAILS, HOLDS, UNDECIDED, Verdict, audit
from consent_server.domain.audit.as_declared import _TOLD
from consent_server.domain.audit.verdict import SOURCES, Proof
from consent_server.domain.audit_reports import FORMATS, LANGUAGES
from consent_server.domain.audit_reports.english import ENGLISH
from consent_server.domain.audit_reports.french import FRENCH
from consent_server.domain.audit_reports.words import Words, days_of, plain
from consent_server.domain.classification import Classifier
from consent_server.domain.drift import SORTS
from consent_server.domain.official_texts import cited
from consent_server.domain.scan import Origin, Pass, Scan, SeenBanner, SeenCookie, SeenRequest, SeenStorage
from consent_server.storage.library import load_library

SITE = "www.shop.example"
PAGE = f"https://{SITE}/"
GTAG = "https://www.googletagmanager.com/gtag/js"
AT = "2026-11-22T10:00:00.000Z"
BANNER = SeenBanner("Klaro", could_accept=True, could_refuse=True)
PICTURE = b"RIFF0000WEBPVP8 "
HOSTILE = '"></code><script>alert(1)</script><img src=x onerror=alert(1)>{0.__class__}{}\x1b[2J\u202e\ud800'
REPORTS = Path(checks.__file__).parents[1] / "audit_reports"


def cookie(name: str, by: str = "", lifetime: int | None = 86_400 * 90) -> SeenCookie:
    origin = Origin("script", (by,)) if by else Origin()
    return SeenCookie(name, SITE, "/", 20, lifetime, False, False, "Lax", False, "number", origin, PAGE)


@cache
def seen(name: str = "my_own") -> tuple[Scan, tuple[Verdict, ...]]:
    """A site that sets Google's cookie before consent and asks again after a refusal; ``name`` is one of its own."""
    ga = cookie("_ga", GTAG)
    asked = SeenRequest(GTAG, "script", True, (PAGE,), PAGE, 3)
    key = SeenStorage("local_storage", name, PAGE, 3, Origin(), PAGE)
    first = Pass(scans.BEFORE, (PAGE,), BANNER, (ga, cookie(name, name, None)), (key,), (asked,), (name,), (name,))
    done = Scan(
        PAGE,
        AT,
        AT,
        "consent-server/0.1.0",
        (
            replace(first, consent_mode={name: f"{name} granted"}, limits=(name, "more than 3 cookies")),
            Pass(scans.REFUSED, (PAGE,), BANNER, (ga,)),
            Pass(scans.NEXT_VISIT, (PAGE,), replace(BANNER, name=name), (ga,)),
            Pass(f"{scans.ONE_PURPOSE}{name}"),
        ),
        {scans.BEFORE: PICTURE, f"{scans.BEFORE}-phone": PICTURE, scans.NEXT_VISIT: PICTURE, name: PICTURE},
    )
    library = load_library()
    return done, audit(done, Classifier(library, SITE), library)


def parsed(page: str) -> Any:
    """Return the tree of a page as browsers read it, which must be without mistakes."""
    return html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(page)


def told(element: Any) -> str:
    return " ".join("".join(element.itertext()).split())


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_is_whole_in_itself(language: str) -> None:
    page = FORMATS["html"](*seen(), language)
    tree = parsed(page)
    links = {each.get("href") for each in tree.iter("a")}

    assert tree.get("lang") == language
    assert [*tree.iter("script"), *tree.iter("link"), *tree.iter("iframe"), *tree.iter("form")] == []
    assert [each.get("src").partition(";")[0] for each in tree.iter("img")] == ["data:image/webp"] * 3
    assert {link.partition(":")[0] for link in links if not link.startswith("#")} == {"https"}
    assert PAGE not in links, "nothing leads to the site"
    assert {link[1:] for link in links if link.startswith("#")} <= {each.get("id") for each in tree.iter()}
    assert "url(" not in page
    assert "@import" not in page


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_can_be_read_by_everybody(language: str) -> None:
    tree = parsed(FORMATS["html"](*seen(), language))
    levels = [int(each.tag[1]) for each in tree.iter() if re.fullmatch(r"h[1-6]", str(each.tag))]

    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(deeper - level <= 1 for level, deeper in pairwise(levels)), levels
    assert all(told(table.find("caption")) for table in tree.iter("table"))
    assert all(each.get("scope") for each in tree.iter("th"))
    assert all(each.get("alt") for each in tree.iter("img"))
    assert "@media print" in told(tree.find("head/style"))
    identities = [each.get("id") for each in tree.iter() if each.get("id")]
    assert len(identities) == len(set(identities))


def test_what_fails_stands_first_with_who_did_it_its_text_and_what_to_do() -> None:
    tree = parsed(FORMATS["html"](*seen()))
    sections = [each.get("id") for each in tree.iter("section")]
    short = told(next(each for each in tree.iter("section") if each.get("id") == "short"))
    fails = next(each for each in tree.iter("section") if each.get("id") == "fails")

    assert sections == ["short", "fails", "evidence", "undecided", "holds", "method"]
    assert "3 requirements fail." in short
    assert "www.googletagmanager.com" in short
    assert "Load the scripts named below only after a yes" in short
    assert any("legifrance" in each.get("href") for each in fails.iter("a"))
    assert GTAG in told(fails)


def test_a_verdict_names_the_pictures_that_show_it() -> None:
    done, verdicts = seen()
    again = next(each for each in verdicts if each.requirement == "KEEP-02")
    fails = next(e for e in parsed(FORMATS["html"](done, verdicts)).iter("section") if e.get("id") == "fails")
    article = next(each for each in fails.iter("article") if "KEEP-02" in told(each))

    assert scans.NEXT_VISIT in again.rests_on()
    assert [e.get("href") for e in article.iter("a") if str(e.get("href")).startswith("#")] == ["#picture-next-visit"]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("form", ["html", "text"])
def test_a_hostile_name_stays_a_name(form: str, language: str) -> None:
    report = FORMATS[form](*seen(HOSTILE), language)

    assert "<script>alert" not in report or form == "text"
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e\ud800-\udfff]", report)
    assert "{0.__class__}" in report
    if form == "html":
        tree = parsed(report)
        assert list(tree.iter("script")) == []
        assert all(each.get("onerror") is None for each in tree.iter())
        assert "alert(1)>{0.__class__}{}" in told(tree.find("body"))


def test_long_lists_end_and_say_so() -> None:
    many = Pass(scans.BEFORE, (PAGE,), None, tuple(cookie(f"c{number}") for number in range(1_000)))
    page = FORMATS["html"](Scan(PAGE, AT, AT, "x/1", (many,)), ())

    assert "and 800 more" in page
    assert page.count("<tr") < 250


def test_every_sentence_of_a_check_and_of_a_report_has_a_french_one() -> None:
    wanted = {*_sentences(Path(checks.__file__).parent), *_labels(), *(text for _, _, text in _TOLD.values())}
    wanted |= {f"{{}} things {text}" for _, text, _ in _TOLD.values()} | {sort.replace("_", " ") for sort in SORTS}

    assert {each for each in wanted if each and each not in FRENCH} == set()
    assert {each for each in FRENCH if each.count("{}") != len(re.findall(r"{[^}]*}", FRENCH[each]))} == set()


def _sentences(folder: Path) -> Iterator[str]:
    """Yield what checks say, with ``{}`` for what they saw."""
    for file in folder.glob("*.py"):
        for call in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "Verdict":
                for said in call.args[3:5]:
                    yield _template(said)


def _labels() -> Iterator[str]:
    """Yield what the reports say themselves: what is given to ``words`` or ``say``, and what stands in tables."""
    for file in ("as_html.py", "as_junit.py", "as_sarif.py", "as_text.py", "captions.py"):
        for call in ast.walk(ast.parse((REPORTS / file).read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call) and ast.unparse(call.func) in {"say", "words", "self._words", "say.template"}:
                yield from _texts(call.args[0])
            elif isinstance(call, ast.Call) and ast.unparse(call.func) == "self._table":
                yield from (text for argument in call.args[:2] for text in _texts(argument))
            elif isinstance(call, ast.Assign) and ast.unparse(call.targets[0]) in {
                "TITLES",
                "DEEDS",
                "_METHOD",
                "heads",
            }:
                yield from _texts(call.value)


def _texts(node: ast.AST) -> Iterator[str]:
    for each in ast.walk(node):
        if isinstance(each, ast.Constant) and isinstance(each.value, str) and each.value not in {"_", " "}:
            yield each.value


def test_values_stand_in_the_french_sentence() -> None:
    say = Words("fr")

    assert say.said("3 things are unknown.") == "Éléments inconnus\u00a0: 3."
    assert say.said("{}: no known button was found.".format("{evil}")) == (
        "{evil}\u00a0: aucun bouton connu n’a été trouvé."
    )
    assert say.said("nobody ever wrote this") == "nobody ever wrote this"
    assert say.said("local storage unknown") == "stockage local unknown", "a name stays a name"
    assert say.said("a banner that we do not know: no known button was found.") == (
        "un bandeau que nous ne connaissons pas\u00a0: aucun bouton connu n’a été trouvé."
    )
    assert say.said("policy: names _ga, P13M; browser: seen in before; lasts 730 days “_ga: 13 mois”") == (
        "politique\u00a0: nomme _ga, P13M\u00a0; navigateur\u00a0: vu (before), durée\u00a0: 730 jours "
        "«\u00a0_ga: 13 mois\u00a0»"
    )
    stated = "names _ga, P6M; claims max_lifetime P6M; catalogue: _ga of Shop, after consent, P2Y, applied P13M"
    assert say.said(f"policy: {stated}; browser: not seen on the page visited") == (
        "politique\u00a0: nomme _ga, P6M\u00a0; affirme une durée d’au plus P6M\u00a0; catalogue\u00a0: _ga de Shop, "
        "après accord, P2Y, appliqué\u00a0: P13M\u00a0; navigateur\u00a0: pas vu sur la page visitée"
    )
    assert say.said("catalogue: a of B, exempt, no lifetime; browser: seen in before") == (
        "catalogue\u00a0: a de B, exempté, sans durée\u00a0; navigateur\u00a0: vu (before)"
    )
    assert Words("en").said("1 things are unknown.") == "One thing is unknown."
    assert Words("xx").language == "en"
    assert plain("a\x00b\nc") == "a\ufffdb\nc"


def test_reports_for_programs_say_in_french_what_people_read_and_keep_what_programs_go_by() -> None:
    done, verdicts = seen()
    (french,), (english,) = (json.loads(FORMATS["sarif"](done, verdicts, each))["runs"] for each in ("fr", "en"))
    texts = [each["message"]["text"] for each in french["results"]]

    assert (french["language"], english["language"]) == ("fr", "en")
    assert f", par {GTAG}" in " ".join(texts)
    assert not set(texts) & {each["message"]["text"] for each in english["results"]}
    for kept in ("ruleId", "level", "partialFingerprints", "locations"):
        assert [each[kept] for each in french["results"]] == [each[kept] for each in english["results"]]

    junit, names = FORMATS["junit"](done, verdicts, "fr"), '<testcase[^>]* name="([^"]*)"'
    assert re.findall(names, junit) == re.findall(names, FORMATS["junit"](done, verdicts)) != []
    assert "Ne chargez les scripts nommés ci-dessous qu’après un accord" in junit


def test_one_thing_is_told_as_one() -> None:
    assert set(ENGLISH) <= {each.replace("{}", "1") for each in FRENCH}


def test_a_sentence_made_to_be_slow_is_read_at_once() -> None:
    before = time.process_time()
    Words("fr").said("“x” is , “x” is , " * 20_000)
    assert time.process_time() - before < 2


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(None, "session"), (-1, "removed"), (90, "90 seconds"), (7_200, "2 hours"), (33_955_200, "393 days")],
)
def test_lifetimes_are_told_in_the_unit_that_fits(seconds: int | None, said: str) -> None:
    sentence, *values = days_of(seconds)
    assert Words("en")(str(sentence), *values) == said


def test_sources_lead_to_official_texts() -> None:
    hosts = {"www.legifrance.gouv.fr", "eur-lex.europa.eu", "www.cnil.fr", "curia.europa.eu"}
    hosts |= {"www.edpb.europa.eu", "www.w3.org", "accessibilite.numerique.gouv.fr"}
    links = {address for source in SOURCES.values() for _, address in cited(source) if address}

    assert {address.split("/")[2] for address in links} <= hosts
    assert all(any(address for _, address in cited(source)) for source in SOURCES.values())


def test_the_text_fits_a_terminal_and_has_no_colour_unless_it_is_asked_for() -> None:
    done, verdicts = seen()
    text = FORMATS["text"](done, verdicts)

    assert [line for line in text.splitlines() if len(line) > 80] == []
    assert "\x1b" not in text
    assert "✗ CHK-1 UI-01 fails: " in text
    for which in (FAILS, UNDECIDED, HOLDS):
        assert f" {which}: " in text


def test_a_long_address_is_not_cut_in_the_text() -> None:
    address = f"{PAGE}{'very-long-' * 12}"
    found = Verdict("CHK-1", "UI-01", FAILS, "One.", "Do it.", (Proof("cookie x", scans.BEFORE, address, (GTAG,)),))
    assert f" {address}\n" in FORMATS["text"](seen()[0], (found,))


def test_what_ended_a_scan_early_is_told() -> None:
    done, verdicts = seen()
    missing = parsed(FORMATS["html"](done, verdicts, "fr")).find("body/main/section[@id='undecided']/p")

    assert told(missing).endswith("Non faites : Après avoir tout accepté; Après le retrait de l’accord; Sans réponse.")
    assert "Not made: accepted, withdrawn, unanswered." in FORMATS["text"](done, verdicts)
    whole = replace(done, passes=tuple(Pass(name) for name in scans.PASSES))
    assert "Not made" not in FORMATS["html"](whole, ()) + FORMATS["text"](whole, ())


def test_limits_of_a_scan_are_told_in_french() -> None:
    source = [(REPORTS.parents[1] / "browser" / name).read_text(encoding="utf-8") for name in LIMITING]
    limits = {_template(call.args[0]) for text in source for call in ast.walk(ast.parse(text)) if _adds_a_limit(call)}

    assert len(limits) > 5
    assert {each for each in limits - {"{}: {}", ""} if each not in FRENCH} == set()
    said = Words("fr").limit("https://a.example/x: the time of the visit was over")
    assert said == "https://a.example/x: le temps de la visite était écoulé"


LIMITING = ("visits.py", "watching.py")


def _adds_a_limit(call: ast.AST) -> bool:
    return isinstance(call, ast.Call) and ast.unparse(call.func).endswith("limits.add")


def _template(said: ast.AST) -> str:
    if isinstance(said, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in said.values)
    return str(said.value) if isinstance(said, ast.Constant) else ""
