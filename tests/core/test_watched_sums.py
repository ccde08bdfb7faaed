# SPDX-License-Identifier: Apache-2.0
"""Thresholds on everything: four levels of each kind of target; sums of groups and the unit."""

from __future__ import annotations

import pytest

from pdu_agent.core.settings import (
    BranchSettings,
    GroupSettings,
    LineSettings,
    SensorSettings,
    ThresholdSettings,
)
from pdu_agent.model.commands import (
    ConfigureThreshold,
    CreateGroup,
    Limit,
    Quantity,
    RemoveGroup,
    Reset,
    ResetMeter,
    SetLimit,
    SetMember,
    Target,
    TargetKind,
    ThresholdSetting,
)
from pdu_agent.model.errors import NotNow, UnknownTarget
from pdu_agent.model.events import AlarmCleared, AlarmRaised
from pdu_agent.model.quantities import Electrical, Quality
from pdu_agent.model.readings import Measurement
from pdu_agent.model.snapshot import Severity, ThresholdState
from tests.core.bench import INLET, Workbench

POWER, ENERGY = Quantity.ACTIVE_POWER, Quantity.ENERGY
GROUP, UNIT = Target(TargetKind.GROUP, 4), Target(TargetKind.UNIT, 1)
MADE = Target(TargetKind.GROUP, 9)
LINES = (LineSettings(1, line="l1"),)


def outlet(number: int) -> Target:
    return Target(TargetKind.OUTLET, number)


def four(target: Target, quantity: Quantity) -> ThresholdSettings:
    return ThresholdSettings(
        target,
        quantity,
        low_critical=10,
        low_warning=20,
        high_warning=60,
        high_critical=80,
        hysteresis=2,
        delay_s=1,
    )


def bench_with(target: Target, quantity: Quantity = POWER) -> Workbench:
    return Workbench(
        outlets=3,
        sensors=(SensorSettings(1, stale_after_s=60),),
        groups=(GroupSettings(4, outlets=(1, 2)), GroupSettings(5)),
        branches=(BranchSettings(1),),
        lines=LINES,
        also_metered=("inlet 1", "line 1"),
        thresholds=(four(target, quantity),),
        stale_after_s=60,
    )


def watts(target: Target, power_w: float) -> Measurement:
    return Measurement(target, Electrical(active_power_w=power_w, quality=Quality.OK), 0.0)


def feed(bench: Workbench, target: Target, value: float, seconds: float = 1.2) -> None:
    """Until the delay is over."""
    for _ in range(round(seconds / 0.2)):
        match target.kind:
            case TargetKind.SENSOR:
                bench.sense(target.index, value)
            case TargetKind.GROUP:
                bench.measure(watts(outlet(1), value / 4), watts(outlet(2), value * 3 / 4))
            case TargetKind.UNIT:
                bench.measure(watts(INLET, value))
            case _:
                bench.measure(watts(target, value))
        bench.run(0.2)


def told(bench: Workbench) -> list[tuple[str, Severity | None]]:
    """What was told since the last call: the limit and its severity, or that it is over."""
    found: list[tuple[str, Severity | None]] = []
    for event in bench.heard.drain():
        if isinstance(event, AlarmRaised) and event.alarm.crossing is not None:
            found.append((event.alarm.crossing.state.value, event.alarm.severity))
        elif isinstance(event, AlarmCleared) and event.alarm.crossing is not None:
            found.append((event.alarm.crossing.state.value, None))
    return found


@pytest.mark.parametrize(
    ("target", "quantity"),
    [
        (INLET, POWER),
        (Target(TargetKind.LINE, 1), POWER),
        (Target(TargetKind.BRANCH, 1), POWER),
        (outlet(1), POWER),
        (GROUP, POWER),
        (UNIT, POWER),
        (Target(TargetKind.SENSOR, 1), Quantity.TEMPERATURE),
    ],
    ids=str,
)
def test_a_ramp_through_four_levels_is_four_events_of_the_right_severities(
    target: Target, quantity: Quantity
) -> None:
    bench = bench_with(target, quantity)
    warning, critical = Severity.WARNING, Severity.CRITICAL
    feed(bench, target, 40)
    assert told(bench) == []
    for value in (59, 60, 79, 80, 100):
        feed(bench, target, value)
    assert told(bench) == [("high warning", warning), ("high critical", critical)]
    assert bench.alarms("threshold")[0].target == target
    for value in (78.1, 77, 58.1, 57):  # back through the hysteresis of each
        feed(bench, target, value)
    assert told(bench) == [("high warning", warning), ("normal", None)]
    for value in (21, 20, 11, 10, 5):
        feed(bench, target, value)
    assert told(bench) == [("low warning", warning), ("low critical", critical)]
    feed(bench, target, 40)
    assert told(bench) == [("normal", None)]


