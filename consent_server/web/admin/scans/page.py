"""What every page on scans has: its blueprint, the scan that its address names, and the words."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template, request

from consent_server.services.reading_pdf import LARGEST_PDF
from consent_server.storage import scans
from consent_server.storage.database import db
from consent_server.storage.scans import KeptScan
from consent_server.web.admin.access import this_site
from consent_server.web.admin.catalogue.page import LARGEST_FORM
from consent_server.web.admin.scans import words

TAKES_POLICY = "admin_scans.compare_policy"

blueprint = Blueprint("admin_scans", __name__, url_prefix="/admin/sites/<site_key>/scans")
blueprint.add_app_template_filter(words.of_pass, "of_pass")
blueprint.add_app_template_filter(words.pictured, "pictured")
blueprint.add_app_template_filter(words.lasting, "lasting")
blueprint.add_app_template_filter(words.said, "said")


@blueprint.before_request
def take_long_policies() -> None:
    """Let a policy in; this runs before anything reads the form."""
    if request.endpoint == TAKES_POLICY:
        request.max_form_memory_size = LARGEST_FORM
        request.max_content_length = LARGEST_FORM + LARGEST_PDF


def this_scan(scan_id: int) -> KeptScan:
    """Return the scan of that number; raise ``NotFound`` when the site has none."""
    return scans.find_scan(db.session(), this_site().id, scan_id)


def shown(template: str, **values: Any) -> str:
    """Return a page on scans."""
    return render_template(f"admin/scans/{template}", site=this_site(), words=words, **values)
