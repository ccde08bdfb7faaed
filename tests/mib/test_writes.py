# SPDX-License-Identifier: Apache-2.0
"""SETs: the command each object gives, the error-status of each refusal, all or nothing."""

from __future__ import annotations

import pytest

from pdu_agent.mib_impl.set_errors import STATUS_OF, ErrorStatus, SetError
from pdu_agent.mib_impl.syntax import Tag, Value
from pdu_agent.mib_impl.tree import ObjectTree
from pdu_agent.model.commands import (
    AcknowledgeAlarm,
    Action,
    AdvanceConfigLock,
    BranchSetting,
    CapSetting,
    Command,
    ConfigureBranch,
    ConfigureCap,
    ConfigureDevice,
    ConfigureGroup,
    ConfigureInlet,
    ConfigureOutlet,
    ConfigureSensor,
    ConfigureThreshold,
    CreateGroup,
    DeviceSetting,
    EnableNotifications,
    EnablePlan,
    EnableRule,
    GroupSetting,
    InletSetting,
    Limit,
    Lock,
    NotificationClass,
    OutletSetting,
    OverloadRestriction,
    PowerUp,
    Quantity,
    RemoveGroup,
    Reset,
    ResetMeter,
    ResetTrip,
    ResetWear,
    RunPlan,
    SensorSetting,
    SetLock,
    SetMember,
    SwitchAll,
    SwitchGroup,
    SwitchOutlet,
    Target,
    TargetKind,
    TemperatureScale,
    ThresholdSetting,
)
from pdu_agent.model.errors import CommandError, InvalidValue, OutletLocked
from tests.mib.unit import (
    ACTOR,
    BRANCH_3,
    SENSOR,
    Bench,
    furnished,
    integer,
    octets,
    unit,
    unsigned,
    with_outlet,
)

OUTLET_2 = Target(TargetKind.OUTLET, 2)
LINE_1 = Target(TargetKind.LINE, 1)
INLET_1 = Target(TargetKind.INLET, 1)
SENSOR_1 = Target(TargetKind.SENSOR, 1)
SYS = ".1.3.6.1.2.1.1"


def limit(target: Target, setting: ThresholdSetting, value: float | frozenset[Limit]) -> Command:
    quantity = Quantity.TEMPERATURE if target is SENSOR_1 else Quantity.CURRENT
    return ConfigureThreshold(target, quantity, setting, value)


