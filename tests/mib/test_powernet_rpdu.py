# SPDX-License-Identifier: Apache-2.0
"""rPDU and the sensor ports by known answers, what a SET asks for, and what it refuses."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pdu_agent.access.grant import EVERY_OUTLET, Rights
from pdu_agent.mib_impl.identity import identity_of
from pdu_agent.mib_impl.set_errors import ErrorStatus, SetError
from pdu_agent.mib_impl.syntax import Tag, Value
from pdu_agent.mib_impl.view import NO_SUCH_INSTANCE
from pdu_agent.model.commands import (
    Action,
    BranchSetting,
    Command,
    ConfigureBranch,
    ConfigureDevice,
    ConfigureInlet,
    ConfigureOutlet,
    ConfigureSensor,
    DeviceSetting,
    InletSetting,
    OutletSetting,
    OverloadRestriction,
    PowerUp,
    Quantity,
    SensorSetting,
    SetLimit,
    SwitchAll,
    SwitchOutlet,
    Target,
    TargetKind,
)
from pdu_agent.model.snapshot import (
    MeterStatus,
    Sensor,
    SensorKind,
    SensorStatus,
    Snapshot,
    ThresholdState,
)
from tests.mib.powernet_unit import (
    GREATEST,
    LOW,
    NEAR,
    OVER,
    POWERNET,
    PowerNetBench,
    power_on,
    powernet_unit,
    text,
    watch,
)
from tests.mib.unit import METER, SENSOR, integer, unit

Columns = dict[int, dict[str, object]]
METERED = [1, 2, 3, 4, 5, 6, 7]
NAMES = {str(number): f"Outlet {number}".encode() for number in range(1, 9)} | {
    "5": b"a name of more than 20 characters"[:32]
}


def rows(*contents: object) -> dict[str, object]:
    """By their indices from 1; None where there is no instance."""
    return {str(index): content for index, content in enumerate(contents, 1) if content is not None}


def refused(suffix: str, value: Value) -> ErrorStatus:
    bench = PowerNetBench()
    with pytest.raises(SetError) as caught:
        bench.commands((suffix, value))
    assert bench.bench.controller.submitted == []
    return caught.value.status


def test_ident() -> None:
    assert PowerNetBench().below("1.1.12.1") == {
        "1.0": b"rack-7",
        "2.0": b"B",
        "3.0": b"v0.1.0",
        "5.0": b"OpenPDU-8",
        "6.0": b"S-0042",
        "7.0": 16,
        "8.0": 8,
        "9.0": 2,
        "10.0": 2,
        "11.0": 16,
        "15.0": 230,
        "16.0": 262,
        "17.0": 881,
        "18.0": 297,
    }


def test_ident_of_a_unit_that_knows_nothing_and_has_no_branches() -> None:
    made = unit(1)
    nothing = replace(METER.electrical, active_power_w=None, apparent_power_va=None)
    inlet = replace(made.inlets[0], meter=replace(METER, electrical=nothing, rated_current_a=None))
    bench = PowerNetBench(replace(made, inlets=(inlet,)))
    shown = bench.below("1.1.12.1")
    assert [shown[f"{number}.0"] for number in (7, 10, 11, 16, 17, 18)] == [-1, 0, 0, -1, -1, -1]


def test_power_that_flows_back_reads_0_and_not_unknown() -> None:
    made = unit(1)
    back = replace(METER.electrical, active_power_w=-1.0, power_factor=-0.2)
    inlet = replace(made.inlets[0], meter=replace(METER, electrical=back))
    shown = PowerNetBench(replace(made, inlets=(inlet,))).below("1.1.12.1")
    assert (shown["16.0"], shown["17.0"]) == (0, 0)


def test_load_device() -> None:
    bench = PowerNetBench()
    assert {n: c for n, c in bench.below("1.1.12.2.1").items() if n.endswith(".0")} == {
        "1.0": 0,
        "2.0": 2,
        "3.0": 16,
        "4.0": 2,
        "5.0": 2,
        "7.0": 7,
    }
    assert PowerNetBench(unit(1)).content("1.1.12.2.1.1.0") == 16
    assert bench.columns("1.1.12.2.1.6") == {1: rows(1, 2), 2: rows(1, 2), 3: rows(10, 16)}
    assert bench.columns("1.1.12.2.1.8") == {
        1: rows(*METERED),
        2: rows(*METERED),
        3: rows(*[10] * 7),
    }


def test_load_limits_and_alarms() -> None:
    bench = PowerNetBench()
    assert bench.columns("1.1.12.2.2.1") == {
        1: rows(1, 2),
        2: rows(1, 1),  # 0.4 A is watched, and 0 would say that it is not
        3: rows(13, GREATEST),
        4: rows(16, GREATEST),
        5: rows(3, 2),
    }
    assert bench.columns("1.1.12.2.4.1") == {
        1: rows(1, 2),
        2: rows(0),
        3: rows(GREATEST),
        4: rows(10),
        5: rows(4),
    }


def test_load_status_has_phases_and_then_banks() -> None:
    bench = PowerNetBench()
    assert bench.columns("1.1.12.2.3.1") == {
        1: rows(1, 2, 3, 4),
        2: rows(13, 0, 13),
        3: rows(3, 2, 4),
        4: rows(1, 2, 0, 0),
        5: rows(0, 0, 1, 2),
    }
    assert bench.get("1.1.12.2.3.1.1.2.1") == Value(Tag.UNSIGNED32, 13)


def test_a_load_that_nobody_knows_has_no_instance() -> None:
    made = powernet_unit()
    lost = replace(METER, electrical=replace(METER.electrical, current_a=None))
    unknown = watch(TargetKind.INLET, 1, ThresholdState.UNKNOWN, high_warning=12.0)
    bench = PowerNetBench(
        replace(
            made, inlets=(replace(made.inlets[0], meter=lost),), branches=(), thresholds=(unknown,)
        )
    )
    assert bench.columns("1.1.12.2.3.1") == {1: rows(1), 4: rows(1), 5: rows(0)}
    assert bench.columns("1.1.12.2.2.1", 3, 5) == {3: rows(12), 5: {}}
    assert bench.columns("1.1.12.5.4") == {1: rows(1), 2: rows(1)}


def test_values_of_a_meter_that_fell_silent_are_not_shown() -> None:
    made = powernet_unit()
    stale = replace(METER, status=MeterStatus.STALE)
    bench = PowerNetBench(
        replace(
            made,
            inlets=tuple(replace(inlet, meter=stale) for inlet in made.inlets),
            branches=tuple(replace(branch, meter=stale) for branch in made.branches),
            outlets=tuple(replace(outlet, meter=stale) for outlet in made.outlets),
        )
    )
    assert bench.columns("1.1.12.2.3.1", 2) == {2: {}}
    assert bench.columns("1.1.12.3.5.1", 7) == {7: {}}
    assert [bench.content(f"1.1.12.1.{number}.0") for number in (16, 17, 18)] == [-1, -1, -1]
    second_generation = [
        bench.content(f"1.1.26.{suffix}")
        for suffix in ("4.3.1.5.1", "6.3.1.5.1", "6.3.1.6.1", "6.3.1.7.1", "9.4.3.1.6.1")
    ]
    assert second_generation == [-1] * 5


def test_tables_by_phase_end_at_three() -> None:
    made = unit(1)
    inlets = tuple(replace(made.inlets[0], index=number) for number in (1, 2, 3, 4))
    bench = PowerNetBench(
        replace(made, inlets=inlets, outlets=(replace(made.outlets[0], inlet=4),))
    )
    assert bench.columns("1.1.12.2.2.1", 1) == {1: rows(1, 2, 3)}
    assert bench.columns("1.1.12.2.3.1", 4) == {4: rows(1, 2, 3)}
    assert bench.get("1.1.12.3.3.1.1.3.1") is NO_SUCH_INSTANCE


def test_outlet_device() -> None:
    shown = PowerNetBench().below("1.1.12.3.1")
    assert shown == {"1.0": 1, "2.0": 3, "3.0": 7, "4.0": 8, "5.0": 7}


def test_restrictions() -> None:
    bench = PowerNetBench()
    assert bench.columns("1.1.12.3.2.1") == {1: rows(1, 2), 2: rows(1, 3)}
    assert bench.columns("1.1.12.3.6.1") == {1: rows(1, 2), 2: rows(2, 1)}


def test_outlet_tables() -> None:
    bench = PowerNetBench()
    index, phase = rows(1, 2, 3, 4, 5, 6, 7, 8), rows(1, 1, 1, 1, 1, 1, 6, 2)
    bank = rows(1, 0, 0, 0, 0, 0, 0, 2)
    assert bench.columns("1.1.12.3.3.1") == {
        1: index,
        2: NAMES,
        3: phase,
        4: rows(1, 2, 2, 2, 1, None, 1, 1),
        5: bank,
    }
    assert bench.columns("1.1.12.3.4.1") == {
        1: index,
        2: NAMES,
        3: phase,
        4: rows(20, -1, 0, 0, 0, 0, 0, 0),
        5: rows(7200, 0, 0, 0, 0, 0, 0, 0),
        6: rows(10, 5, 5, 5, 5, 5, 5, 60),
        7: bank,
    }
    assert bench.columns("1.1.12.3.5.1") == {
        1: index,
        2: NAMES,
        3: phase,
        4: rows(1, 2, 2, 2, 1, None, 1, 1),
        5: rows(2, 2, 1, 1, 2, 2, 2, 2),
        6: bank,
        7: rows(*[13] * 7),
    }
    assert bench.get("1.1.12.3.5.1.1.7.1") == Value(Tag.UNSIGNED32, 13)


def test_monitored_outlets() -> None:
    bench = PowerNetBench()
    assert bench.content("1.1.12.3.4.2.0") == 7
    assert bench.columns("1.1.12.3.4.3") == {
        1: rows(*METERED),
        2: {index: name for index, name in NAMES.items() if index != "8"},
        3: rows(*METERED),
        4: rows(*[0] * 7),
        5: rows(*[GREATEST] * 4, 8, *[GREATEST] * 2),
        6: rows(*[GREATEST] * 7),
    }


def test_power_supplies_and_states() -> None:
    bench = PowerNetBench()
    assert bench.below("1.1.12.4.1") == {"1.0": 1, "2.0": 3, "3.0": 1}
    sizes = [bench.content(f"1.1.12.5.{number}.0") for number in (1, 3, 5)]
    assert sizes == [2, 2, 7]
    assert bench.columns("1.1.12.5.2") == {1: rows(1, 2), 2: rows(1, 2), 3: rows(4)}
    assert bench.columns("1.1.12.5.4") == {1: rows(1, 2), 2: rows(1, 2), 3: rows(3, 2)}
    assert bench.columns("1.1.12.5.6") == {
        1: rows(*METERED),
        2: rows(*METERED),
        3: rows(1, 1, 1, 1, None, 1, 1),
    }


@pytest.mark.parametrize(
    ("number", "action"),
    [
        (1, Action.ON),
        (2, Action.OFF),
        (3, Action.REBOOT),
        (4, Action.ON_DELAYED),
        (5, Action.OFF_DELAYED),
        (6, Action.REBOOT_DELAYED),
        (7, Action.CANCEL),
    ],
)
def test_outlet_commands(number: int, action: Action) -> None:
    commands = PowerNetBench().commands(("1.1.12.3.3.1.1.4.6", integer(number)))
    assert commands == [SwitchOutlet(6, action)]


@pytest.mark.parametrize(
    ("number", "commands"),
    [
        (1, []),
        (2, [SwitchAll(Action.ON)]),
        (3, [SwitchAll(Action.OFF)]),
        (4, [SwitchAll(Action.REBOOT)]),
        (5, [SwitchAll(Action.ON_DELAYED)]),
        (6, [SwitchAll(Action.OFF_DELAYED)]),
        (7, [SwitchAll(Action.REBOOT_DELAYED)]),
        (8, [SwitchAll(Action.CANCEL)]),
    ],
)
def test_commands_for_all_outlets(number: int, commands: list[Command]) -> None:
    assert PowerNetBench().commands(("1.1.12.3.1.1.0", integer(number))) == commands


def limit(kind: TargetKind, index: int, which: Any, value: float | None) -> SetLimit:
    return SetLimit(Target(kind, index), Quantity.CURRENT, which, value)


@pytest.mark.parametrize(
    ("suffix", "value", "commands"),
    [
        ("12.1.1.0", text("rack-8"), [ConfigureDevice(DeviceSetting.NAME, "rack-8")]),
        (
            "12.1.15.0",
            integer(120),
            [
                ConfigureInlet(1, InletSetting.NOMINAL_VOLTAGE_V, 120),
                ConfigureInlet(2, InletSetting.NOMINAL_VOLTAGE_V, 120),
            ],
        ),
        ("12.2.2.1.1.2.1", integer(2), [limit(TargetKind.INLET, 1, LOW, 2)]),
        ("12.2.2.1.1.3.2", integer(14), [limit(TargetKind.INLET, 2, NEAR, 14)]),
        ("12.2.2.1.1.4.1", integer(0), [limit(TargetKind.INLET, 1, OVER, None)]),
        ("12.2.2.1.1.4.1", integer(GREATEST), [limit(TargetKind.INLET, 1, OVER, None)]),
        ("12.2.4.1.1.2.1", integer(1), [limit(TargetKind.BRANCH, 1, LOW, 1)]),
        ("12.2.4.1.1.3.1", integer(8), [limit(TargetKind.BRANCH, 1, NEAR, 8)]),
        ("12.2.4.1.1.4.1", integer(0), [limit(TargetKind.BRANCH, 1, OVER, None)]),
        ("12.3.1.2.0", integer(300), [ConfigureDevice(DeviceSetting.COLD_START_DELAY_S, 300)]),
        (
            "12.3.2.1.1.2.2",
            integer(1),
            [ConfigureInlet(2, InletSetting.OVERLOAD_RESTRICTION, OverloadRestriction.NONE)],
        ),
        ("12.3.4.1.1.2.1", text("n" * 32), [ConfigureOutlet(1, OutletSetting.NAME, "n" * 32)]),
        (
            "12.3.4.1.1.4.1",
            integer(-1),
            [ConfigureOutlet(1, OutletSetting.POWER_UP, PowerUp.OFF)],
        ),
        ("12.3.4.1.1.4.1", integer(7200), power_on(1, 7200)),
        ("12.3.4.1.1.5.8", integer(7), [ConfigureOutlet(8, OutletSetting.OFF_DELAY_S, 7)]),
        ("12.3.4.1.1.6.8", integer(60), [ConfigureOutlet(8, OutletSetting.REBOOT_S, 60)]),
        ("12.3.4.3.1.2.7", text("nas"), [ConfigureOutlet(7, OutletSetting.NAME, "nas")]),
        ("12.3.4.3.1.4.7", integer(1), [limit(TargetKind.OUTLET, 7, LOW, 1)]),
        ("12.3.4.3.1.5.7", integer(9), [limit(TargetKind.OUTLET, 7, NEAR, 9)]),
        ("12.3.4.3.1.6.7", integer(10), [limit(TargetKind.OUTLET, 7, OVER, 10)]),
        (
            "12.3.6.1.1.2.1",
            integer(3),
            [ConfigureBranch(1, BranchSetting.OVERLOAD_RESTRICTION, OverloadRestriction.OVERLOAD)],
        ),
    ],
)
def test_settings_are_written(suffix: str, value: Value, commands: list[Command]) -> None:
    assert PowerNetBench().commands((f"1.1.{suffix}", value)) == commands


@pytest.mark.parametrize(
    ("suffix", "value", "status"),
    [
        ("12.1.15.0", integer(441), ErrorStatus.WRONG_VALUE),
        ("12.1.17.0", integer(1000), ErrorStatus.NOT_WRITABLE),
        ("12.2.2.1.1.2.1", integer(-1), ErrorStatus.WRONG_VALUE),
        ("12.2.2.1.1.2.3", integer(1), ErrorStatus.NO_CREATION),
        ("12.2.4.1.1.2.2", integer(1), ErrorStatus.NO_CREATION),
        ("12.2.3.1.1.2.1", Value(Tag.UNSIGNED32, 1), ErrorStatus.NOT_WRITABLE),
        ("12.3.1.1.0", integer(0), ErrorStatus.WRONG_VALUE),
        ("12.3.1.1.0", integer(9), ErrorStatus.WRONG_VALUE),
        ("12.3.1.2.0", integer(-2), ErrorStatus.WRONG_VALUE),
        ("12.3.1.2.0", integer(301), ErrorStatus.WRONG_VALUE),
        ("12.3.2.1.1.2.1", integer(4), ErrorStatus.WRONG_VALUE),
        ("12.3.3.1.1.2.1", text("x"), ErrorStatus.NOT_WRITABLE),
        ("12.3.3.1.1.4.1", integer(8), ErrorStatus.WRONG_VALUE),
        ("12.3.3.1.1.4.0", integer(1), ErrorStatus.NO_CREATION),
        ("12.3.3.1.1.4.9", integer(1), ErrorStatus.NO_CREATION),
        ("12.3.3.1.1.4.1.1", integer(1), ErrorStatus.NO_CREATION),
        ("12.3.4.1.1.2.1", text("n" * 33), ErrorStatus.WRONG_LENGTH),
        ("12.3.4.1.1.2.1", Value(Tag.OCTET_STRING, "ö".encode()), ErrorStatus.WRONG_VALUE),
        ("12.3.4.1.1.4.1", integer(7201), ErrorStatus.WRONG_VALUE),
        ("12.3.4.1.1.4.1", integer(-2), ErrorStatus.WRONG_VALUE),
        ("12.3.4.1.1.5.1", integer(-1), ErrorStatus.WRONG_VALUE),
        ("12.3.4.1.1.6.1", integer(4), ErrorStatus.WRONG_VALUE),
        ("12.3.4.1.1.6.1", integer(61), ErrorStatus.WRONG_VALUE),
        ("12.3.4.3.1.2.8", text("x"), ErrorStatus.NO_CREATION),
        ("12.4.1.1.0", integer(1), ErrorStatus.NOT_WRITABLE),
        ("25.1.2.1.3.1.1", text("x"), ErrorStatus.NOT_WRITABLE),
    ],
)
def test_what_cannot_be_is_refused(suffix: str, value: Value, status: ErrorStatus) -> None:
    assert refused(f"1.1.{suffix}", value) is status


def test_whose_rights_count() -> None:
    bench = PowerNetBench().bench
    needs = {
        suffix: bench.writer.guard(
            bench.oid(f"{POWERNET}.1.1.12.{suffix}"), bench.controller.snapshot
        )
        for suffix in ("3.1.1.0", "3.1.2.0", "3.3.1.1.4.5", "3.4.3.1.4.7", "2.2.1.1.3.1")
    }
    assert needs == {
        "3.1.1.0": (Rights.SWITCH, EVERY_OUTLET),
        "3.1.2.0": (Rights.WRITE, EVERY_OUTLET),
        "3.3.1.1.4.5": (Rights.SWITCH, 5),
        "3.4.3.1.4.7": (Rights.WRITE, 7),
        "2.2.1.1.3.1": (Rights.WRITE, None),
    }


def with_sensors(*sensors: Sensor) -> Snapshot:
    limits = {"low_critical": 5.0, "low_warning": 10.0, "high_warning": 20.0, "high_critical": 30.0}
    return replace(
        unit(1, sensors=sensors),
        thresholds=(
            watch(
                TargetKind.SENSOR,
                1,
                ThresholdState.HIGH_CRITICAL,
                Quantity.TEMPERATURE,
                **limits,
            ),
            watch(
                TargetKind.SENSOR, 2, ThresholdState.LOW_CRITICAL, Quantity.HUMIDITY, low_critical=9
            ),
            watch(TargetKind.SENSOR, 3, ThresholdState.LOW_WARNING, Quantity.TEMPERATURE, **limits),
        ),
    )


def test_sensor_ports() -> None:
    warm = replace(SENSOR, value=23.5)
    humid = replace(SENSOR, index=2, name="RH", kind=SensorKind.HUMIDITY, value=47.5)
    old = replace(SENSOR, index=3, name="old", serial="", status=SensorStatus.STALE, value=7.0)
    cold = replace(SENSOR, index=4, name="cold", serial="", value=-4.25)
    gone = replace(SENSOR, index=5, serial="", status=SensorStatus.ABSENT, value=None)
    door = replace(SENSOR, index=6, kind=SensorKind.CONTACT, value=1.0)
    bench = PowerNetBench(with_sensors(warm, humid, old, cold, gone, door))
    assert bench.content("1.1.25.1.1.0") == 4

    def ports(*contents: object) -> dict[str, object]:
        return {f"{index}.1": content for index, content in enumerate(contents, 1)}

    assert bench.columns("1.1.25.1.2") == {
        1: ports(1, 2, 3, 4),
        2: ports(1, 1, 1, 1),
        3: ports(b"intake", b"old", b"cold", b"intake"),
        5: ports(74, -1, 24, -1),
        6: ports(24, -1, -4, -1),
        7: ports(48, -1, -1, -1),
        8: ports(0x803, 4, 0, 0),
        9: ports(3, 2, 4, 4),
        10: ports(2, 3, 2, 1),
    }
    assert bench.content("1.1.25.1.3.0") == 4
    assert bench.columns("1.1.25.1.4") == {
        1: ports(1, 2, 3, 4),
        2: ports(1, 1, 1, 1),
        3: ports(b"intake", b"old", b"cold", b"intake"),
    }
    assert bench.commands(("1.1.25.1.4.1.3.2.1", text("new"))) == [
        ConfigureSensor(3, SensorSetting.NAME, "new")
    ]


def test_a_unit_without_sensors_has_no_ports() -> None:
    assert PowerNetBench(unit(1)).below("1.1.25") == {"1.1.0": 0, "1.3.0": 0}


@pytest.mark.parametrize("identity", ["apc-rpdu", "apc-rpdu2"])
def test_the_description_is_that_of_a_card(identity: str) -> None:
    assert identity_of(identity).describe(unit()) == (
        "APC Web/SNMP Management Card (MB:v0.1.0 PF:v0.1.0 PN:openpdu AF1:v0.1.0 AN1:rpdu2g "
        "MN:OpenPDU-8 HR:B SN: S-0042)"
    )


def test_the_longest_description_fits_into_sys_descr() -> None:
    made = unit()
    device = replace(
        made.device, model="m" * 64, serial_number="s" * 32, hardware_revision="h" * 32
    )
    assert len(identity_of("apc-rpdu").describe(replace(made, device=device))) <= 255
