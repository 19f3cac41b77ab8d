"""``zip``: evidence as a bundle of files, with a cover letter and the source of the program that checks it."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cached_property, lru_cache, partial
from heapq import merge
from importlib.resources import files
from itertools import islice
from typing import Any

from consent_server.domain.evidence_layout import bundle_files, part_files
from consent_server.domain.log_entry import format_consent, parse_entry
from consent_server.domain.proof_log.merkle import prove_inclusion
from consent_server.domain.proof_log.proof import Proof
from consent_server.domain.proof_log.tiles import reader
from consent_server.services.exporting import anchored
from consent_server.services.exporting.filters import Filters
from consent_server.services.exporting.snapshot import Snapshot, kept
from consent_server.storage import evidence, proof_log
from consent_server.storage.anchors import Leaf

_TILES = 64
"""How many tiles are kept in memory: proofs come by index, so that neighbours share theirs."""

_AT_ONCE = 500

MOST_FILES = 1_000
"""How many chosen records have each their own file of a proof, to be looked at one by one."""

_SAME_TIME = (1980, 1, 1, 0, 0, 0)
"""The earliest time that a zip can say: the same export twice gives the same bytes but for ``created``."""

_VERIFIER = (
    "__init__.py",
    "verify.py",
    *(
        f"domain/{name}.py"
        for name in (
            "__init__",
            "canonical_json",
            "consent_record",
            "errors",
            "evidence",
            "evidence_anchors",
            "evidence_layout",
            "evidence_served",
            "lifetime",
            "log_entry",
            "promise",
            "retention",
            "time_stamp",
            "times",
        )
    ),
    *(
        f"domain/proof_log/{name}.py"
        for name in ("__init__", "checkpoint", "cosignature", "keys", "merkle", "proof", "signed_note", "tiles")
    ),
)
"""The modules that ``consent_server.verify`` runs from: they travel in the bundle, for whoever wants to read them."""


_ALWAYS = ("genesis", "config", "key")
"""Kinds of entries that every part has: whose log it is, what was shown, who may sign."""

_REMOVALS = ("scrub", "erase")


def bundle(snapshot: Snapshot, filters: Filters) -> Iterator[bytes]:
    """Give the bytes of the zip: of the whole log, or of the part that the filters choose."""
    return _zipped(_whole(snapshot) if filters == Filters() else _part(snapshot, filters))


def _whole(snapshot: Snapshot) -> Iterator[tuple[str, Iterator[bytes]]]:
    chosen = anchored.chosen_anchors(snapshot)
    return bundle_files(
        snapshot.about,
        [snapshot.signer],
        checkpoints=snapshot.bridges()
        | anchored.checkpoints(snapshot, chosen)
        | {snapshot.about.size: snapshot.checkpoint},
        entries=snapshot.entry_texts(),
        records=map(kept, evidence.records(snapshot.session, snapshot.site.id, snapshot.about.size)),
        configurations=snapshot.configurations(),
        keys=[snapshot.signer.vkey],
        screenshots=snapshot.screenshots(),
        extra=_extra(snapshot, chosen, whole=True),
    )


def _part(snapshot: Snapshot, filters: Filters) -> Iterator[tuple[str, Iterator[bytes]]]:
    part = _Part(snapshot, filters)
    return part_files(
        snapshot.about,
        [snapshot.signer],
        chosen=filters.chosen(),
        checkpoint=snapshot.checkpoint,
        proofs=part.proofs(),
        packed=part.is_large,
        records=(kept(stored) for stored, _ in filters.records(snapshot)),
        configurations=snapshot.configurations(),
        keys=[snapshot.signer.vkey],
        screenshots=snapshot.screenshots(),
        extra=_extra(snapshot, anchored.chosen_anchors(snapshot), whole=False),
    )


class _Part:
    """Which entries belong to a part: a bit for each entry of the log, whatever is chosen of it.

    The records are read once to know them, and once for themselves: none is kept in memory.
    """

    def __init__(self, snapshot: Snapshot, filters: Filters) -> None:
        self._snapshot = snapshot
        self._filters = filters

    def is_large(self) -> bool:
        """Return whether there are so many that their proofs go in one file."""
        return sum(byte.bit_count() for byte in self._bits) > MOST_FILES

    @cached_property
    def _bits(self) -> bytearray:
        bits = bytearray(self._snapshot.about.size // 8 + 1)
        for stored, _ in self._filters.records(self._snapshot):
            bits[stored.index >> 3] |= 1 << (stored.index & 7)
        return bits

    def proofs(self) -> Iterator[tuple[int, str]]:
        """Give index and proof of each entry, by index."""
        snapshot = self._snapshot
        session, site_id, size = snapshot.session, snapshot.site.id, snapshot.about.size
        read = reader(lru_cache(_TILES)(partial(proof_log.tile_hashes, session, site_id)))
        for index, text in merge(self._always(), self._removals(), self._chosen()):
            path = prove_inclusion(index, size, read)
            yield index, Proof(index, tuple(path), snapshot.checkpoint, text.encode()).text

    def _always(self) -> Iterator[tuple[int, str]]:
        return self._of_kinds(_ALWAYS)

    def _removals(self) -> Iterator[tuple[int, str]]:
        for index, text in self._of_kinds(_REMOVALS):
            removed = getattr(parse_entry(text), "index", None)
            if removed is not None and self._bits[removed >> 3] >> (removed & 7) & 1:
                yield index, text

    def _chosen(self) -> Iterator[tuple[int, str]]:
        session, site_id = self._snapshot.session, self._snapshot.site.id
        indices = (index for index in range(self._snapshot.about.size) if self._bits[index >> 3] >> (index & 7) & 1)
        while some := list(islice(indices, _AT_ONCE)):
            for index, commitment in proof_log.find_commitments(session, site_id, some).items():
                yield index, format_consent(commitment)

    def _of_kinds(self, kinds: Collection[str]) -> Iterator[tuple[int, str]]:
        snapshot = self._snapshot
        return evidence.entries_of_kinds(snapshot.session, snapshot.site.id, kinds, snapshot.about.size)


class _Drain(io.RawIOBase):
    """What the zip writer writes into; whoever streams takes out what has come so far."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._parts.append(bytes(data))
        return len(data)

    def take(self) -> bytes:
        """Return what was written since the last time."""
        parts, self._parts = self._parts, []
        return b"".join(parts)


