# SPDX-License-Identifier: Apache-2.0
"""The section `plans`: what it takes, what it refers to, and plans that contradict each other."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from pdu_agent.app.config.load import ConfigErrors, check_file, load_settings
from pdu_agent.app.config.schema import AgentSettings
from pdu_agent.app.core_settings import core_settings_of
from pdu_agent.core.metered.tariffs import ClockTime, Weekday
from pdu_agent.core.plans.settings import MissedRuns
from pdu_agent.model.commands import Action, Target, TargetKind

UNIT = """\
schema: 1
device: {time_zone: Europe/Rome}
relays: [{name: main, driver: mcp23008, bus: sim}]
outlets: [{number: 1, relay: main.0}, {number: 2, relay: main.1}, {number: 3}]
groups: [{number: 7, outlets: [1, 2]}]
sensors: [{number: 1, driver: hwmon, path: sim}]
plans:
"""


def write(folder: Path, *plans: str) -> Path:
    path = folder / "openpdu.yaml"
    path.write_text(UNIT + "".join(f"  - {{{plan}}}\n" for plan in plans), encoding="utf-8")
    return path


def load(folder: Path, *plans: str) -> AgentSettings:
    return load_settings(write(folder, *plans), {})


def complaints(folder: Path, *plans: str) -> list[str]:
    """Errors and warnings of `openpdu check`, but for that about SNMP."""
    found = [str(problem) for problem in check_file(write(folder, *plans), {})]
    return [text for text in found if "snmp.credentials" not in text]


def test_a_plan_is_read_with_its_calendar_and_conditions(tmp_path: Path) -> None:
    (plan,) = load(
        tmp_path,
        "name: night, outlets: [1, 2], action: off, at: [22:00, 23:30], days: [mon, fri],"
        " from_date: 2026-11-01, missed: late, late_s: 600,"
        " conditions: {load_of: unit 1, load_below_w: 100, sensors: [{sensor: 1, above: 5}]}",
    ).plans
    assert (plan.name, plan.outlets, plan.wanted) == ("night", (1, 2), Action.OFF)
    assert plan.when.at == (ClockTime(22 * 60), ClockTime(23 * 60 + 30))
    assert plan.when.days == (Weekday.MON, Weekday.FRI)
    assert plan.when.from_date == date(2026, 11, 1)
    assert (plan.missed, plan.late_s) == (MissedRuns.LATE, 600)
    assert plan.conditions.load_of == Target(TargetKind.UNIT, 1)


def test_the_core_gets_the_plans(tmp_path: Path) -> None:
    settings = load(tmp_path, "name: g, group: 7, action: reboot, cron: '@daily'")
    assert core_settings_of(settings).plans == settings.plans


@pytest.mark.parametrize(
    ("plan", "text"),
    [
        ("name: a b, all: true, action: off, at: [22:00]", "letters, digits"),
        ("name: a, outlets: [9], action: off, at: [22:00]", "there is no outlet 9"),
        ("name: a, outlets: [3], action: off, at: [22:00]", "outlet 3 is metered only"),
        ("name: a, outlets: [1, 1], action: off, at: [22:00]", "outlet 1 is named twice"),
        ("name: a, group: 8, action: off, at: [22:00]", "there is no group 8 in `groups`"),
        ("name: a, hook: x, at: [22:00]", "no hook in `hooks` is called 'x'"),
        ("name: a, outlets: [1], at: [22:00]", "expected one of action (on, off, reboot, pulse)"),
        ("name: a, action: off, at: [22:00]", "expected one of outlets, group, all"),
        ("name: a, outlets: [1], all: true, action: off, at: [22:00]", "one of outlets, group"),
        ("name: a, all: true, action: off", "nothing says when"),
        ("name: a, all: true, action: off, at: [22:00], cron: '@daily'", "at and cron are given"),
        ("name: a, all: true, action: off, sun: sunset", "without device.latitude"),
        (
            "name: a, all: true, action: off, counter: {outlet: 1, switchings: 3}, at: [22:00]",
            "at: is about times; expected none beside `counter`",
        ),
        (
            "name: a, all: true, action: off, counter: {outlet: 1, energy_wh: 3}",
            "nothing in `meters` feeds outlet 1",
        ),
        (
            "name: a, all: true, action: off, counter: {outlet: 1}",
            "expected one of energy_wh, switchings, on_hours",
        ),
        (
            "name: a, all: true, action: off, at: [22:00], conditions: {sensors: [{sensor: 4,"
            " below: 3}]}",
            "there is no sensor 4",
        ),
        (
            "name: a, all: true, action: off, at: [22:00], conditions: {hosts: [{host: nas,"
            " answers: true}]}",
            "no host in `hosts` is called 'nas'",
        ),
    ],
)
def test_what_does_not_fit_is_told_with_its_place(tmp_path: Path, plan: str, text: str) -> None:
    with pytest.raises(ConfigErrors) as caught:
        load(tmp_path, plan)
    told = [problem for problem in caught.value.problems if text in problem]
    assert told, caught.value.problems
    assert "openpdu.yaml:8:" in told[0]


def test_a_name_is_given_once(tmp_path: Path) -> None:
    plan = "name: a, all: true, action: off, at: [22:00]"
    with pytest.raises(ConfigErrors, match="'a' is given to two entries"):
        load(tmp_path, plan, plan)


def test_a_plan_that_is_never_due_is_warned_of(tmp_path: Path) -> None:
    plan = "name: a, all: true, action: off, once: 2025-01-01 12:00"
    (text,) = complaints(tmp_path, plan)
    assert "plan a is never due from now on" in text
    assert load(tmp_path, plan).plans


def test_plans_that_contradict_each_other_are_warned_of(tmp_path: Path) -> None:
    (text,) = complaints(
        tmp_path,
        "name: a, outlets: [1], action: off, at: [06:30, 22:00]",
        "name: b, group: 7, action: on, at: [22:00], days: [sun]",
        "name: c, outlets: [1], action: on, at: [22:01]",
        "name: d, outlets: [2], action: off, at: [12:00]",
        "name: e, outlets: [1], action: reboot, at: [22:00], enabled: false",
    )
    assert "plan b switches outlet 1 on when plan a switches it off, first at" in text
    assert "22:00" in text
    assert "openpdu.yaml:9:" in text
