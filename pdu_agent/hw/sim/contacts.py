# SPDX-License-Identifier: Apache-2.0
"""The contacts of all relays: they follow their coils unless they are welded or stuck."""

from __future__ import annotations

import math
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import TextIO

from pdu_agent.hw.sim.world import World
from pdu_agent.model.clock import Clock


class Contacts:
    """relays: board and relay -> outlet; outlets without a relay are closed for good.

    relay_log: gets a line "epoch outlet value" for each contact that moves after `begin`.
    Safe to use from several threads.
    """

    def __init__(
        self,
        world: World,
        clock: Clock,
        relays: Mapping[tuple[str, int], int],
        relay_log: Path | None = None,
    ) -> None:
        self._world = world
        self._clock = clock
        self._relays = relays
        self._coils = dict.fromkeys(relays.values(), False)
        self._closed = {outlet: outlet not in self._coils for outlet in world.layout.outlets}
        self._welded: set[int] = set()
        self._stuck: set[int] = set()
        self._lock = threading.Lock()
        self._begun = False
        self._log: TextIO | None = None
        if relay_log is not None:
            self._log = relay_log.open("a", buffering=1, encoding="ascii")
        for outlet, closed in self._closed.items():
            world.set_contact(outlet, closed)

    def begin(self) -> None:
        """From now on contacts move in time; those found closed have been so for ever."""
        self._begun = True

    def coils(self, board: str, closed: Mapping[int, bool]) -> None:
        """What the coils of a board want now; called for relays that did not move, too."""
        with self._lock:
            for relay, wanted in closed.items():
                outlet = self._relays.get((board, relay))
                if outlet is not None:
                    self._coils[outlet] = wanted
                    self._settle(outlet)

    def weld(self, outlet: int) -> None:
        """Once closed, now or later, it stays closed."""
        with self._lock:
            self._welded.add(self._switched(outlet))

    def stick(self, outlet: int) -> None:
        """Once open, now or later, it stays open."""
        with self._lock:
            self._stuck.add(self._switched(outlet))

    def release(self, outlet: int) -> None:
        """The contact follows its coil again."""
        with self._lock:
            self._welded.discard(self._switched(outlet))
            self._stuck.discard(outlet)
            self._settle(outlet)

    def closed(self, outlet: int) -> bool:
        """Where the contact is."""
        return self._closed[outlet]

    def has_relay(self, outlet: int) -> bool:
        return outlet in self._coils

    def close(self) -> None:
        if self._log is not None:
            self._log.close()

    def _switched(self, outlet: int) -> int:
        """Raises KeyError for an outlet without a relay."""
        self._coils[outlet]
        return outlet

    def _settle(self, outlet: int) -> None:
        was, wanted = self._closed[outlet], self._coils[outlet]
        held = self._welded if was else self._stuck
        if was == wanted or outlet in held:
            return
        self._closed[outlet] = wanted
        now_s = self._clock.monotonic_s() if self._begun else -math.inf
        self._world.set_contact(outlet, wanted, now_s)
        if self._begun and self._log is not None:
            self._log.write(f"{self._clock.wall_s():.6f} {outlet} {int(wanted)}\n")
