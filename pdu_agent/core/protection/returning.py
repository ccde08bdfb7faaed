# SPDX-License-Identifier: Apache-2.0
"""Brings back what went off by a cap: when there is room again, or when the cap is no more."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from pdu_agent.core.engine import Wish
from pdu_agent.core.outlets.steps import Step
from pdu_agent.core.protection.cap_desk import (
    ALARM,
    LONGEST_CALM_S,
    RETRY_S,
    About,
    CapDesk,
    CapWatch,
    without,
)
from pdu_agent.core.protection.settings import CapSettings, unit_of
from pdu_agent.core.protection.shedding import TINY
from pdu_agent.core.state import OutletLive
from pdu_agent.model.commands import Action, Actor, Lock, ReleaseOutlet, SwitchOutlet
from pdu_agent.model.record import CapRecord

PROVEN_S = 3600.0
"""A return counts as too much when its outlet goes again sooner: a load that swings slowly must not
switch relays with each swing."""


class Returning:
    def __init__(self, desk: CapDesk) -> None:
        self._desk = desk

    def restore(self, cap: CapSettings, watch: CapWatch, value: float) -> Iterator[Wish]:
        now_s = self._desk.clock.monotonic_s()
        self._settle(cap, watch, now_s)
        number = self._next_to_return(cap)
        if number is None or not self._fits(cap, number, value):
            watch.calm_since_s = None
            return
        if watch.calm_since_s is None:
            watch.calm_since_s = now_s
        live, settings = self._desk.state.outlets[number], self._desk.live.outlets[number]
        rested_s = live.contact_s + settings.min_off_s
        if now_s < max(watch.calm_since_s + self._desk.calm_s(cap), watch.not_before_s):
            return
        if now_s < rested_s:
            watch.not_before_s = rested_s
            return
        watch.calm_since_s = now_s
        unit = unit_of(cap.quantity)
        text = f"room again at {value:.4g} {unit}, cap {self._desk.limit(cap):g} {unit}"
        yield self._return(cap.number, number, text)

    def put_off(self, cap: CapSettings | None, watch: CapWatch, later_still: bool) -> None:
        """Something else is against the return: ask again later, and later each time."""
        if cap is not None and later_still:
            calm_s = min(2 * self._desk.calm_s(cap), LONGEST_CALM_S)
            self._desk.set(cap.number, replace(self._desk.record(cap.number), calm_s=calm_s))
        watch.calm_since_s = None

    def let_go(self, number: int, watch: CapWatch) -> Iterator[Wish]:
        """A cap that is disabled, or gone from the file, keeps nothing off; one after the other."""
        shed = self._desk.record(number).shed
        self._desk.alarms.clear(ALARM, f"cap {number}")
        if not shed:
            self._desk.state.caps.pop(number, None)
            return
        now_s = self._desk.clock.monotonic_s()
        if now_s < watch.not_before_s:
            return
        watch.not_before_s = now_s + RETRY_S
        free = [n for n in shed if self._may_return(f"cap {number}", self._desk.state.outlets[n])]
        if free:
            yield self._return(number, free[-1], f"cap {number} is not in force any more")

    def forget_released(self, number: int) -> Iterator[Wish]:
        """Outlets whose hold was ended, or that somebody ordered off meanwhile, do not return."""
        record, state = self._desk.record(number), self._desk.state
        source = f"cap {number}"
        for outlet in record.shed:
            live = state.outlets.get(outlet)
            has_hold = live is not None and any(hold.source == source for hold in live.holds)
            if live is None or not has_hold:
                self._desk.set(number, without(self._desk.record(number), {outlet}))
            elif live.actor is not None and live.actor.face not in ("safety", "power up"):
                because = f"{live.actor} wants it off"
                yield Wish((ReleaseOutlet(outlet, source),), Actor("safety", source, "", because))

    def _return(self, cap: int, number: int, text: str) -> Wish:
        before = self._desk.record(cap)
        self._desk.set(cap, without(before, {number}))
        actor = Actor("safety", f"cap {cap}", "", text)
        commands = (ReleaseOutlet(number, f"cap {cap}"), SwitchOutlet(number, Action.ON))
        return Wish(commands, actor, About(cap, (number,), True, text, before))

    def _settle(self, cap: CapSettings, watch: CapWatch, now_s: float) -> None:
        """What returned and stayed is no more taken for one that came back too early."""
        proven_s = max(PROVEN_S, 2 * self._desk.calm_s(cap))
        for number, since_s in list(watch.returned_s.items()):
            if now_s >= since_s + proven_s:
                del watch.returned_s[number]
        record = self._desk.record(cap.number)
        if record.calm_s and not record.shed and not watch.returned_s:
            self._desk.set(cap.number, CapRecord())

    def _next_to_return(self, cap: CapSettings) -> int | None:
        """The most important one, of equals the one that went last; others of lower importance
        wait for it, but not for one that something else keeps off.
        """
        shed = self._desk.record(cap.number).shed
        outlets = self._desk.live.outlets
        waiting = [n for n in shed if self._may_return(cap.source, self._desk.state.outlets[n])]
        return min(waiting, key=lambda n: (outlets[n].priority, -shed.index(n)), default=None)

    @staticmethod
    def _may_return(source: str, live: OutletLive) -> bool:
        is_free = not any(not h.wants_on and h.source != source for h in live.holds)
        return is_free and live.lock is Lock.UNLOCKED and live.machine.step is Step.OFF

    def _fits(self, cap: CapSettings, number: int, value: float) -> bool:
        draws = self._desk.draws()
        share = draws.behind(cap.target, cap.quantity).get(number, 0.0)
        coming = draws.coming(cap.target, cap.quantity, self._desk.clock.monotonic_s(), {number})
        carried = value + coming + share * self._desk.reckoned(cap, number)
        return carried <= self._desk.ceiling(cap) + TINY
