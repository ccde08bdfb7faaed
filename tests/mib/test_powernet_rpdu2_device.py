# SPDX-License-Identifier: Apache-2.0
"""rPDU2: the unit as a whole, by known answers. The scales are those of a recorded AP8853."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pdu_agent.access.grant import EVERY_OUTLET
from pdu_agent.mib_impl.set_errors import ErrorStatus, SetError
from pdu_agent.mib_impl.syntax import Value
from pdu_agent.mib_impl.view import NO_SUCH_INSTANCE
from pdu_agent.model.commands import (
    Action,
    Command,
    ConfigureDevice,
    ConfigureOutlets,
    DeviceSetting,
    Limit,
    OutletSetting,
    PowerUp,
    Quantity,
    Reset,
    ResetMeter,
    ResetMeters,
    SetLimit,
    SwitchAll,
    Target,
    TargetKind,
)
from pdu_agent.model.quantities import Electrical
from tests.mib.rpdu2_unit import (
    ARC,
    INLET,
    INLET_ELECTRICAL,
    INLET_METER,
    Rpdu2Bench,
    local,
    rpdu2_unit,
    text,
    two_inlets,
)
from tests.mib.unit import WALL_S, integer, with_outlet

NOT_SUPPORTED = b"notsupported "


def test_the_unit_introduces_itself() -> None:
    bench = Rpdu2Bench()
    assert bench.content("1.0") == 1
    assert bench.contents("2", 1, 2, 3, 4, 5, 6, 8, 9, 10) == [
        1,
        1,
        b"rack-7",
        b"Hall 2",
        b"B",
        b"v0.1.0",
        b"OpenPDU-8",
        b"S-0042",
        b"ops@example.net",
    ]


def test_settings_of_the_unit() -> None:
    bench = Rpdu2Bench()
    assert bench.content("3.0") == 1
    assert bench.contents("4.1", 1, 2, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14) == [
        1,
        1,
        b"rack-7",
        b"Hall 2",
        3,
        0,
        29,
        1,
        1,
        1,
        1,
        1,
        b"ops@example.net",
    ]


def test_properties_of_the_unit() -> None:
    assert Rpdu2Bench().contents("4.2", 1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13) == [
        1,
        1,
        b"rack-7",
        6,
        5,
        5,
        1,
        1,
        32,
        1,
        32,
        74,  # 32 A x 230 V
    ]


def test_the_unit_reads_what_a_recorded_unit_with_the_same_load_reads() -> None:
    bench = Rpdu2Bench()
    assert bench.contents("4.3", *range(1, 19)) == [
        1,
        1,
        b"rack-7",
        4,
        114,
        143,
        local(WALL_S - 3600),
        local(WALL_S - 7200),
        35_128,
        local(WALL_S - 86_400),
        2,
        1,
        1,
        3,
        local(WALL_S - 86_400),
        119,
        96,
        1,
    ]


def test_two_inlets_add_up_and_have_no_common_peak_or_limit() -> None:
    bench = Rpdu2Bench(two_inlets())
    assert bench.contents("4.3", 5, 9, 16, 17) == [228, 70_257, 237, 96]
    assert bench.contents("4.3", 4, 6, 7, 8) == [5, -1, NOT_SUPPORTED, NOT_SUPPORTED]
    assert bench.contents("4.1", 7, 8, 9, 10, 11) == [-1, -1, -1, 3, 1]
    assert bench.contents("4.2", 7, 9, 11, 13) == [2, 32, 9, 147]


def test_a_part_that_is_missing_is_not_taken_for_nothing() -> None:
    silent = replace(INLET, index=2, meter=replace(INLET_METER, electrical=Electrical()))
    bench = Rpdu2Bench(rpdu2_unit(inlets=(INLET, silent)))
    assert bench.contents("4.3", 5, 16, 17) == [-1, -1, -1]
    assert bench.content("11.2.0") == -1


def test_power_that_flows_back_is_not_taken_for_a_value_that_is_not_supported() -> None:
    back = replace(INLET_ELECTRICAL, active_power_w=-30.0)
    meter = replace(INLET_METER, electrical=back)
    bench = Rpdu2Bench(rpdu2_unit(inlets=(replace(INLET, meter=meter),)))
    assert bench.contents("4.3", 5, 17) == [0, 0]


def test_without_load_the_power_factor_is_zero() -> None:
    idle = replace(INLET_ELECTRICAL, active_power_w=0.0, apparent_power_va=0.0)
    meter = replace(INLET_METER, electrical=idle)
    bench = Rpdu2Bench(rpdu2_unit(inlets=(replace(INLET, meter=meter),)))
    assert bench.contents("4.3", 5, 16, 17) == [0, 0, 0]


def test_what_never_happened_has_no_date() -> None:
    meter = replace(
        INLET_METER,
        user_since_wall_s=None,
        peak_power_w=None,
        peak_wall_s=None,
        peak_power_since_wall_s=None,
    )
    bench = Rpdu2Bench(rpdu2_unit(inlets=(replace(INLET, meter=meter),)))
    assert bench.contents("4.3", 6, 7, 8, 10) == [-1, *[NOT_SUPPORTED] * 3]


def test_the_pending_command_of_one_outlet_is_one_of_the_unit() -> None:
    snapshot = with_outlet(rpdu2_unit(), 3, pending=Action.OFF_DELAYED)
    assert Rpdu2Bench(snapshot).content("4.3.1.11.1") == 1


@pytest.mark.parametrize(
    "instance", ["4.1.1.6.1", "4.1.1.12.1", "4.1.1.13.1", "4.3.1.11.1", "4.3.1.15.1", "4.4.1.4.1"]
)
def test_what_tells_of_all_outlets_asks_for_rights_on_all(instance: str) -> None:
    bench = Rpdu2Bench().bench
    oid = bench.oid(f"{ARC}.{instance}")
    place = bench.view.object_of(oid)
    assert place is not None
    assert bench.view.outlet_of(place, oid, bench.controller.snapshot) == EVERY_OUTLET


def test_a_unit_without_metered_outlets_has_none_to_reset() -> None:
    snapshot = rpdu2_unit()
    for number in range(1, 7):
        snapshot = with_outlet(snapshot, number, meter=None)
    bench = Rpdu2Bench(snapshot)
    assert bench.contents("4.1", 12, 13) == [3, 3]
    assert bench.content("4.3.1.15.1") == NOT_SUPPORTED
    for column in (12, 13):
        with pytest.raises(SetError) as refused:
            bench.commands((f"4.1.1.{column}.1", integer(2)))
        assert refused.value.status is ErrorStatus.NOT_WRITABLE


def test_the_group_is_this_unit() -> None:
    bench = Rpdu2Bench()
    assert [bench.content(f"11.{number}.0") for number in (1, 2, 3, 4)] == [1, 114, 35_128, 1]
    assert bench.commands(("11.4.0", integer(2))) == [ResetMeters(TargetKind.INLET, Reset.ENERGY)]


INLET_1 = Target(TargetKind.INLET, 1)


@pytest.mark.parametrize(
    ("column", "value", "commands"),
    [
        ("4.1.1.2", integer(1), []),
        ("4.1.1.3", text("pdu"), [ConfigureDevice(DeviceSetting.NAME, "pdu")]),
        ("4.1.1.4", text("here"), [ConfigureDevice(DeviceSetting.LOCATION, "here")]),
        ("4.1.1.14", text("me"), [ConfigureDevice(DeviceSetting.CONTACT, "me")]),
        ("4.1.1.6", integer(0), [ConfigureDevice(DeviceSetting.COLD_START_DELAY_S, 0)]),
        ("4.1.1.6", integer(300), [ConfigureDevice(DeviceSetting.COLD_START_DELAY_S, 300)]),
        ("4.1.1.6", integer(-1), [ConfigureOutlets(OutletSetting.POWER_UP, PowerUp.OFF)]),
        (
            "4.1.1.7",
            integer(3),
            [SetLimit(INLET_1, Quantity.ACTIVE_POWER, Limit.LOW_WARNING, 300)],
        ),
        (
            "4.1.1.8",
            integer(57),
            [SetLimit(INLET_1, Quantity.ACTIVE_POWER, Limit.HIGH_WARNING, 5700)],
        ),
        (
            "4.1.1.9",
            integer(0),
            [SetLimit(INLET_1, Quantity.ACTIVE_POWER, Limit.HIGH_CRITICAL, None)],
        ),
        ("4.1.1.10", integer(1), []),
        ("4.1.1.10", integer(2), [ResetMeter(INLET_1, Reset.PEAK_POWER)]),
        ("4.1.1.11", integer(2), [ResetMeters(TargetKind.INLET, Reset.ENERGY)]),
        ("4.1.1.12", integer(2), [ResetMeters(TargetKind.OUTLET, Reset.ENERGY)]),
        ("4.1.1.13", integer(2), [ResetMeters(TargetKind.OUTLET, Reset.PEAK_POWER)]),
        ("4.4.1.4", integer(1), [SwitchAll(Action.ON)]),
        ("4.4.1.4", integer(2), [SwitchAll(Action.ON_DELAYED)]),
        ("4.4.1.4", integer(3), [SwitchAll(Action.OFF)]),
        ("4.4.1.4", integer(4), [SwitchAll(Action.REBOOT)]),
        ("4.4.1.4", integer(5), [SwitchAll(Action.REBOOT_DELAYED)]),
        ("4.4.1.4", integer(6), []),
        ("4.4.1.4", integer(7), [SwitchAll(Action.OFF_DELAYED)]),
        ("4.4.1.4", integer(8), [SwitchAll(Action.CANCEL)]),
    ],
)
def test_what_is_written_is_what_the_core_is_told(
    column: str, value: Value, commands: list[Command]
) -> None:
    assert Rpdu2Bench().commands((f"{column}.1", value)) == commands


def test_control_reads_no_command() -> None:
    assert Rpdu2Bench().contents("4.4", 1, 2, 3, 4) == [1, 1, b"rack-7", 6]


def test_a_unit_that_never_starts_its_outlets_says_so_and_starts_them_when_given_a_time() -> None:
    snapshot = rpdu2_unit()
    for number in range(1, 7):
        snapshot = with_outlet(snapshot, number, power_up=PowerUp.OFF)
    bench = Rpdu2Bench(snapshot)
    assert bench.content("4.1.1.6.1") == -1
    assert bench.commands(("4.1.1.6.1", integer(5))) == [
        ConfigureDevice(DeviceSetting.COLD_START_DELAY_S, 5),
        ConfigureOutlets(OutletSetting.POWER_UP, PowerUp.ON),
    ]


@pytest.mark.parametrize(
    ("instance", "value", "status"),
    [
        ("4.1.1.2.1", integer(2), ErrorStatus.WRONG_VALUE),
        ("4.1.1.3.1", text("n" * 256), ErrorStatus.WRONG_LENGTH),
        ("4.1.1.3.1", integer(1), ErrorStatus.WRONG_TYPE),
        ("4.1.1.6.1", integer(-2), ErrorStatus.WRONG_VALUE),
        ("4.1.1.6.1", integer(301), ErrorStatus.WRONG_VALUE),
        ("4.1.1.8.1", integer(-1), ErrorStatus.WRONG_VALUE),
        ("4.1.1.10.1", integer(3), ErrorStatus.WRONG_VALUE),
        ("4.1.1.11.1", integer(0), ErrorStatus.WRONG_VALUE),
        ("4.4.1.4.1", integer(0), ErrorStatus.WRONG_VALUE),
        ("4.4.1.4.1", integer(9), ErrorStatus.WRONG_VALUE),
        ("4.4.1.4.0", integer(1), ErrorStatus.NO_CREATION),
        ("4.4.1.4.2", integer(1), ErrorStatus.NO_CREATION),
        ("4.3.1.5.1", integer(1), ErrorStatus.NOT_WRITABLE),
        ("3.0", integer(1), ErrorStatus.NOT_WRITABLE),
    ],
)
def test_bad_input_is_refused(instance: str, value: Value, status: ErrorStatus) -> None:
    bench = Rpdu2Bench()
    with pytest.raises(SetError) as refused:
        bench.commands((instance, value))
    assert refused.value.status is status
    assert bench.bench.controller.submitted == []


@pytest.mark.parametrize("column", [7, 8, 9, 10])
def test_with_two_inlets_limits_and_the_peak_cannot_be_written(column: int) -> None:
    with pytest.raises(SetError) as refused:
        Rpdu2Bench(two_inlets()).commands((f"4.1.1.{column}.1", integer(2)))
    assert refused.value.status is ErrorStatus.NOT_WRITABLE


@pytest.mark.parametrize("table", ["2", "4.1", "4.2", "4.3", "4.4"])
@pytest.mark.parametrize("index", [0, 2])
def test_there_is_one_unit(table: str, index: int) -> None:
    assert Rpdu2Bench().get(f"{table}.1.3.{index}") is NO_SUCH_INSTANCE
