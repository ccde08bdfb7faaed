# SPDX-License-Identifier: Apache-2.0
"""What is wrong with `plans`: what they refer to is not there, they never run, or contradict."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import combinations, islice

from pdu_agent.app.config.checker import Checker
from pdu_agent.app.config.scalars import nearest
from pdu_agent.app.config.time_zone import zone_of
from pdu_agent.app.config.tree import Problems
from pdu_agent.core.calendar import YEAR_S, Calendar
from pdu_agent.core.plans.book import shown_time
from pdu_agent.core.plans.settings import PlanSettings
from pdu_agent.core.plans.timed import HORIZON_S
from pdu_agent.core.settings import DeviceSettings
from pdu_agent.core.switching.holds import LEADS_TO_ON
from pdu_agent.model.commands import Action, Target, TargetKind
from pdu_agent.model.errors import ConfigError

_MOST_RUNS = 5000
"""Of one plan so many are compared with those of others: a year, but for what runs each hour."""

_Found = Iterator[tuple[str, str]]


def plan_check(checker: Checker, problems: Problems) -> None:
    """Report what does not fit, and (as a warning) plans that never run."""
    for path, plan in checker.found("plans#"):
        for where, text in (*_switched(checker, path, plan), *_named(checker, path, plan)):
            problems.error(checker.place(where), f"{where}: {text}")
        try:
            calendar = _calendar(checker, plan)
        except ConfigError as exc:
            problems.error(checker.place(path), f"{path}: {exc}")
            continue
        if calendar and plan.enabled and calendar.next_after(time.time(), HORIZON_S) is None:
            problems.warn(checker.place(path), f"{path}: plan {plan.name} is never due from now on")


def _switched(checker: Checker, path: str, plan: PlanSettings) -> _Found:
    outlets = {outlet.number: outlet for _, outlet in checker.found("outlets#")}
    numbers = {number for _, number in checker.found("outlets#.number")}
    for position, number in enumerate(plan.outlets):
        where = f"{path}.outlets[{position}]"
        if number not in numbers:
            yield where, f"there is no outlet {number}"
        elif number in outlets and outlets[number].relay is None:
            yield where, f"outlet {number} is metered only: it has no relay"
        elif number in plan.outlets[:position]:
            yield where, f"outlet {number} is named twice"
    groups = {number for _, number in checker.found("groups#.number")}
    if plan.group is not None and plan.group not in groups:
        yield f"{path}.group", f"there is no group {plan.group} in `groups`"
    hooks = {name for _, name in checker.found("hooks#.name")}
    if plan.hook and plan.hook not in hooks:
        hint = nearest(plan.hook, hooks)
        yield f"{path}.hook", f"no hook in `hooks` is called {plan.hook!r}{hint}"


def _named(checker: Checker, path: str, plan: PlanSettings) -> _Found:
    """What its conditions and its counter look at."""
    metered = _metered(checker)
    sensors = {number for _, number in checker.found("sensors#.number")}
    hosts = {name for _, name in checker.found("hosts#.name")}
    load_of, counter = plan.conditions.load_of, plan.when.counter
    if load_of is not None and load_of.kind in _MAY_HAVE_METER and load_of not in metered:
        yield f"{path}.conditions.load_of", f"nothing in `meters` feeds {load_of}"
    for position, sensor in enumerate(plan.conditions.sensors):
        if sensor.sensor not in sensors:
            where = f"{path}.conditions.sensors[{position}]"
            yield where, f"there is no sensor {sensor.sensor}"
    for position, host in enumerate(plan.conditions.hosts):
        if host.host not in hosts:
            where = f"{path}.conditions.hosts[{position}]"
            hint = nearest(host.host, hosts)
            yield where, f"no host in `hosts` is called {host.host!r}{hint}"
    if counter is None:
        return
    where, target = f"{path}.counter", Target(TargetKind.OUTLET, counter.outlet)
    if counter.outlet not in {number for _, number in checker.found("outlets#.number")}:
        yield where, f"there is no {target}"
    elif counter.energy_wh is not None and target not in metered:
        yield where, f"nothing in `meters` feeds {target}, so its energy is not counted"


_MAY_HAVE_METER = (TargetKind.INLET, TargetKind.LINE, TargetKind.BRANCH, TargetKind.OUTLET)


def _metered(checker: Checker) -> set[Target]:
    sampled = checker.found("meters#.currents#.feeds")
    return {target for _, target in (*sampled, *checker.found("meters#.channels.[^.]+"))}


def _calendar(checker: Checker, plan: PlanSettings) -> Calendar | None:
    """None for a plan that counts. Raises ConfigError for the sun without a place."""
    if plan.when.counter is not None:
        return None
    device = next((found for _, found in checker.found("device")), DeviceSettings())
    try:
        zone = zone_of(device.time_zone)
    except ConfigError:  # reported where it stands
        zone = None
    return Calendar(plan.when, device.place, zone, plan.name)


# -- plans against each other -----------------------------------------------------------


def plan_conflicts(checker: Checker, problems: Problems) -> None:
    """Warn of two plans that switch an outlet on and off in the same minute within a year."""
    since_s = time.time()
    found = [(path, plan) for path, plan in checker.found("plans#") if plan.enabled and plan.wanted]
    minutes: dict[str, frozenset[int]] = {}
    for (_, first), (path, second) in combinations(found, 2):
        shared = sorted(_outlets(checker, first) & _outlets(checker, second))
        if not shared or not _are_contrary(first.wanted, second.wanted):
            continue
        for plan in (first, second):
            if plan.name not in minutes:
                minutes[plan.name] = _minutes(checker, plan, since_s)
        both = minutes[first.name] & minutes[second.name]
        if both:
            device = next((found for _, found in checker.found("device")), DeviceSettings())
            at = shown_time(min(both) * 60, zone_of(device.time_zone))
            problems.warn(
                checker.place(path),
                f"{path}: plan {second.name} switches outlet {shared[0]} {second.action} when plan"
                f" {first.name} switches it {first.action}, first at {at}; the later in the file"
                " prevails",
            )


def _are_contrary(first: Action | None, second: Action | None) -> bool:
    if first is None or second is None:
        return False
    return LEADS_TO_ON.get(first) is not LEADS_TO_ON.get(second)


def _outlets(checker: Checker, plan: PlanSettings) -> set[int]:
    if plan.every:
        return {number for _, number in checker.found("outlets#.number")}
    groups = {group.number: group.outlets for _, group in checker.found("groups#")}
    return set(groups.get(plan.group, ())) if plan.group is not None else set(plan.outlets)


def _minutes(checker: Checker, plan: PlanSettings, since_s: float) -> frozenset[int]:
    try:
        calendar = _calendar(checker, plan)
    except ConfigError:  # reported by plan_check
        return frozenset()
    if calendar is None:
        return frozenset()
    runs = islice(calendar.between(since_s, since_s + YEAR_S), _MOST_RUNS)
    return frozenset(run.wall_s // 60 for run in runs)
