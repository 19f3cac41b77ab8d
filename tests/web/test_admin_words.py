"""The admin speaks French wherever it speaks English."""

from __future__ import annotations

import re

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
