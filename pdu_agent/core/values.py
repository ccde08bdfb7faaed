# SPDX-License-Identifier: Apache-2.0
"""The newest value of anything that has one: meters, sensors, groups, the whole unit."""

from __future__ import annotations

from collections.abc import Iterable

from pdu_agent.core.groups import members_of
from pdu_agent.core.live_settings import Sections
from pdu_agent.core.state import CoreState
from pdu_agent.model.commands import Quantity, Target, TargetKind
from pdu_agent.model.errors import UnknownTarget
from pdu_agent.model.ups import Ups

UNIT = Target(TargetKind.UNIT, 1)
_SUMMED = frozenset(
    {
        Quantity.CURRENT,
        Quantity.ACTIVE_POWER,
        Quantity.APPARENT_POWER,
        Quantity.ENERGY,
        Quantity.DEMAND,
    }
)


class Values:
    """Looks values up as thresholds do: None while there is none to believe."""

    def __init__(self, state: CoreState, sections: Sections) -> None:
        self._state = state
        self._sections = sections
        self.upses: tuple[Ups, ...] = ()
        """Those that are known of; none tells anything about the mains."""

    def of(self, target: Target, quantity: Quantity) -> float | None:
        """The value in the quantity's unit. A sum is None where one of its parts has no value;
        of a group, outlets without a meter are no part of it.
        """
        match target.kind:
            case TargetKind.UNIT:
                inlets = (Target(TargetKind.INLET, number) for number in self._sections.inlets)
                return self._sum(inlets, quantity)
            case TargetKind.GROUP:
                return self._sum(self._metered_members(target.index), quantity)
            case TargetKind.SENSOR:
                sensor = self._state.sensors.get(target.index)
                return sensor.current_value(quantity) if sensor is not None else None
            case _:
                ledger = self._state.ledgers.get(target)
                return ledger.current_value(quantity) if ledger is not None else None

    def _metered_members(self, group: int) -> list[Target]:
        try:
            members = members_of(group, self._sections, self._state)
        except UnknownTarget:
            return []
        targets = (Target(TargetKind.OUTLET, number) for number in members)
        return [target for target in targets if target in self._state.ledgers]

    def _sum(self, targets: Iterable[Target], quantity: Quantity) -> float | None:
        values = [self.of(target, quantity) for target in targets]
        if quantity not in _SUMMED or not values:
            return None
        known = [value for value in values if value is not None]
        return sum(known) if len(known) == len(values) else None
