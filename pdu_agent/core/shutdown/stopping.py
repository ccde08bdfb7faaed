# SPDX-License-Identifier: Apache-2.0
"""Shuts loads down before they are cut, and runs the hooks of outlets; see core/outlets/gate.py.

An off: its hook, then the draw stays under the idle level, then the relay. What fails, and what
hangs, leaves the outlet on, but for a hang whose policy is to cut by force.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

from pdu_agent.core.engine import Desk, Engine, Progress, Wish
from pdu_agent.core.outlets.gate import Phase, Then, is_understood, is_waiting, under_way
from pdu_agent.core.outlets.outlet import OPEN_STEPS
from pdu_agent.core.outlets.steps import Step
from pdu_agent.core.outlets.together import TO_OPEN, members_in
from pdu_agent.core.settings import CoreSettings
from pdu_agent.core.shutdown.hook_runs import HookRuns
from pdu_agent.core.shutdown.settings import GracefulSettings, OnHang
from pdu_agent.core.switching.switching import rest_of
from pdu_agent.core.watching.alarms import HOOK, SHUTDOWN
from pdu_agent.model.commands import Action, Actor, Quantity, Rank, SwitchOutlet, Target, TargetKind
from pdu_agent.model.errors import CommandError, OutletHeld, Unavailable
from pdu_agent.model.events import HookFailed, StopEnded
from pdu_agent.model.readings import HookMoment, HookResult
from pdu_agent.model.record import StopRecord
from pdu_agent.model.snapshot import Severity

log = logging.getLogger(__name__)

RETRY_S = 5.0
LONGEST_RETRY_S = 600.0
_DOUBLINGS = 7  # lead to more than the longest pause; a board may be away for months
CUT_RETRIES = 4
"""So often a cut is tried again while its board or the storage is out of order, 75 s in all."""
UNGUARDED = "how long to wait for its draw was taken out of the configuration"
RESTARTED = "the agent was restarted while it ran, nobody knows how it ended"
_GOING_OFF = OPEN_STEPS | {Step.OPENING, Step.REBOOT_OPENING, Step.OFF, Step.REBOOT_OFF}
_ACTIONS = {
    Then.OFF: Action.OFF,
    Then.REBOOT: Action.REBOOT,
    Then.ON: Action.ON,
    Then.REBOOT_ON: Action.ON,
}


@dataclass(frozen=True, slots=True)
class _Verdict:
    """What is to become of the order now. by_force: the load was not idle."""

    carry_out: bool
    text: str
    by_force: bool = False


@dataclass(slots=True)
class _Watch:
    """What need not be remembered of an order that waits. Times are monotonic seconds.

    hook: its run, None while there is none. hook_name: what runs, whatever is configured meanwhile.
    is_graceful: when it began, its draw was to be awaited. outcome: why the hook failed, "" when it
    did not, None while nobody knows. low_s: the first sample of the present time below the idle
    level.
    """

    stop: StopRecord
    phase: Phase = Phase.ASKED
    since_s: float = 0.0
    until_s: float = math.inf
    hook: int | None = None
    hook_name: str = ""
    is_graceful: bool = False
    outcome: str | None = None
    seen_s: float | None = None
    low_s: float | None = None
    verdict: _Verdict | None = None
    retry_s: float = -math.inf
    refusals: int = 0


class Stops(Engine):
    """One _Watch for each outlet that waits; CoreState.stops is what a restart finds."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._runs = HookRuns(desk)
        self._watches: dict[int, _Watch] = {}
        desk.state.stops = {
            number: stop
            for number, stop in desk.state.stops.items()
            if number in desk.state.outlets and is_understood(stop)
        }
        for number, stop in desk.state.stops.items():
            if Phase(stop.phase) is not Phase.PASSED:
                self._watches[number] = _Watch(stop, Phase(stop.phase))

    # -- the engine ---------------------------------------------------------------------

    def tick(self) -> Iterable[Wish]:
        now_s = self._desk.clock.monotonic_s()
        for number in set(self._watches) | set(self._desk.state.stops):
            self._follow(number)
        wishes = [
            wish
            for number in sorted(self._watches)
            if (wish := self._advance(number, self._watches[number], now_s))
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
            case (int() as number, _Verdict() as verdict):
                self._note_answer(number, self._watches[number], verdict, error)

    def _note_answer(
        self, number: int, watch: _Watch, verdict: _Verdict, error: CommandError | None
    ) -> None:
        if error is None:
            del self._watches[number]
            self._tell_end(number, Then(watch.stop.then), verdict)
        elif verdict.carry_out and (
            not isinstance(error, Unavailable) or watch.refusals >= CUT_RETRIES
        ):
            self._give_up(number, watch, str(error))
        elif isinstance(error, OutletHeld) and self._is_cut_anyway(number, watch):
            text = f"its load did not end, and {error}"
            watch.verdict = _Verdict(True, text, by_force=True)
        else:
            pause_s = min(LONGEST_RETRY_S, RETRY_S * 2 ** min(watch.refusals, _DOUBLINGS))
            watch.refusals += 1
            watch.retry_s = self._desk.clock.monotonic_s() + pause_s

    def _is_cut_anyway(self, number: int, watch: _Watch) -> bool:
        """Is it an off that cannot be undone, for the unit's own safety keeps the outlet off?"""
        holds = self._desk.state.outlets[number].holds
        is_off = any(hold.rank is Rank.SAFETY and not hold.wants_on for hold in holds)
        return is_off and Then(watch.stop.then) is Then.OFF

    def on_reading(self) -> None:
        """A load that stirs is not idle, however late the next tick is."""
        for number, watch in self._watches.items():
            graceful = self._graceful(number)
            if watch.phase is Phase.IDLE and graceful is not None:
                self._note_sample(number, watch, graceful)

    def on_hook(self, result: HookResult) -> None:
        for watch in self._watches.values():
            if watch.hook == result.id:
                watch.outcome = result.error
        self._runs.ended(result)

    def renew(self, settings: CoreSettings) -> None:
        self._runs.renew(settings)

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
        graceful = self._graceful(outlet)
        if watch.phase is Phase.IDLE and graceful is not None:
            waits = f"{self._draw_in_words(outlet, graceful)}, waits for {_wanted(graceful)}"
            return Progress(f"{what}: {waits}, {left_s:.0f} s left", left_s)
        return Progress(
            f"{what}: hook {watch.hook_name} runs", left_s + self._idle_limit_s(outlet, then)
        )

    def _longest_s(self, number: int, then: Then) -> float:
        """What hook and draw may take."""
        hook = self._hook_of(number, then)
        hook_s = self._runs.limit_s(hook) if hook else 0.0
        return hook_s + self._idle_limit_s(number, then)

    def _idle_limit_s(self, number: int, then: Then) -> float:
        graceful = self._graceful(number) if then.opens else None
        return graceful.time_limit_s if graceful is not None else 0.0

    # -- one order that waits -------------------------------------------------------------

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
            self._watches[number] = _Watch(stop)
        else:
            watch.stop = stop

    def _advance(self, number: int, watch: _Watch, now_s: float) -> Wish | None:
        if watch.verdict is None:
            if watch.phase is Phase.GIVEN_UP:
                watch.verdict = _Verdict(False, "given up before the agent was restarted")
            if watch.phase is Phase.ASKED and self._is_its_turn(number, watch):
                self._begin(number, watch, now_s)
            if watch.phase is Phase.HOOK:
                self._look_at_hook(number, watch, now_s)
            if watch.phase is Phase.IDLE:
                self._look_at_draw(number, watch, now_s)
        elif self._is_of_draw(watch):
            self._look_again(number, watch, now_s)
        if watch.verdict is None or now_s < self._wish_due_s(number, watch):
            return None
        then = Then(watch.stop.then)
        action = _ACTIONS[then] if watch.verdict.carry_out else Action.CANCEL
        actor = Actor(*watch.stop.actor) if watch.stop.actor else Actor("rule", "hooks")
        command = SwitchOutlet(number, action, forced=watch.verdict.carry_out)
        return Wish((command,), replace(actor, because=watch.verdict.text), (number, watch.verdict))

    def _is_its_turn(self, number: int, watch: _Watch) -> bool:
        """No member of a group that is rebooted is prepared to go on before all are off, but for
        those whose board is away.
        """
        if Then(watch.stop.then) is not Then.REBOOT_ON:
            return True
        outlets = self._desk.state.outlets
        if outlets[number].machine.deadline_s is not None:
            return False
        return all(
            machine.contact is None and machine.step is not Step.REBOOT_OPENING
            for other in members_in(TO_OPEN, number, outlets)
            if (machine := outlets[other].machine)
        )

    def _begin(self, number: int, watch: _Watch, now_s: float) -> None:
        then = Then(watch.stop.then)
        for kind in (SHUTDOWN, HOOK) if then.opens else (HOOK,):
            self._desk.alarms.clear(kind, f"outlet {number}")
        watch.is_graceful = then.opens and self._graceful(number) is not None
        hook = self._hook_of(number, then)
        if not hook:
            self._after_hook(number, watch, now_s)
            return
        self._enter(number, watch, Phase.HOOK, now_s)
        watch.until_s = now_s + self._runs.limit_s(hook)
        moment = HookMoment.BEFORE_OFF if then.opens else HookMoment.BEFORE_ON
        watch.hook_name = hook
        watch.hook = self._runs.start(hook, moment, number, " ".join(map(str, self._who(watch))))

    def _look_at_hook(self, number: int, watch: _Watch, now_s: float) -> None:
        hook = watch.hook_name
        if watch.hook is None:  # it began before this process
            hook = self._hook_of(number, Then(watch.stop.then)) or "that was set then"
            watch.outcome = RESTARTED
        if watch.outcome is None:
            return
        if watch.outcome and not self._runs.is_ignored(hook, watch.outcome):
            text = f"hook {hook}: {watch.outcome}"
            self._desk.publish(HookFailed(self._desk.clock.wall_s(), hook, number, watch.outcome))
            self._give_up(number, watch, text)
            return
        self._after_hook(number, watch, now_s)

    def _after_hook(self, number: int, watch: _Watch, now_s: float) -> None:
        graceful = self._graceful(number)
        if graceful is None and watch.is_graceful:
            self._give_up(number, watch, UNGUARDED)
            return
        if graceful is None or not Then(watch.stop.then).opens:
            watch.verdict = _Verdict(True, "its hook is done")
            return
        self._enter(number, watch, Phase.IDLE, now_s)
        watch.until_s = now_s + graceful.time_limit_s

    def _look_at_draw(self, number: int, watch: _Watch, now_s: float) -> None:
        graceful = self._graceful(number)
        if graceful is None:
            self._give_up(number, watch, UNGUARDED)
            return
        if watch.until_s == math.inf:  # it began before this process
            self._enter(number, watch, Phase.IDLE, now_s)
            watch.until_s = now_s + graceful.time_limit_s
        self._note_sample(number, watch, graceful)
        if _is_idle(watch, graceful):
            level = _level(graceful)
            watch.verdict = _Verdict(True, f"it drew under {level} for {graceful.idle_for_s:g} s")
        elif now_s >= watch.until_s:
            self._hung(number, watch, graceful)

    @staticmethod
    def _is_of_draw(watch: _Watch) -> bool:
        """Is it to be cut because it was idle? It has to stay so while the cut must wait."""
        verdict = watch.verdict
        is_cut = verdict is not None and verdict.carry_out and not verdict.by_force
        return is_cut and watch.phase is Phase.IDLE

    def _look_again(self, number: int, watch: _Watch, now_s: float) -> None:
        """What has come back up while its relay could not be moved is waited for anew."""
        graceful = self._graceful(number)
        if graceful is None:
            return
        self._note_sample(number, watch, graceful)
        if watch.low_s is None:
            watch.verdict = None
            self._enter(number, watch, Phase.IDLE, now_s)
            watch.until_s = now_s + graceful.time_limit_s

    def _note_sample(self, number: int, watch: _Watch, graceful: GracefulSettings) -> None:
        """Only samples taken since the hook ended count; without a value nothing is idle."""
        ledger = self._desk.state.ledgers.get(_target(number))
        sample_s = ledger.sample_mono_s if ledger is not None else None
        value = self._draw(number, graceful)
        if value is None or sample_s is None:
            watch.low_s = None
        if sample_s is None or sample_s == watch.seen_s or sample_s < watch.since_s:
            return
        watch.seen_s = sample_s
        level = graceful.idle_below_w or graceful.idle_below_a or 0.0
        if value is None or not value < level:
            watch.low_s = None
        elif watch.low_s is None:
            watch.low_s = sample_s

    def _hung(self, number: int, watch: _Watch, graceful: GracefulSettings) -> None:
        draw = self._draw_in_words(number, graceful)
        text = f"still {draw} after {graceful.time_limit_s:g} s"
        if graceful.on_hang is OnHang.FORCE:
            watch.verdict = _Verdict(True, text, by_force=True)
        else:
            self._give_up(number, watch, text)

    def _give_up(self, number: int, watch: _Watch, text: str) -> None:
        opens = Then(watch.stop.then).opens
        watch.verdict = _Verdict(False, f"{text}; not switched {'off' if opens else 'on'}")
        watch.retry_s, watch.refusals = -math.inf, 0
        watch.phase = Phase.GIVEN_UP
        stop = self._desk.state.stops[number]
        watch.stop = self._desk.state.stops[number] = replace(stop, phase=Phase.GIVEN_UP.value)
        target = _target(number)
        kind = SHUTDOWN if opens else HOOK
        self._desk.alarms.set(kind, str(target), Severity.CRITICAL, watch.verdict.text, target)

    # -- ends -----------------------------------------------------------------------------

    def _tell_end(self, number: int, then: Then, verdict: _Verdict) -> None:
        log.info("outlet %d: %s", number, verdict.text)
        if not then.opens:
            return
        if verdict.by_force:
            text, target = f"cut by force: {verdict.text}", _target(number)
            self._desk.alarms.set(SHUTDOWN, str(target), Severity.WARNING, text, target)
        wall_s = self._desk.clock.wall_s()
        self._desk.publish(StopEnded(wall_s, number, not verdict.carry_out, verdict.text))

    def _ended_by_others(self, number: int, watch: _Watch) -> None:
        self._runs.stop(watch.hook if watch.outcome is None else None)
        if not Then(watch.stop.then).opens:
            return
        live = self._desk.state.outlets.get(number)
        is_cut = live is not None and live.machine.step in _GOING_OFF
        by = f" by {live.actor}" if live is not None and live.actor is not None else ""
        text = f"cut before it was done{by}" if is_cut else f"cancelled{by}"
        self._desk.publish(StopEnded(self._desk.clock.wall_s(), number, not is_cut, text))

    # -- look-ups ---------------------------------------------------------------------------

    def _due_s(self, number: int) -> float:
        if not is_waiting(self._desk.state, number):
            return math.inf
        watch = self._watches.get(number)
        if watch is None or watch.stop is not self._desk.state.stops[number]:
            return 0.0
        if watch.verdict is not None:
            is_up = self._is_of_draw(watch) and watch.low_s is None
            return 0.0 if is_up else self._wish_due_s(number, watch)
        match watch.phase:
            case Phase.ASKED:
                return 0.0 if self._is_its_turn(number, watch) else math.inf
            case Phase.HOOK:
                is_over = watch.hook is None or watch.outcome is not None
                return 0.0 if is_over else math.inf
        graceful = self._graceful(number)
        is_due = graceful is None or _is_idle(watch, graceful) or watch.until_s == math.inf
        return 0.0 if is_due else watch.until_s

    def _wish_due_s(self, number: int, watch: _Watch) -> float:
        """When its verdict may be carried out: a relay that has to rest is not ordered to move."""
        live = self._desk.state.outlets[number]
        is_cut = watch.verdict is not None and watch.verdict.carry_out
        if not is_cut or live.machine.contact is None:  # without its board it is refused anyway
            return watch.retry_s
        rest = rest_of(self._desk.live.outlets[number], live)
        return max(watch.retry_s, rest.until_s(closing=not Then(watch.stop.then).opens))

    def _enter(self, number: int, watch: _Watch, phase: Phase, now_s: float) -> None:
        """Remembered before anything follows from it: a hook is never run twice."""
        watch.phase, watch.since_s = phase, now_s
        watch.seen_s = watch.low_s = None
        stop = self._desk.state.stops[number]
        watch.stop = self._desk.state.stops[number] = replace(stop, phase=phase.value)
        self._desk.remember()

    def _hook_of(self, number: int, then: Then) -> str:
        settings = self._desk.live.outlets[number]
        return settings.before_off if then.opens else settings.before_on

    def _graceful(self, number: int) -> GracefulSettings | None:
        return self._desk.live.outlets[number].graceful

    def _who(self, watch: _Watch) -> tuple[str, ...]:
        return (str(Actor(*watch.stop.actor)),) if watch.stop.actor else ()

    def _draw(self, number: int, graceful: GracefulSettings) -> float | None:
        by_power = graceful.idle_below_w is not None
        quantity = Quantity.ACTIVE_POWER if by_power else Quantity.CURRENT
        value = self._desk.values.of(_target(number), quantity)
        return abs(value) if value is not None else None

    def _draw_in_words(self, number: int, graceful: GracefulSettings) -> str:
        value = self._draw(number, graceful)
        if value is None:
            return "without a reading"
        return f"{value:.0f} W" if graceful.idle_below_w is not None else f"{value:.2f} A"


def _target(number: int) -> Target:
    return Target(TargetKind.OUTLET, number)


def _is_idle(watch: _Watch, graceful: GracefulSettings) -> bool:
    seen_s, low_s = watch.seen_s, watch.low_s
    return seen_s is not None and low_s is not None and seen_s - low_s >= graceful.idle_for_s


def _level(graceful: GracefulSettings) -> str:
    if graceful.idle_below_w is not None:
        return f"{graceful.idle_below_w:g} W"
    return f"{graceful.idle_below_a:g} A"


def _wanted(graceful: GracefulSettings) -> str:
    return f"under {_level(graceful)} for {graceful.idle_for_s:g} s"
