# SPDX-License-Identifier: Apache-2.0
"""Registers that count energy in coarse steps, made fine by the power between two steps.

A register that moves by 0.01 kWh stands still for 36 s at 1 kW. What is handed out follows
power times time, but never leaves the register's own count by more than one step and never
goes back: over time the register alone decides how much it was. Everything here is in whole
millijoules (or millivar seconds).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Restart(Enum):
    """Why a register tells nothing of the time since it was last read."""

    BACK = "an energy register went back: the meter was reset or replaced"
    TOO_MUCH = "an energy register moved by more than max_power_w allows"


@dataclass(slots=True)
class StepCounter:
    """One register. step: the finest that it counts. wraps_at: where it returns to 0, 0: never."""

    step: int
    wraps_at: int = 0
    restart: Restart | None = None
    """Why the last `advance` gave nothing."""
    _last: int | None = None
    _counted: int = 0
    _given: int = 0

    @property
    def position(self) -> tuple[int, int]:
        """The register, and by how much what was handed out is ahead of it; after `advance`."""
        return self._last or 0, self._given - self._counted

    def resume(self, register: int, ahead: int) -> None:
        """Go on from a `position`: less than a step may be ahead, or behind."""
        self._last, self._counted, self._given = register, 0, ahead

    def advance(self, register: int, predicted: int | None, most: int) -> int | None:
        """Energy since the last call, 0 or more; None for the first one and after a reset.

        register: its content. predicted: power times time since then, None when that is not
        known (a gap). most: more than this cannot have been since then.
        """
        last, self._last = self._last, register
        self.restart = None
        if last is None:
            return None
        moved = register - last
        if moved < 0 and self.wraps_at:
            moved += self.wraps_at
        if not 0 <= moved <= most + self.step:
            self.restart = Restart.BACK if register < last else Restart.TOO_MUCH
            self._counted = self._given = 0
            return None
        self._counted += moved
        # Without a prediction the register alone: part of what it moved may be given already.
        wanted = self._counted if predicted is None else self._given + max(0, predicted)
        within = min(max(wanted, self._counted - self.step), self._counted + self.step)
        before, self._given = self._given, max(self._given, within)
        return self._given - before
