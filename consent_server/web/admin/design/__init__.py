"""The banner of a site: its designer, its logo, and what visitors are asked about.

Everything shown is the draft; nothing here reaches a visitor before it is published.
"""

from __future__ import annotations

from consent_server.web.admin.design import logo, page, purposes
from consent_server.web.admin.design.page import blueprint

VIEWS = (page, logo, purposes)

__all__ = ["VIEWS", "blueprint"]
