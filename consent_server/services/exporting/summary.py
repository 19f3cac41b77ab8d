"""``pdf``: what the evidence says, as a document that a judge can read; it proves nothing by itself."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

import typst

from consent_server.domain.configuration import Configuration
from consent_server.domain.notice import fill
from consent_server.domain.proof_log.checkpoint import parse_body
from consent_server.domain.proof_log.signed_note import encode_base64, parse_note
from consent_server.domain.summary import Shown, Tally, summarise
from consent_server.services.exporting.filters import Filters
from consent_server.services.exporting.snapshot import Snapshot
from consent_server.storage import configurations, proof_log
from consent_server.storage.texts import Language, load_languages

_STANDARD: Literal["a-2a"] = "a-2a"
"""PDF/A for keeping, level A because it is tagged for screen readers."""


def summary(snapshot: Snapshot, filters: Filters) -> Iterator[bytes]:
    """Give the PDF, in the site's language where we have its words, else in English."""
    languages = load_languages()
    language = languages.get(str(snapshot.site.draft.get("default_language")), languages["en"])
    with TemporaryDirectory(prefix="summary-") as name:
        folder = Path(name)  # all that the typesetter may read
        said = _said(snapshot, filters, language, folder)
        template = folder / "summary.typ"
        template.write_bytes((files("consent_server.services.exporting") / "summary.typ").read_bytes())
        yield typst.compile(
            str(template),
            root=name,
            sys_inputs={"said": json.dumps(said, ensure_ascii=False)},
            ignore_system_fonts=True,
            pdf_standards=_STANDARD,
            timestamp=datetime.fromisoformat(snapshot.about.created or "").replace(microsecond=0),
        )


def _said(snapshot: Snapshot, filters: Filters, language: Language, folder: Path) -> dict[str, object]:
    tally, about, words = Tally(), snapshot.about, language.summary
    for stored, record in filters.records(snapshot):
        tally.add(stored.index, record)
    chosen = filters.chosen()
    answered = set(tally.versions)
    found = configurations.list_configurations(snapshot.session, snapshot.site.id)
    shown = [
        Shown(each, tuple(_pictures(snapshot, each, language, folder)))
        for each in found
        if not chosen or each.version in answered
    ]
    consents = proof_log.count_entries(snapshot.session, snapshot.site.id, "consent", about.size)
    gone = 0 if chosen else consents - tally.count
    said = summarise(about, snapshot.site.name, chosen, tally, gone, shown, words, language.code)
    root = parse_body(parse_note(snapshot.checkpoint.encode()).text).root
    return {
        **said,
        "keys": [snapshot.signer.vkey],
        "root": [fill(words["how_root"], size=str(about.size)), encode_base64(root)],
    }


def _pictures(
    snapshot: Snapshot, configuration: Configuration, language: Language, folder: Path
) -> Iterator[tuple[str, str]]:
    """Put the pictures of one language into the folder; give caption and file name of each."""
    words = language.summary
    for shot in configuration.screenshots:
        png = configurations.find_screenshot(snapshot.session, shot.digest)
        if shot.language == language.code and png is not None:
            name = f"{shot.digest.removeprefix('sha256:')}.png"
            (folder / name).write_bytes(png)
            yield f"{fill(words['layer'], layer=str(shot.layer))}, {words[shot.device]}", name
