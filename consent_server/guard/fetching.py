"""Fetch a site's configuration, and its script, into files: for cron or a deployment, never while a visitor waits.

What comes is believed only when its digest is that of its canonical text and the guard can compile it; and it does not
take the place of another site's, or of a newer one. A script is believed when it was made for the configuration that is
kept, with the runtime whose digest that configuration names. Otherwise the file stays as it is.
"""

from __future__ import annotations

import os
import tempfile
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

from consent_server.domain import canonical_json
from consent_server.domain.configuration import digest_of
from consent_server.domain.errors import Invalid
from consent_server.domain.script_file import check_script
from consent_server.domain.strict_json import MalformedJson, parse_json
from consent_server.guard.rules import Rules, compile_rules
from consent_server.guard.source import read_document

LARGEST = 5_000_000


def fetch_configuration(url: str, path: str | os.PathLike[str], timeout: float = 10.0) -> bool:
    """Fetch ``…/v1/sites/KEY/config`` into ``path``; return whether the file changed.

    Raises ``Invalid`` for what must not be kept and ``OSError`` when the server or the file cannot be reached.
    """
    data = _get(url, timeout)
    rules = _check(data)
    target = Path(path)
    kept = _kept(target)
    if kept and kept.site_key != rules.site_key:
        raise Invalid.because(f"This is the configuration of another site than the one in {target}.")
    if kept and kept.version > rules.version:
        raise Invalid.because(f"Version {rules.version} is older than version {kept.version} in {target}.")
    if target.exists() and target.read_bytes() == data:
        return False
    _replace(target, data)
    return True


def fetch_script(url: str, configuration: str | os.PathLike[str], path: str | os.PathLike[str]) -> bool:
    """Fetch the script of the configuration kept in a file, which came from ``url``; return whether ``path`` changed.

    It is asked for by its digest, beside the configuration: what was published meanwhile comes with the next one.
    """
    document = read_document(Path(configuration))
    target = Path(path)
    if target.exists() and _is_whole(target.read_bytes(), document):
        return False
    data = _get(urljoin(url, f"banner.{document['digest'].removeprefix('sha256:')}.js"))
    check_script(data, document)
    _replace(target, data)
    return True


def _is_whole(data: bytes, document: Mapping[str, Any]) -> bool:
    try:
        check_script(data, document)
    except Invalid:
        return False
    return True


def _get(url: str, timeout: float = 10.0) -> bytes:
    if urlsplit(url).scheme not in ("http", "https"):
        raise Invalid.because("The address of a configuration begins with https:// or http://.")
    request = urllib.request.Request(url, headers={"Accept-Encoding": "identity"})
    with urllib.request.urlopen(request, timeout=timeout) as response:
        data: bytes = response.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise Invalid.because(f"What is fetched has at most {LARGEST} bytes.")
    return data


def _check(data: bytes) -> Rules:
    try:
        document = parse_json(data)
    except MalformedJson as error:
        raise Invalid.because(f"This is no configuration. {error}") from error
    rules = compile_rules(document)
    content = {key: value for key, value in document.items() if key != "digest"}
    if document.get("digest") != digest_of(canonical_json.encode(content).encode()):
        raise Invalid.because("The digest is not that of the configuration: something is missing or was changed.")
    return rules


def _kept(path: Path) -> Rules | None:
    """Return what the file holds now; None when there is nothing worth keeping."""
    try:
        return compile_rules(read_document(path))
    except (Invalid, OSError):
        return None


def _replace(path: Path, data: bytes) -> None:
    """Write beside it and rename: a guard that looks meanwhile sees the old file or the new one, never half of it."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(0o644)  # the site may run as somebody else than cron
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
