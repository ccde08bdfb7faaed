# SPDX-License-Identifier: Apache-2.0
"""One datagram in, one datagram or None out: which way an SNMP message takes.

Limits come first. Reads in v1 and v2c are answered from the encoded image, v3 goes through
our own user security to the same reader, and SETs go on to pysnmp, as does what is odd but
not wrong. Nobody without a community or a user that is known here reaches pysnmp.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pdu_agent.access.complaints import Complaints
from pdu_agent.mib_impl.framework import OwnEngine
from pdu_agent.mib_impl.snmpv2 import SnmpCounters
from pdu_agent.snmp.access import AccessPolicy, Credential
from pdu_agent.snmp.ber import (
    INTEGER,
    OCTET_STRING,
    SEQUENCE,
    MalformedMessage,
    enter,
    head,
    integer_at,
)
from pdu_agent.snmp.credentials import User
from pdu_agent.snmp.envelope import (
    VERSION_1,
    VERSION_2C,
    VERSION_3,
    NotARequest,
    UnknownVersion,
    community_of,
    open_envelope,
    too_big_answer,
)
from pdu_agent.snmp.limits import Limits
from pdu_agent.snmp.operations import Operations
from pdu_agent.snmp.pysnmp_path import PysnmpPath
from pdu_agent.snmp.reader import Reader
from pdu_agent.snmp.source import Source, format_address
from pdu_agent.snmp.v3 import MAX_BOOTS, SLOW, V3

log = logging.getLogger(__name__)

_VERSION_3_FIELD = b"\x02\x01\x03"
_COMMUNITY_START = 5
"""Where the community starts in version and community, both in shortest form."""

_ADMITTED = 1024


@dataclass(frozen=True, slots=True)
class _Admitted:
    """A community that was right. room: octets of varbinds that it may be sent."""

    version: int
    credential: Credential
    room: int


class Engine:
    """Answers v1, v2c and v3.

    monotonic_s: seconds that never jump. auth_failed: told the host when a community is wrong,
    or somebody does not prove to be the user they claim to be. Raises ConfigError when the
    protocols that a user is configured with do not work on this machine.
    """

    def __init__(
        self,
        own: OwnEngine,
        users: Sequence[User],
        policy: AccessPolicy,
        reader: Reader,
        operations: Operations,
        limits: Limits,
        counters: SnmpCounters,
        monotonic_s: Callable[[], float] = time.monotonic,
        auth_failed: Callable[[str], None] = lambda _: None,
    ) -> None:
        if not 5 <= len(own.engine_id) <= 32 or not 1 <= own.boots <= MAX_BOOTS:
            raise ValueError(f"engine ID of {len(own.engine_id)} octets, boots {own.boots}")
        self._policy = policy
        self._reader = reader
        self._limits = limits
        self._counters = counters
        self._auth_failed = auth_failed
        self._admitted: dict[tuple[str, bytes], _Admitted] = {}
        self._v3 = V3(own, users, policy, reader, limits, counters, auth_failed)
        self._pysnmp_path = PysnmpPath(
            own, users, policy, operations, limits, counters, monotonic_s
        )
        self._malformed = Complaints(log, "malformed SNMP messages ignored", monotonic_s)
        self._too_often = Complaints(log, "SNMP messages over the rate ignored", monotonic_s)
        self._failed = Complaints(log, "SNMP messages failed", monotonic_s)

    def process(self, datagram: bytes, source: Source) -> bytes | None:
        """The answer to a datagram from `source`, None where none is due.

        Never raises. Synchronous: an accepted SET has been submitted when it returns.
        """
        self._counters.in_packets += 1
        if not self._limits.admit(source[0]):
            self._counters.dropped_rate += 1
            self._too_often.add(format_address(source), "more than requests_per_s")
            return None
        try:
            return self._attend(datagram, source)
        except MalformedMessage as exc:
            self._reject(source, str(exc))
        except Exception as exc:
            self._failed.add(format_address(source), repr(exc), exc_info=True)
        return None

    def through_pysnmp(self, datagram: bytes, source: Source) -> bytes | None:
        """What `process` would say if everything went through pysnmp. Not rated or counted
        as a packet. Never raises.
        """
        try:
            return self._go_through_pysnmp(datagram, source)
        except MalformedMessage as exc:
            self._reject(source, str(exc))
            return None

    def _attend(self, datagram: bytes, source: Source) -> bytes | None:
        """Raises MalformedMessage."""
        start = _version_start(datagram)
        if datagram[start : start + len(_VERSION_3_FIELD)] == _VERSION_3_FIELD:
            return self._attend_v3(datagram, source)
        answer = self._read(datagram, start, source[0])
        if answer is not None:
            return answer
        if _is_v3(datagram):
            return self._attend_v3(datagram, source)
        return self._go_through_pysnmp(datagram, source)

    def _attend_v3(self, datagram: bytes, source: Source) -> bytes | None:
        """Raises MalformedMessage."""
        answer = self._v3.process(datagram, source)
        return self._go_through_pysnmp(datagram, source) if answer is SLOW else answer

    def _read(self, datagram: bytes, start: int, host: str) -> bytes | None:
        """The answer to a plain v1 or v2c read, whose version is at `start`; None for
        everything else.
        """
        try:
            stop = start + _COMMUNITY_START + datagram[start + 4]
        except IndexError:
            return None
        header = datagram[start:stop]
        admitted = self._admitted.get((host, header)) or self._admit(host, header)
        if admitted is None:
            return None
        response = self._reader.respond(
            datagram, stop, len(datagram), admitted.version, admitted.credential, admitted.room
        )
        if response is None:
            return None
        return head(SEQUENCE, len(header) + len(response)) + header + response

    def _admit(self, host: str, header: bytes) -> _Admitted | None:
        """What version and community, in shortest form, entitle `host` to.

        Only those that are right are remembered, so guesses take the policy's constant time.
        """
        if len(header) < _COMMUNITY_START:
            return None
        # From 0x80 on it is no length, but says how many octets of one follow.
        if not header[4] == len(header) - _COMMUNITY_START < 0x80:
            return None
        version, community = header[2], header[_COMMUNITY_START:]
        if header[:2] != bytes((INTEGER, 1)) or version not in (VERSION_1, VERSION_2C):
            return None
        credential = self._policy.for_community(community, host)
        if header[3] != OCTET_STRING or credential is None:
            return None
        if len(self._admitted) >= _ADMITTED:
            self._admitted.clear()
        room = self._limits.community_room(host, community)
        admitted = self._admitted[host, header] = _Admitted(version, credential, room)
        return admitted

    def _go_through_pysnmp(self, datagram: bytes, source: Source) -> bytes | None:
        """Raises MalformedMessage."""
        try:
            # First, as looking at all that a stranger can put into a datagram takes milliseconds.
            community = community_of(datagram)
            if community is not None and not self._policy.for_community(community, source[0]):
                self._counters.in_bad_community_names += 1
                self._auth_failed(source[0])
                return None
            envelope = open_envelope(datagram)
        except UnknownVersion:
            self._counters.in_bad_versions += 1
            return None
        except NotARequest:
            return None
        if envelope.has_too_many_varbinds:
            return too_big_answer(envelope)
        return self._pysnmp_path.process(datagram, envelope, source)

    def _reject(self, source: Source, reason: str) -> None:
        self._counters.in_asn_parse_errors += 1
        self._malformed.add(format_address(source), reason)


def _version_start(datagram: bytes) -> int:
    """Where the version of a message of plain form is; the end of the datagram for others."""
    end = len(datagram)
    if end < 2 or datagram[0] != SEQUENCE:
        return end
    octets, start = datagram[1], 2
    if octets >= 0x80:
        start = octets - 0x7E
        octets = int.from_bytes(datagram[2:start], "big")
    return start if octets == end - start else end


def _is_v3(datagram: bytes) -> bool:
    """Whether it is one in spite of its form."""
    try:
        start, stop = enter(datagram, 0, len(datagram), SEQUENCE)
        version, _ = integer_at(datagram, start, stop)
    except MalformedMessage:
        return False  # whoever looks at it next will say what is wrong
    return version == VERSION_3
