# SPDX-License-Identifier: Apache-2.0
"""Keeps a feeder under its cap: what is too much goes off, and what would be is held back.

An outlet that was ordered off counts as gone until a value that was measured well after its relay
opened says how much is carried now. So nothing goes because a relay or a meter takes its time,
and what really is too much then goes in the next round.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from pdu_agent.core.engine import Wish
from pdu_agent.core.protection.cap_desk import (
    LONGEST_CALM_S,
    About,
    CapDesk,
    CapWatch,
    Cut,
    draws_of,
)
from pdu_agent.core.protection.settings import CapSettings, unit_of
from pdu_agent.core.protection.shedding import Choice, Load, choose
from pdu_agent.core.switching.draws import GOING_OFF, SETTLE_S
from pdu_agent.core.switching.feeders import Budget
from pdu_agent.model.commands import Action, Command, Hold, HoldOutlet, Lock, Rank, SwitchOutlet
from pdu_agent.model.record import CapRecord

SECOND_LOOK_S = 0.5
"""The window in which a load rose shows the mean of before and after: what is chosen by it may be
too little, and then go in vain. So the next window tells, or this time where a meter is slower."""


class Keeping:
    def __init__(self, desk: CapDesk) -> None:
        self._desk = desk

    def gone(self, cap: CapSettings, watch: CapWatch, value: float) -> tuple[float, bool]:
        """What goes off and is in the value still, and whether that holds some unknown draw."""
        draws, sampled_s = self._desk.draws(), self._desk.draws().sampled_s(cap.target)
        gone, has_unknown = 0.0, False
        for number, share in draws.behind(cap.target, cap.quantity).items():
            live = self._desk.state.outlets[number]
            is_new = sampled_s is None or sampled_s < live.contact_s + SETTLE_S
            is_open = live.machine.contact is False and is_new
            if live.machine.step not in GOING_OFF and not is_open:
                self._learn(cap, watch, number, value)
                continue
            cut = watch.cuts.get(number)
            if cut is None:
                last = draws.present(number, cap.quantity) if not is_open else None
                before = draws.before_opening(number, cap.quantity) if is_open else last
                gone += share * (before or 0.0)
            elif cut.draw is None:
                has_unknown = True
            else:
                gone += share * cut.draw
        return gone, has_unknown

    def _learn(self, cap: CapSettings, watch: CapWatch, number: int, value: float) -> None:
        """The value shows what an outlet without a meter drew: by so much less is carried."""
        cut = watch.cuts.pop(number, None)
        record = self._desk.record(cap.number)
        if cut is None or cut.draw is not None or number not in record.shed:
            return
        known = draws_of(record)
        known[number] = max(0.0, cut.left - value)
        self._desk.set(cap.number, replace(record, draws=tuple(known.values())))

    def shed(
        self, cap: CapSettings, watch: CapWatch, value: float, excess: float, waits: bool
    ) -> Iterator[Wish]:
        now_s = self._desk.clock.monotonic_s()
        if watch.over_since_s is None:
            watch.over_since_s, watch.first_over_s = now_s, watch.seen_s
        is_first = watch.seen_s == watch.first_over_s
        if is_first and now_s < watch.over_since_s + SECOND_LOOK_S:
            return
        if waits or now_s < max(watch.over_since_s + cap.delay_s, watch.not_before_s):
            return
        loads = self._loads(cap)
        choice = choose(loads, excess)
        watch.is_over = choice.is_enough is False
        if choice.outlets:
            yield self._cut(cap, watch, value, loads, choice)

    def _cut(
        self, cap: CapSettings, watch: CapWatch, value: float, loads: Iterable[Load], choice: Choice
    ) -> Wish:
        unit, limit = unit_of(cap.quantity), self._desk.limit(cap)
        text = f"shed at {value:.4g} {unit}, cap {limit:g} {unit}"
        draws = {load.outlet: load.draw for load in loads if load.outlet in choice.outlets}
        left = value - sum(draw or 0.0 for draw in draws.values())
        shares = self._desk.draws().behind(cap.target, cap.quantity)
        own = {n: None if draw is None else draw / shares[n] for n, draw in draws.items()}
        watch.cuts |= {number: Cut(own[number], left) for number in choice.outlets}
        gone = {number: own[number] for number in choice.outlets}
        about = self._noted(cap, watch, gone, text)
        return Wish(self._off(cap, gone, text), self._desk.actor(cap, text), about)

    def _loads(self, cap: CapSettings) -> list[Load]:
        """What may go: on, switched, not locked, not of priority 0."""
        draws, loads = self._desk.draws(), []
        for number, share in draws.behind(cap.target, cap.quantity).items():
            if self._may_go(number):
                draw = draws.present(number, cap.quantity)
                priority = self._desk.live.outlets[number].priority
                loads.append(Load(number, priority, None if draw is None else share * draw))
        return loads

    def _may_go(self, number: int) -> bool:
        live, settings = self._desk.state.outlets[number], self._desk.live.outlets[number]
        return (
            settings.relay is not None
            and settings.priority > 0
            and live.lock is Lock.UNLOCKED
            and live.machine.contact is True
            and live.machine.step not in GOING_OFF
        )

    def hold_back(self, cap: CapSettings, watch: CapWatch, queue: Sequence[int]) -> Iterator[Wish]:
        sections, now_s = self._desk.live.sections, self._desk.clock.monotonic_s()
        refused = Budget(sections, self._desk.state, now_s).too_much(queue, cap)
        if not refused:
            return
        text = "held back: " + next(iter(refused.values()))
        draws: dict[int, float | None] = {
            number: self._desk.draws().expected(number, cap.quantity) for number in refused
        }
        about = self._noted(cap, watch, draws, text)
        yield Wish(self._off(cap, draws, text), self._desk.actor(cap, text), about)

    def _off(
        self, cap: CapSettings, draws: Mapping[int, float | None], text: str
    ) -> tuple[Command, ...]:
        wall_s = self._desk.clock.wall_s()
        commands: list[Command] = []
        for number, draw in draws.items():
            ends = self._desk.ends(cap, number, draw)
            hold = Hold(cap.source, Rank.SAFETY, False, text, wall_s, ends)
            commands += [
                SwitchOutlet(number, Action.OFF, forced=True),
                HoldOutlet(number, hold),
            ]
        return tuple(commands)

    def _noted(
        self, cap: CapSettings, watch: CapWatch, draws: Mapping[int, float | None], text: str
    ) -> About:
        """Put what goes into the record, so that it is saved with the commands."""
        before = self._desk.record(cap.number)
        calm_s = before.calm_s
        if any(number in watch.returned_s for number in draws):
            calm_s = min(2 * self._desk.calm_s(cap), max(LONGEST_CALM_S, cap.restore_after_s))
        for number in draws:
            watch.returned_s.pop(number, None)
        kept = draws_of(before) | dict(draws)
        since_wall_s = before.since_wall_s if before.shed else self._desk.clock.wall_s()
        unit = unit_of(cap.quantity)
        after = CapRecord(tuple(kept), since_wall_s, tuple(kept.values()), calm_s, unit)
        self._desk.set(cap.number, after)
        return About(cap.number, tuple(draws), False, text, before)
