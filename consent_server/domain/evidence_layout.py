"""How evidence is laid out, for those who write it and those who read it. Nothing is judged here but the spelling.

Two forms say the same. A *bundle* is a set of files (a zip, or a folder):

    checkpoints/<size>.note   the head, and every anchored checkpoint
    anchor/<m>/…              that a log outside of this one holds its checkpoints, see ``evidence_anchors``
    config/<sha256>.json      exact bytes of every configuration that a record names
    screenshots/<sha256>.png  what each of them looked like
    entries/entries.jsonl     {"e": entry text, "i": n}                                   every entry, in order
    keys/log.vkeys            for convenience, never trusted
    records/records.jsonl     {"i": n, "personal": …, "personal_salt": …, "record": …, "salt": …}      by index
    MANIFEST.json             canonical: what this is, and size and SHA-256 of every other file
    manifest.note             signed note over the SHA-256 of MANIFEST.json

A bundle of a *part* (``scope`` "subset": one visitor, one purpose, one month, …) has, instead of the entries:

    proofs/<index>.tlog-proof   the proof of each entry that belongs to it, with the entry in ``extra``: genesis, every
                                configuration and key, the chosen consents, and what says that a part of one is gone
    proofs/proofs.jsonl         {"i": n, "proof": text} instead, by index, where there are many: a zip and its manifest
                                hold a line for each file in memory, of whoever writes and of whoever reads it

*Lines* are one JSONL stream: a header, each entry with its record beside it, the configurations, and then the anchors.
The header is signed only as far as its checkpoint goes: a cut or altered stream shows in the tree, not in a manifest.
Anchors that were cut off do not show: what they vouched for is then noted as resting on the operator's word.

Everything streams; nothing holds a log in memory.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from json.encoder import encode_basestring
from typing import IO, Any, Protocol

from consent_server.domain import canonical_json
from consent_server.domain.canonical_json import from_base64url, to_base64url
from consent_server.domain.consent_record import SALT_BYTES
from consent_server.domain.errors import Invalid
from consent_server.domain.proof_log.signed_note import Signer, decode_base64, encode_base64, sign_note

BUNDLE_FORMAT = "consent-server/evidence/v1"
LINES_FORMAT = "consent-server/evidence-lines/v1"

MANIFEST = "MANIFEST.json"
MANIFEST_NOTE = "manifest.note"
ENTRIES = "entries/entries.jsonl"
RECORDS = "records/records.jsonl"
CHECKPOINTS = "checkpoints/"
CONFIGURATIONS = "config/"
SCREENSHOTS = "screenshots/"
KEYS = "keys/log.vkeys"
PROOFS = "proofs/"
PACKED_PROOFS = "proofs/proofs.jsonl"
ANCHORS = "anchor/"
ANCHOR_CHECKPOINT, ANCHOR_PROOF, ANCHOR_TOKEN = "checkpoint.note", "site.tlog-proof", "token.tsr"

MAX_LINE_BYTES = 16 * 2**20
MAX_FILE_BYTES = 64 * 2**20
_CHUNK_BYTES = 2**20
_NO_EVIDENCE = ("README.html", "verify.py", "verifier/")


class Lie(Exception):
    """The evidence is not what it claims to be; ``index`` and ``record_id`` say where, when that is known."""

    def __init__(self, reason: str, index: int | None = None, record_id: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.index = index
        self.record_id = record_id


@dataclass(frozen=True, slots=True)
class KeptRecord:
    """A record that is still there, as stored: the very texts that were hashed, and their salts."""

    index: int
    record: str
    salt: bytes = field(repr=False)
    personal: str | None = None
    personal_salt: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True)
class About:
    """What a piece of evidence says of itself. Nothing here is believed before a checkpoint says the same."""

    origin: str
    site_key: str
    size: int
    created: str | None = None
    is_whole: bool = True


class Files(Protocol):
    """Where the files of a bundle come from: a zip or a folder."""

    def paths(self) -> Iterable[str]:
        """Every file's path, with slashes; a path that stands twice is given twice."""

    def open(self, path: str) -> IO[bytes]:
        """Open a file for buffered reading."""


