# SPDX-License-Identifier: Apache-2.0
"""Varbinds between pysnmp's objects and ours."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pdu_agent.mib_impl.syntax import Oid, Tag, Value
from pdu_agent.mib_impl.view import Absence
from pdu_agent.snmp.sizes import Answered
from pdu_agent.snmp.stack import v1, v2c

_ABSENCES = {
    Absence.NO_SUCH_OBJECT: v2c.NoSuchObject(""),
    Absence.NO_SUCH_INSTANCE: v2c.NoSuchInstance(""),
    Absence.END_OF_MIB_VIEW: v2c.EndOfMibView(""),
}

_V2_TYPES = {
    Tag.INTEGER: v2c.Integer32,
    Tag.OCTET_STRING: v2c.OctetString,
    Tag.OBJECT_IDENTIFIER: v2c.ObjectIdentifier,
    Tag.IP_ADDRESS: v2c.IpAddress,
    Tag.COUNTER32: v2c.Counter32,
    Tag.UNSIGNED32: v2c.Gauge32,
    Tag.TIME_TICKS: v2c.TimeTicks,
    Tag.OPAQUE: v2c.Opaque,
    Tag.COUNTER64: v2c.Counter64,
}

_V1_TYPES = {
    Tag.INTEGER: v1.Integer,
    Tag.OCTET_STRING: v1.OctetString,
    Tag.OBJECT_IDENTIFIER: v1.ObjectIdentifier,
    Tag.IP_ADDRESS: v1.IpAddress,
    Tag.COUNTER32: v1.Counter,
    Tag.UNSIGNED32: v1.Gauge,
    Tag.TIME_TICKS: v1.TimeTicks,
    Tag.OPAQUE: v1.Opaque,
}

_TAGS = {kind.tagSet: tag for types in (_V2_TYPES, _V1_TYPES) for tag, kind in types.items()}

_INTEGERS = frozenset({Tag.INTEGER, Tag.COUNTER32, Tag.UNSIGNED32, Tag.TIME_TICKS, Tag.COUNTER64})

_NULL = Value(Tag.NULL, None)


def read_varbinds(api: Any, pdu: Any) -> tuple[tuple[Oid, Value], ...]:
    """The varbinds of a decoded request; api is pysnmp's v1 or v2c.

    What a request cannot carry (an exception in place of a value) is taken for NULL, which
    a read ignores and a SET refuses.
    """
    return tuple((name.asTuple(), _read(value)) for name, value in api.apiPDU.get_varbinds(pdu))


def _read(value: Any) -> Value:
    tag = _TAGS.get(value.tagSet)
    if tag is None:
        return _NULL
    if tag in _INTEGERS:
        return Value(tag, int(value))
    if tag is Tag.OBJECT_IDENTIFIER:
        return Value(tag, value.asTuple())
    return Value(tag, value.asOctets())


def write_varbinds(api: Any, pdu: Any, varbinds: Iterable[Answered]) -> None:
    """Put the varbinds of an answer into pysnmp's response."""
    types = _V1_TYPES if api is v1 else _V2_TYPES
    api.apiPDU.set_varbinds(pdu, [(name, _written(types, value)) for name, value in varbinds])


def _written(types: dict[Tag, Any], value: Value | Absence) -> Any:
    if isinstance(value, Absence):
        return _ABSENCES[value]
    if value.tag is Tag.NULL:
        return v1.Null("")
    return types[value.tag](value.content)
