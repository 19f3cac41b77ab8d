"""The library as shipped: one YAML file per vendor under ``library/``; adding a vendor is adding a file."""

from __future__ import annotations

import functools
from importlib import resources

import yaml

from consent_server.domain.library import Library, make_library
from consent_server.domain.vendor_file import parse_vendor

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The C parser where there is one; it reads the whole library some ten times faster."""


@functools.cache
def load_library() -> Library:
    """Return every shipped service, by vendor's file; raise ``Invalid`` when two of them claim the same thing."""
    folder = resources.files("consent_server") / "library"
    files = sorted((file for file in folder.iterdir() if file.name.endswith(".yaml")), key=lambda file: file.name)
    documents = ((yaml.load(file.read_text(encoding="utf-8"), Loader=_Loader), file.name) for file in files)
    return make_library(service for document, name in documents for service in parse_vendor(document, name))
