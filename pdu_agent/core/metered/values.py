# SPDX-License-Identifier: Apache-2.0
"""The newest value of anything that has one: meters, sensors, groups, the whole unit."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pdu_agent.core.live_settings import Sections
from pdu_agent.core.state import CoreState
from pdu_agent.core.switching.groups import members_of
from pdu_agent.core.watching.limits import UNIT
from pdu_agent.model.commands import Quantity, Target, TargetKind
from pdu_agent.model.errors import UnknownTarget
from pdu_agent.model.ups import Ups

_SUMMED = frozenset(
    {
        Quantity.CURRENT,
        Quantity.ACTIVE_POWER,
        Quantity.APPARENT_POWER,
        Quantity.ENERGY,
        Quantity.DEMAND,
    }
)


@dataclass(frozen=True, slots=True)
class Sum:
    """What a group or the unit adds up to: a Source of thresholds."""

    values: Values
    target: Target

    def current_value(self, quantity: Quantity, /) -> float | None:
        return self.values.of(self.target, quantity)


class Values:
    """Looks values up as thresholds do: None while there is none to believe."""

    def __init__(self, state: CoreState, sections: Sections) -> None:
        self._state = state
        self._sections = sections
        self.upses: tuple[Ups, ...] = ()
        """Those that are known of; none tells anything about the mains."""

    def sums(self) -> dict[Target, Sum]:
        """Of the unit and every group there is now."""
        groups = (*self._sections.groups, *self._state.groups)
        targets = (UNIT, *(Target(TargetKind.GROUP, number) for number in groups))
        return {target: Sum(self, target) for target in targets}

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

    def sampled_s(self, target: Target) -> float | None:
        """When (monotonic) the newest value of the target, or of a part of it, was measured."""
        match target.kind:
            case TargetKind.UNIT:
                parts = [Target(TargetKind.INLET, number) for number in self._sections.inlets]
            case TargetKind.GROUP:
                parts = self._metered_members(target.index)
            case TargetKind.SENSOR:
                sensor = self._state.sensors.get(target.index)
                return sensor.sample_mono_s if sensor is not None else None
            case _:
                parts = [target]
        ledgers = (self._state.ledgers.get(part) for part in parts)
        times = [each.sample_mono_s for each in ledgers if each is not None]
        return max((each for each in times if each is not None), default=None)

    def members(self, group: int) -> tuple[int, ...]:
        """The outlets of a group; none of one that is not there."""
        try:
            return members_of(group, self._sections, self._state)
        except UnknownTarget:
            return ()

    def _metered_members(self, group: int) -> list[Target]:
        targets = (Target(TargetKind.OUTLET, number) for number in self.members(group))
        return [target for target in targets if target in self._state.ledgers]

    def _sum(self, targets: Iterable[Target], quantity: Quantity) -> float | None:
        values = [self.of(target, quantity) for target in targets]
        if quantity not in _SUMMED or not values:
            return None
        known = [value for value in values if value is not None]
        return sum(known) if len(known) == len(values) else None
