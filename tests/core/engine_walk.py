# SPDX-License-Identifier: Apache-2.0
"""The real core with plans, through clock jumps and restarts, against what the documents say.

What is expected shares nothing with the calendar or the engine but the settings: the minutes at
which a plan is due come from `tests.core.calendar.minutes`, and what becomes of those that nobody
was there for is written down here once more, as docs/schedules.md tells it. Where a time is random
or the sun's, an undisturbed run is held against the bounds first, and is then the base of the rest.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from itertools import pairwise
from random import Random
from zoneinfo import ZoneInfo

from pdu_agent.core.calendar import WhenSettings
from pdu_agent.core.calendar.settings import SunEvent
from pdu_agent.core.plans.settings import MissedRuns, PlanSettings, PlanWhen
from pdu_agent.core.settings import DeviceSettings
from pdu_agent.model.clock import ManualClock
from tests.core.bench import Board, Workbench
from tests.core.calendar import almanac
from tests.core.calendar.any_when import PLACES, any_when
from tests.core.calendar.comparing import HEIGHTS_DEG
from tests.core.calendar.minutes import due, minutes_of

ON_TIME_S = 60.0
DAY_S = 86_400.0
REBOOT_S = 7.0
"""A reboot lasts 5 s; one that is due before it is over is part of it."""
MOST_RUNS = 3000
"""Of one plan in a year: a cron line for every minute would be nothing else all day."""
RISING = (SunEvent.SUNRISE, SunEvent.DAWN)

Moves = dict[int, list[int]]
"""By outlet, the wall seconds at which a relay moved."""


@dataclass(frozen=True, slots=True)
class Step:
    """How time goes on. RUN: the agent runs for `seconds`. SET: the clock is set by so much. DOWN:
    the agent is dead for so long. LOST: the board too, and comes back in 1970 for `blind_s`.
    """

    kind: str
    seconds: float
    blind_s: float = 0.0


@dataclass(frozen=True)
class Span:
    """zone: of PLACES, which tells the latitude too."""

    zone: str
    first: datetime
    last: datetime

    @property
    def start_s(self) -> int:
        return int(self.first.replace(tzinfo=ZoneInfo(self.zone)).timestamp())

    @property
    def end_s(self) -> int:
        return int(self.last.replace(tzinfo=ZoneInfo(self.zone)).timestamp())


# -- the real thing -----------------------------------------------------------------------


class Walk:
    """One board and clock, and one core after the other. Each plan N has outlet N."""

    def __init__(self, plans: Sequence[PlanSettings], span: Span) -> None:
        self._plans, self._span = tuple(plans), span
        self._clock = ManualClock(wall_s=span.start_s + 0.25)
        self._board = Board([True] * len(plans), self._clock)
        self._boots = 1
        self.opened: Moves = {number: [] for number in range(1, len(plans) + 1)}
        self.closed: Moves = {number: [] for number in self.opened}
        self._rig = self._born()

    def _born(self, old: Workbench | None = None) -> Workbench:
        latitude, longitude = PLACES[self._span.zone]
        rig = Workbench(
            outlets=len(self._plans),
            clock=self._clock,
            board=self._board,
            record=old.saved[-1].record if old else None,
            boot_id=f"boot-{self._boots}",
            device=DeviceSettings(latitude=latitude, longitude=longitude, sequence_interval_s=0),
            plans=self._plans,
            zone=ZoneInfo(self._span.zone),
        )
        rig.core.tick()
        rig.settle()
        self._note_moves()
        return rig

    def take(self, step: Step) -> None:
        if step.kind == "run":
            self._run(step.seconds)
        elif step.kind == "set":
            self._clock.jump_wall(step.seconds)
            self._tick()
        else:
            self._clock.advance(step.seconds)
            if step.kind == "lost":
                self._boots += 1
                wall_s = self._clock.wall_s()
                self._clock.jump_wall(100.0 - wall_s)
                self._rig = self._born(self._rig)
                self._run(step.blind_s)
                self._clock.jump_wall(wall_s - 100.0)
                self._tick()
            else:
                self._rig = self._born(self._rig)

    def _run(self, seconds: float) -> None:
        core, clock = self._rig.core, self._clock
        end_s = clock.monotonic_s() + seconds
        while (due_s := core.next_change_s()) <= end_s:
            clock.advance(max(0.0, due_s - clock.monotonic_s()) + 1e-6)
            self._tick()
        clock.advance(max(0.0, end_s - clock.monotonic_s()))
        self._tick()

    def _tick(self) -> None:
        self._rig.core.tick()
        self._rig.settle()
        self._note_moves()
        del self._rig.saved[:-1]
        for kept in (self._rig.audited, self._rig.logged, self._rig.proved):
            kept.clear()

    def _note_moves(self) -> None:
        shift_s = self._clock.wall_s() - self._clock.monotonic_s()
        for mono_s, relay, closed in self._board.moves:
            (self.closed if closed else self.opened)[relay + 1].append(round(mono_s + shift_s))
        self._board.moves.clear()

    def missed(self) -> list[int]:
        """By plan, how many runs nobody was there for."""
        return [plan.missed for plan in self._rig.core.snapshot.plans]


# -- what it should be --------------------------------------------------------------------


@dataclass
class Expected:
    """One plan by docs/schedules.md. base: when it is due, rising."""

    plan: PlanSettings
    base: Sequence[int]
    now_s: float
    runs: list[int] = field(default_factory=list)
    missed: int = 0

    def __post_init__(self) -> None:
        self._done_s = self.now_s

    def take(self, step: Step) -> None:
        if step.kind == "run":
            for at_s in self._due(self.now_s + step.seconds):
                self.runs.append(at_s)
                self._done_s = at_s
            self.now_s += step.seconds
            return
        self.now_s += step.seconds + step.blind_s
        if step.kind == "set" and step.seconds < -DAY_S:
            self._done_s = min(self._done_s, self.now_s)
        self._catch_up()

    def _catch_up(self) -> None:
        late = self._due(self.now_s)
        if not late:
            return
        late_s = self.now_s - late[-1]
        policy = self.plan.missed
        is_done = (
            late_s <= ON_TIME_S
            or policy is MissedRuns.ONCE
            or (policy is MissedRuns.LATE and late_s <= self.plan.late_s)
        )
        self.missed += len(late) - is_done
        if is_done:
            self.runs.append(round(self.now_s))
        self._done_s = late[-1]

    def _due(self, until_s: float) -> list[int]:
        return [at_s for at_s in self.base if self._done_s < at_s <= until_s]


# -- plans and disturbances at random -----------------------------------------------------


def any_plans(chance: Random, count: int, span: Span) -> list[PlanSettings]:
    """Reboots by times, cron lines, single times and the sun, with every policy."""
    plans: list[PlanSettings] = []
    while len(plans) < count:
        when = _any_time(chance, span)
        if when.sun is None and not _is_usable(when, span):
            continue
        given = {each.name: getattr(when, each.name) for each in fields(WhenSettings)}
        plans.append(
            PlanSettings(
                name=f"plan{len(plans) + 1}",
                outlets=(len(plans) + 1,),
                action="reboot",
                when=PlanWhen(**given),
                missed=chance.choice(list(MissedRuns)),
                late_s=chance.choice((60, 1800, 7200, 90_000)),
            )
        )
    return plans


def _is_usable(when: WhenSettings, span: Span) -> bool:
    """Does it run at all, not all day long, and never while it still reboots?"""
    times_s = _by_minutes(when, span)
    gaps_s = [b - a - 2 * when.random_s for a, b in pairwise(times_s)]
    return 0 < len(times_s) <= MOST_RUNS and min(gaps_s, default=DAY_S) >= REBOOT_S


def _any_time(chance: Random, span: Span) -> WhenSettings:
    kind = chance.choice(("at", "at", "cron", "once", "sun"))
    if kind == "sun":
        event, twilight = chance.choice(list(HEIGHTS_DEG))
        return WhenSettings(sun=event, twilight=twilight)
    return any_when(chance, span.first.year, kind)


def any_steps(
    chance: Random, span: Span, plans: Sequence[PlanSettings], days_between: float
) -> Iterator[Step]:
    """Runs with a disturbance after each, most of them shortly before a plan is due."""
    times_s = sorted(
        {s for plan in plans if plan.when.sun is None for s in _by_minutes(plan.when, span)}
    )
    now_s = span.start_s + 0.25
    while now_s < span.end_s - days_between * 3 * DAY_S:
        run_s = float(round(chance.uniform(0.5, 1.5) * days_between * DAY_S))
        ahead_s = chance.choice((5, 15, 40, 70, 200))
        near_s = next((s for s in times_s if s > now_s + run_s + ahead_s), None)
        if near_s is not None and near_s - now_s < 2 * days_between * DAY_S:
            run_s = float(near_s - ahead_s - round(now_s - 0.25))
        step = _any_step(chance)
        yield Step("run", run_s)
        yield step
        now_s += run_s + step.seconds + step.blind_s


def _any_step(chance: Random) -> Step:
    away_s = float(chance.choice((20, 50, 70, 300, 3600, 20_000, 86_400, 200_000)))
    return chance.choice(
        (
            *(Step("set", seconds) for seconds in (3600, -3600, 86_400, 60 - 86_400, -259_200)),
            *(Step("down", away_s) for _ in range(3)),
            Step("lost", away_s, float(chance.choice((5, 90, 4000)))),
        )
    )


# -- comparing ----------------------------------------------------------------------------


def _by_minutes(when: WhenSettings, span: Span) -> list[int]:
    found = due(when, minutes_of(span.zone, span.first.year))
    return sorted(at_s for day in found.values() for at_s in day if span.start_s < at_s)


def compare(
    plans: Sequence[PlanSettings], span: Span, steps: Sequence[Step]
) -> tuple[int, list[str]]:
    """How many runs were compared, and what differs."""
    calm = Walk(plans, span)
    calm.take(Step("run", span.end_s - span.start_s))
    count = 0
    differences: list[str] = []
    for number, plan in enumerate(plans, start=1):
        count += len(calm.opened[number])
        differences += _out_of_bounds(plan, calm.opened[number], span)
    walk = Walk(plans, span)
    expected = [
        Expected(plan, _base(plan, calm.opened[number], span), span.start_s + 0.25)
        for number, plan in enumerate(plans, start=1)
    ]
    for step in steps:
        walk.take(step)
        for each in expected:
            each.take(step)
    for number, (each, missed) in enumerate(zip(expected, walk.missed(), strict=True), start=1):
        count += len(walk.opened[number])
        differences += _differences(each, walk.opened[number], missed)
    return count, differences


def _base(plan: PlanSettings, opened: Sequence[int], span: Span) -> Sequence[int]:
    is_exact = plan.when.sun is None and not plan.when.random_s
    return _by_minutes(plan.when, span) if is_exact else opened


def _differences(expected: Expected, opened: Sequence[int], missed: int) -> Iterator[str]:
    plan = expected.plan
    runs, real = Counter(_apart(expected.runs)), Counter(_apart(opened))
    for at_s in sorted(runs.keys() | real.keys()):
        if runs[at_s] != real[at_s]:
            times = f"ran {real[at_s]} times at {at_s}, expected {runs[at_s]}"
            yield f"{plan.name} ({plan.when}, {plan.missed.value}, {plan.late_s} s): {times}"
    if missed != expected.missed:
        yield f"{plan.name}: {missed} missed, expected {expected.missed}"


def _apart(times_s: Sequence[int]) -> list[int]:
    """Without those that fall into a reboot; times come again where the clock goes back."""
    return [*times_s[:1], *(b for a, b in pairwise(times_s) if not 0 < b - a < REBOOT_S)]


def _out_of_bounds(plan: PlanSettings, opened: Sequence[int], span: Span) -> Iterator[str]:
    when = plan.when
    if when.sun is not None:
        odd: Sequence[float] = _sun_differs(plan, opened, span)
    else:
        due_s = [at_s for at_s in _by_minutes(when, span) if at_s <= span.end_s]
        odd = _lone(opened, due_s, when.random_s, span)
    for at_s in odd:
        yield f"{plan.name} ({when}): {at_s} has no partner"


def _lone(some: Sequence[int], others: Sequence[int], within_s: int, span: Span) -> list[int]:
    """Of either list what has no partner, in their order; the ends of the span are left out."""
    left, right, found = list(some), list(others), []
    while left and right:
        apart_s = left[0] - right[0]
        if abs(apart_s) <= within_s:
            left.pop(0)
            right.pop(0)
        else:
            found.append((right if apart_s > 0 else left).pop(0))
    found += left + right
    return [s for s in found if span.start_s + within_s < s <= span.end_s - within_s]


def _sun_differs(plan: PlanSettings, opened: Sequence[int], span: Span) -> list[float]:
    event = plan.when.sun
    assert event is not None
    latitude, longitude = PLACES[span.zone]
    limit_deg = HEIGHTS_DEG[event, plan.when.twilight]
    minutes = minutes_of(span.zone, span.first.year).wall_s
    heights = almanac.elevation_deg(minutes, latitude, longitude)
    rising, setting = almanac.crossings(minutes, heights, limit_deg)
    expected = rising if event in RISING else setting
    inner = [s for s in expected if span.start_s + 60 < s < span.end_s - 60]
    found = [float(s) for s in opened if span.start_s + 60 < s < span.end_s - 60]
    return almanac.unmatched(found, inner, limit_deg, latitude, longitude)


def month(zone: str, first: datetime) -> Span:
    return replace(Span(zone, first, first), last=first + timedelta(days=30))


def year(zone: str, number: int) -> Span:
    return Span(zone, datetime(number, 1, 1), datetime(number, 12, 31, 12))