class Evidence(Protocol):
    """Either form, as the verifier sees it. Every method may raise ``Lie``."""

    about: About

    def check_files(self) -> None:
        """Everything that is there is listed, and everything listed is there, byte for byte."""

    def signed(self) -> str | None:
        """Return the note whose signature covers the whole, where the form has one."""

    def checkpoints(self) -> Iterator[tuple[str, bytes]]:
        """Name and note of each checkpoint, the head among them."""

    def entries(self) -> Iterator[str]:
        """Give the text of each entry, in index order from 0: of a whole log."""

    def proofs(self) -> Iterator[tuple[int, str]]:
        """Give index and proof (tlog-proof) of each entry, in index order: of a part of a log."""

    def records(self) -> Iterator[KeptRecord]:
        """Each kept record, in index order."""

    def configurations(self) -> Iterator[tuple[str, bytes]]:
        """Claimed digest (``sha256:<hex>``) and bytes of each configuration."""

    def screenshots(self) -> Iterator[tuple[str, bytes]] | None:
        """Claimed digest and bytes of each picture; ``None`` where the form has no room for them."""

    def anchors(self) -> Iterator[tuple[str, Mapping[str, bytes]]]:
        """Give name and files of each anchor, see ``evidence_anchors``."""

    def not_checked(self) -> Iterator[str]:
        """Give one note for each thing that this verifier does not understand."""


# Writing


def bundle_files(
    about: About,
    signers: Iterable[Signer],
    *,
    checkpoints: Mapping[int, str],
    entries: Iterable[str],
    records: Iterable[KeptRecord],
    configurations: Iterable[str],
    keys: Iterable[str] = (),
    screenshots: Iterable[bytes] = (),
    extra: Iterable[tuple[str, Iterable[bytes]]] = (),
) -> Iterator[tuple[str, Iterator[bytes]]]:
    """Give path and content of each file of a bundle, the manifest and its note last; read each before the next.

    ``checkpoints`` maps sizes to notes and has the head; ``extra`` are further files (README.html, verify.py, …).
    """
    assert about.size in checkpoints, "the bundle has the checkpoint of its own size"
    listing = _Listing(about)
    entry_lines = (entry_line(i, text) for i, text in enumerate(entries))
    yield from listing.notes_and_configurations(checkpoints, configurations)
    yield listing.file(ENTRIES, entry_lines, "entries")
    yield from listing.keys_and_records(keys, records)
    yield from listing.pictures(screenshots)
    yield from listing.files(extra)
    assert listing.counts["entries"] == about.size, "a bundle has every entry"
    yield from listing.manifest(signers, {"scope": "full"})


def part_files(
    about: About,
    signers: Iterable[Signer],
    *,
    chosen: Mapping[str, str],
    checkpoint: str,
    proofs: Iterable[tuple[int, str]],
    records: Iterable[KeptRecord],
    configurations: Iterable[str],
    keys: Iterable[str] = (),
    screenshots: Iterable[bytes] = (),
    extra: Iterable[tuple[str, Iterable[bytes]]] = (),
    packed: Callable[[], bool] = lambda: False,
) -> Iterator[tuple[str, Iterator[bytes]]]:
    """Give path and content of each file of a bundle of a part, as ``bundle_files`` does.

    ``chosen`` says by what it was chosen; ``proofs`` are index and tlog-proof, by index, in one file when they are
    ``packed``, which is asked when it is their turn.
    """
    listing = _Listing(about)
    yield from listing.notes_and_configurations({about.size: checkpoint}, configurations)
    if packed():
        yield listing.file(PACKED_PROOFS, (proof_line(index, proof) for index, proof in proofs), "entries")
    else:
        for index, proof in proofs:
            yield listing.file(f"{PROOFS}{index}.tlog-proof", [proof.encode()], "entries")
    yield from listing.keys_and_records(keys, records)
    yield from listing.pictures(screenshots)
    yield from listing.files(extra)
    yield from listing.manifest(signers, {"chosen": dict(chosen), "scope": "subset"})


