# SPDX-License-Identifier: Apache-2.0
"""Ends wishes that stand for a time only, such as a person's.

A hold says in wall time when it ends, since that survives a restart. From when it is first seen
on, the monotonic clock counts: whoever sets the clock neither ends nor prolongs it. After a
restart it never lasts longer than it was to last at first.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from pdu_agent.core.engine import Desk, Engine, Wish
from pdu_agent.model.commands import Actor, Hold, ReleaseOutlet


class _Key(NamedTuple):
    outlet: int
    source: str
    until_wall_s: float


class HoldTimes(Engine):
    """Releases each hold whose time is over."""

    def __init__(self, desk: Desk) -> None:
        self._state = desk.state
        self._clock = desk.clock
        self._due_s: dict[_Key, float] = {}

    def tick(self) -> Iterable[Wish]:
        now_s = self._clock.monotonic_s()
        for key, due_s in self._due().items():
            if due_s <= now_s:
                actor = Actor("schedule", f"hold of {key.source}", "", "its time is over")
                yield Wish((ReleaseOutlet(key.outlet, key.source),), actor)

    def next_due_s(self) -> float:
        return min(self._due().values(), default=math.inf)

    def _due(self) -> dict[_Key, float]:
        """When (monotonic) each hold ends that time ends."""
        self._due_s = {
            key: self._due_s[key] if key in self._due_s else self._first_due_s(hold)
            for key, hold in self._timed()
        }
        return self._due_s

    def _timed(self) -> Iterator[tuple[_Key, Hold]]:
        for number, live in self._state.outlets.items():
            for hold in live.holds:
                if hold.until_wall_s is not None:
                    yield _Key(number, hold.source, hold.until_wall_s), hold

    def _first_due_s(self, hold: Hold) -> float:
        until_s = hold.until_wall_s or hold.since_wall_s
        left_s = min(until_s - self._clock.wall_s(), until_s - hold.since_wall_s)
        return self._clock.monotonic_s() + max(0.0, left_s)
