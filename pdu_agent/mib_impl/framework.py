# SPDX-License-Identifier: Apache-2.0
"""The SNMP engine about itself: SNMP-FRAMEWORK-MIB (RFC 3411), SNMP-MPD-MIB (RFC 3412),
SNMP-USER-BASED-SM-MIB (RFC 3414) and SNMP-TARGET-MIB (RFC 3413), of which only the counters
are served: what is configured there stands in a file of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pdu_agent.mib_impl.conventions import Octets
from pdu_agent.mib_impl.schema import MibModule, ObjectType, Scalars
from pdu_agent.mib_impl.snmpv2 import SnmpCounters
from pdu_agent.mib_impl.syntax import Counter32, Integer32, Oid

SNMP_MODULES: Oid = (1, 3, 6, 1, 6, 3)
TARGET_OBJECTS: Oid = (*SNMP_MODULES, 12, 1)
MPD_STATS: Oid = (*SNMP_MODULES, 11, 2, 1)
USM_STATS: Oid = (*SNMP_MODULES, 15, 1, 1)


@dataclass(frozen=True, slots=True)
class OwnEngine:
    """This agent as an SNMP engine (RFC 3411 section 3.1.1).

    engine_id: 5 to 32 octets, the same for the life of the device. boots: 1 to 2^31-1, larger
    than at any start before. time_s: whole seconds since this start, live. max_octets: the
    largest message that it takes and sends (484 to 2^31-1).
    """

    engine_id: bytes
    boots: int
    time_s: Callable[[], int]
    max_octets: int


def framework_modules(engine: OwnEngine, counters: SnmpCounters) -> tuple[MibModule, ...]:
    return (
        _framework(engine),
        _message_processing(counters),
        _targets(counters),
        _user_security(counters),
    )


def _framework(engine: OwnEngine) -> MibModule:
    positive = Integer32(1, 0x7FFF_FFFF)
    return MibModule(
        name="SNMP-FRAMEWORK-MIB",
        about="This agent as an SNMP engine",
        identity=(*SNMP_MODULES, 10),
        arc=(*SNMP_MODULES, 10),
        groups=(
            Scalars(
                suffix=(2, 1),
                source=lambda _: engine,
                objects=(
                    ObjectType(1, "snmpEngineID", Octets(), lambda own: own.engine_id),
                    ObjectType(2, "snmpEngineBoots", positive, lambda own: own.boots),
                    ObjectType(
                        3,
                        "snmpEngineTime",
                        Integer32(0, 0x7FFF_FFFF),
                        lambda own: own.time_s(),
                        units="seconds",
                        live=True,
                    ),
                    ObjectType(
                        4,
                        "snmpEngineMaxMessageSize",
                        Integer32(484, 0x7FFF_FFFF),
                        lambda own: own.max_octets,
                    ),
                ),
            ),
        ),
    )


def _message_processing(counters: SnmpCounters) -> MibModule:
    return MibModule(
        name="SNMP-MPD-MIB",
        about="Messages and requests that nobody here takes",
        identity=(*SNMP_MODULES, 11),
        arc=(*SNMP_MODULES, 11),
        groups=(
            _counters(
                counters,
                (2, 1),
                (1, "snmpUnknownSecurityModels", lambda c: c.unknown_security_models),
                (2, "snmpInvalidMsgs", lambda c: c.invalid_messages),
                (3, "snmpUnknownPDUHandlers", lambda c: c.unknown_pdu_handlers),
            ),
        ),
    )


def _targets(counters: SnmpCounters) -> MibModule:
    return MibModule(
        name="SNMP-TARGET-MIB",
        about="Requests for contexts that are not here",
        identity=(*SNMP_MODULES, 12),
        arc=(*SNMP_MODULES, 12),
        groups=(
            _counters(
                counters,
                (1,),
                (4, "snmpUnavailableContexts", lambda c: c.unavailable_contexts),
                (5, "snmpUnknownContexts", lambda c: c.unknown_contexts),
            ),
        ),
    )


def _user_security(counters: SnmpCounters) -> MibModule:
    return MibModule(
        name="SNMP-USER-BASED-SM-MIB",
        about="Messages that the User-based Security Model refused",
        identity=(*SNMP_MODULES, 15),
        arc=(*SNMP_MODULES, 15),
        groups=(
            _counters(
                counters,
                (1, 1),
                (1, "usmStatsUnsupportedSecLevels", lambda c: c.unsupported_sec_levels),
                (2, "usmStatsNotInTimeWindows", lambda c: c.not_in_time_windows),
                (3, "usmStatsUnknownUserNames", lambda c: c.unknown_user_names),
                (4, "usmStatsUnknownEngineIDs", lambda c: c.unknown_engine_ids),
                (5, "usmStatsWrongDigests", lambda c: c.wrong_digests),
                (6, "usmStatsDecryptionErrors", lambda c: c.decryption_errors),
            ),
        ),
    )


def _counters(
    counters: SnmpCounters,
    suffix: Oid,
    *objects: tuple[int, str, Callable[[SnmpCounters], int]],
) -> Scalars[SnmpCounters]:
    return Scalars(
        suffix=suffix,
        source=lambda _: counters,
        objects=tuple(ObjectType(number, name, Counter32(), get) for number, name, get in objects),
        live=True,
    )
