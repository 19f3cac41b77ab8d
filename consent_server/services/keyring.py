"""The keys of this installation: the master seed of the logs, or only what a web node needs (ledger section 10)."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from consent_server.config import Settings
from consent_server.domain.errors import Invalid
from consent_server.domain.proof_log import keys
from consent_server.domain.proof_log.signed_note import Signer

LOG_KEY_NAME = "log-key"
SECRET_KEY_NAME = "secret-key"


@dataclass(frozen=True)
class Keyring:
    """``master`` signs checkpoints and derives everything; a web node has ``promise`` alone."""

    master: bytes | None = field(repr=False)
    promise: bytes | None = field(repr=False)

    def log_signer(self, origin: str) -> Signer:
        """Return the signer of a log's checkpoints; raises ``Invalid`` on a node that was not given the master."""
        if self.master is None:
            raise Invalid.because("This process was given no LOG_KEY and cannot sign checkpoints.", "LOG_KEY")
        return _log_signer(self.master, origin)

    def promise_signer(self, origin: str) -> Signer:
        """Return the signer of a log's promises."""
        if self.promise is None:
            raise Invalid.because("This process was given neither PROMISE_KEY nor LOG_KEY.", "PROMISE_KEY")
        return _promise_signer(self.promise, origin)


@lru_cache(maxsize=1024)
def _log_signer(master: bytes, origin: str) -> Signer:
    return keys.log_signer(master, origin)


@lru_cache(maxsize=1024)
def _promise_signer(promise: bytes, origin: str) -> Signer:
    return keys.promise_signer(promise, origin)


def read_keyring(settings: Settings) -> Keyring:
    """Read the keys that the settings name; raises ``Invalid`` when one is not 32 bytes of hex."""
    master = _seed("LOG_KEY", settings.log_key) if settings.log_key else _from_file(_log_key_file(settings))
    promise = _seed("PROMISE_KEY", settings.promise_key) if settings.promise_key else None
    if promise is None and master is not None:
        promise = keys.promise_master(master)
    return Keyring(master, promise)


def make_missing_keys(settings: Settings) -> list[Path]:
    """Make what an empty machine needs in the instance folder; return the files that were made."""
    settings.instance.mkdir(mode=0o700, parents=True, exist_ok=True)
    made = []
    if not settings.log_key and not settings.promise_key and _write_once(_log_key_file(settings)):
        made.append(_log_key_file(settings))
    if not settings.secret_key and _write_once(settings.instance / SECRET_KEY_NAME):
        made.append(settings.instance / SECRET_KEY_NAME)
    return made


def secret_key(settings: Settings) -> str:
    """Return what signs the admin's sessions: the setting, or the file of an embedded installation; may be empty."""
    if settings.secret_key:
        return settings.secret_key
    path = settings.instance / SECRET_KEY_NAME
    return path.read_text().strip() if path.is_file() else ""


def _log_key_file(settings: Settings) -> Path:
    return Path(settings.log_key_file) if settings.log_key_file else settings.instance / LOG_KEY_NAME


def _from_file(path: Path) -> bytes | None:
    return _seed(str(path.name), path.read_text().strip()) if path.is_file() else None


def _seed(name: str, text: str) -> bytes:
    try:
        seed = bytes.fromhex(text)
    except ValueError:
        seed = b""
    if len(seed) != keys.SEED_BYTES:
        raise Invalid.because("A key is 32 bytes, written as 64 hexadecimal digits.", name)
    return seed


def _write_once(path: Path) -> bool:
    """Write 32 fresh bytes for the owner's eyes only; keep what is there already."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return False
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_hex(keys.SEED_BYTES) + "\n")
        file.flush()
        os.fsync(file.fileno())
    return True
