# SPDX-License-Identifier: Apache-2.0
"""All plans with their rows: which is due next, and what faces are shown of them."""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from itertools import islice
from typing import Any

from pdu_agent.core.calendar import Calendar, Occurrence, Place
from pdu_agent.core.live_settings import Sections
from pdu_agent.core.plans.settings import PlanSettings
from pdu_agent.core.plans.timed import HORIZON_S, TimedPlan
from pdu_agent.core.plans.wording import when_in_words
from pdu_agent.core.settings import CoreSettings
from pdu_agent.core.state import CoreState
from pdu_agent.core.switching.groups import members_of
from pdu_agent.model.commands import Action
from pdu_agent.model.control import NextChange, Plan, Upcoming
from pdu_agent.model.errors import UnknownTarget
from pdu_agent.model.record import PlanRecord

_NEW = PlanRecord()


def shown_time(wall_s: float, zone: tzinfo | None) -> str:
    """Local time with its zone, to the minute where nothing is lost by it."""
    moment = datetime.fromtimestamp(wall_s, zone).astimezone(zone)
    seconds = ":%S" if moment.second else ""
    return moment.strftime(f"%Y-%m-%d %H:%M{seconds} %Z")


@dataclass(frozen=True, slots=True)
class _Kinds:
    """What is asked for at each tick."""

    asked: list[TimedPlan]
    unbegun: list[TimedPlan]
    counting: list[TimedPlan]