class _Listing:
    """The files of a bundle on their way out: each is measured as it passes, for the manifest that comes last."""

    def __init__(self, about: About) -> None:
        assert about.created is not None, "a bundle says when it was made"
        self._about = about
        self._listed: dict[str, dict[str, object]] = {}
        self.counts = {"configurations": 0, "entries": 0, "records": 0}

    def file(self, path: str, chunks: Iterable[bytes], counted: str | None = None) -> tuple[str, Iterator[bytes]]:
        """Return a file; its chunks are counted as what ``counted`` names."""
        return path, _noted(path, chunks if counted is None else _counted(chunks, self.counts, counted), self._listed)

    def files(self, given: Iterable[tuple[str, Iterable[bytes]]]) -> Iterator[tuple[str, Iterator[bytes]]]:
        """Give files that nothing counts."""
        for path, chunks in given:
            yield self.file(path, chunks)

    def notes_and_configurations(
        self, checkpoints: Mapping[int, str], configurations: Iterable[str]
    ) -> Iterator[tuple[str, Iterator[bytes]]]:
        """Give what comes first: small, and named by everything else."""
        for size, note in sorted(checkpoints.items()):
            yield self.file(f"{CHECKPOINTS}{size}.note", [note.encode()])
        for text in configurations:
            path = f"{CONFIGURATIONS}{sha256(text.encode()).hexdigest()}.json"
            if path not in self._listed:
                yield self.file(path, [text.encode()], "configurations")

    def keys_and_records(
        self, keys: Iterable[str], records: Iterable[KeptRecord]
    ) -> Iterator[tuple[str, Iterator[bytes]]]:
        """Give the keys, then every record."""
        yield self.file(KEYS, (f"{vkey}\n".encode() for vkey in keys))
        yield self.file(RECORDS, map(record_line, records), "records")

    def pictures(self, given: Iterable[bytes]) -> Iterator[tuple[str, Iterator[bytes]]]:
        """Give each picture once."""
        for png in given:
            path = f"{SCREENSHOTS}{sha256(png).hexdigest()}.png"
            if path not in self._listed:
                yield self.file(path, [png])

    def manifest(self, signers: Iterable[Signer], scope: Mapping[str, object]) -> Iterator[tuple[str, Iterator[bytes]]]:
        """Give the manifest of what has passed, and its note."""
        about = self._about
        manifest = canonical_json.encode(
            {
                **scope,
                "counts": self.counts,
                "created": about.created,
                "files": self._listed,
                "format": BUNDLE_FORMAT,
                "origin": about.origin,
                "site_key": about.site_key,
                "size": about.size,
            }
        )
        yield MANIFEST, iter([manifest.encode()])
        yield MANIFEST_NOTE, iter([sign_note(manifest_text(about.origin, manifest.encode()), *signers).encode()])


def bundle_lines(
    about: About,
    checkpoint: str,
    *,
    keys: Iterable[str],
    entries: Iterable[tuple[str, KeptRecord | None]],
    configurations: Iterable[str],
    anchors: Iterable[tuple[int, Mapping[str, bytes]]] = (),
) -> Iterator[bytes]:
    """Give the lines of the JSONL form: header, entries with the records that are kept, configurations, anchors."""
    header = {
        "checkpoint": checkpoint,
        "format": LINES_FORMAT,
        "keys": list(keys),
        "origin": about.origin,
        "site_key": about.site_key,
        "size": about.size,
    }
    yield canonical_json.encode(header).encode() + b"\n"
    index = -1
    for index, (text, kept) in enumerate(entries):
        yield entry_line(index, text, kept)
    assert index + 1 == about.size, "the lines have every entry"
    for text in configurations:
        yield configuration_line(text)
    for size, files in anchors:
        yield anchor_line(size, files)


def entry_line(index: int, text: str, kept: KeptRecord | None = None) -> bytes:
    """Return the line of an entry, with its record when one is given."""
    if kept is None:
        return b'{"e":%b,"i":%d}\n' % (_quote(text), index)
    assert kept.index == index, "a record stands beside its own entry"
    return b'{"e":%b,"i":%d,%b}\n' % (_quote(text), index, _record_members(kept))


def record_line(kept: KeptRecord) -> bytes:
    """Return the line of a record in a bundle."""
    return b'{"i":%d,%b}\n' % (kept.index, _record_members(kept))


def proof_line(index: int, proof: str) -> bytes:
    """Return the line of a proof, where they are packed."""
    return b'{"i":%d,"proof":%b}\n' % (index, _quote(proof))


