"""The five demo sites as shipped: site files beside the pages that belong to them."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from importlib import resources
from typing import Any

import yaml


@functools.cache
def load_demo_sites() -> tuple[Mapping[str, Any], ...]:
    """Return every demo site's file, by name."""
    folder = resources.files("consent_server") / "web" / "demo" / "sites"
    files = sorted((file for file in folder.iterdir() if file.name.endswith(".yaml")), key=lambda file: file.name)
    return tuple(yaml.safe_load(file.read_text(encoding="utf-8")) for file in files)
