# SPDX-License-Identifier: Apache-2.0
"""Requests that go through pysnmp: SETs, and whatever is too odd for the quick ways.

pysnmp decodes, authenticates, decrypts, and writes Responses and Reports. What an object is
worth, who may do what and how large an answer gets is decided here.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from pdu_agent.access.complaints import Complaints
from pdu_agent.mib_impl.framework import OwnEngine
from pdu_agent.mib_impl.snmpv2 import SnmpCounters
from pdu_agent.snmp.access import AccessPolicy, Credential
from pdu_agent.snmp.adapter import Pysnmp
from pdu_agent.snmp.ber import MalformedMessage
from pdu_agent.snmp.credentials import SecurityLevel, User
from pdu_agent.snmp.envelope import MAX_V3_OCTETS, VERSION_1, VERSION_3, Envelope
from pdu_agent.snmp.limits import Limits
from pdu_agent.snmp.operations import Operation, Operations, Request, Response, Status
from pdu_agent.snmp.security import check_privacy
from pdu_agent.snmp.source import Source, format_address
from pdu_agent.snmp.stack import PySnmpError, v1, v2c
from pdu_agent.snmp.values import read_varbinds, write_varbinds

log = logging.getLogger(__name__)

# Headers around the varbinds of an answer, at their longest.
_SCOPED_HEADERS = 72
_V3_HEADERS = 272

_OPERATIONS = {
    v2c.GetRequestPDU.tagSet: Operation.GET,
    v2c.GetNextRequestPDU.tagSet: Operation.GET_NEXT,
    v2c.GetBulkRequestPDU.tagSet: Operation.GET_BULK,
    v2c.SetRequestPDU.tagSet: Operation.SET,
}


@dataclass(frozen=True, slots=True)
class _Incoming:
    """The arguments of RFC 3412 section 4.2.2.1.2's processPdu, as pysnmp passes them.

    With a community, security_name is the Credential that it stands for.
    """

    engine: Any
    version: Any
    security_model: Any
    security_name: Any
    security_level: Any
    context_engine_id: Any
    context_name: Any
    pdu_version: Any
    pdu: Any
    max_scoped_octets: Any
    state: Any


class PysnmpPath:
    """Raises ConfigError when the privacy that a user is configured with does not work in
    pysnmp.
    """

    def __init__(
        self,
        own: OwnEngine,
        users: Sequence[User],
        policy: AccessPolicy,
        operations: Operations,
        limits: Limits,
        counters: SnmpCounters,
        monotonic_s: Callable[[], float],
    ) -> None:
        check_privacy(users)
        self._policy = policy
        self._operations = operations
        self._limits = limits
        self._counters = counters
        self._failed = Complaints(log, "SNMP requests failed", monotonic_s)
        self._community = b""
        self._host = ""
        self._pysnmp = Pysnmp(own, self._recognise, self._serve)
        for user in users:
            self._pysnmp.add_user(user)

    def process(self, datagram: bytes, envelope: Envelope, source: Source) -> bytes | None:
        """The answer to a message whose envelope is in order; None where none is due.

        Raises MalformedMessage for what pysnmp cannot make sense of. An accepted SET has been
        submitted when it returns.
        """
        self._community = envelope.community or b""
        self._host = source[0]
        try:
            answer = self._pysnmp.receive(datagram, format_address(source))
        except Exception as exc:
            # The decoders inside pysnmp raise errors of many kinds, and it lets them out.
            raise MalformedMessage(f"{type(exc).__name__} while decoding") from exc
        if self._pysnmp.took_for_malformed():
            raise MalformedMessage("not SNMP's ASN.1")
        return answer

    def _recognise(self, community: bytes) -> Credential | None:
        return self._policy.for_community(community, self._host)

    def _serve(self, *arguments: Any) -> None:
        incoming = _Incoming(*arguments)
        try:
            self._attend(incoming)
        except Exception as exc:
            # A defect of ours must not pass for a malformed message in process().
            address = self._pysnmp.address_of(incoming.state)
            self._failed.add(address, repr(exc), exc_info=True)

    def _attend(self, incoming: _Incoming) -> None:
        credential = self._credential(incoming)
        if credential is None or bytes(incoming.context_name):
            return
        self._respond(incoming, self._answer(self._request(incoming, credential)))

    def _credential(self, incoming: _Incoming) -> Credential | None:
        """Who asks: as the security model that admitted this very message has found out."""
        if isinstance(incoming.security_name, Credential):
            return incoming.security_name
        user_name = bytes(incoming.security_name).decode("utf-8", "replace")
        return self._policy.for_user(user_name, int(incoming.security_level), self._host)

    def _request(self, incoming: _Incoming, credential: Credential) -> Request:
        version = int(incoming.version)
        operation = _OPERATIONS[incoming.pdu.tagSet]
        bulk = operation is Operation.GET_BULK
        return Request(
            version=version,
            operation=operation,
            varbinds=read_varbinds(_api(version), incoming.pdu),
            credential=credential,
            address=self._pysnmp.address_of(incoming.state),
            room=self._room(incoming),
            non_repeaters=int(incoming.pdu[1]) if bulk else 0,
            max_repetitions=int(incoming.pdu[2]) if bulk else 0,
        )

    def _room(self, incoming: _Incoming) -> int:
        """Octets that the varbinds of the answer may take."""
        if int(incoming.version) != VERSION_3:
            return self._limits.community_room(self._host, self._community)
        theirs = int(incoming.max_scoped_octets) - _SCOPED_HEADERS
        ours = MAX_V3_OCTETS
        if int(incoming.security_level) == SecurityLevel.NO_AUTH_NO_PRIV:
            ours = self._limits.unproven_octets(self._host)
        return min(theirs, ours - _V3_HEADERS)

    def _answer(self, request: Request) -> Response:
        try:
            return self._operations.answer(request)
        except Exception as exc:
            # A defect of ours: the manager is told, the log gets the traceback.
            self._failed.add(request.address, repr(exc), exc_info=True)
            return Response(Status.GEN_ERR, 0, request.varbinds)

    def _respond(self, incoming: _Incoming, response: Response) -> None:
        api = _api(int(incoming.version))
        pdu = api.apiPDU.get_response(incoming.pdu)
        api.apiPDU.set_error_status(pdu, int(response.status))
        api.apiPDU.set_error_index(pdu, response.index)
        write_varbinds(api, pdu, response.varbinds)
        try:
            incoming.engine.message_dispatcher.return_response_pdu(
                incoming.engine,
                incoming.version,
                incoming.security_model,
                incoming.security_name,
                incoming.security_level,
                incoming.context_engine_id,
                incoming.context_name,
                incoming.pdu_version,
                pdu,
                incoming.max_scoped_octets,
                incoming.state,
                {},
            )
        except PySnmpError:
            self._counters.silent_drops += 1  # too large for what the peer announced


def _api(version: int) -> Any:
    return v1 if version == VERSION_1 else v2c