COMMANDS = [
    (number, action)
    for number, action in enumerate(Action, start=1)
    # Done twice, when a SET is repeated, a toggle is none, and a pulse is another.
    if action not in (Action.TOGGLE, Action.PULSE)
]
ACCEPTED: list[tuple[str, Value, Command]] = [
    *[
        (f"3.1.1.8.{outlet}", integer(number), SwitchOutlet(outlet, action))
        for outlet in (1, 2)
        for number, action in COMMANDS
    ],
    *[("1.9.0", integer(number), SwitchAll(act)) for number, act in COMMANDS],
    *[
        command
        for number, act in ((9, Action.OFF), (10, Action.REBOOT))
        for command in (
            ("3.1.1.8.2", integer(number), SwitchOutlet(2, act, forced=True)),
            ("1.9.0", integer(number), SwitchAll(act, forced=True)),
            ("6.1.1.4.1", integer(number), SwitchGroup(1, act, forced=True)),
        )
    ],
    ("3.1.1.16.2", unsigned(0), ConfigureOutlet(2, OutletSetting.PRIORITY, 0)),
    ("3.3.1.3.2", octets(b"tidy"), ConfigureOutlet(2, OutletSetting.BEFORE_OFF, "tidy")),
    ("3.3.1.4.2", octets(b"tidy"), ConfigureOutlet(2, OutletSetting.AFTER_OFF, "tidy")),
    ("3.3.1.1.2", octets(b""), ConfigureOutlet(2, OutletSetting.BEFORE_ON, "")),
    ("3.3.1.2.2", octets(b"tidy"), ConfigureOutlet(2, OutletSetting.AFTER_ON, "tidy")),
    ("3.1.1.38.2", unsigned(750), ConfigureOutlet(2, OutletSetting.PULSE_S, 0.75)),
    ("3.3.1.18.2", integer(1), ResetTrip(2)),
    ("3.3.1.21.2", integer(1), ResetWear(2)),
    ("7.1.1.3.1", integer(2), EnablePlan("night", False)),
    ("7.1.1.13.3", integer(1), RunPlan("tidy up")),
    ("13.1.1.3.2", integer(1), EnableRule("host", True)),
    ("10.1.1.6.1", unsigned(2_500_000), ConfigureCap(1, CapSetting.LIMIT, 2500.0)),
    ("10.1.1.7.2", unsigned(250), ConfigureCap(2, CapSetting.MARGIN, 0.25)),
    ("11.8.0", integer(2), EnableNotifications(NotificationClass.AUTOMATION, False)),
    ("11.9.0", integer(1), EnableNotifications(NotificationClass.PROTECTION, True)),
    ("11.10.0", integer(2), EnableNotifications(NotificationClass.UPS, False)),
    ("1.10.0", unsigned(1500), ConfigureDevice(DeviceSetting.SEQUENCE_INTERVAL_S, 1.5)),
    ("1.11.0", unsigned(60), ConfigureDevice(DeviceSetting.COLD_START_DELAY_S, 60)),
    ("2.1.1.2.1", octets(b"Feed A"), ConfigureInlet(1, InletSetting.NAME, "Feed A")),
    ("2.1.1.16.1", unsigned(32_000), ConfigureInlet(1, InletSetting.RATED_CURRENT_A, 32.0)),
    ("2.1.1.20.1", integer(3), ResetMeter(INLET_1, Reset.PEAK)),
    ("2.1.1.20.1", integer(5), ResetMeter(INLET_1, Reset.PEAK_POWER)),
    ("2.1.1.20.1", integer(6), ResetMeter(INLET_1, Reset.PEAK_CURRENT)),
    ("2.1.1.26.1", unsigned(208_000), ConfigureInlet(1, InletSetting.NOMINAL_VOLTAGE_V, 208.0)),
    (
        "2.1.1.27.1",
        integer(2),
        ConfigureInlet(1, InletSetting.OVERLOAD_RESTRICTION, OverloadRestriction.NEAR_OVERLOAD),
    ),
    ("2.3.1.2.3", octets(b"front"), ConfigureBranch(3, BranchSetting.NAME, "front")),
    ("2.3.1.5.1", unsigned(13_000), ConfigureBranch(1, BranchSetting.RATED_CURRENT_A, 13.0)),
    (
        "2.3.1.6.3",
        integer(3),
        ConfigureBranch(3, BranchSetting.OVERLOAD_RESTRICTION, OverloadRestriction.OVERLOAD),
    ),
    ("2.4.1.16.3", integer(3), ResetMeter(BRANCH_3, Reset.PEAK)),
    ("2.6.1.16.1", integer(2), ResetMeter(LINE_1, Reset.ENERGY)),
    ("1.17.0", octets(b"R7"), ConfigureDevice(DeviceSetting.ASSET_TAG, "R7")),
    (
        "1.18.0",
        integer(2),
        ConfigureDevice(DeviceSetting.TEMPERATURE_SCALE, TemperatureScale.FAHRENHEIT),
    ),
    ("3.1.1.2.2", octets("Ställ".encode()), ConfigureOutlet(2, OutletSetting.NAME, "Ställ")),
    ("3.1.1.3.2", octets(b""), ConfigureOutlet(2, OutletSetting.NOTE, "")),
    ("3.1.1.11.2", integer(1), SetLock(2, Lock.UNLOCKED)),
    ("3.1.1.11.2", integer(2), SetLock(2, Lock.LOCKED_ON)),
    ("3.1.1.11.2", integer(3), SetLock(2, Lock.LOCKED_OFF)),
    ("3.1.1.12.2", unsigned(0), ConfigureOutlet(2, OutletSetting.ON_DELAY_S, 0)),
    ("3.1.1.13.2", unsigned(7200), ConfigureOutlet(2, OutletSetting.OFF_DELAY_S, 7200)),
    ("3.1.1.14.2", unsigned(600), ConfigureOutlet(2, OutletSetting.REBOOT_S, 600)),
    ("3.1.1.35.2", unsigned(60), ConfigureOutlet(2, OutletSetting.MIN_ON_S, 60)),
    ("3.1.1.36.2", unsigned(180), ConfigureOutlet(2, OutletSetting.MIN_OFF_S, 180)),
    ("3.1.1.15.2", integer(2), ConfigureOutlet(2, OutletSetting.POWER_UP, PowerUp.OFF)),
    ("3.2.1.16.2", integer(2), ResetMeter(OUTLET_2, Reset.ENERGY)),
    ("3.2.1.16.2", integer(4), ResetMeter(OUTLET_2, Reset.ALL)),
    ("1.12.0", integer(41), AdvanceConfigLock(41)),
    ("4.1.1.4.3.2.2", integer(250), limit(OUTLET_2, ThresholdSetting.LOW_CRITICAL, 0.25)),
    ("4.1.1.5.4.1.8", integer(-105), limit(SENSOR_1, ThresholdSetting.LOW_WARNING, -10.5)),
    ("4.1.1.6.3.2.2", integer(9999), limit(OUTLET_2, ThresholdSetting.HIGH_WARNING, 9.999)),
    ("4.1.1.7.4.1.8", integer(305), limit(SENSOR_1, ThresholdSetting.HIGH_CRITICAL, 30.5)),
    ("4.1.1.8.4.1.8", unsigned(15), limit(SENSOR_1, ThresholdSetting.HYSTERESIS, 1.5)),
    ("4.1.1.9.3.2.2", unsigned(3600), limit(OUTLET_2, ThresholdSetting.DELAY_S, 3600)),
    (
        "4.1.1.10.3.2.2",
        octets(b"\x90"),
        limit(
            OUTLET_2,
            ThresholdSetting.ENABLED,
            frozenset({Limit.LOW_CRITICAL, Limit.HIGH_CRITICAL}),
        ),
    ),
    ("4.1.1.10.3.2.2", octets(b""), limit(OUTLET_2, ThresholdSetting.ENABLED, frozenset())),
    ("5.1.1.2.1", octets(b"exhaust"), ConfigureSensor(1, SensorSetting.NAME, "exhaust")),
    ("5.1.1.10.1", integer(2), ResetMeter(SENSOR_1, Reset.ALL)),
    ("6.1.1.2.7", octets(b"lab"), ConfigureGroup(7, GroupSetting.NAME, "lab")),
    *[("6.1.1.4.1", integer(number), SwitchGroup(1, action)) for number, action in COMMANDS],
    ("6.1.1.8.255", integer(4), CreateGroup(255)),
    ("6.1.1.8.7", integer(6), RemoveGroup(7)),
    ("6.2.1.1.7.1", integer(4), SetMember(7, 1, member=True)),
    ("6.2.1.1.7.2", integer(6), SetMember(7, 2, member=False)),
    ("8.2.1.7.4", integer(1), AcknowledgeAlarm(4, acknowledged=True)),
    ("8.2.1.7.9", integer(2), AcknowledgeAlarm(9, acknowledged=False)),
    *[
        (f"11.{number}.0", integer(2), EnableNotifications(kind, enabled=False))
        for number, kind in enumerate(list(NotificationClass)[:7], start=1)
    ],
    (
        ".1.3.6.1.2.1.11.30.0",
        integer(1),
        EnableNotifications(NotificationClass.AUTHENTICATION, enabled=True),
    ),
    (".1.3.6.1.6.3.1.1.6.1.0", integer(41), AdvanceConfigLock(41)),
    (f"{SYS}.4.0", octets(b"ops"), ConfigureDevice(DeviceSetting.CONTACT, "ops")),
    (f"{SYS}.5.0", octets(b"rack-8"), ConfigureDevice(DeviceSetting.NAME, "rack-8")),
    (f"{SYS}.6.0", octets(b"Hall 3"), ConfigureDevice(DeviceSetting.LOCATION, "Hall 3")),
]


