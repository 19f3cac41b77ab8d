"""Scans of a site: what a visitor's browser met there, what of it is wrong, and what is new since the last time."""

from __future__ import annotations

from consent_server.web.admin.scans import asking, reading, watching
from consent_server.web.admin.scans.page import blueprint

VIEWS = (asking, reading, watching)

__all__ = ["VIEWS", "blueprint"]
