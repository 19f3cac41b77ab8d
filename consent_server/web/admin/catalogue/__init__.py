"""The cookie catalogue of a site: the table, one tracker, services, files, and the history of changes.

Everything shown is the draft; nothing here reaches a visitor before it is published.
"""

from __future__ import annotations

from consent_server.web.admin.catalogue import changes, files, filling, services, table, trackers
from consent_server.web.admin.catalogue.page import blueprint

VIEWS = (table, trackers, services, filling, files, changes)

__all__ = ["VIEWS", "blueprint"]