@pytest.mark.parametrize(("suffix", "value", "command"), ACCEPTED)
def test_a_set_becomes_its_command(suffix: str, value: Value, command: Command) -> None:
    bench = Bench(furnished(unit(sensors=(SENSOR,))))
    ticket = bench.set((suffix, value))
    assert ticket is not None
    assert bench.controller.submitted == [[command]]
    assert bench.controller.actors == [ACTOR]


def test_every_writable_object_is_covered_above() -> None:
    bench = Bench()
    tree: ObjectTree = bench.view.tree
    writable = {p.declared.name for p in tree.places if p.declared.to_command is not None}
    tried = {tree.object_of(bench.oid(suffix)) for suffix, _, _ in ACCEPTED}
    assert {place.declared.name for place in tried if place is not None} == writable


@pytest.mark.parametrize(
    ("suffix", "number"),
    [
        ("3.1.1.8.1", 8),
        ("1.9.0", 8),
        ("2.1.1.20.1", 1),
        ("3.2.1.16.1", 1),
        ("5.1.1.10.1", 1),
        ("6.1.1.4.7", 8),
    ],
)
def test_writing_none_is_accepted_and_does_nothing(suffix: str, number: int) -> None:
    bench = Bench(furnished(unit(sensors=(SENSOR,))))
    assert bench.set((suffix, integer(number))) is None
    bench.check((suffix, integer(number)))
    assert bench.controller.submitted == bench.controller.checked == []


