# SPDX-License-Identifier: Apache-2.0
"""rPDU2: switched and metered outlets, by known answers."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pdu_agent.mib_impl.set_errors import ErrorStatus, SetError
from pdu_agent.mib_impl.syntax import Value
from pdu_agent.mib_impl.view import NO_SUCH_INSTANCE
from pdu_agent.model.commands import (
    Action,
    Command,
    ConfigureOutlet,
    Limit,
    Lock,
    OutletSetting,
    PowerUp,
    Quantity,
    SetLimit,
    SwitchOutlet,
    Target,
    TargetKind,
)
from pdu_agent.model.quantities import Electrical
from pdu_agent.model.snapshot import OutletState, ThresholdState
from tests.mib.powernet_unit import power_on
from tests.mib.rpdu2_unit import ARC, THRESHOLDS, Rpdu2Bench, local, outlet_meter, rpdu2_unit, text
from tests.mib.unit import WALL_S, integer, with_outlet

OFF, ON = 1, 2
COMMAND_ON, COMMAND_OFF, COMMAND_UNKNOWN = 1, 2, 4
PENDING, NOT_PENDING = 1, 2


def test_a_switched_outlet() -> None:
    bench = Rpdu2Bench()
    assert bench.contents("9.2.1", 1, 2, 3, 4, 5, 6, 7, index=2) == [2, 1, b"Outlet 2", 2, 0, 0, 5]
    assert bench.contents("9.2.2", *range(1, 7), index=2) == [2, 1, b"Outlet 2", 2, 1, 1]
    assert bench.contents("9.2.3", *range(1, 7), index=2) == [2, 1, b"Outlet 2", 2, ON, NOT_PENDING]
    assert bench.contents("9.2.4", *range(1, 6), index=2) == [2, 1, b"Outlet 2", 2, COMMAND_ON]


@pytest.mark.parametrize(
    ("state", "pending", "shown", "command", "waits"),
    [
        (OutletState.ON, None, ON, COMMAND_ON, NOT_PENDING),
        (OutletState.OFF, None, OFF, COMMAND_OFF, NOT_PENDING),
        (OutletState.ON_PENDING, Action.ON, ON, COMMAND_ON, PENDING),
        (OutletState.ON_PENDING, Action.ON_DELAYED, OFF, COMMAND_OFF, PENDING),
        (OutletState.OFF_PENDING, Action.OFF, OFF, COMMAND_OFF, PENDING),
        (OutletState.OFF_PENDING, Action.OFF_DELAYED, ON, COMMAND_ON, PENDING),
        (OutletState.REBOOTING, Action.REBOOT, OFF, COMMAND_OFF, PENDING),
    ],
)
def test_state_command_and_pending_of_an_outlet(
    state: OutletState, pending: Action | None, shown: int, command: int, waits: int
) -> None:
    bench = Rpdu2Bench(with_outlet(rpdu2_unit(), 2, state=state, pending=pending))
    assert bench.content("9.2.3.1.5.2") == shown
    assert bench.content("9.2.4.1.5.2") == command
    assert bench.content("9.2.3.1.6.2") == waits


@pytest.mark.parametrize("state", [OutletState.FAULT, OutletState.UNKNOWN])
def test_an_outlet_that_nobody_knows_is_neither_on_nor_off(state: OutletState) -> None:
    bench = Rpdu2Bench(with_outlet(rpdu2_unit(), 2, state=state, relay_closed=None))
    assert bench.get("9.2.3.1.5.2") is NO_SUCH_INSTANCE
    assert bench.content("9.2.4.1.5.2") == COMMAND_UNKNOWN


def test_a_locked_outlet_shows_its_state() -> None:
    bench = Rpdu2Bench(with_outlet(rpdu2_unit(), 2, lock=Lock.LOCKED_ON))
    assert bench.content("9.2.3.1.5.2") == ON


def test_rows_are_those_of_switched_and_of_metered_outlets() -> None:
    bench = Rpdu2Bench()
    assert bench.content("9.1.0") == 5
    assert bench.content("9.3.0") == 5
    for table in ("9.2.1", "9.2.2", "9.2.3", "9.2.4"):
        assert bench.get(f"{table}.1.4.5") is NO_SUCH_INSTANCE
        assert bench.content(f"{table}.1.4.6") == 6
    for table in ("9.4.1", "9.4.2", "9.4.3"):
        assert bench.content(f"{table}.1.4.5") == 5
        assert bench.get(f"{table}.1.4.6") is NO_SUCH_INSTANCE


def test_a_long_name_is_cut_and_times_are_kept_within_the_range_of_the_mib() -> None:
    bench = Rpdu2Bench(with_outlet(rpdu2_unit(), 2, name="n" * 40, reboot_s=600, off_delay_s=7200))
    assert bench.contents("9.2.1", 3, 6, 7, index=2) == [b"n" * 32, 7200, 60]


@pytest.mark.parametrize(
    ("power_up", "on_delay_s", "shown"),
    [(PowerUp.OFF, 30, -1), (PowerUp.ON, 30, 30), (PowerUp.LAST, 0, 0)],
)
def test_the_power_on_time(power_up: PowerUp, on_delay_s: int, shown: int) -> None:
    bench = Rpdu2Bench(with_outlet(rpdu2_unit(), 2, power_up=power_up, on_delay_s=on_delay_s))
    assert bench.content("9.2.1.1.5.2") == shown


@pytest.mark.parametrize(
    ("line", "inlet", "layout"),
    [
        ("l1", 1, 1),
        ("unknown", 2, 2),
        ("l1", 3, 3),
        ("l1l2", 1, 4),
        ("l2l3", 1, 5),
        ("l3l1", 4, 6),
        ("l1", 4, -1),
    ],
)
def test_to_what_an_outlet_is_wired(line: str, inlet: int, layout: int) -> None:
    bench = Rpdu2Bench(with_outlet(rpdu2_unit(), 3, line=line, inlet=inlet))
    assert bench.contents("9.2.2", 5, 6, index=3) == [layout, 0]
    assert bench.contents("9.4.2", 5, 7, index=3) == [layout, 0]


def test_a_metered_outlet() -> None:
    bench = Rpdu2Bench()
    assert bench.contents("9.4.1", *range(1, 8), index=2) == [2, 1, b"Outlet 2", 2, 0, 1500, 2000]
    assert bench.contents("9.4.2", *range(1, 8), index=2) == [2, 1, b"Outlet 2", 2, 1, 2300, 1]
    assert bench.contents("9.4.3", *range(1, 13), index=2) == [
        2,
        1,
        b"Outlet 2",
        2,
        1,
        13,
        263,
        1235,
        local(WALL_S - 3600),
        local(WALL_S - 7200),
        14,
        b"C13",
    ]


def test_a_metered_outlet_that_measures_nothing_reads_minus_one() -> None:
    meter = replace(
        outlet_meter(),
        electrical=Electrical(),
        peak_power_w=None,
        peak_wall_s=None,
        peak_power_since_wall_s=None,
        rated_current_a=None,
    )
    unknown = tuple(replace(row, state=ThresholdState.UNKNOWN) for row in THRESHOLDS)
    bench = Rpdu2Bench(with_outlet(rpdu2_unit(thresholds=unknown), 2, meter=meter))
    dates = [b"notsupported "] * 2
    assert bench.contents("9.4.3", 6, 7, 8, 9, 10, 11, index=2) == [-1, -1, -1, *dates, 14]
    assert bench.content("9.4.2.1.6.2") == -1
    assert bench.get("9.4.3.1.5.2") is NO_SUCH_INSTANCE


POWER_OF_2 = (Target(TargetKind.OUTLET, 2), Quantity.ACTIVE_POWER)


@pytest.mark.parametrize(
    ("column", "value", "commands"),
    [
        ("9.2.4.1.5", integer(1), [SwitchOutlet(2, Action.ON)]),
        ("9.2.4.1.5", integer(2), [SwitchOutlet(2, Action.OFF)]),
        ("9.2.4.1.5", integer(3), [SwitchOutlet(2, Action.REBOOT)]),
        ("9.2.4.1.5", integer(5), [SwitchOutlet(2, Action.ON_DELAYED)]),
        ("9.2.4.1.5", integer(6), [SwitchOutlet(2, Action.OFF_DELAYED)]),
        ("9.2.4.1.5", integer(7), [SwitchOutlet(2, Action.REBOOT_DELAYED)]),
        ("9.2.4.1.5", integer(8), [SwitchOutlet(2, Action.CANCEL)]),
        ("9.2.1.1.3", text("db"), [ConfigureOutlet(2, OutletSetting.NAME, "db")]),
        ("9.2.1.1.5", integer(-1), [ConfigureOutlet(2, OutletSetting.POWER_UP, PowerUp.OFF)]),
        ("9.2.1.1.5", integer(0), power_on(2, 0)),
        ("9.2.1.1.5", integer(7200), power_on(2, 7200)),
        ("9.2.1.1.6", integer(0), [ConfigureOutlet(2, OutletSetting.OFF_DELAY_S, 0)]),
        ("9.2.1.1.6", integer(7200), [ConfigureOutlet(2, OutletSetting.OFF_DELAY_S, 7200)]),
        ("9.2.1.1.7", integer(5), [ConfigureOutlet(2, OutletSetting.REBOOT_S, 5)]),
        ("9.2.1.1.7", integer(60), [ConfigureOutlet(2, OutletSetting.REBOOT_S, 60)]),
        ("9.4.1.1.3", text("db"), [ConfigureOutlet(2, OutletSetting.NAME, "db")]),
        ("9.4.1.1.5", integer(7), [SetLimit(*POWER_OF_2, Limit.LOW_WARNING, 7)]),
        ("9.4.1.1.6", integer(0), [SetLimit(*POWER_OF_2, Limit.HIGH_WARNING, None)]),
        ("9.4.1.1.7", integer(2300), [SetLimit(*POWER_OF_2, Limit.HIGH_CRITICAL, 2300)]),
    ],
)
def test_what_is_written_is_what_the_core_is_told(
    column: str, value: Value, commands: list[Command]
) -> None:
    assert Rpdu2Bench().commands((f"{column}.2", value)) == commands


def test_an_outlet_that_stays_off_is_to_come_on_when_it_is_given_a_time() -> None:
    bench = Rpdu2Bench(with_outlet(rpdu2_unit(), 2, power_up=PowerUp.OFF))
    assert bench.commands(("9.2.1.1.5.2", integer(9))) == [
        ConfigureOutlet(2, OutletSetting.ON_DELAY_S, 9),
        ConfigureOutlet(2, OutletSetting.POWER_UP, PowerUp.ON),
    ]


@pytest.mark.parametrize(
    ("instance", "value", "status"),
    [
        ("9.2.4.1.5.2", integer(0), ErrorStatus.WRONG_VALUE),
        ("9.2.4.1.5.2", integer(COMMAND_UNKNOWN), ErrorStatus.WRONG_VALUE),
        ("9.2.4.1.5.2", integer(9), ErrorStatus.WRONG_VALUE),
        ("9.2.4.1.5.2", text("1"), ErrorStatus.WRONG_TYPE),
        ("9.2.4.1.5.0", integer(1), ErrorStatus.NO_CREATION),
        ("9.2.4.1.5.5", integer(1), ErrorStatus.NO_CREATION),
        ("9.2.4.1.5.7", integer(1), ErrorStatus.NO_CREATION),
        ("9.2.4.1.5.4294967295", integer(1), ErrorStatus.NO_CREATION),
        ("9.2.1.1.3.2", text("n" * 33), ErrorStatus.WRONG_LENGTH),
        ("9.2.1.1.5.2", integer(-2), ErrorStatus.WRONG_VALUE),
        ("9.2.1.1.5.2", integer(7201), ErrorStatus.WRONG_VALUE),
        ("9.2.1.1.6.2", integer(-1), ErrorStatus.WRONG_VALUE),
        ("9.2.1.1.6.2", integer(7201), ErrorStatus.WRONG_VALUE),
        ("9.2.1.1.7.2", integer(4), ErrorStatus.WRONG_VALUE),
        ("9.2.1.1.7.2", integer(61), ErrorStatus.WRONG_VALUE),
        ("9.2.3.1.5.2", integer(1), ErrorStatus.NOT_WRITABLE),
        ("9.4.1.1.3.2", text("n" * 33), ErrorStatus.WRONG_LENGTH),
        ("9.4.1.1.5.2", integer(-1), ErrorStatus.WRONG_VALUE),
        ("9.4.1.1.5.6", integer(1), ErrorStatus.NO_CREATION),
        ("9.4.3.1.7.2", integer(1), ErrorStatus.NOT_WRITABLE),
    ],
)
def test_bad_input_is_refused(instance: str, value: Value, status: ErrorStatus) -> None:
    bench = Rpdu2Bench()
    with pytest.raises(SetError) as refused:
        bench.commands((instance, value))
    assert refused.value.status is status
    assert bench.bench.controller.submitted == []


def test_rights_are_asked_for_by_outlet() -> None:
    bench = Rpdu2Bench().bench
    for table in ("9.2.1", "9.2.2", "9.2.3", "9.2.4", "9.4.1", "9.4.2", "9.4.3"):
        oid = bench.oid(f"{ARC}.{table}.1.4.3")
        place = bench.view.object_of(oid)
        assert place is not None
        assert bench.view.outlet_of(place, oid, bench.controller.snapshot) == 3
