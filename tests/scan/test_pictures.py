"""A scan's pictures are what each visitor saw, bounded in size. In a real browser, once."""

from __future__ import annotations

import io
import random

import pytest
from PIL import Image

from consent_server.browser.crawl import Plan
from consent_server.browser.snapshot import bounded
from consent_server.domain.scan import (
    ACCEPTED,
    BEFORE,
    NEXT_VISIT,
    REFUSED,
    WITHDRAWN,
    picture_file,
)
from consent_server.services import scanning
from tests.browser.page_server import PageServer
from tests.pictures import encoded
from tests.scan.sites import BANNER, Site, page

RED = (200, 0, 0)
COLOURED = "<style>#ask:not([hidden]) { background: rgb(200, 0, 0); height: 200px }</style>"


def opened(picture: bytes) -> Image.Image:
    return Image.open(io.BytesIO(picture), formats=["WEBP"])


def shows_the_banner(picture: bytes) -> bool:
    colours = opened(picture).convert("RGB").getcolors(1_000_000)
    assert colours
    near = sum(count for count, colour in colours if all(abs(a - b) < 20 for a, b in zip(colour, RED, strict=True)))
    return near > 20_000


@pytest.mark.browser
def test_each_pass_is_pictured_as_its_visitor_saw_it() -> None:
    site = Site({"/": page(COLOURED, banner=BANNER)})
    with PageServer(site.respond) as server:
        address = server.host("pictured") + "/"
        plan = Plan(address, pages=1, private=True, settle_ms=100, banner_ms=1_000, seconds=240, pictures=True)
        done, ended_early = scanning.scan(plan)
    shown = {name: shows_the_banner(picture) for name, picture in done.pictures.items()}

    assert not ended_early
    assert shown == {
        BEFORE: True,
        f"{BEFORE}-phone": True,
        REFUSED: False,
        NEXT_VISIT: False,
        ACCEPTED: False,
        WITHDRAWN: True,
    }
    assert opened(done.pictures[BEFORE]).size == (1280, 800)
    assert opened(done.pictures[f"{BEFORE}-phone"]).size == (390, 844)
    assert max(map(len, done.pictures.values())) <= plan.picture_bytes
    assert "pictures" not in done.to_json()


def test_a_page_of_noise_makes_no_large_picture() -> None:
    noise = Image.frombytes("RGB", (1280, 800), random.Random(1).randbytes(1280 * 800 * 3))
    taken = bounded(encoded(noise), 100_000)

    assert taken is None or len(taken) <= 100_000
    assert len(bounded(encoded(Image.new("RGB", (1280, 800), "white")), 100_000) or b"") in range(1, 10_000)


def test_a_pictures_file_is_one_in_its_folder() -> None:
    assert picture_file("purpose:audience") == "purpose-audience.webp"
    assert picture_file("../../x") == "------x.webp"