class PlanBook:
    """Finds everything again only after something has changed; `refresh` before it is asked."""

    def __init__(self, settings: CoreSettings, state: CoreState) -> None:
        self._state = state
        self._sections = Sections(settings)
        self.zone = settings.time_zone
        self.settings = {plan.name: plan for plan in settings.plans}
        place = settings.device.place
        self.plans = [
            TimedPlan(number, plan, self._calendar(plan, place), self._basis(plan, place))
            for number, plan in enumerate(settings.plans, start=1)
        ]
        self._rows: dict[str, PlanRecord] | None = None
        self._groups: object = None
        self._kinds: _Kinds | None = None
        self._next_wall_s: float | None = None
        self._shown: tuple[bool, tuple[Plan, ...]] | None = None
        self._changes: dict[int, NextChange] | None = None
        self.refresh()

    def _calendar(self, plan: PlanSettings, place: Place | None) -> Calendar | None:
        if plan.when.counter is not None:
            return None
        return Calendar(plan.when, place, self.zone, plan.name)

    def _basis(self, plan: PlanSettings, place: Place | None) -> tuple[object, ...]:
        """A reload with another zone or place moves no relay: plans begin with it, as new ones."""
        if plan.when.counter is not None:
            return ()
        return (self.zone, place) if plan.when.sun is not None else (self.zone,)

    def refresh(self) -> None:
        """Take over what commands have changed."""
        rows, groups = self._state.plans, self._state.groups
        if rows is self._rows and groups is self._groups:
            return
        self._rows, self._groups = rows, groups
        for plan in self.plans:
            row = rows.get(plan.name, _NEW)
            if row is not plan.row:
                plan.take(row)
        self._forget()

    def write(self, plan: TimedPlan, **changes: Any) -> None:
        """Change the row of the plan; the columns are those of PlanRecord."""
        row = replace(plan.row, **changes)
        self._state.plans[plan.name] = row
        plan.take(row)
        self._forget()

    def _forget(self) -> None:
        self._next_wall_s = self._kinds = self._shown = self._changes = None

    # -- which plans ----------------------------------------------------------------

    def named(self, name: str) -> TimedPlan | None:
        return next((plan for plan in self.plans if plan.name == name), None)

    def next_wall_s(self) -> float:
        """When the first of them is due; infinity for never."""
        if self._next_wall_s is None:
            self._next_wall_s = min(
                (plan.next.wall_s for plan in self.plans if plan.next), default=math.inf
            )
        return self._next_wall_s

    def asked(self) -> list[TimedPlan]:
        """Those that somebody wants to be run now."""
        return self._kinds_now().asked

    def unbegun(self) -> list[TimedPlan]:
        """Those that are new, or whose time is."""
        return self._kinds_now().unbegun

    def ahead_of(self, wall_s: float) -> list[TimedPlan]:
        """Those that have gone further than this time."""
        return [plan for plan in self.plans if (plan.row.handled_wall_s or 0.0) > wall_s]

    def counting(self) -> list[TimedPlan]:
        """Those that wait for their counter."""
        return self._kinds_now().counting

    def _kinds_now(self) -> _Kinds:
        if self._kinds is None:
            self._kinds = _Kinds(
                [plan for plan in self.plans if plan.row.asked],
                [plan for plan in self.plans if not plan.has_begun],
                [plan for plan in self.plans if plan.counts],
            )
        return self._kinds

    def waits_for_clock(self) -> bool:
        return any(plan.is_enabled and plan.calendar is not None for plan in self.plans)

    def outlets(self, plan: TimedPlan) -> tuple[int, ...]:
        """What the plan switches, as far as it has a relay."""
        settings, outlets = plan.settings, self._sections.outlets
        meant: tuple[int, ...] = settings.outlets
        if settings.group is not None:
            try:
                meant = members_of(settings.group, self._sections, self._state)
            except UnknownTarget:
                meant = ()
        elif settings.every:
            meant = tuple(sorted(outlets))
        return tuple(n for n in meant if n in outlets and outlets[n].relay is not None)

    # -- what faces see -------------------------------------------------------------

    def shown(self, clock_is_set: bool) -> tuple[Plan, ...]:
        if self._shown is None or self._shown[0] is not clock_is_set:
            self._shown = clock_is_set, tuple(self._row(plan, clock_is_set) for plan in self.plans)
        return self._shown[1]

    def _row(self, plan: TimedPlan, clock_is_set: bool) -> Plan:
        return Plan(
            number=plan.number,
            name=plan.name,
            enabled=plan.is_enabled,
            when=when_in_words(plan.settings.when),
            outlets=self.outlets(plan),
            action=plan.settings.does,
            next_wall_s=float(plan.next.wall_s) if plan.next and clock_is_set else None,
            last_wall_s=plan.row.last_wall_s,
            outcome=plan.row.outcome,
            runs=plan.row.runs,
            missed=plan.row.missed,
        )

    def next_changes(self) -> Mapping[int, NextChange]:
        """By outlet, of those that a plan is for; kept until the plans are."""
        if self._changes is None:
            self._changes = self._found_changes()
        return self._changes

    def _found_changes(self) -> dict[int, NextChange]:
        found: dict[int, NextChange] = {}
        due = [(plan.next.wall_s, plan.number, plan) for plan in self.plans if plan.next]
        for _, _, plan in sorted(due, key=lambda entry: entry[:2], reverse=True):
            change = self._change(plan)
            if change is not None:
                found |= dict.fromkeys(self.outlets(plan), change)
        return found

    def _change(self, plan: TimedPlan) -> NextChange | None:
        action = _action(plan, plan.next)
        if plan.next is None or action is None:
            return None
        text = f"{action.value} by plan {plan.name}"
        return NextChange(f"plan {plan.name}", action, float(plan.next.wall_s), text)

    def upcoming(self, count: int, outlet: int | None) -> list[Upcoming]:
        """The next runs of all plans, or of those that switch this outlet, the first one first."""
        meant = [p for p in self.plans if outlet is None or outlet in self.outlets(p)]
        due = heapq.merge(*map(_from_next, meant), key=lambda each: each[:2])
        found = []
        for wall_s, number, occurrence in islice(due, count):
            plan = self.plans[number - 1]
            action = _action(plan, occurrence)
            does = action.value if action else plan.settings.does
            found.append(Upcoming(wall_s, f"plan {plan.name}", does, self.outlets(plan)))
        return found


def _from_next(plan: TimedPlan) -> Iterator[tuple[float, int, Occurrence]]:
    """When, the plan's number, and what is due."""
    if plan.next is None or plan.calendar is None:
        return
    since_s = plan.next.wall_s - 0.5
    for occurrence in plan.calendar.between(since_s, since_s + HORIZON_S):
        yield float(occurrence.wall_s), plan.number, occurrence


def _action(plan: TimedPlan, occurrence: Occurrence | None) -> Action | None:
    of_presence = occurrence.action if occurrence is not None else None
    return of_presence or plan.settings.wanted
