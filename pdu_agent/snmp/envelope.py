# SPDX-License-Identifier: Apache-2.0
"""A strict look at a datagram before anything else decodes it. Bytes in, facts out.

The decoder inside pysnmp accepts all of BER (indefinite lengths, nested strings, integers
of any size), raises out of its receive path on some of the rest, and takes over a second
for a request with a few thousand names. What passes here is an SNMP message of bounded
size in the form that RFC 3417 section 8 asks for: definite lengths, primitive strings.

An encrypted v3 message is checked up to its ciphertext.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pdu_agent.model.errors import OpenPduError

VERSION_1, VERSION_2C, VERSION_3 = 0, 1, 3

MAX_VARBINDS = 128
MAX_V3_OCTETS = 8192
"""The msgMaxSize that this engine announces; no v3 peer has a reason to send more."""

INTEGER, OCTET_STRING, NULL, OID, SEQUENCE = 0x02, 0x04, 0x05, 0x06, 0x30
IP_ADDRESS, COUNTER32, GAUGE32, TIME_TICKS, OPAQUE, COUNTER64 = 0x40, 0x41, 0x42, 0x43, 0x44, 0x46
GET, GET_NEXT, RESPONSE, SET, GET_BULK = 0xA0, 0xA1, 0xA2, 0xA3, 0xA5

_ERROR_TOO_BIG = 1
_MAX_OID_OCTETS = 5 * 128
_USM_SECURITY_MODEL = 3
_REQUESTS = frozenset({GET, GET_NEXT, SET, GET_BULK})
_FOREIGN = frozenset({RESPONSE, 0xA4, 0xA6, 0xA7, 0xA8})
"""Responses, traps, informs and reports: well-formed perhaps, but nothing for an agent."""


class MalformedMessage(OpenPduError):
    """Not an SNMP message as RFC 3417 section 8 encodes it."""


class UnknownVersion(MalformedMessage):
    """A message version other than SNMPv1, v2c and v3."""


class NotARequest(MalformedMessage):
    """A message that only a manager has to understand."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """What can be known of a message without its keys.

    community is None in v3. request_id holds the content octets of the INTEGER; it and tag
    are None when the message is encrypted. varbinds is how many were counted, and counting
    stops at the first one too many.
    """

    version: int
    community: bytes | None = None
    tag: int | None = None
    request_id: bytes | None = None
    varbinds: int = 0

    @property
    def has_too_many_varbinds(self) -> bool:
        return self.varbinds > MAX_VARBINDS


def open_envelope(datagram: bytes) -> Envelope:
    """Check the structure of one datagram.

    Raises UnknownVersion, NotARequest, or MalformedMessage for everything else that is wrong.
    """
    start, stop = _enter(datagram, 0, len(datagram), SEQUENCE)
    if stop != len(datagram):
        raise MalformedMessage("octets after the message")
    version_start, version_stop = _enter(datagram, start, stop, INTEGER)
    version = _small_integer(datagram, version_start, version_stop, UnknownVersion)
    if version == VERSION_3:
        if len(datagram) > MAX_V3_OCTETS:
            raise MalformedMessage("v3 message larger than announced")
        return _open_v3(datagram, version_stop, stop)
    if version not in (VERSION_1, VERSION_2C):
        raise UnknownVersion(f"message version {version}")
    community_start, community_stop = _enter(datagram, version_stop, stop, OCTET_STRING)
    tag, request_id, varbinds = _open_request(datagram, community_stop, stop, version)
    return Envelope(version, datagram[community_start:community_stop], tag, request_id, varbinds)


def too_big_answer(envelope: Envelope) -> bytes:
    """A v1/v2c Response with tooBig, error-index 0 and no varbinds (RFC 3416 section 4.2.1)."""
    fields = (
        (INTEGER, envelope.request_id or b"\x00"),
        (INTEGER, bytes((_ERROR_TOO_BIG,))),
        (INTEGER, b"\x00"),
        (SEQUENCE, b""),
    )
    response = b"".join(_encode(tag, content) for tag, content in fields)
    return _encode(
        SEQUENCE,
        _encode(INTEGER, bytes((envelope.version,)))
        + _encode(OCTET_STRING, envelope.community or b"")
        + _encode(RESPONSE, response),
    )


def _encode(tag: int, content: bytes) -> bytes:
    length = len(content)
    if length < 0x80:
        return bytes((tag, length)) + content
    octets = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(octets))) + octets + content


def _header(data: bytes, position: int, end: int) -> tuple[int, int, int]:
    """Tag, start and stop of the content of the element at `position`."""
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


def _enter(data: bytes, position: int, end: int, wanted: int) -> tuple[int, int]:
    tag, start, stop = _header(data, position, end)
    if tag != wanted:
        raise MalformedMessage(f"tag 0x{tag:02x} where 0x{wanted:02x} belongs")
    return start, stop


def _small_integer(
    data: bytes, start: int, stop: int, error: type[MalformedMessage] = MalformedMessage
) -> int:
    """A signed integer of at most 32 bits; anything wider is refused, not cut."""
    if not 1 <= stop - start <= 4:
        raise error(f"integer of {stop - start} octets")
    return int.from_bytes(data[start:stop], "big", signed=True)


def _skip_integer(data: bytes, position: int, end: int) -> int:
    start, stop = _enter(data, position, end, INTEGER)
    _small_integer(data, start, stop)
    return stop


def _open_v3(data: bytes, position: int, end: int) -> Envelope:
    header_start, header_stop = _enter(data, position, end, SEQUENCE)
    flags = _check_v3_header(data, header_start, header_stop)
    security_start, security_stop = _enter(data, header_stop, end, OCTET_STRING)
    open_usm_parameters(data[security_start:security_stop])
    tag, start, stop = _header(data, security_stop, end)
    if stop != end or tag != (OCTET_STRING if flags & 0x02 else SEQUENCE):
        raise MalformedMessage("scoped PDU does not match the privacy flag")
    if tag == OCTET_STRING:
        return Envelope(VERSION_3)
    _, position = _enter(data, start, stop, OCTET_STRING)
    _, position = _enter(data, position, stop, OCTET_STRING)
    tag, request_id, varbinds = _open_request(data, position, stop, VERSION_3)
    return Envelope(VERSION_3, None, tag, request_id, varbinds)


def _check_v3_header(data: bytes, start: int, stop: int) -> int:
    """msgID, msgMaxSize, msgFlags, msgSecurityModel (RFC 3412 section 6). Returns the flags."""
    id_start, id_stop = _enter(data, start, stop, INTEGER)
    size_start, size_stop = _enter(data, id_stop, stop, INTEGER)
    flags_start, flags_stop = _enter(data, size_stop, stop, OCTET_STRING)
    model_start, model_stop = _enter(data, flags_stop, stop, INTEGER)
    if _small_integer(data, id_start, id_stop) < 0:
        raise MalformedMessage("negative msgID")
    if _small_integer(data, size_start, size_stop) < 484:
        raise MalformedMessage("msgMaxSize below 484")
    if flags_stop - flags_start != 1 or data[flags_start] & 0x03 == 0x02:
        raise MalformedMessage("msgFlags are not one octet, or ask for privacy alone")
    if _small_integer(data, model_start, model_stop) != _USM_SECURITY_MODEL or model_stop != stop:
        raise MalformedMessage("not the User-based Security Model")
    return data[flags_start]


def open_usm_parameters(data: bytes) -> tuple[bytes, bytes]:
    """Authoritative engine ID and user name out of UsmSecurityParameters.

    RFC 3414 section 2.4: a string, two integers, three strings. Raises MalformedMessage.
    """
    position, stop = _enter(data, 0, len(data), SEQUENCE)
    id_start, position = _enter(data, position, stop, OCTET_STRING)
    engine_id = data[id_start:position]
    position = _skip_integer(data, position, stop)
    position = _skip_integer(data, position, stop)
    name_start, position = _enter(data, position, stop, OCTET_STRING)
    user_name = data[name_start:position]
    for _ in range(2):
        _, position = _enter(data, position, stop, OCTET_STRING)
    if position != stop or stop != len(data):
        raise MalformedMessage("USM parameters of another shape")
    return engine_id, user_name


def _open_request(data: bytes, position: int, end: int, version: int) -> tuple[int, bytes, int]:
    """Tag, request-id octets and number of varbinds of the request at `position`."""
    tag, start, stop = _header(data, position, end)
    if tag in _FOREIGN:
        raise NotARequest(f"tag 0x{tag:02x}")
    if stop != end or tag not in _REQUESTS or (tag == GET_BULK and version == VERSION_1):
        raise MalformedMessage("no request of this version")
    id_start, id_stop = _enter(data, start, stop, INTEGER)
    _small_integer(data, id_start, id_stop)
    position = _skip_integer(data, id_stop, stop)
    position = _skip_integer(data, position, stop)
    list_start, list_stop = _enter(data, position, stop, SEQUENCE)
    if list_stop != stop:
        raise MalformedMessage("octets after the varbinds")
    varbinds = _count_varbinds(data, list_start, list_stop, version)
    return tag, data[id_start:id_stop], varbinds


def _count_varbinds(data: bytes, position: int, end: int, version: int) -> int:
    count = 0
    while position < end and count <= MAX_VARBINDS:
        start, position = _enter(data, position, end, SEQUENCE)
        name_start, name_stop = _enter(data, start, position, OID)
        _check_oid(data, name_start, name_stop)
        tag, value_start, value_stop = _header(data, name_stop, position)
        check = _VALUE_CHECKS.get(tag)
        if check is None or value_stop != position or (tag == COUNTER64 and version == VERSION_1):
            raise MalformedMessage(f"no value of this version: tag 0x{tag:02x}")
        check(data, value_start, value_stop)
        count += 1
    return count


def _check_oid(data: bytes, start: int, stop: int) -> None:
    """RFC 2578 section 3.5: at most 128 sub-identifiers of at most 32 bits."""
    if not 1 <= stop - start <= _MAX_OID_OCTETS or data[stop - 1] & 0x80:
        raise MalformedMessage("OID that is empty, too long or cut")
    subid = subids = 0
    for octet in data[start:stop]:
        subid = subid << 7 | octet & 0x7F
        if subid > 0xFFFF_FFFF:
            raise MalformedMessage("sub-identifier over 32 bits")
        if not octet & 0x80:
            subid = 0
            subids += 1
    if subids > 127:
        raise MalformedMessage("OID of more than 128 sub-identifiers")


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


_VALUE_CHECKS: dict[int, Callable[[bytes, int, int], None]] = {
    INTEGER: _check_length(1, 4),
    OCTET_STRING: _check_length(0, 0xFFFF),
    NULL: _check_length(0, 0),
    OID: _check_oid,
    IP_ADDRESS: _check_length(4, 4),
    COUNTER32: _check_unsigned(4),
    GAUGE32: _check_unsigned(4),
    TIME_TICKS: _check_unsigned(4),
    OPAQUE: _check_length(0, 0xFFFF),
    COUNTER64: _check_unsigned(8),
}
