"""What a liar shows an auditor, and what can be done to it: histories, bundles, parts, anchors, logs that are served.

A ``Case`` is one showing. Its history may be changed first; ``files`` is then what is shown of it. The verbs below
return functions of a case, so that ``tamperings`` can be a list.
"""

from __future__ import annotations

import dataclasses
import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from consent_server.domain.evidence_layout import ENTRIES, PACKED_PROOFS, PROOFS, proof_line
from consent_server.domain.log_entry import Key, LogEntry
from consent_server.domain.proof_log.cosignature import Witness, cosigned
from consent_server.domain.proof_log.merkle import leaf_hash
from consent_server.domain.proof_log.proof import Proof, format_hashes
from consent_server.domain.proof_log.signed_note import Signature, Signer, parse_note
from consent_server.domain.proof_log.tiles import ENTRIES as ENTRY_LEVEL
from consent_server.domain.proof_log.tiles import WIDTH, Tile, pack_entries, tile_root
from tests.bundles import signed_anew
from tests.domain.anchor_log import ANCHOR_SIGNER, AnchorLog
from tests.domain.proof_log import reference
from tests.domain.site_log import ORIGIN, PROMISER, SIGNER, SiteLog, usual

HISTORY = ("zip", "jsonl")
"""A history that was changed by whoever has every key: both forms of an export say so."""

BUNDLE, LINES, PART, ANCHORED, SERVED = ("zip", "folder"), ("jsonl",), ("part",), ("anchored",), ("served",)

CHOSEN = (0, 1, 6, 8, 9, 13)
"""Of the usual log: genesis, two configurations, three consents."""

STRANGER = Signer.from_seed(ORIGIN, bytes(32))
SUCCESSOR = Signer.from_seed(ORIGIN, bytes(range(5, 37)))
NOON = datetime(2026, 11, 22, 10, 1, tzinfo=UTC)
"""A minute after the records of ``site_log``, which are made a second apart from 10:00:00 on."""

WITNESS_KEY = Ed25519PrivateKey.from_private_bytes(b"\7" * 32)
WITNESS = Witness("witness.example/w1", WITNESS_KEY.public_key().public_bytes_raw())
LONG = 300
LONG_AGO = "2020-01-01T00:00:00.000Z"


@dataclass
class Case:
    """One showing: its history, what the auditor has of it from elsewhere, and the files."""

    shown: str
    log: SiteLog = field(default_factory=usual)
    keys: list[str] = field(default_factory=lambda: [SIGNER.vkey, PROMISER.vkey])
    known: list[str] = field(default_factory=list)
    promises: list[bytes] = field(default_factory=list)
    anchor_log: AnchorLog = field(default_factory=AnchorLog)

    def __post_init__(self) -> None:
        if self.shown == "anchored":
            self.anchor(6)
            self.anchor(14)
        if self.shown == "served":
            while len(self.log.entries) < LONG:
                self.log.consent(2, recorded_at=LONG_AGO)
            self.log.anchored = [9, 256]
            self.known = [self.log.checkpoint(9)]
            self.promises = [self.log.promise(20)]

    def anchor(self, size: int, late: timedelta = timedelta(0)) -> None:
        """Have the anchor log hold the checkpoint of this size, with a token, and a cosignature of the witness."""
        body = parse_note(self.log.checkpoint(size)).text
        anchor = self.anchor_log.anchor(body, NOON + late + len(self.log.anchors) * timedelta(minutes=1))
        note = anchor.checkpoint + cosignature(anchor.checkpoint)
        proof = anchor.proof.replace(anchor.checkpoint, note)
        self.log.anchors.append(dataclasses.replace(anchor, checkpoint=note, proof=proof))

    @cached_property
    def files(self) -> dict[str, bytes]:
        """What is shown; change the history before."""
        if self.shown == "jsonl":
            return {"jsonl": b"".join(self.log.lines())}
        if self.shown == "part":
            return self.log.part(*CHOSEN)
        return served(self.log) if self.shown == "served" else self.log.files()

    @property
    def arguments(self) -> list[str]:
        """What stands on the command line beside files."""
        given = [word for key in self.keys for word in ("--key", key)]
        if self.shown == "anchored":
            given += ["--anchor-key", ANCHOR_SIGNER.vkey, "--witness", WITNESS.vkey]
        return given

    def write(self, folder: Path) -> list[str]:
        """Write notes that the auditor has and, but for what is served, the evidence; return the command line."""
        options = self.arguments
        for number, note in enumerate([*(note.encode() for note in self.known), *self.promises]):
            path = folder / f"{number}.note"
            path.write_bytes(note)
            options += ["--known" if number < len(self.known) else "--promise", str(path)]
        return options if self.shown == "served" else [str(self._write_evidence(folder)), *options]

    def _write_evidence(self, folder: Path) -> Path:
        if self.shown == "jsonl":
            (folder / "evidence.jsonl").write_bytes(self.files["jsonl"])
            return folder / "evidence.jsonl"
        if self.shown == "folder":
            return write_folder(folder / "evidence", self.files)
        return write_zip(folder / "evidence.zip", self.files)


