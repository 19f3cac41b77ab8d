"""The proof log: bytes and numbers in, hashes, proofs and signed notes out. It does not know what consent is.

Documents implemented, and nothing invented beside them:

    merkle       RFC 6962 2.1 (tree hash, audit path, consistency proof); RFC 9162 2.1.3.2 and 2.1.4.2 (verification)
    tiles        C2SP tlog-tiles v1 (coordinates, paths, partial tiles, entry bundles)
    signed_note  C2SP signed-note v1.0.0, Ed25519 (type 0x01) only; other signatures are ignored
    checkpoint   C2SP tlog-checkpoint v1.0.0 without extension lines
    cosignature  C2SP tlog-cosignature, Ed25519 (type 0x04) only
    proof        C2SP tlog-proof@v1, and consistency proofs as base64 lines
    keys         RFC 5869 (HKDF-SHA256): one key per log and purpose from one master seed

No IO, no clock, no randomness: whoever calls passes ``read`` functions and seeds. A wrong input raises ``Invalid``;
a broken promise of our own arithmetic or storage raises ``AssertionError``, so the two are never confused.
"""
