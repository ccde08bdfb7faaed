# SPDX-License-Identifier: Apache-2.0
"""Caps: outlets go off when a feeder carries too much, and return when there is room.

What is off by a cap is what has a hold of its name: somebody's order to stay off ends the hold,
and with it the return. What each of them drew is in the CapRecord.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from pdu_agent.core.engine import Desk, Engine, Judge, Wish
from pdu_agent.core.protection.cap_desk import ALARM, RETRY_S, About, CapDesk, CapWatch, in_words
from pdu_agent.core.protection.cap_rows import CapRows
from pdu_agent.core.protection.keeping import SECOND_LOOK_S, Keeping
from pdu_agent.core.protection.returning import Returning
from pdu_agent.core.protection.settings import CapSettings, unit_of
from pdu_agent.core.protection.shedding import TINY
from pdu_agent.core.settings import CoreSettings
from pdu_agent.core.state import CoreState
from pdu_agent.core.switching.draws import Feeds
from pdu_agent.core.switching.switching import Circumstances
from pdu_agent.model.commands import (
    Actor,
    CapSetting,
    ConfigureCap,
    Lock,
    Target,
    TargetKind,
)
from pdu_agent.model.control import Cap, NextChange
from pdu_agent.model.errors import CommandError, NotNow, Unavailable, UnknownTarget
from pdu_agent.model.events import OutletShed

_INWARDS = (TargetKind.BRANCH, TargetKind.LINE, TargetKind.INLET, TargetKind.UNIT)
"""What goes for a feeder inside relieves what feeds it, so the innermost caps choose first."""


class Caps(Engine):
    def __init__(self, desk: Desk) -> None:
        self._desk = CapDesk(desk)
        self._keeping = Keeping(self._desk)
        self._returning = Returning(self._desk)
        self._rows = CapRows(self._desk)
        self._caps: Mapping[int, CapSettings] = {}
        self._watches: dict[int, CapWatch] = {}
        self.renew(desk.settings)

    def renew(self, settings: CoreSettings) -> None:
        """What a cap that is gone has shed returns; one that was off, or is for something else now,
        watches from now on.
        """
        innermost_first = sorted(settings.caps, key=lambda cap: _INWARDS.index(cap.target.kind))
        before, self._caps = self._caps, {cap.number: cap for cap in innermost_first}
        self._desk.feeds = Feeds.of(settings)
        for number, old in before.items():
            cap = self._caps.get(number)
            if cap is None:
                self._desk.alarms.clear(ALARM, old.source)
            if cap is None or not old.enabled or cap.target != old.target:
                self._watches.pop(number, None)
        for number, record in self._desk.state.caps.items():
            cap = self._caps.get(number)
            if cap is None or record.unit not in ("", unit_of(cap.quantity)):
                self._desk.set(number, replace(record, draws=(), unit=""))
        self._watches = {
            number: self._watches.get(number) or CapWatch()
            for number in {*self._caps, *self._desk.state.caps}
        }

    # -- commands -----------------------------------------------------------------------

    def judges(self, draft: CoreState, actor: Actor, around: Circumstances) -> Mapping[type, Judge]:
        del actor, around

        def configure(command: ConfigureCap) -> None:
            cap = self._caps.get(command.cap)
            if cap is None:
                known = ", ".join(str(number) for number in sorted(self._caps)) or "none"
                raise UnknownTarget(f"there is no cap {command.cap}; there are: {known}")
            override = cap.override(command.setting, command.value)
            if command.setting is CapSetting.LIMIT:
                self._refuse_unreachable(cap, command.value)
            draft.overrides[cap.path(command.setting)] = override
            if cap.number in draft.caps:  # what was too much for the old one may fit this one
                draft.caps[cap.number] = replace(draft.caps[cap.number], calm_s=0.0)
            limit = cap.limit(draft.overrides)
            margin = cap.margin_at(draft.overrides)
            if margin >= limit:
                raise NotNow(f"{cap.source}: a margin of {margin:g} leaves nothing of {limit:g}")

        return {ConfigureCap: configure}

    def _refuse_unreachable(self, cap: CapSettings, limit: float) -> None:
        """Raises NotNow for a limit that cannot be kept: everything else would go in vain."""
        staying = self._desk.staying(cap)
        total = sum(staying.values())
        if total > limit:
            unit = unit_of(cap.quantity)
            raise NotNow(
                f"{cap.source}: a limit of {limit:g} {unit} cannot be kept: "
                f"{in_words(sorted(staying))}, locked, of priority 0 or without a relay, draw "
                f"{total:.4g} {unit}"
            )

    # -- what is due --------------------------------------------------------------------

    def tick(self) -> Iterable[Wish]:
        for number in (*self._caps, *(set(self._watches) - set(self._caps))):
            cap = self._caps.get(number)
            yield from self._returning.forget_released(number)
            if cap is None or not cap.enabled:
                yield from self._returning.let_go(number, self._watches[number])
            else:
                yield from self._judge(cap, self._watches[number])

    def hold_back(self, queue: Sequence[int]) -> Iterable[Wish]:
        """What is about to close and does not fit waits as if it were shed; a reboot is always
        finished.
        """
        for cap in self._caps.values():
            free = [n for n in queue if self._desk.state.outlets[n].lock is Lock.UNLOCKED]
            if cap.enabled and free:
                yield from self._keeping.hold_back(cap, self._watches[cap.number], free)

    def next_due_s(self) -> float:
        return min(map(self._due_s, self._watches), default=math.inf)

    def on_reading(self, points: Collection[Target]) -> float:
        """What an outlet draws is no feeder's value."""
        if all(point.kind is TargetKind.OUTLET for point in points):
            return math.inf
        return self.next_due_s()

    def _due_s(self, number: int) -> float:
        """At once for a sample that was not judged; else when time itself brings something."""
        cap, watch = self._caps.get(number), self._watches[number]
        shed = self._desk.record(number).shed
        if cap is None or not cap.enabled:
            return watch.not_before_s if shed else math.inf
        if self._desk.draws().sampled_s(cap.target) != watch.seen_s and self._matters(cap, watch):
            return -math.inf
        due_s = self._desk.patient_until_s(watch)
        if watch.over_since_s is not None and not watch.is_over:
            wait_s = max(cap.delay_s, SECOND_LOOK_S)
            due_s = max(watch.over_since_s + wait_s, watch.not_before_s)
        if watch.calm_since_s is not None and shed:
            due_s = max(watch.calm_since_s + self._desk.calm_s(cap), watch.not_before_s)
        return due_s if due_s > self._desk.clock.monotonic_s() else math.inf

    def _matters(self, cap: CapSettings, watch: CapWatch) -> bool:
        """Is there something that a new value may change? Else the next tick is early enough."""
        value = self._desk.values.of(cap.target, cap.quantity)
        if value is None or value > self._desk.limit(cap):
            return True
        has_off = bool(self._desk.record(cap.number).shed or watch.cuts)
        return has_off or watch.over_since_s is not None

    def _judge(self, cap: CapSettings, watch: CapWatch) -> Iterator[Wish]:
        watch.seen_s = self._desk.draws().sampled_s(cap.target)
        value = self._desk.values.of(cap.target, cap.quantity)
        if value is None:
            watch.over_since_s = watch.calm_since_s = None
            watch.is_over = False
            if self._desk.clock.monotonic_s() >= self._desk.patient_until_s(watch):
                self._rows.tell(cap, watch, None)
            return
        watch.has_seen = True
        gone, waits = self._keeping.gone(cap, watch, value)
        excess = value - gone - self._desk.limit(cap)
        if excess > TINY:
            watch.calm_since_s = None
            yield from self._keeping.shed(cap, watch, value, excess, waits)
        else:
            watch.over_since_s = None
            watch.is_over = False
            yield from self._returning.restore(cap, watch, value)
        self._rows.tell(cap, watch, value)

    # -- what came of it ----------------------------------------------------------------

    def told(self, wish: Wish, error: CommandError | None) -> None:
        about = wish.about
        if not isinstance(about, About):
            return
        watch, now_s = self._watches[about.cap], self._desk.clock.monotonic_s()
        if error is not None:
            self._desk.set(about.cap, about.before)
            for number in about.outlets:
                watch.cuts.pop(number, None)
            watch.not_before_s = now_s + RETRY_S
            if about.is_return:
                later_still = not isinstance(error, Unavailable)
                self._returning.put_off(self._caps.get(about.cap), watch, later_still)
            return
        for number in about.outlets:
            if about.is_return:
                watch.returned_s[number] = now_s
            wall_s = self._desk.clock.wall_s()
            self._desk.publish(OutletShed(wall_s, about.cap, number, about.is_return, about.text))

    # -- what faces see -----------------------------------------------------------------

    def caps(self) -> tuple[Cap, ...]:
        in_force = ((n, cap) for n, cap in sorted(self._caps.items()) if cap.enabled)
        return tuple(self._rows.shown(cap, self._watches[n]) for n, cap in in_force)

    def next_changes(self) -> dict[int, NextChange]:
        return self._rows.next_changes(self._caps.values())
