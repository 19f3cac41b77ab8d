"""Printing pages of our own as PDF, tagged for screen readers, with an outline. Nothing is asked for; nothing runs.

    python -m consent_server.browser.printing        takes pages as a list in JSON, gives their PDFs as another (base64)

It is a program of its own, as visits are: a browser that comes to no end is ended with it, and whoever waits goes on.
"""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence

from consent_server.browser.chromium import find_chromium, open_chromium
from consent_server.browser.crawl import PLACE, environment
from consent_server.browser.processes import end_family
from consent_server.domain.errors import Unavailable

PATIENCE_S = 90
NICE = 10
_FOOT = (
    '<div style="font: 7pt sans-serif; width: 100%; padding: 0 14mm; text-align: right">'
    '<span class="pageNumber"></span> / <span class="totalPages"></span></div>'
)


def print_pdfs(pages: Sequence[str], patience_s: float = PATIENCE_S) -> list[bytes]:
    """Return pages of HTML as PDF, A4, their pages numbered. Raises ``Unavailable`` without a browser."""
    find_chromium()  # said here, where it can be said in a sentence
    with tempfile.TemporaryDirectory(prefix=PLACE, ignore_cleanup_errors=True) as place:
        program = subprocess.Popen(
            [sys.executable, "-m", "consent_server.browser.printing"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            env=environment(place),
        )
        try:
            told, said = program.communicate(json.dumps(list(pages)).encode(), patience_s)
        except subprocess.TimeoutExpired:
            raise Unavailable(f"The report could not be printed within {patience_s:g} seconds.") from None
        finally:
            if program.returncode is None:
                end_family(program.pid)
                program.communicate()
    if program.returncode:
        why = said.decode(errors="replace").strip().splitlines()[-1:] or ["the browser ended by itself"]
        raise Unavailable(f"The report could not be printed: {why[0]}")
    return [base64.b64decode(each) for each in json.loads(told)]


def main() -> None:
    """Read pages, print each; end when nobody can be waiting any more."""
    os.nice(NICE)
    signal.alarm(2 * PATIENCE_S)
    pages = json.load(sys.stdin)
    try:
        printed = [base64.b64encode(pdf).decode() for pdf in _printed(pages)]
    except Unavailable as away:
        sys.exit(str(away))
    json.dump(printed, sys.stdout)


def _printed(pages: Sequence[str]) -> Iterator[bytes]:
    with open_chromium() as browser:
        from playwright.sync_api import Error  # known to be there by now

        context = browser.new_context(java_script_enabled=False, offline=True)
        context.set_default_timeout(PATIENCE_S * 1_000)
        try:
            for each in pages:
                page = context.new_page()
                page.route("**/*", lambda route: route.abort())
                page.set_content(each)
                yield page.pdf(
                    format="A4",
                    prefer_css_page_size=True,
                    print_background=True,
                    display_header_footer=True,
                    header_template="<span></span>",
                    footer_template=_FOOT,
                    tagged=True,
                    outline=True,
                )
                page.close()
        except Error as error:
            raise Unavailable(error.message.splitlines()[0]) from None


if __name__ == "__main__":
    main()
