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

import psycopg

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


class PostgreSQL:
    """A PostgreSQL with a folder of its own; killed, it starts again with the same data on the same port.

    It refuses to run as root, which lends it a user.
    """

    def __init__(self, folder: Path, *, durable: bool = False) -> None:
        self._as_user = _lend(folder)
        self._durable = durable
        self._data, self.port = folder / "data", free_port()
        self._log = folder / "log"
        self._run = _runner(_reachable(programs.postgresql(), folder, self._as_user), folder, self._as_user)
        self._run(
            "initdb", "-D", self._data, "-U", "consent", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"
        )

    @property
    def url(self) -> str:
        """The address of the administrator's database."""
        return f"postgresql+psycopg://consent@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        """Start, again and again while processes of a killed one have not left yet."""
        options = f"-c listen_addresses=127.0.0.1 -c port={self.port} -c unix_socket_directories="
        options += " -c max_connections=200"
        if not self._durable:  # the machine does not fail during a test; processes do
            options += " -c fsync=off -c full_page_writes=off"
        start = ("-D", self._data, "-l", self._log, "-o", options, "-w", "-t", START_SECONDS, "start")
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                return self._run("pg_ctl", *start)
            except RuntimeError:
                if time.monotonic() > deadline:
                    raise
            time.sleep(0.1)

    def stop(self) -> None:
        self._run("pg_ctl", "-D", self._data, "-m", "immediate", "-w", "stop")

    def kill(self) -> None:
        """Kill the first process alone, as the system's memory killer might; the others notice and leave."""
        os.kill(self._first(), signal.SIGKILL)
        eventually(lambda: not _answers(self.port), "PostgreSQL is dead")

    def kill_one(self) -> None:
        """Kill a process that serves somebody: all others start anew, and with them the whole server."""
        with psycopg.connect(self.url.replace("+psycopg", ""), autocommit=True) as connection:
            found = connection.execute(
                "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
            ).fetchone()
        if found is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(found[0], signal.SIGKILL)

    def pause(self) -> None:
        """Stop every process where it is, until ``resume``."""
        self._everybody(signal.SIGSTOP)

    def resume(self) -> None:
        self._everybody(signal.SIGCONT)

    def _first(self) -> int:
        return int((self._data / "postmaster.pid").read_text().split()[0])

    def _everybody(self, number: int) -> None:
        first = self._first()
        for pid in (first, *children(first)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)


def children(pid: int) -> list[int]:
    """Give the processes that this one started."""
    with contextlib.suppress(FileNotFoundError):
        return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


@contextlib.contextmanager
def postgresql() -> Iterator[str]:
    """Start PostgreSQL and give its address; its data go with it."""
    with postgresql_server() as server:
        yield server.url


@contextlib.contextmanager
def postgresql_server(*, durable: bool = False) -> Iterator[PostgreSQL]:
    """Start PostgreSQL as ``postgresql`` does, for who kills it; ``durable``: for who measures it."""
    with tempfile.TemporaryDirectory(prefix="consent-postgresql-", ignore_cleanup_errors=True) as name:
        server = PostgreSQL(Path(name), durable=durable)
        server.start()
        try:
            yield server
        finally:
            server.resume()
            server.stop()


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


class Valkey:
    """Valkey without persistence: killed, it starts again on the same port, with nothing."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        command = [programs.valkey(), "--port", str(self.port), "--bind", "127.0.0.1", "--save", ""]
        self._process = subprocess.Popen([*command, "--dir", self._folder], stdout=subprocess.DEVNULL)
        eventually(lambda: _answers(self.port), f"Valkey on port {self.port}")

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def pause(self) -> None:
        """Let it accept and answer nothing, until ``resume``."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def _end(self, number: int) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(signal.SIGCONT)
            process.send_signal(number)
            process.wait()


@contextlib.contextmanager
def valkey() -> Iterator[str]:
    """Start Valkey and give its address."""
    with valkey_server() as server:
        yield server.url


@contextlib.contextmanager
def valkey_server() -> Iterator[Valkey]:
    """Start Valkey as ``valkey`` does, for who kills it."""
    with tempfile.TemporaryDirectory(prefix="consent-valkey-") as folder:
        server = Valkey(Path(folder))
        server.start()
        try:
            yield server
        finally:
            server.stop()


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
            "PYTHONPATH": os.environ.get("PYTHONPATH", ""),  # the same sources as ours
            "HOST": "127.0.0.1",
            "PORT": str(self.port),
            "CONSENT_INSTANCE": str(folder / "instance"),
            "CONSENT_HWM_FILE": str(folder / "high-water-mark.json"),
            "PYTHONUNBUFFERED": "1",
            **({"PYTHONPATH": os.environ["PYTHONPATH"]} if "PYTHONPATH" in os.environ else {}),
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

    @property
    def pid(self) -> int:
        """The number of its first process."""
        assert self._process is not None
        return self._process.pid

    def kill(self) -> None:
        """End every process of the server at once, as a power cut would."""
        self._signal(signal.SIGKILL)

    def kill_first(self) -> None:
        """End the process that started the others, and let those live that notice."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        self._process = None

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
        self.end()

    def end(self) -> None:
        """Stop it, or kill it when it does not stop."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.stop()
        if self._process is not None:
            self.kill()
