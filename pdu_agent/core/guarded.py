# SPDX-License-Identifier: Apache-2.0
"""An engine whose faults stay its own: an alarm tells of them, and everything else goes on."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

from pdu_agent.core.engine import Desk, Engine, Judge, Progress, Wish
from pdu_agent.core.settings import CoreSettings
from pdu_agent.core.state import CoreState
from pdu_agent.core.switching.switching import Circumstances
from pdu_agent.model.commands import Actor, Target
from pdu_agent.model.control import Cap, NextChange, Outage, Plan, Rule, Upcoming
from pdu_agent.model.errors import CommandError
from pdu_agent.model.readings import HookResult, HostSeen
from pdu_agent.model.snapshot import Severity

log = logging.getLogger(__name__)
T = TypeVar("T")

ALARM = "engine"
AGAIN_S = 1.0
"""So long after a fault an engine gets its next turn: trips and caps must not wait for long."""
QUIET_S = 600.0
"""The alarm ends when there was no fault for so long."""


class Guarded(Engine):
    """Stands for an engine, and answers as one that has nothing to say where it fails."""

    def __init__(self, engine: Engine, desk: Desk) -> None:
        self._engine = engine
        self._name = type(engine).__name__.lower()
        self._desk = desk
        self._fault = ""
        self._is_news = False
        self._not_before_s = -math.inf
        self._quiet_s = math.inf

    def failed(self, error: Exception) -> None:
        """Give the engine a rest; told at its next turn, as this may come amid a draft."""
        now_s = self._desk.clock.monotonic_s()
        self._not_before_s, self._quiet_s = now_s + AGAIN_S, now_s + QUIET_S
        text = f"{type(error).__name__}: {error}"
        if text != self._fault:
            log.error("the engine of %s failed", self._name, exc_info=error)
            self._fault, self._is_news = text, True

    def _tell(self) -> None:
        if self._is_news:
            self._is_news = False
            text = f"a fault of this software in {self._name}: {self._fault[:200]}"
            self._desk.alarms.set(ALARM, self._name, Severity.CRITICAL, text)
        elif self._desk.clock.monotonic_s() >= self._quiet_s:
            self._quiet_s, self._fault = math.inf, ""
            self._desk.alarms.clear(ALARM, self._name)

    def _asked(self, ask: Callable[[], T], otherwise: T) -> T:
        try:
            return ask()
        except CommandError:
            raise
        except Exception as exc:
            self.failed(exc)
            return otherwise

    # -- what is due ------------------------------------------------------------------

    def tick(self) -> Iterable[Wish]:
        self._tell()
        if self._desk.clock.monotonic_s() >= self._not_before_s:
            yield from self._wishes(self._engine.tick)
            self._tell()

    def hold_back(self, queue: Sequence[int]) -> Iterable[Wish]:
        yield from self._wishes(lambda: self._engine.hold_back(queue))

    def _wishes(self, ask: Callable[[], Iterable[Wish]]) -> Iterator[Wish]:
        try:
            yield from ask()
        except Exception as exc:
            self.failed(exc)

    def next_due_s(self) -> float:
        return self._due_s(lambda: min(self._engine.next_due_s(), self._quiet_s))

    def on_reading(self, points: Collection[Target]) -> float:
        return self._due_s(lambda: self._engine.on_reading(points))

    def _due_s(self, ask: Callable[[], float]) -> float:
        try:
            due_s = ask()
        except Exception as exc:
            self.failed(exc)
            due_s = self._not_before_s
        if self._is_news:
            return self._desk.clock.monotonic_s()
        return max(due_s, self._not_before_s)

    # -- what it is told --------------------------------------------------------------

    def told(self, wish: Wish, error: CommandError | None) -> None:
        self._asked(lambda: self._engine.told(wish, error), None)

    def on_hook(self, result: HookResult) -> None:
        self._asked(lambda: self._engine.on_hook(result), None)

    def on_host(self, seen: HostSeen) -> None:
        self._asked(lambda: self._engine.on_host(seen), None)

    def renew(self, settings: CoreSettings) -> None:
        self._asked(lambda: self._engine.renew(settings), None)

    # -- what it is asked -------------------------------------------------------------

    def judges(self, draft: CoreState, actor: Actor, around: Circumstances) -> Mapping[type, Judge]:
        none: Mapping[type, Judge] = {}
        return self._asked(lambda: self._engine.judges(draft, actor, around), none)

    def plans(self) -> tuple[Plan, ...]:
        return self._asked(self._engine.plans, ())

    def rules(self) -> tuple[Rule, ...]:
        return self._asked(self._engine.rules, ())

    def caps(self) -> tuple[Cap, ...]:
        return self._asked(self._engine.caps, ())

    def outages(self) -> tuple[Outage, ...]:
        return self._asked(self._engine.outages, ())

    def upcoming(self, count: int, outlet: int | None) -> Sequence[Upcoming]:
        return self._asked(lambda: self._engine.upcoming(count, outlet), ())

    def next_changes(self) -> Mapping[int, NextChange]:
        none: Mapping[int, NextChange] = {}
        return self._asked(self._engine.next_changes, none)

    def progress(self) -> Mapping[int, Progress]:
        none: Mapping[int, Progress] = {}
        return self._asked(self._engine.progress, none)
