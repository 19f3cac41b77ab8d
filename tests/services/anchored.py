"""Bundles of a site whose log is anchored, and what the stand-alone verifier says of them."""

from __future__ import annotations

import io
from pathlib import Path

from consent_server import verify
from consent_server.services import clock, exporting
from consent_server.services.exporting import Filters
from tests.proof_logs import KEYRING, ORIGIN, Installation

ANCHOR_ORIGIN = "demo.example/v1/log"
ANCHOR_KEY = KEYRING.log_signer(ANCHOR_ORIGIN).verifier
LOG_KEY = KEYRING.log_signer(ORIGIN).verifier


def export(installation: Installation, form: str = "zip", **filters: str) -> bytes:
    out = io.BytesIO()
    arguments = installation.sessions, "demo", form, out, KEYRING, installation.high_water, clock.now()
    exporting.export(*arguments, filters=Filters(**filters) if filters else None)  # type: ignore[arg-type]
    return out.getvalue()


def judge(data: bytes, folder: Path, *arguments: str) -> int:
    (folder / "evidence.zip").write_bytes(data)
    keys = "--key", LOG_KEY.vkey, "--anchor-key", ANCHOR_KEY.vkey
    return verify.main([str(folder / "evidence.zip"), *keys, *arguments])
