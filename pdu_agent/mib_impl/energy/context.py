# SPDX-License-Identifier: Apache-2.0
"""ENERGY-OBJECT-CONTEXT-MIB (RFC 7461): what an energy object is for, and what feeds it.

Domain, keywords and importance are nothing that the unit can keep, addresses nothing that
it knows: these columns are absent. So are roles and keys of objects that have no such setting.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pdu_agent.mib_impl.conventions import Octets, RowAction, RowStatus, StorageType
from pdu_agent.mib_impl.energy.words import energy_objects
from pdu_agent.mib_impl.entity.entities import Entity, index_of
from pdu_agent.mib_impl.schema import ObjectType, Table
from pdu_agent.mib_impl.set_errors import ErrorStatus
from pdu_agent.mib_impl.syntax import Enumerated, Integer32, Oid, Unacceptable, Utf8
from pdu_agent.model.commands import (
    Command,
    ConfigureDevice,
    ConfigureOutlet,
    DeviceSetting,
    OutletSetting,
    Target,
    TargetKind,
)
from pdu_agent.model.snapshot import Branch, Device, Inlet, Outlet, Snapshot

_CATEGORY = Enumerated((2, "meter", True), (3, "distributor", False))
_INTERFACE = Enumerated((0, "inlet", "inlet"), (1, "outlet", "outlet"), (2, "both", "both"))
_RELATION = Enumerated((1, "poweredBy", "poweredBy"), (2, "powering", "powering"))


def _interface(entity: Entity) -> str:
    if isinstance(entity.thing, Inlet):
        return "inlet"
    return "outlet" if isinstance(entity.thing, Outlet) else "both"


def _role(entity: Entity) -> str | None:
    return entity.thing.note if isinstance(entity.thing, Outlet) else None


def _set_role(entity: Entity, text: str) -> Command:
    """Raises Unacceptable for all but outlets."""
    if not isinstance(entity.thing, Outlet):
        raise Unacceptable(ErrorStatus.NO_CREATION, f"{entity.name} has no note")
    return ConfigureOutlet(entity.thing.index, OutletSetting.NOTE, text)


def _key(entity: Entity) -> str | None:
    return entity.thing.asset_tag if isinstance(entity.thing, Device) else None


def _set_key(entity: Entity, text: str) -> Command:
    """Raises Unacceptable for all but the chassis."""
    if not isinstance(entity.thing, Device):
        raise Unacceptable(ErrorStatus.NO_CREATION, f"{entity.name} has no asset tag")
    return ConfigureDevice(DeviceSetting.ASSET_TAG, text)


CONTEXT: Table[Entity] = Table(
    suffix=(1, 1),
    name="eoTable",
    index=("entPhysicalIndex",),
    rows=lambda snapshot: (((entity.index,), entity) for entity in energy_objects(snapshot)),
    outlet=lambda entity: entity.outlet,
    objects=(
        ObjectType(9, "eoRoleDescription", Utf8(0, 64), _role, to_command=_set_role),
        ObjectType(12, "eoPowerCategory", _CATEGORY, lambda entity: entity.meter is not None),
        ObjectType(13, "eoAlternateKey", Utf8(0, 32), _key, to_command=_set_key),
        ObjectType(14, "eoPowerInterfaceType", _INTERFACE, _interface),
    ),
)


@dataclass(frozen=True, slots=True)
class Relation:
    """What an energy object is to its `peer`. outlet: whose rights count; None: the unit's."""

    peer: Entity
    kind: str
    outlet: int | None


def _fed_by(entity: Entity) -> int:
    """entPhysicalIndex of what the power comes from."""
    thing = entity.thing
    if isinstance(thing, Outlet) and thing.branch is not None:
        return index_of(Target(TargetKind.BRANCH, thing.branch))
    if isinstance(thing, Branch | Outlet):
        return index_of(Target(TargetKind.INLET, thing.inlet))
    return 0


def _relations(snapshot: Snapshot) -> Iterator[tuple[Oid, Relation]]:
    """Both ways between neighbours; eoRelationIndex is the entPhysicalIndex of the peer."""
    objects = {entity.index: entity for entity in energy_objects(snapshot)}
    for entity in objects.values():
        source = objects.get(_fed_by(entity))
        if source is not None:
            yield (entity.index, source.index), Relation(source, "poweredBy", entity.outlet)
            yield (source.index, entity.index), Relation(entity, "powering", entity.outlet)


RELATIONS: Table[Relation] = Table(
    suffix=(1, 2),
    name="eoRelationTable",
    index=("entPhysicalIndex", "eoRelationIndex"),
    rows=_relations,
    outlet=lambda relation: relation.outlet,
    objects=(
        ObjectType(1, "eoRelationIndex", Integer32(0)),
        ObjectType(2, "eoRelationID", Octets(), lambda relation: relation.peer.uuid),
        ObjectType(3, "eoRelationship", _RELATION, lambda relation: relation.kind),
        ObjectType(4, "eoRelationStatus", RowStatus(), lambda _: RowAction.KEEP),
        ObjectType(5, "eoRelationStorageType", StorageType(), lambda _: "readOnly"),
    ),
)