REFUSED = [
    ("3.1.1.8.1", integer(11), ErrorStatus.WRONG_VALUE),
    ("3.1.1.8.1", integer(0), ErrorStatus.WRONG_VALUE),
    ("3.1.1.8.1", octets(b"2"), ErrorStatus.WRONG_TYPE),
    ("3.1.1.8.1", unsigned(2), ErrorStatus.WRONG_TYPE),
    ("3.1.1.8.1", Value(Tag.NULL, None), ErrorStatus.WRONG_TYPE),
    ("3.1.1.8.3", integer(1), ErrorStatus.NO_CREATION),
    ("3.1.1.8.0", integer(1), ErrorStatus.NO_CREATION),
    ("3.1.1.8", integer(1), ErrorStatus.NO_CREATION),
    ("3.1.1.8.1.1", integer(1), ErrorStatus.NO_CREATION),
    ("3.1.1.8.3", octets(b"1"), ErrorStatus.WRONG_TYPE),
    ("1.9", integer(1), ErrorStatus.NO_CREATION),
    ("1.9.1", integer(1), ErrorStatus.NO_CREATION),
    ("3.1.1.7.1", integer(1), ErrorStatus.NOT_WRITABLE),
    ("3.1.1.7.9", octets(b""), ErrorStatus.NOT_WRITABLE),
    ("3.1.1.1.1", unsigned(1), ErrorStatus.NOT_WRITABLE),
    ("3.1.1.16.1", unsigned(256), ErrorStatus.WRONG_VALUE),
    ("3.3.1.3.1", octets(b"x" * 33), ErrorStatus.WRONG_LENGTH),
    ("3.1.1.38.1", unsigned(99), ErrorStatus.WRONG_VALUE),
    ("3.3.1.5.1", integer(3), ErrorStatus.NOT_WRITABLE),
    ("3.3.1.18.1", integer(3), ErrorStatus.WRONG_VALUE),
    ("7.1.1.13.1", integer(3), ErrorStatus.WRONG_VALUE),
    ("7.1.1.3.2", integer(1), ErrorStatus.NO_CREATION),
    ("10.1.1.6.1", integer(1), ErrorStatus.WRONG_TYPE),
    ("14.1.1.2.1", octets(b"rm"), ErrorStatus.NOT_WRITABLE),
    ("1.12.0", integer(-1), ErrorStatus.WRONG_VALUE),
    ("1.12.1", integer(1), ErrorStatus.NO_CREATION),
    ("4.1.1.4.3.2.2", unsigned(250), ErrorStatus.WRONG_TYPE),
    ("4.1.1.4.3.2.1", integer(250), ErrorStatus.NO_CREATION),
    ("4.1.1.9.3.2.2", unsigned(3601), ErrorStatus.WRONG_VALUE),
    ("4.1.1.10.3.2.2", octets(b"\x08"), ErrorStatus.WRONG_VALUE),
    ("4.1.1.10.3.2.2", octets(b"\x80\x00"), ErrorStatus.WRONG_LENGTH),
    ("4.1.1.11.3.2.2", integer(1), ErrorStatus.NOT_WRITABLE),
    ("2.1.1.20.1", integer(7), ErrorStatus.WRONG_VALUE),
    ("2.1.1.26.1", unsigned(49_999), ErrorStatus.WRONG_VALUE),
    ("2.1.1.27.1", integer(4), ErrorStatus.WRONG_VALUE),
    ("2.3.1.2.1", octets(b"x" * 33), ErrorStatus.WRONG_LENGTH),
    ("2.3.1.3.1", unsigned(1), ErrorStatus.NOT_WRITABLE),
    ("2.3.1.5.2", unsigned(13_000), ErrorStatus.NO_CREATION),
    ("2.4.1.16.1", integer(3), ErrorStatus.NO_CREATION),
    ("3.1.1.25.1", unsigned(1), ErrorStatus.NOT_WRITABLE),
    ("4.1.1.12.3.2.2", integer(1), ErrorStatus.NOT_WRITABLE),
    ("5.1.1.10.1", integer(3), ErrorStatus.WRONG_VALUE),
    ("6.1.1.7.7", integer(2), ErrorStatus.NOT_WRITABLE),
    ("8.2.1.7.5", integer(1), ErrorStatus.NO_CREATION),
    ("8.2.1.7.4", integer(3), ErrorStatus.WRONG_VALUE),
    ("8.4.1.6.1", octets(b""), ErrorStatus.NOT_WRITABLE),
    ("12.5.0", octets(b""), ErrorStatus.NOT_WRITABLE),
    (".1.3.6.1.4.1.99.1.0", integer(1), ErrorStatus.NOT_WRITABLE),
    (f"{SYS}.1.0", octets(b"x"), ErrorStatus.NOT_WRITABLE),
    ("3.1.1.2.1", octets(b"x" * 33), ErrorStatus.WRONG_LENGTH),
    ("3.1.1.2.1", octets(("ü" * 17).encode()), ErrorStatus.WRONG_LENGTH),
    ("3.1.1.2.1", octets(b"\xc3("), ErrorStatus.WRONG_VALUE),
    ("3.1.1.2.1", integer(1), ErrorStatus.WRONG_TYPE),
    ("3.1.1.14.1", unsigned(0), ErrorStatus.WRONG_VALUE),
    ("3.1.1.14.1", unsigned(601), ErrorStatus.WRONG_VALUE),
    ("3.1.1.14.1", integer(5), ErrorStatus.WRONG_TYPE),
    ("2.1.1.16.1", unsigned(99), ErrorStatus.WRONG_VALUE),
    ("1.10.0", unsigned(60_001), ErrorStatus.WRONG_VALUE),
    (f"{SYS}.5.0", octets(b"x" * 256), ErrorStatus.WRONG_LENGTH),
    (f"{SYS}.5.0", octets(b"\xff"), ErrorStatus.WRONG_VALUE),
]


