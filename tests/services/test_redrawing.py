"""A logo that is kept is a small picture and nothing else, whatever was uploaded."""

from __future__ import annotations

import contextlib
import io
import os
import time

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from consent_server.domain.errors import Invalid
from consent_server.domain.logo import TALLEST, WIDEST
from consent_server.services.redrawing import LARGEST_KEPT, LARGEST_UPLOAD, redraw
from tests import pictures

SCRIPT = b"<script>alert(1)</script>"


def _opened(webp: bytes) -> Image.Image:
    return Image.open(io.BytesIO(webp))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize("size", [(600, 150), (150, 600), (40, 10), (3000, 3000), (5000, 2)])
def test_whatever_its_size_it_is_kept_as_it_is_shown_on_a_fine_screen(kind: str, size: tuple[int, int]) -> None:
    drawn = redraw(pictures.encoded(pictures.logo(size), kind))
    kept = _opened(drawn.webp)
    assert kept.format == "WEBP"
    assert len(drawn.webp) <= LARGEST_KEPT
    assert 1 <= drawn.width <= min(WIDEST, size[0])
    assert 1 <= drawn.height <= min(TALLEST, size[1])
    assert kept.width <= min(2 * drawn.width + 1, size[0])
    assert kept.height <= min(2 * drawn.height + 1, size[1])


def test_what_can_be_seen_through_stays_so_and_margins_go() -> None:
    roomy = Image.new("RGBA", (900, 500), (0, 0, 0, 0))
    roomy.paste(pictures.logo(), (100, 200))
    drawn = redraw(pictures.encoded(roomy))
    assert (drawn.width, drawn.height) == (192, 48)
    assert _opened(drawn.webp).convert("RGBA").getpixel((1, 1))[3] == 0  # type: ignore[index]


def test_grey_of_sixteen_bits_stays_grey() -> None:
    drawn = redraw(pictures.encoded(Image.new("I;16", (100, 40), 0x8000)))
    assert _opened(drawn.webp).convert("L").getpixel((5, 5)) in range(0x7E, 0x83)


def test_a_photograph_lies_as_its_camera_was_held() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    drawn = redraw(pictures.encoded(pictures.logo((400, 100)), "JPEG", exif=exif))
    assert (drawn.width, drawn.height) == (12, 48)


def test_nothing_of_the_file_is_kept_but_its_pixels() -> None:
    told = PngInfo()
    told.add_text("Comment", "by somebody, at home")
    exif = Image.Exif()
    exif[0x010E] = "by somebody, at home"
    for data in (
        pictures.encoded(pnginfo=told, exif=exif),
        pictures.encoded(kind="JPEG", exif=exif, comment=b"by somebody, at home"),
        pictures.encoded(kind="WEBP", exif=exif, xmp=b"<x>by somebody, at home</x>"),
    ):
        assert b"at home" in data
        kept = redraw(data).webp
        assert b"at home" not in kept
        assert not {"exif", "xmp", "icc_profile"} & set(_opened(kept).info)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_file_that_is_a_page_as_well_is_no_page_any_more(kind: str) -> None:
    assert SCRIPT not in redraw(pictures.encoded(kind=kind) + SCRIPT).webp


def test_of_a_moving_picture_the_first_is_kept() -> None:
    more = [pictures.logo(colour="#aa0000"), pictures.logo(colour="#00aa00")]
    drawn = redraw(pictures.encoded(kind="WEBP", save_all=True, append_images=more))
    assert not getattr(_opened(drawn.webp), "is_animated", False)


HOSTILE = {
    "svg": (b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>', "An SVG"),
    "svg behind spaces": (b" " * 3000 + b"<SVG onload=alert(1)>", "An SVG"),
    "page": (b"<!doctype html>" + SCRIPT, "This is not a picture"),
    "script": (b"GIF89a=alert(1)//", "This is not a picture"),
    "nothing": (b"", "This is not a picture"),
    "gif": (pictures.encoded(pictures.logo().convert("P"), "GIF"), "This is not a picture"),
    "tiff": (pictures.encoded(kind="TIFF"), "This is not a picture"),
    "postscript": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "This is not a picture"),
    "cut png": (pictures.encoded()[:-200], "This picture is damaged"),
    "cut jpeg": (pictures.encoded(kind="JPEG")[:-200], "This picture is damaged"),
    "cut webp": (pictures.encoded(kind="WEBP")[:-200], "This picture is damaged"),
    "png that says it is large": (pictures.bomb(30_000, 30_000), "A logo has at most 12 million pixels"),
    "png that is large enough to warn": (pictures.bomb(5_000, 4_000), "A logo has at most 12 million pixels"),
    "jpeg of a thousand scans": (pictures.scans(1_000), "This picture is damaged"),
    "nothing to see": (pictures.encoded(Image.new("RGBA", (50, 50), (9, 9, 9, 0))), "Nothing can be seen"),
    "too heavy": (b"\x89PNG\r\n\x1a\n" + bytes(LARGEST_UPLOAD), "A logo has at most 2 MiB"),
}


@pytest.mark.parametrize("attempt", HOSTILE)
def test_what_is_no_picture_or_a_dangerous_one_is_refused_at_once_with_a_sentence(attempt: str) -> None:
    data, sentence = HOSTILE[attempt]
    before = time.process_time()
    with pytest.raises(Invalid) as refused:
        redraw(data)
    assert time.process_time() - before < 1
    assert [message.startswith(sentence) for message in refused.value.problems["image"]] == [True]


def test_a_picture_of_noise_is_not_a_logo() -> None:
    noise = Image.frombytes("RGB", (400, 96), os.urandom(400 * 96 * 3))
    with pytest.raises(Invalid, match="details"):
        redraw(pictures.encoded(noise))


def test_bytes_turned_at_random_lead_to_a_picture_or_a_sentence() -> None:
    for kind in ("PNG", "JPEG", "WEBP"):
        whole = pictures.encoded(pictures.logo((120, 30)), kind)
        for at in range(0, len(whole), max(1, len(whole) // 60)):
            damaged = whole[:at] + bytes([whole[at] ^ 0x55]) + whole[at + 1 :]
            with contextlib.suppress(Invalid):
                assert len(redraw(damaged).webp) <= LARGEST_KEPT
