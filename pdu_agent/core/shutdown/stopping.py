# SPDX-License-Identifier: Apache-2.0
"""Shuts loads down before they are cut, and runs the hooks of outlets; see core/outlets/gate.py.

An off: its hook, then the draw stays under the idle level, then the relay. What fails, and what
hangs, leaves the outlet on, but for a hang whose policy is to cut by force.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Collection, Iterable
from dataclasses import replace

from pdu_agent.core.engine import Desk, Engine, Progress, Wish
from pdu_agent.core.outlets.gate import Phase, Then, is_understood, is_waiting, under_way
from pdu_agent.core.outlets.outlet import OPEN_STEPS
from pdu_agent.core.outlets.steps import Step
from pdu_agent.core.settings import CoreSettings
from pdu_agent.core.shutdown.hook_runs import HookRuns
from pdu_agent.core.shutdown.idle_draw import IdleDraw, is_idle, outlet_target, wanted
from pdu_agent.core.shutdown.preparing import Preparing
from pdu_agent.core.shutdown.stop_watch import StopWatch, Verdict
from pdu_agent.core.switching.switching import rest_of
from pdu_agent.core.watching.alarms import SHUTDOWN
from pdu_agent.model.commands import Action, Actor, Rank, SwitchOutlet, Target
from pdu_agent.model.errors import CommandError, OutletHeld, Unavailable
from pdu_agent.model.events import StopEnded
from pdu_agent.model.readings import HookResult
from pdu_agent.model.snapshot import Severity

log = logging.getLogger(__name__)

RETRY_S = 5.0
LONGEST_RETRY_S = 600.0
_DOUBLINGS = 7  # lead to more than the longest pause; a board may be away for months
CUT_RETRIES = 4
"""So often a cut is tried again while its board or the storage is out of order, 75 s in all."""
_GOING_OFF = OPEN_STEPS | {Step.OPENING, Step.REBOOT_OPENING, Step.OFF, Step.REBOOT_OFF}
_ACTIONS = {
    Then.OFF: Action.OFF,
    Then.REBOOT: Action.REBOOT,
    Then.ON: Action.ON,
    Then.REBOOT_ON: Action.ON,
}


class Stops(Engine):
    """One StopWatch for each outlet that waits; CoreState.stops is what a restart finds."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._runs = HookRuns(desk)
        self._draw = IdleDraw(desk)
        self._preparing = Preparing(desk, self._runs, self._draw)
        self._watches: dict[int, StopWatch] = {}
        desk.state.stops = {
            number: stop
            for number, stop in desk.state.stops.items()
            if number in desk.state.outlets and is_understood(stop)
        }
        for number, stop in desk.state.stops.items():
            if Phase(stop.phase) is not Phase.PASSED:
                self._watches[number] = StopWatch(stop, Phase(stop.phase))

    # -- the engine ---------------------------------------------------------------------

    def tick(self) -> Iterable[Wish]:
        now_s = self._desk.clock.monotonic_s()
        for number in set(self._watches) | set(self._desk.state.stops):
            self._follow(number)
        wishes = [
            wish
            for number in sorted(self._watches)
            if (wish := self._wish(number, self._watches[number], now_s))
        ]
        self._runs.look_after()
        return wishes

    def next_due_s(self) -> float:
        stops = self._desk.state.stops
        if self._watches.keys() - stops.keys() or self._runs.is_due:
            return 0.0
        return min((self._due_s(number) for number in stops), default=math.inf)

    def told(self, wish: Wish, error: CommandError | None) -> None:
        match wish.about:
            case (int() as number, Verdict() as verdict):
                self._note_answer(number, self._watches[number], verdict, error)

    def _note_answer(
        self, number: int, watch: StopWatch, verdict: Verdict, error: CommandError | None
    ) -> None:
        if error is None:
            del self._watches[number]
            self._tell_end(number, Then(watch.stop.then), verdict)
        elif verdict.carry_out and (
            not isinstance(error, Unavailable) or watch.refusals >= CUT_RETRIES
        ):
            self._preparing.give_up(number, watch, str(error))
        elif isinstance(error, OutletHeld) and self._is_cut_anyway(number, watch):
            text = f"its load did not end, and {error}"
            watch.verdict = Verdict(True, text, by_force=True)
        else:
            pause_s = min(LONGEST_RETRY_S, RETRY_S * 2 ** min(watch.refusals, _DOUBLINGS))
            watch.refusals += 1
            watch.retry_s = self._desk.clock.monotonic_s() + pause_s

    def _is_cut_anyway(self, number: int, watch: StopWatch) -> bool:
        """Is it an off that cannot be undone, for the unit's own safety keeps the outlet off?"""
        holds = self._desk.state.outlets[number].holds
        is_off = any(hold.rank is Rank.SAFETY and not hold.wants_on for hold in holds)
        return is_off and Then(watch.stop.then) is Then.OFF

    def on_reading(self, points: Collection[Target]) -> float:
        """A load that stirs is not idle, however late the next tick is."""
        del points
        for number, watch in self._watches.items():
            graceful = self._draw.settings(number)
            if watch.phase is Phase.IDLE and graceful is not None:
                self._draw.note(number, watch, graceful)
        return min(map(self._due_s, self._watches), default=math.inf)

    def on_hook(self, result: HookResult) -> None:
        for watch in self._watches.values():
            if watch.hook == result.id:
                watch.outcome = result.error
        self._runs.ended(result)

    def renew(self, settings: CoreSettings) -> None:
        self._runs.renew(settings)

    # -- what it waits for --------------------------------------------------------------

    def progress(self) -> dict[int, Progress]:
        found = {number: self._progress(number) for number in self._desk.state.stops}
        return {number: progress for number, progress in found.items() if progress is not None}

    def _progress(self, outlet: int) -> Progress | None:
        stop = under_way(self._desk.state, outlet)
        if stop is None or Phase(stop.phase) is Phase.PASSED:
            return None
        then, watch = Then(stop.then), self._watches.get(outlet)
        what = "shutting down" if then.opens else "about to go on"
        if watch is not None and watch.verdict is not None:
            left_s = max(0.0, self._wish_due_s(outlet, watch) - self._desk.clock.monotonic_s())
            return Progress(f"{what}: {watch.verdict.text}", left_s)
        if watch is None or watch.phase is Phase.ASKED or watch.until_s == math.inf:
            return Progress(f"{what}: it begins", self._longest_s(outlet, then))
        left_s = max(0.0, watch.until_s - self._desk.clock.monotonic_s())
        graceful = self._draw.settings(outlet)
        if watch.phase is Phase.IDLE and graceful is not None:
            waits = f"{self._draw.in_words(outlet, graceful)}, waits for {wanted(graceful)}"
            return Progress(f"{what}: {waits}, {left_s:.0f} s left", left_s)
        return Progress(
            f"{what}: hook {watch.hook_name} runs", left_s + self._idle_limit_s(outlet, then)
        )

    def _longest_s(self, number: int, then: Then) -> float:
        """What hook and draw may take."""
        hook = self._preparing.hook_of(number, then)
        hook_s = self._runs.limit_s(hook) if hook else 0.0
        return hook_s + self._idle_limit_s(number, then)

    def _idle_limit_s(self, number: int, then: Then) -> float:
        graceful = self._draw.settings(number) if then.opens else None
        return graceful.time_limit_s if graceful is not None else 0.0

    # -- one order that waits -----------------------------------------------------------

    def _follow(self, number: int) -> None:
        """Keep the watch true to what was ordered meanwhile."""
        state, watch = self._desk.state, self._watches.get(number)
        stop = under_way(state, number)
        if stop is None or Phase(stop.phase) is Phase.PASSED:
            if stop is None:
                state.stops.pop(number, None)
            if watch is not None:
                del self._watches[number]
                self._ended_by_others(number, watch)
            return
        if watch is None or (Phase(stop.phase) is Phase.ASKED and watch.phase is not Phase.ASKED):
            if watch is not None:
                self._runs.stop(watch.hook)
            self._watches[number] = StopWatch(stop)
        else:
            watch.stop = stop

    def _wish(self, number: int, watch: StopWatch, now_s: float) -> Wish | None:
        self._preparing.advance(number, watch, now_s)
        if watch.verdict is None or now_s < self._wish_due_s(number, watch):
            return None
        then = Then(watch.stop.then)
        action = _ACTIONS[then] if watch.verdict.carry_out else Action.CANCEL
        actor = Actor(*watch.stop.actor) if watch.stop.actor else Actor("rule", "hooks")
        command = SwitchOutlet(number, action, forced=watch.verdict.carry_out)
        return Wish((command,), replace(actor, because=watch.verdict.text), (number, watch.verdict))

    # -- ends ---------------------------------------------------------------------------

    def _tell_end(self, number: int, then: Then, verdict: Verdict) -> None:
        log.info("outlet %d: %s", number, verdict.text)
        if not then.opens:
            return
        if verdict.by_force:
            text, target = f"cut by force: {verdict.text}", outlet_target(number)
            self._desk.alarms.set(SHUTDOWN, str(target), Severity.WARNING, text, target)
        wall_s = self._desk.clock.wall_s()
        self._desk.publish(StopEnded(wall_s, number, not verdict.carry_out, verdict.text))

    def _ended_by_others(self, number: int, watch: StopWatch) -> None:
        self._runs.stop(watch.hook if watch.outcome is None else None)
        if not Then(watch.stop.then).opens:
            return
        live = self._desk.state.outlets.get(number)
        is_cut = live is not None and live.machine.step in _GOING_OFF
        by = f" by {live.actor}" if live is not None and live.actor is not None else ""
        text = f"cut before it was done{by}" if is_cut else f"cancelled{by}"
        self._desk.publish(StopEnded(self._desk.clock.wall_s(), number, not is_cut, text))

    # -- when ---------------------------------------------------------------------------

    def _due_s(self, number: int) -> float:
        if not is_waiting(self._desk.state, number):
            return math.inf
        watch = self._watches.get(number)
        if watch is None or watch.stop is not self._desk.state.stops[number]:
            return 0.0
        if watch.verdict is not None:
            is_up = watch.is_cut_as_idle and watch.low_s is None
            return 0.0 if is_up else self._wish_due_s(number, watch)
        match watch.phase:
            case Phase.ASKED:
                return 0.0 if self._preparing.is_its_turn(number, watch) else math.inf
            case Phase.HOOK:
                is_over = watch.hook is None or watch.outcome is not None
                return 0.0 if is_over else math.inf
        graceful = self._draw.settings(number)
        is_due = graceful is None or is_idle(watch, graceful) or watch.until_s == math.inf
        return 0.0 if is_due else watch.until_s

    def _wish_due_s(self, number: int, watch: StopWatch) -> float:
        """When its verdict may be carried out: a relay that has to rest is not ordered to move."""
        live = self._desk.state.outlets[number]
        is_cut = watch.verdict is not None and watch.verdict.carry_out
        if not is_cut or live.machine.contact is None:  # without its board it is refused anyway
            return watch.retry_s
        rest = rest_of(self._desk.live.outlets[number], live)
        return max(watch.retry_s, rest.until_s(closing=not Then(watch.stop.then).opens))
