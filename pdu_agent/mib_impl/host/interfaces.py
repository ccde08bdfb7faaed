# SPDX-License-Identifier: Apache-2.0
"""IF-MIB (RFC 2863): the network interfaces of the board, and what went through them.

ifAdminStatus, ifPromiscuousMode and ifAlias are read-only, as the MIB's compliance
statements allow: a unit that can be told to take itself off the network is lost. The kernel
does not tell when an interface last changed its state, nor broadcasts from packets for this
board alone: there is no ifLastChange, and what is no multicast counts as unicast.
"""

from __future__ import annotations

from collections.abc import Iterable

from pdu_agent.mib_impl.conventions import Octets, TruthValue
from pdu_agent.mib_impl.schema import ObjectType, Scalars, Table
from pdu_agent.mib_impl.syntax import (
    Counter32,
    Counter64,
    DisplayString,
    Enumerated,
    Gauge32,
    Integer32,
    Oid,
    TimeStamp,
)
from pdu_agent.model.host import Interface, InterfaceKind, LinkState
from pdu_agent.model.snapshot import Snapshot

_NUMBER = Integer32(1)
_MEGA = 1_000_000

_TYPE = Enumerated(
    (1, "other", InterfaceKind.OTHER),
    (6, "ethernetCsmacd", InterfaceKind.ETHERNET),
    (23, "ppp", InterfaceKind.PPP),
    (24, "softwareLoopback", InterfaceKind.LOOPBACK),
    (71, "ieee80211", InterfaceKind.WIRELESS),
    (131, "tunnel", InterfaceKind.TUNNEL),
    (135, "l2vlan", InterfaceKind.VLAN),
    (161, "ieee8023adLag", InterfaceKind.AGGREGATE),
    (209, "bridge", InterfaceKind.BRIDGE),
)
_ADMIN_STATUS = Enumerated((1, "up", True), (2, "down", False))
_OPER_STATUS = Enumerated(
    (1, "up", LinkState.UP),
    (2, "down", LinkState.DOWN),
    (3, "testing", LinkState.TESTING),
    (4, "unknown", LinkState.UNKNOWN),
    (5, "dormant", LinkState.DORMANT),
    (6, "notPresent", LinkState.NOT_PRESENT),
    (7, "lowerLayerDown", LinkState.LOWER_LAYER_DOWN),
)


def _unicasts(interface: Interface) -> int:
    return max(0, interface.received.packets - interface.multicasts)


def _rows(snapshot: Snapshot) -> Iterable[tuple[Oid, Interface]]:
    interfaces = snapshot.host.interfaces if snapshot.host is not None else ()
    return (((interface.index,), interface) for interface in interfaces)


def _count(snapshot: Snapshot) -> int | None:
    return None if snapshot.host is None else len(snapshot.host.interfaces)


INTERFACE_COUNT: Scalars[Snapshot] = Scalars(
    suffix=(2,),
    source=lambda snapshot: snapshot,
    objects=(ObjectType(1, "ifNumber", Integer32(), _count),),
)

INTERFACES: Table[Interface] = Table(
    suffix=(2, 2),
    name="ifTable",
    index=("ifIndex",),
    rows=_rows,
    objects=(
        ObjectType(1, "ifIndex", _NUMBER, lambda row: row.index),
        ObjectType(2, "ifDescr", DisplayString(), lambda row: row.name),
        ObjectType(3, "ifType", _TYPE, lambda row: row.kind),
        ObjectType(4, "ifMtu", Integer32(), lambda row: row.mtu_octets),
        ObjectType(5, "ifSpeed", Gauge32(), lambda row: row.speed_bps or 0),
        ObjectType(6, "ifPhysAddress", Octets(), lambda row: row.hardware_address),
        ObjectType(7, "ifAdminStatus", _ADMIN_STATUS, lambda row: row.is_enabled),
        ObjectType(8, "ifOperStatus", _OPER_STATUS, lambda row: row.link),
        ObjectType(10, "ifInOctets", Counter32(), lambda row: row.received.octets),
        ObjectType(11, "ifInUcastPkts", Counter32(), _unicasts),
        ObjectType(13, "ifInDiscards", Counter32(), lambda row: row.received.discards),
        ObjectType(14, "ifInErrors", Counter32(), lambda row: row.received.errors),
        ObjectType(16, "ifOutOctets", Counter32(), lambda row: row.sent.octets),
        ObjectType(17, "ifOutUcastPkts", Counter32(), lambda row: row.sent.packets),
        ObjectType(19, "ifOutDiscards", Counter32(), lambda row: row.sent.discards),
        ObjectType(20, "ifOutErrors", Counter32(), lambda row: row.sent.errors),
    ),
)

MORE_OF_INTERFACES: Table[Interface] = Table(
    suffix=(31, 1, 1),
    name="ifXTable",
    index=("ifIndex",),
    rows=_rows,
    objects=(
        ObjectType(1, "ifName", DisplayString(), lambda row: row.name),
        ObjectType(2, "ifInMulticastPkts", Counter32(), lambda row: row.multicasts),
        ObjectType(6, "ifHCInOctets", Counter64(), lambda row: row.received.octets),
        ObjectType(7, "ifHCInUcastPkts", Counter64(), _unicasts),
        ObjectType(8, "ifHCInMulticastPkts", Counter64(), lambda row: row.multicasts),
        ObjectType(10, "ifHCOutOctets", Counter64(), lambda row: row.sent.octets),
        ObjectType(11, "ifHCOutUcastPkts", Counter64(), lambda row: row.sent.packets),
        ObjectType(15, "ifHighSpeed", Gauge32(), lambda row: (row.speed_bps or 0) // _MEGA),
        ObjectType(16, "ifPromiscuousMode", TruthValue(), lambda row: row.is_promiscuous),
        ObjectType(17, "ifConnectorPresent", TruthValue(), lambda row: row.has_connector),
        ObjectType(18, "ifAlias", DisplayString(0, 64), lambda row: row.alias),
        ObjectType(19, "ifCounterDiscontinuityTime", TimeStamp(), lambda _: 0.0),
    ),
)
