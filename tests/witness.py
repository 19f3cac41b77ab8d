"""A witness of the tests' own: C2SP tlog-witness for the logs that it is told of, as the specification words it."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from consent_server.domain.errors import Invalid
from consent_server.domain.proof_log.checkpoint import Checkpoint, parse_body
from consent_server.domain.proof_log.cosignature import Witness, cosigned
from consent_server.domain.proof_log.merkle import verify_consistency
from consent_server.domain.proof_log.proof import parse_hashes
from consent_server.domain.proof_log.signed_note import Signature, Verifier, open_note, parse_note

Answer = tuple[int, str, str]
TEXT = "text/plain; charset=utf-8"


@dataclass
class WitnessServer:
    """``logs`` are the keys that it knows; ``seen`` is the last checkpoint of each that it cosigned."""

    url: str = ""
    logs: list[Verifier] = field(default_factory=list)
    seen: dict[str, Checkpoint] = field(default_factory=dict)
    key: Ed25519PrivateKey = field(default_factory=lambda: Ed25519PrivateKey.from_private_bytes(b"\7" * 32))
    time: int = 1_800_000_000
    answer: Answer | None = None
    asked: int = 0

    @property
    def witness(self) -> Witness:
        return Witness("witness.example/w1", self.key.public_key().public_bytes_raw())

    def add_checkpoint(self, body: str) -> Answer:
        self.asked += 1
        if self.answer is not None:
            return self.answer
        first, _, rest = body.partition("\n")
        proof, _, note = rest.partition("\n\n") if not rest.startswith("\n") else ("", "", rest[1:])
        checkpoint = parse_body(parse_note(note).text)
        known = [key for key in self.logs if key.name == checkpoint.origin]
        if not known:
            return 404, TEXT, ""
        try:
            open_note(note, known)
        except Invalid:
            return 403, TEXT, ""
        old = int(first.removeprefix("old "))
        last = self.seen.get(checkpoint.origin)
        if old > checkpoint.size:
            return 400, TEXT, ""
        if old != (last.size if last else 0):
            return 409, "text/x.tlog.size", f"{last.size if last else 0}\n"
        if last and old == checkpoint.size and last.root != checkpoint.root:
            return 409, TEXT, ""
        try:
            if last:
                path = parse_hashes(proof + "\n" if proof else "")
                verify_consistency(old, checkpoint.size, last.root, checkpoint.root, path)
        except Invalid:
            return 422, TEXT, ""
        self.seen[checkpoint.origin] = checkpoint
        return 200, TEXT, self.cosign(checkpoint)

    def cosign(self, checkpoint: Checkpoint) -> str:
        value = self.time.to_bytes(8, "big") + self.key.sign(cosigned(checkpoint.body, self.time))
        return Signature(self.witness.name, self.witness.key_id, value).line


@contextlib.contextmanager
def serving_witness(*logs: Verifier) -> Iterator[WitnessServer]:
    """Serve a witness on a free port of the loopback interface."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.path == "/add-checkpoint"
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            status, kind, answer = witness.add_checkpoint(body)
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(answer.encode())))
            self.end_headers()
            self.wfile.write(answer.encode())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        witness = WitnessServer(f"http://127.0.0.1:{server.server_port}", list(logs))
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield witness
        finally:
            server.shutdown()
            thread.join()
