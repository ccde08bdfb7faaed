# SPDX-License-Identifier: Apache-2.0
"""Fans that follow a temperature: the curve, its hysteresis, and full speed in doubt."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdu_agent.core.settings import FanSettings, SensorSettings
from pdu_agent.core.watching.fan_curve import duty_at, regulated
from pdu_agent.model.errors import ConfigError
from pdu_agent.model.events import AlarmRaised
from tests.core.bench import OPS, Workbench

CURVE = ((25.0, 30.0), (35.0, 60.0), (45.0, 100.0))
FAN = FanSettings(2, sensor=1, curve=CURVE)


def bench_with(fan: FanSettings = FAN) -> Workbench:
    return Workbench(outlets=1, fans=(fan,), sensors=(SensorSettings(1, stale_after_s=30),))


def told(bench: Workbench) -> list[float]:
    """What the fan was told since the last call."""
    orders = list(bench.duties)
    bench.duties.clear()
    assert all(order.fan == 2 for order in orders)
    return [order.duty_percent for order in orders]


def shown_duty(bench: Workbench) -> float:
    return bench.core.snapshot.fans[0].duty_percent


@pytest.mark.parametrize(
    ("celsius", "percent"),
    [(-10, 30), (25, 30), (30, 45), (35, 60), (40, 80), (45, 100), (90, 100)],
)
def test_the_curve_is_linear_between_its_corners(celsius: float, percent: float) -> None:
    assert duty_at(CURVE, celsius) == percent


def test_a_temperature_ramp_gives_the_curve_up_and_two_kelvin_late_down() -> None:
    bench = bench_with()
    told(bench)
    for celsius in range(20, 51):
        bench.sense(1, float(celsius))
        if celsius > 23:  # from full speed it first comes down
            assert shown_duty(bench) == pytest.approx(max(duty_at(CURVE, celsius), 30), abs=7)
    assert shown_duty(bench) == 100
    bench.sense(1, 43.0)
    assert shown_duty(bench) == 100
    for celsius in range(42, 19, -1):
        bench.sense(1, float(celsius))
        assert shown_duty(bench) == duty_at(CURVE, celsius + 2)


def test_noise_around_a_corner_moves_nothing() -> None:
    bench = bench_with()
    bench.sense(1, 35.0)
    bench.sense(1, 36.0)
    told(bench)
    for step in range(200):
        bench.sense(1, 35.5 + 0.5 * math.cos(step))
        bench.run(1)
    assert told(bench) == []


def test_it_is_told_only_what_is_new_by_a_percent() -> None:
    bench = bench_with()
    bench.sense(1, 30.0)
    told(bench)
    bench.sense(1, 32.3)
    assert told(bench) == []  # it had come down to 51 %, where the hysteresis left it
    bench.sense(1, 33.0)
    assert told(bench) == [54.0]


def test_full_speed_until_the_first_value() -> None:
    bench = bench_with()
    assert (shown_duty(bench), told(bench), bench.alarms("cooling")) == (100, [], [])
    bench.sense(1, 20.0)
    assert (shown_duty(bench), told(bench)) == (30, [30.0])


def test_a_pulled_sensor_is_full_speed_within_its_stale_time_and_one_alarm() -> None:
    bench = bench_with()
    bench.sense(1, 20.0)
    told(bench)
    bench.run(29)
    assert told(bench) == []
    bench.run(2)
    assert told(bench) == [100.0]
    bench.run(300)
    (alarm,) = bench.alarms("cooling")
    assert alarm.text == "at full speed: sensor 1: no value for 30 s"
    assert len([e for e in bench.events(AlarmRaised) if e.alarm.kind == "cooling"]) == 1
    bench.sense(1, 20.0)
    assert (told(bench), bench.alarms("cooling")) == ([30.0], [])


def test_a_failing_sensor_is_full_speed_at_once() -> None:
    bench = bench_with()
    bench.sense(1, 20.0)
    bench.sense(1, None, "ds18b20: CRC")
    assert shown_duty(bench) == 100


@pytest.mark.parametrize("celsius", [1e9, -273.15, 126.0])
def test_what_cannot_be_true_is_full_speed_and_an_alarm(celsius: float) -> None:
    bench = bench_with(FanSettings(2, sensor=1, curve=((25, 30), (45, 80))))
    bench.sense(1, 20.0)
    bench.sense(1, celsius)
    assert shown_duty(bench) == 100
    assert "cannot be" in bench.alarms("cooling")[0].text


def test_a_slow_fan_is_judged_by_what_it_was_told() -> None:
    bench = bench_with()
    bench.sense(1, 20.0)
    for _ in range(10):
        bench.fan(2, 0.0)
        bench.sense(1, 20.0)
        bench.run(1)
    assert bench.alarms("fan") == []  # 30 % need not start it
    for _ in range(10):
        bench.fan(2, 0.0)
        bench.sense(1, 40.0)
        bench.run(1)
    assert [alarm.text for alarm in bench.alarms("fan")] == ["0 rpm at a duty of 80 %"]


def test_a_reload_to_a_fixed_duty_tells_it_and_ends_the_alarm() -> None:
    bench = bench_with()
    bench.sense(1, None, "gone")
    assert len(bench.alarms("cooling")) == 1
    fixed = replace(bench.settings, fans=(FanSettings(2, duty_percent=50),))
    bench.core.renew(fixed, OPS)
    assert (told(bench), bench.alarms("cooling")) == ([50.0], [])
    bench.core.renew(bench.settings, OPS)
    bench.sense(1, 25.0)
    assert told(bench) == [36.0]


@given(st.lists(st.floats(-40, 125), min_size=1, max_size=30), st.floats(0, 20))
def test_it_is_never_slower_than_the_curve_nor_faster_than_the_hysteresis_allows(
    temperatures: list[float], hysteresis_c: float
) -> None:
    fan = FanSettings(1, sensor=1, curve=CURVE, hysteresis_c=hysteresis_c)
    duty = 100.0
    for celsius in temperatures:
        duty = regulated(fan, celsius, duty)
        assert duty_at(CURVE, celsius) <= duty <= duty_at(CURVE, celsius + hysteresis_c)


@pytest.mark.parametrize(
    "wrong",
    [
        {"curve": CURVE},
        {"sensor": 1},
        {"sensor": 1, "curve": CURVE, "duty_percent": 50},
        {"sensor": 1, "curve": ((25, 30),)},
        {"sensor": 1, "curve": ((25, 30), (25, 60))},
        {"sensor": 1, "curve": ((25, 60), (35, 30))},
        {"sensor": 1, "curve": ((25, 30, 1), (35, 60))},
        {"sensor": 1, "curve": ((25, 30), (35, 101))},
    ],
)
def test_a_curve_that_is_none_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ConfigError):
        FanSettings(1, **wrong)  # type: ignore[arg-type]
