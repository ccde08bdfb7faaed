# SPDX-License-Identifier: Apache-2.0
"""rPDU2: probes and contacts, by known answers."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pdu_agent.mib_impl.powernet.rpdu2_probe import probes
from pdu_agent.mib_impl.set_errors import ErrorStatus, SetError
from pdu_agent.mib_impl.syntax import Value
from pdu_agent.mib_impl.view import NO_SUCH_INSTANCE
from pdu_agent.model.commands import (
    Command,
    ConfigureSensor,
    ConfigureThreshold,
    Limit,
    Quantity,
    Reset,
    ResetMeter,
    SensorSetting,
    Target,
    TargetKind,
    ThresholdSetting,
)
from pdu_agent.model.snapshot import Sensor, SensorKind, SensorStatus, ThresholdState
from tests.mib.powernet_unit import GREATEST
from tests.mib.rpdu2_unit import (
    PROBE,
    SENSORS,
    THRESHOLDS,
    Rpdu2Bench,
    local,
    rpdu2_unit,
    text,
    threshold,
)
from tests.mib.unit import WALL_S, integer

NO_PROBE = b"noTempSensorInstalled"
NOT_PRESENT = 1

HUMIDITY_ONLY = replace(SENSORS[3], serial="")


def bench_of(*sensors: Sensor) -> Rpdu2Bench:
    return Rpdu2Bench(rpdu2_unit(sensors=sensors))


def test_two_sensors_with_one_serial_number_are_one_probe() -> None:
    bench = Rpdu2Bench()
    assert bench.content("10.1.0") == 2
    assert bench.contents("10.2.2", *range(1, 16)) == [
        1,
        1,
        b"intake",
        1,
        2,
        2,
        751,  # 23.94 C = 75.09 F
        239,
        5,
        48,
        2,
        879,
        311,
        local(WALL_S - 60),
        local(WALL_S - 600),
    ]


def test_a_temperature_sensor_by_itself_is_a_probe_without_humidity() -> None:
    assert Rpdu2Bench().contents("10.2.2", *range(1, 16), index=2) == [
        2,
        1,
        b"exhaust",
        2,
        1,
        2,
        243,  # -4.26 C = 24.33 F
        -43,
        4,
        -1,
        NOT_PRESENT,
        -1,
        -1,
        local(WALL_S - 60),
        local(WALL_S - 600),
    ]


def test_a_humidity_sensor_by_itself_is_a_probe_without_temperature() -> None:
    bench = bench_of(HUMIDITY_ONLY)
    assert bench.contents("10.2.2", *range(3, 16)) == [
        b"intake RH",
        1,
        2,
        2,
        -1,
        -1,
        NOT_PRESENT,
        48,
        2,
        -1,
        -1,
        NO_PROBE,
        NO_PROBE,
    ]


def test_without_any_probe_the_place_for_one_is_shown_as_recorded() -> None:
    bench = bench_of()
    assert bench.content("10.1.0") == 0
    assert bench.contents("10.2.2", *range(1, 16)) == [
        1,
        1,
        b"",
        1,
        4,
        1,
        -1,
        -1,
        NOT_PRESENT,
        -1,
        NOT_PRESENT,
        -1,
        -1,
        NO_PROBE,
        NO_PROBE,
    ]
    assert bench.get("10.2.1.1.1.1") is NO_SUCH_INSTANCE


def test_sensors_without_or_with_different_serial_numbers_are_not_paired() -> None:
    other = replace(SENSORS[3], serial="TH-2")
    for pair in ((replace(PROBE, serial=""), HUMIDITY_ONLY), (PROBE, other)):
        assert bench_of(*pair).content("10.1.0") == 2


def test_each_further_pair_with_the_same_serial_number_is_another_probe() -> None:
    again = (replace(PROBE, index=8), replace(SENSORS[3], index=9))
    found = probes(rpdu2_unit(sensors=(*SENSORS, *again)))
    numbers = [[half.sensor.index for half in probe.halves] for probe in found]
    assert numbers == [[2, 4], [3], [8, 9]]


@pytest.mark.parametrize(
    ("status", "kind", "comms"),
    [
        (SensorStatus.OK, 2, 2),
        (SensorStatus.STALE, 3, 3),
        (SensorStatus.FAULT, 3, 3),
        (SensorStatus.ABSENT, 3, 3),  # 4 and 1 would hide the temperature
    ],
)
def test_a_probe_is_as_well_as_its_worse_sensor(
    status: SensorStatus, kind: int, comms: int
) -> None:
    bench = bench_of(PROBE, replace(SENSORS[3], status=status))
    assert bench.contents("10.2.2", 5, 6) == [kind, comms]


@pytest.mark.parametrize(
    ("state", "number"),
    [
        (ThresholdState.UNKNOWN, 1),
        (ThresholdState.LOW_CRITICAL, 2),
        (ThresholdState.LOW_WARNING, 3),
        (ThresholdState.NORMAL, 4),
        (ThresholdState.HIGH_WARNING, 5),
        (ThresholdState.HIGH_CRITICAL, 6),
    ],
)
def test_which_limit_a_probe_has_passed(state: ThresholdState, number: int) -> None:
    thresholds = tuple(replace(row, state=state) for row in THRESHOLDS)
    bench = Rpdu2Bench(rpdu2_unit(thresholds=thresholds))
    assert bench.contents("10.2.2", 9, 11) == [number, number]


def test_a_probe_that_is_not_there() -> None:
    gone = [replace(sensor, status=SensorStatus.ABSENT) for sensor in (PROBE, SENSORS[3])]
    assert bench_of(*gone).contents("10.2.2", 5, 6) == [4, 1]


def test_values_of_a_probe_that_fell_silent_are_not_shown_and_its_peak_is() -> None:
    silent = [replace(sensor, status=SensorStatus.STALE) for sensor in (PROBE, SENSORS[3])]
    assert bench_of(*silent).contents("10.2.2", 7, 8, 10, 13) == [-1, -1, -1, 311]


def test_a_sensor_without_a_value_or_a_peak() -> None:
    lost = replace(
        PROBE,
        status=SensorStatus.FAULT,
        value=None,
        maximum=None,
        maximum_wall_s=None,
        extremes_since_wall_s=None,
    )
    never = [b"notsupported "] * 2
    assert bench_of(lost).contents("10.2.2", 7, 8, 12, 13, 14, 15) == [-1, -1, -1, -1, *never]


def test_settings_of_a_probe() -> None:
    assert Rpdu2Bench().contents("10.2.1", *range(1, 17)) == [
        1,
        1,
        b"intake",
        1,
        2,
        2,
        104,
        73,  # 22.5 C = 72.5 F
        4,
        40,
        23,
        2,
        30,
        20,
        3,
        1,
    ]


def test_limits_are_shown_while_their_alarm_is_disabled() -> None:
    bench = Rpdu2Bench()
    columns = bench.contents("10.2.1", *range(5, 17), index=2)
    assert columns == [1, 1, 140, 138, 0, 60, 59, 0, -1, -1, -1, 1]


@pytest.mark.parametrize("column", [7, 8, 10, 11])
def test_a_high_limit_that_was_never_set_is_one_that_nothing_passes(column: int) -> None:
    unset = threshold(TargetKind.SENSOR, 2, Quantity.TEMPERATURE)
    bench = Rpdu2Bench(rpdu2_unit(thresholds=(unset,)))
    assert bench.content(f"10.2.1.1.{column}.1") == GREATEST


TEMPERATURE = (Target(TargetKind.SENSOR, 2), Quantity.TEMPERATURE)
HUMIDITY = (Target(TargetKind.SENSOR, 4), Quantity.HUMIDITY)
NO_LIMIT: frozenset[Limit] = frozenset()


@pytest.mark.parametrize(
    ("column", "value", "command"),
    [
        (3, text("front"), ConfigureSensor(2, SensorSetting.NAME, "front")),
        (5, integer(1), ConfigureThreshold(*TEMPERATURE, ThresholdSetting.ENABLED, NO_LIMIT)),
        (
            6,
            integer(2),
            ConfigureThreshold(
                *HUMIDITY,
                ThresholdSetting.ENABLED,
                frozenset({Limit.LOW_WARNING, Limit.LOW_CRITICAL}),
            ),
        ),
        (7, integer(104), ConfigureThreshold(*TEMPERATURE, ThresholdSetting.HIGH_CRITICAL, 40)),
        (8, integer(-40), ConfigureThreshold(*TEMPERATURE, ThresholdSetting.HIGH_WARNING, -40)),
        (9, integer(9), ConfigureThreshold(*TEMPERATURE, ThresholdSetting.HYSTERESIS, 5)),
        (10, integer(41), ConfigureThreshold(*TEMPERATURE, ThresholdSetting.HIGH_CRITICAL, 41)),
        (11, integer(-5), ConfigureThreshold(*TEMPERATURE, ThresholdSetting.HIGH_WARNING, -5)),
        (12, integer(1), ConfigureThreshold(*TEMPERATURE, ThresholdSetting.HYSTERESIS, 1)),
        (13, integer(90), ConfigureThreshold(*HUMIDITY, ThresholdSetting.LOW_WARNING, 90)),
        (14, integer(15), ConfigureThreshold(*HUMIDITY, ThresholdSetting.LOW_CRITICAL, 15)),
        (15, integer(4), ConfigureThreshold(*HUMIDITY, ThresholdSetting.HYSTERESIS, 4)),
        (16, integer(2), ResetMeter(TEMPERATURE[0], Reset.ALL)),
    ],
)
def test_what_is_written_is_what_the_core_is_told(
    column: int, value: Value, command: Command
) -> None:
    assert Rpdu2Bench().commands((f"10.2.1.1.{column}.1", value)) == [command]


def test_an_alarm_leaves_the_other_limits_of_its_threshold_alone() -> None:
    temperature = next(row for row in THRESHOLDS if row.quantity is Quantity.TEMPERATURE)
    watched = replace(temperature, enabled=frozenset({Limit.LOW_WARNING}))
    bench = Rpdu2Bench(rpdu2_unit(thresholds=(watched,)))
    assert bench.content("10.2.1.1.5.1") == 1
    [command] = bench.commands(("10.2.1.1.5.1", integer(2)))
    assert isinstance(command, ConfigureThreshold)
    assert command.value == {Limit.LOW_WARNING, Limit.HIGH_WARNING, Limit.HIGH_CRITICAL}
    assert bench.commands(("10.2.1.1.5.1", integer(1))) == [
        replace(command, value=frozenset({Limit.LOW_WARNING}))
    ]


@pytest.mark.parametrize("fahrenheit", range(-40, 200, 7))
def test_a_limit_in_fahrenheit_reads_back_as_it_was_written(fahrenheit: int) -> None:
    [command] = Rpdu2Bench().commands(("10.2.1.1.7.1", integer(fahrenheit)))
    assert isinstance(command, ConfigureThreshold)
    assert isinstance(command.value, float)
    temperature = next(row for row in THRESHOLDS if row.quantity is Quantity.TEMPERATURE)
    written = replace(temperature, high_critical=command.value)
    assert Rpdu2Bench(rpdu2_unit(thresholds=(written,))).content("10.2.1.1.7.1") == fahrenheit


@pytest.mark.parametrize(
    ("column", "value", "status"),
    [
        (3, text("n" * 33), ErrorStatus.WRONG_LENGTH),
        (4, integer(1), ErrorStatus.NOT_WRITABLE),
        (5, integer(0), ErrorStatus.WRONG_VALUE),
        (6, integer(3), ErrorStatus.WRONG_VALUE),
        (9, integer(-1), ErrorStatus.WRONG_VALUE),
        (12, integer(-1), ErrorStatus.WRONG_VALUE),
        (13, integer(14), ErrorStatus.WRONG_VALUE),
        (14, integer(91), ErrorStatus.WRONG_VALUE),
        (15, integer(101), ErrorStatus.WRONG_VALUE),
        (16, integer(3), ErrorStatus.WRONG_VALUE),
    ],
)
def test_bad_input_is_refused(column: int, value: Value, status: ErrorStatus) -> None:
    bench = Rpdu2Bench()
    with pytest.raises(SetError) as refused:
        bench.commands((f"10.2.1.1.{column}.1", value))
    assert refused.value.status is status
    assert bench.bench.controller.submitted == []


@pytest.mark.parametrize("column", [6, 13, 14, 15])
def test_the_humidity_of_a_probe_without_it_cannot_be_set(column: int) -> None:
    with pytest.raises(SetError) as refused:
        Rpdu2Bench().commands((f"10.2.1.1.{column}.2", integer(2 if column == 6 else 20)))
    assert refused.value.status is ErrorStatus.NOT_WRITABLE


def test_the_temperature_peak_of_a_probe_without_temperature_cannot_be_reset() -> None:
    bench = bench_of(HUMIDITY_ONLY)
    assert bench.get("10.2.1.1.16.1") is NO_SUCH_INSTANCE
    with pytest.raises(SetError) as refused:
        bench.commands(("10.2.1.1.16.1", integer(2)))
    assert refused.value.status is ErrorStatus.NOT_WRITABLE


@pytest.mark.parametrize("index", [0, 3])
def test_there_are_no_other_probes(index: int) -> None:
    bench = Rpdu2Bench()
    assert bench.get(f"10.2.2.1.1.{index}") is NO_SUCH_INSTANCE
    with pytest.raises(SetError) as refused:
        bench.commands((f"10.2.1.1.3.{index}", text("x")))
    assert refused.value.status is ErrorStatus.NO_CREATION


def test_a_contact() -> None:
    bench = Rpdu2Bench()
    assert bench.content("10.3.0") == 1
    assert bench.contents("10.4.1", 1, 2, 3, 4) == [1, 1, b"door", 1]
    assert bench.contents("10.4.2", *range(1, 8)) == [1, 1, b"door", 1, 6, 2, 2]
    assert bench.commands(("10.4.1.1.3.1", text("gate"))) == [
        ConfigureSensor(1, SensorSetting.NAME, "gate")
    ]


@pytest.mark.parametrize(
    ("status", "value", "contents"),
    [
        (SensorStatus.OK, 0.0, [2, 1]),
        (SensorStatus.OK, 1.0, [2, 2]),
        (SensorStatus.STALE, 1.0, [3, 3]),  # the last known state is not the current one
        (SensorStatus.FAULT, None, [3, 3]),
        (SensorStatus.ABSENT, None, [1, 3]),
    ],
)
def test_the_state_of_a_contact(
    status: SensorStatus, value: float | None, contents: list[int]
) -> None:
    bench = bench_of(replace(PROBE, kind=SensorKind.CONTACT, value=value, status=status))
    assert bench.contents("10.4.2", 6, 7) == contents
