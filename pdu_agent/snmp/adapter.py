# SPDX-License-Identifier: Apache-2.0
"""A pysnmp engine put together so that it can be called like a function.

Its transport is an outbox, its community table is our access policy, its clock and its
identity are the agent's, and every request goes to one callback of ours, past its MIB tree
and its access control.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pdu_agent.mib_impl.framework import OwnEngine
from pdu_agent.snmp.access import Credential
from pdu_agent.snmp.credentials import User
from pdu_agent.snmp.envelope import MAX_V3_OCTETS
from pdu_agent.snmp.security import CommunitySecurity, add_user, symbol
from pdu_agent.snmp.stack import SnmpEngine, rfc1902, v2c

_UDP_DOMAIN = (1, 3, 6, 1, 6, 1, 1)
_USM = 3
_REQUEST_TYPES = [
    v2c.GetRequestPDU.tagSet,
    v2c.GetNextRequestPDU.tagSet,
    v2c.GetBulkRequestPDU.tagSet,
    v2c.SetRequestPDU.tagSet,
]
_FRAMEWORK = "__SNMP-FRAMEWORK-MIB"


class _Outbox:
    """What pysnmp takes for its transport."""

    def __init__(self) -> None:
        self.message: bytes | None = None

    def send_message(self, message: bytes, _domain: object, _address: object) -> None:
        self.message = message

    def get_timer_resolution(self) -> float:
        # pysnmp's user security remembers each authenticated message for 300 s, counted in
        # ticks of this length; ticked once after each message, it forgets at once. An
        # engine that is always the authoritative one has no use for what it remembers.
        return 300.0


class _EngineTime(rfc1902.Integer32):  # type: ignore[misc]
    """snmpEngineTime, which pysnmp reads by clone(); its own one follows the wall clock."""

    _seconds: Callable[[], int]

    def clone(self, *_: Any, **__: Any) -> Any:
        return rfc1902.Integer32(self._seconds())


class Pysnmp:
    """recognise: the credential behind a community, None for a wrong one. serve: called with
    the eleven arguments of RFC 3412's processPdu for each request that is in order.
    """

    def __init__(
        self,
        own: OwnEngine,
        recognise: Callable[[bytes], Credential | None],
        serve: Callable[..., None],
    ) -> None:
        # Given its ID in the constructor, pysnmp would count boots in a world-writable folder.
        self.engine = engine = SnmpEngine(maxMessageSize=MAX_V3_OCTETS)
        self._outbox = engine.transport_dispatcher = _Outbox()
        self._set_identity(own)
        for model in (1, 2):
            engine.security_models[model] = CommunitySecurity(recognise, engine.snmpEngineID)
        engine.message_dispatcher.register_context_engine_id(
            engine.snmpEngineID, _REQUEST_TYPES, serve
        )
        self._parse_errors = symbol(engine, "__SNMPv2-MIB", "snmpInASNParseErrs")

    def _set_identity(self, own: OwnEngine) -> None:
        own_id = symbol(self.engine, _FRAMEWORK, "snmpEngineID")
        own_id.syntax = self.engine.snmpEngineID = own_id.syntax.clone(own.engine_id)
        own_boots = symbol(self.engine, _FRAMEWORK, "snmpEngineBoots")
        own_boots.syntax = own_boots.syntax.clone(own.boots)
        own_time = _EngineTime(0)
        own_time._seconds = own.time_s
        symbol(self.engine, _FRAMEWORK, "snmpEngineTime").syntax = own_time

    def add_user(self, user: User) -> None:
        add_user(self.engine, user)

    def receive(self, datagram: bytes, address: str) -> bytes | None:
        """What pysnmp sends for a datagram. Lets out whatever its decoders raise."""
        self._outbox.message = None
        try:
            self.engine.message_dispatcher.receive_message(
                self.engine, _UDP_DOMAIN, address, datagram
            )
        finally:
            self._forget()
        return self._outbox.message

    def took_for_malformed(self) -> bool:
        """Whether a message since the last call was dropped for not being SNMP's ASN.1."""
        found = int(self._parse_errors.syntax) > 0
        if found:
            self._parse_errors.syntax = self._parse_errors.syntax.clone(0)
        return found

    def address_of(self, state: Any) -> str:
        """The source of the request that `serve` was called with."""
        _, address = self.engine.message_dispatcher.get_transport_info(state)
        return str(address)

    def _forget(self) -> None:
        """Drop what is kept for answers that were never sent; a stranger can cause those."""
        models = (
            *self.engine.message_processing_subsystems.values(),
            *self.engine.security_models.values(),
        )
        for model in models:
            model._cache = type(model._cache)()
        self.engine.security_models[_USM].receive_timer_tick(self.engine, 0)
