# SPDX-License-Identifier: Apache-2.0
"""What a perfect meter shows over a span of simulated time, from the simulator's own model.

Nothing here knows about converters. A load in steady state follows `Mains.level`, current
like voltage, so one look at `SimulatedBoard.truth` and the mean of level squared give all
spans. While a load changes, the product of its waveforms is integrated.

What the simulator's closed forms leave out: the voltage's noise (2e-8 of its RMS value)
and what level and frequency change within a cycle (1e-5 at most, and it averages out).
"""

from __future__ import annotations

import itertools
import math

import numpy as np

from pdu_agent.hw.sim.board import SimulatedBoard
from pdu_agent.hw.sim.inputs import Probe
from pdu_agent.hw.sim.waveform import Mains
from pdu_agent.hw.sim.world import Conductor
from pdu_agent.model.commands import Target

_LEVEL_STEP_S = 1.0  # the level swings with a period of minutes
_WAVE_STEP_S = 1e-5
_WAVE_CHUNK_S = 0.5


class SteadyTruth:
    """One point whose load did not change, and will not, in the spans that are asked for."""

    def __init__(self, board: SimulatedBoard, target: Target, t_s: float) -> None:
        """t_s: a moment at which the load draws what it draws all the time."""
        self._mains = board.mains
        level = self._mains.level(t_s)
        now = board.truth(target, t_s)
        self._voltage_v = now.voltage_v / level
        self._current_a = now.current_a / level
        self._power_w = now.active_power_w / level**2

    def voltage_v(self, from_s: float, to_s: float) -> float:
        return self._voltage_v * math.sqrt(self._mean_square_level(from_s, to_s))

    def current_a(self, from_s: float, to_s: float) -> float:
        return self._current_a * math.sqrt(self._mean_square_level(from_s, to_s))

    def power_w(self, from_s: float, to_s: float) -> float:
        return self._power_w * self._mean_square_level(from_s, to_s)

    def energy_mj(self, from_s: float, to_s: float) -> float:
        return 1000.0 * (to_s - from_s) * self.power_w(from_s, to_s)

    def _mean_square_level(self, from_s: float, to_s: float) -> float:
        """By Simpson's rule."""
        steps = 2 * math.ceil((to_s - from_s) / _LEVEL_STEP_S)
        width_s = (to_s - from_s) / steps
        squares = [self._mains.level(from_s + n * width_s) ** 2 for n in range(steps + 1)]
        inner = 4 * sum(squares[1:-1:2]) + 2 * sum(squares[2:-1:2])
        return (squares[0] + inner + squares[-1]) / (3 * steps)


def frequency_hz(mains: Mains, from_s: float, to_s: float) -> float:
    """The mean over the span: turns by time."""
    turns = mains.turns(np.array([from_s, to_s]))
    return float(turns[1] - turns[0]) / (to_s - from_s)


def waveform_energy_mj(board: SimulatedBoard, target: Target, from_s: float, to_s: float) -> float:
    """Voltage times current as they are on the wires, summed up every 10 us.

    The relay of the target must not have moved more than once since from_s: the simulator
    remembers only the last movement.
    """
    probe = Probe(board.world, [Conductor(target)])
    total = 0.0
    chunks = math.ceil((to_s - from_s) / _WAVE_CHUNK_S)
    edges = np.linspace(from_s, to_s, chunks + 1).tolist()
    for start_s, end_s in itertools.pairwise(edges):
        count = math.ceil((end_s - start_s) / _WAVE_STEP_S)
        step_s = (end_s - start_s) / count
        times_s = start_s + (np.arange(count) + 0.5) * step_s
        basis = board.mains.basis(times_s)
        volts = board.mains.voltage(times_s, basis).astype(np.float64)
        amperes = probe.currents(times_s, basis)[0]
        total += float(volts @ amperes) * step_s
    return 1000.0 * total
