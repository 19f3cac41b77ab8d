"""nginx as deploy/nginx/consent.conf has it, on free ports, with a certificate of its own, in front of some nodes."""

from __future__ import annotations

import datetime
import ipaddress
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests import programs
from tests.servers import eventually, free_port

CONFIGURATION = Path(__file__).parents[2] / "deploy" / "nginx" / "consent.conf"

AROUND = """\
daemon off;
{user}
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
events {{ worker_connections 1024; }}
http {{
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    access_log off;
    include {folder}/consent.conf;
}}
"""


class Proxy:
    """nginx with nodes behind it: two, as in deploy/."""

    def __init__(self, folder: Path, ports: Sequence[int]) -> None:
        self._folder, self._ports = folder, ports
        self.port, self._plain = free_port(), free_port()
        self.certificate = folder / "fullchain.pem"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    def check(self) -> str:
        """Let nginx read its configuration; return what it found wrong."""
        self._write()
        done = subprocess.run([*self._command, "-t", "-q"], capture_output=True, text=True, check=False)
        return done.stderr

    def start(self) -> None:
        self._write()
        with (self._folder / "output").open("wb") as output:
            self._process = subprocess.Popen(self._command, stdout=output, stderr=output)
        eventually(self._started, "nginx has started")

    @property
    def _command(self) -> list[str]:
        folder = self._folder
        return [str(programs.nginx()), "-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log")]

    def stop(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.terminate()
            process.wait(timeout=30)

    def complaints(self) -> str:
        return "".join((self._folder / name).read_text() for name in ("error.log", "output"))

    def _started(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            raise RuntimeError(f"nginx stopped by itself:\n{self.complaints()}")
        return (self._folder / "nginx.pid").exists()

    def _write(self) -> None:
        self._folder.mkdir(exist_ok=True)
        _make_certificate(self.certificate, self._folder / "privkey.pem")
        user = "user root;" if Path("/proc/self").stat().st_uid == 0 else ""
        (self._folder / "nginx.conf").write_text(AROUND.format(folder=self._folder, user=user))
        (self._folder / "consent.conf").write_text(self._configuration())

    def _configuration(self) -> str:
        text = CONFIGURATION.read_text()
        changes = {
            r"web1:8000": f"127.0.0.1:{self._ports[0]}",
            r"web2:8000": f"127.0.0.1:{self._ports[1]}",
            r"listen 80;": f"listen 127.0.0.1:{self._plain};",
            r"listen 443 ssl;": f"listen 127.0.0.1:{self.port} ssl;",
            r"/etc/nginx/tls/": f"{self._folder}/",
            r"/var/cache/nginx/": f"{self._folder}/",
            r"stderr crit": f"{self._folder}/error.log warn",
        }
        for pattern, value in changes.items():
            text, count = re.subn(pattern, value, text)
            assert count, f"{pattern} is in the configuration"
        return text


def _make_certificate(certificate: Path, key_file: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "consent.example")])
    now = datetime.datetime.now(datetime.UTC)
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(address, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    kind, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    key_file.write_bytes(key.private_bytes(kind, form, serialization.NoEncryption()))
