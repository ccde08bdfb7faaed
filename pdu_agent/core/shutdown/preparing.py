# SPDX-License-Identifier: Apache-2.0
"""What is done before an outlet is switched: its hook runs, then its draw has to be idle."""

from __future__ import annotations

import math
from dataclasses import replace

from pdu_agent.core.engine import Desk
from pdu_agent.core.outlets.gate import Phase, Then
from pdu_agent.core.outlets.steps import Step
from pdu_agent.core.outlets.together import TO_OPEN, members_in
from pdu_agent.core.shutdown.hook_runs import HookRuns
from pdu_agent.core.shutdown.idle_draw import IdleDraw, is_idle, level_of, outlet_target
from pdu_agent.core.shutdown.settings import GracefulSettings, OnHang
from pdu_agent.core.shutdown.stop_watch import StopWatch, Verdict
from pdu_agent.core.watching.alarms import HOOK, SHUTDOWN
from pdu_agent.model.commands import Actor
from pdu_agent.model.events import HookFailed
from pdu_agent.model.readings import HookMoment
from pdu_agent.model.snapshot import Severity

UNGUARDED = "how long to wait for its draw was taken out of the configuration"
RESTARTED = "the agent was restarted while it ran, nobody knows how it ended"


class Preparing:
    """Takes a StopWatch through its phases; never switches."""

    def __init__(self, desk: Desk, runs: HookRuns, draw: IdleDraw) -> None:
        self._desk = desk
        self._runs = runs
        self._draw = draw

    def advance(self, number: int, watch: StopWatch, now_s: float) -> None:
        """As far as it can go now; in the end the watch has a verdict."""
        if watch.verdict is None:
            if watch.phase is Phase.GIVEN_UP:
                watch.verdict = Verdict(False, "given up before the agent was restarted")
            if watch.phase is Phase.ASKED and self.is_its_turn(number, watch):
                self._begin(number, watch, now_s)
            if watch.phase is Phase.HOOK:
                self._look_at_hook(number, watch, now_s)
            if watch.phase is Phase.IDLE:
                self._look_at_draw(number, watch, now_s)
        elif watch.is_cut_as_idle:
            self._look_again(number, watch, now_s)

    def is_its_turn(self, number: int, watch: StopWatch) -> bool:
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

    def _begin(self, number: int, watch: StopWatch, now_s: float) -> None:
        then = Then(watch.stop.then)
        for kind in (SHUTDOWN, HOOK) if then.opens else (HOOK,):
            self._desk.alarms.clear(kind, f"outlet {number}")
        watch.is_graceful = then.opens and self._draw.settings(number) is not None
        hook = self.hook_of(number, then)
        if not hook:
            self._after_hook(number, watch, now_s)
            return
        self._enter(number, watch, Phase.HOOK, now_s)
        watch.until_s = now_s + self._runs.limit_s(hook)
        moment = HookMoment.BEFORE_OFF if then.opens else HookMoment.BEFORE_ON
        watch.hook_name = hook
        watch.hook = self._runs.start(hook, moment, number, " ".join(map(str, self._who(watch))))

    def _look_at_hook(self, number: int, watch: StopWatch, now_s: float) -> None:
        hook = watch.hook_name
        if watch.hook is None:  # it began before this process
            hook = self.hook_of(number, Then(watch.stop.then)) or "that was set then"
            watch.outcome = RESTARTED
        if watch.outcome is None:
            return
        if watch.outcome and not self._runs.is_ignored(hook, watch.outcome):
            text = f"hook {hook}: {watch.outcome}"
            self._desk.publish(HookFailed(self._desk.clock.wall_s(), hook, number, watch.outcome))
            self.give_up(number, watch, text)
            return
        self._after_hook(number, watch, now_s)

    def _after_hook(self, number: int, watch: StopWatch, now_s: float) -> None:
        graceful = self._draw.settings(number)
        if graceful is None and watch.is_graceful:
            self.give_up(number, watch, UNGUARDED)
            return
        if graceful is None or not Then(watch.stop.then).opens:
            watch.verdict = Verdict(True, "its hook is done")
            return
        self._enter(number, watch, Phase.IDLE, now_s)
        watch.until_s = now_s + graceful.time_limit_s

    def _look_at_draw(self, number: int, watch: StopWatch, now_s: float) -> None:
        graceful = self._draw.settings(number)
        if graceful is None:
            self.give_up(number, watch, UNGUARDED)
            return
        if watch.until_s == math.inf:  # it began before this process
            self._enter(number, watch, Phase.IDLE, now_s)
            watch.until_s = now_s + graceful.time_limit_s
        self._draw.note(number, watch, graceful)
        if is_idle(watch, graceful):
            level = level_of(graceful)
            watch.verdict = Verdict(True, f"it drew under {level} for {graceful.idle_for_s:g} s")
        elif now_s >= watch.until_s:
            self._hung(number, watch, graceful)

    def _look_again(self, number: int, watch: StopWatch, now_s: float) -> None:
        """What has come back up while its relay could not be moved is waited for anew."""
        graceful = self._draw.settings(number)
        if graceful is None:
            return
        self._draw.note(number, watch, graceful)
        if watch.low_s is None:
            watch.verdict = None
            self._enter(number, watch, Phase.IDLE, now_s)
            watch.until_s = now_s + graceful.time_limit_s

    def _hung(self, number: int, watch: StopWatch, graceful: GracefulSettings) -> None:
        draw = self._draw.in_words(number, graceful)
        text = f"still {draw} after {graceful.time_limit_s:g} s"
        if graceful.on_hang is OnHang.FORCE:
            watch.verdict = Verdict(True, text, by_force=True)
        else:
            self.give_up(number, watch, text)

    def give_up(self, number: int, watch: StopWatch, text: str) -> None:
        opens = Then(watch.stop.then).opens
        watch.verdict = Verdict(False, f"{text}; not switched {'off' if opens else 'on'}")
        watch.retry_s, watch.refusals = -math.inf, 0
        watch.phase = Phase.GIVEN_UP
        stop = self._desk.state.stops[number]
        watch.stop = self._desk.state.stops[number] = replace(stop, phase=Phase.GIVEN_UP.value)
        target = outlet_target(number)
        kind = SHUTDOWN if opens else HOOK
        self._desk.alarms.set(kind, str(target), Severity.CRITICAL, watch.verdict.text, target)

    def _enter(self, number: int, watch: StopWatch, phase: Phase, now_s: float) -> None:
        """Remembered before anything follows from it: a hook is never run twice."""
        watch.phase, watch.since_s = phase, now_s
        watch.seen_s = watch.low_s = None
        stop = self._desk.state.stops[number]
        watch.stop = self._desk.state.stops[number] = replace(stop, phase=phase.value)
        self._desk.remember()

    def hook_of(self, number: int, then: Then) -> str:
        settings = self._desk.live.outlets[number]
        return settings.before_off if then.opens else settings.before_on

    def _who(self, watch: StopWatch) -> tuple[str, ...]:
        return (str(Actor(*watch.stop.actor)),) if watch.stop.actor else ()
