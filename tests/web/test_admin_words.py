"""The admin speaks French wherever it speaks English."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import consent_server.services
from consent_server.web.admin.deeds import DEEDS
from tests import words

PLACE = re.compile(r"%\(\w+\)[sd]")


def test_everything_that_is_said_stands_in_the_french_file_and_nothing_else() -> None:
    assert words.written(words.translated()) == words.FRENCH.read_bytes(), "run `make words`"


def test_every_sentence_is_translated_with_what_it_names() -> None:
    for message in words.translated():
        if not message.id:
            continue
        english = message.id if isinstance(message.id, tuple) else (message.id,)
        french = message.string if isinstance(message.string, tuple) else (message.string,)
        assert all(french), f"no French yet: {english[0]}"
        places = {place for sentence in english for place in PLACE.findall(sentence)}
        assert {place for sentence in french for place in PLACE.findall(str(sentence))} == places, english[0]


def test_what_the_server_reads_is_compiled_from_it() -> None:
    assert words.compiled(words.translated()) == words.COMPILED.read_bytes(), "run `make words`"


def test_every_deed_has_a_name_in_the_list() -> None:
    """Found in the source: the second word that a deed's call is given, or its first where it is made apart."""
    actions = set()
    for file in Path(consent_server.services.__path__[0]).rglob("*.py"):
        for call in (node for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Call)):
            named = getattr(call.func, "id", getattr(call.func, "attr", ""))
            if named in ("note", "Deed", "change"):
                texts = (each.value for each in call.args if isinstance(each, ast.Constant))
                actions |= {text for text in texts if isinstance(text, str) and re.fullmatch(r"[a-z_]+\.[a-z_]+", text)}
    assert "user.invited" in actions
    assert "tracker.changed" in actions
    assert actions - set(DEEDS) == set()