def _zipped(bundled: Iterable[tuple[str, Iterator[bytes]]]) -> Iterator[bytes]:
    drain = _Drain()
    with zipfile.ZipFile(drain, "w") as archive:
        for path, chunks in bundled:
            with archive.open(_member(path), "w", force_zip64=True) as member:
                for chunk in chunks:
                    member.write(chunk)
                    if made := drain.take():
                        yield made
    yield drain.take()


def _member(path: str) -> zipfile.ZipInfo:
    member = zipfile.ZipInfo(path, _SAME_TIME)
    member.compress_type = zipfile.ZIP_DEFLATED
    member.create_system = 3  # Unix, wherever it is made
    member.external_attr = 0o100644 << 16
    return member


def _extra(snapshot: Snapshot, chosen: Mapping[int, Leaf], whole: bool) -> Iterator[tuple[str, Iterable[bytes]]]:
    yield "README.html", [_readme(snapshot).encode()]
    yield from anchored.files_of(snapshot, chosen, whole=whole)
    package = files("consent_server")
    for name in _VERIFIER:
        yield f"verifier/consent_server/{name}", [package.joinpath(name).read_bytes()]


_README = {
    "en": (
        "Evidence of consent",
        "These files hold every entry of the proof log of the site {site}, up to size {size}, made at {created}. They "
        "can be checked without the server that made them, and without trusting it.",
        "To check them you need Python 3.11 and its package cryptography, and the key of the log. Take the key from "
        "the contract or letter in which you were given it, not from this bundle:",
        "The folder verifier has the source of that program; you may as well take it from elsewhere.",
    ),
    "fr": (
        "Preuves de consentement",
        "Ces fichiers contiennent toutes les entrées du journal de preuves du site {site}, jusqu’à la taille {size}, "
        "établies le {created}. Ils se vérifient sans le serveur qui les a produits, et sans lui faire confiance.",
        "Pour les vérifier, il faut Python 3.11 avec le paquet cryptography, et la clé du journal. Prenez la clé dans "
        "le contrat ou le courrier qui vous l’a donnée, pas dans ce dossier :",
        "Le dossier verifier contient le source de ce programme ; vous pouvez aussi le prendre ailleurs.",
    ),
}


def _readme(snapshot: Snapshot) -> str:
    """Return the cover letter, in the site's language where there is one."""
    language = str(snapshot.site.draft.get("default_language", "en"))
    language = language if language in _README else "en"
    title, what, how, where = (
        text.format(site=snapshot.site.key, size=snapshot.about.size, created=snapshot.about.created)
        for text in _README[language]
    )
    return (
        f'<!doctype html>\n<html lang="{language}">\n<meta charset="utf-8">\n<title>{title}</title>\n'
        f"<h1>{title}</h1>\n<p>{what}</p>\n<p>{how}</p>\n"
        "<pre>cd verifier\npython -m consent_server.verify ../../BUNDLE.zip "
        "--key KEY --anchor-key KEY --tsa-ca ROOTS.pem</pre>\n"
        f"<p>{where}</p>\n</html>\n"
    )
