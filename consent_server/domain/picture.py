"""A picture of what visitors are shown, with the little that is checked of one that somebody hands in."""

from __future__ import annotations

from dataclasses import dataclass, field

from consent_server.domain.errors import Invalid

LAYERS = (1, 2)
DEVICES = ("phone", "desktop")
LARGEST_BYTES = 4 * 2**20

_PNG = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True)
class Picture:
    """A PNG of one layer, in one language, on one device. Raises ``Invalid`` for anything else."""

    language: str
    layer: int
    device: str
    png: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if self.layer not in LAYERS or self.device not in DEVICES:
            raise Invalid.because("A picture is of layer 1 or 2, on a phone or a desktop.", "screenshot")
        if not self.png.startswith(_PNG):
            raise Invalid.because("A picture is a PNG.", "screenshot")
        if len(self.png) > LARGEST_BYTES:
            raise Invalid.because("A picture has at most 4 MiB.", "screenshot")
