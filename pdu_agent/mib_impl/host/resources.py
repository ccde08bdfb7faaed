# SPDX-License-Identifier: Apache-2.0
"""HOST-RESOURCES-MIB (RFC 2790): uptime, memory, storage and processors of the board.

What the MIB lets be written (date, boot device, the size of a storage) is the business of
the operating system: read-only here, or left out.
"""

from __future__ import annotations

from collections.abc import Iterable

from pdu_agent.mib_impl.conventions import AutonomousType
from pdu_agent.mib_impl.schema import ObjectType, Scalars, Table, whole
from pdu_agent.mib_impl.syntax import (
    DateAndTime,
    DisplayString,
    Enumerated,
    Gauge32,
    Integer32,
    ObjectIdentifier,
    Oid,
    TimeTicks,
)
from pdu_agent.model.host import HostStatus, Storage, StorageKind
from pdu_agent.model.snapshot import Snapshot

_HOST: Oid = (1, 3, 6, 1, 2, 1, 25)
_STORAGE_TYPES = {
    StorageKind.MEMORY: (*_HOST, 2, 1, 2),  # hrStorageRam
    StorageKind.SWAP: (*_HOST, 2, 1, 3),  # hrStorageVirtualMemory
    StorageKind.DISK: (*_HOST, 2, 1, 4),  # hrStorageFixedDisk
}
_PROCESSOR: Oid = (*_HOST, 3, 1, 3)  # hrDeviceProcessor
_NO_ID: Oid = (0, 0)
_STATUS = Enumerated((2, "running", "running"))
_NUMBER = Integer32(1)
_LARGEST = 0x7FFF_FFFF
_SIZE = Integer32(0)

SYSTEM: Scalars[HostStatus | None] = Scalars(
    suffix=(1,),
    source=lambda snapshot: snapshot.host,
    objects=(
        ObjectType(1, "hrSystemUptime", TimeTicks(), lambda host: host and host.uptime_s),
        ObjectType(6, "hrSystemProcesses", Gauge32(), lambda host: host and host.process_count),
    ),
)


def _date(snapshot: Snapshot) -> float | None:
    return None if snapshot.host is None else snapshot.t_wall_s


# Of the snapshot, because the last look at the board was seconds ago.
DATE: Scalars[Snapshot] = Scalars(
    suffix=(1,),
    source=whole,
    objects=(ObjectType(2, "hrSystemDate", DateAndTime(), _date),),
)

MEMORY: Scalars[HostStatus | None] = Scalars(
    suffix=(2,),
    source=lambda snapshot: snapshot.host,
    objects=(
        ObjectType(
            2,
            "hrMemorySize",
            _SIZE,
            lambda host: host and host.memory_octets // 1024,
            units="KBytes",
        ),
    ),
)


def _unit_octets(storage: Storage) -> int:
    """What the storage is counted in, doubled until its size has room in the object: that is
    2^31-1 units, which 8 TiB in blocks of 4 KiB exceed.
    """
    unit = storage.unit_octets
    while storage.size_octets // unit > _LARGEST:
        unit *= 2
    return unit


def _storages(snapshot: Snapshot) -> Iterable[tuple[Oid, Storage]]:
    storages = snapshot.host.storages if snapshot.host is not None else ()
    return (((storage.index,), storage) for storage in storages)


STORAGES: Table[Storage] = Table(
    suffix=(2, 3),
    name="hrStorageTable",
    index=("hrStorageIndex",),
    rows=_storages,
    objects=(
        ObjectType(1, "hrStorageIndex", _NUMBER, lambda storage: storage.index),
        ObjectType(
            2, "hrStorageType", AutonomousType(), lambda storage: _STORAGE_TYPES[storage.kind]
        ),
        ObjectType(3, "hrStorageDescr", DisplayString(), lambda storage: storage.description),
        ObjectType(
            4,
            "hrStorageAllocationUnits",
            _NUMBER,
            _unit_octets,
            units="Bytes",
        ),
        ObjectType(
            5, "hrStorageSize", _SIZE, lambda storage: storage.size_octets // _unit_octets(storage)
        ),
        ObjectType(
            6, "hrStorageUsed", _SIZE, lambda storage: storage.used_octets // _unit_octets(storage)
        ),
    ),
)


def _processors(snapshot: Snapshot) -> Iterable[tuple[Oid, tuple[int, float]]]:
    loads = snapshot.host.processor_loads_pct if snapshot.host is not None else ()
    return (((number,), (number, load)) for number, load in enumerate(loads, 1))


DEVICES: Table[tuple[int, float]] = Table(
    suffix=(3, 2),
    name="hrDeviceTable",
    index=("hrDeviceIndex",),
    rows=_processors,
    objects=(
        ObjectType(1, "hrDeviceIndex", _NUMBER, lambda processor: processor[0]),
        ObjectType(2, "hrDeviceType", AutonomousType(), lambda _: _PROCESSOR),
        ObjectType(
            3, "hrDeviceDescr", DisplayString(0, 64), lambda processor: f"Processor {processor[0]}"
        ),
        ObjectType(4, "hrDeviceID", ObjectIdentifier(), lambda _: _NO_ID),
        # The kernel lists those that work, and no others.
        ObjectType(5, "hrDeviceStatus", _STATUS, lambda _: "running"),
    ),
)

PROCESSORS: Table[tuple[int, float]] = Table(
    suffix=(3, 3),
    name="hrProcessorTable",
    index=("hrDeviceIndex",),
    rows=_processors,
    objects=(
        ObjectType(1, "hrProcessorFrwID", ObjectIdentifier(), lambda _: _NO_ID),
        ObjectType(2, "hrProcessorLoad", Integer32(0, 100), lambda processor: processor[1]),
    ),
)
