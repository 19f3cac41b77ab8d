"""A small log of a site, made by hand: entries, records, configurations that a test may tamper with before signing."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256

from consent_server.domain.consent_record import ConsentRecord, PersonalPart, SealedRecord, seal
from consent_server.domain.evidence import (
    About,
    BundleEvidence,
    KeptRecord,
    LinesEvidence,
    Report,
    Trust,
    bundle_files,
    bundle_lines,
    part_files,
    verify,
)
from consent_server.domain.evidence_anchors import Anchor, anchor_contents, anchor_files
from consent_server.domain.log_entry import Config, Erase, Genesis, LogEntry, Purge, Scrub, format_entry
from consent_server.domain.promise import Promise, format_promise, sign_promise
from consent_server.domain.proof_log.checkpoint import Checkpoint, sign_checkpoint
from consent_server.domain.proof_log.keys import log_signer, promise_master, promise_signer
from consent_server.domain.proof_log.merkle import Frontier, leaf_hash, prove_inclusion
from consent_server.domain.proof_log.proof import Proof
from consent_server.domain.proof_log.signed_note import Signer
from consent_server.domain.proof_log.tiles import WIDTH, reader

MASTER = bytes(range(32))
ORIGIN = "demo.example/v1/sites/demo/log"
SIGNER = log_signer(MASTER, ORIGIN)
PROMISER = promise_signer(promise_master(MASTER), ORIGIN)
TRUST = Trust((SIGNER.verifier, PROMISER.verifier))
CREATED = "2026-12-24T00:00:00.000Z"


def digest_of(text: str) -> str:
    return "sha256:" + sha256(text.encode()).hexdigest()


@dataclass
class SiteLog:
    """Everything of a log in plain lists and dicts."""

    entries: list[str] = field(default_factory=lambda: [format_entry(Genesis("demo", SIGNER.vkey))])
    records: dict[int, KeptRecord] = field(default_factory=dict)
    sealed: dict[int, SealedRecord] = field(default_factory=dict)
    configurations: dict[int, str] = field(default_factory=dict)
    anchored: list[int] = field(default_factory=list)
    anchors: list[Anchor] = field(default_factory=list)
    signers: list[Signer] = field(default_factory=lambda: [SIGNER])

    def add(self, entry: LogEntry) -> int:
        self.entries.append(format_entry(entry))
        return len(self.entries) - 1

    def publish(self, version: int, published_at: str | None = None) -> int:
        document = {"texte": "Été : « oui » ?", "version": version}
        if published_at:
            document = {"published_at": published_at, **document}
        self.configurations[version] = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
        return self.add(Config(version, digest_of(self.configurations[version])))

    def consent(self, version: int = 1, **changes: object) -> int:
        """Record a consent and return its index."""
        index = len(self.entries)
        personal = changes.pop("personal", PersonalPart(_uuid(index, "c"), "https://www.example.fr/é"))
        sealed = seal(
            make_record(index, version, digest_of(self.configurations.get(version, "")), **changes),
            sha256(b"salt %d" % index).digest(),
            personal,  # type: ignore[arg-type]
            sha256(b"personal %d" % index).digest() if personal else None,
        )
        self.entries.append(sealed.entry)
        self.sealed[index] = sealed
        self.records[index] = KeptRecord(index, sealed.record, sealed.salt, sealed.personal, sealed.personal_salt)
        return index

    def scrub(self, index: int) -> int:
        kept = self.records[index]
        self.records[index] = KeptRecord(index, kept.record, kept.salt)
        return self.add(Scrub(index, "visitor"))

    def erase(self, index: int) -> int:
        del self.records[index]
        return self.add(Erase(index, "controller"))

    def purge(self, start: int, stop: int, policy: str = "P5Y") -> int:
        for index in range(start, stop):
            self.records.pop(index, None)
        return self.add(Purge(start, stop, policy))

    def promise(self, index: int) -> bytes:
        record = json.loads(self.sealed[index].record)
        promise = Promise(ORIGIN, record["record_id"], record["recorded_at"], self.sealed[index].leaf_hash)
        signature = sign_promise(promise, PROMISER)
        return format_promise(promise, signature.key_id, signature.value).encode()

    def checkpoint(self, size: int | None = None, *signers: Signer) -> str:
        size = len(self.entries) if size is None else size
        frontier = Frontier()
        for text in self.entries[:size]:
            frontier.append(leaf_hash(text.encode()))
        return sign_checkpoint(Checkpoint(ORIGIN, size, frontier.root()), *(signers or self.signers))

    def about(self) -> About:
        return About(ORIGIN, "demo", len(self.entries), CREATED)

    def files(self) -> dict[str, bytes]:
        """The files of the bundle."""
        given = bundle_files(
            self.about(),
            self.signers,
            checkpoints={size: self.checkpoint(size) for size in [*self.anchored, len(self.entries)]},
            entries=self.entries,
            records=[self.records[index] for index in sorted(self.records)],
            configurations=self.configurations.values(),
            keys=[SIGNER.vkey, PROMISER.vkey],
            extra=[("README.html", [b"<p>"]), *anchor_files(self.anchors)],
        )
        return {path: b"".join(chunks) for path, chunks in given}

    def part(self, *indices: int) -> dict[str, bytes]:
        """The files of a bundle of these entries alone."""
        leaves = [leaf_hash(text.encode()) for text in self.entries]
        size = len(leaves)
        read = reader(lambda level, n: _tile(leaves, level, n))
        paths = {index: tuple(prove_inclusion(index, size, read)) for index in sorted(indices)}
        given = part_files(
            self.about(),
            self.signers,
            chosen={"purpose": "audience"},
            checkpoint=self.checkpoint(),
            proofs=[
                (index, Proof(index, path, self.checkpoint(), self.entries[index].encode()).text)
                for index, path in paths.items()
            ],
            records=[self.records[index] for index in sorted(indices) if index in self.records],
            configurations=self.configurations.values(),
            extra=anchor_files(self.anchors),
        )
        return {path: b"".join(chunks) for path, chunks in given}

    def lines(self) -> list[bytes]:
        """The lines of the JSONL form."""
        return list(
            bundle_lines(
                self.about(),
                self.checkpoint(),
                keys=[SIGNER.vkey],
                entries=[(text, self.records.get(index)) for index, text in enumerate(self.entries)],
                configurations=self.configurations.values(),
                anchors=anchor_contents(self.anchors),
            )
        )


def _tile(leaves: list[bytes], level: int, n: int) -> bytes:
    assert level == 0, "these logs are small"
    return b"".join(leaves[n * WIDTH : (n + 1) * WIDTH])


def make_record(index: int, version: int, digest: str, **changes: object) -> ConsentRecord:
    values: dict[str, object] = {
        "site_key": "demo",
        "record_id": _uuid(index, "a"),
        "recorded_at": f"2026-11-22T10:{index // 60:02}:{index % 60:02}.123Z",
        "action": "custom",
        "decisions": {"audience": True, "marketing": False},
        "services": {"youtube": True},
        "config_version": version,
        "config_digest": digest,
        "runtime_digest": digest_of("runtime"),
        "language": "fr",
        "layer": 1,
        "signals": {"gpc": False},
        "not_removed": ["PHPSESSID", 'a"b\\c\x1f'],
        "expires_at": f"2027-05-22T10:{index // 60:02}:{index % 60:02}.123Z",
        "software": "consent-server/0.1.0",
    }
    return ConsentRecord(**{**values, **changes})  # type: ignore[arg-type]


def usual() -> SiteLog:
    """A log with everything: 0 genesis, 1 config, 2-5 consents, 6 config, 7-9 consents, 10-12 removals, 13 consent."""
    log = SiteLog()
    log.publish(1)
    for _ in range(4):
        log.consent()
    log.publish(2)
    log.consent(2)
    log.consent(1, personal=None)
    log.consent(2, services=None, signals=None, expires_at=None)
    log.scrub(5)
    log.erase(7)
    log.purge(0, 4)
    log.consent(2)
    log.anchored = [3, 8]
    return log


class Files:
    """The files of a bundle, from a dict."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files = files

    def paths(self) -> list[str]:
        return list(self.files)

    def open(self, path: str) -> io.BytesIO:
        return io.BytesIO(self.files[path])


def verify_files(files: dict[str, bytes], trust: Trust = TRUST) -> Report:
    return verify(BundleEvidence(Files(files)), trust)


def verify_lines(lines: list[bytes], trust: Trust = TRUST) -> Report:
    return verify(LinesEvidence(lambda: io.BytesIO(b"".join(lines))), trust)


FORMS: dict[str, Callable[[SiteLog], Report]] = {
    "bundle": lambda log: verify_files(log.files()),
    "lines": lambda log: verify_lines(log.lines()),
}


def _uuid(index: int, kind: str) -> str:
    return f"{index:08}-{kind * 4}-4{kind * 3}-8{kind * 3}-{index:012}"
