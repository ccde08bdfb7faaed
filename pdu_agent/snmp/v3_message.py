# SPDX-License-Identifier: Apache-2.0
"""The form of an SNMPv3 message: taken apart strictly, nothing proven. No I/O.

RFC 3412 section 6 (the message), RFC 3414 section 2.4 (the security parameters). Bounded: a
message is at most MAX_V3_OCTETS long, and little of what was claimed is remembered.
"""

from __future__ import annotations

from typing import NamedTuple

from pdu_agent.snmp.ber import (
    OCTET_STRING,
    SEQUENCE,
    MalformedMessage,
    enter,
    integer_at,
)
from pdu_agent.snmp.credentials import MAX_USER_NAME_OCTETS, SecurityLevel
from pdu_agent.snmp.envelope import MAX_V3_OCTETS, VERSION_3, UnknownVersion

REPORTABLE = 0x04
"""The flag that asks for a Report when a message cannot be served."""

AUTH, PRIV = 0x01, 0x02
VERSION_FIELD = MODEL_FIELD = b"\x02\x01\x03"
"""SNMPv3 and the User-based Security Model have the same number."""

LEVELS = (
    SecurityLevel.NO_AUTH_NO_PRIV,
    SecurityLevel.AUTH_NO_PRIV,
    None,
    SecurityLevel.AUTH_PRIV,
)
"""By the flags AUTH and PRIV."""

_USM = 3
_LEAST_MAX_SIZE = 484
_REMEMBERED = 128
_REMEMBERED_LENGTHS = 4


class UnknownSecurityModel(MalformedMessage):
    """A v3 message of another security model than USM: snmpUnknownSecurityModels."""


class InvalidFlags(MalformedMessage):
    """msgFlags that ask for privacy without authentication: snmpInvalidMsgs."""


class V3Message(NamedTuple):
    """A message whose form is right, and of which nothing has been proven yet.

    boots, time_s: what the sender believes of the authoritative engine (0 to 2^31-1).
    digest_start: where msgAuthenticationParameters begin in `datagram`. data: the scoped PDU,
    encrypted where the level says so. (A frozen dataclass takes five times longer to make.)
    """

    datagram: bytes
    msg_id: int
    max_size: int
    flags: int
    level: SecurityLevel
    engine_id: bytes
    boots: int
    time_s: int
    user_name: bytes
    digest_start: int
    digest: bytes
    salt: bytes
    data: bytes

    @property
    def reportable(self) -> bool:
        return bool(self.flags & REPORTABLE)


class _Claims(NamedTuple):
    """The fields from msgMaxSize to the digest, and octets of what they have the length of.

    A manager repeats them word for word for a second, so they are taken apart once.
    header_octets: of msgGlobalData from msgMaxSize on. tail_octets: of the USM parameters
    from the digest on.
    """

    max_size: int
    flags: int
    level: SecurityLevel
    engine_id: bytes
    boots: int
    time_s: int
    user_name: bytes
    digest_octets: int
    header_octets: int
    tail_octets: int


class _Memory:
    """What was claimed lately, by the octets that it was claimed with. Bounded."""

    def __init__(self) -> None:
        self._claims: dict[bytes, _Claims] = {}
        self._lengths: tuple[int, ...] = ()

    def find(self, data: bytes, position: int) -> tuple[_Claims, int] | None:
        """Known claims at `position`, and where they stop."""
        for octets in self._lengths:
            claims = self._claims.get(data[position : position + octets])
            if claims is not None:
                return claims, position + octets
        return None

    def keep(self, octets: bytes, claims: _Claims) -> None:
        if len(self._claims) >= _REMEMBERED:
            self._claims.clear()
            self._lengths = ()
        self._claims[octets] = claims
        if len(octets) not in self._lengths:
            self._lengths = (len(octets), *self._lengths[: _REMEMBERED_LENGTHS - 1])


_memory = _Memory()


