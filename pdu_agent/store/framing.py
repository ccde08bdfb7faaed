# SPDX-License-Identifier: Apache-2.0
"""The record as bytes in a file: one header line, then the record, padded to whole blocks.

    openpdu-record 1 00000a31 5f1c2e77
    {"boot_id":"...","boots":3,...}

The header has the format version, the payload's length in bytes and a CRC-32 (the one of
zlib) over the header before it and the payload, both in hexadecimal. A torn or altered file
is always recognised, because the whole header has to be exactly the one that belongs to the
payload, and CRC-32 finds every error within 32 bits in a row. The padding is part of the
payload; it keeps the size as the record grows and shrinks.

Format 1 is JSON, which a person can read. Format 2 is a zlib stream (RFC 1950) of store/tables.py,
a tenth of the size; it is for the card, which is written each minute. It keeps fewer digits of
what meters cannot tell that well: see KEPT_DECIMALS.
"""

from __future__ import annotations

import json
import zlib
from typing import Any

from pdu_agent.model.errors import StoreError
from pdu_agent.model.record import Record
from pdu_agent.store.plain_record import from_plain, to_plain
from pdu_agent.store.tables import from_text, to_text

_MAGIC = b"openpdu-record "
_READABLE, _SMALL = _MAGIC + b"1 ", _MAGIC + b"2 "
HEADER_BYTES = len(_READABLE) + len(b"00000000 00000000\n")
BLOCK_BYTES = 4096
MAX_RECORD_BYTES = 16 * 1024 * 1024
"""A backup may come from anywhere: so much a stream may swell to, many times the largest record."""
KEPT_DECIMALS = {
    "remainder_mj": 3,
    "peak_power_w": 2,
    "peak_demand_w": 2,
    "peak_current_a": 4,
    "peak_wall_s": 1,
    "peak_demand_wall_s": 1,
    "peak_current_wall_s": 1,
}
"""Of a meter's row in format 2. Seventeen digits of each peak are half of a record."""
_LEVEL = 6
"""Of zlib: 3 ms a minute on a PC, and 9 takes away another 1 %."""


def encode(record: Record, small: bool = False) -> bytes:
    """The whole file, a multiple of BLOCK_BYTES. Equal records give equal bytes.

    small: in format 2. Raises StoreError for a value that JSON has no form for, such as a NaN.
    """
    try:
        if small:
            return _framed(_SMALL, zlib.compress(to_text(_rounded(record)).encode(), _LEVEL), b"\0")
        text = json.dumps(to_plain(record), separators=(",", ":"), sort_keys=True, allow_nan=False)
    except (TypeError, ValueError) as exc:
        raise StoreError(f"record {record.seq} cannot be stored: {exc}") from exc
    return _framed(_READABLE, text.encode("ascii"), b" ")


def decode(data: bytes) -> Record:
    """The record in a whole file. Raises StoreError saying what is wrong with it."""
    start, payload = data[: len(_READABLE)], data[HEADER_BYTES:]
    if start not in (_READABLE, _SMALL) or data[:HEADER_BYTES] != _header(start, payload):
        raise StoreError(_damage(data))
    plain = _unpacked(payload) if start == _SMALL else _parsed(payload)
    return from_plain(plain)


def _parsed(payload: bytes) -> dict[str, Any]:
    try:
        plain = json.loads(payload)
    except ValueError as exc:
        raise StoreError(f"is not JSON: {exc}") from exc
    if not isinstance(plain, dict):
        raise StoreError(f"holds a {type(plain).__name__}, expected an object")
    return plain


def _unpacked(payload: bytes) -> dict[str, Any]:
    stream = zlib.decompressobj()
    try:
        text = stream.decompress(payload, MAX_RECORD_BYTES)
        if not stream.eof:
            raise StoreError(f"is no whole stream of at most {MAX_RECORD_BYTES} bytes")
        return from_text(text)
    except (zlib.error, ValueError) as exc:
        raise StoreError(f"cannot be unpacked: {exc}") from exc


def _rounded(record: Record) -> dict[str, Any]:
    plain = to_plain(record)
    for row in plain["meters"].values():
        for name, decimals in KEPT_DECIMALS.items():
            if row.get(name) is not None:
                row[name] = round(row[name], decimals)
    return plain


def _framed(start: bytes, content: bytes, filler: bytes) -> bytes:
    padding = -(HEADER_BYTES + len(content) + 1) % BLOCK_BYTES
    payload = content + filler * padding + b"\n"
    return _header(start, payload) + payload


def _header(start: bytes, payload: bytes) -> bytes:
    start += b"%08x " % len(payload)
    return start + b"%08x\n" % zlib.crc32(payload, zlib.crc32(start))


def _damage(data: bytes) -> str:
    if not data:
        return "is empty"
    if not data.startswith(_MAGIC):
        return "does not begin as a record of OpenPDU"
    if not data.startswith((_READABLE, _SMALL)):
        return "is torn, or of another format than 1 and 2"
    return f"is torn or altered: {len(data)} bytes do not match their length and checksum"
