"""The file that answers a script tag: a configuration's rules in a block scope of their own, then the runtime.

``const`` inside a block keeps the rules where no page script can reach or replace them. ``<`` is escaped so that the
file may also be inlined into a page. The first line has Chromium compile every function while the file arrives, off
the page's thread; otherwise the page would wait for each at its first call.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from consent_server.domain.configuration import digest_of
from consent_server.domain.errors import Invalid
from consent_server.domain.strict_json import MalformedJson, parse_json

_COMMENT = b"//# allFunctionsCalledOnLoad\n"
_BEFORE, _BETWEEN, _AFTER = b"{const $consent=", b";\n", b"\n}\n"


def write_script(rules: bytes, runtime: bytes) -> bytes:
    """Put the file together; ``rules`` is JSON in one line."""
    return _COMMENT + _BEFORE + rules.replace(b"<", b"\\u003c") + _BETWEEN + runtime + _AFTER


def check_script(data: bytes, configuration: Mapping[str, Any]) -> None:
    """Raise ``Invalid`` unless this is the whole file of that configuration, as it is served with its digest."""
    comment, before, rest = data.partition(_BEFORE)
    rules, _, runtime = rest.partition(_BETWEEN)
    if not before or not all(line.startswith(b"//") for line in comment.splitlines()) or not runtime.endswith(_AFTER):
        raise Invalid.because("This is no banner script, or not all of it.")
    try:
        digest = parse_json(rules).get("digest")
    except (MalformedJson, AttributeError) as error:
        raise Invalid.because("The rules in this script cannot be read.") from error
    if digest != configuration["digest"]:
        raise Invalid.because("This script was made for another configuration.")
    if digest_of(runtime.removesuffix(_AFTER)) != configuration.get("runtime_digest"):
        raise Invalid.because("The runtime in this script is not the one that was published: something is missing.")
