# SPDX-License-Identifier: Apache-2.0
"""A strict look at a datagram before anything else decodes it. Bytes in, facts out.

The decoder inside pysnmp accepts all of BER (indefinite lengths, nested strings, integers
of any size), raises out of its receive path on some of the rest, and takes over a second
for a request with a few thousand names. What passes here is an SNMP message of bounded
size in the form that RFC 3417 section 8 asks for: definite lengths, primitive strings.

What is inside a v3 message is for usm to open; the request in it is looked at here too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pdu_agent.snmp.ber import (
    COUNTER32,
    COUNTER64,
    GAUGE32,
    GET,
    GET_BULK,
    GET_NEXT,
    INTEGER,
    IP_ADDRESS,
    NULL,
    OCTET_STRING,
    OID,
    OPAQUE,
    REPORT,
    RESPONSE,
    SEQUENCE,
    SET,
    TIME_TICKS,
    MalformedMessage,
    decode_oid,
    element,
    encode_integer,
    enter,
    header,
    integer_at,
    small_integer,
)

VERSION_1, VERSION_2C, VERSION_3 = 0, 1, 3

MAX_VARBINDS = 128
MAX_V3_OCTETS = 8192
"""The msgMaxSize that this engine announces; no v3 peer has a reason to send more."""

_ERROR_TOO_BIG = 1
_REQUESTS = frozenset({GET, GET_NEXT, SET, GET_BULK})
_FOREIGN = frozenset({RESPONSE, 0xA4, 0xA6, 0xA7, REPORT})
"""Responses, traps, informs and reports: well-formed perhaps, but nothing for an agent."""


class UnknownVersion(MalformedMessage):
    """A message version other than SNMPv1, v2c and v3."""


class NotARequest(MalformedMessage):
    """A message that only a manager has to understand."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """What can be known of a message without its keys.

    community, tag and request_id are None in v3. varbinds is how many were counted, and
    counting stops at the first one too many.
    """

    version: int
    community: bytes | None = None
    tag: int | None = None
    request_id: int | None = None
    varbinds: int = 0

    @property
    def has_too_many_varbinds(self) -> bool:
        return self.varbinds > MAX_VARBINDS


def open_envelope(datagram: bytes) -> Envelope:
    """Check the structure of one datagram.

    Raises UnknownVersion, NotARequest, or MalformedMessage for everything else that is wrong.
    """
    version, community, position = _open_header(datagram)
    if community is None:
        return Envelope(version)
    tag, request_id, varbinds = open_request(datagram, position, len(datagram), version)
    return Envelope(version, community, tag, request_id, varbinds)


def community_of(datagram: bytes) -> bytes | None:
    """The community of a v1 or v2c message, None in v3. What follows it is not looked at.

    Raises UnknownVersion, or MalformedMessage for everything else that is wrong up to there.
    """
    return _open_header(datagram)[1]


def _open_header(datagram: bytes) -> tuple[int, bytes | None, int]:
    """Version, community (None in v3), and where that stops."""
    start, stop = enter(datagram, 0, len(datagram), SEQUENCE)
    if stop != len(datagram):
        raise MalformedMessage("octets after the message")
    version_start, version_stop = enter(datagram, start, stop, INTEGER)
    version = small_integer(datagram, version_start, version_stop, UnknownVersion)
    if version == VERSION_3:
        return version, None, version_stop
    if version not in (VERSION_1, VERSION_2C):
        raise UnknownVersion(f"message version {version}")
    community_start, community_stop = enter(datagram, version_stop, stop, OCTET_STRING)
    return version, datagram[community_start:community_stop], community_stop


def too_big_answer(envelope: Envelope) -> bytes:
    """The v1 or v2c message with `too_big_response`."""
    return element(
        SEQUENCE,
        encode_integer(envelope.version)
        + element(OCTET_STRING, envelope.community or b"")
        + too_big_response(envelope.request_id or 0),
    )


def too_big_response(request_id: int) -> bytes:
    """A Response with tooBig, error-index 0 and no varbinds (RFC 3416 section 4.2.1)."""
    fields = (request_id, _ERROR_TOO_BIG, 0)
    return element(RESPONSE, b"".join(map(encode_integer, fields)) + element(SEQUENCE, b""))


def open_request(data: bytes, position: int, end: int, version: int) -> tuple[int, int, int]:
    """Tag, request-id and number of varbinds of the request at `position`, which ends at `end`.

    Counting stops at the first varbind too many. Raises NotARequest and MalformedMessage.
    """
    tag, start, stop = header(data, position, end)
    if tag in _FOREIGN:
        raise NotARequest(f"tag 0x{tag:02x}")
    if stop != end or tag not in _REQUESTS or (tag == GET_BULK and version == VERSION_1):
        raise MalformedMessage("no request of this version")
    request_id, position = integer_at(data, start, stop)
    status, position = integer_at(data, position, stop)
    index, position = integer_at(data, position, stop)
    if tag == SET and (status < 0 or index < 0):
        raise MalformedMessage("negative error-status or error-index")
    list_start, list_stop = enter(data, position, stop, SEQUENCE)
    if list_stop != stop:
        raise MalformedMessage("octets after the varbinds")
    varbinds = _count_varbinds(data, list_start, list_stop, version)
    return tag, request_id, varbinds


def _count_varbinds(data: bytes, position: int, end: int, version: int) -> int:
    count = 0
    while position < end and count <= MAX_VARBINDS:
        start, position = enter(data, position, end, SEQUENCE)
        name_start, name_stop = enter(data, start, position, OID)
        decode_oid(data, name_start, name_stop)
        tag, value_start, value_stop = header(data, name_stop, position)
        check = _VALUE_CHECKS.get(tag)
        if check is None or value_stop != position or (tag == COUNTER64 and version == VERSION_1):
            raise MalformedMessage(f"no value of this version: tag 0x{tag:02x}")
        check(data, value_start, value_stop)
        count += 1
    return count


def _check_length(least: int, most: int) -> Callable[[bytes, int, int], None]:
    def check(_: bytes, start: int, stop: int) -> None:
        if not least <= stop - start <= most:
            raise MalformedMessage(f"value of {stop - start} octets")

    return check


def _check_unsigned(most: int) -> Callable[[bytes, int, int], None]:
    def check(data: bytes, start: int, stop: int) -> None:
        # One octet more than the type is wide carries the sign and must be zero.
        octets = stop - start
        if not 1 <= octets <= most + 1 or data[start] & 0x80 or (octets > most and data[start]):
            raise MalformedMessage("unsigned value out of range")

    return check


_VALUE_CHECKS: dict[int, Callable[[bytes, int, int], object]] = {
    INTEGER: _check_length(1, 4),
    OCTET_STRING: _check_length(0, 0xFFFF),
    NULL: _check_length(0, 0),
    OID: decode_oid,
    IP_ADDRESS: _check_length(4, 4),
    COUNTER32: _check_unsigned(4),
    GAUGE32: _check_unsigned(4),
    TIME_TICKS: _check_unsigned(4),
    OPAQUE: _check_length(0, 0xFFFF),
    COUNTER64: _check_unsigned(8),
}