def configuration_line(text: str) -> bytes:
    """Return the line of a configuration; the digest is over the exact text."""
    digest = sha256(text.encode()).hexdigest()
    return b'{"configuration":%b,"digest":"sha256:%b"}\n' % (_quote(text), digest.encode())


def anchor_line(size: int, files: Mapping[str, bytes]) -> bytes:
    """Return the line of an anchor: what a bundle has as files, the token in base64."""
    token = files.get(ANCHOR_TOKEN)
    return b'{"anchor":%d,"checkpoint":%b,"proof":%b,"token":%b}\n' % (
        size,
        _quote(files[ANCHOR_CHECKPOINT].decode()),
        _quote(files[ANCHOR_PROOF].decode()),
        b"null" if token is None else b'"%b"' % encode_base64(token).encode(),
    )


def manifest_text(origin: str, manifest: bytes) -> str:
    """Return the text of ``manifest.note``."""
    return f"{origin}/bundle/v1\nsha256 {sha256(manifest).hexdigest()}\n"


def _record_members(kept: KeptRecord) -> bytes:
    return b'"personal":%b,"personal_salt":%b,"record":%b,"salt":"%b"' % (
        b"null" if kept.personal is None else _quote(kept.personal),
        b"null" if kept.personal_salt is None else b'"%b"' % to_base64url(kept.personal_salt).encode(),
        _quote(kept.record),
        to_base64url(kept.salt).encode(),
    )


def _quote(text: str) -> bytes:
    return encode_basestring(text).encode()


def _noted(path: str, chunks: Iterable[bytes], listed: dict[str, dict[str, object]]) -> Iterator[bytes]:
    """Pass the chunks on, and list the file when they are through."""
    digest, size = sha256(), 0
    for chunk in chunks:
        digest.update(chunk)
        size += len(chunk)
        yield chunk
    listed[path] = {"bytes": size, "sha256": digest.hexdigest()}


def _counted(lines: Iterable[bytes], counts: dict[str, int], name: str) -> Iterator[bytes]:
    for line in lines:
        counts[name] += 1
        yield line


# Reading


