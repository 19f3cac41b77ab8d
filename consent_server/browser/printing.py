"""Printing a page of our own as PDF, tagged for screen readers, with an outline. Nothing is asked for; nothing runs."""

from __future__ import annotations

from consent_server.browser.chromium import open_chromium
from consent_server.domain.errors import Unavailable

PATIENCE_MS = 60_000
_FOOT = (
    '<div style="font: 7pt sans-serif; width: 100%; padding: 0 14mm; text-align: right">'
    '<span class="pageNumber"></span> / <span class="totalPages"></span></div>'
)


def print_pdf(page_html: str) -> bytes:
    """Return a page of HTML as PDF, A4, its pages numbered. Raises ``Unavailable`` without a browser."""
    with open_chromium() as browser:
        from playwright.sync_api import Error  # known to be there by now

        context = browser.new_context(java_script_enabled=False, offline=True)
        context.set_default_timeout(PATIENCE_MS)
        try:
            page = context.new_page()
            page.route("**/*", lambda route: route.abort())
            page.set_content(page_html)
            return page.pdf(
                format="A4",
                prefer_css_page_size=True,
                print_background=True,
                display_header_footer=True,
                header_template="<span></span>",
                footer_template=_FOOT,
                tagged=True,
                outline=True,
            )
        except Error as error:
            raise Unavailable(f"The report could not be printed: {error.message.splitlines()[0]}") from None
