# SPDX-License-Identifier: Apache-2.0
"""Read requests asked of the quick way and of the long way, both as encoded Responses."""

from __future__ import annotations

from pdu_agent.mib_impl.syntax import Oid, Tag, Value
from pdu_agent.mib_impl.view import Absence
from pdu_agent.snmp.access import Credential
from pdu_agent.snmp.operations import Operation, Operations, Request, Response
from pdu_agent.snmp.reader import Reader
from tests.snmp import ber

V1, V2C, V3 = 0, 1, 3
ROOM = 1400
NULL = Value(Tag.NULL, None)
OPERATIONS = {
    ber.GET: Operation.GET,
    ber.GET_NEXT: Operation.GET_NEXT,
    ber.GET_BULK: Operation.GET_BULK,
}
_EXCEPTIONS = {
    Absence.NO_SUCH_OBJECT: ber.NO_SUCH_OBJECT,
    Absence.NO_SUCH_INSTANCE: ber.NO_SUCH_INSTANCE,
    Absence.END_OF_MIB_VIEW: ber.END_OF_MIB_VIEW,
}


def quick(
    reader: Reader, pdu: ber.Node, credential: Credential, version: int = V2C, room: int = ROOM
) -> bytes | None:
    encoded = ber.encode(pdu)
    around = b"before" + encoded + b"after"
    return reader.respond(around, 6, 6 + len(encoded), version, credential, room)


def slow(
    operations: Operations,
    pdu: ber.Node,
    credential: Credential,
    version: int = V2C,
    room: int = ROOM,
) -> bytes:
    """pdu: as ber.request makes it."""
    tag, fields = pdu
    assert isinstance(fields, list)
    request_id, first, second = map(ber.to_int, fields[:3])
    bindings = fields[3][1]
    assert isinstance(bindings, list)
    varbinds = tuple((ber.to_oid(binding[1][0]), NULL) for binding in bindings)  # type: ignore[arg-type]
    response = operations.answer(
        Request(version, OPERATIONS[tag], varbinds, credential, "", room, first, second)
    )
    return ber.encode(_node(response, request_id))


def _node(response: Response, request_id: int) -> ber.Node:
    names: list[Oid] = [name for name, _ in response.varbinds]
    values = [_value(value) for _, value in response.varbinds]
    return ber.request(
        ber.RESPONSE, names, values, request_id, int(response.status), response.index
    )


def _value(value: Value | Absence) -> ber.Node:
    if isinstance(value, Absence):
        return _EXCEPTIONS[value], b""
    if isinstance(value.content, int):
        return ber.integer(value.content, value.tag.value)
    if isinstance(value.content, tuple):
        return ber.oid(value.content)
    return value.tag.value, value.content or b""
