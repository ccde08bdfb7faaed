# SPDX-License-Identifier: Apache-2.0
"""Notifications as octets: traps of v1 and v2, informs, and what is answered to informs. No I/O.

A body is what RFC 3416 section 3 calls the PDU: the part of a message inside its version and
its security.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from typing import cast

from pdu_agent.mib_impl.notifications import Notification
from pdu_agent.mib_impl.snmpv2 import SNMP_TRAPS
from pdu_agent.mib_impl.syntax import Oid, Tag, TimeTicks, Value
from pdu_agent.model.errors import OpenPduError
from pdu_agent.snmp.ber import (
    GET,
    IP_ADDRESS,
    OCTET_STRING,
    OID,
    REPORT,
    RESPONSE,
    SEQUENCE,
    TIME_TICKS,
    MalformedMessage,
    decode_oid,
    element,
    encode_integer,
    encode_oid,
    enter,
    header,
    integer_at,
)
from pdu_agent.snmp.envelope import VERSION_2C
from pdu_agent.snmp.image import encode_varbind

TRAP_V1, INFORM, TRAP = 0xA4, 0xA6, 0xA7
"""RFC 1157 section 4.1.6, RFC 3416 section 3."""

_SYS_UP_TIME = (1, 3, 6, 1, 2, 1, 1, 3, 0)
_SNMP_TRAP_OID = (1, 3, 6, 1, 6, 3, 1, 1, 4, 1, 0)

_GENERIC_TRAPS = 6
"""Of RFC 3418: coldStart is 1 below snmpTraps, egpNeighborLoss 6."""
_ENTERPRISE_SPECIFIC = 6


class Undelivered(OpenPduError):
    """This notification will not arrive, and there is no use in trying again."""


def random_id() -> int:
    """A request-id or msgID that nobody can guess, 1 to 2^31-1."""
    return 1 + secrets.randbelow(0x7FFF_FFFF)


def trap(notification: Notification, request_id: int) -> bytes:
    """The body of an SNMPv2-Trap (RFC 3416 section 4.2.6). request_id: 0 to 2^31-1."""
    return _notification_body(TRAP, notification, request_id)


def inform(notification: Notification, request_id: int) -> bytes:
    """The body of an InformRequest (RFC 3416 section 4.2.7). request_id: 0 to 2^31-1."""
    return _notification_body(INFORM, notification, request_id)


def discovery(request_id: int) -> bytes:
    """The body of a question that nobody answers but with a Report (RFC 3414 section 4)."""
    return element(GET, encode_integer(request_id) + encode_integer(0) * 2 + element(SEQUENCE, b""))


def trap_v1(notification: Notification, agent_address: bytes) -> bytes:
    """The body of an SNMPv1 Trap, translated as RFC 3584 section 3.2 says.

    agent_address: ours, four octets. Raises Undelivered for a Counter64 varbind, which
    SNMPv1 has no form for.
    """
    enterprise, generic, specific = _v1_names(notification.oid)
    for oid, value in notification.varbinds:
        if value.tag is Tag.COUNTER64:
            raise Undelivered(f"SNMPv1 cannot carry the Counter64 {'.'.join(map(str, oid))}")
    return element(
        TRAP_V1,
        encode_oid(enterprise)
        + element(IP_ADDRESS, agent_address)
        + encode_integer(generic)
        + encode_integer(specific)
        + encode_integer(cast(int, _ticks(notification).content), TIME_TICKS)
        + _encode_varbinds(notification.varbinds),
    )


def community_message(version: int, community: bytes, body: bytes) -> bytes:
    """A v1 or v2c message (RFC 1157 section 4, RFC 1901)."""
    return element(SEQUENCE, encode_integer(version) + element(OCTET_STRING, community) + body)


@dataclass(frozen=True, slots=True)
class Answer:
    """A Response or a Report. first: the name in its first varbind, None without varbinds."""

    tag: int
    request_id: int
    error_status: int
    first: Oid | None


def read_community_answer(datagram: bytes, community: bytes) -> Answer:
    """What a v2c receiver answers. Raises MalformedMessage, also for another community."""
    position, stop = enter(datagram, 0, len(datagram), SEQUENCE)
    if stop != len(datagram):
        raise MalformedMessage("octets after the message")
    version, position = integer_at(datagram, position, stop)
    start, position = enter(datagram, position, stop, OCTET_STRING)
    if version != VERSION_2C or datagram[start:position] != community:
        raise MalformedMessage(f"version {version}, or a community that was not asked with")
    return _read_body(datagram, position, stop)


def read_scoped_answer(scoped: bytes) -> Answer:
    """What a v3 receiver answers, as its scoped PDU has it. Raises MalformedMessage."""
    position, stop = enter(scoped, 0, len(scoped), SEQUENCE)
    for _ in ("context engine ID", "context name"):
        _, position = enter(scoped, position, stop, OCTET_STRING)
    return _read_body(scoped, position, stop)


def _read_body(data: bytes, position: int, end: int) -> Answer:
    tag, position, stop = header(data, position, end)
    if tag not in (RESPONSE, REPORT) or stop != end:
        raise MalformedMessage(f"tag 0x{tag:02x} where an answer belongs")
    request_id, position = integer_at(data, position, stop)
    error_status, position = integer_at(data, position, stop)
    _, position = integer_at(data, position, stop)
    position, stop = enter(data, position, stop, SEQUENCE)
    return Answer(tag, request_id, error_status, _first_name(data, position, stop))


def _first_name(data: bytes, position: int, end: int) -> Oid | None:
    if position == end:
        return None
    position, stop = enter(data, position, end, SEQUENCE)
    start, stop = enter(data, position, stop, OID)
    return decode_oid(data, start, stop)


def _notification_body(tag: int, notification: Notification, request_id: int) -> bytes:
    varbinds = (
        (_SYS_UP_TIME, _ticks(notification)),
        (_SNMP_TRAP_OID, Value(Tag.OBJECT_IDENTIFIER, notification.oid)),
        *notification.varbinds,
    )
    return element(
        tag, encode_integer(request_id) + encode_integer(0) * 2 + _encode_varbinds(varbinds)
    )


def _v1_names(trap_oid: Oid) -> tuple[Oid, int, int]:
    """enterprise, generic-trap and specific-trap."""
    if trap_oid[:-1] == SNMP_TRAPS and 1 <= trap_oid[-1] <= _GENERIC_TRAPS:
        return SNMP_TRAPS, trap_oid[-1] - 1, 0
    enterprise = trap_oid[:-2] if trap_oid[-2] == 0 else trap_oid[:-1]
    return enterprise, _ENTERPRISE_SPECIFIC, trap_oid[-1]


def _encode_varbinds(varbinds: Iterable[tuple[Oid, Value]]) -> bytes:
    return element(
        SEQUENCE, b"".join(encode_varbind(encode_oid(oid), value) for oid, value in varbinds)
    )


def _ticks(notification: Notification) -> Value:
    return TimeTicks().encode(notification.uptime_s)
