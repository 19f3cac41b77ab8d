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
from consent_server.domain.proof_log.signed_note import Signer, Verifier

LOG_KEY_NAME = "log-key"
SECRET_KEY_NAME = "secret-key"


@dataclass(frozen=True)
class Keyring:
    """``master`` signs checkpoints and derives everything; a web node has ``promise`` alone.

    ``previous`` is the seed of before while a rotation is under way: its keys sign along.
    """

    master: bytes | None = field(repr=False)
    promise: bytes | None = field(repr=False)
    previous: bytes | None = field(default=None, repr=False)

    def log_signer(self, origin: str) -> Signer:
        """Return the signer of a log's checkpoints; raises ``Invalid`` on a node that was not given the master."""
        if self.master is None:
            raise Invalid.because("This process was given no LOG_KEY and cannot sign checkpoints.", "LOG_KEY")
        return _log_signer(self.master, origin)

    def log_signers(self, origin: str) -> list[Signer]:
        """Return the signers that a log may have now, the newest first; raises ``Invalid`` without the master."""
        before = [] if self.previous is None else [_log_signer(self.previous, origin)]
        return [self.log_signer(origin), *before]

    def log_verifiers(self, origin: str) -> list[Verifier]:
        """Return what our own checkpoints of a log are verified with; raises ``Invalid`` without the master."""
        return [signer.verifier for signer in self.log_signers(origin)]

    def promise_signer(self, origin: str) -> Signer:
        """Return the signer of a log's promises."""
        if self.promise is None:
            raise Invalid.because("This process was given neither PROMISE_KEY nor LOG_KEY.", "PROMISE_KEY")
        return _promise_signer(self.promise, origin)

    def previous_promise_signer(self, origin: str) -> Signer | None:
        """Return who signed a log's promises before the rotation that is under way."""
        return None if self.previous is None else _promise_signer(keys.promise_master(self.previous), origin)


@lru_cache(maxsize=1024)
def _log_signer(master: bytes, origin: str) -> Signer:
    return keys.log_signer(master, origin)


@lru_cache(maxsize=1024)
def _promise_signer(promise: bytes, origin: str) -> Signer:
    return keys.promise_signer(promise, origin)


def read_keyring(settings: Settings) -> Keyring:
    """Read the keys that the settings name; raises ``Invalid`` when one is not 32 bytes of hex."""
    if settings.log_key:
        master: bytes | None = _seed("LOG_KEY", settings.log_key)
        previous = _seed("LOG_KEY_PREVIOUS", settings.log_key_previous) if settings.log_key_previous else None
    else:
        master, previous = _from_file(log_key_file(settings)), _from_file(previous_key_file(settings))
    promise = _seed("PROMISE_KEY", settings.promise_key) if settings.promise_key else None
    if promise is None and master is not None:
        promise = keys.promise_master(master)
    return Keyring(master, promise, previous)


def make_missing_keys(settings: Settings) -> list[Path]:
    """Make what an empty machine needs in the instance folder; return the files that were made."""
    settings.instance.mkdir(mode=0o700, parents=True, exist_ok=True)
    made = []
    if not settings.log_key and not settings.promise_key and _write_once(log_key_file(settings)):
        made.append(log_key_file(settings))
    if not settings.secret_key and _write_once(settings.instance / SECRET_KEY_NAME):
        made.append(settings.instance / SECRET_KEY_NAME)
    return made


def secret_key(settings: Settings) -> str:
    """Return what signs the admin's sessions: the setting, or the file of an embedded installation; may be empty."""
    if settings.secret_key:
        return settings.secret_key
    path = settings.instance / SECRET_KEY_NAME
    return path.read_text().strip() if path.is_file() else ""


def needed_secret_key(settings: Settings) -> str:
    """Return the same, for what does not work without; raises ``Invalid`` where there is none."""
    key = secret_key(settings)
    if not key:
        raise Invalid.because("Set SECRET_KEY, or run `consent-server init`, which makes one.", "SECRET_KEY")
    return key


def log_key_file(settings: Settings) -> Path:
    """Return the file of the master seed."""
    return Path(settings.log_key_file) if settings.log_key_file else settings.instance / LOG_KEY_NAME


def previous_key_file(settings: Settings) -> Path:
    """Return the file of the seed of before, which is there during a rotation."""
    file = log_key_file(settings)
    return file.with_name(file.name + ".previous")


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
