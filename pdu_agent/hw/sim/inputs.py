# SPDX-License-Identifier: Apache-2.0
"""From mains and conductors to the volts at a converter's pins: dividers and transformers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pdu_agent.hw.sim.consumers import Consumer
from pdu_agent.hw.sim.noise import noise_at, noise_pool
from pdu_agent.hw.sim.waveform import Supply
from pdu_agent.hw.sim.world import Conductor, World
from pdu_agent.model.commands import Target

OFFSET_V = 0.0003
"""RMS spread of the DC offsets that the inputs have."""


@dataclass(frozen=True, slots=True)
class VoltageInput:
    """A divider between a line and neutral. channel: from 0. divider: mains volts per volt.

    behind: whose fuses are before it (its relay is not); None at the inlet.
    """

    channel: int
    line: str
    divider: float
    behind: Target | None = None


@dataclass(frozen=True, slots=True)
class CurrentInput:
    """A current transformer with its burden. corner_hz: it passes what is above, as a
    first-order high-pass, and so leads by atan(corner / f); 0 for an ideal one.
    """

    channel: int
    conductor: Conductor
    volts_per_ampere: float
    corner_hz: float = 0.0


@dataclass(frozen=True, slots=True)
class ConverterPlan:
    """What is wired to a converter. used_channels: inputs that are switched on, from 0 on.

    noise_share: RMS noise of a current as a share of its reading.
    """

    used_channels: int
    voltages: tuple[VoltageInput, ...]
    currents: tuple[CurrentInput, ...]
    noise_share: float = 0.0


class Probe:
    """Current transformers around some conductors of a world."""

    def __init__(
        self, world: World, conductors: Sequence[Conductor], corners_hz: Sequence[float] = ()
    ) -> None:
        self._world = world
        self._conductors = tuple(conductors)
        self._corners_hz = np.array(corners_hz or [0.0] * len(self._conductors))
        self._ideal = not self._corners_hz.any()
        self._consumers: tuple[Consumer, ...] = ()
        self._uses: list[tuple[Consumer, list[tuple[int, int]]]] = []

    def currents(
        self, times_s: NDArray[np.float64], basis: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """float32[conductors, times] amperes as the transformers show them.

        times_s: ascending. basis: `Mains.basis` of the same times.
        """
        self._look_around()
        currents = np.empty((len(self._conductors), len(times_s)), np.float32)
        for span, supply in self._world.mains.supply.spans(times_s):
            currents[:, span] = self._within(supply, times_s[span], basis[:, span])
        return currents

    def _within(
        self, supply: Supply, times_s: NDArray[np.float64], basis: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """As `currents`, while the mains stay what they are."""
        factors = np.zeros((len(self._conductors), len(basis)), np.float32)
        changing = []
        for consumer, uses in self._uses:
            level = consumer.level(times_s[0], times_s[-1])
            if level is None:
                changing.append((consumer, uses))
            elif level:
                row = consumer.row(supply, level)
                for place, sign in uses:
                    factors[place] += row if sign > 0 else -row
        response = None if self._ideal else self._response(times_s)
        currents: NDArray[np.float32] = _passed(factors, response) @ basis
        for consumer, uses in changing:
            for row, envelope in consumer.parts(supply, times_s):
                rows = np.zeros_like(factors)
                for place, sign in uses:
                    rows[place] = row if sign > 0 else -row
                currents += (_passed(rows, response) @ basis) * envelope
        return currents

    def _response(self, times_s: NDArray[np.float64]) -> NDArray[np.complex64]:
        """complex64[conductors, orders]: what each transformer makes of each harmonic."""
        mains = self._world.mains
        middle_hz = mains.frequency_hz(float(times_s[0] + times_s[-1]) / 2)
        waves_hz = 1j * middle_hz * np.array(mains.orders)
        response: NDArray[np.complex128] = waves_hz / (waves_hz + self._corners_hz[:, None])
        return response.astype(np.complex64)

    def _look_around(self) -> None:
        """Who flows through which conductor, anew when somebody was added."""
        consumers = self._world.consumers
        if consumers is self._consumers:
            return
        uses = []
        for consumer in consumers:
            signs = [self._world.sign(conductor, consumer) for conductor in self._conductors]
            found = [(place, sign) for place, sign in enumerate(signs) if sign]
            if found:
                uses.append((consumer, found))
        self._consumers, self._uses = consumers, uses


class ConverterInputs:
    """The volts at the pins of one converter: callable as the simulated chips want it.

    overdrive: by how much too large the signal of a channel is, as with a burden that came
    off: from 0 channels on, 1 where all is well.
    """

    def __init__(self, world: World, plan: ConverterPlan, rng: np.random.Generator) -> None:
        self._world = world
        self._mains = world.mains
        self._voltages = plan.voltages
        self._probe = Probe(
            world,
            [current.conductor for current in plan.currents],
            [current.corner_hz for current in plan.currents],
        )
        self._rows = [current.channel for current in plan.currents]
        scales = [current.volts_per_ampere for current in plan.currents]
        self._volts_per_ampere = np.array(scales, np.float32)[:, None]
        offsets_v = rng.normal(0.0, OFFSET_V, plan.used_channels)
        self._offsets_v = offsets_v.astype(np.float32)[:, None]
        self._noise_share = np.float32(plan.noise_share)
        self._noise = noise_pool(int(rng.integers(1 << 31))) if plan.noise_share else None
        self.overdrive = np.ones((plan.used_channels, 1), np.float32)

    def __call__(self, times_s: NDArray[np.float64]) -> NDArray[np.float32]:
        """float32[used channels, times]; times ascending, monotonic seconds."""
        basis = self._mains.basis(times_s)
        volts = np.zeros((len(self._offsets_v), len(times_s)), np.float32)
        for voltage in self._voltages:
            wave = self._mains.voltage(times_s, basis, voltage.line)
            volts[voltage.channel] = wave / np.float32(voltage.divider)
            if voltage.behind is not None:
                for span, fed in self._world.fed(voltage.behind, times_s):
                    volts[voltage.channel, span] *= fed
        currents = self._probe.currents(times_s, basis)
        currents *= self._volts_per_ampere
        if self._noise is not None:
            ticks = (times_s * 1e6).astype(np.int64)
            currents *= 1 + self._noise_share * noise_at(self._noise, ticks, len(currents))
        volts[self._rows] = currents
        volts += self._offsets_v
        volts *= self.overdrive
        return volts


def _passed(
    rows: NDArray[np.float32], response: NDArray[np.complex64] | None
) -> NDArray[np.float32]:
    """The rows (see `matrix_row`) behind transformers with that response."""
    if response is None:
        return rows
    phasors = (rows[:, 0::2] - 1j * rows[:, 1::2]) * response
    passed = np.empty_like(rows)
    passed[:, 0::2] = phasors.real
    passed[:, 1::2] = -phasors.imag
    return passed
