# SPDX-License-Identifier: Apache-2.0
"""Which thresholds a unit has, and the limits of each: values, and which of them are watched."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise

from pdu_agent.core.settings import LARGEST_LIMIT, CoreSettings, ThresholdSettings
from pdu_agent.model.commands import Limit, Quantity, Target, TargetKind
from pdu_agent.model.settings import setting
from pdu_agent.model.snapshot import SensorKind

RowKey = tuple[Target, Quantity]

QUANTITIES: Mapping[TargetKind, tuple[Quantity, ...]] = {
    TargetKind.INLET: (
        Quantity.VOLTAGE,
        Quantity.CURRENT,
        Quantity.ACTIVE_POWER,
        Quantity.APPARENT_POWER,
        Quantity.POWER_FACTOR,
        Quantity.FREQUENCY,
        Quantity.ENERGY,
        Quantity.DEMAND,
    ),
    TargetKind.LINE: (
        Quantity.VOLTAGE,
        Quantity.CURRENT,
        Quantity.ACTIVE_POWER,
        Quantity.ENERGY,
        Quantity.DEMAND,
    ),
    TargetKind.BRANCH: (
        Quantity.CURRENT,
        Quantity.ACTIVE_POWER,
        Quantity.ENERGY,
        Quantity.DEMAND,
    ),
    TargetKind.OUTLET: (
        Quantity.CURRENT,
        Quantity.ACTIVE_POWER,
        Quantity.ENERGY,
        Quantity.DEMAND,
    ),
    TargetKind.RESIDUAL: (),
    TargetKind.GROUP: (
        Quantity.CURRENT,
        Quantity.ACTIVE_POWER,
        Quantity.ENERGY,
        Quantity.DEMAND,
    ),
    TargetKind.UNIT: (
        Quantity.CURRENT,
        Quantity.ACTIVE_POWER,
        Quantity.ENERGY,
        Quantity.DEMAND,
    ),
}
"""What is watched of whatever is metered; an inlet may have more, see limits_of_unit."""
UNIT = Target(TargetKind.UNIT, 1)
QUANTITY_OF_SENSOR: Mapping[SensorKind, Quantity] = {
    SensorKind.TEMPERATURE: Quantity.TEMPERATURE,
    SensorKind.HUMIDITY: Quantity.HUMIDITY,
    SensorKind.PRESSURE: Quantity.PRESSURE,
}


@dataclass(frozen=True, slots=True)
class Limits:
    """One threshold's settings, in the quantity's unit; see model.snapshot.Threshold."""

    target: Target
    quantity: Quantity
    low_critical: float = setting(0.0, minimum=-LARGEST_LIMIT, maximum=LARGEST_LIMIT)
    low_warning: float = setting(0.0, minimum=-LARGEST_LIMIT, maximum=LARGEST_LIMIT)
    high_warning: float = setting(0.0, minimum=-LARGEST_LIMIT, maximum=LARGEST_LIMIT)
    high_critical: float = setting(0.0, minimum=-LARGEST_LIMIT, maximum=LARGEST_LIMIT)
    hysteresis: float = setting(0.0, minimum=0, maximum=LARGEST_LIMIT)
    delay_s: float = setting(0.0, minimum=0, maximum=3600)
    enabled: frozenset[Limit] = frozenset()

    @property
    def source(self) -> Target:
        """What has the values: the residual current of an inlet is a point of its own."""
        if self.quantity is Quantity.RESIDUAL_CURRENT:
            return Target(TargetKind.RESIDUAL, self.target.index)
        return self.target

    @property
    def key(self) -> RowKey:
        return self.target, self.quantity

    def value_of(self, limit: Limit) -> float:
        """The limit's value, whether or not it is watched."""
        value: float = getattr(self, limit.name.lower())
        return value

    def disorder(self) -> str:
        """Which two enabled limits are not in strict order; empty when all are."""
        for low, high in pairwise(limit for limit in Limit if limit in self.enabled):
            if self.value_of(low) >= self.value_of(high):
                return (
                    f"{low.value} {self.value_of(low):g} is not below "
                    f"{high.value} {self.value_of(high):g}"
                )
        return ""


def limits_from(settings: ThresholdSettings) -> Limits:
    """A limit that the file gives is watched; the others are 0 and watch nothing."""
    given = {
        limit: value
        for limit in Limit
        if (value := getattr(settings, limit.name.lower())) is not None
    }
    return replace(
        Limits(settings.target, settings.quantity),
        **{limit.name.lower(): value for limit, value in given.items()},
        hysteresis=settings.hysteresis,
        delay_s=settings.delay_s,
        enabled=frozenset(given),
    )


def limits_of_unit(settings: CoreSettings) -> dict[RowKey, Limits]:
    """A row for every metered point and sensor with every quantity that makes sense there; for the
    unit if all its inlets are metered, and for the groups of the file that have a metered member.
    """
    keys = [
        (target, quantity)
        for target in settings.metered_points()
        for quantity in QUANTITIES[target.kind]
    ]
    keys += [
        (Target(TargetKind.INLET, target.index), Quantity.RESIDUAL_CURRENT)
        for target in settings.metered_points()
        if target.kind is TargetKind.RESIDUAL
    ]
    keys += [
        (Target(TargetKind.INLET, inlet), Quantity.IMBALANCE)
        for inlet, lines in settings.metered_lines().items()
        if len(lines) > 1
    ]
    keys += [
        (Target(TargetKind.SENSOR, sensor.number), QUANTITY_OF_SENSOR[sensor.kind])
        for sensor in settings.sensors
        if sensor.kind in QUANTITY_OF_SENSOR
    ]
    keys += [key for target in _sums(settings) for key in keys_of(target)]
    given = {(entry.target, entry.quantity): limits_from(entry) for entry in settings.thresholds}
    return {key: given.get(key) or Limits(*key) for key in keys}


def keys_of(target: Target) -> list[RowKey]:
    """All rows that a target of this kind can have."""
    return [(target, quantity) for quantity in QUANTITIES[target.kind]]


def _sums(settings: CoreSettings) -> list[Target]:
    points = set(settings.metered_points())
    found = []
    if all(Target(TargetKind.INLET, inlet.number) in points for inlet in settings.inlets):
        found.append(UNIT)
    found += [
        Target(TargetKind.GROUP, group.number)
        for group in settings.groups
        if any(Target(TargetKind.OUTLET, outlet) in points for outlet in group.outlets)
    ]
    return found
