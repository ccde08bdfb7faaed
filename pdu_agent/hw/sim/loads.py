# SPDX-License-Identifier: Apache-2.0
"""What is plugged into the simulated outlets: appliances, and what each of them draws."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from pdu_agent.hw.sim.waveform import ORDERS, Phasors, harmonic_phasors

RECTIFIER = {3: 0.75, 5: 0.45, 7: 0.2, 9: 0.07, 11: 0.04}
CORRECTED_SUPPLY = {3: 0.06, 5: 0.04, 7: 0.02}


@dataclass(frozen=True, slots=True)
class Load:
    """One appliance at nominal voltage; its current follows the voltage.

    active_power_w: of the fundamental. displacement: cosine between the fundamentals of
    voltage and current, lagging unless `leading`. harmonics: order -> share of the
    fundamental current. The current is `inrush` times as large at switch-on and decays to
    normal with inrush_tau_s. With a cycle_s it works for on_share of each cycle and
    draws idle_share of its current for the rest (a day, or a compressor's half hour).
    """

    name: str
    active_power_w: float
    displacement: float = 1.0
    leading: bool = False
    harmonics: Mapping[int, float] = field(default_factory=dict)
    inrush: float = 1.0
    inrush_tau_s: float = 0.05
    cycle_s: float | None = None
    on_share: float = 1.0
    idle_share: float = 0.0
    cycle_offset_s: float = 0.0

    def phasors(self, voltage: complex, orders: tuple[int, ...] = ORDERS) -> Phasors:
        """Current amplitudes at full draw; voltage: the nominal one's fundamental, peak volts."""
        angle = math.acos(self.displacement) * (1 if self.leading else -1)
        peak_a = 2 * self.active_power_w / (abs(voltage) * self.displacement)
        direction = voltage / abs(voltage) * complex(math.cos(angle), math.sin(angle))
        return harmonic_phasors(peak_a * direction, self.harmonics, orders)

    def demand(self, times_s: NDArray[np.float64]) -> NDArray[np.float64]:
        """1 while it works, idle_share while it does not, per time."""
        if self.cycle_s is None:
            return np.ones(len(times_s))
        place = (times_s - self.cycle_offset_s) / self.cycle_s % 1.0
        return np.where(place < self.on_share, 1.0, self.idle_share)


OWN_USE = Load("controller", 4.0, 0.6, harmonics=RECTIFIER)

CATALOGUE = (
    Load("server", 140.0, 0.98, harmonics=CORRECTED_SUPPLY, inrush=8.0, inrush_tau_s=0.02),
    Load("switch", 35.0, 0.95, harmonics=CORRECTED_SUPPLY, inrush=6.0, inrush_tau_s=0.02),
    Load("NAS", 60.0, 0.96, harmonics=CORRECTED_SUPPLY, inrush=6.0, inrush_tau_s=0.03),
    Load("router", 12.0, 0.97, leading=True, harmonics=RECTIFIER, inrush=4.0, inrush_tau_s=0.02),
    Load("lamp", 25.0, inrush=10.0, inrush_tau_s=0.03),
    Load("fan motor", 90.0, 0.6, inrush=5.0, inrush_tau_s=0.4),
    Load(
        "charger",
        45.0,
        0.98,
        leading=True,
        harmonics=RECTIFIER,
        inrush=8.0,
        cycle_s=5400.0,
        on_share=0.4,
        idle_share=0.05,
    ),
    Load(
        "night light",
        18.0,
        0.9,
        leading=True,
        cycle_s=86400.0,
        on_share=0.4,
        idle_share=0.25,
    ),
)


def default_loads(outlet_count: int, seed: int) -> dict[int, Load]:
    """A plausible load for each of the outlets 1..outlet_count, the same for the same seed."""
    rng = np.random.default_rng(seed)
    loads = {}
    for outlet in range(1, outlet_count + 1):
        load = CATALOGUE[(outlet - 1) % len(CATALOGUE)]
        loads[outlet] = replace(
            load,
            active_power_w=load.active_power_w * float(rng.uniform(0.9, 1.1)),
            cycle_offset_s=float(rng.uniform(0, load.cycle_s or 0.0)),
        )
    return loads
