# SPDX-License-Identifier: Apache-2.0
"""What is measured at an outlet, an inlet, a line or a branch, in NUT's words."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeGuard

from pdu_agent.model.metered import Meter, MeterStatus
from pdu_agent.model.quantities import Electrical, watt_hours
from pdu_agent.nut.names.row import Row, number

Point = tuple[int, Meter]
"""The number of the thing, and its meter."""


def is_current(meter: Meter | None) -> TypeGuard[Meter]:
    """Are there values of now? NUT has no word for a value that is old, so an old one is none."""
    return meter is not None and meter.status is MeterStatus.OK


def electrical(
    read: Callable[[Electrical], float | None], decimals: int
) -> Callable[[Point], str | None]:
    return lambda point: number(read(point[1].electrical), decimals)


def power_factor(point: Point) -> str | None:
    """0 to 1, as NUT has it; which way power flows is in the sign of realpower."""
    value = point[1].electrical.power_factor
    return None if value is None else f"{abs(value):.2f}"


def energy_row() -> Row[Point]:
    """NUT has no name for energy. Whole watt-hours, rounded down as on every other face."""
    return Row(
        "energy",
        lambda point: str(watt_hours(point[1].energy_mj)),
        "all that was ever counted; it only grows",
        "Wh",
    )


VOLTAGE = Row("voltage", electrical(lambda values: values.voltage_v, 1), "RMS", "V")
CURRENT: tuple[Row[Point], ...] = (
    Row("current", electrical(lambda values: values.current_a, 2), "RMS", "A"),
    Row(
        "current.maximum",
        lambda point: number(point[1].peak_current_a, 2),
        "highest since it was last forgotten",
        "A",
    ),
)
POWER: tuple[Row[Point], ...] = (
    Row(
        "realpower",
        electrical(lambda values: values.active_power_w, 1),
        "active; below 0 where power flows back",
        "W",
    ),
    Row("power", electrical(lambda values: values.apparent_power_va, 1), "apparent", "VA"),
    Row("powerfactor", power_factor, "active over apparent power, without a sign"),
)
CREST = Row("crestfactor", electrical(lambda values: values.crest_factor, 1), "of the current")
MEASURED = (VOLTAGE, *CURRENT, *POWER, CREST)