def write_zip(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name), data)
    return path


def write_folder(path: Path, files: dict[str, bytes]) -> Path:
    for name, data in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(data)
    return path


def resign(files: dict[str, bytes], signer: Signer = SIGNER) -> dict[str, bytes]:
    """Make the manifest fit the files again, as only the operator could."""
    return signed_anew(files, signer)


def cosignature(note: str, changed: bytes = b"") -> str:
    """Return the line of the witness under a checkpoint; ``changed`` stands at the end of its signature."""
    value = (1_800_000_000).to_bytes(8, "big") + WITNESS_KEY.sign(cosigned(parse_note(note).text, 1_800_000_000))
    return Signature(WITNESS.name, WITNESS.key_id, value[: len(value) - len(changed)] + changed).line


# What a server shows


def served(log: SiteLog) -> dict[str, bytes]:
    """Every answer of an honest server below ``/v1/sites/demo/``, as of its newest checkpoint."""
    entries = [text.encode() for text in log.entries]
    size = len(entries)
    files = {"log/checkpoint": log.checkpoint().encode()}
    hashes = list(map(leaf_hash, entries))
    for start in range(0, size, WIDTH):
        part = entries[start : start + WIDTH]
        files[f"log/{Tile(ENTRY_LEVEL, start // WIDTH, len(part)).path}"] = pack_entries(part)
    for level in (0, 1):
        for start in range(0, len(hashes), WIDTH):
            part = hashes[start : start + WIDTH]
            files[f"log/{Tile(level, start // WIDTH, len(part)).path}"] = b"".join(part)
        full = len(hashes) - len(hashes) % WIDTH
        hashes = [tile_root(b"".join(hashes[at : at + WIDTH])) for at in range(0, full, WIDTH)]
    for old in (each for each in [*log.anchored, size] if each <= size):
        files[f"log/proof/consistency/{old}/{size}"] = format_hashes(reference.proof(old, entries)).encode()
    if size > WIDTH:
        files[f"records/{record_id(20)}/proof"] = record_proof(log, 20, WIDTH)
    return files


def record_proof(log: SiteLog, index: int, size: int, *signers: Signer) -> bytes:
    entries = [text.encode() for text in log.entries[:size]]
    path = tuple(reference.path(index, entries))
    return Proof(index, path, log.checkpoint(size, *signers), entries[index]).text.encode()


def record_id(index: int) -> str:
    return f"{index:08}-aaaa-4aaa-8aaa-{index:012}"


def forked(log: SiteLog, at: int = 8) -> SiteLog:
    """The same log with another entry in one place: what the operator shows somebody else."""
    fork = SiteLog(entries=[*log.entries], anchored=log.anchored)
    fork.entries[at] = fork.entries[9 if at != 9 else 8]
    return fork


# Verbs

Change = Callable[[Case], Any]


def history(*deeds: Callable[[SiteLog], Any]) -> Change:
    """Change the history before it is signed."""
    return lambda case: [deed(case.log) for deed in deeds]


def kept(index: int, **changes: Any) -> Change:
    """Change what is kept of a record, not its entry; texts by a function."""

    def change(log: SiteLog) -> None:
        old = log.records[index]
        new = {name: given(getattr(old, name)) if callable(given) else given for name, given in changes.items()}
        log.records[index] = dataclasses.replace(old, **new)
        assert log.records[index] != old

    return history(change)


def still_there(index: int, deed: Callable[[SiteLog], Any]) -> Change:
    """Log that something was deleted, and keep it."""

    def change(log: SiteLog) -> None:
        old = log.records[index]
        deed(log)
        log.records[index] = old

    return history(change)


def entry(added: LogEntry) -> Change:
    return history(lambda log: log.add(added))


def consent(version: int = 1, **changes: Any) -> Change:
    return history(lambda log: log.consent(version, **changes))


def log_of(*texts: str) -> Change:
    """Replace the whole history by these entries."""

    def change(case: Case) -> None:
        case.log = SiteLog(entries=[*texts])

    return change


def purged(published_at: str, policy: str = "P5Y") -> Change:
    """Let the history be a configuration, two consents, and a purge of both, in a bundle of December 2026."""

    def change(case: Case) -> None:
        case.log = SiteLog()
        case.log.publish(1, published_at)
        case.log.consent()
        case.log.consent()
        case.log.purge(2, 4, policy)

    return change


def files(change: Callable[[dict[str, bytes]], Any]) -> Change:
    return lambda case: change(case.files)


def pack(case: Case) -> None:
    """Put the proofs of a part into one file, as large parts have them."""
    found = sorted(
        (int(path[len(PROOFS) : -len(".tlog-proof")]), path) for path in case.files if path.startswith(PROOFS)
    )
    case.files[PACKED_PROOFS] = b"".join(proof_line(index, case.files.pop(path).decode()) for index, path in found)


