# SPDX-License-Identifier: Apache-2.0
"""Plans that look before they run, and plans that are due by what an outlet used."""

from __future__ import annotations

import pytest

from pdu_agent.core.plans.settings import (
    CounterSettings,
    HostCondition,
    PlanConditions,
    PlanSettings,
    PlanWhen,
    SensorCondition,
)
from pdu_agent.core.settings import SensorSettings
from pdu_agent.model.commands import Action, EnablePlan, Target, TargetKind
from pdu_agent.model.events import PlanRan
from pdu_agent.model.readings import HostSeen
from pdu_agent.model.ups import Ups, UpsFlag
from tests.core.bench import INLET
from tests.core.test_plans import PlanBench, again, bench, daily, ran

START = "2026-11-01 12:59"
MJ_OF_WH = 3_600_000.0
OUTLET = Target(TargetKind.OUTLET, 1)
NAS_IDLE = PlanConditions(hosts=(HostCondition(host="nas", answers=False),))


def ups(*flags: UpsFlag, unreachable_since_s: float | None = None) -> Ups:
    return Ups(1, "rack", "", "", "", frozenset(flags), {}, unreachable_since_s, 0.0)


def outcome(conditions: PlanConditions, prepare: object = None) -> tuple[str, int]:
    """What came of the one run, and how many relays moved."""
    sensors = (SensorSettings(1, stale_after_s=3600),)
    rig = bench(START, daily("13:00", conditions=conditions), sensors=sensors)
    rig.run(59.5)
    if callable(prepare):
        prepare(rig)
    rig.run(5)
    (event,) = ran(rig)
    assert event.skipped is (not rig.board.moves)
    return event.outcome, len(rig.board.moves)


@pytest.mark.parametrize(
    ("upses", "text"),
    [
        ((), "skipped: no UPS tells whether it runs on battery"),
        ((ups(UpsFlag.ON_BATTERY),), "skipped: UPS rack runs on battery"),
        ((ups(UpsFlag.ON_LINE, unreachable_since_s=3.0),), "skipped: UPS rack cannot be reached"),
        ((ups(),), "skipped: UPS rack does not say that it has mains"),
        ((ups(UpsFlag.ON_LINE),), ""),
    ],
)
def test_not_on_battery(upses: tuple[Ups, ...], text: str) -> None:
    def prepare(rig: PlanBench) -> None:
        rig.core.on_upses(upses)

    told, moved = outcome(PlanConditions(not_on_battery=True), prepare)
    assert told.startswith(text or "off, due")
    assert moved == (0 if text else 1)


@pytest.mark.parametrize(
    ("watts", "text"),
    [
        (None, "skipped: the unit's load is not known"),
        (500.0, "skipped: the unit's load is 500 W, not below 200"),
        (20.0, "skipped: the unit's load is 20 W, not above 50"),
        (100.0, ""),
    ],
)
def test_load(watts: float | None, text: str) -> None:
    def prepare(rig: PlanBench) -> None:
        if watts is not None:
            rig.read(INLET, active_power_w=watts)

    told, moved = outcome(PlanConditions(load_below_w=200.0, load_above_w=50.0), prepare)
    assert told.startswith(text or "off, due")
    assert moved == (0 if text else 1)


@pytest.mark.parametrize(
    ("celsius", "text"),
    [
        (None, "skipped: sensor 1 is not known"),
        (31.5, "skipped: sensor 1 is 31.5, not below 30"),
        (4.0, "skipped: sensor 1 is 4, not above 5"),
        (20.0, ""),
    ],
)
def test_sensor(celsius: float | None, text: str) -> None:
    def prepare(rig: PlanBench) -> None:
        if celsius is not None:
            rig.sense(1, celsius)

    sensor = SensorCondition(sensor=1, below=30, above=5)
    told, moved = outcome(PlanConditions(sensors=(sensor,)), prepare)
    assert told.startswith(text or "off, due")
    assert moved == (0 if text else 1)


@pytest.mark.parametrize(
    ("answered", "text"),
    [
        (None, "skipped: it is not known yet whether nas answers"),
        (True, "skipped: nas answers"),
        (False, ""),
    ],
)
def test_a_host_that_must_be_idle(answered: bool | None, text: str) -> None:
    def prepare(rig: PlanBench) -> None:
        for _ in range(3 if answered is not None else 0):
            rig.core.on_watched_host(HostSeen("nas", bool(answered)))

    told, moved = outcome(NAS_IDLE, prepare)
    assert told.startswith(text or "off, due")
    assert moved == (0 if text else 1)


