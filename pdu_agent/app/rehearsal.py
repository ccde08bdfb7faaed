# SPDX-License-Identifier: Apache-2.0
"""The real core on a clock of its own: what it would do, without a relay that moves.

Time goes from one deadline to the next, so that a month takes moments. The boards are perfect:
each relay does as told at once. What is measured is what the caller delivers to `core`.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from pdu_agent.core.birth import Birth
from pdu_agent.core.core import Core
from pdu_agent.core.settings import CoreSettings
from pdu_agent.model.clock import ManualClock
from pdu_agent.model.commands import Actor
from pdu_agent.model.events import Event
from pdu_agent.model.readings import (
    BankState,
    Effect,
    HookResult,
    InitialiseBank,
    RelayResult,
    RunHook,
    StopHook,
    WriteRelays,
)
from pdu_agent.model.record import OutletRecord, Record

STEP_S = 1e-6
"""Time goes this far beyond a deadline: floating point must not leave it just ahead."""
MAX_EVENTS = 100_000


@dataclass(frozen=True, slots=True)
class Movement:
    """One relay that would move. actor: None where nobody ordered it."""

    wall_s: float
    outlet: int
    closed: bool
    actor: Actor | None


class Rehearsal:
    """One run of a core. `movements` grows as time passes.

    closed: by outlet, how the relays stand at first; those that are not there stand as the record
    wants them, or are closed. Hooks succeed, and loads are idle, at once: nothing is measured here.
    takes_s: how long a hook takes, where that is to count.
    """

    def __init__(
        self,
        settings: CoreSettings,
        start_wall_s: float,
        record: Record | None = None,
        closed: Mapping[int, bool] | None = None,
        takes_s: Callable[[RunHook], float] = lambda _: 0.0,
    ) -> None:
        self.clock = ManualClock(wall_s=start_wall_s)
        self.movements: list[Movement] = []
        self._outlets = {
            (outlet.relay.bank, outlet.relay.relay): outlet.number
            for outlet in settings.outlets
            if outlet.relay is not None
        }
        record = record or Record()
        wanted = {number: row.target_on for number, row in record.outlets.items()}
        self._closed = dict.fromkeys(self._outlets.values(), True) | wanted | dict(closed or {})
        self._effects: deque[Effect] = deque()
        self._takes_s = takes_s
        self._running: dict[int, tuple[float, RunHook]] = {}
        """By number, when each hook ends."""
        found = {
            number: OutletRecord("on" if is_closed else "off", target_on=is_closed)
            for number, is_closed in self._closed.items()
        }
        record = replace(
            record,
            engine_id=b"rehearsal",
            boot_id="rehearsal",
            outlets={**found, **record.outlets},
        )
        outlets = tuple(replace(outlet, graceful=None) for outlet in settings.outlets)
        settings = replace(settings, outlets=outlets)
        birth = Birth(record, True, "rehearsal", "")
        self.core = Core(settings, self.clock, self._effects.append, birth)
        self._heard = self.core.events.subscribe(MAX_EVENTS)
        for bank in dict.fromkeys(bank for bank, _ in self._outlets):
            self.core.on_bank(self._state_of(bank))
        self.settle()

    def events(self) -> list[Event]:
        """What has happened since the last call."""
        return self._heard.drain()

    def is_closed(self, outlet: int) -> bool:
        return self._closed[outlet]

    def run_until(self, wall_s: float) -> None:
        """Let time pass up to this moment."""
        self.settle()  # what the caller has ordered meanwhile
        end_s = self.clock.monotonic_s() + (wall_s - self.clock.wall_s())
        while (due_s := min(self.core.next_change_s(), self._hook_due_s())) <= end_s:
            self.clock.advance(max(0.0, due_s - self.clock.monotonic_s()) + STEP_S)
            self._end_hooks()
            self.tick()
        self.clock.advance(max(0.0, end_s - self.clock.monotonic_s()))
        self.tick()

    def run(self, seconds: float) -> None:
        self.run_until(self.clock.wall_s() + seconds)

    def tick(self) -> None:
        """What is due at this instant, and what follows from it at once."""
        self.core.tick()
        self.settle()

    def settle(self) -> None:
        """Let the boards and hooks answer everything that was asked of them."""
        while self._effects:
            effect = self._effects.popleft()
            if isinstance(effect, WriteRelays):
                self.core.on_relay_result(self._written(effect))
            elif isinstance(effect, InitialiseBank):
                self.core.on_bank(self._state_of(effect.bank))
            elif isinstance(effect, RunHook):
                end_s = self.clock.monotonic_s() + self._takes_s(effect)
                self._running[effect.id] = end_s, effect
                self._end_hooks()
            elif isinstance(effect, StopHook):
                self._running.pop(effect.id, None)

    def _hook_due_s(self) -> float:
        return min((end_s for end_s, _ in self._running.values()), default=math.inf)

    def _end_hooks(self) -> None:
        now_s = self.clock.monotonic_s()
        over = [hook for end_s, hook in self._running.values() if end_s <= now_s]
        for hook in over:
            del self._running[hook.id]
            self.core.on_hook(HookResult(hook.id, hook.hook, "", self._takes_s(hook)))

    def _written(self, order: WriteRelays) -> RelayResult:
        actors = {row.index: row.last_actor for row in self.core.snapshot.outlets}
        for relay, closed in order.closed.items():
            outlet = self._outlets[order.bank, relay]
            if self._closed[outlet] is not closed:
                self._closed[outlet] = closed
                self.movements.append(
                    Movement(self.clock.wall_s(), outlet, closed, actors.get(outlet))
                )
        now_s = self.clock.monotonic_s()
        return RelayResult(order.bank, order.closed, dict(order.closed), moved_s=now_s)

    def _state_of(self, bank: str) -> BankState:
        relays = {relay: n for (name, relay), n in self._outlets.items() if name == bank}
        closed = tuple(
            self._closed[relays[relay]] if relay in relays else None
            for relay in range(max(relays) + 1)
        )
        return BankState(bank, False, closed)
