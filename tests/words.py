"""``make words``: gather what the admin says, keep the French beside it, and compile it.

The French file has one entry per English sentence, sorted, without places and dates: two people who add sentences
do not meet. ``tests/web/test_admin_words.py`` says what is missing.
"""

from __future__ import annotations

import io
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from consent_server.storage.library import load_library

ADMIN = Path(__file__).parents[1] / "consent_server" / "web" / "admin"
FRENCH = ADMIN / "translations" / "fr" / "LC_MESSAGES" / "messages.po"
COMPILED = FRENCH.with_suffix(".mo")

METHODS = [("**.py", "python"), ("**/templates/**.html", "jinja2")]
KEYWORDS = {"_": None, "_l": None, "gettext": None, "ngettext": (1, 2), "lazy_gettext": None, "_n": (1, 2)}


def said() -> Catalog:
    """Return every sentence of the admin's source, and why services of the library are never exempt."""
    catalog = Catalog(charset="utf-8")
    for _file, _line, message, comments, context in extract_from_dir(
        str(ADMIN), METHODS, keywords=KEYWORDS, options_map={}
    ):
        catalog.add(message, context=context, auto_comments=comments)
    for service in load_library().services:
        if service.stated_never_exempt:
            catalog.add(service.stated_never_exempt)
    return catalog


def translated() -> Catalog:
    """Return the French file as it is."""
    with FRENCH.open("rb") as file:
        return read_po(file, locale="fr")


def written(catalog: Catalog) -> bytes:
    """Return the text of the French file for what is said now."""
    fresh = Catalog(locale="fr", charset="utf-8", fuzzy=False)
    for message in said():
        if message.id:
            known = catalog.get(message.id, context=message.context)
            fresh.add(message.id, known.string if known else None, context=message.context, flags=message.flags)
    file = io.BytesIO()
    write_po(file, fresh, no_location=True, omit_header=True, sort_output=True, width=0)
    return HEADER + file.getvalue()


def compiled(catalog: Catalog) -> bytes:
    """Return what the server reads."""
    file = io.BytesIO()
    catalog.creation_date = catalog.revision_date = DATE
    write_mo(file, catalog)
    return file.getvalue()


DATE = datetime(2026, 1, 1, tzinfo=UTC)
"""Whenever they are compiled: the same sentences, the same bytes."""

HEADER = (
    b'msgid ""\nmsgstr ""\n"Language: fr\\n"\n"MIME-Version: 1.0\\n"\n"Content-Type: text/plain; charset=utf-8\\n"\n'
    b'"Content-Transfer-Encoding: 8bit\\n"\n"Plural-Forms: nplurals=2; plural=(n > 1);\\n"\n\n'
)


def main() -> None:
    """Write both files, and name what nobody has translated yet."""
    FRENCH.parent.mkdir(parents=True, exist_ok=True)
    FRENCH.write_bytes(written(translated() if FRENCH.exists() else Catalog(locale="fr")))
    catalog = translated()
    COMPILED.write_bytes(compiled(catalog))
    for message in catalog:
        if message.id and not all([message.string] if isinstance(message.string, str) else message.string):
            print(f"no French yet: {message.id}")


if __name__ == "__main__":
    main()
