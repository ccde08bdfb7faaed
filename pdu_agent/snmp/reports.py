# SPDX-License-Identifier: Apache-2.0
"""Reports: what a v3 manager is told when its message cannot be served, and at what price."""

from __future__ import annotations

from enum import Enum

from pdu_agent.mib_impl.framework import MPD_STATS, TARGET_OBJECTS, USM_STATS
from pdu_agent.mib_impl.syntax import Oid
from pdu_agent.snmp.ber import (
    COUNTER32,
    OCTET_STRING,
    REPORT,
    SEQUENCE,
    MalformedMessage,
    element,
    encode_integer,
    encode_oid,
    enter,
    header,
    integer_at,
)

MAX_REPORT_OCTETS = 484
MAX_AMPLIFICATION = 3

_UINT32 = 0xFFFF_FFFF


class Refusal(Enum):
    """Why a message gets a Report: the counter of SnmpCounters that it raises, and the OID of
    that counter, which is all that a Report says.
    """

    UNSUPPORTED_LEVEL = ("unsupported_sec_levels", (*USM_STATS, 1, 0))
    NOT_IN_TIME_WINDOW = ("not_in_time_windows", (*USM_STATS, 2, 0))
    UNKNOWN_USER = ("unknown_user_names", (*USM_STATS, 3, 0))
    UNKNOWN_ENGINE = ("unknown_engine_ids", (*USM_STATS, 4, 0))
    WRONG_DIGEST = ("wrong_digests", (*USM_STATS, 5, 0))
    DECRYPTION = ("decryption_errors", (*USM_STATS, 6, 0))
    UNKNOWN_HANDLER = ("unknown_pdu_handlers", (*MPD_STATS, 3, 0))
    UNKNOWN_CONTEXT = ("unknown_contexts", (*TARGET_OBJECTS, 5, 0))

    def __init__(self, counter: str, oid: Oid) -> None:
        self.counter = counter
        self.oid = oid


NOT_PROVEN = frozenset({Refusal.UNSUPPORTED_LEVEL, Refusal.UNKNOWN_USER, Refusal.WRONG_DIGEST})
"""What RFC 3418 calls an authentication failure. A manager that asks who we are, or what time
it is here, has not failed.
"""


def report_pdu(refusal: Refusal, count: int, request_id: int) -> bytes:
    """count: what the counter stands at."""
    value = encode_integer(count & _UINT32, COUNTER32)
    varbinds = element(SEQUENCE, element(SEQUENCE, encode_oid(refusal.oid) + value))
    no_error = encode_integer(0) * 2
    return element(REPORT, encode_integer(request_id) + no_error + varbinds)


def request_id_of(scoped: bytes) -> int:
    """The request-id in a readable scoped PDU, 0 where there is none (RFC 3412 section 7.1)."""
    try:
        position, stop = enter(scoped, 0, len(scoped), SEQUENCE)
        for _ in range(2):
            _, position = enter(scoped, position, stop, OCTET_STRING)
        _, start, stop = header(scoped, position, stop)
        return integer_at(scoped, start, stop)[0]
    except MalformedMessage:
        return 0


def small_enough(report: bytes, datagram: bytes) -> bool:
    """Whether the report may answer the datagram, whose source may be forged to flood it."""
    return len(report) <= min(MAX_REPORT_OCTETS, MAX_AMPLIFICATION * len(datagram))