def swap(path: str, old: bytes, new: bytes) -> Change:
    """Replace bytes in a file, once."""

    def change(files: dict[str, bytes]) -> None:
        assert old in files[path], f"{old!r} is not in {path}"
        files[path] = files[path].replace(old, new, 1)

    return lambda case: change(case.files)


def flip(path: str, at: int) -> Change:
    """Flip a bit of a file."""

    def change(files: dict[str, bytes]) -> None:
        data = bytearray(files[path])
        data[at] ^= 1
        files[path] = bytes(data)

    return lambda case: change(case.files)


def missigned(path: str, size: int) -> Change:
    """Put the signature of an older checkpoint under a newer one."""

    def change(case: Case) -> None:
        text, _, _ = case.log.checkpoint(size).partition("\n\n")
        _, _, signature = case.log.checkpoint(size - 1).partition("\n\n")
        case.files[path] = f"{text}\n\n{signature}".encode()

    return change


def drop(path: str) -> Change:
    return files(lambda files: [files.pop(each) for each in list(files) if each.startswith(path)])


def put(path: str, data: bytes) -> Change:
    return files(lambda files: files.update({path: data}))


def move(old: str, new: str) -> Change:
    return files(lambda files: files.update({new: files.pop(old)}))


def lines(path: str, change: Callable[[list[bytes]], list[bytes]]) -> Change:
    """Change the lines of a file."""
    return files(
        lambda files: files.update({path: b"".join(change(files[path].splitlines(keepends=True)))}),
    )


def entries(change: Callable[[list[str]], list[str]]) -> Change:
    """Change the entries of a bundle after its checkpoints were signed, with right numbers."""

    def renumber(case: Case) -> None:
        texts = enumerate(change([*case.log.entries]))
        rows = (json.dumps({"e": text, "i": index}, separators=(",", ":"), ensure_ascii=False) for index, text in texts)
        case.files[ENTRIES] = "".join(f"{row}\n" for row in rows).encode()

    return renumber


def anew(*changes: Change, signer: Signer = SIGNER) -> Change:
    """Do it, then sign the manifest anew: the lie of whoever has the key."""

    def change(case: Case) -> None:
        for each in changes:
            each(case)
        case.files.update(resign(case.files, signer))

    return change


def both(*changes: Change) -> Change:
    return lambda case: [change(case) for change in changes]


def knows(note: Callable[[SiteLog], str]) -> Change:
    """The auditor has a checkpoint that was seen before."""
    return lambda case: case.known.append(note(case.log))


def was_promised(promise: Callable[[SiteLog], bytes]) -> Change:
    """The auditor has a promise that a visitor kept."""
    return lambda case: case.promises.append(promise(case.log))


def trusts(*keys: str) -> Change:
    """The auditor was given other keys."""
    return lambda case: case.keys.__setitem__(slice(None), keys)


def anchor(number: int, **changes: Any) -> Change:
    """Change an anchor; texts by a function."""

    def change(case: Case) -> None:
        old = case.log.anchors[number]
        new = {name: given(getattr(old, name)) if callable(given) else given for name, given in changes.items()}
        case.log.anchors[number] = dataclasses.replace(old, **new)
        assert case.log.anchors[number] != old

    return change


def anchored_by(anchor_log: AnchorLog, log: SiteLog | None = None) -> Change:
    """Anchor the head in this anchor log instead: of this history, or of another."""

    def change(case: Case) -> None:
        case.anchor_log, case.log.anchors = anchor_log, []
        shown, case.log = case.log, log or case.log
        case.log.anchors = []
        case.anchor(14)
        case.log, shown.anchors = shown, case.log.anchors

    return change


def body_anchored(body: str) -> Change:
    def change(case: Case) -> None:
        case.log.anchors = [AnchorLog().anchor(body, NOON)]

    return change


def rotated(*signed: tuple[int, tuple[Signer, ...]], retired: bool = False) -> Change:
    """Add a second key to the log, retire the first one maybe; the checkpoints of these sizes are signed so."""

    def change(case: Case) -> None:
        log = case.log
        log.add(Key("add", SUCCESSOR.vkey))
        log.consent(2)
        if retired:
            log.add(Key("retire", SIGNER.vkey))
            log.consent(2)
        log.anchored = []
        for path in [path for path in case.files if path.startswith("checkpoints/")]:
            del case.files[path]
        for size, signers in signed:
            case.files[f"checkpoints/{size}.note"] = log.checkpoint(size, *signers).encode()
        case.files.update(resign(case.files, SUCCESSOR))

    return change


def serves(change: Callable[[SiteLog], dict[str, bytes]]) -> Change:
    """Answer some paths with something else."""
    return lambda case: case.files.update(change(case.log))