def parse(datagram: bytes) -> V3Message:
    """Take a v3 message apart.

    Raises UnknownVersion, UnknownSecurityModel, InvalidFlags, or MalformedMessage for
    everything else that RFC 3412 section 6 and RFC 3417 section 8 do not allow.
    """
    if len(datagram) > MAX_V3_OCTETS:
        raise MalformedMessage("v3 message larger than announced")
    data, end = datagram, len(datagram)
    position, stop = enter(data, 0, end, SEQUENCE)
    if stop != end:
        raise MalformedMessage("octets after the message")
    if data[position : position + 3] == VERSION_FIELD:
        position += 3
    else:
        version, position = _number(data, position, end)
        if version != VERSION_3:
            raise UnknownVersion(f"message version {version}")
    position, header_stop = enter(data, position, end, SEQUENCE)
    msg_id, position = _number(data, position, header_stop)
    claims, digest_start = _claims_at(data, position, header_stop, end)
    digest_stop = digest_start + claims.digest_octets
    salt_start, salt_stop = enter(
        data, digest_stop, digest_start + claims.tail_octets, OCTET_STRING
    )
    if salt_stop != digest_start + claims.tail_octets:
        raise MalformedMessage("USM parameters of another shape")
    if claims.flags & PRIV:
        start, stop = enter(data, salt_stop, end, OCTET_STRING)
    else:
        start, (_, stop) = salt_stop, enter(data, salt_stop, end, SEQUENCE)
    if stop != end:
        raise MalformedMessage("octets after the scoped PDU")
    return V3Message(
        data,
        msg_id,
        claims.max_size,
        claims.flags,
        claims.level,
        claims.engine_id,
        claims.boots,
        claims.time_s,
        claims.user_name,
        digest_start,
        data[digest_start:digest_stop],
        data[salt_start:salt_stop],
        data[start:stop],
    )


def _claims_at(data: bytes, position: int, header_stop: int, end: int) -> tuple[_Claims, int]:
    """What a message claims from msgMaxSize at `position` on, and where its digest starts."""
    known = _memory.find(data, position)
    if known is not None:
        claims, digest_start = known
        if (
            claims.header_octets == header_stop - position
            and digest_start + claims.tail_octets <= end
        ):
            return known
    claims, digest_start = _take_claims(data, position, header_stop, end)
    _memory.keep(data[position:digest_start], claims)
    return claims, digest_start


def _take_claims(data: bytes, start: int, header_stop: int, end: int) -> tuple[_Claims, int]:
    max_size, flags = _parse_header(data, start, header_stop)
    position, stop = enter(data, header_stop, end, OCTET_STRING)
    position, inner_stop = enter(data, position, stop, SEQUENCE)
    if inner_stop != stop:
        raise MalformedMessage("octets after the USM parameters")
    id_start, position = enter(data, position, stop, OCTET_STRING)
    engine_id = data[id_start:position]
    boots, position = _number(data, position, stop)
    time_s, position = _number(data, position, stop)
    name_start, position = enter(data, position, stop, OCTET_STRING)
    if position - name_start > MAX_USER_NAME_OCTETS:
        raise MalformedMessage(f"user name of {position - name_start} octets")
    digest_start, digest_stop = enter(data, position, stop, OCTET_STRING)
    level = LEVELS[flags & (AUTH | PRIV)]
    if level is None:
        raise InvalidFlags("privacy without authentication")
    claims = _Claims(
        max_size,
        flags,
        level,
        engine_id,
        boots,
        time_s,
        data[name_start:position],
        digest_stop - digest_start,
        header_stop - start,
        stop - digest_start,
    )
    return claims, digest_start


def _parse_header(data: bytes, position: int, end: int) -> tuple[int, int]:
    """msgMaxSize and msgFlags of msgGlobalData that ends at `end`."""
    max_size, position = _number(data, position, end)
    if max_size < _LEAST_MAX_SIZE:
        raise MalformedMessage(f"msgMaxSize {max_size}")
    flags_start, position = enter(data, position, end, OCTET_STRING)
    if position != flags_start + 1:
        raise MalformedMessage("msgFlags are not one octet")
    model, position = _number(data, position, end)
    if position != end:
        raise MalformedMessage("octets after msgGlobalData")
    if model != _USM:
        raise UnknownSecurityModel(f"security model {model}")
    return max_size, data[flags_start]


def _number(data: bytes, position: int, end: int) -> tuple[int, int]:
    """An INTEGER of 0 to 2^31-1 and where it stops; anything else is refused, not cut."""
    number, stop = integer_at(data, position, end)
    if number < 0:
        raise MalformedMessage(f"{number} where a positive number belongs")
    return number, stop