@pytest.mark.parametrize(("suffix", "value", "status"), REFUSED)
def test_a_bad_set_says_why_and_nothing_is_done(
    suffix: str, value: Value, status: ErrorStatus
) -> None:
    bench = Bench(furnished(unit(sensors=(SENSOR,))))
    varbinds = [("3.1.1.8.2", integer(2)), (suffix, value), ("3.1.1.3.2", octets(b"x"))]
    with pytest.raises(SetError) as refused:
        bench.set(*varbinds)
    assert (refused.value.status, refused.value.index) == (status, 2)
    with pytest.raises(SetError) as judged:
        bench.check(*varbinds)
    assert (judged.value.status, judged.value.index) == (status, 2)
    assert bench.controller.submitted == bench.controller.checked == []


def test_a_reset_of_an_outlet_that_has_no_meter_is_no_creation() -> None:
    bench = Bench(with_outlet(unit(), 2, meter=None))
    with pytest.raises(SetError) as refused:
        bench.set(("3.2.1.16.2", integer(2)))
    assert refused.value.status is ErrorStatus.NO_CREATION


def test_all_varbinds_of_a_message_go_to_the_core_as_one_batch_in_order() -> None:
    bench = Bench()
    bench.set(
        ("3.1.1.8.2", integer(2)),
        ("3.1.1.8.1", integer(1)),
        ("2.1.1.20.1", integer(1)),
        ("3.1.1.3.1", octets(b"x")),
    )
    assert bench.controller.submitted == [
        [
            SwitchOutlet(2, Action.OFF),
            SwitchOutlet(1, Action.ON),
            ConfigureOutlet(1, OutletSetting.NOTE, "x"),
        ]
    ]


