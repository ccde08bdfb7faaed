# SPDX-License-Identifier: Apache-2.0
"""One thread per board of inputs and outputs: shows inputs to those who watch them, runs lamps.

Inputs are judged here and not where the agent does its other work: a hold has to be seen
look by look, however busy that is.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from pdu_agent.hw.device_thread import FIRST_RETRY_S, DeviceThread, OnTrouble
from pdu_agent.hw.lamps import Pattern, blinks, is_lit
from pdu_agent.hw.ports import DigitalIo
from pdu_agent.model.errors import HardwareError

LOOK_S = 0.03
"""From one look to the next: two of them are more than a bounce apart, and a lamp at 4 Hz
changes every 125 ms."""
IDLE_S = 0.5
"""The same as long as nothing happens, for hardware that tells of edges or has no inputs."""
REFRESH_S = 2.0
"""Lamps are written again this often: what drives them may have lost its power."""


class Watcher(Protocol):
    """Who watches an input. Called in the board's thread."""

    @property
    def is_settled(self) -> bool:
        """False: it wants to be shown every look, as it is in the middle of something."""
        ...

    def seen(self, active: bool, now_s: float) -> None: ...

    def lost(self, error: str) -> None: ...


class IoWorker(DeviceThread):
    """watchers: by line. Outputs are set by giving them a pattern in `lamps`, from any thread;
    an output without one is dark, and so are all when the worker stops.
    """

    def __init__(
        self,
        name: str,
        io: DigitalIo,
        watchers: Mapping[int, Sequence[Watcher]],
        on_trouble: OnTrouble,
        first_retry_s: float = FIRST_RETRY_S,
    ) -> None:
        super().__init__(f"io {name}", on_trouble, first_retry_s)
        self.lamps: Mapping[int, Pattern] = {}
        """Replaced as a whole; never changed."""
        self._io = io
        self._watchers = {line: tuple(those) for line, those in watchers.items()}
        self._lit: dict[int, bool] = {}
        self._lit_s = 0.0

    def _open(self) -> None:
        self._io.open()
        self._lit = {}

    def _step(self) -> bool:
        levels = self._look()
        now_s = time.monotonic()
        for line, watchers in self._watchers.items():
            for watcher in watchers:
                watcher.seen(levels[line], now_s)
        self._show(now_s)
        return True

    def _look(self) -> Mapping[int, bool]:
        is_busy = self._is_busy()
        if self._io.tells_edges and not is_busy:
            return self._io.read(IDLE_S)
        self._stop.wait(LOOK_S if is_busy or self._watchers else IDLE_S)
        return self._io.read(0.0)

    def _is_busy(self) -> bool:
        if any(blinks(pattern) for pattern in self.lamps.values()):
            return True
        return not all(watcher.is_settled for watcher in self._all_watchers())

    def _show(self, now_s: float) -> None:
        lit = {line: is_lit(pattern, now_s) for line, pattern in self.lamps.items()}
        if lit and (lit != self._lit or now_s - self._lit_s >= REFRESH_S):
            self._io.write(lit)
            self._lit, self._lit_s = lit, now_s

    def _close(self, error: HardwareError | None) -> None:
        try:
            if error is None and self._lit:
                self._io.write(dict.fromkeys(self._lit, False))
        finally:
            self._io.close()
            if error is not None:
                for watcher in self._all_watchers():
                    watcher.lost(str(error))

    def _all_watchers(self) -> Iterator[Watcher]:
        return itertools.chain.from_iterable(self._watchers.values())
