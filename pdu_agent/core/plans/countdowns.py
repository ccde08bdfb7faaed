# SPDX-License-Identifier: Apache-2.0
"""Countdowns: one action for an outlet once a while has passed, also over a restart.

Within one boot of the board they go by the monotonic clock, which nobody can set; after another
boot by the wall clock.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator, Mapping
from dataclasses import replace

from pdu_agent.core.engine import Desk, Engine, Judge, Wish
from pdu_agent.core.live_settings import Sections
from pdu_agent.core.plans.passing import AGAIN_S, GIVEN_UP_S
from pdu_agent.core.plans.wall_clock import WallClock
from pdu_agent.core.settings import CoreSettings
from pdu_agent.core.state import CoreState, plain_actor
from pdu_agent.core.switching.switching import Circumstances
from pdu_agent.model.commands import Action, Actor, Lock, Rank, SetCountdown, SwitchOutlet
from pdu_agent.model.control import NextChange, Upcoming
from pdu_agent.model.errors import (
    Busy,
    CommandError,
    InvalidValue,
    NotNow,
    OutletLocked,
    Unavailable,
    UnknownTarget,
)
from pdu_agent.model.events import CommandFailed
from pdu_agent.model.record import CountdownRecord

log = logging.getLogger(__name__)

LONGEST_S = 7 * 86_400
_PASSING = (Unavailable, Busy, NotNow)
_ACTIONS = (Action.ON, Action.OFF, Action.REBOOT, Action.TOGGLE, Action.PULSE)


class Countdowns(Engine):
    """Each outlet has one at most."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._wall = WallClock(desk.clock, desk.recorded_wall_s)
        self._error: CommandError | None = None
        self._tried_since_s: dict[int, float] = {}
        self.renew(desk.settings)

    def renew(self, settings: CoreSettings) -> None:
        self._sections = Sections(settings)
        rows = self._desk.state.countdowns
        for outlet in rows.keys() - self._sections.outlets.keys():
            del rows[outlet]

    # -- what is asked of it --------------------------------------------------------

    def judges(self, draft: CoreState, actor: Actor, around: Circumstances) -> Mapping[type, Judge]:
        def judge(command: SetCountdown) -> None:
            self._check_outlet(command, draft, actor)
            self._tried_since_s.pop(command.outlet, None)
            if command.after_s is None:
                draft.countdowns.pop(command.outlet, None)
                return
            _check(command, command.after_s)
            draft.countdowns[command.outlet] = CountdownRecord(
                command.action.value,
                around.wall_s + command.after_s,
                around.now_s + command.after_s,
                plain_actor(actor),
            )

        return {SetCountdown: judge}

    def _check_outlet(self, command: SetCountdown, draft: CoreState, actor: Actor) -> None:
        settings = self._sections.outlets.get(command.outlet)
        if settings is None:
            raise UnknownTarget(f"there is no outlet {command.outlet}")
        if settings.relay is None:
            raise OutletLocked(f"outlet {command.outlet} is metered only: it has no relay")
        lock = draft.outlets[command.outlet].lock
        if command.after_s is not None and lock is not Lock.UNLOCKED and actor.rank < Rank.LOCK:
            raise OutletLocked(
                f"outlet {command.outlet} is {lock.value}: unlock it before giving it a countdown"
            )

    # -- time -----------------------------------------------------------------------

    def next_due_s(self) -> float:
        return min(
            (self._due_s(row) for row in self._desk.state.countdowns.values()), default=math.inf
        )

    def _due_s(self, row: CountdownRecord) -> float:
        if row.due_mono_s is not None:
            return row.due_mono_s
        now_s = self._desk.clock.monotonic_s()
        return now_s + max(0.0, self._wall.set_in_s())  # to be put on the clock of this boot

    def tick(self) -> Iterator[Wish]:
        self._wall.look()
        if not self._desk.state.countdowns:
            return
        if self._wall.is_set:
            self._put_on_this_boot()
        now_s = self._desk.clock.monotonic_s()
        for outlet, row in sorted(self._desk.state.countdowns.items()):
            if row.due_mono_s is not None and row.due_mono_s <= now_s:
                yield from self._carry_out(outlet, row)

    def _put_on_this_boot(self) -> None:
        """A countdown whose time passed without the agent is due now."""
        rows, clock = self._desk.state.countdowns, self._desk.clock
        for outlet, row in rows.items():
            if row.due_mono_s is None:
                left_s = min(max(0.0, row.due_wall_s - clock.wall_s()), LONGEST_S)
                rows[outlet] = replace(row, due_mono_s=clock.monotonic_s() + left_s)

    def _carry_out(self, outlet: int, row: CountdownRecord) -> Iterator[Wish]:
        """As whoever set it, who counts as much now as then."""
        now_s = self._desk.clock.monotonic_s()
        del self._desk.state.countdowns[outlet]
        actor = replace(Actor(*row.actor), because="a countdown has ended")
        yield Wish((SwitchOutlet(outlet, Action(row.action)),), actor)
        since_s = self._tried_since_s.pop(outlet, None)
        if self._error is None:
            return
        text = f"the countdown to {row.action} has ended, but it is refused: {self._error}"
        if since_s is None:
            self._desk.publish(CommandFailed(self._desk.clock.wall_s(), outlet, text))
        first_s = now_s if since_s is None else since_s
        if isinstance(self._error, _PASSING) and now_s < first_s + GIVEN_UP_S:
            self._tried_since_s[outlet] = first_s
            self._desk.state.countdowns[outlet] = replace(row, due_mono_s=now_s + AGAIN_S)

    def told(self, wish: Wish, error: CommandError | None) -> None:
        del wish
        self._error = error

    # -- what faces see -------------------------------------------------------------

    def next_changes(self) -> dict[int, NextChange]:
        rows = self._desk.state.countdowns.items()
        return {outlet: self._next_change(row) for outlet, row in rows}

    def _next_change(self, row: CountdownRecord) -> NextChange:
        text = f"{row.action} by a countdown"
        return NextChange("countdown", Action(row.action), self._due_wall_s(row), text)

    def upcoming(self, count: int, outlet: int | None) -> list[Upcoming]:
        found = [
            Upcoming(self._due_wall_s(row), "countdown", row.action, (number,))
            for number, row in self._desk.state.countdowns.items()
            if outlet is None or outlet == number
        ]
        return sorted(found, key=lambda each: each.wall_s)[:count]

    def _due_wall_s(self, row: CountdownRecord) -> float:
        """Also right after the wall clock was set."""
        if row.due_mono_s is None:
            return row.due_wall_s
        clock = self._desk.clock
        return clock.wall_s() + (row.due_mono_s - clock.monotonic_s())


def _check(command: SetCountdown, after_s: float) -> None:
    if command.action not in _ACTIONS:
        expected = ", ".join(action.value for action in _ACTIONS)
        raise InvalidValue(
            f"outlet {command.outlet}: a countdown to {command.action.value}; expected {expected}"
        )
    if not 1 <= after_s <= LONGEST_S:
        raise InvalidValue(
            f"outlet {command.outlet}: countdown of {after_s:g} s is outside 1 to {LONGEST_S}"
        )
