"""Whatever the domain finds wrong with a catalogue is told in French, too."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from collections.abc import Iterator

import pytest
from flask import Flask
from flask_babel import force_locale

from consent_server.domain import classification
from consent_server.web.admin.told import GUESSES, SENTENCES, pattern_of, told
from tests import words

SAYING = {"because", "problem", "add", "append", "MalformedJson", "Finding"}
SAYING |= {"Conflict", "Held", "NotFound", "RecordNotFound", "SiteNotFound", "TooManyTries", "Unavailable"}
MODULES = (
    "domain.account",
    "domain.catalogue",
    "domain.catalogue_edits",
    *(f"domain.compliance.{check}" for check in ("contrast", "equal_answers", "off_at_first", "plain_labels")),
    *(f"domain.compliance.{check}" for check in ("purposes_first", "required_texts", "within_reach")),
    "domain.document",
    "domain.exemption",
    "domain.json_patch",
    "domain.lifetime",
    "domain.logo",
    "domain.name_pattern",
    "domain.policy_text",
    "domain.purpose",
    "domain.purpose_edits",
    "domain.retention",
    "domain.site_address",
    "domain.spreadsheet",
    "domain.strict_json",
    "domain.times",
    "domain.url_pattern",
    "services.accepting",
    "services.auditing",
    "services.branding",
    "services.cataloguing",
    "services.comparing",
    "services.editing",
    "services.erasing",
    "services.exporting",
    "services.exporting.filters",
    "services.exporting.snapshot",
    "services.founding",
    "services.handing_over",
    "services.holding",
    "services.issuing",
    "services.keeping_policies",
    "services.linking",
    "services.looking",
    "services.managing_people",
    "services.passwords",
    "services.publishing",
    "services.reading_pdf",
    "services.redeeming",
    "services.redrawing",
    "services.scanning",
    "services.searching",
    "services.second_factor",
    "services.signing_in",
    "services.surveying",
    "services.warning",
    "services.watching",
    "storage.configurations",
    "storage.consent_records",
    "storage.handovers",
    "storage.organisations",
    "storage.scans",
    "storage.sites",
    "storage.tokens",
    "storage.users",
)


def _sentences(module: str) -> Iterator[str]:
    """Give every sentence that a module says, with an x for what it names."""
    tree = ast.parse(inspect.getsource(importlib.import_module(f"consent_server.{module}")))
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) in SAYING:
            for argument in node.args:
                yield from filter(lambda said: said.endswith((".", "…", "x")) and " " in said, _texts(argument))


def _texts(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.JoinedStr):
        yield "".join(str(part.value) if isinstance(part, ast.Constant) else "x" for part in node.values)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from _texts(node.body)
        yield from _texts(node.orelse)


@pytest.mark.parametrize("module", MODULES)
def test_every_sentence_of_the_domain_is_known(module: str) -> None:
    known = [each for message in words.translated() for each in _forms(message.id)]
    assert [said for said in _sentences(module) if not any(_is(said, each) for each in known)] == []


def _is(said: str, sentence: str) -> bool:
    """Tell whether a sentence stands for what is said, where an x may also be a word that the sentence spells out."""
    spelled = ".*".join(map(re.escape, said.split("x")))
    return bool(pattern_of(sentence).fullmatch(said) or ("x" in said and re.fullmatch(spelled, sentence)))


def _forms(sentence: str | tuple[str, ...]) -> tuple[str, ...]:
    return sentence if isinstance(sentence, tuple) else (sentence,)


def test_the_comparison_sees_sentences() -> None:
    assert sum(1 for module in MODULES for _ in _sentences(module)) > 50


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_what_a_sentence_names_is_named_in_french_and_what_nobody_knows_stays(app: Flask) -> None:
    with app.test_request_context(), force_locale("fr"):
        assert (
            told("“x <b>” is not a web address: write https://… or /path.")
            == "“x <b>” is not a web address: write https://… or /path."
        )
        assert told("“x…” is not a web address: write https://… or /path.").startswith(
            "« x… » n’est pas une adresse web"
        )
        assert told("line 7, purpose") == "ligne 7, purpose"
        assert told("100 % (percent) and %s, as nobody says") == "100 % (percent) and %s, as nobody says"
        assert told("This can never be exempt: 100 %(x)s of it") == "Ceci ne peut jamais être exempté : 100 %(x)s of it"


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_why_a_thing_is_taken_for_what_it_is_is_told_in_french(app: Flask) -> None:
    found = inspect.getsource(classification)
    begun = ("declared as", "matches", "is an address of", "the name of", "a name like", "written by", "does not know")
    assert all(each in found for each in begun), "these are what a classification says"
    with app.test_request_context(), force_locale("fr"):
        assert told("_ga of Matomo, written by a.example", GUESSES) == "_ga de Matomo, écrit par a.example"
        assert told("the library does not know it", GUESSES) == "la bibliothèque ne le connaît pas"


def test_no_sentence_hides_behind_another() -> None:
    for number, sentence in enumerate(SENTENCES):
        sample = sentence.replace("%(number)s", "1").replace("%(text)s", "a").replace("%(known)s", "b")
        first = next(n for n, each in enumerate(SENTENCES) if n == number or _matches(each, sample))
        assert first == number, sentence


def _matches(sentence: str, sample: str) -> bool:
    return pattern_of(sentence).fullmatch(sample) is not None
