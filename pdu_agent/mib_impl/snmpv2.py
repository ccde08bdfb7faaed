# SPDX-License-Identifier: Apache-2.0
"""SNMPv2-MIB (RFC 3418): the system group, the snmp group with its counters, and the traps."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pdu_agent.mib_impl.conventions import SpinLock
from pdu_agent.mib_impl.schema import (
    MibModule,
    NotificationType,
    ObjectType,
    Scalars,
    Table,
    Told,
    whole,
)
from pdu_agent.mib_impl.syntax import (
    Counter32,
    DisplayString,
    Enumerated,
    Integer32,
    ObjectIdentifier,
    Oid,
    TimeStamp,
    TimeTicks,
)
from pdu_agent.model.commands import (
    AdvanceConfigLock,
    ConfigureDevice,
    DeviceSetting,
    EnableNotifications,
    NotificationClass,
)
from pdu_agent.model.events import AgentStarted
from pdu_agent.model.snapshot import Snapshot

INTERNET: Oid = (1, 3, 6, 1)
SNMP_MIB: Oid = (1, 3, 6, 1, 6, 3, 1)
SNMP_TRAPS: Oid = (*SNMP_MIB, 1, 5)

COLD_START = NotificationType(1, "coldStart", NotificationClass.START)
WARM_START = NotificationType(2, "warmStart", NotificationClass.START)
AUTHENTICATION_FAILURE = NotificationType(
    5, "authenticationFailure", NotificationClass.AUTHENTICATION
)

# Layers 4 and 7, as RFC 3418 states it for a host that offers application services.
SERVICES = 72


@dataclass(slots=True)
class SnmpCounters:
    """What became of received messages; counted by the SNMP engine, from its start."""

    in_packets: int = 0
    in_bad_versions: int = 0
    in_bad_community_names: int = 0
    in_bad_community_uses: int = 0
    in_asn_parse_errors: int = 0
    silent_drops: int = 0
    proxy_drops: int = 0
    unknown_security_models: int = 0
    invalid_messages: int = 0
    unknown_pdu_handlers: int = 0
    unavailable_contexts: int = 0
    unknown_contexts: int = 0
    unsupported_sec_levels: int = 0
    not_in_time_windows: int = 0
    unknown_user_names: int = 0
    unknown_engine_ids: int = 0
    wrong_digests: int = 0
    decryption_errors: int = 0
    dropped_rate: int = 0
    """Of sources that sent more than they may; they are in in_packets too."""


@dataclass(frozen=True, slots=True)
class Resource:
    """A row of sysORTable: a module that the agent serves since its start."""

    identity: Oid
    about: str


@dataclass(frozen=True, slots=True)
class Identity:
    """What managers tell the kind of a unit by. describe: the text of sysDescr."""

    object_id: Oid
    describe: Callable[[Snapshot], str]


def snmpv2_module(
    uptime_s: Callable[[], float],
    identity: Identity,
    counters: SnmpCounters,
    others: Sequence[MibModule],
) -> MibModule:
    """SNMPv2-MIB of an agent of this identity that also serves `others`.

    uptime_s: seconds since the agent started, live: sysUpTime is not of a snapshot.
    """
    about = "The MIB module for SNMP entities"
    served = [Resource(SNMP_MIB, about), *(Resource(m.identity, m.about) for m in others)]
    return MibModule(
        name="SNMPv2-MIB",
        about=about,
        identity=SNMP_MIB,
        arc=INTERNET,
        groups=(
            _system(uptime_s, identity),
            _resources(served),
            _snmp(counters),
            _AUTHEN_TRAPS,
            _SET_SERIAL_NO,
        ),
        notification_arc=SNMP_TRAPS,
        notifications=(COLD_START, WARM_START, AUTHENTICATION_FAILURE),
        telling={AgentStarted: _agent_started},
    )


def _agent_started(event: AgentStarted, _: Snapshot) -> Iterator[Told]:
    cold = event.boots == 1 or bool(event.cold_banks)
    yield Told(COLD_START if cold else WARM_START)


def _configures(setting: DeviceSetting) -> Callable[[Snapshot, Any], ConfigureDevice]:
    return lambda _, text: ConfigureDevice(setting, text)


def _system(uptime_s: Callable[[], float], identity: Identity) -> Scalars[Snapshot]:
    text = DisplayString(0, 255)
    return Scalars(
        suffix=(2, 1, 1),
        source=whole,
        objects=(
            ObjectType(1, "sysDescr", text, identity.describe),
            ObjectType(2, "sysObjectID", ObjectIdentifier(), lambda _: identity.object_id),
            ObjectType(3, "sysUpTime", TimeTicks(), lambda _: uptime_s(), live=True),
            ObjectType(
                4,
                "sysContact",
                text,
                lambda snapshot: snapshot.device.contact,
                to_command=_configures(DeviceSetting.CONTACT),
            ),
            ObjectType(
                5,
                "sysName",
                text,
                lambda snapshot: snapshot.device.name,
                to_command=_configures(DeviceSetting.NAME),
            ),
            ObjectType(
                6,
                "sysLocation",
                text,
                lambda snapshot: snapshot.device.location,
                to_command=_configures(DeviceSetting.LOCATION),
            ),
            ObjectType(7, "sysServices", Integer32(0, 127), lambda _: SERVICES),
            ObjectType(8, "sysORLastChange", TimeStamp(), lambda _: 0),
        ),
    )


def _resources(served: Sequence[Resource]) -> Table[Resource]:
    rows = tuple(((number,), resource) for number, resource in enumerate(served, start=1))
    return Table(
        suffix=(2, 1, 1, 9),
        name="sysORTable",
        index=("sysORIndex",),
        rows=lambda _: rows,
        objects=(
            ObjectType(1, "sysORIndex", Integer32(1, 2_147_483_647)),
            ObjectType(2, "sysORID", ObjectIdentifier(), lambda resource: resource.identity),
            ObjectType(3, "sysORDescr", DisplayString(0, 255), lambda resource: resource.about),
            ObjectType(4, "sysORUpTime", TimeStamp(), lambda _: 0),
        ),
    )


def _snmp(counters: SnmpCounters) -> Scalars[SnmpCounters]:
    return Scalars(
        suffix=(2, 1, 11),
        source=lambda _: counters,
        live=True,
        objects=(
            ObjectType(1, "snmpInPkts", Counter32(), lambda c: c.in_packets),
            ObjectType(3, "snmpInBadVersions", Counter32(), lambda c: c.in_bad_versions),
            ObjectType(
                4, "snmpInBadCommunityNames", Counter32(), lambda c: c.in_bad_community_names
            ),
            ObjectType(5, "snmpInBadCommunityUses", Counter32(), lambda c: c.in_bad_community_uses),
            ObjectType(6, "snmpInASNParseErrs", Counter32(), lambda c: c.in_asn_parse_errors),
            ObjectType(31, "snmpSilentDrops", Counter32(), lambda c: c.silent_drops),
            ObjectType(32, "snmpProxyDrops", Counter32(), lambda c: c.proxy_drops),
        ),
    )


_AUTHEN_TRAPS: Scalars[Snapshot] = Scalars(
    suffix=(2, 1, 11),
    source=whole,
    objects=(
        ObjectType(
            30,
            "snmpEnableAuthenTraps",
            Enumerated((1, "enabled", True), (2, "disabled", False)),
            lambda snapshot: NotificationClass.AUTHENTICATION in snapshot.notifying,
            to_command=lambda _, enabled: EnableNotifications(
                NotificationClass.AUTHENTICATION, enabled
            ),
        ),
    ),
)

# snmpSetSerialNo and the lock of OPENPDU-MIB are one: managers that use either of them agree.
_SET_SERIAL_NO: Scalars[Snapshot] = Scalars(
    suffix=(6, 3, 1, 1, 6),
    source=whole,
    objects=(
        ObjectType(
            1,
            "snmpSetSerialNo",
            SpinLock(),
            lambda snapshot: snapshot.config_lock,
            to_command=lambda _, value: AdvanceConfigLock(value),
        ),
    ),
)
