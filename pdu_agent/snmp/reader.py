# SPDX-License-Identifier: Apache-2.0
"""GET, GETNEXT and GETBULK from octets to octets, over the encoded image. No I/O, no pysnmp.

It answers what `Operations` would answer (RFC 3416 section 4.2, RFC 3584 section 4 for v1),
and only requests of the plain form that managers send. For everything else, odd encodings
included, there is the long way through `Operations`.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from pdu_agent.access.complaints import Complaints
from pdu_agent.mib_impl.view import MibView
from pdu_agent.model.commands import Controller
from pdu_agent.snmp.access import Credential
from pdu_agent.snmp.ber import (
    GET,
    GET_BULK,
    GET_NEXT,
    INTEGER,
    RESPONSE,
    SEQUENCE,
    MalformedMessage,
    element,
    encode_integer,
    enter,
    head,
    header,
    integer_at,
)
from pdu_agent.snmp.envelope import MAX_VARBINDS, VERSION_1
from pdu_agent.snmp.image import Image
from pdu_agent.snmp.names import NULL_VALUE, Names
from pdu_agent.snmp.operations import MAX_REPETITIONS, Status
from pdu_agent.snmp.sight import Sight

log = logging.getLogger(__name__)

_NO_SUCH_OBJECT = b"\x80\x00"
_NO_SUCH_INSTANCE = b"\x81\x00"
_END_OF_MIB_VIEW = b"\x82\x00"

_NO_ERROR = b"\x02\x01\x00\x02\x01\x00"
"""error-status and error-index of a request, and of most answers."""

_Answer = tuple[bytes, bytes]
"""error-status with error-index, and the varbinds."""

_TOO_BIG: _Answer = (encode_integer(Status.TOO_BIG) + encode_integer(0), b"")

_READS = frozenset({GET, GET_NEXT, GET_BULK})
_PADDING = frozenset({0x00, 0xFF})
"""First octets of an integer that may be more than it needs."""

_NO_NUMBERS = (0, 0)
_SIGHTS = 64
_LEAST_VARBIND_OCTETS = 7


class Reader:
    """Reads for every version and credential, each request from one snapshot."""

    def __init__(
        self,
        view: MibView,
        controller: Controller,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._controller = controller
        self._image = Image(view)
        self._names = Names(view.tree)
        self._everything = self._new_sight(None, is_v1=False)
        self._everything_in_v1 = self._new_sight(None, is_v1=True)
        self._sights: dict[tuple[int, bool], tuple[Credential, Sight]] = {}
        self._failed = Complaints(log, "SNMP reads left to the long way", monotonic_s)

    def respond(
        self, data: bytes, start: int, stop: int, version: int, credential: Credential, room: int
    ) -> bytes | None:
        """The encoded Response to the request that is data[start:stop], from its tag on.

        room: octets that the varbinds of the answer may take. None: not for this way, being
        a SET or odd; also when a getter fails, so that the long way tells the manager.
        """
        try:
            return self._respond(data, start, stop, version, credential, room)
        except (MalformedMessage, IndexError):
            return None
        except Exception as exc:
            self._failed.add(credential.name, repr(exc), exc_info=True)
            return None

    def _respond(
        self, data: bytes, start: int, stop: int, version: int, credential: Credential, room: int
    ) -> bytes | None:
        tag = data[start]
        if tag not in _READS or (tag == GET_BULK and version == VERSION_1):
            return None
        _, position, end = header(data, start, stop)
        request_id, position = _request_id(data, position, stop)
        numbers = _NO_NUMBERS
        if tag != GET_BULK and data[position : position + len(_NO_ERROR)] == _NO_ERROR:
            position += len(_NO_ERROR)
        else:
            # A negative number of a GETBULK counts as zero (RFC 3416 section 4.2.3); in other
            # requests the two fields say nothing.
            first, position = integer_at(data, position, stop)
            second, position = integer_at(data, position, stop)
            if tag == GET_BULK:
                numbers = (max(0, first), max(0, second))
        list_start, list_stop = enter(data, position, stop, SEQUENCE)
        if list_stop != stop or end != stop:
            return None
        varbinds = self._names.split(data, list_start, list_stop)
        status, answer = self._answer(
            tag, varbinds, numbers, self._sight(credential, version), room
        )
        fields = request_id + status + head(SEQUENCE, len(answer))
        return head(RESPONSE, len(fields) + len(answer)) + fields + answer

    def _sight(self, credential: Credential, version: int) -> Sight:
        is_v1 = version == VERSION_1
        if credential.reads_everything:
            sight = self._everything_in_v1 if is_v1 else self._everything
        else:
            sight = self._restricted(credential, is_v1)
        sight.look_at(self._controller.snapshot)
        return sight

    def _restricted(self, credential: Credential, is_v1: bool) -> Sight:
        # Credentials are compared by identity, which is quick; holding one keeps its identity.
        key = (id(credential), is_v1)
        known = self._sights.get(key)
        if known is None:
            if len(self._sights) >= _SIGHTS:
                del self._sights[next(iter(self._sights))]
            known = self._sights[key] = credential, self._new_sight(credential, is_v1=is_v1)
        return known[1]

    def _new_sight(self, credential: Credential | None, *, is_v1: bool) -> Sight:
        return Sight(self._image, credential, self._controller.snapshot, is_v1=is_v1)

    def _answer(
        self, tag: int, varbinds: list[bytes], numbers: tuple[int, int], sight: Sight, room: int
    ) -> _Answer:
        if len(varbinds) > MAX_VARBINDS:
            return _TOO_BIG
        if tag == GET_BULK:
            return self._get_bulk(sight, varbinds, numbers, room)
        answers = (self._get if tag == GET else self._get_next)(sight, varbinds)
        if None in answers:
            if sight.is_v1:
                return _no_such_name(varbinds, answers.index(None), room)
            answers = [
                answer or self._absent(tag, sight, varbind)
                for varbind, answer in zip(varbinds, answers, strict=True)
            ]
        encoded = b"".join(answers)  # type: ignore[arg-type]  # no None is left
        return (_NO_ERROR, encoded) if len(encoded) <= room else _TOO_BIG

    def _get(self, sight: Sight, varbinds: list[bytes]) -> list[bytes | None]:
        answers: list[bytes | None] = list(map(sight.found.get, varbinds))
        if None in answers:
            resolve = self._names.resolve
            for position, answer in enumerate(answers):
                if answer is None:
                    varbind = varbinds[position]
                    answers[position] = sight.get(varbind, resolve(varbind))
        return answers

    def _get_next(self, sight: Sight, varbinds: list[bytes]) -> list[bytes | None]:
        resolve = self._names.resolve
        found = [sight.after(resolve(varbind), 1) for varbind in varbinds]
        return [run[0] if run else None for run in found]

    def _absent(self, tag: int, sight: Sight, varbind: bytes) -> bytes:
        """What a response says where there is nothing (RFC 3416 section 4.2.1 and 4.2.2)."""
        exception = _END_OF_MIB_VIEW
        if tag == GET:
            known = sight.has_object(self._names.resolve(varbind))
            exception = _NO_SUCH_INSTANCE if known else _NO_SUCH_OBJECT
        return varbind[: -len(NULL_VALUE)] + exception

    def _get_bulk(
        self, sight: Sight, varbinds: list[bytes], numbers: tuple[int, int], room: int
    ) -> _Answer:
        """As many varbinds as fit, in the order of RFC 3416 section 4.2.3."""
        non_repeaters, repetitions = numbers
        answers: list[bytes] = []
        columns = varbinds
        if non_repeaters:
            single, columns = varbinds[:non_repeaters], varbinds[non_repeaters:]
            answers += [
                answer or self._absent(GET_BULK, sight, varbind)
                for varbind, answer in zip(single, self._get_next(sight, single), strict=True)
            ]
        if columns:
            enough = room // (len(columns) * _LEAST_VARBIND_OCTETS) + 1
            answers += self._repeat(sight, columns, min(repetitions, MAX_REPETITIONS, enough))
        encoded = b"".join(answers)
        if len(encoded) > room:
            encoded = _cut(answers, room)
            if not encoded:
                return _TOO_BIG
        return _NO_ERROR, encoded

    def _repeat(self, sight: Sight, varbinds: list[bytes], repetitions: int) -> list[bytes]:
        """Row by row what follows each name; a row that finds nothing at all is the last one."""
        resolve = self._names.resolve
        if len(varbinds) == 1:  # a walk
            run = sight.after(resolve(varbinds[0]), repetitions)
            if len(run) < repetitions:
                run.append(_ended(run[-1] if run else varbinds[0]))
            return run
        runs = [sight.after(resolve(varbind), repetitions) for varbind in varbinds]
        height = min(repetitions, max(map(len, runs)) + 1)
        for varbind, run in zip(varbinds, runs, strict=True):
            if len(run) < height:
                run += [_ended(run[-1] if run else varbind)] * (height - len(run))
        return [answer for row in zip(*runs, strict=True) for answer in row]


def _request_id(data: bytes, position: int, end: int) -> tuple[bytes, int]:
    """The encoded request-id in shortest form, and where the next element starts."""
    stop = position + 2 + data[position + 1]
    encoded = data[position:stop]
    if encoded[2] in _PADDING:
        number, stop = integer_at(data, position, end)
        return encode_integer(number), stop
    if encoded[0] != INTEGER or not 3 <= len(encoded) <= 6 or stop > end:
        raise MalformedMessage("no request-id")
    return encoded, stop


def _no_such_name(varbinds: list[bytes], position: int, room: int) -> _Answer:
    """What a v1 manager is told: the first name that is not there, and its own varbinds."""
    echo = b"".join(varbinds)
    if len(echo) > room:
        return _TOO_BIG
    return encode_integer(Status.NO_SUCH_NAME) + encode_integer(position + 1), echo


def _ended(varbind: bytes) -> bytes:
    """endOfMibView for the name of `varbind`."""
    _, start, stop = header(varbind, 0, len(varbind))
    _, _, name_stop = header(varbind, start, stop)
    return element(SEQUENCE, varbind[start:name_stop] + _END_OF_MIB_VIEW)


def _cut(varbinds: list[bytes], room: int) -> bytes:
    """Those of the first varbinds that fit."""
    octets = 0
    for number, varbind in enumerate(varbinds):
        octets += len(varbind)
        if octets > room:
            return b"".join(varbinds[:number])
    return b"".join(varbinds)
