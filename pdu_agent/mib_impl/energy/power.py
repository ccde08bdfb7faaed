# SPDX-License-Identifier: Apache-2.0
"""ENERGY-OBJECT-MIB (RFC 7460): what is metered where, the power, and the power state.

eoPowerStateTable is absent: how long an outlet was in each state is not counted.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pdu_agent.access.grant import Rights
from pdu_agent.mib_impl.conventions import TruthValue
from pdu_agent.mib_impl.energy.words import (
    ACCURACY,
    ACCURACY_UNKNOWN,
    MILLI,
    MILLI_UNITS,
    POWER_STATE,
    STATE_UNKNOWN,
    UNIT_MULTIPLIER,
    energy_objects,
    is_fresh,
)
from pdu_agent.mib_impl.entity.entities import Entity
from pdu_agent.mib_impl.schema import ObjectType, Table
from pdu_agent.mib_impl.set_errors import ErrorStatus
from pdu_agent.mib_impl.syntax import (
    Bits,
    DisplayString,
    Enumerated,
    Oid,
    Unacceptable,
    Unsigned32,
)
from pdu_agent.model.commands import Action, Actor, Command, SwitchOutlet
from pdu_agent.model.snapshot import (
    Branch,
    ChangeReason,
    Fault,
    Inlet,
    Outlet,
    OutletState,
    Snapshot,
)

_CAPABILITIES = Bits("none", "powermetering", "energymetering", "powerattributes")
_NOT_METERED = frozenset({"none"})
_METERED = frozenset({"powermetering", "energymetering", "powerattributes"})

CAPABILITIES: Table[Entity] = Table(
    suffix=(1, 1),
    name="eoMeterCapabilitiesTable",
    index=("entPhysicalIndex",),
    rows=lambda snapshot: (((entity.index,), entity) for entity in energy_objects(snapshot)),
    outlet=lambda entity: entity.outlet,
    objects=(
        ObjectType(
            1,
            "eoMeterCapability",
            _CAPABILITIES,
            lambda entity: _NOT_METERED if entity.meter is None else _METERED,
        ),
    ),
)

_CALIBER = Enumerated((1, "unavailable", False), (3, "actual", True))
_CURRENT_TYPE = Enumerated((1, "ac", "ac"))

DESIRED_STATE = {
    OutletState.ON: True,
    OutletState.OFF: False,
    OutletState.ON_PENDING: True,
    OutletState.OFF_PENDING: False,
    OutletState.REBOOTING: True,
}
"""eoPowerAdminState: what was last asked of an outlet, nothing known of the others."""


@dataclass(frozen=True, slots=True)
class PowerRow:
    """An inlet, branch or outlet. nominal_voltage_v: of its inlet, None for an unknown one."""

    entity: Entity
    thing: Inlet | Branch | Outlet
    nominal_voltage_v: float | None

    @property
    def power_w(self) -> float | None:
        """None where there is no meter, and while it has no value of now."""
        meter = self.thing.meter
        return meter.electrical.active_power_w if meter is not None and is_fresh(meter) else None

    @property
    def rated_power_va(self) -> float | None:
        """What it may carry: rated current times nominal voltage."""
        meter, current_a = self.thing.meter, None
        if isinstance(self.thing, Branch):
            current_a = self.thing.rated_current_a
        elif meter is not None:
            current_a = meter.rated_current_a
        if current_a is None or self.nominal_voltage_v is None:
            return None
        return current_a * self.nominal_voltage_v

    @property
    def desired(self) -> bool | None:
        return DESIRED_STATE.get(self.thing.state) if isinstance(self.thing, Outlet) else None

    @property
    def actual(self) -> bool | None:
        """What the relay is: other than `desired` while an order has not been carried out, and
        unknown while the board has one in hand. Without a relay, or with a welded one, it is what
        the outlet is.
        """
        if not isinstance(self.thing, Outlet):
            return None
        if Fault.WELDED in self.thing.faults:
            return True
        return self.thing.relay_closed if self.thing.switched else self.thing.is_on

    @property
    def reason(self) -> str:
        if not isinstance(self.thing, Outlet):
            return ""
        return reason_text(self.thing.last_reason, self.thing.last_actor)


def reason_text(reason: ChangeReason, actor: Actor | None) -> str:
    """Who changed an outlet, or why it changed; empty while nobody knows."""
    if actor is not None:
        return str(actor)
    return "" if reason is ChangeReason.UNKNOWN else reason.value


def _rows(snapshot: Snapshot) -> Iterator[tuple[Oid, PowerRow]]:
    nominal_v = {inlet.index: inlet.nominal_voltage_v for inlet in snapshot.inlets}
    for entity in energy_objects(snapshot):
        thing = entity.thing
        if isinstance(thing, Inlet | Branch | Outlet):
            inlet = thing.index if isinstance(thing, Inlet) else thing.inlet
            yield (entity.index,), PowerRow(entity, thing, nominal_v.get(inlet))


def _switch(row: PowerRow, to_on: bool) -> Command:
    """Raises Unacceptable for what has no relay."""
    if not isinstance(row.thing, Outlet):
        raise Unacceptable(ErrorStatus.NOT_WRITABLE, f"{row.entity.name} cannot be switched")
    return SwitchOutlet(row.thing.index, Action.ON if to_on else Action.OFF)


POWER: Table[PowerRow] = Table(
    suffix=(1, 2),
    name="eoPowerTable",
    index=("entPhysicalIndex",),
    rows=_rows,
    outlet=lambda row: row.entity.outlet,
    objects=(
        # A power that is not available is 0 by the text; eoPowerMeasurementCaliber tells it
        # from nothing consumed.
        ObjectType(1, "eoPower", MILLI_UNITS, lambda row: row.power_w, units="watts", absent=0),
        ObjectType(
            2,
            "eoPowerNameplate",
            Unsigned32(scale=1000),
            lambda row: row.rated_power_va,
            units="watts",
        ),
        ObjectType(3, "eoPowerUnitMultiplier", UNIT_MULTIPLIER, lambda _: MILLI),
        ObjectType(
            4,
            "eoPowerAccuracy",
            ACCURACY,
            lambda _: ACCURACY_UNKNOWN,
            units="hundredths of percent",
        ),
        ObjectType(5, "eoPowerMeasurementCaliber", _CALIBER, lambda row: row.power_w is not None),
        ObjectType(6, "eoPowerCurrentType", _CURRENT_TYPE, lambda _: "ac"),
        ObjectType(7, "eoPowerMeasurementLocal", TruthValue(), lambda _: True),
        ObjectType(
            8,
            "eoPowerAdminState",
            POWER_STATE,
            lambda row: row.desired,
            to_command=_switch,
            needs=Rights.SWITCH,
            absent=STATE_UNKNOWN,
        ),
        ObjectType(
            9, "eoPowerOperState", POWER_STATE, lambda row: row.actual, absent=STATE_UNKNOWN
        ),
        ObjectType(10, "eoPowerStateEnterReason", DisplayString(0, 127), lambda row: row.reason),
    ),
)
