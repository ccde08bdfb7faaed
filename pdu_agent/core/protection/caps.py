# SPDX-License-Identifier: Apache-2.0
"""Caps: outlets go off when a feeder carries too much, and return when there is room.

What is off by a cap is what has a hold of its name: somebody's order to stay off ends the hold,
and with it the return. What each of them drew is in the CapRecord.

An outlet that was ordered off counts as gone until a value that was measured well after its relay
opened says how much is carried now. So nothing goes because a relay or a meter takes its time,
and what really is too much then goes in the next round.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import zip_longest

from pdu_agent.core.engine import Desk, Engine, Judge, Wish
from pdu_agent.core.outlets.steps import Step
from pdu_agent.core.protection.settings import CapSettings, unit_of
from pdu_agent.core.protection.shedding import TINY, Choice, Load, choose
from pdu_agent.core.settings import CoreSettings
from pdu_agent.core.state import CoreState, OutletLive
from pdu_agent.core.switching.draws import GOING_OFF, SETTLE_S, Draws, Feeds
from pdu_agent.core.switching.feeders import Budget
from pdu_agent.core.switching.switching import Circumstances
from pdu_agent.model.commands import (
    Action,
    Actor,
    CapSetting,
    Command,
    ConfigureCap,
    Hold,
    HoldOutlet,
    Lock,
    Rank,
    ReleaseOutlet,
    SwitchOutlet,
    TargetKind,
)
from pdu_agent.model.control import Cap, CapState, NextChange
from pdu_agent.model.errors import CommandError, NotNow, Unavailable, UnknownTarget
from pdu_agent.model.events import OutletShed
from pdu_agent.model.record import CapRecord
from pdu_agent.model.snapshot import Severity

ALARM = "cap"
LONGEST_CALM_S = 14_400.0
"""A return that turned out too much doubles the calm that the next one needs, up to this."""
PROVEN_S = 3600.0
"""A return counts as too much when its outlet goes again sooner: a load that swings slowly must not
switch relays with each swing."""
_INWARDS = (TargetKind.BRANCH, TargetKind.LINE, TargetKind.INLET, TargetKind.UNIT)
"""What goes for a feeder inside relieves what feeds it, so the innermost caps choose first."""
SECOND_LOOK_S = 0.5
"""The window in which a load rose shows the mean of before and after: what is chosen by it may be
too little, and then go in vain. So the next window tells, or this time where a meter is slower."""
RETRY_S = 1.0
"""After a wish that was refused, as by a board that was just lost."""


@dataclass(frozen=True, slots=True)
class _Cut:
    """An outlet that was ordered off. draw: None where nobody knows; the target then carried
    `left` without all others that went with it.
    """

    draw: float | None
    left: float


@dataclass(slots=True)
class _Watch:
    """What is only known while the agent runs. seen_s: the sample that was judged last.
    first_over_s: the first one that was too much.
    """

    seen_s: float | None = None
    over_since_s: float | None = None
    first_over_s: float | None = None
    calm_since_s: float | None = None
    not_before_s: float = -math.inf
    is_over: bool = False
    returned_s: dict[int, float] = field(default_factory=dict)
    cuts: dict[int, _Cut] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _About:
    """What a wish of this engine is for. before: the record as it was, if it is refused."""

    cap: int
    outlets: tuple[int, ...]
    is_return: bool
    text: str
    before: CapRecord


class Caps(Engine):
    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._caps: Mapping[int, CapSettings] = {}
        self._watches: dict[int, _Watch] = {}
        self.renew(desk.settings)

    def renew(self, settings: CoreSettings) -> None:
        """What a cap that is gone has shed returns; one that was off, or is for something else now,
        watches from now on.
        """
        innermost_first = sorted(settings.caps, key=lambda cap: _INWARDS.index(cap.target.kind))
        before, self._caps = self._caps, {cap.number: cap for cap in innermost_first}
        self._feeds = Feeds.of(settings)
        for number, old in before.items():
            cap = self._caps.get(number)
            if cap is None:
                self._desk.alarms.clear(ALARM, old.source)
            if cap is None or not old.enabled or cap.target != old.target:
                self._watches.pop(number, None)
        for number, record in self._desk.state.caps.items():
            cap = self._caps.get(number)
            if cap is None or record.unit not in ("", unit_of(cap.quantity)):
                self._set(number, replace(record, draws=(), unit=""))
        self._watches = {
            number: self._watches.get(number) or _Watch()
            for number in {*self._caps, *self._desk.state.caps}
        }

    # -- commands -------------------------------------------------------------------

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
        staying = self._staying(cap)
        total = sum(staying.values())
        if total > limit:
            unit = unit_of(cap.quantity)
            raise NotNow(
                f"{cap.source}: a limit of {limit:g} {unit} cannot be kept: "
                f"{_outlets(sorted(staying))}, locked, of priority 0 or without a relay, draw "
                f"{total:.4g} {unit}"
            )

    # -- what is due ----------------------------------------------------------------

    def tick(self) -> Iterable[Wish]:
        for number in (*self._caps, *(set(self._watches) - set(self._caps))):
            cap = self._caps.get(number)
            yield from self._forget_released(number)
            if cap is None or not cap.enabled:
                yield from self._let_go(number)
            else:
                yield from self._judge(cap, self._watches[number])

    def next_due_s(self) -> float:
        return min(map(self._due_s, self._watches), default=math.inf)

    def _due_s(self, number: int) -> float:
        """At once for a sample that was not judged; else when time itself brings something."""
        cap, watch = self._caps.get(number), self._watches[number]
        shed = self._record(number).shed
        if cap is None or not cap.enabled:
            return watch.not_before_s if shed else math.inf
        if self._draws().sampled_s(cap.target) != watch.seen_s and self._matters(cap, watch):
            return -math.inf
        due_s = math.inf
        if watch.over_since_s is not None and not watch.is_over:
            wait_s = max(cap.delay_s, SECOND_LOOK_S)
            due_s = max(watch.over_since_s + wait_s, watch.not_before_s)
        if watch.calm_since_s is not None and shed:
            due_s = max(watch.calm_since_s + self._calm_s(cap), watch.not_before_s)
        return due_s if due_s > self._desk.clock.monotonic_s() else math.inf

    def _matters(self, cap: CapSettings, watch: _Watch) -> bool:
        """Is there something that a new value may change? Else the next tick is early enough."""
        value = self._desk.values.of(cap.target, cap.quantity)
        if value is None or value > self._limit(cap):
            return True
        return bool(self._record(cap.number).shed or watch.cuts) or watch.over_since_s is not None

    def _judge(self, cap: CapSettings, watch: _Watch) -> Iterator[Wish]:
        watch.seen_s = self._draws().sampled_s(cap.target)
        value = self._desk.values.of(cap.target, cap.quantity)
        if value is None:
            watch.over_since_s = watch.calm_since_s = None
            watch.is_over = False
            self._tell(cap, None)
            return
        gone, waits = self._gone(cap, watch, value)
        excess = value - gone - self._limit(cap)
        if excess > TINY:
            watch.calm_since_s = None
            yield from self._shed(cap, watch, value, excess, waits)
        else:
            watch.over_since_s = None
            watch.is_over = False
            yield from self._restore(cap, watch, value)
        self._tell(cap, value)

    # -- off ------------------------------------------------------------------------

    def _gone(self, cap: CapSettings, watch: _Watch, value: float) -> tuple[float, bool]:
        """What goes off and is in the value still, and whether that holds some unknown draw."""
        draws, sampled_s = self._draws(), self._draws().sampled_s(cap.target)
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

    def _learn(self, cap: CapSettings, watch: _Watch, number: int, value: float) -> None:
        """The value shows what an outlet without a meter drew: by so much less is carried."""
        cut = watch.cuts.pop(number, None)
        record = self._record(cap.number)
        if cut is None or cut.draw is not None or number not in record.shed:
            return
        known = _draws_of(record)
        known[number] = max(0.0, cut.left - value)
        self._set(cap.number, replace(record, draws=tuple(known.values())))

    def _shed(
        self, cap: CapSettings, watch: _Watch, value: float, excess: float, waits: bool
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

    def _loads(self, cap: CapSettings) -> list[Load]:
        """What may go: on, switched, not locked, not of priority 0."""
        draws, loads = self._draws(), []
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

    def _cut(
        self, cap: CapSettings, watch: _Watch, value: float, loads: Iterable[Load], choice: Choice
    ) -> Wish:
        unit, limit = unit_of(cap.quantity), self._limit(cap)
        text = f"shed at {value:.4g} {unit}, cap {limit:g} {unit}"
        draws = {load.outlet: load.draw for load in loads if load.outlet in choice.outlets}
        left = value - sum(draw or 0.0 for draw in draws.values())
        shares = self._draws().behind(cap.target, cap.quantity)
        own = {n: None if draw is None else draw / shares[n] for n, draw in draws.items()}
        watch.cuts |= {number: _Cut(own[number], left) for number in choice.outlets}
        about = self._noted(cap, watch, {number: own[number] for number in choice.outlets}, text)
        gone = {number: own[number] for number in choice.outlets}
        return Wish(self._off(cap, gone, text), self._actor(cap, text), about)

    def _off(
        self,
        cap: CapSettings,
        draws: Mapping[int, float | None],
        text: str,
    ) -> tuple[Command, ...]:
        wall_s = self._desk.clock.wall_s()
        commands: list[Command] = []
        for number, draw in draws.items():
            ends = self._ends(cap, number, draw)
            hold = Hold(cap.source, Rank.SAFETY, False, text, wall_s, ends)
            commands += [
                SwitchOutlet(number, Action.OFF, forced=True),
                HoldOutlet(number, hold),
            ]
        return tuple(commands)

    def _noted(
        self, cap: CapSettings, watch: _Watch, draws: Mapping[int, float | None], text: str
    ) -> _About:
        """Put what goes into the record, so that it is saved with the commands."""
        before = self._record(cap.number)
        calm_s = before.calm_s
        if any(number in watch.returned_s for number in draws):
            calm_s = min(2 * self._calm_s(cap), max(LONGEST_CALM_S, cap.restore_after_s))
        for number in draws:
            watch.returned_s.pop(number, None)
        kept = _draws_of(before) | dict(draws)
        since_wall_s = before.since_wall_s if before.shed else self._desk.clock.wall_s()
        unit = unit_of(cap.quantity)
        after = CapRecord(tuple(kept), since_wall_s, tuple(kept.values()), calm_s, unit)
        self._set(cap.number, after)
        return _About(cap.number, tuple(draws), False, text, before)

    def hold_back(self, queue: Sequence[int]) -> Iterable[Wish]:
        """What is about to close and does not fit waits as if it were shed; a reboot is always
        finished.
        """
        for cap in self._caps.values():
            free = [n for n in queue if self._desk.state.outlets[n].lock is Lock.UNLOCKED]
            if cap.enabled and free:
                yield from self._hold_back(cap, free)

    def _hold_back(self, cap: CapSettings, queue: Sequence[int]) -> Iterator[Wish]:
        sections, now_s = self._desk.live.sections, self._desk.clock.monotonic_s()
        refused = Budget(sections, self._desk.state, now_s).too_much(queue, cap)
        if not refused:
            return
        text = "held back: " + next(iter(refused.values()))
        draws: dict[int, float | None] = {
            number: self._draws().expected(number, cap.quantity) for number in refused
        }
        about = self._noted(cap, self._watches[cap.number], draws, text)
        yield Wish(self._off(cap, draws, text), self._actor(cap, text), about)

    # -- on again -------------------------------------------------------------------

    def _restore(self, cap: CapSettings, watch: _Watch, value: float) -> Iterator[Wish]:
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
        if now_s < max(watch.calm_since_s + self._calm_s(cap), watch.not_before_s):
            return
        if now_s < rested_s:
            watch.not_before_s = rested_s
            return
        watch.calm_since_s = now_s
        unit = unit_of(cap.quantity)
        text = f"room again at {value:.4g} {unit}, cap {self._limit(cap):g} {unit}"
        yield self._return(cap.number, number, text)

    def _return(self, cap: int, number: int, text: str) -> Wish:
        before = self._record(cap)
        self._set(cap, _without(before, {number}))
        actor = Actor("safety", f"cap {cap}", "", text)
        commands = (ReleaseOutlet(number, f"cap {cap}"), SwitchOutlet(number, Action.ON))
        return Wish(commands, actor, _About(cap, (number,), True, text, before))

    def _put_off(self, number: int, watch: _Watch, later_still: bool) -> None:
        """Something else is against the return: ask again later, and later each time."""
        cap = self._caps.get(number)
        if cap is not None and later_still:
            calm_s = min(2 * self._calm_s(cap), LONGEST_CALM_S)
            self._set(number, replace(self._record(number), calm_s=calm_s))
        watch.calm_since_s = None

    def _settle(self, cap: CapSettings, watch: _Watch, now_s: float) -> None:
        """What returned and stayed is no more taken for one that came back too early."""
        proven_s = max(PROVEN_S, 2 * self._calm_s(cap))
        for number, since_s in list(watch.returned_s.items()):
            if now_s >= since_s + proven_s:
                del watch.returned_s[number]
        record = self._record(cap.number)
        if record.calm_s and not record.shed and not watch.returned_s:
            self._set(cap.number, CapRecord())

    def _next_to_return(self, cap: CapSettings) -> int | None:
        """The most important one, of equals the one that went last; others of lower importance
        wait for it, but not for one that something else keeps off.
        """
        shed = self._record(cap.number).shed
        outlets = self._desk.live.outlets
        waiting = [n for n in shed if self._may_return(cap.source, self._desk.state.outlets[n])]
        return min(waiting, key=lambda n: (outlets[n].priority, -shed.index(n)), default=None)

    @staticmethod
    def _may_return(source: str, live: OutletLive) -> bool:
        is_free = not any(not h.wants_on and h.source != source for h in live.holds)
        return is_free and live.lock is Lock.UNLOCKED and live.machine.step is Step.OFF

    def _fits(self, cap: CapSettings, number: int, value: float) -> bool:
        draws = self._draws()
        share = draws.behind(cap.target, cap.quantity).get(number, 0.0)
        coming = draws.coming(cap.target, cap.quantity, self._desk.clock.monotonic_s(), {number})
        return value + coming + share * self._reckoned(cap, number) <= self._ceiling(cap) + TINY

    def _reckoned(self, cap: CapSettings, number: int) -> float:
        record = self._record(cap.number)
        draw = _draws_of(record).get(number)
        return self._draws().expected(number, cap.quantity, draw)

    # -- caps that are no more --------------------------------------------------------

    def _let_go(self, number: int) -> Iterator[Wish]:
        """A cap that is disabled, or gone from the file, keeps nothing off; one after the other."""
        watch, shed = self._watches[number], self._record(number).shed
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

    def _forget_released(self, number: int) -> Iterator[Wish]:
        """Outlets whose hold was ended, or that somebody ordered off meanwhile, do not return."""
        record, state = self._record(number), self._desk.state
        source = f"cap {number}"
        for outlet in record.shed:
            live = state.outlets.get(outlet)
            has_hold = live is not None and any(hold.source == source for hold in live.holds)
            if live is None or not has_hold:
                self._set(number, _without(self._record(number), {outlet}))
            elif live.actor is not None and live.actor.face not in ("safety", "power up"):
                because = f"{live.actor} wants it off"
                yield Wish((ReleaseOutlet(outlet, source),), Actor("safety", source, "", because))

    # -- what came of it --------------------------------------------------------------

    def told(self, wish: Wish, error: CommandError | None) -> None:
        about = wish.about
        if not isinstance(about, _About):
            return
        watch, now_s = self._watches[about.cap], self._desk.clock.monotonic_s()
        if error is not None:
            self._set(about.cap, about.before)
            for number in about.outlets:
                watch.cuts.pop(number, None)
            watch.not_before_s = now_s + RETRY_S
            if about.is_return:
                self._put_off(about.cap, watch, later_still=not isinstance(error, Unavailable))
            return
        for number in about.outlets:
            if about.is_return:
                watch.returned_s[number] = now_s
            wall_s = self._desk.clock.wall_s()
            self._desk.publish(OutletShed(wall_s, about.cap, number, about.is_return, about.text))

    # -- what faces see ---------------------------------------------------------------

    def caps(self) -> tuple[Cap, ...]:
        caps = (self._caps[number] for number in sorted(self._caps))
        return tuple(self._shown(cap) for cap in caps if cap.enabled)

    def next_changes(self) -> dict[int, NextChange]:
        found: dict[int, NextChange] = {}
        for number, cap in self._caps.items():
            for outlet in self._record(number).shed:
                if outlet in self._desk.state.outlets and outlet not in found:
                    draw = self._reckoned(cap, outlet)
                    text = f"on by {cap.source}, which {self._ends(cap, outlet, draw)}"
                    found[outlet] = NextChange(cap.source, Action.ON, None, text)
        return found

    def _shown(self, cap: CapSettings) -> Cap:
        value = self._desk.values.of(cap.target, cap.quantity)
        return Cap(
            cap.number,
            cap.name or f"Cap {cap.number}",
            cap.target,
            cap.quantity,
            self._limit(cap),
            cap.margin_at(self._desk.state.overrides),
            value,
            self._state_of(cap, value),
            self._record(cap.number).shed,
        )

    def _state_of(self, cap: CapSettings, value: float | None) -> CapState:
        if value is None:
            return CapState.UNKNOWN
        watch = self._watches[cap.number]
        if watch.is_over:
            return CapState.OVER
        if watch.over_since_s is not None:
            return CapState.SHEDDING
        return CapState.RESTORING if self._record(cap.number).shed else CapState.UNDER

    def _tell(self, cap: CapSettings, value: float | None) -> None:
        state, shed = self._state_of(cap, value), self._record(cap.number).shed
        unit = unit_of(cap.quantity)
        off = f"; {_outlets(shed)} off by it" if shed else ""
        text = f"the cap of {self._limit(cap):g} {unit}"
        if state is CapState.UNKNOWN:
            words = f"{cap.target} has no value: nothing goes off and nothing returns by {text}"
            self._alarm(cap, Severity.WARNING, words + off)
        elif state is CapState.OVER:
            staying = _outlets(sorted(self._staying(cap))) or "no outlet with a meter"
            words = f"{cap.target} carries {value:.4g} {unit}, more than {text}"
            stay = f"nothing is left that may go off; what stays: {staying}"
            self._alarm(cap, Severity.CRITICAL, f"{words}, and {stay}{off}")
        elif shed or state is CapState.SHEDDING:
            words = f"{cap.target} reached {text}"
            self._alarm(cap, Severity.WARNING, words + off)
        else:
            self._desk.alarms.clear(ALARM, cap.source)

    def _alarm(self, cap: CapSettings, severity: Severity, text: str) -> None:
        self._desk.alarms.set(ALARM, cap.source, severity, text, cap.target)

    # -- small things -----------------------------------------------------------------

    def _staying(self, cap: CapSettings) -> dict[int, float]:
        """What draws there and may not go: by lock, priority 0 or without a relay; its draw."""
        draws, found = self._draws(), {}
        for number, share in draws.behind(cap.target, cap.quantity).items():
            draw = draws.present(number, cap.quantity)
            settings, live = self._desk.live.outlets[number], self._desk.state.outlets[number]
            is_fixed = settings.relay is None or settings.priority == 0
            if draw and (is_fixed or live.lock is not Lock.UNLOCKED):
                found[number] = share * draw
        return found

    def _ends(self, cap: CapSettings, number: int, draw: float | None) -> str:
        share = self._draws().behind(cap.target, cap.quantity).get(number, 1.0)
        expected = share * self._draws().expected(number, cap.quantity, draw)
        room = max(0.0, self._ceiling(cap) - expected)
        return f"returns when {cap.target} is below {room:.4g} {unit_of(cap.quantity)}"

    def _limit(self, cap: CapSettings) -> float:
        return cap.limit(self._desk.state.overrides)

    def _ceiling(self, cap: CapSettings) -> float:
        return self._limit(cap) - cap.margin_at(self._desk.state.overrides)

    def _calm_s(self, cap: CapSettings) -> float:
        return max(cap.restore_after_s, self._record(cap.number).calm_s)

    def _draws(self) -> Draws:
        return Draws(self._desk.state, self._desk.live.outlets, self._feeds)

    def _actor(self, cap: CapSettings, because: str) -> Actor:
        return Actor("safety", cap.source, "", because)

    def _record(self, number: int) -> CapRecord:
        return self._desk.state.caps.get(number, _NOTHING)

    def _set(self, number: int, record: CapRecord) -> None:
        self._desk.state.caps[number] = record


_NOTHING = CapRecord()


def _draws_of(record: CapRecord) -> dict[int, float | None]:
    """Of what is off by it, in the order in which it went."""
    return dict(zip_longest(record.shed, record.draws[: len(record.shed)]))


def _without(record: CapRecord, outlets: set[int]) -> CapRecord:
    kept = {number: draw for number, draw in _draws_of(record).items() if number not in outlets}
    return replace(record, shed=tuple(kept), draws=tuple(kept.values()))


def _outlets(numbers: Iterable[int]) -> str:
    named = [str(number) for number in numbers]
    return f"outlet{'s' if len(named) > 1 else ''} {', '.join(named)}" if named else ""
