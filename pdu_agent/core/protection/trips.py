# SPDX-License-Identifier: Apache-2.0
"""The overcurrent trip of an outlet: cut, tried again a few times, then off until it is reset."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from pdu_agent.core.engine import Desk, Engine, Judge, Wish
from pdu_agent.core.metered.ledger import Ledger
from pdu_agent.core.outlets.steps import Step
from pdu_agent.core.settings import CoreSettings, OutletSettings
from pdu_agent.core.state import CoreState
from pdu_agent.core.switching.draws import GOING_OFF
from pdu_agent.core.switching.holds import without_hold
from pdu_agent.core.switching.switching import Circumstances
from pdu_agent.model.commands import (
    Action,
    Actor,
    Hold,
    HoldOutlet,
    Lock,
    Quantity,
    Rank,
    ReleaseOutlet,
    ResetTrip,
    SwitchOutlet,
    Target,
    TargetKind,
)
from pdu_agent.model.control import NextChange, TripState
from pdu_agent.model.errors import CommandError, UnknownTarget
from pdu_agent.model.events import OutletTripped
from pdu_agent.model.record import TripRecord
from pdu_agent.model.snapshot import Severity

SOURCE = "trip"
RETRY_SOURCE = "trip retry"
ALARM = "trip"
REFUSED_RETRY_S = 1.0
_NOTHING = TripRecord()


@dataclass(frozen=True, slots=True)
class _About:
    """before: the record as it was, if the wish is refused. retry_s: when to try it, if ever."""

    outlet: int
    before: TripRecord
    is_trip: bool
    retry_s: float | None = None


class Trips(Engine):
    """Retries count from the last time that the outlet held for trip_forget_after_s."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._over_since_s: dict[int, float] = {}
        self._seen_s: dict[int, float | None] = {}
        self._retry_s: dict[int, float] = {}
        self._on_since_s: dict[int, float] = {}
        self._not_before_s: dict[int, float] = {}
        """By outlet, after a cut that was refused."""
        self._watched: dict[int, Target] = {}
        self.renew(desk.settings)
        self._take_up()

    def renew(self, settings: CoreSettings) -> None:
        self._watched = {
            outlet.number: Target(TargetKind.OUTLET, outlet.number)
            for outlet in settings.outlets
            if outlet.trip_above_a is not None
        }
        for number in self._over_since_s.keys() - self._watched.keys():
            del self._over_since_s[number]

    def _take_up(self) -> None:
        """Go on after a restart: what waits for its retry waits on, what is latched says so."""
        now_s, wall_s = self._desk.clock.monotonic_s(), self._desk.clock.wall_s()
        for number, record in self._desk.state.trips.items():
            live = self._desk.state.outlets.get(number)
            if live is None:
                continue
            if self._has_hold(number, RETRY_SOURCE):
                longest_s = self._desk.live.outlets[number].trip_retry_after_s
                left_s = (record.wall_s or wall_s) + longest_s - wall_s
                self._retry_s[number] = now_s + min(max(0.0, left_s), longest_s)
            self._tell(number, record)

    # -- commands -------------------------------------------------------------------

    def judges(self, draft: CoreState, actor: Actor, around: Circumstances) -> Mapping[type, Judge]:
        del actor, around

        def reset(command: ResetTrip) -> None:
            live = draft.outlets.get(command.outlet)
            if live is None:
                raise UnknownTarget(f"there is no outlet {command.outlet}")
            live = without_hold(without_hold(live, SOURCE), RETRY_SOURCE)
            draft.outlets[command.outlet] = live
            draft.trips.pop(command.outlet, None)

        return {ResetTrip: reset}

    # -- what is due ----------------------------------------------------------------

    def tick(self) -> Iterable[Wish]:
        now_s = self._desk.clock.monotonic_s()
        for number in sorted({*self._watched, *self._desk.state.trips}):
            if number in self._desk.state.outlets:
                yield from self._look(number, now_s)
        for number in [n for n in self._retry_s if not self._has_hold(n, RETRY_SOURCE)]:
            del self._retry_s[number]
        self._clear_alarms()

    def next_due_s(self) -> float:
        watched = map(self._due_s, self._watched.values())
        return min((*watched, *self._retry_s.values()), default=math.inf)

    def on_reading(self, points: Collection[Target]) -> float:
        watched = [
            point
            for point in points
            if point.kind is TargetKind.OUTLET and point.index in self._watched
        ]
        return min(map(self._due_s, watched), default=math.inf)

    def _due_s(self, target: Target) -> float:
        number, ledger = target.index, self._desk.state.ledgers.get(target)
        settings = self._desk.live.outlets[number]
        since_s, held_s = self._over_since_s.get(number), self._on_since_s.get(number)
        is_over = ledger is not None and self._is_over(settings, ledger)
        if not is_over and since_s is None and held_s is None:
            return math.inf
        if not self._may_trip(number):
            return math.inf
        sample_s = ledger.sample_mono_s if ledger is not None else None
        if is_over and sample_s != self._seen_s.get(number):
            return -math.inf
        if since_s is not None:
            due_s = max(since_s + settings.trip_for_s, self._refused_until_s(number))
            return due_s if due_s > self._desk.clock.monotonic_s() else math.inf
        return held_s + settings.trip_forget_after_s if held_s is not None else math.inf

    def _look(self, number: int, now_s: float) -> Iterator[Wish]:
        settings, ledger = self._desk.live.outlets[number], self._ledger(number)
        self._seen_s[number] = ledger.sample_mono_s if ledger is not None else None
        is_over = ledger is not None and self._is_over(settings, ledger)
        if not is_over or not self._may_trip(number):
            self._over_since_s.pop(number, None)
            yield from self._retry(number, now_s)
            self._forget(number, settings, now_s)
            return
        self._on_since_s.pop(number, None)
        since_s = self._over_since_s.setdefault(number, now_s)
        due_s = max(since_s + settings.trip_for_s, self._refused_until_s(number))
        if now_s >= due_s and ledger is not None:
            current_a = ledger.current_value(Quantity.CURRENT) or 0.0
            yield self._trip(settings, current_a, now_s)

    @staticmethod
    def _is_over(settings: OutletSettings, ledger: Ledger) -> bool:
        current_a = ledger.current_value(Quantity.CURRENT)
        above_a = settings.trip_above_a
        return current_a is not None and above_a is not None and current_a > above_a

    def _may_trip(self, number: int) -> bool:
        machine = self._desk.state.outlets[number].machine
        is_on = machine.contact is True and machine.step not in GOING_OFF
        return is_on and self._desk.live.outlets[number].relay is not None

    def _trip(self, settings: OutletSettings, current_a: float, now_s: float) -> Wish:
        number, wall_s = settings.number, self._desk.clock.wall_s()
        before = self._record(number)
        is_latched = before.retries >= settings.trip_retries
        state = TripState.LATCHED if is_latched else TripState.RETRYING
        retries = before.retries if is_latched else before.retries + 1
        text = (
            f"tripped at {current_a:.4g} A, more than {settings.trip_above_a:g} A"
            f" for {settings.trip_for_s:g} s"
        )
        if is_latched:
            hold = Hold(SOURCE, Rank.SAFETY, False, text, wall_s, "ends when the trip is reset")
            retry_s = None
        else:
            after_s = settings.trip_retry_after_s
            ends = f"tried again ({retries} of {settings.trip_retries}) after {after_s:g} s"
            hold = Hold(RETRY_SOURCE, Rank.SAFETY, False, text, wall_s, ends)
            retry_s = now_s + after_s
        self._desk.state.trips[number] = TripRecord(state.value, retries, current_a, wall_s)
        other = RETRY_SOURCE if is_latched else SOURCE
        commands = (
            SwitchOutlet(number, Action.OFF, forced=True),
            ReleaseOutlet(number, other),
            HoldOutlet(number, hold),
        )
        return Wish(commands, self._actor(text), _About(number, before, True, retry_s))

    def _retry(self, number: int, now_s: float) -> Iterator[Wish]:
        """Once its time has come; not where somebody or something else wants it off by then."""
        due_s, live = self._retry_s.get(number), self._desk.state.outlets[number]
        if due_s is None or now_s < due_s:
            return
        if not self._has_hold(number, RETRY_SOURCE):
            return
        is_wanted = live.actor is None or live.actor.face in ("safety", "power up")
        if not is_wanted or live.lock is Lock.LOCKED_OFF:
            yield Wish((ReleaseOutlet(number, RETRY_SOURCE),), self._actor("it is to stay off"))
            return
        others = any(not h.wants_on and h.source != RETRY_SOURCE for h in live.holds)
        if others or live.machine.step is not Step.OFF:
            self._retry_s[number] = now_s + REFUSED_RETRY_S
            return
        before = self._record(number)
        commands = (ReleaseOutlet(number, RETRY_SOURCE), SwitchOutlet(number, Action.ON))
        actor = self._actor(f"retry {before.retries} after a trip")
        yield Wish(commands, actor, _About(number, before, False))

    def _forget(self, number: int, settings: OutletSettings, now_s: float) -> None:
        """An outlet that held for long enough begins anew."""
        record, machine = self._record(number), self._desk.state.outlets[number].machine
        if record.state != TripState.RETRYING.value or machine.step is not Step.ON:
            self._on_since_s.pop(number, None)
            return
        since_s = self._on_since_s.setdefault(number, now_s)
        if now_s >= since_s + settings.trip_forget_after_s:
            del self._on_since_s[number]
            self._desk.state.trips.pop(number, None)

    # -- what came of it --------------------------------------------------------------

    def told(self, wish: Wish, error: CommandError | None) -> None:
        about, state = wish.about, self._desk.state
        if not isinstance(about, _About):
            return
        if error is not None:
            now_s = self._desk.clock.monotonic_s()
            if about.is_trip:
                state.trips[about.outlet] = about.before
                self._not_before_s[about.outlet] = now_s + REFUSED_RETRY_S
            else:  # each refusal is a line in the audit log
                after_s = self._desk.live.outlets[about.outlet].trip_retry_after_s
                self._retry_s[about.outlet] = now_s + max(REFUSED_RETRY_S, after_s)
            return
        self._over_since_s.pop(about.outlet, None)
        if not about.is_trip:
            self._retry_s.pop(about.outlet, None)
            return
        if about.retry_s is not None:
            self._retry_s[about.outlet] = about.retry_s
        record = self._record(about.outlet)
        is_latched = record.state == TripState.LATCHED.value
        current_a, wall_s = record.current_a or 0.0, self._desk.clock.wall_s()
        self._tell(about.outlet, record)
        self._desk.publish(
            OutletTripped(wall_s, about.outlet, is_latched, record.retries, current_a)
        )

    def _tell(self, number: int, record: TripRecord) -> None:
        if record == _NOTHING:
            return
        is_latched = record.state == TripState.LATCHED.value
        then = "it stays off until its trip is reset" if is_latched else "it is tried again"
        text = f"it was cut at {record.current_a or 0.0:.4g} A; {then}"
        severity = Severity.CRITICAL if is_latched else Severity.WARNING
        target = Target(TargetKind.OUTLET, number)
        self._desk.alarms.set(ALARM, str(target), severity, text, target)

    def _clear_alarms(self) -> None:
        for kind, subject in list(self._desk.state.alarms):
            number = int(subject.rpartition(" ")[2]) if kind == ALARM else 0
            if kind == ALARM and number not in self._desk.state.trips:
                self._desk.alarms.clear(ALARM, subject)

    # -- what faces see ---------------------------------------------------------------

    def next_changes(self) -> dict[int, NextChange]:
        return {
            number: self._next_change(number)
            for number, live in self._desk.state.outlets.items()
            if live.holds and self._has_hold(number, RETRY_SOURCE)
        }

    def _next_change(self, outlet: int) -> NextChange:
        clock, due_s = self._desk.clock, self._retry_s.get(outlet)
        wait_s = max(0.0, due_s - clock.monotonic_s()) if due_s is not None else None
        due_wall_s = clock.wall_s() + wait_s if wait_s is not None else None
        text = "on again after its trip, to see whether it holds"
        return NextChange(RETRY_SOURCE, Action.ON, due_wall_s, text)

    # -- small things -----------------------------------------------------------------

    def _refused_until_s(self, number: int) -> float:
        return self._not_before_s.get(number, -math.inf)

    def _has_hold(self, number: int, source: str) -> bool:
        return any(hold.source == source for hold in self._desk.state.outlets[number].holds)

    def _ledger(self, number: int) -> Ledger | None:
        return self._desk.state.ledgers.get(Target(TargetKind.OUTLET, number))

    def _record(self, number: int) -> TripRecord:
        return self._desk.state.trips.get(number, _NOTHING)

    @staticmethod
    def _actor(because: str) -> Actor:
        return Actor("safety", SOURCE, "", because)
