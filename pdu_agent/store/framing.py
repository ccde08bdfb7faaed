# SPDX-License-Identifier: Apache-2.0
"""The record as bytes in a file: one header line, then JSON, padded to whole blocks.

    openpdu-record 1 00000a31 5f1c2e77
    {"boot_id":"...","boots":3,...}

The header has the format version, the payload's length in bytes and a CRC-32 (the one of
zlib) over the header before it and the payload, both in hexadecimal. A person can read the
file; a torn or altered one is always recognised, because the whole header has to be exactly
the one that belongs to the payload, and CRC-32 finds every error within 32 bits in a row.
The padding is part of the payload; it keeps the size as the record grows and shrinks.
"""

from __future__ import annotations

import json
import zlib

from pdu_agent.model.errors import StoreError
from pdu_agent.model.record import Record

FORMAT_VERSION = 1
_MAGIC = b"openpdu-record "
_START = _MAGIC + b"%d " % FORMAT_VERSION
HEADER_BYTES = len(_START) + len(b"00000000 00000000\n")
BLOCK_BYTES = 4096


def encode(record: Record) -> bytes:
    """The whole file, a multiple of BLOCK_BYTES. Equal records give equal bytes.

    Raises StoreError for a value that JSON has no form for, such as a NaN.
    """
    try:
        text = json.dumps(record.to_plain(), separators=(",", ":"), sort_keys=True, allow_nan=False)
    except (TypeError, ValueError) as exc:
        raise StoreError(f"record {record.seq} cannot be stored: {exc}") from exc
    padding = -(HEADER_BYTES + len(text) + 1) % BLOCK_BYTES
    payload = text.encode("ascii") + b" " * padding + b"\n"
    return _header(payload) + payload


def decode(data: bytes) -> Record:
    """The record in a whole file. Raises StoreError saying what is wrong with it."""
    payload = data[HEADER_BYTES:]
    if data[:HEADER_BYTES] != _header(payload):
        raise StoreError(_damage(data))
    try:
        plain = json.loads(payload)
    except ValueError as exc:
        raise StoreError(f"is not JSON: {exc}") from exc
    if not isinstance(plain, dict):
        raise StoreError(f"holds a {type(plain).__name__}, expected an object")
    return Record.from_plain(plain)


def _header(payload: bytes) -> bytes:
    start = _START + b"%08x " % len(payload)
    return start + b"%08x\n" % zlib.crc32(payload, zlib.crc32(start))


def _damage(data: bytes) -> str:
    if not data:
        return "is empty"
    if not data.startswith(_MAGIC):
        return "does not begin as a record of OpenPDU"
    if not data.startswith(_START):
        return f"is torn, or of another format than {FORMAT_VERSION}"
    return f"is torn or altered: {len(data)} bytes do not match their length and checksum"