class BundleEvidence:
    """A bundle of files. Raises ``Invalid`` when this is no bundle that can be read at all."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self._paths = Counter(files.paths())
        if MANIFEST not in self._paths or MANIFEST_NOTE not in self._paths:
            raise Invalid.because(f"This is no evidence bundle: there is no {MANIFEST} with its {MANIFEST_NOTE}.")
        try:
            self._manifest = self._read(MANIFEST)
        except Lie as lie:
            raise Invalid.because(lie.reason) from lie
        values = canonical_json.decode(_decode(self._manifest, MANIFEST))
        if not isinstance(values, dict) or values.get("format") != BUNDLE_FORMAT:
            raise Invalid.because(f"This is no evidence bundle of the format {BUNDLE_FORMAT}.")
        if values.get("scope") not in ("full", "subset"):
            raise Invalid.because("This verifier reads bundles of the scopes “full” and “subset” only.")
        self._listed = values.get("files")
        self.about = _about(values, values.get("created"), values["scope"] == "full")

    def check_files(self) -> None:
        """See ``Evidence``: sizes and digests of the manifest, no unlisted file, none missing, none twice."""
        listed = self._listed if isinstance(self._listed, dict) else {}
        found = [path for path in self._paths if path not in (MANIFEST, MANIFEST_NOTE)]
        for path in found:
            if path not in listed:
                raise Lie(f"The file {path} is in the bundle, but not in its manifest.")
        for path, expected in listed.items():
            if self._paths[path] != 1:
                raise Lie(f"The file {path} of the manifest is in the bundle {self._paths[path]} times, not once.")
            if self._measure(path) != expected:
                raise Lie(f"The file {path} is not the one that the manifest names.")

    def signed(self) -> str:
        """See ``Evidence``: ``manifest.note``, when it names this manifest."""
        note = _decode(self._read(MANIFEST_NOTE), MANIFEST_NOTE)
        if not note.startswith(manifest_text(self.about.origin, self._manifest) + "\n"):
            raise Lie(f"{MANIFEST_NOTE} is about another manifest than the one in the bundle.")
        return note

    def checkpoints(self) -> Iterator[tuple[str, bytes]]:
        """See ``Evidence``."""
        if f"{CHECKPOINTS}{self.about.size}.note" not in self._paths:
            raise Lie(f"The checkpoint of size {self.about.size}, which the manifest speaks of, is not in the bundle.")
        for path in self._paths:
            if path.startswith(CHECKPOINTS):
                yield path, self._read(path)

    def entries(self) -> Iterator[str]:
        """See ``Evidence``."""
        for index, line in enumerate(self._lines(ENTRIES)):
            usual = _usual_entry(line, index)
            if usual and usual[1] == b"}\n":
                yield usual[0]
                continue
            text = _entry_of(_entry_values(line, index), index)
            if _spelt(index, text) != line:
                raise Lie(f"The line of entry {index} has not the form of an entry's line.", index)
            yield text

    def proofs(self) -> Iterator[tuple[int, str]]:
        """See ``Evidence``."""
        if PACKED_PROOFS in self._paths:
            yield from self._packed_proofs()
            return
        named = [(_PROOF.match(path), path) for path in self._paths if path.startswith(PROOFS)]
        for name, path in named:
            if name is None:
                raise Lie(f"The file {path} has not the name of a proof.")
        for index, path in sorted((int(name[1]), path) for name, path in named if name):
            yield index, _decode(self._read(path), path)

    def _packed_proofs(self) -> Iterator[tuple[int, str]]:
        if any(path.startswith(PROOFS) and path != PACKED_PROOFS for path in self._paths):
            raise Lie(f"There are proofs beside {PACKED_PROOFS}: one of the two is enough.")
        for number, line in enumerate(self._lines(PACKED_PROOFS), start=1):
            values = _values(line, f"Line {number} of {PACKED_PROOFS}", None)
            index, proof = values.get("i"), values.get("proof")
            if type(index) is not int or index < 0 or type(proof) is not str or proof_line(index, proof) != line:
                raise Lie(f"Line {number} of {PACKED_PROOFS} has not the form of a proof's line.")
            yield index, proof

    def records(self) -> Iterator[KeptRecord]:
        """See ``Evidence``."""
        for number, line in enumerate(self._lines(RECORDS), start=1):
            usual = _usual_record(line)
            if usual is not None:
                yield usual
                continue
            index = (values := _record_values(line, f"Line {number} of {RECORDS}")).get("i")
            if type(index) is not int or index < 0:
                raise Lie(f"Line {number} of {RECORDS} names no index.")
            kept = _kept(values, index, _BUNDLE_RECORD_KEYS)
            if record_line(kept) != line:
                raise _misspelt(index, kept.record)
            yield kept

    def configurations(self) -> Iterator[tuple[str, bytes]]:
        """See ``Evidence``."""
        for path in self._paths:
            if path.startswith(CONFIGURATIONS):
                name = path.removeprefix(CONFIGURATIONS).removesuffix(".json")
                yield f"sha256:{name}", self._read(path)

    def screenshots(self) -> Iterator[tuple[str, bytes]]:
        """See ``Evidence``."""
        for path in self._paths:
            if path.startswith(SCREENSHOTS):
                yield f"sha256:{path.removeprefix(SCREENSHOTS).removesuffix('.png')}", self._read(path)

    def anchors(self) -> Iterator[tuple[str, Mapping[str, bytes]]]:
        """See ``Evidence``."""
        folders: dict[str, list[str]] = {}
        for path in self._paths:
            if path.startswith(ANCHORS):
                folders.setdefault(path.removeprefix(ANCHORS).partition("/")[0], []).append(path)
        for folder in sorted(folders, key=lambda name: (len(name), name)):
            start = f"{ANCHORS}{folder}/"
            yield folder, {path.removeprefix(start): self._read(path) for path in folders[folder]}

    def not_checked(self) -> Iterator[str]:
        """See ``Evidence``."""
        known = (
            ANCHORS,
            CHECKPOINTS,
            CONFIGURATIONS,
            SCREENSHOTS,
            ENTRIES,
            PROOFS,
            RECORDS,
            "keys/",
            MANIFEST,
            MANIFEST_NOTE,
            *_NO_EVIDENCE,
        )
        for folder in sorted({path.partition("/")[0] for path in self._paths if not path.startswith(known)}):
            yield f"{folder}: its digest is right, its content was not checked."

    def _read(self, path: str) -> bytes:
        if path not in self._paths:
            raise Lie(f"The file {path} is not in the bundle.")
        with self._files.open(path) as stream:
            data = stream.read(MAX_FILE_BYTES + 1)
        if len(data) > MAX_FILE_BYTES:
            raise Lie(f"The file {path} is larger than such a file can be.")
        return data

    def _measure(self, path: str) -> dict[str, object]:
        digest, size = sha256(), 0
        with self._files.open(path) as stream:
            for chunk in iter(partial(stream.read, _CHUNK_BYTES), b""):
                digest.update(chunk)
                size += len(chunk)
        return {"bytes": size, "sha256": digest.hexdigest()}

    def _lines(self, path: str) -> Iterator[bytes]:
        if path not in self._paths:
            raise Lie(f"The file {path} is not in the bundle.")
        with self._files.open(path) as stream:
            yield from _lines(stream)


class LinesEvidence:
    """The JSONL form; ``open_stream`` opens it anew, because entries and records are read one after the other."""

    def __init__(self, open_stream: Callable[[], IO[bytes]]) -> None:
        self._open = open_stream
        with self._open() as stream:
            first = stream.readline(MAX_LINE_BYTES)
        header = canonical_json.decode(_decode(first.removesuffix(b"\n"), "The header"))
        if not isinstance(header, dict) or header.get("format") != LINES_FORMAT:
            raise Invalid.because(f"These are no lines of the format {LINES_FORMAT}.")
        if header.keys() != _HEADER_KEYS or not isinstance(header["checkpoint"], str):
            raise Invalid.because(f"The header has exactly the keys {', '.join(sorted(_HEADER_KEYS))}.")
        self._checkpoint: str = header["checkpoint"]
        self.about = _about(header, None)

    def check_files(self) -> None:
        """See ``Evidence``: there is one file, and nothing lists it."""

    def signed(self) -> None:
        """See ``Evidence``: only the checkpoint in the header is signed."""

    def checkpoints(self) -> Iterator[tuple[str, bytes]]:
        """See ``Evidence``."""
        yield "the checkpoint of the header", self._checkpoint.encode()

    def entries(self) -> Iterator[str]:
        """See ``Evidence``."""
        for index, line in self._entry_lines():
            usual = _usual_entry(line, index)
            yield usual[0] if usual else _entry_of(_entry_values(line, index), index)

    def proofs(self) -> Iterator[tuple[int, str]]:
        """See ``Evidence``: lines are always of a whole log."""
        yield from ()

    def records(self) -> Iterator[KeptRecord]:
        """See ``Evidence``."""
        for index, line in self._entry_lines():
            usual = _usual_entry(line, index)
            if usual and (kept := _usual_record(b'{"i":%d%b' % (index, usual[1]))):
                yield kept
                continue
            values = _entry_values(line, index)
            kept = _kept(values, index, _LINES_RECORD_KEYS) if len(values) > 2 else None
            if _spelt(index, _entry_of(values, index), kept) != line:
                raise Lie(f"The line of entry {index} has not the form of an entry's line.", index)
            if kept is not None:
                yield kept

    def configurations(self) -> Iterator[tuple[str, bytes]]:
        """See ``Evidence``."""
        for line in self._raw_lines():
            if line.startswith(_CONFIGURATION_LINE):
                yield _configuration_of(line)

    def screenshots(self) -> None:
        """See ``Evidence``: lines are text."""

    def anchors(self) -> Iterator[tuple[str, Mapping[str, bytes]]]:
        """See ``Evidence``."""
        before = -1
        for line in self._raw_lines():
            if line.startswith(_ANCHOR_LINE):
                size, files = _anchor_of(line)
                if size <= before:
                    raise Lie(f"The anchor {size} stands after the anchor {before}.")
                before = size
                yield f"{size}", files

    def not_checked(self) -> Iterator[str]:
        """See ``Evidence``."""
        yield from ()

    def _entry_lines(self) -> Iterator[tuple[int, bytes]]:
        """Give index and line of every entry; after the last one come configurations, then anchors, no more."""
        entries, after = 0, ""
        for line in self._raw_lines():
            if line.startswith(_CONFIGURATION_LINE) and after != "anchors":
                after = "configurations"
            elif line.startswith(_ANCHOR_LINE):
                after = "anchors"
            elif after:
                raise Lie(f"There is a line for entry {entries} after the {after}.", entries)
            else:
                yield entries, line
                entries += 1

    def _raw_lines(self) -> Iterator[bytes]:
        with self._open() as stream:
            lines = _lines(stream)
            next(lines, None)
            yield from lines


_decoder = json.JSONDecoder()
_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_CONSENT_START = b'{"e":"{\\"c\\":\\"%b\\",\\"k\\":\\"consent\\",\\"v\\":1}","i":%d'
_COMMITMENT = slice(_CONSENT_START.index(b"%b"), _CONSENT_START.index(b"%b") + 43)
_CONFIGURATION_LINE, _ANCHOR_LINE = b'{"configuration":', b'{"anchor":'
_BUNDLE_RECORD_KEYS = frozenset({"i", "personal", "personal_salt", "record", "salt"})
_LINES_RECORD_KEYS = _BUNDLE_RECORD_KEYS | {"e"}
_PROOF = re.compile(r"proofs/(0|[1-9][0-9]{0,17})\.tlog-proof\Z")
_CLAIMED_ID = re.compile(r'"record_id" ?: ?"([ -~]{36})"')
_HEADER_KEYS = frozenset({"checkpoint", "format", "keys", "origin", "site_key", "size"})


def record_id_in(record: str) -> str | None:
    """Return the record id that a text claims, however broken it is otherwise: for messages only."""
    match = _CLAIMED_ID.search(record)
    return match[1] if match else None


def place_of(index: int, record_id: str | None) -> str:
    """Return how a message names a record."""
    return f"Record {index} (record_id {record_id})" if record_id else f"Record {index}"


def _decode(data: bytes, name: str) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise Invalid.because(f"{name} is not UTF-8.") from error


def _about(values: Mapping[str, Any], created: object, is_whole: bool = True) -> About:
    origin, site_key, size = values.get("origin"), values.get("site_key"), values.get("size")
    if not (isinstance(origin, str) and isinstance(site_key, str) and type(size) is int and size >= 0):
        raise Invalid.because("The evidence does not say of which site, origin and size it is.")
    return About(origin, site_key, size, created if isinstance(created, str) else None, is_whole)


def _lines(stream: IO[bytes]) -> Iterator[bytes]:
    """Give each line with its newline; one that is cut off or too long comes without, and fits no form."""
    return iter(partial(stream.readline, MAX_LINE_BYTES), b"")


def _values(line: bytes, what: str, index: int | None) -> dict[str, Any]:
    try:
        values, end = _decoder.raw_decode(text := line.decode())
        if text[end:] not in ("\n", ""):
            raise ValueError
    except (ValueError, RecursionError) as error:
        record_id = _claimed_id(line)
        named = f" (record_id {record_id})" if record_id else ""
        raise Lie(f"{what}{named} is not JSON.", index, record_id) from error
    if not isinstance(values, dict):
        raise Lie(f"{what} is not an object.", index)
    return values


def _record_values(line: bytes, what: str) -> dict[str, Any]:
    """Read the line of a record; if it is none, it is named by the index that it claims."""
    try:
        return _values(line, what, None)
    except Lie:
        claimed = _claimed_index(line)
        return _values(line, what if claimed is None else f"The line of record {claimed}", claimed)


def _usual_record(line: bytes) -> KeptRecord | None:
    """Read a record's line of the usual form without JSON: what is written as this line can only have been this."""
    start, _, rest = line.partition(b',"personal":"')
    personal, _, rest = rest.partition(b'","personal_salt":"')
    personal_salt, _, rest = rest.partition(b'","record":"')
    record, _, salt = rest.partition(b'","salt":"')
    try:
        kept = KeptRecord(
            int(start[5:]),
            record.replace(b'\\"', b'"').decode(),
            from_base64url(salt[:-3].decode(), SALT_BYTES),
            personal.replace(b'\\"', b'"').decode(),
            from_base64url(personal_salt.decode(), SALT_BYTES),
        )
    except (Invalid, ValueError):
        return None
    return kept if record_line(kept) == line else None


