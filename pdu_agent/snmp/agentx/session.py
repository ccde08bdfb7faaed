# SPDX-License-Identifier: Apache-2.0
"""One AgentX session with a master: octets in, octets out. No I/O, no clock."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from pdu_agent.access.complaints import Complaints
from pdu_agent.mib_impl.notifications import Notification
from pdu_agent.mib_impl.set_errors import SetError
from pdu_agent.mib_impl.syntax import Oid, Tag, Value
from pdu_agent.mib_impl.tree import dotted
from pdu_agent.model.errors import OpenPduError
from pdu_agent.snmp.agentx.codec import (
    HEADER_OCTETS,
    LITTLE,
    NETWORK,
    NETWORK_BYTE_ORDER,
    NON_DEFAULT_CONTEXT,
    NULL_NAME,
    VERSION,
    CloseReason,
    Error,
    MalformedPacket,
    PacketType,
    TooManyRanges,
    encode_name,
    encode_string,
    encode_varbinds,
    packet,
    read_header,
    read_outcome,
    read_varbinds,
    response,
)
from pdu_agent.snmp.agentx.reads import Reads
from pdu_agent.snmp.agentx.writes import Writes

log = logging.getLogger(__name__)

MAX_PAYLOAD_OCTETS = 1 << 20
"""The largest SNMP request over UDP, all of it names, becomes no more than this."""
MAX_WAITING = 1024
"""Packets of ours that the master has not answered."""

_SNMP_TRAP_OID: Oid = (1, 3, 6, 1, 6, 3, 1, 1, 4, 1, 0)
_PRIORITY = 127  # RFC 2741 section 6.2.3: the default
_MASTERS_TIMEOUT = 0  # as the master is configured

Outcome = Callable[[int], None]
"""Told res.error of the Response to a packet of ours."""
Header = tuple[int, int, int]
Reply = tuple[int, int, bytes]
"""res.error, res.index and the varbinds of a Response."""

_DONE: Reply = (Error.NO_ERROR, 0, b"")


class SessionLost(OpenPduError):
    """The session is over, the connection is of no more use."""


@dataclass(frozen=True, slots=True)
class Subtrees:
    """What sessions offer. roots: to register. modules: identity and text for sysORTable.
    complaints: roots that were not taken, with the error that the log has told of.
    """

    roots: Sequence[Oid]
    modules: Sequence[tuple[Oid, str]]
    complaints: dict[Oid, int] = field(default_factory=dict)


class Session:
    """From Open to the end of the connection.

    failed: told of requests that a defect of ours made fail. `take` what the connection
    brings, then `step` until it returns None.
    """

    def __init__(
        self, subtrees: Subtrees, reads: Reads, writes: Writes, about: str, failed: Complaints
    ) -> None:
        self._subtrees = subtrees
        self._about = about
        self._failed = failed
        self._writes = writes
        self._id = 0
        self._opened = False
        self._number = 0
        self._waiting: dict[int, Outcome] = {}
        self._refused: set[Oid] = set()
        self._registered: set[Oid] = set()
        self._ping_out = False
        self._buffer = b""
        self._position = 0
        self._outgoing: list[bytes] = []
        self._reads = {
            PacketType.GET.value: reads.get,
            PacketType.GET_NEXT.value: reads.get_next,
            PacketType.GET_BULK.value: reads.get_bulk,
        }

    @property
    def is_ready(self) -> bool:
        """Whether the master has answered every registration, and taken one at least."""
        answered = len(self._registered) + len(self._refused)
        return bool(self._registered) and answered == len(self._subtrees.roots)

    # -- what the subagent says by itself -------------------------------------------------

    def open(self) -> bytes:
        payload = bytes((_MASTERS_TIMEOUT, 0, 0, 0)) + NULL_NAME
        payload += encode_string(self._about.encode("utf-8"))
        return self._send(PacketType.OPEN, payload, self._on_open)

    def keep_alive(self) -> bytes:
        """A Ping, and once more what was not registered. Raises SessionLost if the last Ping
        is still unanswered.
        """
        if self._ping_out:
            raise SessionLost("it does not answer")
        self._ping_out = True
        again = [self._register(root) for root in self._refused]
        return self._send(PacketType.PING, b"", self._on_ping) + b"".join(again)

    def notify(self, notification: Notification, outcome: Outcome) -> bytes:
        """sysUpTime is left to the master: it is the master's that managers can ask for.

        Raises SessionLost when too many are unanswered.
        """
        name = (_SNMP_TRAP_OID, Value(Tag.OBJECT_IDENTIFIER, notification.oid))
        payload = encode_varbinds((name, *notification.varbinds))
        return self._send(PacketType.NOTIFY, payload, outcome)

    def close(self, reason: CloseReason) -> bytes:
        return packet(PacketType.CLOSE, self._id, self._number, bytes((reason, 0, 0, 0)))

    def _send(self, kind: PacketType, payload: bytes, outcome: Outcome) -> bytes:
        if len(self._waiting) >= MAX_WAITING:
            raise SessionLost("it answers nothing")
        self._number += 1
        self._waiting[self._number] = outcome
        return packet(kind, self._id, self._number, payload)

    def _register(self, root: Oid) -> bytes:
        payload = bytes((_MASTERS_TIMEOUT, _PRIORITY, 0, 0)) + encode_name(root)
        return self._send(PacketType.REGISTER, payload, lambda error: self._on_root(root, error))

    def _add_capability(self, identity: Oid, about: str) -> bytes:
        payload = encode_name(identity) + encode_string(about.encode("utf-8"))
        return self._send(PacketType.ADD_AGENT_CAPS, payload, lambda _: None)

    # -- what the master answers ----------------------------------------------------------

    def _on_open(self, error: int) -> None:
        if error:
            raise SessionLost(f"it does not open a session (error {error})")
        self._opened = True
        self._outgoing += [self._register(root) for root in self._subtrees.roots]
        self._outgoing += [self._add_capability(*module) for module in self._subtrees.modules]

    def _on_root(self, root: Oid, error: int) -> None:
        if error:
            self._refused.add(root)
            self._complain(root, error)
        else:
            self._refused.discard(root)
            self._registered.add(root)
            self._subtrees.complaints.pop(root, None)
        if len(self._refused) == len(self._subtrees.roots):
            raise SessionLost("it takes none of our subtrees")

    def _complain(self, root: Oid, error: int) -> None:
        """Once, however many sessions there are, until it is taken or refused otherwise."""
        if self._subtrees.complaints.get(root) != error:
            why = "somebody else has it" if error == Error.DUPLICATE_REGISTRATION else error
            log.warning("the AgentX master does not take %s (%s)", dotted(root), why)
            self._subtrees.complaints[root] = error

    def _on_ping(self, _: int) -> None:
        self._ping_out = False

    # -- what the master says -------------------------------------------------------------

    def take(self, data: bytes) -> None:
        """Octets that have arrived."""
        self._buffer = self._buffer[self._position :] + data
        self._position = 0

    def step(self) -> bytes | None:
        """Attend to one packet; what to send, perhaps nothing. None: no whole packet is left.

        Raises SessionLost.
        """
        buffer, start = self._buffer, self._position + HEADER_OCTETS
        if len(buffer) < start:
            return None
        fields = read_header(buffer, self._position)
        version, kind, flags, session, transaction, number, octets = fields
        if version != VERSION or octets > MAX_PAYLOAD_OCTETS or octets & 3:
            raise SessionLost(f"version {version}, {octets} octets: that is no AgentX packet")
        stop = start + octets
        if len(buffer) < stop:
            return None
        self._position = stop
        payload = buffer[start:stop]
        order = NETWORK if flags & NETWORK_BYTE_ORDER else LITTLE
        if kind == PacketType.RESPONSE:
            return self._take_response(session, number, payload, order)
        header = session, transaction, number
        if session != self._id or not self._opened:
            return response(header, Error.NOT_OPEN, 0, b"")
        reply = self._reply(kind, flags, transaction, payload, order)
        return b"" if reply is None else response(header, *reply)

    def _take_response(self, session: int, number: int, payload: bytes, order: str) -> bytes:
        outcome = self._waiting.pop(number, None)
        if outcome is None:
            return b""
        try:
            error, _ = read_outcome(payload, order)
        except MalformedPacket as exc:
            raise SessionLost(str(exc)) from exc
        if not self._opened:
            self._id = session
        outcome(error)
        outgoing, self._outgoing = self._outgoing, []
        return b"".join(outgoing)

    def _reply(
        self, kind: int, flags: int, transaction: int, payload: bytes, order: str
    ) -> Reply | None:
        if flags & NON_DEFAULT_CONTEXT:
            return None if kind == PacketType.CLEANUP_SET else (Error.UNSUPPORTED_CONTEXT, 0, b"")
        try:
            read = self._reads.get(kind)
            if read is not None:
                return Error.NO_ERROR, 0, read(payload, order)
            return self._reply_otherwise(kind, transaction, payload, order)
        except MalformedPacket:
            return Error.PARSE_ERROR, 0, b""
        except TooManyRanges:
            return Error.TOO_BIG, 1, b""
        except SetError as exc:
            return exc.status.value, exc.index, b""
        except SessionLost:
            raise
        except Exception as exc:
            self._failed.add("the AgentX master", repr(exc), exc_info=True)
            return Error.GEN_ERR, 1, b""

    def _reply_otherwise(
        self, kind: int, transaction: int, payload: bytes, order: str
    ) -> Reply | None:
        """Raises MalformedPacket, SetError, SessionLost."""
        match kind:
            case PacketType.TEST_SET:
                self._writes.test(transaction, read_varbinds(payload, order))
            case PacketType.COMMIT_SET:
                return self._commit(transaction)
            case PacketType.UNDO_SET:
                if not self._writes.undo(transaction):
                    return Error.UNDO_FAILED, 1, b""
            case PacketType.CLEANUP_SET:
                self._writes.cleanup(transaction)
                return None  # RFC 2741 section 7.2.4.4: it is not answered
            case PacketType.CLOSE:
                raise SessionLost("it closed the session")
            case PacketType.PING:
                pass
            case _:
                return Error.REQUEST_DENIED, 0, b""
        return _DONE

    def _commit(self, transaction: int) -> Reply:
        """RFC 2741 section 7.2.4.2 knows but one error."""
        try:
            self._writes.commit(transaction)
        except SetError as exc:
            log.warning("a SET that the AgentX master had tested failed: %s", exc)
            return Error.COMMIT_FAILED, exc.index, b""
        return _DONE
