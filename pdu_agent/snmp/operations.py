# SPDX-License-Identifier: Apache-2.0
"""GET, GETNEXT, GETBULK and SET (RFC 3416 section 4.2) over a MibView. No I/O, no pysnmp.

Access is checked here, before the view is asked. A request is answered from one snapshot.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import Literal

from pdu_agent.mib_impl.set_errors import SetError
from pdu_agent.mib_impl.snmpv2 import SnmpCounters
from pdu_agent.mib_impl.syntax import Oid, Tag, Value
from pdu_agent.mib_impl.view import END_OF_MIB_VIEW, NO_SUCH_OBJECT, Absence, MibView, VarBind
from pdu_agent.mib_impl.writes import MibWriter
from pdu_agent.model.commands import Actor, Controller
from pdu_agent.model.snapshot import Snapshot
from pdu_agent.snmp.access import Credential
from pdu_agent.snmp.envelope import MAX_VARBINDS, VERSION_1, VERSION_3
from pdu_agent.snmp.permitted import permitted_plan
from pdu_agent.snmp.sizes import Answered, varbind_octets, varbinds_octets

MAX_REPETITIONS = 50
"""Of a GETBULK, whatever it asks for: without a bound it amplifies a datagram 70 times."""


class Operation(Enum):
    GET = "get"
    GET_NEXT = "getnext"
    GET_BULK = "getbulk"
    SET = "set"


class Status(IntEnum):
    """error-status (RFC 3416 section 3); up to GEN_ERR those of SNMPv1 too."""

    NO_ERROR = 0
    TOO_BIG = 1
    NO_SUCH_NAME = 2
    BAD_VALUE = 3
    GEN_ERR = 5
    NO_ACCESS = 6
    WRONG_TYPE = 7
    WRONG_LENGTH = 8
    WRONG_ENCODING = 9
    WRONG_VALUE = 10
    NO_CREATION = 11
    INCONSISTENT_VALUE = 12
    RESOURCE_UNAVAILABLE = 13
    COMMIT_FAILED = 14
    UNDO_FAILED = 15
    AUTHORIZATION_ERROR = 16
    NOT_WRITABLE = 17
    INCONSISTENT_NAME = 18


V1_STATUS = {
    Status.WRONG_VALUE: Status.BAD_VALUE,
    Status.WRONG_ENCODING: Status.BAD_VALUE,
    Status.WRONG_TYPE: Status.BAD_VALUE,
    Status.WRONG_LENGTH: Status.BAD_VALUE,
    Status.INCONSISTENT_VALUE: Status.BAD_VALUE,
    Status.NO_ACCESS: Status.NO_SUCH_NAME,
    Status.NOT_WRITABLE: Status.NO_SUCH_NAME,
    Status.NO_CREATION: Status.NO_SUCH_NAME,
    Status.INCONSISTENT_NAME: Status.NO_SUCH_NAME,
    Status.AUTHORIZATION_ERROR: Status.NO_SUCH_NAME,
    Status.RESOURCE_UNAVAILABLE: Status.GEN_ERR,
    Status.COMMIT_FAILED: Status.GEN_ERR,
    Status.UNDO_FAILED: Status.GEN_ERR,
}
"""What a v1 manager is told (RFC 3584 section 4.4)."""


@dataclass(frozen=True, slots=True)
class Request:
    """A decoded request of someone known.

    address: "ip:port" of the source. room: octets that the varbinds of the answer may take.
    """

    version: int
    operation: Operation
    varbinds: tuple[tuple[Oid, Value], ...]
    credential: Credential
    address: str
    room: int
    non_repeaters: int = 0
    max_repetitions: int = 0


@dataclass(frozen=True, slots=True)
class Response:
    """index is the 1-based error-index. With an error the varbinds are those of the request."""

    status: Status
    index: int
    varbinds: tuple[Answered, ...]


class _Failed(Exception):
    """Ends an operation with an error of one varbind (1-based), or of the whole (0)."""

    def __init__(self, status: Status, index: int) -> None:
        super().__init__(status.name)
        self.status = status
        self.index = index


class Operations:
    """Answers requests that have been decoded and authenticated by someone else."""

    def __init__(self, view: MibView, controller: Controller, counters: SnmpCounters) -> None:
        self._view = view
        self._writer = MibWriter(view, controller)
        self._controller = controller
        self._counters = counters

    def answer(self, request: Request) -> Response:
        """The response, never larger than `request.room`."""
        try:
            if len(request.varbinds) > MAX_VARBINDS:
                raise _Failed(Status.TOO_BIG, 0)
            return Response(Status.NO_ERROR, 0, tuple(self._perform(request)))
        except _Failed as failure:
            if failure.status is Status.NO_ACCESS and request.version != VERSION_3:
                self._counters.in_bad_community_uses += 1
            return _refusal(request, failure.status, failure.index)

    def _perform(self, request: Request) -> list[Answered]:
        if request.operation is Operation.SET:
            return self._set(request)
        snapshot = self._controller.snapshot
        if request.operation is Operation.GET_BULK:
            return self._get_bulk(request, snapshot)
        names = enumerate((oid for oid, _ in request.varbinds), start=1)
        if request.operation is Operation.GET:
            found = [self._get(request, index, oid, snapshot) for index, oid in names]
        else:
            walk = _Walk(self._view, request, snapshot)
            found = [_get_next(walk, request.version, index, oid) for index, oid in names]
        if varbinds_octets(found) > request.room:
            raise _Failed(Status.TOO_BIG, 0)
        return found

    def _get(self, request: Request, index: int, oid: Oid, snapshot: Snapshot) -> Answered:
        value: Value | Absence = NO_SUCH_OBJECT
        if _may_read(self._view, request.credential, oid, snapshot):
            value = self._view.get(oid, snapshot)
        if request.version == VERSION_1 and (
            isinstance(value, Absence) or value.tag is Tag.COUNTER64
        ):
            raise _Failed(Status.NO_SUCH_NAME, index)
        return oid, value

    def _get_bulk(self, request: Request, snapshot: Snapshot) -> list[Answered]:
        """As many varbinds as fit, in the order of RFC 3416 section 4.2.3.

        A repetition that finds nothing in any of its columns is the last one.
        """
        names = [oid for oid, _ in request.varbinds]
        single = min(max(request.non_repeaters, 0), len(names))
        repetitions = min(max(request.max_repetitions, 0), MAX_REPETITIONS)
        answer = _Bounded(request.room)
        walk = _Walk(self._view, request, snapshot)
        for oid in names[:single]:
            answer.add(walk.after(oid))
        columns = names[single:]
        for _ in range(repetitions if columns else 0):
            row = []
            for oid in columns:
                row.append(walk.after(oid))
                if not answer.add(row[-1]):
                    return answer.varbinds
            if all(value is END_OF_MIB_VIEW for _, value in row):
                break
            columns = [oid for oid, _ in row]
        return answer.varbinds

    def _set(self, request: Request) -> list[Answered]:
        """All or nothing; the answer repeats the request's varbinds."""
        snapshot = self._controller.snapshot
        actor = Actor("snmp", request.credential.name, request.address)
        try:
            plan = permitted_plan(
                self._writer, request.varbinds, request.credential, snapshot, actor
            )
            if varbinds_octets(request.varbinds) > request.room:
                raise _Failed(Status.TOO_BIG, 0)  # before, as it could not be acknowledged after
            self._writer.submit(plan, actor)
        except SetError as exc:
            raise _Failed(Status(exc.status.value), exc.index) from exc
        return list(request.varbinds)


