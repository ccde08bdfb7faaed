# SPDX-License-Identifier: Apache-2.0
"""What switches outlets by itself: engines whose wishes go the way of every other command."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Collection, Iterable, Sequence

from pdu_agent.core.engine import Desk, Engine, Judge, Progress, Wish
from pdu_agent.core.guarded import Guarded
from pdu_agent.core.outage.engine import Outages
from pdu_agent.core.plans.countdowns import Countdowns
from pdu_agent.core.plans.engine import Plans
from pdu_agent.core.protection.caps import Caps
from pdu_agent.core.protection.trips import Trips
from pdu_agent.core.rules.engine import Rules
from pdu_agent.core.settings import CoreSettings
from pdu_agent.core.shutdown.stopping import Stops
from pdu_agent.core.state import CoreState
from pdu_agent.core.switching.hold_times import HoldTimes
from pdu_agent.core.switching.switching import Circumstances
from pdu_agent.model.commands import Actor, Command, Target, Ticket
from pdu_agent.model.control import Cap, NextChange, Outage, Plan, Rule, Upcoming
from pdu_agent.model.errors import CommandError
from pdu_agent.model.readings import HookResult, HostSeen

log = logging.getLogger(__name__)


class Control:
    """All engines of a unit, in the order in which they act: the strongest last, so that of two
    wishes of one instant the stronger prevails.
    """

    def __init__(self, desk: Desk) -> None:
        engines: Sequence[Engine] = (
            HoldTimes(desk),
            Plans(desk),
            Countdowns(desk),
            Rules(desk),
            Outages(desk),
            Stops(desk),
            Caps(desk),
            Trips(desk),
        )
        self._engines = tuple(Guarded(engine, desk) for engine in engines)
        self.desk = desk

    def judges(self, draft: CoreState, actor: Actor, around: Circumstances) -> dict[type, Judge]:
        """See Engine.judges."""
        found: dict[type, Judge] = {}
        for engine in self._engines:
            found |= engine.judges(draft, actor, around)
        return found

    def run(self, submit: Callable[[Sequence[Command], Actor], Ticket]) -> None:
        """Let each engine have its turn."""
        for engine in self._engines:
            _carry_out(engine, engine.tick(), submit)

    def hold_back(
        self, queue: Sequence[int], submit: Callable[[Sequence[Command], Actor], Ticket]
    ) -> None:
        """See Engine.hold_back."""
        for engine in self._engines:
            _carry_out(engine, engine.hold_back(queue), submit)

    def on_reading(self, points: Collection[Target]) -> float:
        """See Engine.on_reading."""
        return min(engine.on_reading(points) for engine in self._engines)

    def on_hook(self, result: HookResult) -> None:
        for engine in self._engines:
            engine.on_hook(result)

    def on_host(self, seen: HostSeen) -> None:
        for engine in self._engines:
            engine.on_host(seen)

    def next_due_s(self) -> float:
        return min((engine.next_due_s() for engine in self._engines), default=math.inf)

    def renew(self, settings: CoreSettings) -> None:
        for engine in self._engines:
            engine.renew(settings)

    def plans(self) -> tuple[Plan, ...]:
        return tuple(row for engine in self._engines for row in engine.plans())

    def rules(self) -> tuple[Rule, ...]:
        return tuple(row for engine in self._engines for row in engine.rules())

    def caps(self) -> tuple[Cap, ...]:
        return tuple(row for engine in self._engines for row in engine.caps())

    def outages(self) -> tuple[Outage, ...]:
        return tuple(row for engine in self._engines for row in engine.outages())

    def progress(self) -> dict[int, Progress]:
        """By outlet, of those that something is done for before they are switched."""
        found: dict[int, Progress] = {}
        for engine in reversed(self._engines):
            found |= engine.progress()
        return found

    def upcoming(self, count: int, outlet: int | None) -> list[Upcoming]:
        """The first ones of all, in their order."""
        found = [each for engine in self._engines for each in engine.upcoming(count, outlet)]
        return sorted(found, key=lambda each: each.wall_s)[:count]

    def next_changes(self) -> dict[int, NextChange]:
        """By outlet the earliest of all; one whose time is not known comes last."""
        found: dict[int, NextChange] = {}
        for engine in self._engines:
            for outlet, change in engine.next_changes().items():
                if outlet not in found or _wall_s(change) < _wall_s(found[outlet]):
                    found[outlet] = change
        return found


def _wall_s(change: NextChange) -> float:
    return math.inf if change.wall_s is None else change.wall_s


def _carry_out(
    engine: Guarded,
    wishes: Iterable[Wish],
    submit: Callable[[Sequence[Command], Actor], Ticket],
) -> None:
    for wish in wishes:
        error = None
        try:
            submit(wish.commands, wish.actor)
        except CommandError as exc:
            error = exc
            log.info("%s: refused: %s", wish.actor, exc)
        except Exception as exc:
            engine.failed(exc)
            return
        engine.told(wish, error)
