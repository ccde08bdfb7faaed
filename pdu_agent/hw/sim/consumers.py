# SPDX-License-Identifier: Apache-2.0
"""A load behind a contact: what it draws while contacts, plugs and the mains change."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pdu_agent.hw.sim.changes import Changes
from pdu_agent.hw.sim.loads import Load
from pdu_agent.hw.sim.waveform import Mains, Phasors, Supply, matrix_row, phases_of, scaled

_INRUSH_TAUS = 12  # after that an inrush of 20 times is below a tenth of a permille


@dataclass(frozen=True, slots=True)
class Draw:
    """What a load does since since_s: fed or not. phasors, row: of its full current, with the
    whole nominal voltage of its line.
    """

    load: Load
    phasors: Phasors
    row: NDArray[np.float32]
    fed: bool = False
    since_s: float = -math.inf

    def steady(self, first_s: float, last_s: float) -> float | None:
        """The multiple of the full current from first_s to last_s; None when it changes."""
        if not self.fed:
            return 0.0
        if first_s < self.since_s + _INRUSH_TAUS * self.load.inrush_tau_s:
            return None
        if self.load.cycle_s is None:
            return 1.0
        first, last = self.load.demand(np.array([first_s, last_s])).tolist()
        return first if first == last else None

    def envelope(self, times_s: NDArray[np.float64]) -> NDArray[np.float64]:
        """The multiple of the full current at each time."""
        if not self.fed:
            return np.zeros(len(times_s))
        since = np.maximum(times_s - self.since_s, 0.0)
        decay = np.exp(-since / self.load.inrush_tau_s)
        envelope: NDArray[np.float64] = self.load.demand(times_s)
        return envelope * (1 + (self.load.inrush - 1) * decay)

    def row_at(self, supply: Supply, line: str, orders: tuple[int, ...]) -> NDArray[np.float32]:
        """The full current as factors of `Mains.basis`; it follows the voltage."""
        share = supply.share(line)
        if share == 1:
            return self.row
        if not share.imag:
            return self.row * np.float32(share.real)
        return matrix_row(scaled(self.phasors, share, orders))


class Consumer:
    """One load between line and neutral, between two lines, or (leak) from line to earth.

    Not fed at first. outlet, branch: None where it hangs before them.
    """

    def __init__(
        self,
        mains: Mains,
        load: Load,
        line: str = "unknown",
        *,
        inlet: int = 1,
        branch: int | None = None,
        outlet: int | None = None,
        leak: bool = False,
    ) -> None:
        self.line = line
        self.phases = phases_of(line)
        self.inlet = inlet
        self.branch = branch
        self.outlet = outlet
        self.leak = leak
        self._mains = mains
        self.draws = Changes(self._draw(load))

    def plug(self, load: Load, t_s: float) -> None:
        """Another load in its place, switched on at that moment where it is fed."""
        fed = self.draws.at(t_s).fed
        self.draws.set(replace(self._draw(load), fed=fed, since_s=t_s), t_s)

    def adjust(self, load: Load, t_s: float) -> None:
        """The same load drawing something else from now on, without an inrush."""
        old = self.draws.at(t_s)
        self.draws.set(replace(self._draw(load), fed=old.fed, since_s=old.since_s), t_s)

    def feed(self, fed: bool, t_s: float = -math.inf, *, again: bool = False) -> None:
        """Close or open the way to the mains. Without a time it has been so for ever. again:
        also where nothing changes, as after an interruption of the mains.
        """
        old = self.draws.newest[1]
        if old.fed != fed or again or t_s == -math.inf:
            self.draws.set(replace(old, fed=fed, since_s=t_s), t_s)

    def level(self, first_s: float, last_s: float) -> float | None:
        """As `Draw.steady`."""
        since_s, draw = self.draws.newest
        return draw.steady(first_s, last_s) if since_s <= first_s else None

    def row(self, supply: Supply, level: float) -> NDArray[np.float32]:
        """That multiple of the full current as factors of `Mains.basis`."""
        row = self.draws.newest[1].row_at(supply, self.line, self._mains.orders)
        return row if level == 1.0 else row * np.float32(level)

    def parts(
        self, supply: Supply, times_s: NDArray[np.float64]
    ) -> Iterator[tuple[NDArray[np.float32], NDArray[np.float32]]]:
        """(row, envelope over all the times) of each part that its current is the sum of,
        whatever happens meanwhile.
        """
        for span, draw in self.draws.spans(times_s):
            if draw.fed:
                envelope = np.zeros(len(times_s), np.float32)
                envelope[span] = draw.envelope(times_s[span])
                yield draw.row_at(supply, self.line, self._mains.orders), envelope

    def phasors(self, t_s: float) -> Phasors:
        """Amplitudes of the current at t_s, the drift of the mains aside."""
        draw = self.draws.at(t_s)
        share = self._mains.supply.at(t_s).share(self.line)
        level = float(draw.envelope(np.array([t_s]))[0])
        return scaled(draw.phasors, share, self._mains.orders) * level

    def _draw(self, load: Load) -> Draw:
        nominal = self._mains.supply.newest[1].voltage(self.line, full=True)
        phasors = load.phasors(complex(nominal[0]), self._mains.orders)
        return Draw(load, phasors, matrix_row(phasors))