def _entry_of(values: Mapping[str, Any], index: int) -> str:
    text, claimed = values.get("e"), values.get("i")
    if type(text) is not str or type(claimed) is not int:
        raise Lie(f"The line of entry {index} has not the form of an entry's line.", index)
    if claimed != index:
        raise Lie(f"Entry {index} is not in its place: the line there says that it is entry {claimed}.", index)
    return text


def _entry_values(line: bytes, index: int) -> dict[str, Any]:
    return _values(line, f"The line of entry {index}", index)


def _usual_entry(line: bytes, index: int) -> tuple[str, bytes] | None:
    """Return a consent's entry and what follows it in its line, read without JSON: most lines are of this one form."""
    commitment = line[_COMMITMENT]
    start = _CONSENT_START % (commitment, index)
    rest = line[len(start) :]
    if commitment.translate(None, _ALPHABET) or not (line.startswith(start) and line.endswith(b"}\n")):
        return None
    if rest[:1] not in (b",", b"}"):
        return None
    return f'{{"c":"{commitment.decode()}","k":"consent","v":1}}', rest


def _kept(values: Mapping[str, Any], index: int, keys: frozenset[str]) -> KeptRecord:
    """Read the members of a record; salts in their one spelling."""
    record, personal = values.get("record"), values.get("personal")
    if values.keys() != keys or type(record) is not str or not (personal is None or type(personal) is str):
        raise _misspelt(index, record)
    try:
        record.encode()
        (personal or "").encode()
        salt = from_base64url(values["salt"], SALT_BYTES)
        given = values["personal_salt"]
        personal_salt = None if given is None else from_base64url(given, SALT_BYTES)
    except (Invalid, UnicodeEncodeError) as error:
        record_id = record_id_in(record)
        raise Lie(
            f"Record {index} (record_id {record_id}): a text or salt cannot be read.", index, record_id
        ) from error
    return KeptRecord(index, record, salt, personal, personal_salt)


