# SPDX-License-Identifier: Apache-2.0
"""What plans would do on the next days, day by day, and what stands against it as of now.

Pure, of settings and a snapshot's rows; nothing of the running engine is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta, tzinfo

from pdu_agent.core.calendar import Calendar, Occurrence, Place
from pdu_agent.core.calendar.local_time import LocalTime
from pdu_agent.core.calendar.settings import SunEvent
from pdu_agent.core.calendar.sun import Never, sun_wall_s
from pdu_agent.core.plans.settings import PlanSettings
from pdu_agent.core.settings import CoreSettings
from pdu_agent.model.commands import Lock, Rank
from pdu_agent.model.control import Plan
from pdu_agent.model.snapshot import Outlet, Snapshot

MOST_DAYS = 14
MOST_RUNS = 48
"""A day with more runs of one plan is told by its first, its last and how many there are."""

_NOON = (12 * 60,)
_ONE_DAY = timedelta(days=1)
_DOES_ON = frozenset({"on", "reboot", "pulse", "presence"})
_DOES_OFF = frozenset({"off", "reboot", "pulse", "presence"})


@dataclass(frozen=True, slots=True)
class ShownDay:
    """A local day from its midnight to the next; the sun is None where it does not rise or set,
    or where nobody knows the place.
    """

    day: date
    begin_wall_s: float
    end_wall_s: float
    sunrise_wall_s: float | None
    sunset_wall_s: float | None


@dataclass(frozen=True, slots=True)
class PlannedRun:
    """planned_wall_s: before chance has moved it."""

    wall_s: float
    action: str
    planned_wall_s: float


@dataclass(frozen=True, slots=True)
class PlanDay:
    """runs: all of that day, empty where there are more than MOST_RUNS. why_not: in words, where
    nothing is planned for the day.
    """

    count: int
    first_wall_s: float | None
    last_wall_s: float | None
    runs: tuple[PlannedRun, ...]
    why_not: str


@dataclass(frozen=True, slots=True)
class Against:
    """A run for this outlet would be refused as of now. source: "lock", or who holds it."""

    outlet: int
    source: str
    text: str


@dataclass(frozen=True, slots=True)
class PlanDays:
    """days: as those of Week. random_s: by so much its times are moved at most, either way. by:
    "time", "sun", "presence" or "counter"; the last is due on no day that can be told.
    """

    plan: Plan
    by: str
    random_s: int
    days: tuple[PlanDay, ...]
    against: tuple[Against, ...]


@dataclass(frozen=True, slots=True)
class Week:
    zone: tzinfo | None
    days: tuple[ShownDay, ...]
    plans: tuple[PlanDays, ...]


AskWeek = Callable[[Snapshot, "date | None", int], Week]
"""The plans of a snapshot from a local day on, None for today."""


def week(settings: CoreSettings, snapshot: Snapshot, first: date | None, days: int) -> Week:
    """What the snapshot's plans do on `days` days (1 to MOST_DAYS) from the local day `first`.

    first: None for the day that the snapshot is of. A plan is told of with what it would do if it
    were enabled; its row tells whether it is.
    """
    local = LocalTime(settings.time_zone)
    place = settings.device.place
    begin = first or local.day(snapshot.t_wall_s)
    shown = [_shown(begin + number * _ONE_DAY, local, place) for number in range(days)]
    entries = {entry.name: entry for entry in settings.plans}
    outlets = {row.index: row for row in snapshot.outlets}
    plans = [
        _plan(row, entries[row.name], settings, shown, outlets.values())
        for row in snapshot.plans
        if row.name in entries
    ]
    return Week(settings.time_zone, tuple(shown), tuple(plans))


def _shown(day: date, local: LocalTime, place: Place | None) -> ShownDay:
    noon_s = local.instants(day, _NOON)[0]

    def sun(event: SunEvent) -> float | None:
        passing = sun_wall_s(noon_s, place, event) if place is not None else Never.BELOW
        return None if isinstance(passing, Never) else float(passing)

    begin_s, end_s = local.midnight(day), local.midnight(day + _ONE_DAY)
    return ShownDay(day, begin_s, end_s, sun(SunEvent.SUNRISE), sun(SunEvent.SUNSET))


def _plan(
    row: Plan,
    entry: PlanSettings,
    settings: CoreSettings,
    shown: Sequence[ShownDay],
    outlets: Iterable[Outlet],
) -> PlanDays:
    meant = [outlet for outlet in outlets if outlet.index in row.outlets]
    against = tuple(found for outlet in meant for found in _against(outlet, row.action))
    when = entry.when
    if when.counter is not None:
        return PlanDays(row, "counter", 0, (), against)
    place, zone = settings.device.place, settings.time_zone
    calendar = Calendar(when, place, zone, entry.name)
    plain = Calendar(replace(when, random_s=0), place, zone, entry.name)
    days = tuple(_day(calendar, plain, when.random_s, day, row.action) for day in shown)
    by = "presence" if when.presence else "sun" if when.sun else "time"
    return PlanDays(row, by, when.random_s, days, against)


def _day(calendar: Calendar, plain: Calendar, random_s: int, shown: ShownDay, does: str) -> PlanDay:
    """plain: the calendar as it is without chance."""
    # The first second of a day is its own: `between` leaves its start out, and takes its end in.
    since_s, until_s = shown.begin_wall_s - 0.5, shown.end_wall_s - 0.5
    found = list(calendar.between(since_s, until_s))
    if not found:
        return PlanDay(0, None, None, (), calendar.why_not(shown.day))
    first_s, last_s = float(found[0].wall_s), float(found[-1].wall_s)
    if len(found) > MOST_RUNS:
        return PlanDay(len(found), first_s, last_s, (), "")
    planned = [each.wall_s for each in plain.between(since_s - random_s, until_s + random_s)]
    runs = tuple(_run(each, does, planned if random_s else ()) for each in found)
    return PlanDay(len(found), first_s, last_s, runs, "")


def _run(each: Occurrence, does: str, planned: Sequence[int]) -> PlannedRun:
    """Chance never takes a time past the middle of the way to the next: the nearest is its own."""
    nearest_s = min(planned, key=lambda wall_s: abs(wall_s - each.wall_s), default=each.wall_s)
    action = each.action.value if each.action else does
    return PlannedRun(float(each.wall_s), action, float(nearest_s))


def _against(outlet: Outlet, does: str) -> Iterator[Against]:
    """The strongest that stands against either way that the plan would switch it."""
    if outlet.lock is not Lock.UNLOCKED:
        yield Against(outlet.index, "lock", f"outlet {outlet.index} is {outlet.lock.value}")
        return
    for hold in outlet.holds:
        contrary = _DOES_OFF if hold.wants_on else _DOES_ON
        if hold.rank > Rank.SCHEDULE and does in contrary:
            ends = f"; {hold.ends}" if hold.ends else ""
            kept = "on" if hold.wants_on else "off"
            text = f"outlet {outlet.index} is kept {kept} by {hold.source}: {hold.text}{ends}"
            yield Against(outlet.index, hold.source, text)
            return
