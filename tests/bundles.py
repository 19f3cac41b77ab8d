"""Evidence that was changed and signed anew: the lie of whoever has the key."""

from __future__ import annotations

import json
from hashlib import sha256

from consent_server.domain.evidence_layout import MANIFEST, MANIFEST_NOTE, manifest_text
from consent_server.domain.proof_log.signed_note import Signer, sign_note


def signed_anew(files: dict[str, bytes], signer: Signer) -> dict[str, bytes]:
    """The same files under a manifest that lists them."""
    listed = {
        path: {"bytes": len(data), "sha256": sha256(data).hexdigest()}
        for path, data in files.items()
        if path not in (MANIFEST, MANIFEST_NOTE)
    }
    values = {**json.loads(files[MANIFEST]), "files": listed}
    manifest = json.dumps(values, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    note = sign_note(manifest_text(values["origin"], manifest), signer).encode()
    return {**files, MANIFEST: manifest, MANIFEST_NOTE: note}
