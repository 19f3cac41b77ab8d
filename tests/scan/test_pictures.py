"""A scan's pictures are bounded in size, and each is one file; what they show is told in ``test_audit``."""

from __future__ import annotations

import random

from PIL import Image

from consent_server.browser.snapshot import bounded
from consent_server.domain.scan import picture_file
from tests.pictures import encoded


def test_a_page_of_noise_makes_no_large_picture() -> None:
    noise = Image.frombytes("RGB", (1280, 800), random.Random(1).randbytes(1280 * 800 * 3))
    taken = bounded(encoded(noise), 100_000)

    assert taken is None or len(taken) <= 100_000
    assert len(bounded(encoded(Image.new("RGB", (1280, 800), "white")), 100_000) or b"") in range(1, 10_000)


def test_a_pictures_file_is_one_in_its_folder() -> None:
    assert picture_file("purpose:audience") == "purpose-audience.webp"
    assert picture_file("../../x") == "------x.webp"
