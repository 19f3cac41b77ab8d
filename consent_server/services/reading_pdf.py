"""The text of a PDF, read in a process of its own: a hostile file costs that process its time and memory, nobody else.

1  ``pdf_text`` starts this module as a program and hands it the file
2  the program bounds its own time and memory, before it looks at anything
3  each page is written out as it is laid out; page after page, at most ``MOST_PAGES``
"""

from __future__ import annotations

import io
import resource
import subprocess
import sys

from consent_server.domain.errors import Invalid
from consent_server.domain.policy_text import LONGEST_POLICY, tabbed

LARGEST_PDF = 20 * 1024 * 1024
MOST_PAGES = 100
SECONDS = 20
MEMORY = 512 * 1024 * 1024
"""Bytes of address space."""

_LOCKED = 3  # the program's answer for a file that asks for a password


def is_pdf(data: bytes) -> bool:
    """Whether a file says that it is a PDF; readers look for the mark in its first kilobyte."""
    return b"%PDF-" in data[:1024]


def pdf_text(data: bytes) -> str:
    """Return a PDF's text, its tables as rows of tabs. Raises ``Invalid`` for one that cannot be read in time."""
    if len(data) > LARGEST_PDF:
        raise Invalid.because(f"A PDF has at most {LARGEST_PDF // 1024 // 1024} MB; this one is larger.")
    try:
        done = subprocess.run(_program(), input=data, capture_output=True, timeout=SECONDS * 3, check=True)
    except (subprocess.SubprocessError, OSError) as error:
        if getattr(error, "returncode", None) == _LOCKED:
            raise Invalid.because("This PDF is locked by a password: save it without one.") from None
        raise Invalid.because("This PDF cannot be read: it is damaged, or too large.") from None
    text = tabbed(done.stdout.decode("utf-8", "replace"))
    if not text.strip():
        raise Invalid.because("This PDF holds no text, only pictures: copy its text, or save it with text.")
    return text


def _program() -> list[str]:
    return [sys.executable, "-m", __name__, str(SECONDS)]


def _main(seconds: int) -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    import pypdf  # under the bounds

    reader = pypdf.PdfReader(io.BytesIO(sys.stdin.buffer.read()))
    if reader.is_encrypted and not reader.decrypt(""):
        sys.exit(_LOCKED)
    length = 0
    for page in reader.pages[:MOST_PAGES]:
        text = page.extract_text(extraction_mode="layout", layout_mode_space_vertically=False)
        length += len(text)
        sys.stdout.buffer.write(text.encode("utf-8", "replace") + b"\n")
        if length > LONGEST_POLICY:
            break


if __name__ == "__main__":
    _main(int(sys.argv[1]))
