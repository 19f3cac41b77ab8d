"""Policies as files: what is a PDF is read as one, within bounds, and never by the process that was asked."""

from __future__ import annotations

import io
import random
import zlib

import pypdf
import pytest

from consent_server.domain.errors import Invalid
from consent_server.services import reading_pdf
from consent_server.services.reading_policies import policy_text
from tests.pdfs import pdf_of


def _pdf(content: bytes, pages: int = 1) -> bytes:
    """Return a small PDF whose pages all have one compressed content, written by hand."""
    packed = zlib.compress(content)
    kids = b" ".join(b"3 0 R" for _ in range(pages))
    return b"".join(
        (
            b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n",
            b"2 0 obj<</Type/Pages/Kids[%s]/Count %d>>endobj\n" % (kids, pages),
            b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Contents 4 0 R",
            b"/Resources<</Font<</F 5 0 R>>>>>>endobj\n",
            b"4 0 obj<</Length %d/Filter/FlateDecode>>stream\n%s\nendstream endobj\n" % (len(packed), packed),
            b"5 0 obj<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF",
        )
    )


def test_a_table_keeps_its_rows_and_what_is_beside_it_stays_prose() -> None:
    source = (
        "One line of prose.\n\n#table(columns: 2, [Name], [Lifetime], [\\_ga], [13 months], [x], [1 year])\n\nThe end."
    )

    assert policy_text(pdf_of(source)).split("\n") == [
        "One line of prose.",
        "Name\tLifetime",
        "_ga\t13 months",
        "x\t1 year",
        "The end.",
        "",
    ]


def test_a_text_is_no_pdf() -> None:
    assert policy_text("Été".encode()) == policy_text("Été".encode("cp1252")) == "Été"


@pytest.mark.parametrize("coding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_a_text_is_read_as_its_editor_wrote_it(coding: str) -> None:
    text = "Été, 13 mois. " * 9 + "\x02"  # what a copy from elsewhere leaves behind

    assert policy_text(text.encode(coding)) == text


def _locked(password: str) -> bytes:
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(pdf_of("Hello")))
    writer.encrypt(password, owner_password="other")
    written = io.BytesIO()
    writer.write(written)
    return written.getvalue()


def test_a_pdf_that_only_forbids_changes_is_read() -> None:
    assert "Hello" in policy_text(_locked(""))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        pytest.param(_locked("secret"), "locked by a password", id="locked"),
        pytest.param(random.Random(1).randbytes(10_000_000), "neither text", id="noise"),
        pytest.param(b"PK\x03\x04" + zlib.compress(random.Random(2).randbytes(9_000)), "neither text", id="archive"),
        pytest.param(b"%PDF-1.7\n%%EOF", "cannot be read", id="empty"),
        pytest.param(pdf_of("Hello")[:700], "cannot be read", id="cut-short"),
        pytest.param(pdf_of(""), "only pictures", id="without-text"),
        pytest.param(b"%PDF-" + b"x" * reading_pdf.LARGEST_PDF, "at most 20 MB", id="too-large"),
        pytest.param(_pdf(b"q " * 50_000_000), "cannot be read", id="bomb"),
    ],
)
def test_what_cannot_be_read_is_refused_in_a_sentence(data: bytes, said: str) -> None:
    with pytest.raises(Invalid) as refused:
        policy_text(data)

    assert said in str(refused.value.problems)


def test_what_takes_for_ever_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading_pdf, "SECONDS", 1)
    slow = _pdf(b"BT /F 9 Tf " + b"1 0 0 1 0 0 Tm (A) Tj " * 200_000 + b"ET", pages=100)

    with pytest.raises(Invalid):
        policy_text(slow)
