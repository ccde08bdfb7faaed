# SPDX-License-Identifier: Apache-2.0
"""Thresholds: when a limit counts as passed, when it clears, and what may be set."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdu_agent.core.settings import SensorSettings, ThresholdSettings
from pdu_agent.core.watching.limits import Limits
from pdu_agent.core.watching.thresholds import UNITS, Watch
from pdu_agent.model.commands import (
    ConfigureThreshold,
    Limit,
    Quantity,
    Reset,
    ResetMeter,
    Target,
    TargetKind,
    ThresholdSetting,
)
from pdu_agent.model.errors import CommandError, InvalidValue, NotNow, UnknownTarget
from pdu_agent.model.events import AlarmCleared, AlarmRaised
from pdu_agent.model.snapshot import SensorKind, Severity, ThresholdState
from tests.core.bench import INLET, Workbench

CURRENT = Quantity.CURRENT
OUTLET_1 = Target(TargetKind.OUTLET, 1)
SENSOR_1 = Target(TargetKind.SENSOR, 1)
LIMITS_OF_16_A = ThresholdSettings(
    INLET, CURRENT, high_warning=12.8, high_critical=16.0, hysteresis=0.5, delay_s=2.0
)


def bench_of(**changes: object) -> Workbench:
    return Workbench(outlets=2, thresholds=(replace(LIMITS_OF_16_A, **changes),))


def feed(bench: Workbench, current_a: float, seconds: float = 0.0) -> ThresholdState:
    """The state after `seconds` of this current, read five times a second."""
    bench.read(current_a=current_a)
    for _ in range(round(seconds * 5)):
        bench.run(0.2)
        bench.read(current_a=current_a)
    return bench.threshold(CURRENT).state


def configure(setting: ThresholdSetting, value: float | frozenset[Limit]) -> ConfigureThreshold:
    return ConfigureThreshold(INLET, CURRENT, setting, value)


def test_rows_tell_of_their_own_instant_whenever_they_are_looked_at() -> None:
    bench = bench_of(delay_s=0.0)
    feed(bench, 5.0)
    before = bench.core.snapshot
    feed(bench, 17.0)
    bench.submit(configure(ThresholdSetting.HIGH_CRITICAL, 20.0))
    row = next(row for row in before.thresholds if row.quantity is CURRENT)
    assert (row.value, row.state, row.high_critical) == (5.0, ThresholdState.NORMAL, 16.0)
    assert bench.threshold(CURRENT).value == 17.0


# which rows there are


def test_every_metered_quantity_has_a_row_that_watches_nothing() -> None:
    bench = Workbench(
        outlets=1, sensors=(SensorSettings(1), SensorSettings(2, kind=SensorKind.WATER))
    )
    rows = bench.core.snapshot.thresholds
    assert [(str(row.target), row.quantity.value) for row in rows] == [
        ("inlet 1", "voltage"),
        ("inlet 1", "current"),
        ("inlet 1", "active power"),
        ("inlet 1", "apparent power"),
        ("inlet 1", "power factor"),
        ("inlet 1", "frequency"),
        ("inlet 1", "energy"),
        ("inlet 1", "demand"),
        ("outlet 1", "current"),
        ("outlet 1", "active power"),
        ("outlet 1", "energy"),
        ("outlet 1", "demand"),
        ("sensor 1", "temperature"),
        ("unit 1", "current"),
        ("unit 1", "active power"),
        ("unit 1", "energy"),
        ("unit 1", "demand"),
    ]
    assert all(row.enabled == frozenset() for row in rows)
    assert all(row.state is ThresholdState.UNKNOWN and row.value is None for row in rows)


def test_a_row_shows_its_value_though_nothing_is_watched() -> None:
    bench = Workbench(outlets=1)
    bench.read(voltage_v=231.5)
    row = bench.threshold(Quantity.VOLTAGE)
    assert (row.value, row.state) == (231.5, ThresholdState.NORMAL)
    assert bench.threshold(Quantity.CURRENT).value is None  # not measured by this meter


def test_a_limit_that_the_file_gives_is_watched() -> None:
    row = bench_of().threshold(CURRENT)
    assert row.enabled == {Limit.HIGH_WARNING, Limit.HIGH_CRITICAL}
    assert (row.high_warning, row.high_critical, row.hysteresis, row.delay_s) == (12.8, 16, 0.5, 2)


# known answers


def test_a_limit_is_passed_at_the_limit_after_the_delay() -> None:
    bench = bench_of()
    assert feed(bench, 12.79, 10) is ThresholdState.NORMAL
    assert feed(bench, 12.8, 1.8) is ThresholdState.NORMAL
    assert feed(bench, 12.8, 0.4) is ThresholdState.HIGH_WARNING
    (alarm,) = bench.alarms("threshold")
    assert (alarm.severity, alarm.target, alarm.subject) == (
        Severity.WARNING,
        INLET,
        "inlet 1 current",
    )
    assert alarm.text == "12.8 A is at or above high warning 12.8 A"
    assert alarm.crossing is not None
    assert (alarm.crossing.value, alarm.crossing.limit) == (12.8, 12.8)


def test_a_break_starts_the_delay_anew() -> None:
    bench = bench_of()
    feed(bench, 13, 1.8)
    feed(bench, 12, 0)
    assert feed(bench, 13, 1.8) is ThresholdState.NORMAL


def test_it_clears_at_once_below_the_hysteresis_and_not_at_it() -> None:
    bench = bench_of(hysteresis=0.8)
    feed(bench, 13, 2.4)
    assert feed(bench, 12.8 - 0.8, 60) is ThresholdState.HIGH_WARNING
    assert feed(bench, 11.99) is ThresholdState.NORMAL
    assert bench.alarms("threshold") == []
    (cleared,) = bench.events(AlarmCleared)
    assert isinstance(cleared, AlarmCleared)
    crossing = cleared.alarm.crossing
    assert crossing is not None
    assert (crossing.state, crossing.value, crossing.limit) == (ThresholdState.NORMAL, 11.99, 12.8)


def test_a_low_limit_is_the_mirror_image() -> None:
    bench = Workbench(
        outlets=1,
        thresholds=(
            ThresholdSettings(
                INLET, Quantity.VOLTAGE, low_critical=190.0, low_warning=207.0, hysteresis=3
            ),
        ),
    )
    states = []
    for voltage_v in (230, 207, 210, 210.1, 190, 193, 193.1, 230):
        bench.read(voltage_v=voltage_v)
        states.append(bench.threshold(Quantity.VOLTAGE).state.value)
    assert states == [
        "normal",
        "low warning",
        "low warning",
        "normal",
        "low critical",
        "low critical",
        "low warning",
        "normal",
    ]


def test_more_severe_is_told_again_as_the_same_alarm() -> None:
    bench = bench_of(delay_s=0.0)
    feed(bench, 13)
    feed(bench, 17)
    feed(bench, 15)
    raised = [event.alarm for event in bench.events(AlarmRaised) if isinstance(event, AlarmRaised)]
    assert [alarm.severity for alarm in raised] == [
        Severity.WARNING,
        Severity.CRITICAL,
        Severity.WARNING,
    ]
    assert len({alarm.id for alarm in raised}) == 1
    assert len(bench.alarms("threshold")) == 1


def test_a_delay_ends_without_another_reading() -> None:
    bench = Workbench(
        outlets=1,
        sensors=(SensorSettings(1, stale_after_s=30),),
        thresholds=(
            ThresholdSettings(SENSOR_1, Quantity.TEMPERATURE, high_warning=40.0, delay_s=7.5),
        ),
    )
    bench.sense(1, 41.0)
    bench.run(7.4)
    assert not bench.alarms("threshold")
    bench.run(0.2)
    assert bench.alarms("threshold")


def test_while_there_is_no_value_the_alarm_stands_and_the_state_is_unknown() -> None:
    bench = bench_of(delay_s=0.0)
    feed(bench, 14)
    bench.events(AlarmRaised)
    bench.run(5)
    row = bench.threshold(CURRENT)
    assert (row.state, row.value) == (ThresholdState.UNKNOWN, None)
    assert len(bench.alarms("threshold")) == 1
    feed(bench, 14)
    assert not bench.events(AlarmRaised)
    feed(bench, 1)
    assert not bench.alarms("threshold")


def test_a_lost_source_does_not_serve_a_delay() -> None:
    bench = bench_of(delay_s=30.0)
    feed(bench, 14)
    bench.run(60)
    assert not bench.alarms("threshold")
    assert feed(bench, 14) is ThresholdState.NORMAL


def test_a_source_that_was_silent_while_the_loop_stood_still_serves_no_delay() -> None:
    bench = bench_of(delay_s=30.0)
    feed(bench, 14)
    bench.clock.advance(60)
    bench.core.tick()
    assert not bench.alarms("threshold")
    assert bench.threshold(CURRENT).state is ThresholdState.UNKNOWN


def test_what_is_held_by_its_hysteresis_is_not_told_to_be_beyond_the_limit() -> None:
    bench = bench_of(delay_s=0.0)
    feed(bench, 17)
    feed(bench, 12.5)
    (alarm,) = bench.alarms("threshold")
    assert (alarm.severity, alarm.text) == (
        Severity.WARNING,
        "12.5 A has not come back far enough from high warning 12.8 A",
    )


def test_a_reset_energy_meter_is_judged_without_another_reading() -> None:
    limits = ThresholdSettings(OUTLET_1, Quantity.ENERGY, high_warning=2.0, delay_s=0.5)
    bench = Workbench(outlets=1, thresholds=(limits,))
    bench.read(OUTLET_1, energy_mj=3 * 3_600_000)
    bench.submit(ResetMeter(OUTLET_1, Reset.ENERGY))
    bench.run(0.55)
    assert not bench.alarms("threshold")


def test_energy_is_that_of_the_user_meter_in_watt_hours() -> None:
    bench = Workbench(
        outlets=1,
        thresholds=(ThresholdSettings(OUTLET_1, Quantity.ENERGY, high_warning=2.0),),
    )
    bench.read(OUTLET_1, energy_mj=1.99 * 3_600_000)
    assert not bench.alarms("threshold")
    bench.read(OUTLET_1, energy_mj=0.01 * 3_600_000)
    assert bench.alarms("threshold")
    bench.submit(ResetMeter(OUTLET_1, Reset.ENERGY))
    bench.read(OUTLET_1)
    assert not bench.alarms("threshold")
    assert bench.threshold(Quantity.ENERGY, OUTLET_1).value == 0


# settings at run time


def test_several_limits_may_pass_each_other_on_the_way() -> None:
    bench = bench_of()
    bench.submit(
        configure(ThresholdSetting.HIGH_WARNING, 20),
        configure(ThresholdSetting.HIGH_CRITICAL, 25),
    )
    row = bench.threshold(CURRENT)
    assert (row.high_warning, row.high_critical) == (20, 25)


def test_disorder_at_the_end_is_blamed_on_the_last_command_of_that_row() -> None:
    bench = bench_of()
    before = bench.core.snapshot.thresholds
    with pytest.raises(NotNow, match="high warning 20 is not below high critical 18") as refused:
        bench.submit(
            configure(ThresholdSetting.HIGH_CRITICAL, 18),
            configure(ThresholdSetting.HIGH_WARNING, 20),
            ConfigureThreshold(INLET, Quantity.VOLTAGE, ThresholdSetting.HYSTERESIS, 1),
        )
    assert refused.value.position == 1
    assert bench.core.snapshot.thresholds == before


def test_equal_limits_are_disorder_and_disabled_ones_are_not() -> None:
    bench = bench_of()
    with pytest.raises(NotNow):
        bench.submit(configure(ThresholdSetting.HIGH_WARNING, 16))
    bench.submit(
        configure(ThresholdSetting.HIGH_WARNING, 99),
        configure(ThresholdSetting.ENABLED, frozenset({Limit.HIGH_CRITICAL})),
    )
    with pytest.raises(NotNow):
        bench.submit(
            configure(
                ThresholdSetting.ENABLED, frozenset({Limit.HIGH_WARNING, Limit.HIGH_CRITICAL})
            )
        )


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        (ThresholdSetting.HIGH_WARNING, math.nan),
        (ThresholdSetting.HIGH_WARNING, math.inf),
        (ThresholdSetting.LOW_CRITICAL, -2e9),
        (ThresholdSetting.HYSTERESIS, -0.1),
        (ThresholdSetting.DELAY_S, -1),
        (ThresholdSetting.DELAY_S, 3601),
        (ThresholdSetting.ENABLED, 3.0),
        (ThresholdSetting.HIGH_WARNING, frozenset()),
    ],
)
def test_values_that_mean_nothing_are_refused(
    setting: ThresholdSetting, value: float | frozenset[Limit]
) -> None:
    bench = bench_of()
    with pytest.raises(InvalidValue, match="threshold inlet 1 current"):
        bench.submit(configure(setting, value))


@pytest.mark.parametrize(
    ("target", "quantity"),
    [
        (OUTLET_1, Quantity.VOLTAGE),
        (Target(TargetKind.OUTLET, 9), CURRENT),
        (SENSOR_1, Quantity.TEMPERATURE),
    ],
)
def test_a_row_that_is_not_there_is_unknown(target: Target, quantity: Quantity) -> None:
    with pytest.raises(UnknownTarget):
        bench_of().submit(ConfigureThreshold(target, quantity, ThresholdSetting.DELAY_S, 1))


def test_a_new_limit_judges_the_present_value_at_once() -> None:
    bench = bench_of(delay_s=0.0)
    feed(bench, 10)
    bench.submit(configure(ThresholdSetting.HIGH_WARNING, 9))
    assert bench.alarms("threshold")
    bench.submit(configure(ThresholdSetting.ENABLED, frozenset()))
    assert not bench.alarms("threshold")
    assert bench.threshold(CURRENT).state is ThresholdState.NORMAL


def test_a_standing_alarm_follows_its_limit_without_being_told_again() -> None:
    bench = bench_of(delay_s=0.0)
    feed(bench, 14)
    bench.events(AlarmRaised)
    bench.submit(configure(ThresholdSetting.HIGH_WARNING, 13))
    (alarm,) = bench.alarms("threshold")
    assert alarm.crossing is not None
    assert alarm.crossing.limit == 13
    assert not bench.events(AlarmRaised)


def test_settings_survive_a_restart_until_the_file_is_edited() -> None:
    bench = bench_of()
    enabled = frozenset({Limit.LOW_WARNING, Limit.HIGH_CRITICAL})
    bench.submit(
        configure(ThresholdSetting.LOW_WARNING, 0.5), configure(ThresholdSetting.ENABLED, enabled)
    )
    record = bench.core.final_record()
    again = Workbench(outlets=2, thresholds=(LIMITS_OF_16_A,), record=record)
    row = again.threshold(CURRENT)
    assert (row.low_warning, row.enabled) == (0.5, enabled)
    edited = Workbench(
        outlets=2, thresholds=(replace(LIMITS_OF_16_A, low_critical=0.1),), record=record
    )
    assert edited.threshold(CURRENT).enabled == {
        Limit.LOW_CRITICAL,
        Limit.HIGH_WARNING,
        Limit.HIGH_CRITICAL,
    }


def test_a_file_whose_limits_contradict_the_changed_ones_wins() -> None:
    bench = bench_of()
    bench.submit(configure(ThresholdSetting.HIGH_CRITICAL, 14))
    record = bench.core.final_record()
    edited = Workbench(
        outlets=2, thresholds=(replace(LIMITS_OF_16_A, high_warning=15.0),), record=record
    )
    row = edited.threshold(CURRENT)
    assert (row.high_warning, row.high_critical) == (15, 16)
    edited.submit(configure(ThresholdSetting.HYSTERESIS, 1))


def test_a_refused_store_leaves_the_limits_and_alarms_as_they_were() -> None:
    bench = bench_of(delay_s=0.0)
    feed(bench, 10)
    before = bench.core.snapshot.thresholds
    bench.save_fails = True
    with pytest.raises(CommandError):
        bench.submit(configure(ThresholdSetting.HIGH_WARNING, 9))
    assert bench.core.snapshot.thresholds == before
    assert not bench.alarms("threshold")


# properties

EIGHTHS_S = st.integers(1, 24).map(lambda number: number / 8)
VALUES = st.lists(st.tuples(EIGHTHS_S, st.floats(-25, 25)), min_size=1, max_size=60)
FOUR = Limits(
    INLET,
    CURRENT,
    low_critical=-16,
    low_warning=-12,
    high_warning=12,
    high_critical=16,
    hysteresis=3,
    delay_s=2,
    enabled=frozenset(Limit),
)


@given(VALUES)
def test_a_passed_limit_was_reached_for_the_whole_delay_before(
    steps: list[tuple[float, float]],
) -> None:
    """And a limit that ceases to be passed was left by more than the hysteresis."""
    watch, now_s = Watch(), 0.0
    seen: list[tuple[float, float]] = []
    for wait_s, value in steps:
        now_s += wait_s
        seen.append((now_s, value))
        old, watch = watch, watch.seen(FOUR, value, now_s)
        for limit in watch.passed - old.passed:
            border, sign = FOUR.value_of(limit), 1 if "HIGH" in limit.name else -1
            reached = [each for each in seen if each[0] >= now_s - FOUR.delay_s]
            assert all(sign * v >= sign * border for _, v in reached)
            assert any(t <= now_s - FOUR.delay_s and sign * v >= sign * border for t, v in seen)
        for limit in old.passed - watch.passed:
            border, sign = FOUR.value_of(limit), 1 if "HIGH" in limit.name else -1
            assert sign * value < sign * border - FOUR.hysteresis


@given(VALUES)
def test_only_one_side_is_passed_and_never_more_often_than_the_delay_allows(
    steps: list[tuple[float, float]],
) -> None:
    watch, now_s, raised_s = Watch(), 0.0, -math.inf
    for wait_s, value in steps:
        now_s += wait_s
        old, watch = watch, watch.seen(FOUR, value, now_s)
        assert len({"HIGH" in limit.name for limit in watch.passed}) <= 1
        if watch.passed and not old.passed:
            assert now_s - raised_s >= FOUR.delay_s
            raised_s = now_s


@given(st.floats(-25, 25), st.floats(-25, 25), VALUES)
def test_of_two_values_the_higher_never_gives_the_lower_state(
    one: float, other: float, before: list[tuple[float, float]]
) -> None:
    watch, now_s, prompt = Watch(), 0.0, replace(FOUR, delay_s=0.0)
    for wait_s, value in before:
        now_s += wait_s
        watch = watch.seen(prompt, value, now_s)
    order = [Limit.LOW_CRITICAL, Limit.LOW_WARNING, None, Limit.HIGH_WARNING, Limit.HIGH_CRITICAL]
    low, high = sorted((one, other))
    ranks = [order.index(watch.seen(prompt, value, now_s).worst) for value in (low, high)]
    assert ranks[0] <= ranks[1]


def test_units_of_texts_can_go_out_as_a_display_string_and_to_syslog() -> None:
    assert UNITS[Quantity.TEMPERATURE] == " C"
    assert all(unit.isascii() for unit in UNITS.values())