def _configuration_of(line: bytes) -> tuple[str, bytes]:
    """Read the line of a configuration: claimed digest and bytes."""
    values = _values(line, "The line of a configuration", None)
    text, digest = values.get("configuration"), values.get("digest")
    if isinstance(text, str) and isinstance(digest, str):
        with suppress(UnicodeEncodeError):
            if line == b'{"configuration":%b,"digest":%b}\n' % (_quote(text), _quote(digest)):
                return digest, text.encode()
    raise Lie("The line of a configuration has not the form of such a line.")


def _anchor_of(line: bytes) -> tuple[int, dict[str, bytes]]:
    """Read the line of an anchor: its size, and the files that a bundle would have of it."""
    values = _values(line, "The line of an anchor", None)
    size, token = values.get("anchor"), values.get("token")
    texts = {ANCHOR_CHECKPOINT: values.get("checkpoint"), ANCHOR_PROOF: values.get("proof")}
    if type(size) is int and all(isinstance(text, str) for text in (*texts.values(), token or "")):
        with suppress(UnicodeEncodeError, Invalid):
            files = {name: str(text).encode() for name, text in texts.items()}
            if token is not None:
                files[ANCHOR_TOKEN] = decode_base64(str(token))
            if line == anchor_line(size, files):
                return size, files
    raise Lie("The line of an anchor has not the form of such a line.")


def _misspelt(index: int, record: object) -> Lie:
    record_id = record_id_in(record) if isinstance(record, str) else None
    return Lie(f"{place_of(index, record_id)}: its line has not the form of such a line.", index, record_id)


def _spelt(index: int, text: str, kept: KeptRecord | None = None) -> bytes | None:
    """Return how a line must be spelt; ``None`` when it cannot be."""
    try:
        return entry_line(index, text, kept)
    except UnicodeEncodeError:
        return None


def _claimed_index(line: bytes) -> int | None:
    match = re.match(rb'\{"i":([0-9]{1,16}),', line)
    return int(match[1]) if match else None


def _claimed_id(line: bytes) -> str | None:
    match = re.search(rb'\\"record_id\\":\\"([ -~]{36})', line)
    return match[1].decode() if match else None
