# SPDX-License-Identifier: Apache-2.0
"""What a SET of each object of Sentry3-MIB asks the core to do, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pdu_agent.access.grant import EVERY_OUTLET, Rights
from pdu_agent.mib_impl.schema import Access
from pdu_agent.mib_impl.sentry3 import SENTRY3
from pdu_agent.mib_impl.sentry3.objects import GROUPS
from pdu_agent.mib_impl.set_errors import ErrorStatus, SetError
from pdu_agent.mib_impl.syntax import Value
from pdu_agent.model.commands import (
    Action,
    BranchSetting,
    Command,
    ConfigureBranch,
    ConfigureDevice,
    ConfigureInlet,
    ConfigureOutlet,
    ConfigureOutlets,
    ConfigureSensor,
    ConfigureThreshold,
    DeviceSetting,
    InletSetting,
    Limit,
    OutletSetting,
    PowerUp,
    Quantity,
    SensorSetting,
    SetLimit,
    SwitchOutlet,
    TemperatureScale,
    ThresholdSetting,
)
from pdu_agent.model.errors import OutletLocked, UnknownTarget
from tests.mib.sentry3_unit import BRANCH_7, DAMP_2, INLET_1, OUTLET_1, WARM_1, Sentry3Bench, strip
from tests.mib.unit import integer, octets, with_outlet

CURRENT, TEMPERATURE, HUMIDITY = Quantity.CURRENT, Quantity.TEMPERATURE, Quantity.HUMIDITY
LOW, HIGH = Limit.LOW_WARNING, Limit.HIGH_WARNING
HYSTERESIS = ThresholdSetting.HYSTERESIS
NAME = octets(b"new name")

WRITES: list[tuple[str, Value, Command]] = [
    ("1.3.0", NAME, ConfigureDevice(DeviceSetting.LOCATION, "new name")),
    ("1.13.0", integer(3), ConfigureDevice(DeviceSetting.SEQUENCE_INTERVAL_S, 3)),
    ("1.14.0", integer(20), ConfigureOutlets(OutletSetting.REBOOT_S, 20)),
    ("2.1.1.3.1", NAME, ConfigureDevice(DeviceSetting.NAME, "new name")),
    ("2.2.1.3.1.2", NAME, ConfigureInlet(2, InletSetting.NAME, "new name")),
    ("2.2.1.8.1.1", integer(13), SetLimit(INLET_1, CURRENT, HIGH, 13)),
    ("2.2.1.8.1.1", integer(600), SetLimit(INLET_1, CURRENT, HIGH, None)),
    ("2.2.1.8.1.1", integer(0), SetLimit(INLET_1, CURRENT, HIGH, 0)),
    ("2.3.1.3.1.2.9", NAME, ConfigureOutlet(9, OutletSetting.NAME, "new name")),
    ("2.3.1.8.1.1.1", integer(2), SetLimit(OUTLET_1, CURRENT, LOW, 2)),
    ("2.3.1.8.1.1.1", integer(0), SetLimit(OUTLET_1, CURRENT, LOW, None)),
    ("2.3.1.9.1.1.1", integer(9), SetLimit(OUTLET_1, CURRENT, HIGH, 9)),
    ("2.3.1.11.1.1.1", integer(1), SwitchOutlet(1, Action.ON)),
    ("2.3.1.11.1.1.3", integer(2), SwitchOutlet(3, Action.OFF)),
    ("2.3.1.11.1.2.9", integer(3), SwitchOutlet(9, Action.REBOOT)),
    ("2.3.1.19.1.1.1", integer(1), ConfigureOutlet(1, OutletSetting.POWER_UP, PowerUp.LAST)),
    ("2.3.1.19.1.1.1", integer(2), ConfigureOutlet(1, OutletSetting.POWER_UP, PowerUp.OFF)),
    ("2.3.1.19.1.1.1", integer(3), ConfigureOutlet(1, OutletSetting.POWER_UP, PowerUp.ON)),
    ("2.4.1.5.1", NAME, ConfigureSensor(5, SensorSetting.NAME, "new name")),
    ("2.5.1.3.1.1", NAME, ConfigureSensor(1, SensorSetting.NAME, "new name")),
    ("2.5.1.7.1.1", integer(5), SetLimit(WARM_1, TEMPERATURE, LOW, 5)),
    ("2.5.1.8.1.1", integer(40), SetLimit(WARM_1, TEMPERATURE, HIGH, 40)),
    ("2.5.1.8.1.1", integer(254), SetLimit(WARM_1, TEMPERATURE, HIGH, None)),
    ("2.5.1.11.1.1", integer(30), SetLimit(DAMP_2, HUMIDITY, LOW, 30)),
    ("2.5.1.12.1.1", integer(80), SetLimit(DAMP_2, HUMIDITY, HIGH, 80)),
    (
        "2.5.1.13.1.2",
        integer(1),
        ConfigureDevice(DeviceSetting.TEMPERATURE_SCALE, TemperatureScale.FAHRENHEIT),
    ),
    ("2.5.1.14.1.1", integer(4), ConfigureThreshold(WARM_1, TEMPERATURE, HYSTERESIS, 4)),
    ("2.5.1.15.1.1", integer(5), ConfigureThreshold(DAMP_2, HUMIDITY, HYSTERESIS, 5)),
    ("2.6.1.3.1.1", NAME, ConfigureSensor(4, SensorSetting.NAME, "new name")),
    ("2.7.1.3.1.1.1", NAME, ConfigureBranch(7, BranchSetting.NAME, "new name")),
    ("2.7.1.8.1.1.1", integer(8), SetLimit(BRANCH_7, CURRENT, HIGH, 8)),
]

READ_ONLY = sorted(
    ".".join(map(str, (*group.base, declared.number)))
    for group in GROUPS
    for declared in group.objects
    if declared.access is Access.READ_ONLY
)


@pytest.mark.parametrize(("suffix", "value", "command"), WRITES)
def test_a_write_is_one_command(suffix: str, value: Value, command: Command) -> None:
    other = PowerUp.ON if value == integer(1) else PowerUp.LAST
    bench = Sentry3Bench(with_outlet(strip(), 1, power_up=other))
    bench.set((suffix, value))
    assert bench.controller.submitted == [[command]]


def test_every_writable_object_is_among_them() -> None:
    writable = {
        (*group.base, declared.number)
        for group in GROUPS
        for declared in group.objects
        if declared.access is Access.READ_WRITE
    }
    bench = Sentry3Bench()
    written = {bench.oid(suffix)[len(SENTRY3) :] for suffix, _, _ in WRITES}
    assert {oid[:2] if oid[0] == 1 else oid[:4] for oid in written} == writable


def test_limits_are_written_in_the_scale_of_the_unit() -> None:
    at = strip()
    device = replace(at.device, temperature_scale=TemperatureScale.FAHRENHEIT)
    bench = Sentry3Bench(replace(at, device=device))
    bench.set(("2.5.1.8.1.1", integer(86)), ("2.5.1.14.1.1", integer(9)))
    assert bench.controller.submitted == [
        [
            SetLimit(WARM_1, TEMPERATURE, HIGH, 30.0),
            ConfigureThreshold(WARM_1, TEMPERATURE, HYSTERESIS, 5.0),
        ]
    ]


def test_none_does_nothing_and_neither_does_an_action_without_a_relay() -> None:
    bench = Sentry3Bench()
    bench.set(("2.3.1.11.1.1.1", integer(0)))
    for action in (0, 1, 2, 3):
        bench.set(("2.3.1.11.1.1.2", integer(action)))
    assert bench.controller.submitted == []


@pytest.mark.parametrize(
    "suffix", ["2.2.1.8.1.2", "2.3.1.8.1.1.3", "2.7.1.8.1.2.1", "2.5.1.11.1.2"]
)
def test_a_limit_of_what_nothing_measures_cannot_be_made(suffix: str) -> None:
    bench = Sentry3Bench(
        replace(strip(), thresholds=tuple(t for t in strip().thresholds if t.target == INLET_1))
    )
    with pytest.raises(SetError) as caught:
        bench.set((suffix, integer(5)))
    assert (caught.value.status, caught.value.index) == (ErrorStatus.NO_CREATION, 1)
    assert bench.controller.submitted == []


def test_a_water_sensor_that_is_not_there_cannot_be_named() -> None:
    dry = tuple(sensor for sensor in strip().sensors if sensor.index != 5)
    bench = Sentry3Bench(replace(strip(), sensors=dry))
    with pytest.raises(SetError) as caught:
        bench.set(("2.4.1.5.1", NAME))
    assert caught.value.status is ErrorStatus.NO_CREATION


@pytest.mark.parametrize(
    ("suffix", "value", "status"),
    [
        ("2.3.1.11.1.1.1", integer(4), ErrorStatus.WRONG_VALUE),
        ("2.3.1.11.1.1.1", integer(-1), ErrorStatus.WRONG_VALUE),
        ("2.3.1.11.1.1.1", octets(b"on"), ErrorStatus.WRONG_TYPE),
        ("2.3.1.11.1.1.0", integer(1), ErrorStatus.NO_CREATION),
        ("2.3.1.11.1.1.4", integer(1), ErrorStatus.NO_CREATION),
        ("2.3.1.11.1.1.9", integer(1), ErrorStatus.NO_CREATION),
        ("2.3.1.11.1.1.4294967295", integer(1), ErrorStatus.NO_CREATION),
        ("2.3.1.11.0", integer(1), ErrorStatus.NO_CREATION),
        ("2.3.1.11.2.1.1", integer(1), ErrorStatus.NO_CREATION),
        ("2.3.1.19.1.1.1", integer(0), ErrorStatus.WRONG_VALUE),
        ("2.3.1.3.1.1.1", octets(b"x" * 25), ErrorStatus.WRONG_LENGTH),
        ("2.3.1.3.1.1.1", octets("ü".encode()), ErrorStatus.WRONG_VALUE),
        ("2.3.1.3.1.1.1", integer(1), ErrorStatus.WRONG_TYPE),
        ("1.3.0", octets(b"x" * 33), ErrorStatus.WRONG_LENGTH),
        ("1.13.0", integer(16), ErrorStatus.WRONG_VALUE),
        ("1.14.0", integer(4), ErrorStatus.WRONG_VALUE),
        ("2.2.1.8.1.1", integer(601), ErrorStatus.WRONG_VALUE),
        ("2.2.1.8.1.1", integer(-1), ErrorStatus.WRONG_VALUE),
        ("2.3.1.9.1.1.1", integer(256), ErrorStatus.WRONG_VALUE),
        ("2.5.1.8.1.1", integer(255), ErrorStatus.WRONG_VALUE),
        ("2.5.1.14.1.1", integer(55), ErrorStatus.WRONG_VALUE),
        ("2.5.1.15.1.1", integer(21), ErrorStatus.WRONG_VALUE),
        ("2.7.1.8.1.1.1", integer(41), ErrorStatus.WRONG_VALUE),
        ("2.3.1.20.1.1.1", integer(1), ErrorStatus.NOT_WRITABLE),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_done(
    suffix: str, value: Value, status: ErrorStatus
) -> None:
    bench = Sentry3Bench()
    with pytest.raises(SetError) as caught:
        bench.set(("2.3.1.3.1.1.3", NAME), (suffix, value))
    assert (caught.value.status, caught.value.index) == (status, 2)
    assert bench.controller.submitted == []


@pytest.mark.parametrize("suffix", READ_ONLY)
def test_a_read_only_object_is_not_writable(suffix: str) -> None:
    bench = Sentry3Bench()
    found = (each for each in bench.reads() if each.startswith(f"{suffix}."))
    instance = next(found, f"{suffix}.1.1")  # of lines, which this unit does not tell apart
    for value in (integer(1), octets(b"A")):
        with pytest.raises(SetError) as caught:
            bench.set((instance, value))
        assert caught.value.status is ErrorStatus.NOT_WRITABLE
    assert bench.controller.submitted == []


@pytest.mark.parametrize(
    ("refusal", "status"),
    [
        (OutletLocked("locked"), ErrorStatus.INCONSISTENT_VALUE),
        (UnknownTarget("gone"), ErrorStatus.NO_CREATION),
    ],
)
def test_what_the_core_refuses_is_refused(
    refusal: OutletLocked | UnknownTarget, status: ErrorStatus
) -> None:
    bench = Sentry3Bench()
    bench.controller.refusal = refusal
    with pytest.raises(SetError) as caught:
        bench.set(("2.3.1.11.1.1.1", integer(2)))
    assert caught.value.status is status


def test_switching_and_changing_need_their_rights_on_the_outlet() -> None:
    bench = Sentry3Bench()
    at = bench.controller.snapshot
    needed = {
        "2.3.1.11.1.2.9": (Rights.SWITCH, 9),
        "2.3.1.3.1.1.1": (Rights.WRITE, 1),
        "2.3.1.9.1.1.2": (Rights.WRITE, 2),
        "1.14.0": (Rights.WRITE, EVERY_OUTLET),
        "1.13.0": (Rights.WRITE, None),
        "2.1.1.3.1": (Rights.WRITE, None),
        "2.2.1.3.1.1": (Rights.WRITE, None),
    }
    assert {suffix: bench.writer.guard(bench.oid(suffix), at) for suffix in needed} == needed


def test_an_outlet_beyond_the_unit_is_nobody_s() -> None:
    bench = Sentry3Bench()
    guard = bench.writer.guard(bench.oid("2.3.1.11.1.1.77"), bench.controller.snapshot)
    assert guard == (Rights.SWITCH, 0)
