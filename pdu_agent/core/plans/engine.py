# SPDX-License-Identifier: Apache-2.0
"""The engine of plans: does what is due, once, and writes down what came of it."""

from __future__ import annotations

import logging
import math
from collections.abc import Generator, Iterator, Mapping, Sequence
from typing import Any

from pdu_agent.core.engine import Desk, Engine, Judge, Wish
from pdu_agent.core.plans.book import PlanBook, shown_time
from pdu_agent.core.plans.conditions import obstacle
from pdu_agent.core.plans.counters import counted_value, counts_in_s, is_reached
from pdu_agent.core.plans.hosts import HostAnswers
from pdu_agent.core.plans.judging import PlanJudge
from pdu_agent.core.plans.later import SWITCHED, Later, LaterRuns, Run
from pdu_agent.core.plans.passing import GIVEN_UP_S
from pdu_agent.core.plans.timed import TimedPlan, Turn
from pdu_agent.core.plans.wall_clock import TOO_FAR_BACK_S, WallClock
from pdu_agent.core.settings import CoreSettings
from pdu_agent.core.state import CoreState
from pdu_agent.core.switching.holds import LEADS_TO_ON
from pdu_agent.core.switching.switching import Circumstances
from pdu_agent.model.commands import (
    Actor,
    Command,
    EnablePlan,
    RunPlan,
    SwitchAll,
    SwitchGroup,
    SwitchOutlet,
)
from pdu_agent.model.control import NextChange, Plan, Upcoming
from pdu_agent.model.errors import Busy, CommandError, Unavailable
from pdu_agent.model.events import PlanRan
from pdu_agent.model.readings import HookMoment, HookResult, HostSeen, RunHook
from pdu_agent.model.snapshot import Severity

log = logging.getLogger(__name__)

EARLY_S = 0.001
"""Wall and monotonic time differ by rounding; a run so much too early is one in time."""
_CLOCK = "clock"


_PASSING = (Unavailable, Busy)
Refusals = dict[int, CommandError]
"""By outlet; 0 for what is about no outlet."""


