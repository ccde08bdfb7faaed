# SPDX-License-Identifier: Apache-2.0
"""The part of BER (X.690) that SNMP uses: definite lengths, primitive strings, bounded numbers.

Readers take `data` with the octets start to stop of it, so that nothing is copied to look
at it. Whatever RFC 3417 section 8 does not allow raises MalformedMessage.
"""

from __future__ import annotations

from pdu_agent.mib_impl.syntax import Oid
from pdu_agent.model.errors import OpenPduError

INTEGER, OCTET_STRING, NULL, OID, SEQUENCE = 0x02, 0x04, 0x05, 0x06, 0x30
IP_ADDRESS, COUNTER32, GAUGE32, TIME_TICKS, OPAQUE, COUNTER64 = 0x40, 0x41, 0x42, 0x43, 0x44, 0x46
GET, GET_NEXT, RESPONSE, SET, GET_BULK, REPORT = 0xA0, 0xA1, 0xA2, 0xA3, 0xA5, 0xA8

MAX_SUBIDS = 128
"""Of an OID (RFC 2578 section 3.5); each fits 32 bits."""

_MAX_OID_OCTETS = 5 * MAX_SUBIDS
_UINT32 = 0xFFFF_FFFF
_NO_LENGTH = 0x80


class MalformedMessage(OpenPduError):
    """Not an SNMP message as RFC 3417 section 8 encodes it."""


def header(data: bytes, position: int, end: int) -> tuple[int, int, int]:
    """Tag, start and stop of the content of the element at `position`, which ends by `end`."""
    if position + 2 > end:
        raise MalformedMessage("ends inside an element's header")
    tag, length = data[position], data[position + 1]
    start = position + 2
    if length >= 0x80:
        octets = length & 0x7F
        if not 1 <= octets <= 4 or start + octets > end:
            raise MalformedMessage("indefinite or oversized length")
        length = int.from_bytes(data[start : start + octets], "big")
        start += octets
    if length > end - start:
        raise MalformedMessage("an element reaches beyond its parent")
    return tag, start, start + length


def enter(data: bytes, position: int, end: int, wanted: int) -> tuple[int, int]:
    """Start and stop of the content of the element at `position`, which has the tag `wanted`.

    Nearly every length has one octet, or two, which is not worth a second call.
    """
    start = position + 2
    length = data[position + 1] if start <= end else _NO_LENGTH
    if length < 0x80:
        tag, stop = data[position], start + length
    elif length == 0x81 and start < end:
        tag, start, stop = data[position], start + 1, start + 1 + data[start]
    else:
        tag, start, stop = header(data, position, end)
    if tag != wanted:
        raise MalformedMessage(f"tag 0x{tag:02x} where 0x{wanted:02x} belongs")
    if stop > end:
        raise MalformedMessage("an element reaches beyond its parent")
    return start, stop


def small_integer(
    data: bytes, start: int, stop: int, error: type[MalformedMessage] = MalformedMessage
) -> int:
    """A signed integer of at most 32 bits; anything wider is refused, not cut."""
    if not 1 <= stop - start <= 4:
        raise error(f"integer of {stop - start} octets")
    return int.from_bytes(data[start:stop], "big", signed=True)


def integer_at(data: bytes, position: int, end: int) -> tuple[int, int]:
    """The 32-bit INTEGER at `position`, and where the next element starts."""
    start, stop = enter(data, position, end, INTEGER)
    if not 1 <= stop - start <= 4:
        raise MalformedMessage(f"integer of {stop - start} octets")
    return int.from_bytes(data[start:stop], "big", signed=True), stop


def decode_oid(data: bytes, start: int, stop: int) -> Oid:
    """The sub-identifiers that the content octets of an OBJECT IDENTIFIER stand for."""
    if not 1 <= stop - start <= _MAX_OID_OCTETS or data[stop - 1] & 0x80:
        raise MalformedMessage("OID that is empty, too long or cut")
    subids: list[int] = []
    subid = 0
    for octet in data[start:stop]:
        if octet == 0x80 and not subid:
            raise MalformedMessage("sub-identifier with leading zeros")
        subid = subid << 7 | octet & 0x7F
        if octet & 0x80:
            continue
        if subid > _UINT32:
            raise MalformedMessage("sub-identifier over 32 bits")
        subids.append(subid)
        subid = 0
    if len(subids) >= MAX_SUBIDS:
        raise MalformedMessage(f"OID of more than {MAX_SUBIDS} sub-identifiers")
    first = min(subids[0] // 40, 2)
    return (first, subids[0] - 40 * first, *subids[1:])


def element(tag: int, content: bytes) -> bytes:
    return head(tag, len(content)) + content


def head(tag: int, length: int) -> bytes:
    """Tag and length octets of an element with `length` (0 to 65535) octets of content."""
    if length < 0x80:
        return bytes((tag, length))
    if length < 0x100:
        return bytes((tag, 0x81, length))
    return bytes((tag, 0x82, length >> 8, length & 0xFF))


def integer_content(number: int) -> bytes:
    """Two's complement in as few octets as possible (X.690 section 8.3.2)."""
    octets = (number if number >= 0 else ~number).bit_length() // 8 + 1
    return number.to_bytes(octets, "big", signed=True)


def encode_integer(number: int, tag: int = INTEGER) -> bytes:
    return element(tag, integer_content(number))


def oid_content(oid: Oid) -> bytes:
    """oid: two sub-identifiers or more; the first two share one number (X.690 8.19.4)."""
    content = bytearray()
    for subid in (oid[0] * 40 + oid[1], *oid[2:]):
        shift = max(0, subid.bit_length() - 1) // 7 * 7
        while shift:
            content.append(0x80 | subid >> shift & 0x7F)
            shift -= 7
        content.append(subid & 0x7F)
    return bytes(content)


def encode_oid(oid: Oid) -> bytes:
    return element(OID, oid_content(oid))
