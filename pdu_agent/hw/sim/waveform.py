# SPDX-License-Identifier: Apache-2.0
"""The simulated mains: three phases, voltage and frequency that drift, harmonics, noise.

Every signal is Re(sum over h of c_h * z^h) with z = exp(i * 2 pi * turns), so that a
voltage or current is a row of complex amplitudes c_h, a block of samples one matrix
product, and RMS and power have closed forms. Everything is a function of time alone:
samples agree whoever asks, in whatever portions.
"""

from __future__ import annotations

import cmath
import math
from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from pdu_agent.hw.sim.changes import Changes
from pdu_agent.hw.sim.noise import POOL_SIZE, noise_pool

ORDERS = (1, 3, 5, 7, 9, 11)
TYPICAL_HARMONICS = {3: 0.015, 5: -0.02, 7: 0.008}
PHASES = ("l1", "l2", "l3")

_NOISE_RATE_HZ = 8000.0
_SLOW_S, _SLOWER_S, _SAG_S = 31.0, 97.0, 173.0  # periods of the drifts

Phasors = NDArray[np.complex128]
"""complex128[number of orders]: peak amplitudes of the harmonics."""


def phases_of(line: str) -> tuple[int, ...]:
    """l2 -> (1,), l3l1 -> (2, 0); unknown, as in a unit of one phase -> (0,)."""
    if line == "unknown":
        return (0,)
    return tuple(PHASES.index(line[at : at + 2]) for at in range(0, len(line), 2))


class Supply:
    """The mains between two changes. levels: of each phase, as a multiple of its nominal voltage.

    Frequency: frequency_hz at since_s, changing by rate_hz_per_s, with `turns` made until then.
    """

    def __init__(
        self,
        phasors: Phasors,
        orders: tuple[int, ...],
        levels: tuple[float, ...] = (1.0, 1.0, 1.0),
        frequency_hz: float = 50.0,
        rate_hz_per_s: float = 0.0,
        since_s: float = 0.0,
        turns: float = 0.0,
    ) -> None:
        self.phasors = phasors
        self._orders = orders
        self.levels = levels
        self.frequency_hz = frequency_hz
        self.rate_hz_per_s = rate_hz_per_s
        self.since_s = since_s
        self.turns = turns
        lag = np.exp(-2j * np.pi / 3 * np.outer(range(len(PHASES)), orders))
        self._full = phasors * lag
        self._rows: dict[str, NDArray[np.float32]] = {}

    def voltage(self, line: str, *, full: bool = False) -> Phasors:
        """Between the line and neutral, or between two lines. full: with every level at 1."""
        first, *second = phases_of(line)
        wave: Phasors = self._full[first] * (1.0 if full else self.levels[first])
        if second:
            wave = wave - self._full[second[0]] * (1.0 if full else self.levels[second[0]])
        return wave

    def row(self, line: str) -> NDArray[np.float32]:
        """The voltage as factors of `Mains.basis`."""
        if line not in self._rows:
            self._rows[line] = matrix_row(self.voltage(line))
        return self._rows[line]

    def share(self, line: str) -> complex:
        """The fundamental of the line's voltage as a multiple of the full one."""
        phases = phases_of(line)
        if len(phases) == 1:
            return complex(self.levels[phases[0]])
        return complex(self.voltage(line)[0] / self.voltage(line, full=True)[0])

    def turned(self, t_s: float) -> tuple[float, float]:
        """(turns, hertz) at t_s, drifts aside."""
        passed_s = t_s - self.since_s
        mean_hz = self.frequency_hz + self.rate_hz_per_s * passed_s / 2
        return self.turns + mean_hz * passed_s, self.frequency_hz + self.rate_hz_per_s * passed_s

    def going_on(
        self,
        since_s: float,
        *,
        levels: tuple[float, ...] | None = None,
        phasors: Phasors | None = None,
        frequency_hz: float | None = None,
        rate_hz_per_s: float | None = None,
    ) -> Supply:
        """What follows at since_s: the same but for what is given, without a jump in phase."""
        turns, present_hz = self.turned(since_s)
        return Supply(
            self.phasors if phasors is None else phasors,
            self._orders,
            self.levels if levels is None else levels,
            present_hz if frequency_hz is None else frequency_hz,
            self.rate_hz_per_s if rate_hz_per_s is None else rate_hz_per_s,
            since_s,
            turns,
        )


