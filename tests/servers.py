"""Starts the real servers that the tests talk to, each on a free port, and stops them: PostgreSQL, Valkey, and ours."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tests import programs

UNPRIVILEGED = "nobody"
START_SECONDS = 60
CONSENT_SERVER = Path(sys.executable).parent / "consent-server"


def free_port() -> int:
    """Give a port of the loopback interface that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def eventually(check: Callable[[], bool], what: str, seconds: float = START_SECONDS) -> None:
    """Wait for something that announces itself to nobody; fail with ``what`` when it does not come."""
    deadline = time.monotonic() + seconds
    while not check():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {seconds} s in vain: {what}")
        time.sleep(0.02)


@contextlib.contextmanager
def postgresql() -> Iterator[str]:
    """Start PostgreSQL and give its address; its data go with it. It refuses to run as root, which lends it a user."""
    with tempfile.TemporaryDirectory(prefix="consent-postgresql-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        as_user = _lend(folder)
        bin_folder = _reachable(programs.postgresql(), folder, as_user)
        data, port = folder / "data", free_port()
        run = _runner(bin_folder, folder, as_user)
        run("initdb", "-D", data, "-U", "consent", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync")
        options = f"-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories= -c max_connections=200"
        no_sync = "-c fsync=off -c full_page_writes=off"  # the machine does not fail during a test; processes do
        run(
            "pg_ctl", "-D", data, "-l", folder / "log", "-o", f"{options} {no_sync}", "-w", "-t", START_SECONDS, "start"
        )
        try:
            yield f"postgresql+psycopg://consent@127.0.0.1:{port}/postgres"
        finally:
            run("pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")


def _lend(folder: Path) -> dict[str, Any]:
    if os.geteuid() != 0:
        return {}
    folder.chmod(0o755)
    shutil.chown(folder, UNPRIVILEGED)
    return {"user": UNPRIVILEGED, "group": pwd.getpwnam(UNPRIVILEGED).pw_gid, "extra_groups": []}


def _reachable(bin_folder: Path, folder: Path, as_user: dict[str, Any]) -> Path:
    """Copy the programs to where the lent user can read them, when a folder above them is closed (a home of root's)."""
    try:
        subprocess.run([bin_folder / "postgres", "--version"], capture_output=True, check=True, **as_user)
    except (PermissionError, subprocess.CalledProcessError):
        package = bin_folder.parents[1]
        for each in (package, package.with_name(f"{package.name}.libs")):  # a wheel keeps its libraries beside it
            copied = shutil.copytree(each, folder / "programs" / each.name, symlinks=True)
            for file in (copied.parent, copied, *copied.rglob("*")):
                file.chmod(0o755)
        return folder / "programs" / bin_folder.relative_to(package.parent)
    return bin_folder


def _runner(bin_folder: Path, folder: Path, as_user: dict[str, Any]) -> Callable[..., None]:
    def run(program: str, *arguments: object) -> None:
        # A file, not a pipe: the server inherits it and would keep a pipe open for ever.
        with (folder / "output").open("w+") as output:
            command = [bin_folder / program, *map(str, arguments)]
            done = subprocess.run(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd=folder, check=False, **as_user
            )
            if done.returncode:
                output.seek(0)
                log = folder / "log"
                raise RuntimeError(f"{program}: {output.read()}\n{log.read_text() if log.exists() else ''}")

    return run


@contextlib.contextmanager
def valkey() -> Iterator[str]:
    """Start Valkey without persistence and give its address."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="consent-valkey-") as folder:
        command = [programs.valkey(), "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as server:
            try:
                eventually(lambda: _answers(port), f"Valkey on port {port}")
                yield f"redis://127.0.0.1:{port}/0"
            finally:
                server.terminate()


def _answers(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


class ConsentServer:
    """Our own server as an operator starts it: ``consent-server run`` with a folder of its own."""

    def __init__(self, folder: Path, *arguments: str, **environment: str) -> None:
        self.folder = folder
        self.port = free_port()
        self.log = folder / "server.log"
        self._arguments = arguments or ("run",)
        self.environment = {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOST": "127.0.0.1",
            "PORT": str(self.port),
            "CONSENT_INSTANCE": str(folder / "instance"),
            "CONSENT_HWM_FILE": str(folder / "high-water-mark.json"),
            "PYTHONUNBUFFERED": "1",
            "CONSENT_SCREENSHOTS": "off",  # seconds for each publication; one test takes them
            **environment,
        }
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def host(self, name: str) -> str:
        """Give the address of a demo site or vendor stand-in, told apart from the others by its host name."""
        return f"http://{name}.localhost:{self.port}"

    def start(self, *, wait: bool = True) -> None:
        command = [CONSENT_SERVER, *self._arguments]
        with self.log.open("ab") as output:
            # A group of its own, so that kill() reaches every process of it and none of ours.
            self._process = subprocess.Popen(
                command, cwd=self.folder, env=self.environment, stdout=output, stderr=output, start_new_session=True
            )
        if wait:
            eventually(self.ready, "GET /readyz answers 200")

    def ready(self) -> bool:
        """Tell whether GET /readyz answers 200; fail at once when the process is gone."""
        if self._process is None or self._process.poll() is not None:
            raise RuntimeError(f"the server stopped by itself:\n{self.output()}")
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{self.url}/readyz", timeout=5) as answer:
            return bool(answer.status == 200)
        return False

    def kill(self) -> None:
        """End every process of the server at once, as a power cut would."""
        self._signal(signal.SIGKILL)

    def stop(self, signal_number: int = signal.SIGTERM) -> int:
        """Ask the server to stop, and give its exit code."""
        return self._signal(signal_number)

    def _signal(self, number: int) -> int:
        if self._process is None:
            return 0
        with contextlib.suppress(ProcessLookupError):
            if number == signal.SIGTERM:
                self._process.send_signal(number)  # the first process passes it on
            else:
                os.killpg(self._process.pid, number)
        code = self._process.wait(timeout=30)
        self._process = None
        return code

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run another ``consent-server`` command on the same installation."""
        command = [CONSENT_SERVER, *arguments]
        return subprocess.run(
            command, cwd=self.folder, env=self.environment, capture_output=True, text=True, timeout=120, check=False
        )

    def output(self) -> str:
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def __enter__(self) -> ConsentServer:
        self.start()
        return self

    def __exit__(self, *_error: object) -> None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.stop()
        if self._process is not None:
            self.kill()