class Plans(Engine):
    """Nothing is computed while nothing is due: each plan keeps when it is due next, and the book
    which of them is the first.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._wall = WallClock(desk.clock, desk.recorded_wall_s)
        self._answers = HostAnswers()
        self._hooks: dict[int, str] = {}
        self._later = LaterRuns(desk.state)
        self._error: CommandError | None = None
        self._in_doubt = False
        self._counted_in: tuple[list[TimedPlan], float] | None = None
        """The plans that count, and when one of them is due."""
        self._is_first = True
        """Of the looks at a clock that is believed."""
        self.renew(desk.settings)

    def renew(self, settings: CoreSettings) -> None:
        names = {plan.name for plan in settings.plans}
        rows = self._desk.state.plans
        for name in rows.keys() - names:
            del rows[name]
        self._book = PlanBook(settings, self._desk.state)
        self._later.renew(self._book.named)

    def judges(self, draft: CoreState, actor: Actor, around: Circumstances) -> Mapping[type, Judge]:
        began_wall_s = around.wall_s if self._wall.is_set else None
        judge = PlanJudge(self._book.settings, draft, actor, began_wall_s)
        return {EnablePlan: judge.enable, RunPlan: judge.run}

    # -- time -----------------------------------------------------------------------

    def next_due_s(self) -> float:
        return min(self._later.next_s(), self._first_due_s())

    def _first_due_s(self) -> float:
        now_s, book = self._desk.clock.monotonic_s(), self._book
        book.refresh()
        if book.asked():
            return now_s
        if not self._wall.is_set:
            return now_s + max(0.0, self._wall.set_in_s()) if book.waits_for_clock() else math.inf
        if book.unbegun():
            return now_s
        wait_s = book.next_wall_s() - self._desk.clock.wall_s()
        return max(now_s, min(now_s + wait_s, self._counting_due_s(now_s)))

    def _counting_due_s(self, now_s: float) -> float:
        """Found once between two ticks: what is counted meanwhile is early enough at the next."""
        counting = self._book.counting()
        if self._counted_in is None or self._counted_in[0] is not counting:
            in_s = (counts_in_s(plan, self._desk.state) for plan in counting)
            self._counted_in = counting, now_s + min(in_s, default=math.inf)
        return self._counted_in[1]

    def tick(self) -> Iterator[Wish]:
        self._counted_in = None
        jump_s = self._wall.look()
        self._book.refresh()
        self._tell_doubt()
        for later in self._later.take_due(self._desk.clock.monotonic_s()):
            yield from self._try_again(later)
        for plan in self._book.asked():
            yield from self._run_by_hand(plan)
        if not self._wall.is_set:
            self._is_first = True
        else:
            self._begin(jump_s)
            yield from self._run_all(self._due())
            yield from self._run_all(self._counted())

    def _tell_doubt(self) -> None:
        in_doubt = not self._wall.is_set and self._book.waits_for_clock()
        if in_doubt is self._in_doubt:
            return
        self._in_doubt = in_doubt
        if in_doubt:
            text = f"{self._wall.doubt()}; plans wait until it is set"
            self._desk.alarms.set(_CLOCK, _CLOCK, Severity.WARNING, text)
        else:
            self._desk.alarms.clear(_CLOCK, _CLOCK)

    def _begin(self, jump_s: float) -> None:
        """Plans that are new count from now on, and all where the clock was wrong until now."""
        now_s = self._desk.clock.wall_s()
        if jump_s:
            log.warning("the clock was set %s", _moved(jump_s))
        is_first, self._is_first = self._is_first, False
        far_s = now_s if jump_s < -TOO_FAR_BACK_S else now_s + TOO_FAR_BACK_S
        ahead = self._book.ahead_of(far_s) if is_first or jump_s < 0 else []
        for plan in self._book.unbegun():
            self._book.write(plan, handled_wall_s=now_s, when=plan.when, is_done=False)
        for plan in ahead:
            self._book.write(plan, handled_wall_s=now_s)
        if ahead:
            text = "the clock went back by more than a day: plans go on from now"
            log.warning("%s", text)
            for plan in ahead:
                self._note(plan, text, skipped=True)

    # -- what is due ----------------------------------------------------------------

    def _due(self) -> list[Run]:
        wall_s = self._desk.clock.wall_s() + EARLY_S
        if self._book.next_wall_s() > wall_s:
            return []
        turns = [(plan, turn) for plan in self._book.plans if (turn := plan.turn(wall_s))]
        for plan, turn in turns:
            if turn.missed:
                self._miss(plan, turn)
        runs = [self._run_of(plan, turn, wall_s) for plan, turn in turns if turn.run]
        return sorted(runs, key=lambda run: (run.due_s, run.plan.number))

    def _miss(self, plan: TimedPlan, turn: Turn) -> None:
        """Count them; where none of them is to be run, that is all that becomes of them."""
        missed = plan.row.missed + turn.missed
        if turn.run is not None:
            self._book.write(plan, missed=missed)
            return
        self._book.write(plan, missed=missed, handled_wall_s=float(turn.newest.wall_s))
        several = f"{turn.missed} runs, the last" if turn.missed > 1 else "the run"
        text = f"missed {several} due {self._time(turn.newest.wall_s)}"
        self._note(plan, text, skipped=True)

    def _run_of(self, plan: TimedPlan, turn: Turn, wall_s: float) -> Run:
        due_s = turn.newest.wall_s
        late_s = wall_s - due_s
        late = f", {_lasting(late_s)} late" if late_s >= 1.0 else ""
        return Run(
            plan,
            due_s,
            turn.newest.action or plan.settings.wanted,
            f"due {self._time(due_s)}{late}",
            {"handled_wall_s": float(due_s)},
            self._obstacle(plan),
        )

    def _counted(self) -> list[Run]:
        return [run for plan in self._book.counting() if (run := self._counted_by(plan))]

    def _counted_by(self, plan: TimedPlan) -> Run | None:
        counter = plan.settings.when.counter
        value = counted_value(counter, self._desk.state) if counter is not None else None
        if counter is None or value is None:
            return None
        if plan.row.counted is None or value < plan.row.counted:
            self._book.write(plan, counted=value)
            return None
        if not is_reached(counter, plan.row.counted, value):
            return None
        found = self._obstacle(plan)
        if found:  # what was counted stays counted: it runs once it may
            if plan.row.outcome != f"waits: {found}":
                self._note(plan, f"waits: {found}", skipped=True)
            return None
        handled = {"counted": value, "is_done": not counter.repeat}
        wall_s = self._desk.clock.wall_s()
        return Run(plan, wall_s, plan.settings.wanted, f"{counter}", handled)

    def _obstacle(self, plan: TimedPlan) -> str:
        return obstacle(plan.settings.conditions, self._desk.values, self._answers)

    # -- doing it -------------------------------------------------------------------

    def _run_by_hand(self, plan: TimedPlan) -> Iterator[Wish]:
        because = f"run now by {Actor(*plan.row.asked)}"
        wall_s = self._desk.clock.wall_s()
        run = Run(plan, wall_s, plan.settings.wanted, because, {"asked": ()}, by_hand=True)
        yield from self._carry_out(run)

    def _run_all(self, runs: Sequence[Run]) -> Iterator[Wish]:
        """Of contrary wishes for the same outlets at one instant only the later one moves any."""
        for place, run in enumerate(runs):
            if run.obstacle:
                self._book.write(run.plan, **run.handled)
                self._note(run.plan, f"skipped: {run.obstacle}", skipped=True)
                continue
            later = [other for other in runs[place + 1 :] if not other.obstacle]
            yield from self._carry_out(run, self._taken(run, later))

    def _taken(self, run: Run, later: Sequence[Run]) -> dict[int, str]:
        """Outlets that a later one switches the other way, and which one does."""
        return {
            outlet: other.plan.name
            for other in later
            if run.action
            and other.action
            and LEADS_TO_ON.get(run.action) is not LEADS_TO_ON.get(other.action)
            for outlet in self._book.outlets(other.plan)
        }

    def _carry_out(self, run: Run, taken: Mapping[int, str] | None = None) -> Iterator[Wish]:
        self._book.write(run.plan, **run.handled)
        if run.action is None:
            self._run_hook(run)
            return
        meant = self._meant(run.plan)
        self._later.give_way(meant)
        left = tuple(outlet for outlet in meant if outlet not in (taken or {}))
        if taken and meant and not left:
            names = sorted({taken[outlet] for outlet in meant})
            self._note(run.plan, f"left to {', '.join(names)}, due as well", skipped=True)
            return
        refused = yield from self._order(run, left)
        said = f"{run.action.value}, {run.because}"
        is_done = len(refused) < max(1, len(left))
        passing = _passing(refused)
        if passing:
            self._later.add(run, passing, is_done, self._desk.clock.monotonic_s())
        words = [said] if is_done else []
        words += _in_words(refused)
        words += [f"tried again for {_lasting(GIVEN_UP_S)}"] if passing else []
        self._note(run.plan, "; ".join(words), skipped=not is_done)

    def _meant(self, plan: TimedPlan) -> tuple[int, ...]:
        return plan.settings.outlets or self._book.outlets(plan)

    def _order(self, run: Run, outlets: tuple[int, ...]) -> Generator[Wish, None, Refusals]:
        """All at once; those whose board is down are left out, and where one of several outlets
        is refused for something else, each goes by itself.
        """
        actor = Actor("schedule", run.plan.name, "", run.because)
        commands = self._commands(run, outlets)
        yield Wish(commands, actor)
        error = self._error
        if error is None:
            return {}
        down = error.outlets if isinstance(error, Unavailable) else ()
        left = tuple(outlet for outlet in outlets if outlet not in down)
        if down and left:
            refused = yield from self._order(run, left)
            return dict.fromkeys(down, error) | refused
        if len(commands) == 1 or (isinstance(error, Unavailable) and not down):  # none would pass
            return dict.fromkeys(outlets or (0,), error)
        refused = {}
        for outlet, command in zip(outlets, commands, strict=True):
            yield Wish((command,), actor)
            if self._error is not None:
                refused[outlet] = self._error
        return refused

    def _commands(self, run: Run, outlets: tuple[int, ...]) -> tuple[Command, ...]:
        action, settings, meant = run.action, run.plan.settings, self._meant(run.plan)
        if action is None:
            return ()
        if settings.group is not None:
            without = tuple(outlet for outlet in meant if outlet not in outlets)
            return (SwitchGroup(settings.group, action, without=without),)
        if settings.every and outlets == meant:
            return (SwitchAll(action),)
        return tuple(SwitchOutlet(outlet, action) for outlet in outlets)

    def _try_again(self, later: Later) -> Iterator[Wish]:
        """What had been refused. It waits while the plan may not run, and not for ever."""
        run, now_s = later.run, self._desk.clock.monotonic_s()
        outlets = self._later.untouched(later)
        if not outlets or not (run.by_hand or run.plan.is_enabled):
            why = "the plan was disabled" if outlets else SWITCHED
            self._give_up(later, f"it had been refused, and {why}")
            return
        why_not = "" if run.by_hand else self._obstacle(run.plan)
        refused: Refusals = {}
        if not why_not:
            refused = yield from self._order(run, outlets)
        is_done = not why_not and len(refused) < len(outlets)
        passing = outlets if why_not else _passing(refused)
        if is_done and run.action:
            said = f"{run.action.value}, {run.because}; it had been refused before"
            words = "; ".join([said, *_in_words(refused)])
            self._note(run.plan, words, again=later.counted)
        if passing and not later.is_over(now_s):
            self._later.put_back(later, passing, is_done or later.counted, now_s)
        elif refused or why_not:
            self._give_up(later, "; ".join(_in_words(refused)) or why_not)

    def _give_up(self, later: Later, why: str) -> None:
        self._note(later.run.plan, f"given up: {why}", skipped=True)

    def told(self, wish: Wish, error: CommandError | None) -> None:
        del wish
        self._error = error

    def _run_hook(self, run: Run) -> None:
        number = self._desk.next_hook()
        self._hooks[number] = run.plan.name
        because = str(Actor("schedule", run.plan.name, "", run.because))
        self._note(run.plan, f"{run.plan.settings.does} started, {run.because}")
        self._desk.perform(
            RunHook(number, run.plan.settings.hook, HookMoment.BY_PLAN, 0, "", because)
        )

    def on_hook(self, result: HookResult) -> None:
        plan = self._book.named(self._hooks.pop(result.id, ""))
        if plan is not None:
            what = f"failed: {result.error}" if result.error else f"took {result.seconds:.1f} s"
            self._book.write(plan, outcome=f"hook {result.hook} {what}")
            if result.error:
                self._publish(plan, plan.row.outcome, skipped=False)

    def on_host(self, seen: HostSeen) -> None:
        self._answers.note(seen)

    def _note(
        self, plan: TimedPlan, outcome: str, skipped: bool = False, again: bool = False
    ) -> None:
        """again: the run has been counted already."""
        changes: dict[str, Any] = {"outcome": outcome}
        if not skipped and not again:
            changes |= {"last_wall_s": self._desk.clock.wall_s(), "runs": plan.row.runs + 1}
        self._book.write(plan, **changes)
        self._publish(plan, outcome, skipped)

    def _publish(self, plan: TimedPlan, outcome: str, skipped: bool) -> None:
        log.info("plan %s: %s", plan.name, outcome)
        self._desk.publish(PlanRan(self._desk.clock.wall_s(), plan.name, outcome, skipped))

    def _time(self, wall_s: float) -> str:
        return shown_time(wall_s, self._book.zone)

    # -- what faces see -------------------------------------------------------------

    def plans(self) -> tuple[Plan, ...]:
        self._book.refresh()
        return self._book.shown(self._wall.is_set)

    def next_changes(self) -> Mapping[int, NextChange]:
        if not self._book.plans:
            return {}
        self._book.refresh()
        return self._book.next_changes() if self._wall.is_set else {}

    def upcoming(self, count: int, outlet: int | None) -> list[Upcoming]:
        self._book.refresh()
        return self._book.upcoming(count, outlet) if self._wall.is_set else []


def _passing(refused: Refusals) -> tuple[int, ...]:
    return tuple(
        outlet for outlet, error in refused.items() if outlet and isinstance(error, _PASSING)
    )


def _in_words(refused: Refusals) -> list[str]:
    """Each reason once."""
    texts = "; ".join(dict.fromkeys(str(error) for error in refused.values()))
    return [f"refused: {texts}"] if texts else []


def _moved(jump_s: float) -> str:
    return f"{'forward' if jump_s > 0 else 'back'} by {_lasting(abs(jump_s))}"


def _lasting(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
