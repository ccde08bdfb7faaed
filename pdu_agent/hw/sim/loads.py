# SPDX-License-Identifier: Apache-2.0
"""What is plugged into the simulated outlets, and the currents it draws."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from pdu_agent.hw.sim.waveform import (
    ORDERS,
    Mains,
    Phasors,
    active_power,
    harmonic_phasors,
    matrix_row,
    rms,
)

_INRUSH_TAUS = 12  # after that an inrush of 20 times is below a tenth of a permille
_CREST_TIMES = 4096

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

    def phasors(self, mains: Mains) -> Phasors:
        """Current amplitudes at nominal voltage and full draw."""
        voltage = complex(mains.phasors[0])
        angle = math.acos(self.displacement) * (1 if self.leading else -1)
        peak_a = 2 * self.active_power_w / (abs(voltage) * self.displacement)
        direction = voltage / abs(voltage) * complex(math.cos(angle), math.sin(angle))
        return harmonic_phasors(peak_a * direction, self.harmonics)

    def demand(self, times_s: NDArray[np.float64]) -> NDArray[np.float64]:
        """1 while it works, idle_share while it does not, per time."""
        if self.cycle_s is None:
            return np.ones(len(times_s))
        place = (times_s - self.cycle_offset_s) / self.cycle_s % 1.0
        return np.where(place < self.on_share, 1.0, self.idle_share)


@dataclass(frozen=True, slots=True)
class Truth:
    """What a perfect meter would show at one instant, noise aside."""

    voltage_v: float
    current_a: float
    active_power_w: float
    power_factor: float
    frequency_hz: float
    crest_factor: float


@dataclass(frozen=True, slots=True)
class _Plugged:
    """A load behind a relay that has been closed, or open, since since_s."""

    load: Load
    closed: bool = False
    since_s: float = -math.inf

    def steady(self, first_s: float, last_s: float) -> float | None:
        """The multiple of the full current from first_s to last_s; None when it changes."""
        settling_s = _INRUSH_TAUS * self.load.inrush_tau_s if self.closed else 0.0
        if first_s < self.since_s + settling_s:
            return None
        if not self.closed:
            return 0.0
        if self.load.cycle_s is None:
            return 1.0
        first, last = self.load.demand(np.array([first_s, last_s])).tolist()
        return first if first == last else None

    def envelope(self, times_s: NDArray[np.float64]) -> NDArray[np.float64]:
        """The multiple of the full current at each time."""
        since = times_s - self.since_s
        envelope: NDArray[np.float64] = self.load.demand(times_s) * ((since >= 0) == self.closed)
        if self.closed:
            decay = np.exp(-np.maximum(since, 0.0) / self.load.inrush_tau_s)
            envelope *= 1 + (self.load.inrush - 1) * decay
        return envelope


class LoadBank:
    """The loads of outlets 1..n and the unit's own draw, on one mains.

    All relays start open. set_relay may be called from another thread than `currents`.
    """

    def __init__(self, mains: Mains, loads: Mapping[int, Load], own_use: Load) -> None:
        self._mains = mains
        self._plugged = {outlet: _Plugged(load) for outlet, load in loads.items()}
        self._phasors = {outlet: load.phasors(mains) for outlet, load in loads.items()}
        self._rows = {outlet: matrix_row(phasors) for outlet, phasors in self._phasors.items()}
        self._own = own_use.phasors(mains)
        self._own_row = matrix_row(self._own)

    def set_relay(self, outlet: int, closed: bool, t_mono_s: float = -math.inf) -> None:
        """Close or open at t_mono_s; without it the load has been running (or off) for ever.

        Raises KeyError for an outlet without a load.
        """
        if self._plugged[outlet].closed != closed or t_mono_s == -math.inf:
            self._plugged[outlet] = replace(self._plugged[outlet], closed=closed, since_s=t_mono_s)

    def currents(
        self,
        times_s: NDArray[np.float64],
        basis: NDArray[np.float32],
        outlets: Sequence[int],
        *,
        inlet: bool,
    ) -> NDArray[np.float32]:
        """float32[channels, times] amperes: the inlet's sum first if asked for, then `outlets`.

        times_s: ascending. basis: `Mains.basis` of the same times.
        """
        places = {outlet: place for place, outlet in enumerate(outlets, int(inlet))}
        factors = np.zeros((int(inlet) + len(outlets), len(basis)), np.float32)
        if inlet:
            factors[0] = self._own_row
        changing = []
        for outlet in self._plugged if inlet else outlets:
            plugged = self._plugged[outlet]
            level = plugged.steady(times_s[0], times_s[-1])
            if level is None:
                changing.append((outlet, plugged))
            elif level:
                row = self._rows[outlet] * np.float32(level)
                if outlet in places:
                    factors[places[outlet]] = row
                if inlet:
                    factors[0] += row
        currents: NDArray[np.float32] = factors @ basis
        for outlet, plugged in changing:
            current = (self._rows[outlet] @ basis) * plugged.envelope(times_s)
            if outlet in places:
                currents[places[outlet]] += current
            if inlet:
                currents[0] += current
        return currents

    def outlet_truth(self, outlet: int, t_s: float) -> Truth:
        level = float(self._plugged[outlet].envelope(np.array([t_s]))[0])
        return self._truth(self._phasors[outlet] * level, t_s)

    def inlet_truth(self, t_s: float) -> Truth:
        """The sum over all outlets with the unit's own draw."""
        total = self._own.copy()
        for outlet, plugged in self._plugged.items():
            total += self._phasors[outlet] * float(plugged.envelope(np.array([t_s]))[0])
        return self._truth(total, t_s)

    def _truth(self, current: Phasors, t_s: float) -> Truth:
        level = self._mains.level(t_s)
        voltage_v, current_a = rms(self._mains.phasors) * level, rms(current) * level
        power_w = active_power(self._mains.phasors, current) * level**2
        return Truth(
            voltage_v=voltage_v,
            current_a=current_a,
            active_power_w=power_w,
            power_factor=power_w / (voltage_v * current_a) if current_a else 0.0,
            frequency_hz=self._mains.frequency_hz(t_s),
            crest_factor=_peak(current) * level / current_a if current_a else 0.0,
        )


def _peak(phasors: Phasors) -> float:
    turns = np.arange(_CREST_TIMES) / _CREST_TIMES
    waves = np.exp(2j * np.pi * np.outer(ORDERS, turns))
    return float(np.abs((phasors @ waves).real).max())


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
