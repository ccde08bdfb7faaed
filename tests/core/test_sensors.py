# SPDX-License-Identifier: Apache-2.0
"""Sensors: fresh, stale, failing, absent; their extremes, their names, their alarm."""

from __future__ import annotations

import math

import pytest

from pdu_agent.core.settings import SensorSettings
from pdu_agent.model.commands import (
    ConfigureSensor,
    Reset,
    ResetMeter,
    SensorSetting,
    Target,
    TargetKind,
)
from pdu_agent.model.errors import InvalidValue, UnknownTarget
from pdu_agent.model.events import ContactChanged, SensorChanged
from pdu_agent.model.snapshot import Sensor, SensorKind, SensorStatus, Severity
from tests.core.bench import Workbench

SENSOR = Target(TargetKind.SENSOR, 5)
SETTINGS = SensorSettings(5, kind=SensorKind.HUMIDITY, serial="S-1", stale_after_s=30)


@pytest.fixture
def bench() -> Workbench:
    return Workbench(outlets=1, sensors=(SETTINGS,))


def sensor(bench: Workbench) -> Sensor:
    (only,) = bench.core.snapshot.sensors
    return only


def changes(bench: Workbench) -> list[tuple[SensorStatus, SensorStatus]]:
    return [
        (event.old, event.new)
        for event in bench.events(SensorChanged)
        if isinstance(event, SensorChanged)
    ]


def test_it_shows_the_newest_value_and_its_extremes(bench: Workbench) -> None:
    for value in (41.0, 39.5, 44.0, 40.0):
        bench.sense(5, value)
    row = sensor(bench)
    assert (row.index, row.name, row.kind, row.serial) == (
        5,
        "Sensor 5",
        SensorKind.HUMIDITY,
        "S-1",
    )
    assert (row.value, row.status, row.minimum, row.maximum) == (40, SensorStatus.OK, 39.5, 44)
    assert row.sample_wall_s == bench.clock.wall_s()


def test_the_first_value_after_the_start_is_nothing_to_tell(bench: Workbench) -> None:
    assert (sensor(bench).status, sensor(bench).value) == (SensorStatus.STALE, None)
    bench.run(29)
    bench.sense(5, 40.0)
    assert changes(bench) == []
    assert bench.alarms("sensor") == []


def test_one_that_never_answers_is_absent(bench: Workbench) -> None:
    bench.run(32)
    assert sensor(bench).status is SensorStatus.ABSENT
    assert changes(bench) == [(SensorStatus.STALE, SensorStatus.ABSENT)]
    bench.sense(5, 40.0)
    assert changes(bench) == [(SensorStatus.ABSENT, SensorStatus.OK)]
    assert bench.alarms("sensor") == []


def test_silence_keeps_the_last_value_and_says_so(bench: Workbench) -> None:
    bench.sense(5, 40.0)
    bench.run(32)
    assert (sensor(bench).status, sensor(bench).value) == (SensorStatus.STALE, 40)
    (alarm,) = bench.alarms("sensor")
    assert (alarm.target, alarm.severity) == (SENSOR, Severity.WARNING)
    assert alarm.text == "no value for 30 s"
    bench.sense(5, 41.0)
    assert bench.alarms("sensor") == []
    assert changes(bench) == [
        (SensorStatus.OK, SensorStatus.STALE),
        (SensorStatus.STALE, SensorStatus.OK),
    ]


def test_a_long_silence_leaves_no_value_and_alarms_no_second_time(bench: Workbench) -> None:
    bench.sense(5, 40.0)
    bench.run(299)
    (alarm,) = bench.alarms("sensor")
    bench.run(3)
    assert (sensor(bench).status, sensor(bench).value) == (SensorStatus.ABSENT, None)
    assert bench.alarms("sensor") == [alarm]
    bench.sense(5, 41.0)
    assert (sensor(bench).status, sensor(bench).value) == (SensorStatus.OK, 41)


@pytest.mark.parametrize("value", [None, math.nan, math.inf])
def test_a_failure_shows_no_value_and_is_told_once(bench: Workbench, value: float | None) -> None:
    bench.sense(5, 40.0)
    for _ in range(3):
        bench.sense(5, value, "chip gone" if value is None else "")
    row = sensor(bench)
    assert (row.status, row.value) == (SensorStatus.FAULT, None)
    assert (row.minimum, row.maximum) == (40, 40)
    assert len(bench.alarms("sensor")) == 1
    assert changes(bench) == [(SensorStatus.OK, SensorStatus.FAULT)]
    bench.run(60)
    assert changes(bench) == []


@pytest.mark.parametrize("kind", [SensorKind.CONTACT, SensorKind.WATER])
def test_a_contact_tells_when_it_changes_over_and_when_it_begins_closed(kind: SensorKind) -> None:
    bench = Workbench(outlets=1, sensors=(SensorSettings(5, kind=kind),))
    bench.heard.drain()
    for value in (1.0, 1.0, 0.0, None, 0.0, 1.0):
        bench.sense(5, value)
    told = [e for e in bench.heard.drain() if isinstance(e, SensorChanged | ContactChanged)]
    at_s = bench.clock.wall_s()
    lost, found = (SensorStatus.OK, SensorStatus.FAULT), (SensorStatus.FAULT, SensorStatus.OK)
    assert told == [
        ContactChanged(at_s, 5, True),
        ContactChanged(at_s, 5, False),
        SensorChanged(at_s, 5, *lost),
        SensorChanged(at_s, 5, *found),
        ContactChanged(at_s, 5, True),
    ]


def test_values_that_are_no_two_states_change_without_a_word(bench: Workbench) -> None:
    for value in (0.0, 40.0):
        bench.sense(5, value)
    assert bench.events(ContactChanged) == []


def test_a_reading_of_an_unknown_sensor_is_ignored(bench: Workbench) -> None:
    bench.sense(6, 40.0)
    assert sensor(bench).value is None


def test_reset_forgets_the_extremes_but_for_the_present_value(bench: Workbench) -> None:
    for value in (30.0, 50.0, 40.0):
        bench.sense(5, value)
    bench.submit(ResetMeter(SENSOR, Reset.ALL))
    assert (sensor(bench).minimum, sensor(bench).maximum) == (40, 40)
    with pytest.raises(InvalidValue, match="no peak"):
        bench.submit(ResetMeter(SENSOR, Reset.PEAK))
    with pytest.raises(UnknownTarget):
        bench.submit(ResetMeter(Target(TargetKind.SENSOR, 6), Reset.ALL))


def test_extremes_and_name_survive_a_restart(bench: Workbench) -> None:
    bench.sense(5, 30.0)
    bench.sense(5, 50.0)
    bench.submit(ConfigureSensor(5, SensorSetting.NAME, "door"))
    again = Workbench(outlets=1, sensors=(SETTINGS,), record=bench.core.final_record())
    row = sensor(again)
    assert (row.name, row.minimum, row.maximum, row.value) == ("door", 30, 50, None)
    with pytest.raises(UnknownTarget):
        bench.submit(ConfigureSensor(6, SensorSetting.NAME, "x"))
