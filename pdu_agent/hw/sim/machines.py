# SPDX-License-Identifier: Apache-2.0
"""Machines that can be told to shut down, as a hook tells a real one: they work, end, or hang."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from pdu_agent.hw.sim.world import World

FOLDER = "machines"
"""Of the board: whoever makes a file here that is called like an outlet tells its machine."""
_HALF_DONE = 0.5  # services end first, then disks: the draw falls in two steps


class Machine:
    """What is plugged into an outlet. It boots whenever it is fed anew.

    told: the file that tells it; taken away once it is seen. takes_s: from then until it draws
    off_w. hangs: it does not listen.
    """

    def __init__(
        self,
        world: World,
        outlet: int,
        told: Path,
        *,
        on_w: float,
        off_w: float,
        takes_s: float,
        hangs: bool = False,
    ) -> None:
        self._world = world
        self._outlet = outlet
        self._told = told
        self._on_w = on_w
        self._off_w = off_w
        self._takes_s = takes_s
        self._hangs = hangs
        self._told_s: float | None = None
        self._fed_s: float | None = None
        self._draws_w: float | None = None

    def look(self, now_s: float) -> None:
        """Has it been told, or fed anew? Draw what follows."""
        is_told = self._told.exists()
        if is_told:
            self._told.unlink(missing_ok=True)
        fed_s = self._world.fed_since_s(self._outlet)
        if fed_s is None or fed_s != self._fed_s:
            self._told_s, self._fed_s = None, fed_s
        if is_told and fed_s is not None and self._told_s is None and not self._hangs:
            self._told_s = now_s
        draws_w = self._wanted_w(now_s)
        if draws_w != self._draws_w:
            self._draws_w = draws_w
            load = self._world.load(self._outlet)
            load = replace(load, active_power_w=draws_w, cycle_s=None)
            self._world.adjust(self._outlet, load, now_s)

    def _wanted_w(self, now_s: float) -> float:
        if self._told_s is None:
            return self._on_w
        done = (now_s - self._told_s) / self._takes_s
        if done >= 1:
            return self._off_w
        return self._on_w if done < _HALF_DONE else (self._on_w + self._off_w) / 2
