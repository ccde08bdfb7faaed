# SPDX-License-Identifier: Apache-2.0
"""What is measured as faces see it: metering points, and the inlets, lines and branches that
have them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from pdu_agent.model.quantities import Electrical, Quality, Spectrum
from pdu_agent.model.terms import OverloadRestriction
from pdu_agent.model.watching import NO_FAULTS, Faults


class MeterStatus(Enum):
    """OK: values are current. STALE: they are the last known. FAULT: there are none."""

    OK = "ok"
    STALE = "stale"
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class Demand:
    """Mean active power over the last window_s, and its highest value with its time."""

    window_s: float
    power_w: float | None
    peak_w: float | None
    peak_wall_s: float | None
    peak_since_wall_s: float | None


@dataclass(frozen=True, slots=True)
class TariffRegister:
    """What was used while one tariff applied. inductive and capacitive are reactive energy in
    millivar seconds; all of them only grow.
    """

    tariff: str
    energy_mj: int
    inductive_mvars: int
    capacitive_mvars: int


@dataclass(frozen=True, slots=True)
class OwnTariff:
    """What the device itself shows for one of its tariffs, 1 and up: energy in millijoules and
    reactive energy in millivar seconds, None where it has no such register. Who resets the
    device resets it.
    """

    number: int
    energy_mj: int | None = None
    reactive_mvars: int | None = None


@dataclass(frozen=True, slots=True)
class Meter:
    """One metering point (an inlet, or a metered branch or outlet).

    energy_mj only grows. user_energy_mj is the part since the last reset by a person. A
    peak is None until there was one; peak_*_since_wall_s: when it was last forgotten.
    discontinuity_s is the uptime at which energy_mj was last known to have lost something,
    0 when it never did since the agent started.
    """

    electrical: Electrical
    status: MeterStatus
    energy_mj: int
    user_energy_mj: int
    user_since_wall_s: float | None
    peak_power_w: float | None
    peak_wall_s: float | None
    discontinuity_s: float
    sample_wall_s: float | None
    rated_current_a: float | None
    peak_power_since_wall_s: float | None = None
    peak_current_a: float | None = None
    peak_current_wall_s: float | None = None
    peak_current_since_wall_s: float | None = None
    inductive_mvars: int | None = None
    capacitive_mvars: int | None = None
    """Reactive energy in millivar seconds; None while nothing has measured any."""
    demand: Demand | None = None
    tariffs: tuple[TariffRegister, ...] = ()
    spectrum: Spectrum | None = None
    own_tariffs: tuple[OwnTariff, ...] = ()

    @property
    def is_clipped(self) -> bool:
        """Are the values current, but the true ones larger than the device can measure?"""
        return self.electrical.quality is Quality.CLIPPED


@dataclass(frozen=True, slots=True)
class Inlet:
    """The connector that feeds the unit, with its totals."""

    index: int
    name: str
    line_count: int
    meter: Meter
    nominal_voltage_v: float = 230.0
    overload_restriction: OverloadRestriction = OverloadRestriction.NONE
    residual: Meter | None = None
    """Its residual current (only that of the electrical values); None where nothing measures it."""
    imbalance_percent: float | None = None
    """Largest deviation of a line's current from their mean, in % of the mean."""
    unaccounted_w: float | None = None
    """Active power of the inlet beyond the sum of its outlets; None unless all are metered."""


@dataclass(frozen=True, slots=True)
class Line:
    """One phase conductor of an inlet. line: l1, l2 or l3. meter: None if nothing measures it."""

    index: int
    name: str
    inlet: int
    line: str
    rated_current_a: float
    meter: Meter | None


@dataclass(frozen=True, slots=True)
class Branch:
    """A fuse or breaker behind an inlet, with the outlets that it protects.

    line: as of an outlet. meter: None where nothing measures it. faults: FUSE, if any.
    """

    index: int
    name: str
    inlet: int
    line: str
    rated_current_a: float
    meter: Meter | None
    overload_restriction: OverloadRestriction = OverloadRestriction.NONE
    faults: Faults = NO_FAULTS
