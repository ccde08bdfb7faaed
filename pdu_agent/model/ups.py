# SPDX-License-Identifier: Apache-2.0
"""An uninterruptible power supply that feeds the unit, or is shown beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum


class UpsFlag(Enum):
    """What a UPS says of itself; several hold at once. The values are NUT's words (RFC 9271
    section 5.1, ups.status).
    """

    ON_LINE = "OL"
    ON_BATTERY = "OB"
    LOW_BATTERY = "LB"
    REPLACE_BATTERY = "RB"
    CHARGING = "CHRG"
    DISCHARGING = "DISCHRG"
    BYPASS = "BYPASS"
    CALIBRATING = "CAL"
    OFF = "OFF"
    OVERLOADED = "OVER"
    TRIMMING = "TRIM"
    BOOSTING = "BOOST"
    FORCED_SHUTDOWN = "FSD"


@dataclass(frozen=True, slots=True)
class UpsLine:
    """One line at the input or the output; None for what the UPS does not tell."""

    voltage_v: float | None = None
    current_a: float | None = None
    active_power_w: float | None = None
    frequency_hz: float | None = None


@dataclass(frozen=True, slots=True)
class Ups:
    """One UPS; None for what it does not tell.

    flags: the last known ones while it cannot be reached. since_s: the uptime at which each
    flag was first seen. unreachable_since_s: uptime, None while it can be reached; `trouble` says
    why, in words. on_battery_s: since mains was lost, 0 on mains. inlets: those of the unit that it
    feeds, none for one that is only shown. source: where it is read, as in rack@localhost:3493.
    variables: all that was received, by NUT's names.
    """

    index: int
    name: str
    manufacturer: str
    model: str
    firmware: str
    flags: frozenset[UpsFlag]
    since_s: Mapping[UpsFlag, float]
    unreachable_since_s: float | None
    on_battery_s: float
    runtime_s: float | None = None
    low_runtime_s: float | None = None
    charge_pct: float | None = None
    load_pct: float | None = None
    battery_voltage_v: float | None = None
    battery_current_a: float | None = None
    battery_temperature_c: float | None = None
    inputs: tuple[UpsLine, ...] = ()
    outputs: tuple[UpsLine, ...] = ()
    nominal_input_v: float | None = None
    nominal_output_v: float | None = None
    nominal_apparent_power_va: float | None = None
    nominal_active_power_w: float | None = None
    low_transfer_v: float | None = None
    high_transfer_v: float | None = None
    low_charge_pct: float | None = None
    inlets: tuple[int, ...] = ()
    source: str = ""
    trouble: str = ""
    variables: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_reachable(self) -> bool:
        return self.unreachable_since_s is None