class Mains:
    """voltage_v: RMS of the fundamental at rest, from line to neutral. harmonics: order ->
    share of the fundamental; positive shares peak with it. drift_hz, drift_share: largest
    departure of frequency and voltage. noise_share: RMS noise as a share of voltage_v.
    orders: those that voltages and currents may have, ascending from 1.
    """

    def __init__(
        self,
        voltage_v: float = 230.0,
        frequency_hz: float = 50.0,
        *,
        harmonics: Mapping[int, float] = TYPICAL_HARMONICS,
        drift_hz: float = 0.03,
        drift_share: float = 0.01,
        noise_share: float = 0.0002,
        seed: int = 0,
        orders: tuple[int, ...] = ORDERS,
    ) -> None:
        self.nominal_v = voltage_v
        self.orders = orders
        self._fundamental = complex(0, -voltage_v * math.sqrt(2))
        self.phasors = harmonic_phasors(self._fundamental, harmonics, orders)
        self.supply = Changes(Supply(self.phasors, orders, frequency_hz=frequency_hz))
        self._swings = ((drift_hz * 0.6, _SLOWER_S), (drift_hz * 0.4, _SLOW_S))
        self._drift_share = drift_share
        self._noise = noise_pool(seed) * np.float32(noise_share * voltage_v)

    # -- what happens to it -----------------------------------------------------------

    def set_levels(self, phases: Iterable[int], level: float, t_s: float) -> None:
        """Step the voltage of these phases (0 to 2) to a multiple of the nominal one."""
        chosen = set(phases)

        def stepped(since_s: float, old: Supply) -> Supply:
            levels = (level if phase in chosen else old.levels[phase] for phase in range(3))
            return old.going_on(since_s, levels=tuple(levels))

        self.supply.revise(stepped, t_s)

    def set_harmonics(self, shares: Mapping[int, float], t_s: float) -> None:
        """Raises ValueError for an order that is not modelled."""
        phasors = harmonic_phasors(self._fundamental, shares, self.orders)
        self.supply.revise(lambda since_s, old: old.going_on(since_s, phasors=phasors), t_s)

    def set_frequency(self, frequency_hz: float, t_s: float, over_s: float = 0.0) -> None:
        """Go there within over_s, at an even rate; the wave has no jump."""
        old = self.supply.at(t_s)
        if over_s:
            rate_hz_per_s = (frequency_hz - old.turned(t_s)[1]) / over_s
            old = old.going_on(t_s, rate_hz_per_s=rate_hz_per_s)
            self.supply.set(old, t_s)
        end_s = t_s + over_s
        self.supply.set(old.going_on(end_s, rate_hz_per_s=0.0, frequency_hz=frequency_hz), end_s)

    # -- what it is -------------------------------------------------------------------

    def turns(self, times_s: NDArray[np.float64]) -> NDArray[np.float64]:
        """Mains cycles since time 0: the integral of the frequency."""
        turns = np.empty(len(times_s))
        for span, supply in self.supply.spans(times_s):
            passed_s = times_s[span] - supply.since_s if supply.since_s else times_s[span]
            turns[span] = supply.frequency_hz * passed_s
            if supply.turns:
                turns[span] += supply.turns
            if supply.rate_hz_per_s:
                turns[span] += supply.rate_hz_per_s / 2 * passed_s**2
        for swing_hz, period_s in self._swings:
            if swing_hz:
                turns -= np.cos(times_s * (math.tau / period_s)) * (swing_hz * period_s / math.tau)
        return turns

    def frequency_hz(self, t_s: float) -> float:
        return self.supply.at(t_s).turned(t_s)[1] + sum(
            swing_hz * math.sin(math.tau * t_s / period_s) for swing_hz, period_s in self._swings
        )

    def level(self, t_s: float) -> float:
        """The drift of all voltages as a multiple; 1 without drift."""
        return 1 + self._drift_share * math.sin(math.tau * t_s / _SAG_S)

    def basis(self, times_s: NDArray[np.float64]) -> NDArray[np.float32]:
        """float32[2 * number of orders, times]: what a `matrix_row` is multiplied with."""
        angle = (self.turns(times_s) % 1.0 * math.tau).astype(np.float32)
        first = np.exp(1j * angle)
        turn = first.copy()
        square = first * first
        basis = np.empty((2 * len(self.orders), len(times_s)), np.float32)
        order = 1
        for place, wanted in enumerate(self.orders):
            while order < wanted:
                step = min(2, wanted - order)
                turn *= square if step == 2 else first
                order += step
            basis[2 * place] = turn.real
            basis[2 * place + 1] = turn.imag
        if self._drift_share:
            sag = np.sin((times_s * (math.tau / _SAG_S)).astype(np.float32))
            basis *= 1 + np.float32(self._drift_share) * sag
        return basis

    def voltage(
        self, times_s: NDArray[np.float64], basis: NDArray[np.float32], line: str = "l1"
    ) -> NDArray[np.float32]:
        """float32[times] volts; basis: of the same times."""
        voltage: NDArray[np.float32] = np.empty(len(times_s), np.float32)
        for span, supply in self.supply.spans(times_s):
            np.matmul(supply.row(line), basis[:, span], out=voltage[span])
        places = (times_s * _NOISE_RATE_HZ).astype(np.int64) % POOL_SIZE
        voltage += self._noise[places]
        return voltage


def harmonic_phasors(
    fundamental: complex, shares: Mapping[int, float], orders: tuple[int, ...] = ORDERS
) -> Phasors:
    """Amplitudes of a wave whose harmonics all peak with its fundamental (negative shares:
    dip there). Raises ValueError for an order that is not modelled.
    """
    unknown = set(shares) - set(orders)
    if unknown:
        raise ValueError(f"harmonic orders {sorted(unknown)}, expected some of {orders}")
    direction = fundamental / abs(fundamental) if fundamental else 1
    return np.array(
        [
            abs(fundamental) * (1.0 if order == 1 else shares.get(order, 0.0)) * direction**order
            for order in orders
        ],
        np.complex128,
    )


def scaled(phasors: Phasors, factor: complex, orders: tuple[int, ...]) -> Phasors:
    """The same wave, larger by |factor| and earlier by its angle."""
    size, angle = cmath.polar(factor)
    return phasors * size * np.exp(1j * angle * np.array(orders))


def matrix_row(phasors: Phasors) -> NDArray[np.float32]:
    """The factors of `Mains.basis` rows: Re(c z) = Re c * Re z - Im c * Im z."""
    row = np.empty(2 * len(phasors), np.float32)
    row[0::2] = phasors.real
    row[1::2] = -phasors.imag
    return row


def rms(phasors: Phasors) -> float:
    return math.sqrt(float(np.sum(np.abs(phasors) ** 2)) / 2)


def active_power(voltage: Phasors, current: Phasors) -> float:
    """Watts: each order adds the product of the RMS values times the cosine between them."""
    return float(np.sum((voltage * current.conj()).real)) / 2