@pytest.mark.parametrize("target", [GROUP, UNIT], ids=str)
def test_noise_at_a_level_is_one_event(target: Target) -> None:
    bench = bench_with(target)
    for step in range(100):
        feed(bench, target, 60 + (-1) ** step, 0.4 if step else 2)
    assert told(bench) == [("high warning", Severity.WARNING)]


def test_a_group_has_no_value_while_a_member_has_none() -> None:
    bench = bench_with(GROUP)
    bench.measure(watts(outlet(1), 500))
    bench.run(3)
    row = bench.threshold(POWER, GROUP)
    assert (row.value, row.state, told(bench)) == (None, ThresholdState.UNKNOWN, [])
    bench.measure(watts(outlet(2), 1))
    assert bench.threshold(POWER, GROUP).value == 501


def test_a_member_that_falls_silent_leaves_the_alarm_standing() -> None:
    bench = bench_with(GROUP)
    feed(bench, GROUP, 100)
    told(bench)
    bench.run(61)
    assert bench.threshold(POWER, GROUP).value is None
    assert (told(bench), len(bench.alarms("threshold"))) == ([], 1)


def test_only_groups_with_a_metered_member_have_rows() -> None:
    bench = bench_with(GROUP)
    rows = {row.target for row in bench.core.snapshot.thresholds}
    assert GROUP in rows
    assert UNIT in rows
    assert Target(TargetKind.GROUP, 5) not in rows


def test_a_unit_with_an_inlet_that_no_meter_feeds_has_no_rows() -> None:
    bench = Workbench(outlets=1, also_metered=())
    assert UNIT not in {row.target for row in bench.core.snapshot.thresholds}


def test_a_reset_of_a_member_lowers_the_energy_of_its_group() -> None:
    bench = bench_with(GROUP, ENERGY)
    for number in (1, 2):
        bench.measure(Measurement(outlet(number), Electrical(quality=Quality.OK), 144_000_000))
    bench.run(2)
    assert bench.threshold(ENERGY, GROUP).value == 80
    assert told(bench) == [("high critical", Severity.CRITICAL)]
    bench.submit(ResetMeter(outlet(1), Reset.ENERGY))
    assert bench.threshold(ENERGY, GROUP).value == 40
    assert told(bench) == [("normal", None)]


def test_the_rows_of_a_group_made_at_run_time_come_and_go_with_it() -> None:
    bench = Workbench(outlets=2)
    limit = SetLimit(MADE, POWER, Limit.HIGH_WARNING, 60)
    with pytest.raises(UnknownTarget, match="group 9 has no threshold for active power"):
        bench.submit(limit)
    before = bench.core.snapshot.topology
    bench.submit(CreateGroup(9), SetMember(9, 1, True), limit)
    assert bench.core.snapshot.topology == before + 1
    assert bench.threshold(POWER, MADE).enabled == {Limit.HIGH_WARNING}
    bench.measure(watts(outlet(1), 61))
    assert told(bench) == [("high warning", Severity.WARNING)]
    bench.submit(SetMember(9, 2, True))  # whose value is not known
    assert bench.threshold(POWER, MADE).state is ThresholdState.UNKNOWN
    bench.submit(RemoveGroup(9))
    assert MADE not in {row.target for row in bench.core.snapshot.thresholds}
    assert told(bench) == [("normal", None)]
    assert bench.alarms("threshold") == []
    bench.submit(CreateGroup(9), SetMember(9, 1, True))
    assert bench.threshold(POWER, MADE).enabled == frozenset()  # another group, other limits


def test_the_limits_of_a_group_made_at_run_time_survive_a_restart() -> None:
    bench = Workbench(outlets=2)
    bench.submit(
        CreateGroup(9), SetMember(9, 1, True), SetLimit(MADE, POWER, Limit.HIGH_WARNING, 60)
    )
    again = Workbench(outlets=2, record=bench.core.final_record())
    again.measure(watts(outlet(1), 61))
    assert told(again) == [("high warning", Severity.WARNING)]


def test_limits_of_a_group_must_be_in_order_unless_it_goes_with_them() -> None:
    bench = Workbench(outlets=2)
    bench.submit(CreateGroup(9))
    wrong = (
        SetLimit(MADE, POWER, Limit.HIGH_WARNING, 60),
        SetLimit(MADE, POWER, Limit.HIGH_CRITICAL, 50),
    )
    with pytest.raises(NotNow, match="high warning 60 is not below high critical 50"):
        bench.submit(*wrong)
    assert bench.submit(*wrong, RemoveGroup(9))


def test_hysteresis_and_delay_of_the_unit_are_settings_too() -> None:
    bench = Workbench(outlets=1)
    bench.submit(ConfigureThreshold(UNIT, POWER, ThresholdSetting.DELAY_S, 5))
    assert bench.threshold(POWER, UNIT).delay_s == 5
