# SPDX-License-Identifier: Apache-2.0
"""AgentX packets (RFC 2741 sections 5 and 6), read in both byte orders, written in network order.

Names are written without the prefix that may stand for 1.3.6.1, so that the octets of two
names sort as the names do.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from struct import Struct, error, pack, unpack_from
from typing import cast

from pdu_agent.mib_impl.syntax import Oid, Tag, Value
from pdu_agent.model.errors import OpenPduError
from pdu_agent.snmp.image import Encoding

VERSION = 1
HEADER_OCTETS = 20
MAX_SUBIDS = 128
MAX_RANGES = 2048
"""In one request: of the shortest names, one over UDP could have 9,000."""
NETWORK_BYTE_ORDER, NON_DEFAULT_CONTEXT = 0x10, 0x08
NETWORK, LITTLE = ">", "<"

HEADERS = {NETWORK: Struct(">BBBxIIII"), LITTLE: Struct("<BBBxIIII")}
"""version, type, flags, session, transaction, packet, octets of the payload."""
RESPONSE_HEAD = Struct(">BBBxIIIIIHH")
"""The header of a Response, then sysUpTime, error and index."""
RESPONSE_FIELDS_OCTETS = 8

NULL_NAME = bytes(4)
VARBIND_NAME = 4
"""Where the name stands in an encoded varbind; its sub-identifiers start four octets later."""

_INTERNET: Oid = (1, 3, 6, 1)
_END_OF_MIB_VIEW, _NO_SUCH_INSTANCE, _NO_SUCH_OBJECT = 130, 129, 128
_UNSIGNED = frozenset({Tag.COUNTER32, Tag.UNSIGNED32, Tag.TIME_TICKS})
_STRINGS = frozenset({Tag.OCTET_STRING, Tag.IP_ADDRESS, Tag.OPAQUE})
_TAGS = {tag.value: tag for tag in Tag}


class PacketType(IntEnum):
    """RFC 2741 section 6.1."""

    OPEN = 1
    CLOSE = 2
    REGISTER = 3
    GET = 5
    GET_NEXT = 6
    GET_BULK = 7
    TEST_SET = 8
    COMMIT_SET = 9
    UNDO_SET = 10
    CLEANUP_SET = 11
    NOTIFY = 12
    PING = 13
    ADD_AGENT_CAPS = 16
    RESPONSE = 18


class Error(IntEnum):
    """res.error (RFC 2741 section 6.2.16); below 256 it is an error-status of RFC 3416."""

    NO_ERROR = 0
    TOO_BIG = 1
    GEN_ERR = 5
    COMMIT_FAILED = 14
    UNDO_FAILED = 15
    NOT_OPEN = 257
    UNSUPPORTED_CONTEXT = 262
    DUPLICATE_REGISTRATION = 263
    PARSE_ERROR = 266
    REQUEST_DENIED = 267


class CloseReason(IntEnum):
    """RFC 2741 section 6.2.2."""

    OTHER = 1
    PARSE_ERROR = 2
    PROTOCOL_ERROR = 3
    TIMEOUTS = 4
    SHUTDOWN = 5
    BY_MANAGER = 6


class MalformedPacket(OpenPduError):
    """Not what RFC 2741 section 5 or 6 says."""


class TooManyRanges(OpenPduError):
    """More SearchRanges than MAX_RANGES: answering them would hold up everything else."""


# -- writing ------------------------------------------------------------------------------


def packet(kind: PacketType, session: int, number: int, payload: bytes = b"") -> bytes:
    """One that the subagent sends by itself. number: what its Response will repeat."""
    head = HEADERS[NETWORK].pack(
        VERSION, kind, NETWORK_BYTE_ORDER, session, 0, number, len(payload)
    )
    return head + payload


def response(header: tuple[int, int, int], failure: int, index: int, varbinds: bytes) -> bytes:
    """header: session, transaction and packet of the request."""
    octets = RESPONSE_FIELDS_OCTETS + len(varbinds)
    head = RESPONSE_HEAD.pack(
        VERSION, PacketType.RESPONSE, NETWORK_BYTE_ORDER, *header, octets, 0, failure, index
    )
    return head + varbinds


def encode_name(oid: Oid, include: bool = False) -> bytes:
    return pack(f">BBBB{len(oid)}I", len(oid), 0, include, 0, *oid)


def encode_string(octets: bytes) -> bytes:
    return pack(">I", len(octets)) + octets + bytes(-len(octets) % 4)


def encode_varbind(name: bytes, value: Value) -> bytes:
    """name: an encoded one."""
    tag, content = value.tag, value.content
    head = pack(">HH", tag.value, 0) + name
    if tag is Tag.INTEGER:
        return head + pack(">i", content)
    if tag in _UNSIGNED:
        return head + pack(">I", content)
    if tag is Tag.COUNTER64:
        return head + pack(">Q", content)
    if tag in _STRINGS:
        return head + encode_string(cast(bytes, content))
    if tag is Tag.OBJECT_IDENTIFIER:
        return head + encode_name(cast(Oid, content))
    return head


def encode_varbinds(varbinds: Sequence[tuple[Oid, Value]]) -> bytes:
    return b"".join(encode_varbind(encode_name(oid), value) for oid, value in varbinds)


def end_of_mib_view(name: bytes) -> bytes:
    """The varbind that says so. name: an encoded one, its include octet is not looked at."""
    return pack(">HH", _END_OF_MIB_VIEW, 0) + name[:2] + b"\0\0" + name[4:]


def absent(name: bytes, has_object: bool) -> bytes:
    """noSuchInstance where there is an object, else noSuchObject (RFC 2741 section 7.2.3.1)."""
    exception = _NO_SUCH_INSTANCE if has_object else _NO_SUCH_OBJECT
    return pack(">HH", exception, 0) + name[:2] + b"\0\0" + name[4:]


AGENTX = Encoding(encode_name, encode_varbind)


# -- reading ------------------------------------------------------------------------------


def read_name(data: bytes, position: int, order: str) -> tuple[Oid, bool, int]:
    """An OID, its include bit, and where the next element starts. Raises MalformedPacket."""
    stop = name_stop(data, position)
    count, prefix = data[position], data[position + 1]
    oid: Oid = unpack_from(f"{order}{count}I", data, position + 4)
    if prefix:
        oid = (*_INTERNET, prefix, *oid)
    if len(oid) > MAX_SUBIDS:
        raise MalformedPacket(f"OID of {len(oid)} sub-identifiers")
    return oid, bool(data[position + 2]), stop


def name_stop(data: bytes, position: int) -> int:
    """Where the OID at `position` ends. Raises MalformedPacket if that is beyond the data."""
    try:
        stop = position + 4 + 4 * data[position]
    except IndexError:
        raise MalformedPacket("ends where an OID belongs") from None
    if stop > len(data):
        raise MalformedPacket("an OID reaches beyond its packet")
    return stop


def read_string(data: bytes, position: int, order: str) -> tuple[bytes, int]:
    """An octet string, and where the next element starts. Raises MalformedPacket."""
    (length,) = _unpacked("I", data, position, order)
    start = position + 4
    stop = start + length
    if stop + -length % 4 > len(data):
        raise MalformedPacket("a string reaches beyond its packet")
    return data[start:stop], stop + -length % 4


def read_varbinds(data: bytes, order: str) -> list[tuple[Oid, Value]]:
    """The varbinds that fill `data`. Raises MalformedPacket."""
    varbinds = []
    position = 0
    while position < len(data):
        (number,) = _unpacked("H", data, position, order)
        oid, _, position = read_name(data, position + VARBIND_NAME, order)
        if number not in _TAGS:
            raise MalformedPacket(f"value of type {number}")
        value, position = _read_value(_TAGS[number], data, position, order)
        varbinds.append((oid, value))
    return varbinds


def _read_value(tag: Tag, data: bytes, position: int, order: str) -> tuple[Value, int]:
    if tag is Tag.INTEGER or tag in _UNSIGNED:
        (number,) = _unpacked("i" if tag is Tag.INTEGER else "I", data, position, order)
        return Value(tag, number), position + 4
    if tag is Tag.COUNTER64:
        (number,) = _unpacked("Q", data, position, order)
        return Value(tag, number), position + 8
    if tag in _STRINGS:
        octets, position = read_string(data, position, order)
        return Value(tag, octets), position
    if tag is Tag.OBJECT_IDENTIFIER:
        oid, _, position = read_name(data, position, order)
        return Value(tag, oid), position
    return Value(tag, None), position


def split_ranges(data: bytes, order: str) -> list[bytes]:
    """The SearchRanges (RFC 2741 section 5.2) that fill `data`, each in network order.

    Raises MalformedPacket, TooManyRanges.
    """
    ranges: list[bytes] = []
    position = 0
    while position < len(data):
        if len(ranges) == MAX_RANGES:
            raise TooManyRanges(f"more than {MAX_RANGES} names")
        stop = name_stop(data, name_stop(data, position))
        found = data[position:stop]
        ranges.append(found if order == NETWORK else _turned(found, order))
        position = stop
    return ranges


def _turned(found: bytes, order: str) -> bytes:
    """A SearchRange in network order."""
    turned = b""
    position = 0
    for _ in ("start", "end"):
        oid, include, position = read_name(found, position, order)
        turned += encode_name(oid, include)
    return turned


def read_header(data: bytes, position: int) -> tuple[int, int, int, int, int, int, int]:
    """See HEADERS. data: at least HEADER_OCTETS from `position` on."""
    order = NETWORK if data[position + 2] & NETWORK_BYTE_ORDER else LITTLE
    fields: tuple[int, int, int, int, int, int, int] = HEADERS[order].unpack_from(data, position)
    return fields


def read_outcome(payload: bytes, order: str) -> tuple[int, int]:
    """res.error and res.index of a Response. Raises MalformedPacket."""
    _, failure, index = _unpacked("IHH", payload, 0, order)
    return failure, index


def read_bulk_numbers(payload: bytes, order: str) -> tuple[int, int]:
    """non_repeaters and max_repetitions of a GetBulk. Raises MalformedPacket."""
    first, second = _unpacked("HH", payload, 0, order)
    return first, second


def _unpacked(fields: str, data: bytes, position: int, order: str) -> tuple[int, ...]:
    try:
        return unpack_from(order + fields, data, position)
    except error:
        raise MalformedPacket("ends inside an element") from None
