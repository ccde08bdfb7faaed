# SPDX-License-Identifier: Apache-2.0
"""sPDU by known answers: what it shows, what a SET asks for, and what it refuses."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdu_agent.access.grant import EVERY_OUTLET, Rights
from pdu_agent.mib_impl.powernet.spdu import DELAY, REBOOT
from pdu_agent.mib_impl.set_errors import ErrorStatus, SetError
from pdu_agent.mib_impl.syntax import Tag, Value
from pdu_agent.mib_impl.view import NO_SUCH_INSTANCE, NO_SUCH_OBJECT
from pdu_agent.model.commands import (
    Action,
    Command,
    ConfigureDevice,
    ConfigureOutlet,
    ConfigureOutlets,
    DeviceSetting,
    OutletSetting,
    PowerUp,
    SwitchAll,
    SwitchOutlet,
)
from tests.mib.powernet_unit import POWERNET, PowerNetBench, power_on, powernet_unit, text
from tests.mib.unit import integer, unit

OUTLETS = [str(number) for number in range(1, 9)]


def rows(*contents: object) -> dict[str, object]:
    return dict(zip(OUTLETS, contents, strict=True))


def refused(suffix: str, value: Value, snapshot: Any = None) -> ErrorStatus:
    bench = PowerNetBench(snapshot)
    with pytest.raises(SetError) as caught:
        bench.commands((suffix, value))
    assert bench.bench.controller.submitted == []
    return caught.value.status


def test_scalars_tell_the_unit() -> None:
    bench = PowerNetBench()
    assert bench.below("1.1.4.1") == {
        "1.0": b"B",
        "2.0": b"v0.1.0",
        "4.0": b"OpenPDU-8",
        "5.0": b"S-0042",
    }
    assert bench.below("1.1.4.2") == {
        "1.0": 6,
        "2.0": b"On  Off Off Off On  Unknown On  On  ",
        "3.0": b"No  No  Yes Yes No  No  No  No  ",
    }
    assert bench.below("1.1.4.3") == {"1.0": 3, "2.0": 60, "3.0": b"rack-7"}
    assert (bench.content("1.1.4.4.1.0"), bench.content("1.1.4.5.1.0")) == (8, 8)


def test_the_states_of_the_largest_unit_fit() -> None:
    assert PowerNetBench(unit(64)).content("1.1.4.2.2.0") == (b"On  " * 64)[:255]


def test_the_control_table_shows_states_and_what_is_pending() -> None:
    assert PowerNetBench().columns("1.1.4.4.2") == {
        1: rows(1, 2, 3, 4, 5, 6, 7, 8),
        2: rows(2, 2, 1, 1, 2, 2, 2, 2),
        3: rows(1, 2, 2, 2, 1, 4, 1, 1),
        4: rows(
            b"Outlet 1",
            b"Outlet 2",
            b"Outlet 3",
            b"Outlet 4",
            b"a name of more than ",
            b"Outlet 6",
            b"Outlet 7",
            b"Outlet 8",
        ),
    }


def test_the_config_table_shows_times_within_the_lists() -> None:
    columns = PowerNetBench().columns("1.1.4.5.2", 1, 2, 4, 5)
    assert columns == {
        1: rows(1, 2, 3, 4, 5, 6, 7, 8),
        2: rows(20, -1, 0, 0, 0, 0, 0, 0),
        4: rows(300, 0, 0, 0, 0, 0, 0, 0),
        5: rows(10, 5, 5, 5, 5, 5, 5, 60),
    }


@pytest.mark.parametrize(
    ("number", "action"),
    [
        (1, Action.ON),
        (2, Action.OFF),
        (3, Action.REBOOT),
        (5, Action.ON_DELAYED),
        (6, Action.OFF_DELAYED),
        (7, Action.REBOOT_DELAYED),
    ],
)
def test_outlet_commands(number: int, action: Action) -> None:
    commands = PowerNetBench().commands(("1.1.4.4.2.1.3.2", integer(number)))
    assert commands == [SwitchOutlet(2, action)]


@pytest.mark.parametrize(
    ("number", "commands"),
    [
        (1, [SwitchAll(Action.ON)]),
        (2, [SwitchAll(Action.ON_DELAYED)]),
        (3, [SwitchAll(Action.OFF)]),
        (4, [SwitchAll(Action.REBOOT)]),
        (5, [SwitchAll(Action.REBOOT_DELAYED)]),
        (6, []),
        (7, [SwitchAll(Action.OFF_DELAYED)]),
    ],
)
def test_commands_for_all_outlets(number: int, commands: list[Command]) -> None:
    assert PowerNetBench().commands(("1.1.4.2.1.0", integer(number))) == commands


@pytest.mark.parametrize(
    ("suffix", "value", "commands"),
    [
        ("1.1.4.3.1.0", integer(44), [ConfigureDevice(DeviceSetting.COLD_START_DELAY_S, 30)]),
        ("1.1.4.3.1.0", integer(-1), [ConfigureOutlets(OutletSetting.POWER_UP, PowerUp.OFF)]),
        ("1.1.4.3.2.0", integer(59), [ConfigureOutlets(OutletSetting.REBOOT_S, 45)]),
        ("1.1.4.3.3.0", text("rack-8"), [ConfigureDevice(DeviceSetting.NAME, "rack-8")]),
        ("1.1.4.5.2.1.2.1", integer(119), power_on(1, 60)),
        ("1.1.4.5.2.1.2.1", integer(-1), [ConfigureOutlet(1, OutletSetting.POWER_UP, PowerUp.OFF)]),
        (
            "1.1.4.5.2.1.2.2",
            integer(0),
            [
                ConfigureOutlet(2, OutletSetting.ON_DELAY_S, 0),
                ConfigureOutlet(2, OutletSetting.POWER_UP, PowerUp.ON),
            ],
        ),
        ("1.1.4.5.2.1.3.8", text("n" * 20), [ConfigureOutlet(8, OutletSetting.NAME, "n" * 20)]),
        ("1.1.4.5.2.1.4.3", integer(9999), [ConfigureOutlet(3, OutletSetting.OFF_DELAY_S, 300)]),
        ("1.1.4.5.2.1.5.4", integer(4), [ConfigureOutlet(4, OutletSetting.REBOOT_S, 5)]),
    ],
)
def test_settings_are_written(suffix: str, value: Value, commands: list[Command]) -> None:
    assert PowerNetBench().commands((suffix, value)) == commands


def test_a_unit_that_stays_off_says_so_and_can_be_told_to_start_again() -> None:
    made = powernet_unit()
    off = replace(
        made, outlets=tuple(replace(outlet, power_up=PowerUp.OFF) for outlet in made.outlets)
    )
    bench = PowerNetBench(off)
    assert bench.content("1.1.4.3.1.0") == -1
    assert bench.commands(("1.1.4.3.1.0", integer(0))) == [
        ConfigureDevice(DeviceSetting.COLD_START_DELAY_S, 0),
        ConfigureOutlets(OutletSetting.POWER_UP, PowerUp.ON),
    ]


@pytest.mark.parametrize(
    ("suffix", "value", "status"),
    [
        ("1.1.4.4.2.1.3.1", integer(4), ErrorStatus.WRONG_VALUE),
        ("1.1.4.4.2.1.3.1", integer(0), ErrorStatus.WRONG_VALUE),
        ("1.1.4.4.2.1.3.1", integer(8), ErrorStatus.WRONG_VALUE),
        ("1.1.4.4.2.1.3.1", text("1"), ErrorStatus.WRONG_TYPE),
        ("1.1.4.4.2.1.3.1", Value(Tag.UNSIGNED32, 1), ErrorStatus.WRONG_TYPE),
        ("1.1.4.4.2.1.3.0", integer(1), ErrorStatus.NO_CREATION),
        ("1.1.4.4.2.1.3.9", integer(1), ErrorStatus.NO_CREATION),
        ("1.1.4.4.2.1.3.4294967295", integer(1), ErrorStatus.NO_CREATION),
        ("1.1.4.4.2.1.2.1", integer(2), ErrorStatus.NOT_WRITABLE),
        ("1.1.4.4.2.1.4.1", text("x"), ErrorStatus.NOT_WRITABLE),
        ("1.1.4.2.1.0", integer(0), ErrorStatus.WRONG_VALUE),
        ("1.1.4.2.1.0", integer(8), ErrorStatus.WRONG_VALUE),
        ("1.1.4.2.2.0", text("On  "), ErrorStatus.NOT_WRITABLE),
        ("1.1.4.5.2.1.3.1", text("n" * 21), ErrorStatus.WRONG_LENGTH),
        ("1.1.4.3.3.0", text("n" * 256), ErrorStatus.WRONG_LENGTH),
        ("1.1.4.5.2.1.4.1", integer(-1), ErrorStatus.WRONG_VALUE),
        ("1.1.4.5.2.1.4.1", integer(-2_147_483_648), ErrorStatus.WRONG_VALUE),
    ],
)
def test_what_cannot_be_is_refused(suffix: str, value: Value, status: ErrorStatus) -> None:
    assert refused(suffix, value) is status


def test_there_is_no_row_0_and_no_tree_of_a_ups() -> None:
    bench = PowerNetBench()
    assert bench.get("1.1.4.4.2.1.3.0") is NO_SUCH_INSTANCE
    assert bench.get("1.1.4.4.2.1.3.9") is NO_SUCH_INSTANCE
    assert bench.get("1.1.1.1.1.1.0") is NO_SUCH_OBJECT
    assert bench.below("1.1.1") == {}


def test_what_reaches_all_outlets_needs_rights_on_all() -> None:
    bench = PowerNetBench().bench
    needs = {
        suffix: bench.writer.guard(bench.oid(f"{POWERNET}.{suffix}"), bench.controller.snapshot)
        for suffix in ("1.1.4.2.1.0", "1.1.4.2.2.0", "1.1.4.3.2.0", "1.1.4.4.2.1.3.5")
    }
    assert needs == {
        "1.1.4.2.1.0": (Rights.SWITCH, EVERY_OUTLET),
        "1.1.4.2.2.0": (Rights.WRITE, EVERY_OUTLET),
        "1.1.4.3.2.0": (Rights.WRITE, EVERY_OUTLET),
        "1.1.4.4.2.1.3.5": (Rights.SWITCH, 5),
    }


@given(st.integers(-(2**31), 2**31 - 1))
def test_a_time_between_two_steps_means_the_lower_one(content: int) -> None:
    for steps in (DELAY, REBOOT):
        lower = [step for step in steps.allowed_s if step <= content]
        assert steps.decode(integer(content)) == (lower[-1] if lower else steps.allowed_s[0])
        assert steps.encode(steps.decode(integer(content))) == integer(
            steps.decode(integer(content))
        )
