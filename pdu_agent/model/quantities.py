# SPDX-License-Identifier: Apache-2.0
"""Electrical quantities, integer energy, and the one place that rounds."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace
from enum import Enum
from operator import attrgetter
from typing import Any

MILLIJOULES_PER_WATT_HOUR = 3_600_000
MILLIJOULES_PER_KILOWATT_HOUR = 1000 * MILLIJOULES_PER_WATT_HOUR


class Quality(Enum):
    """How far a measured set of values can be believed."""

    OK = "ok"
    CLIPPED = "clipped"  # the converter hit its limit: true values are larger
    STALE = "stale"  # the last known values; the source stopped reporting
    ABSENT = "absent"  # never measured, or too long ago


@dataclass(frozen=True, slots=True)
class Electrical:
    """One metering point over one window, SI units, RMS where that applies.

    A field is None where the source cannot measure it; a missing value is never 0.
    active_power_w is signed (negative: power flows back). power_factor is active /
    apparent power, -1..1, and 0 without load. crest_factor is peak / RMS of the current.
    *_thd_percent: harmonics 2 to 40 over the fundamental (IEC 61000-4-7), None without one.
    """

    voltage_v: float | None = None
    current_a: float | None = None
    active_power_w: float | None = None
    apparent_power_va: float | None = None
    reactive_power_var: float | None = None
    power_factor: float | None = None
    frequency_hz: float | None = None
    crest_factor: float | None = None
    quality: Quality = Quality.ABSENT
    voltage_thd_percent: float | None = None
    current_thd_percent: float | None = None

    def of_numbers(self) -> Electrical:
        """The same without values that are not finite, as a broken sensor or a division gives."""
        for value in _VALUES_OF(self):
            if value is not None and not math.isfinite(value):
                return self._without_odd()
        return self

    def _without_odd(self) -> Electrical:
        odd: dict[str, Any] = {
            name: None
            for name in _VALUES
            if (value := getattr(self, name)) is not None and not math.isfinite(value)
        }
        return replace(self, **odd)


HARMONICS = 40
"""The highest order that is told of."""


@dataclass(frozen=True, slots=True)
class Spectrum:
    """RMS of the harmonics 1 to HARMONICS of one metering point; [0] is the fundamental.

    Fewer where the sampling rate does not tell them apart.
    """

    voltage_v: tuple[float, ...]
    current_a: tuple[float, ...]


_VALUES = tuple(each.name for each in fields(Electrical) if each.name != "quality")
_VALUES_OF = attrgetter(*_VALUES)


def round_half_away(value: float) -> int:
    """Nearest integer, halves away from zero (Python's round() goes to even)."""
    return math.floor(value + 0.5) if value >= 0 else -math.floor(-value + 0.5)


def scaled(value: float, factor: float, minimum: int, maximum: int) -> int:
    """`value * factor` rounded once and clamped to minimum..maximum."""
    return max(minimum, min(maximum, round_half_away(value * factor)))


def watt_hours(energy_mj: int) -> int:
    """Whole watt-hours in `energy_mj` millijoules, rounded down so that no face shows more."""
    return energy_mj // MILLIJOULES_PER_WATT_HOUR


def milliwatt_hours(energy_mj: int) -> int:
    """Whole milliwatt-hours in `energy_mj` millijoules, rounded down."""
    return energy_mj * 1000 // MILLIJOULES_PER_WATT_HOUR


def kilowatt_hours(energy_mj: int) -> float:
    """Kilowatt-hours for people: watt-hours rounded down, then divided."""
    return watt_hours(energy_mj) / 1000