class _Walk:
    """What follows the names of one request, as far as its credential may read.

    No instance that is hidden from the credential is looked at twice: a request with a
    hundred names would otherwise search the whole tree a hundred times.
    """

    def __init__(self, view: MibView, request: Request, snapshot: Snapshot) -> None:
        self._view = view
        self._credential = request.credential
        self._snapshot = snapshot
        self._skip_counter64 = request.version == VERSION_1
        self._known: dict[Oid, VarBind | Literal[Absence.END_OF_MIB_VIEW]] = {}

    def after(self, oid: Oid) -> Answered:
        """The first instance after `oid` that may be read; else `oid` and END_OF_MIB_VIEW."""
        passed = [oid]
        while (found := self._known.get(passed[-1])) is None:
            step = self._view.next(passed[-1], self._snapshot, skip_counter64=self._skip_counter64)
            if step is END_OF_MIB_VIEW or self._shows(step[0]):
                found = step
                break
            passed.append(step[0])
        self._known.update(dict.fromkeys(passed, found))
        return (oid, found) if found is END_OF_MIB_VIEW else found

    def _shows(self, oid: Oid) -> bool:
        return _may_read(self._view, self._credential, oid, self._snapshot)


def _get_next(walk: _Walk, version: int, index: int, oid: Oid) -> Answered:
    found = walk.after(oid)
    if version == VERSION_1 and found[1] is END_OF_MIB_VIEW:
        raise _Failed(Status.NO_SUCH_NAME, index)
    return found


def _may_read(view: MibView, credential: Credential, oid: Oid, snapshot: Snapshot) -> bool:
    if credential.reads_everything:
        return True
    place = view.object_of(oid)
    outlet = view.outlet_of(place, oid, snapshot) if place is not None else None
    return credential.may_read(oid, outlet)


class _Bounded:
    """Varbinds as long as there is room; once one did not fit, none is taken any more."""

    def __init__(self, room: int) -> None:
        self.varbinds: list[Answered] = []
        self._room = room

    def add(self, varbind: Answered) -> bool:
        """Whether it fitted. An answer that not even the first one fits is too big."""
        self._room -= varbind_octets(varbind)
        if self._room >= 0:
            self.varbinds.append(varbind)
        elif not self.varbinds:
            raise _Failed(Status.TOO_BIG, 0)
        return self._room >= 0


def _refusal(request: Request, status: Status, index: int) -> Response:
    """The request's own varbinds with the error; tooBig without any, as in RFC 3416 4.2.1."""
    if status is Status.TOO_BIG or varbinds_octets(request.varbinds) > request.room:
        return Response(Status.TOO_BIG, 0, ())
    if request.version == VERSION_1:
        status = V1_STATUS.get(status, status)
    return Response(status, index, request.varbinds)
