# SPDX-License-Identifier: Apache-2.0
"""Columns about what is measured, which infeeds, outlets and branches have in common.

Units of the vendor show -1 for what cannot be measured now. So does a meter that has fallen
silent: its last values are none of the present.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

from pdu_agent.mib_impl.schema import ObjectType
from pdu_agent.mib_impl.syntax import Integer32
from pdu_agent.model.quantities import Electrical
from pdu_agent.model.snapshot import Meter, MeterStatus, Threshold, ThresholdState

NOT_AVAILABLE = -1


class Metered(Protocol):
    """A row with a meter, None where nothing measures it."""

    @property
    def meter(self) -> Meter | None: ...


Row = TypeVar("Row", bound=Metered)

VOLTS = "tenth Volts"
AMPERES = "hundredth Amps"
TENTH_PERCENT = Integer32(0, 1500, scale=1000)
POWER_FACTOR = Integer32(0, 100, scale=100)
CREST_FACTOR = Integer32(0, 1000, scale=10)

_LOAD_OF = {
    ThresholdState.NORMAL: "normal",
    ThresholdState.LOW_CRITICAL: "loadLow",
    ThresholdState.LOW_WARNING: "loadLow",
    ThresholdState.HIGH_WARNING: "loadHigh",
    ThresholdState.HIGH_CRITICAL: "overLoad",
    ThresholdState.UNKNOWN: "readError",
}


def present(meter: Meter | None) -> Electrical | None:
    """What is measured now."""
    return None if meter is None or meter.status is not MeterStatus.OK else meter.electrical


def is_silent(meter: Meter | None) -> bool:
    """Whether the meter stopped giving values, or never gave any when they were due."""
    return meter is not None and meter.status is not MeterStatus.OK and not _is_awaited(meter)


def _is_awaited(meter: Meter) -> bool:
    return meter.status is MeterStatus.STALE and meter.sample_wall_s is None


def derived_status(meter: Meter | None) -> str:
    """Of a line that nobody senses: on, as long as its meter can be heard."""
    return "noComm" if is_silent(meter) else "on"


def load_status(meter: Meter | None, watch: Threshold | None, is_on: bool | None = True) -> str:
    """is_on: of what carries the load; None while nobody knows."""
    if meter is None or watch is None:
        return "normal"
    if meter.status is not MeterStatus.OK:
        return "reading" if _is_awaited(meter) else "noComm"
    return load_of(watch.state, is_on)


def load_of(state: ThresholdState, is_on: bool | None = True) -> str:
    """What is off has no load, and so not too little of it."""
    status = _LOAD_OF[state]
    return "notOn" if is_on is False and status in ("normal", "loadLow") else status


def value_object(
    number: int,
    name: str,
    syntax: Integer32,
    units: str,
    field: Callable[[Electrical], float | None],
) -> ObjectType[Row]:
    """syntax: from 0, so that what flows back is not taken for a missing value."""

    def get(row: Row) -> float | None:
        electrical = present(row.meter)
        return None if electrical is None else field(electrical)

    return ObjectType(number, name, syntax, get, units=units, absent=NOT_AVAILABLE)


def energy_object(number: int, name: str, units: str, millijoules_per_unit: int) -> ObjectType[Row]:
    """The user meter in whole units, rounded down."""

    def get(row: Row) -> int | None:
        return None if row.meter is None else row.meter.user_energy_mj // millijoules_per_unit

    return ObjectType(number, name, Integer32(0), get, units=units, absent=NOT_AVAILABLE)
