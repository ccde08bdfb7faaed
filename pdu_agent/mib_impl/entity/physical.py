# SPDX-License-Identifier: Apache-2.0
"""ENTITY-MIB (RFC 6933): what the unit consists of, and what contains what.

Columns for which the unit knows no value of any row are absent: firmware revision, name and
date of manufacture, and URIs. A column that has values for some rows reads as the empty
string in the others, as its text wants it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from pdu_agent.mib_impl.conventions import AutonomousType, Octets, TruthValue
from pdu_agent.mib_impl.entity.entities import Entity, entities
from pdu_agent.mib_impl.schema import ObjectType, Scalars, Table, whole
from pdu_agent.mib_impl.set_errors import ErrorStatus
from pdu_agent.mib_impl.syntax import Enumerated, Integer32, Oid, TimeStamp, Unacceptable, Utf8
from pdu_agent.model.commands import (
    BranchSetting,
    Command,
    ConfigureBranch,
    ConfigureDevice,
    ConfigureInlet,
    ConfigureOutlet,
    ConfigureSensor,
    DeviceSetting,
    InletSetting,
    OutletSetting,
    SensorSetting,
)
from pdu_agent.model.snapshot import Branch, Device, Inlet, Outlet, Sensor, Snapshot

_INDEX = Integer32(1)
_TEXT = Utf8(0, 255)
_SHORT_TEXT = Utf8(0, 32)

_CLASS = Enumerated(
    (3, "chassis", "chassis"), (8, "sensor", "sensor"), (13, "energyObject", "energyObject")
)

# The project has no enterprise number, so nothing is registered for any kind of hardware.
_NOT_REGISTERED: Oid = (0, 0)


def _description(entity: Entity) -> str:
    """The same for things of the same make."""
    thing = entity.thing
    if entity.target is not None and entity.measure is not None:
        return f"{entity.target.kind.value} {entity.measure.name}"
    if isinstance(thing, Device):
        return thing.model
    if isinstance(thing, Outlet):
        return f"{thing.receptacle} outlet".lstrip()
    if isinstance(thing, Sensor):
        return f"{thing.kind.value} sensor"
    return "inlet" if isinstance(thing, Inlet) else "branch"


def _class(entity: Entity) -> str:
    if entity.target is None:
        return "chassis"
    is_sensor = entity.measure is not None or isinstance(entity.thing, Sensor)
    return "sensor" if is_sensor else "energyObject"


def _position(entity: Entity) -> int:
    """Among what is of the same class in the same thing: what is printed on the case for
    outlets and sensors. Inlets and branches stand behind all outlets.
    """
    if entity.target is None:
        return -1
    if entity.measure is not None:
        return entity.measure.number
    is_numbered = isinstance(entity.thing, Outlet | Sensor)
    return entity.target.index if is_numbered else entity.index


def _of_chassis(get: Callable[[Device], str]) -> Callable[[Entity], str]:
    return lambda entity: get(entity.unit) if entity.target is None else ""


def _serial_number(entity: Entity) -> str:
    if isinstance(entity.thing, Sensor):
        return entity.thing.serial
    return entity.unit.serial_number if entity.target is None else ""


def _alias(entity: Entity) -> str:
    return entity.thing.name if entity.measure is None else ""


def _set_alias(entity: Entity, text: str) -> Command:
    """Raises Unacceptable for a quantity, which has no name of its own."""
    if entity.measure is not None:
        raise _not_writable(entity)
    match entity.thing:
        case Device():
            return ConfigureDevice(DeviceSetting.NAME, text)
        case Inlet(index=number):
            return ConfigureInlet(number, InletSetting.NAME, text)
        case Branch(index=number):
            return ConfigureBranch(number, BranchSetting.NAME, text)
        case Outlet(index=number):
            return ConfigureOutlet(number, OutletSetting.NAME, text)
        case Sensor(index=number):
            return ConfigureSensor(number, SensorSetting.NAME, text)


def _set_asset_id(entity: Entity, text: str) -> Command:
    """Raises Unacceptable for all but the chassis: the rest is no field-replaceable unit."""
    if entity.target is not None:
        raise _not_writable(entity)
    return ConfigureDevice(DeviceSetting.ASSET_TAG, text)


def _not_writable(entity: Entity) -> Unacceptable:
    return Unacceptable(ErrorStatus.NOT_WRITABLE, f"{entity.name} has no such setting")


PHYSICAL: Table[Entity] = Table(
    suffix=(1, 1, 1),
    name="entPhysicalTable",
    index=("entPhysicalIndex",),
    rows=lambda snapshot: (((entity.index,), entity) for entity in entities(snapshot)),
    outlet=lambda entity: entity.outlet,
    objects=(
        ObjectType(1, "entPhysicalIndex", _INDEX),
        ObjectType(2, "entPhysicalDescr", _TEXT, _description),
        ObjectType(3, "entPhysicalVendorType", AutonomousType(), lambda _: _NOT_REGISTERED),
        ObjectType(4, "entPhysicalContainedIn", Integer32(0), lambda entity: entity.parent),
        ObjectType(5, "entPhysicalClass", _CLASS, _class),
        ObjectType(6, "entPhysicalParentRelPos", Integer32(-1), _position),
        ObjectType(7, "entPhysicalName", _TEXT, lambda entity: entity.name),
        ObjectType(
            8, "entPhysicalHardwareRev", _TEXT, _of_chassis(lambda unit: unit.hardware_revision)
        ),
        ObjectType(
            10, "entPhysicalSoftwareRev", _TEXT, _of_chassis(lambda unit: unit.software_version)
        ),
        ObjectType(11, "entPhysicalSerialNum", _SHORT_TEXT, _serial_number),
        ObjectType(13, "entPhysicalModelName", _TEXT, _of_chassis(lambda unit: unit.model)),
        ObjectType(14, "entPhysicalAlias", _SHORT_TEXT, _alias, to_command=_set_alias),
        ObjectType(
            15,
            "entPhysicalAssetID",
            _SHORT_TEXT,
            _of_chassis(lambda unit: unit.asset_tag),
            to_command=_set_asset_id,
        ),
        ObjectType(16, "entPhysicalIsFRU", TruthValue(), lambda entity: entity.target is None),
        ObjectType(19, "entPhysicalUUID", Octets(), lambda entity: entity.uuid),
    ),
)


def _contained(snapshot: Snapshot) -> Iterator[tuple[Oid, Entity]]:
    for entity in entities(snapshot):
        if entity.parent:
            yield (entity.parent, entity.index), entity


CONTAINS: Table[Entity] = Table(
    suffix=(1, 3, 3),
    name="entPhysicalContainsTable",
    index=("entPhysicalIndex", "entPhysicalChildIndex"),
    rows=_contained,
    outlet=lambda child: child.outlet,
    objects=(ObjectType(1, "entPhysicalChildIndex", _INDEX, lambda child: child.index),),
)

# The rows are there from the start; what changes in them are names and the asset tag. The
# model knows when settings changed last, not which: the time may be later than the truth,
# never earlier, so that nobody who looks at it misses a change.
LAST_CHANGE: Scalars[Snapshot] = Scalars(
    suffix=(1, 4),
    source=whole,
    objects=(
        ObjectType(1, "entLastChangeTime", TimeStamp(), lambda snapshot: snapshot.config_changed_s),
    ),
)
