# SPDX-License-Identifier: Apache-2.0
"""The newest value of anything that has one: meters, sensors, groups, the whole unit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pdu_agent.core.live_settings import Sections
from pdu_agent.core.metered.ledger import Ledger
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
    """What the meters of a group or of the unit add up to: a Source of thresholds."""

    parts: tuple[Target, ...]
    ledgers: Mapping[Target, Ledger]

    def current_value(self, quantity: Quantity, /) -> float | None:
        """None where one of the parts has no value."""
        if quantity not in _SUMMED or not self.parts:
            return None
        ledgers = [self.ledgers.get(part) for part in self.parts]
        values = [each.current_value(quantity) if each is not None else None for each in ledgers]
        known = [value for value in values if value is not None]
        return sum(known) if len(known) == len(values) else None


class Values:
    """Looks values up as thresholds do: None while there is none to believe."""

    def __init__(self, state: CoreState, sections: Sections) -> None:
        self._state = state
        self._sections = sections
        self.upses: tuple[Ups, ...] = ()
        """Those that are known of; none tells anything about the mains."""

    def sums(self, ledgers: Mapping[Target, Ledger]) -> dict[Target, Sum]:
        """Of the unit and every group there is now, as these ledgers tell them."""
        groups = (*self._sections.groups, *self._state.groups)
        targets = (UNIT, *(Target(TargetKind.GROUP, number) for number in groups))
        return {target: Sum(self._parts(target), ledgers) for target in targets}

    def sum_of(self, target: Target) -> Sum:
        """Of a group or the unit, now."""
        return Sum(self._parts(target), self._state.ledgers)

    def of(self, target: Target, quantity: Quantity) -> float | None:
        """The value in the quantity's unit. A sum is None where one of its parts has no value;
        of a group, outlets without a meter are no part of it.
        """
        match target.kind:
            case TargetKind.UNIT | TargetKind.GROUP:
                return self.sum_of(target).current_value(quantity)
            case TargetKind.SENSOR:
                sensor = self._state.sensors.get(target.index)
                return sensor.current_value(quantity) if sensor is not None else None
            case _:
                ledger = self._state.ledgers.get(target)
                return ledger.current_value(quantity) if ledger is not None else None

    def sampled_s(self, target: Target) -> float | None:
        """When (monotonic) the newest value of the target, or of a part of it, was measured."""
        match target.kind:
            case TargetKind.UNIT | TargetKind.GROUP:
                parts = self._parts(target)
            case TargetKind.SENSOR:
                sensor = self._state.sensors.get(target.index)
                return sensor.sample_mono_s if sensor is not None else None
            case _:
                parts = (target,)
        ledgers = (self._state.ledgers.get(part) for part in parts)
        times = [each.sample_mono_s for each in ledgers if each is not None]
        return max((each for each in times if each is not None), default=None)

    def members(self, group: int) -> tuple[int, ...]:
        """The outlets of a group; none of one that is not there."""
        try:
            return members_of(group, self._sections, self._state)
        except UnknownTarget:
            return ()

    def _parts(self, target: Target) -> tuple[Target, ...]:
        """The meters that a group or the unit is the sum of; an outlet without one is left out."""
        if target.kind is TargetKind.UNIT:
            return tuple(Target(TargetKind.INLET, number) for number in self._sections.inlets)
        outlets = (Target(TargetKind.OUTLET, number) for number in self.members(target.index))
        return tuple(outlet for outlet in outlets if outlet in self._state.ledgers)
