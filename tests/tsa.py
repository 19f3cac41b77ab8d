"""A time-stamping authority of the tests' own: ``openssl ts`` behind a small HTTP server, and ways to misbehave."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

NEEDS_OPENSSL = pytest.mark.skipif(not shutil.which("openssl"), reason="a time-stamping authority needs openssl")

_CONFIGURATION = """
[tsa]
default_tsa = ours
[ours]
serial = {folder}/serial
signer_cert = {folder}/tsa.pem
signer_key = {folder}/tsa.key
{certs}
default_policy = 1.2.3.4
signer_digest = sha256
digests = sha256, sha512
ess_cert_id_alg = sha256
"""


class TimeStamper:
    """An authority: a root, a certificate from it, and ``openssl ts -reply``.

    ``embed_root`` puts the root into its tokens. openssl writes the root after the signer: the order of DER, and so
    the only one that the library reads, because the root is longer. It has its long name twice.
    """

    def __init__(self, folder: Path, name: str = "Test", *, embed_root: bool = False, expired: bool = False) -> None:
        folder.mkdir(parents=True)
        self.folder = folder
        self.root_file = folder / "root.pem"
        now = datetime.now(UTC)
        end = now - timedelta(days=1) if expired else now + timedelta(days=365)
        key, signer_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
        root = _certificate(f"{name} Root Authority of Time Stamps", key, None, now + timedelta(days=3650))
        signer = _certificate(f"{name} TSA", signer_key, (root, key), end)
        self.root_file.write_bytes(root.public_bytes(Encoding.PEM))
        (folder / "tsa.pem").write_bytes(signer.public_bytes(Encoding.PEM))
        (folder / "tsa.key").write_bytes(
            signer_key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
        )
        (folder / "serial").write_text("01\n")
        certs = f"certs = {folder}/root.pem" if embed_root else ""
        (folder / "ts.cnf").write_text(_CONFIGURATION.format(folder=folder, certs=certs))

    def reply(self, query: bytes) -> bytes:
        """Answer a time-stamp query."""
        (self.folder / "query").write_bytes(query)
        self._openssl("-reply", "-config", "ts.cnf", "-section", "ours", "-queryfile", "query", "-out", "reply")
        return (self.folder / "reply").read_bytes()

    def stamp(self, data: bytes) -> bytes:
        """Stamp data, as somebody who asks correctly would have it stamped."""
        (self.folder / "data").write_bytes(data)
        self._openssl("-query", "-data", "data", "-sha256", "-cert", "-out", "query")
        return self.reply((self.folder / "query").read_bytes())

    def _openssl(self, *arguments: str) -> None:
        subprocess.run(["openssl", "ts", *arguments], cwd=self.folder, check=True, capture_output=True, timeout=60)


@dataclass
class Service:
    """The authority on the web: ``answer`` may be exchanged; ``status`` other than 200 is given without one."""

    url: str
    answer: Callable[[bytes], bytes]
    status: int = 200
    asked: list[tuple[dict[str, str], bytes]] = field(default_factory=list)


@contextlib.contextmanager
def serving(answer: Callable[[bytes], bytes]) -> Iterator[Service]:
    """Serve an authority on a free port of the loopback interface."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            query = self.rfile.read(int(self.headers["Content-Length"]))
            service.asked.append((dict(self.headers), query))
            body = service.answer(query) if service.status == 200 else b"down"
            self.send_response(service.status)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        service = Service(f"http://127.0.0.1:{server.server_port}/tsa", answer)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield service
        finally:
            server.shutdown()
            thread.join()


def _certificate(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    issuer: tuple[x509.Certificate, ec.EllipticCurvePrivateKey] | None,
    end: datetime,
) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer[0].subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(end - timedelta(days=3660))
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
    )
    if issuer:
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
        builder = builder.add_extension(usage, critical=True)
    return builder.sign(issuer[1] if issuer else key, SHA256())
