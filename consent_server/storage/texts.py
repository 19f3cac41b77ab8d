"""The shipped languages: one JSON file each under ``library/texts``; adding a language is adding a file."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources


@dataclass(frozen=True)
class Language:
    """What is said in one language: by the banner, the default purposes, the public pages, the summary of evidence."""

    code: str
    name: str
    direction: str
    banner: Mapping[str, str]
    purposes: Mapping[str, Mapping[str, str]]
    declaration: Mapping[str, str]
    receipt: Mapping[str, str]
    choices: Mapping[str, str]
    versions: Mapping[str, str]
    summary: Mapping[str, str]


@functools.cache
def load_languages() -> Mapping[str, Language]:
    """Return every shipped language by its code."""
    folder = resources.files("consent_server") / "library" / "texts"
    files = sorted((file for file in folder.iterdir() if file.name.endswith(".json")), key=lambda file: file.name)
    documents = [json.loads(file.read_text(encoding="utf-8")) for file in files]
    return {
        document["language"]: Language(
            document["language"],
            document["name"],
            document["direction"],
            document["banner"],
            document["purposes"],
            document["declaration"],
            document["receipt"],
            document["choices"],
            document["versions"],
            document["summary"],
        )
        for document in documents
    }