def test_an_instance_named_twice_is_inconsistent_at_the_second() -> None:
    bench = Bench()
    with pytest.raises(SetError) as refused:
        bench.set(("3.1.1.8.1", integer(1)), ("3.1.1.8.2", integer(2)), ("3.1.1.8.1", integer(1)))
    assert (refused.value.status, refused.value.index) == (ErrorStatus.INCONSISTENT_VALUE, 3)
    assert bench.controller.submitted == []


@pytest.mark.parametrize("position", [0, 1])
def test_a_refusal_of_the_core_points_at_its_varbind(position: int) -> None:
    bench = Bench()
    bench.controller.refusal = OutletLocked("outlet 2 is locked on", position)
    changes = [
        ("1.9.0", integer(8)),
        ("3.1.1.3.1", octets(b"x")),
        ("3.2.1.16.1", integer(1)),
        ("3.1.1.8.2", integer(2)),
    ]
    index = {0: 2, 1: 4}[position]
    with pytest.raises(SetError, match="outlet 2 is locked on") as refused:
        bench.set(*changes)
    assert (refused.value.status, refused.value.index) == (ErrorStatus.INCONSISTENT_VALUE, index)
    with pytest.raises(SetError) as judged:
        bench.check(*changes)
    assert (judged.value.status, judged.value.index) == (ErrorStatus.INCONSISTENT_VALUE, index)
    assert bench.controller.submitted == []


def descendants(kind: type[CommandError]) -> list[type[CommandError]]:
    return [x for child in kind.__subclasses__() for x in (child, *descendants(child))]


@pytest.mark.parametrize("kind", descendants(CommandError))
def test_every_refusal_of_the_core_has_an_error_status(kind: type[CommandError]) -> None:
    bench = Bench()
    bench.controller.refusal = kind("no")
    with pytest.raises(SetError) as refused:
        bench.set(("3.1.1.8.1", integer(1)))
    assert refused.value.status is STATUS_OF[kind]


def test_judging_a_set_submits_nothing() -> None:
    bench = Bench()
    bench.check(("3.1.1.8.1", integer(2)))
    assert bench.controller.checked == [[SwitchOutlet(1, Action.OFF)]]
    assert bench.controller.submitted == []


def test_an_error_names_the_object_and_what_was_expected() -> None:
    with pytest.raises(SetError, match=r"2: WRONG_VALUE: opduOutletRebootTime: 601 .* 1 to 600"):
        Bench().set(("3.1.1.3.1", octets(b"")), ("3.1.1.14.1", unsigned(601)))
    refusal = InvalidValue("name is taken")
    bench = Bench()
    bench.controller.refusal = refusal
    with pytest.raises(SetError, match="name is taken"):
        bench.set(("3.1.1.2.1", octets(b"a")))
