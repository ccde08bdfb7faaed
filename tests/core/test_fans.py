# SPDX-License-Identifier: Apache-2.0
"""Fans: their speed, their alarm after five slow seconds, and what becomes of silence."""

from __future__ import annotations

import pytest

from pdu_agent.core.settings import FanSettings
from pdu_agent.model.commands import Target, TargetKind
from pdu_agent.model.events import AlarmCleared, AlarmRaised
from pdu_agent.model.snapshot import Fan, SensorStatus
from tests.core.bench import Workbench


def bench_with(**settings: float) -> Workbench:
    return Workbench(outlets=1, fans=(FanSettings(2, **settings),))  # type: ignore[arg-type]


def fan(bench: Workbench) -> Fan:
    (only,) = bench.core.snapshot.fans
    return only


def turn(bench: Workbench, rpm: float | None, seconds: int) -> None:
    """A reading each second, the first one at once."""
    for _ in range(seconds):
        bench.fan(2, rpm)
        bench.run(1)


def test_it_shows_what_the_fan_was_told_and_does() -> None:
    bench = bench_with(duty_percent=60)
    assert fan(bench) == Fan(2, "Fan 2", 60, None, SensorStatus.STALE)
    bench.fan(2, 1850.0)
    assert fan(bench) == Fan(2, "Fan 2", 60, 1850, SensorStatus.OK)


def test_one_without_tacho_is_no_alarm() -> None:
    bench = bench_with()
    turn(bench, None, 10)
    assert (fan(bench).status, fan(bench).speed_rpm) == (SensorStatus.OK, None)
    assert bench.alarms("fan") == []


def test_standing_for_five_seconds_is_an_alarm_once() -> None:
    bench = bench_with()
    turn(bench, 2000.0, 2)
    turn(bench, 0.0, 5)
    assert (fan(bench).status, bench.alarms("fan")) == (SensorStatus.OK, [])
    turn(bench, 0.0, 4)
    assert (fan(bench).status, fan(bench).speed_rpm) == (SensorStatus.FAULT, 0)
    (alarm,) = bench.alarms("fan")
    assert alarm.target == Target(TargetKind.FAN, 2)
    assert alarm.text == "0 rpm at a duty of 100 %"
    assert len(bench.events(AlarmRaised)) == 1
    turn(bench, 2000.0, 5)
    assert bench.alarms("fan")[0].text == "0 rpm at a duty of 100 %"
    turn(bench, 2000.0, 1)
    assert (fan(bench).status, bench.alarms("fan")) == (SensorStatus.OK, [])
    assert len(bench.events(AlarmCleared)) == 1


def test_a_fan_that_starts_within_five_seconds_is_no_alarm() -> None:
    bench = bench_with()
    for _ in range(4):
        turn(bench, 0.0, 4)
        turn(bench, 900.0, 1)
    assert bench.alarms("fan") == []


@pytest.mark.parametrize(("duty", "alarms"), [(0.0, 0), (30.0, 0), (31.0, 1)])
def test_a_low_duty_need_not_start_a_fan(duty: float, alarms: int) -> None:
    bench = bench_with(duty_percent=duty)
    turn(bench, 0.0, 10)
    assert len(bench.alarms("fan")) == alarms


def test_slower_than_its_limit_is_an_alarm_too() -> None:
    bench = bench_with(min_rpm=800)
    turn(bench, 800.0, 10)
    assert bench.alarms("fan") == []
    turn(bench, 799.0, 7)
    assert len(bench.alarms("fan")) == 1


def test_a_fan_at_its_limit_is_one_alarm_until_it_is_clearly_above() -> None:
    bench = bench_with(min_rpm=800)
    turn(bench, 799.0, 7)
    for _ in range(10):
        turn(bench, 799.0, 6)
        turn(bench, 801.0, 6)
        turn(bench, 900.0, 2)
    assert len(bench.events(AlarmRaised)) == 1
    assert len(bench.alarms("fan")) == 1
    turn(bench, 841.0, 7)
    assert bench.alarms("fan") == []


def test_a_fan_that_stands_again_and_again_is_one_alarm() -> None:
    bench = bench_with()
    for _ in range(5):
        turn(bench, 0.0, 7)
        turn(bench, 2000.0, 2)
    assert len(bench.events(AlarmRaised)) == 1


def test_a_failing_chip_is_a_fault_at_once_and_recovers() -> None:
    bench = bench_with()
    bench.fan(2, 2000.0)
    for _ in range(3):
        bench.fan(2, None, "emc2101: nothing answers")
    assert (fan(bench).status, fan(bench).speed_rpm) == (SensorStatus.FAULT, None)
    (alarm,) = bench.alarms("fan")
    assert alarm.text == "emc2101: nothing answers"
    bench.fan(2, 2000.0)
    assert (fan(bench).status, bench.alarms("fan")) == (SensorStatus.OK, [])


def test_silence_is_stale_with_the_last_speed() -> None:
    bench = bench_with(interval_s=2)
    bench.fan(2, 2000.0)
    bench.run(6)
    assert fan(bench).status is SensorStatus.OK
    bench.run(2)
    assert (fan(bench).status, fan(bench).speed_rpm) == (SensorStatus.STALE, 2000)
    assert [alarm.text for alarm in bench.alarms("fan")] == ["not heard of for 6 s"]
    bench.run(60)
    assert (fan(bench).status, fan(bench).speed_rpm) == (SensorStatus.ABSENT, None)
    assert [alarm.text for alarm in bench.alarms("fan")] == ["not heard of for 6 s"]


def test_one_that_never_answers_is_absent() -> None:
    bench = bench_with(interval_s=2)
    bench.run(8)
    assert fan(bench).status is SensorStatus.ABSENT


def test_a_fan_that_is_not_configured_is_ignored() -> None:
    bench = bench_with()
    bench.fan(7, 2000.0)
    assert fan(bench).speed_rpm is None
