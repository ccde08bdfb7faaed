# SPDX-License-Identifier: Apache-2.0
"""Hooks of outlets that run, those after a relay has moved, and the alarms of both."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from pdu_agent.core.engine import Desk
from pdu_agent.core.outlets.steps import Step
from pdu_agent.core.settings import CoreSettings
from pdu_agent.core.state import OutletLive
from pdu_agent.core.watching.alarms import HOOK, SHUTDOWN
from pdu_agent.model.commands import Target, TargetKind
from pdu_agent.model.events import HookFailed
from pdu_agent.model.readings import HookMoment, HookResult, RunHook, StopHook
from pdu_agent.model.snapshot import Alarm, ChangeReason, Severity

log = logging.getLogger(__name__)

DEFAULT_LIMIT_S = 30.0


@dataclass(frozen=True, slots=True)
class _After:
    """A hook that runs since a relay has moved."""

    outlet: int
    hook: str
    moment: HookMoment


class HookRuns:
    """Starts hooks, and runs after_on and after_off of each outlet whose relay an order moved.

    Those that run when the agent is killed are not run again: once at most.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._terms = {terms.name: terms for terms in desk.settings.hook_terms}
        self._after: dict[int, _After] = {}
        self._counts = {n: live.switch_count for n, live in desk.state.outlets.items()}

    def renew(self, settings: CoreSettings) -> None:
        self._terms = {terms.name: terms for terms in settings.hook_terms}

    def limit_s(self, hook: str) -> float:
        terms = self._terms.get(hook)
        return terms.time_limit_s if terms is not None else DEFAULT_LIMIT_S

    def is_ignored(self, hook: str, error: str) -> bool:
        terms = self._terms.get(hook)
        is_ignored = terms is not None and terms.ignore_errors
        if is_ignored:
            log.info("hook %s failed, which is ignored: %s", hook, error)
        return is_ignored

    def start(self, hook: str, moment: HookMoment, outlet: int, because: str) -> int:
        """Its number, by which its result comes back."""
        number = self._desk.next_hook()
        name = self._desk.live.outlets[outlet].name or f"Outlet {outlet}"
        self._desk.perform(RunHook(number, hook, moment, outlet, name, because))
        return number

    def stop(self, number: int | None) -> None:
        if number is not None:
            self._desk.perform(StopHook(number))

    @property
    def is_due(self) -> bool:
        """Has a relay moved since `look_after`?"""
        outlets = self._desk.state.outlets
        return any(self._counts.get(n) != live.switch_count for n, live in outlets.items())

    def look_after(self) -> None:
        """Run what follows a movement; forget alarms whose matter is settled."""
        for number, live in self._desk.state.outlets.items():
            if self._counts.get(number) != live.switch_count:
                self._counts[number] = live.switch_count
                self._forget(number)
                if live.reason is not ChangeReason.POWER_UP:
                    self._follow(number, live)
        for alarm in list(self._desk.state.alarms.values()):
            if alarm.kind in (SHUTDOWN, HOOK) and self._is_settled(alarm):
                self._desk.alarms.clear(alarm.kind, alarm.subject)

    def ended(self, result: HookResult) -> None:
        after = self._after.pop(result.id, None)
        if after is None:
            return
        target = Target(TargetKind.OUTLET, after.outlet)
        if not result.error:
            self._desk.alarms.clear(HOOK, str(target))
        elif not self.is_ignored(after.hook, result.error):
            wall_s = self._desk.clock.wall_s()
            self._desk.publish(HookFailed(wall_s, after.hook, after.outlet, result.error))
            text = f"hook {after.hook} ({after.moment.value}): {result.error}"
            self._desk.alarms.set(HOOK, str(target), Severity.WARNING, text, target)

    def _follow(self, number: int, live: OutletLive) -> None:
        settings, is_on = self._desk.live.outlets[number], live.machine.contact
        hook = settings.after_on if is_on else settings.after_off
        if not hook:
            return
        moment = HookMoment.AFTER_ON if is_on else HookMoment.AFTER_OFF
        because = str(live.actor) if live.actor is not None else ""
        self._after[self.start(hook, moment, number, because)] = _After(number, hook, moment)

    def _forget(self, number: int) -> None:
        """Its relay has moved: what kept it from that is over, and the hook after the last time."""
        subject = f"outlet {number}"
        self._desk.alarms.clear(HOOK, subject)
        hang = self._desk.alarms.find(SHUTDOWN, subject)
        if hang is not None and hang.severity is Severity.CRITICAL:
            self._desk.alarms.clear(SHUTDOWN, subject)

    def _is_settled(self, alarm: Alarm) -> bool:
        """Somebody has seen it, or the outlet is where it was to go, or on again after force."""
        target = alarm.target
        live = self._desk.state.outlets.get(target.index) if target is not None else None
        if alarm.acknowledged or live is None:
            return True
        step, is_critical = live.machine.step, alarm.severity is Severity.CRITICAL
        if alarm.kind == SHUTDOWN:
            return step is (Step.OFF if is_critical else Step.ON)
        return is_critical and step is Step.ON