@pytest.mark.parametrize(
    ("seen", "text"),
    [
        ([False, False], "skipped: it is not known yet whether nas answers"),
        ([True, False, False], "skipped: nas answers"),
        ([False, False, None, False], "skipped: it is not known yet whether nas answers"),
        ([False, False, False, None], "skipped: it is not known yet whether nas answers"),
        ([True, False, False, False], ""),
    ],
)
def test_silence_counts_after_three_attempts_that_this_machine_could_make(
    seen: list[bool | None], text: str
) -> None:
    """None: it could not ask. A busy host is not to be cut for a request that got lost."""

    def prepare(rig: PlanBench) -> None:
        for answered in seen:
            rig.core.on_watched_host(HostSeen("nas", bool(answered), asked=answered is not None))

    told, moved = outcome(NAS_IDLE, prepare)
    assert told.startswith(text or "off, due")
    assert moved == (0 if text else 1)


def test_a_host_that_must_answer_may_miss_one_request() -> None:
    def prepare(rig: PlanBench) -> None:
        rig.core.on_watched_host(HostSeen("nas", True))
        rig.core.on_watched_host(HostSeen("nas", False))

    host = HostCondition(host="nas", answers=True)
    assert outcome(PlanConditions(hosts=(host,)), prepare)[1] == 1


# -- counters ---------------------------------------------------------------------------


def counting(conditions: PlanConditions | None = None, **limit: object) -> PlanSettings:
    counter = CounterSettings(outlet=1, **limit)  # type: ignore[arg-type]
    return PlanSettings(
        name="service",
        outlets=(2,),
        action="off",
        conditions=conditions or PlanConditions(),
        when=PlanWhen(counter=counter),
    )


def use(rig: PlanBench, watt_hours: float) -> None:
    rig.read(OUTLET, MJ_OF_WH * watt_hours, active_power_w=100.0)
    rig.run(1)


def runs(rig: PlanBench) -> int:
    return rig.core.snapshot.plans[0].runs


def test_energy_fires_once_and_also_after_a_restart() -> None:
    rig = bench(START, counting(energy_wh=100.0))
    use(rig, 99.0)
    assert runs(rig) == 0
    rig.switch(8, Action.OFF)  # saves what has been counted
    rig = again(rig)
    use(rig, 2.0)
    assert runs(rig) == 1
    assert rig.board.relays[1] is False
    use(rig, 500.0)
    rig = again(rig)
    use(rig, 500.0)
    assert runs(rig) == 1


def test_switchings_fire_once_until_the_plan_is_enabled_again() -> None:
    rig = bench(START, counting(switchings=3))
    for count, action in enumerate([Action.OFF, Action.ON, Action.OFF, Action.ON], start=1):
        rig.switch(1, action)
        rig.run(5)
        assert runs(rig) == (count >= 3)
    rig.submit(EnablePlan("service", True))
    rig.run(5)
    for _ in range(3):
        assert runs(rig) == 1
        rig.switch(1, Action.TOGGLE)
        rig.run(5)
    assert runs(rig) == 2


def test_hours_on_fire_once_and_time_off_does_not_count() -> None:
    rig = bench(START, counting(on_hours=2.0))
    rig.run(3600)
    rig.switch(1, Action.OFF)
    rig.run(36000)
    assert runs(rig) == 0
    rig.switch(1, Action.ON)
    rig.run(3500)
    assert runs(rig) == 0
    rig.run(200)
    assert runs(rig) == 1
    rig.run(36000)
    assert runs(rig) == 1


def test_with_repeat_it_counts_anew() -> None:
    rig = bench(START, counting(energy_wh=100.0, repeat=True))
    for turn in range(1, 4):
        use(rig, 60.0)
        use(rig, 60.0)
        assert runs(rig) == turn


def test_what_may_not_run_yet_waits_with_one_line_in_the_log() -> None:
    rig = bench(START, counting(PlanConditions(load_below_w=200.0), energy_wh=100.0))
    use(rig, 150.0)
    rig.run(600)
    assert runs(rig) == 0
    assert [event.outcome for event in rig.events(PlanRan) if isinstance(event, PlanRan)] == [
        "waits: the unit's load is not known"
    ]
    rig.read(INLET, active_power_w=50.0)
    rig.core.tick()
    assert runs(rig) == 1
