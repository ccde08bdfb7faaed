# SPDX-License-Identifier: Apache-2.0
"""Settings one by one and of many things at once: limits, outlets, thresholds, meters, choices."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pdu_agent.core.settings import (
    DeviceSettings,
    InletSettings,
    SensorSettings,
    ThresholdSettings,
)
from pdu_agent.model.commands import (
    Action,
    Command,
    ConfigureDevice,
    ConfigureInlet,
    ConfigureOutlet,
    ConfigureOutlets,
    ConfigureThreshold,
    ConfigureThresholds,
    DeviceSetting,
    InletSetting,
    Limit,
    OutletSetting,
    OverloadRestriction,
    PowerUp,
    Quantity,
    Reset,
    ResetMeters,
    SetLimit,
    SwitchOutlet,
    Target,
    TargetKind,
    TemperatureScale,
    ThresholdSetting,
)
from pdu_agent.model.errors import CommandError, InvalidValue, NotNow, UnknownTarget
from pdu_agent.model.snapshot import OutletState, SensorKind, ThresholdState
from tests.core.bench import INLET, Workbench

CURRENT = Quantity.CURRENT
WATCHED = ThresholdSettings(INLET, CURRENT, high_warning=12.0, high_critical=16.0)
OUTLET_1, OUTLET_2 = (Target(TargetKind.OUTLET, number) for number in (1, 2))


def limit(which: Limit, value: float | None, target: Target = INLET) -> SetLimit:
    return SetLimit(target, CURRENT, which, value)


def refused(bench: Workbench, *batch: Command) -> CommandError:
    """Why the batch is refused; nothing may have changed."""
    before = bench.core.final_record()
    with pytest.raises(CommandError) as caught:
        bench.submit(*batch)
    after = bench.core.final_record()
    assert (after.overrides, after.meters, after.sensors) == (
        before.overrides,
        before.meters,
        before.sensors,
    )
    return caught.value


# limits one by one


def test_a_limit_that_is_set_is_watched_and_one_without_value_is_not() -> None:
    bench = Workbench(outlets=1)
    bench.submit(limit(Limit.HIGH_WARNING, 8.0))
    row = bench.threshold(CURRENT)
    assert (row.high_warning, row.enabled) == (8.0, {Limit.HIGH_WARNING})
    bench.submit(limit(Limit.HIGH_WARNING, None))
    row = bench.threshold(CURRENT)
    assert (row.high_warning, row.enabled) == (8.0, frozenset())


def test_a_limit_is_judged_by_the_present_value_at_once() -> None:
    bench = Workbench(outlets=1)
    bench.read(current_a=10.0)
    bench.submit(limit(Limit.HIGH_CRITICAL, 9.5))
    assert bench.threshold(CURRENT).state is ThresholdState.HIGH_CRITICAL
    assert len(bench.alarms("threshold")) == 1
    bench.submit(limit(Limit.HIGH_CRITICAL, None))
    assert bench.threshold(CURRENT).state is ThresholdState.NORMAL
    assert bench.alarms("threshold") == []


def test_limits_may_pass_each_other_within_a_batch_whichever_command_sets_them() -> None:
    bench = Workbench(outlets=1, thresholds=(WATCHED,))
    bench.submit(
        limit(Limit.HIGH_WARNING, 20.0),
        ConfigureThreshold(INLET, CURRENT, ThresholdSetting.HIGH_CRITICAL, 25.0),
    )
    row = bench.threshold(CURRENT)
    assert (row.high_warning, row.high_critical) == (20.0, 25.0)


def test_several_limits_of_one_batch_are_all_watched() -> None:
    bench = Workbench(outlets=1)
    bench.submit(*(limit(which, 1.0 + n) for n, which in enumerate(Limit)))
    assert bench.threshold(CURRENT).enabled == frozenset(Limit)
    bench.submit(limit(Limit.LOW_CRITICAL, None), limit(Limit.LOW_WARNING, None))
    assert bench.threshold(CURRENT).enabled == {Limit.HIGH_WARNING, Limit.HIGH_CRITICAL}


def test_limits_left_out_of_order_are_refused_at_the_last_that_touched_them() -> None:
    bench = Workbench(outlets=1, thresholds=(WATCHED,))
    error = refused(
        bench,
        ConfigureOutlet(1, OutletSetting.NAME, "x"),
        limit(Limit.HIGH_WARNING, 20.0),
        ConfigureOutlet(1, OutletSetting.NOTE, "x"),
    )
    assert isinstance(error, NotNow)
    assert error.position == 1
    assert str(error) == "inlet 1 current: high warning 20 is not below high critical 16"


def test_a_limit_that_is_taken_away_leaves_no_disorder() -> None:
    bench = Workbench(outlets=1, thresholds=(WATCHED,))
    bench.submit(limit(Limit.HIGH_WARNING, 20.0), limit(Limit.HIGH_CRITICAL, None))
    row = bench.threshold(CURRENT)
    assert (row.high_warning, row.enabled) == (20.0, {Limit.HIGH_WARNING})


@pytest.mark.parametrize(
    ("command", "error"),
    [
        (limit(Limit.HIGH_WARNING, 1.0, Target(TargetKind.OUTLET, 9)), UnknownTarget),
        (SetLimit(OUTLET_1, Quantity.VOLTAGE, Limit.HIGH_WARNING, None), UnknownTarget),
        (limit(Limit.HIGH_WARNING, 2e9), InvalidValue),
        (limit(Limit.HIGH_WARNING, float("nan")), InvalidValue),
    ],
)
def test_a_limit_that_nothing_has_is_refused(command: SetLimit, error: type) -> None:
    assert isinstance(refused(Workbench(outlets=1), command), error)


# of many at once


def test_one_setting_for_every_outlet() -> None:
    bench = Workbench(outlets=3)
    bench.submit(ConfigureOutlet(2, OutletSetting.POWER_UP, PowerUp.OFF))
    bench.submit(
        ConfigureOutlets(OutletSetting.POWER_UP, PowerUp.ON),
        ConfigureOutlets(OutletSetting.ON_DELAY_S, 7),
    )
    rows = bench.core.snapshot.outlets
    assert [(row.power_up, row.on_delay_s) for row in rows] == [(PowerUp.ON, 7)] * 3


def test_a_setting_for_every_outlet_is_judged_before_the_switching() -> None:
    bench = Workbench(outlets=2)
    bench.switch(1, Action.OFF)
    bench.run(1)
    bench.submit(SwitchOutlet(1, Action.ON_DELAYED), ConfigureOutlets(OutletSetting.ON_DELAY_S, 30))
    assert bench.outlet(1).pending_s == 30
    assert bench.state(1) is OutletState.ON_PENDING


def test_a_value_that_no_outlet_takes_is_refused_for_all() -> None:
    bench = Workbench(outlets=2)
    error = refused(bench, ConfigureOutlets(OutletSetting.REBOOT_S, 0))
    assert isinstance(error, InvalidValue)
    assert "outlet 1 reboot_s: 0 is outside 1 to 600" in str(error)


def test_one_setting_of_every_threshold_of_a_kind() -> None:
    bench = Workbench(outlets=2)
    kind = TargetKind.OUTLET
    bench.submit(ConfigureThresholds(kind, CURRENT, ThresholdSetting.HYSTERESIS, 0.25))
    changed = {
        (row.target, row.quantity)
        for row in bench.core.snapshot.thresholds
        if row.hysteresis == 0.25
    }
    assert changed == {(OUTLET_1, CURRENT), (OUTLET_2, CURRENT)}


def test_thresholds_are_set_alike_only_where_that_makes_sense() -> None:
    bench = Workbench(outlets=2)
    limits = ConfigureThresholds(TargetKind.OUTLET, CURRENT, ThresholdSetting.HIGH_WARNING, 1.0)
    assert isinstance(refused(bench, limits), InvalidValue)
    nothing = ConfigureThresholds(
        TargetKind.SENSOR, Quantity.TEMPERATURE, ThresholdSetting.DELAY_S, 1.0
    )
    assert str(refused(bench, nothing)) == "no sensor has a threshold for temperature"


def test_every_meter_of_a_kind_starts_anew() -> None:
    bench = Workbench(outlets=2)
    for target in (INLET, OUTLET_1, OUTLET_2):
        bench.read(target, 5000.0, active_power_w=100.0)
    bench.submit(ResetMeters(TargetKind.OUTLET, Reset.ENERGY))
    outlets = [outlet.meter for outlet in bench.core.snapshot.outlets if outlet.meter]
    assert [(meter.user_energy_mj, meter.energy_mj) for meter in outlets] == [(0, 5000)] * 2
    assert bench.core.snapshot.inlets[0].meter.user_energy_mj == 5000


def test_every_sensor_forgets_its_extremes() -> None:
    sensors = (SensorSettings(1), SensorSettings(2, kind=SensorKind.HUMIDITY))
    bench = Workbench(outlets=1, sensors=sensors)
    for value in (30.0, 20.0):
        bench.sense(1, value)
        bench.sense(2, value + 1)
    error = refused(bench, ResetMeters(TargetKind.SENSOR, Reset.PEAK))
    assert isinstance(error, InvalidValue)
    bench.submit(ResetMeters(TargetKind.SENSOR, Reset.ALL))
    assert [row.maximum for row in bench.core.snapshot.sensors] == [20.0, 21.0]


def test_where_nothing_can_be_reset_it_says_so() -> None:
    bench = Workbench(outlets=1)
    error = refused(bench, ResetMeters(TargetKind.SENSOR, Reset.ALL))
    assert str(error) == "no sensor has anything to reset"


# settings with choices


def test_what_the_unit_and_its_inlets_take_is_kept_over_a_restart() -> None:
    device = DeviceSettings(asset_tag="R7")
    bench = Workbench(outlets=1, device=device)
    bench.submit(
        ConfigureDevice(DeviceSetting.ASSET_TAG, "R8-12"),
        ConfigureDevice(DeviceSetting.TEMPERATURE_SCALE, TemperatureScale.FAHRENHEIT),
        ConfigureInlet(1, InletSetting.NOMINAL_VOLTAGE_V, 208),
        ConfigureInlet(1, InletSetting.OVERLOAD_RESTRICTION, OverloadRestriction.OVERLOAD),
    )
    later = Workbench(outlets=1, device=device, record=bench.core.final_record())
    for each in (bench, later):
        shown, inlet = each.core.snapshot.device, each.core.snapshot.inlets[0]
        assert (shown.asset_tag, shown.temperature_scale) == ("R8-12", TemperatureScale.FAHRENHEIT)
        assert inlet.nominal_voltage_v == 208
        assert inlet.overload_restriction is OverloadRestriction.OVERLOAD
    edited = replace(device, asset_tag="R9")
    assert (
        Workbench(
            outlets=1, device=edited, record=later.core.final_record()
        ).core.snapshot.device.asset_tag
        == "R9"
    )


@pytest.mark.parametrize(
    "command",
    [
        ConfigureDevice(DeviceSetting.ASSET_TAG, "x" * 33),
        ConfigureDevice(DeviceSetting.TEMPERATURE_SCALE, "celsius"),
        ConfigureInlet(1, InletSetting.NOMINAL_VOLTAGE_V, 12),
        ConfigureInlet(1, InletSetting.OVERLOAD_RESTRICTION, PowerUp.ON),  # type: ignore[arg-type]
    ],
)
def test_a_value_outside_the_choices_is_refused(command: Command) -> None:
    assert isinstance(refused(Workbench(outlets=1), command), InvalidValue)


def test_the_file_says_the_choices_that_nobody_has_changed() -> None:
    inlet = InletSettings(1)
    assert inlet.nominal_voltage_v == 230
    bench = Workbench(outlets=1, device=DeviceSettings(asset_tag="R7"))
    assert bench.core.snapshot.device.asset_tag == "R7"
    assert bench.core.snapshot.inlets[0].overload_restriction is OverloadRestriction.NONE
