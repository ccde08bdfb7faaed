# SPDX-License-Identifier: Apache-2.0
"""What is kept from one instant to the next is never old: a device that has seen everything tells
the same as one that looks for the first time.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pdu_agent.access.grant import Rights
from pdu_agent.core.settings import GroupSettings, SensorSettings, ThresholdSettings
from pdu_agent.model.commands import (
    Action,
    Command,
    ConfigureDevice,
    ConfigureGroup,
    ConfigureOutlet,
    CreateGroup,
    DeviceSetting,
    GroupSetting,
    Limit,
    Lock,
    OutletSetting,
    PowerUp,
    Quantity,
    RemoveGroup,
    Reset,
    ResetMeters,
    SetLimit,
    SetLock,
    SetMember,
    SwitchGroup,
    SwitchOutlet,
    Target,
    TargetKind,
)
from pdu_agent.model.errors import CommandError
from pdu_agent.model.readings import BankLost
from pdu_agent.model.snapshot import Fault, OutletState
from pdu_agent.model.ups import Ups, UpsFlag
from pdu_agent.nut.names.pdu_device import PduDevice
from pdu_agent.nut.settings import NutSettings
from tests.core.bench import INLET, Workbench
from tests.mib.unit import FakeController, unit, with_outlet
from tests.nut.nut_names import is_variable

OUTLETS = st.integers(1, 3)
TARGETS = st.sampled_from([INLET, *(Target(TargetKind.OUTLET, n) for n in (1, 2, 3))])
ACTIONS = st.sampled_from([action for action in Action if action is not Action.PULSE])
NAMES = st.sampled_from(["a", "b", "Küche"])
SECONDS = st.integers(0, 30)
LIMITS = st.none() | st.sampled_from([1.0, 2.0, 5.0])

COMMANDS: st.SearchStrategy[Command] = st.one_of(
    st.builds(SwitchOutlet, OUTLETS, ACTIONS),
    st.builds(SwitchGroup, st.sampled_from([1, 7]), ACTIONS),
    st.builds(SetLock, OUTLETS, st.sampled_from(Lock)),
    st.builds(ConfigureOutlet, OUTLETS, st.just(OutletSetting.NAME), NAMES),
    st.builds(ConfigureOutlet, OUTLETS, st.just(OutletSetting.OFF_DELAY_S), SECONDS),
    st.builds(ConfigureOutlet, OUTLETS, st.just(OutletSetting.ON_DELAY_S), SECONDS),
    st.builds(ConfigureOutlet, OUTLETS, st.just(OutletSetting.REBOOT_S), SECONDS),
    st.builds(ConfigureOutlet, OUTLETS, st.just(OutletSetting.PRIORITY), SECONDS),
    st.builds(ConfigureOutlet, OUTLETS, st.just(OutletSetting.POWER_UP), st.sampled_from(PowerUp)),
    st.builds(ConfigureDevice, st.just(DeviceSetting.LOCATION), NAMES),
    st.builds(CreateGroup, st.just(7)),
    st.builds(RemoveGroup, st.just(7)),
    st.builds(ConfigureGroup, st.just(7), st.just(GroupSetting.NAME), NAMES),
    st.builds(SetMember, st.just(7), OUTLETS, st.booleans()),
    st.builds(SetLimit, TARGETS, st.just(Quantity.CURRENT), st.sampled_from(Limit), LIMITS),
    st.just(ResetMeters(TargetKind.OUTLET, Reset.PEAK)),
)


CHANGES: dict[str, Any] = {
    "name": "other",
    "receptacle": "C19",
    "position": "other",
    "switched": False,
    "state": OutletState.OFF_PENDING,
    "pending": Action.OFF_DELAYED,
    "pending_s": 9.0,
    "relay_closed": False,
    "lock": Lock.LOCKED_ON,
    "on_delay_s": 77,
    "off_delay_s": 77,
    "reboot_s": 77,
    "power_up": PowerUp.OFF,
    "meter": None,
    "priority": 7,
    "faults": frozenset({Fault.WELDED}),
    "stopping": "",
}
"""Of an outlet that waits for its load before a reboot: then each of them shows."""


@pytest.mark.parametrize("field", CHANGES)
def test_a_change_of_one_thing_of_an_outlet_is_seen(field: str) -> None:
    waiting = {"state": OutletState.REBOOTING, "pending": Action.REBOOT, "stopping": "waits"}
    controller = FakeController(with_outlet(unit(), 2, pending_s=3.0, **waiting))
    device = PduDevice(controller, NutSettings(rights=Rights.WRITE))
    before = device.variables()
    controller.snapshot = with_outlet(controller.snapshot, 2, **{field: CHANGES[field]})
    told = device.variables()
    assert told == PduDevice(controller, NutSettings(rights=Rights.WRITE)).variables()
    assert told != before


def _submit(command: Command) -> Callable[[Workbench], None]:
    def step(bench: Workbench) -> None:
        with suppress(CommandError):
            bench.submit(command)

    return step


def _read(target: Target, current_a: float) -> Callable[[Workbench], None]:
    return lambda bench: bench.read(target, 3.6e6, voltage_v=230.0, current_a=current_a)


def _sense(value: float | None) -> Callable[[Workbench], None]:
    return lambda bench: bench.sense(1, value, "" if value is not None else "no answer")


def _pass(seconds: float) -> Callable[[Workbench], None]:
    return lambda bench: bench.run(seconds)


def _ups(flags: frozenset[UpsFlag]) -> Callable[[Workbench], None]:
    ups = Ups(1, "rack", "", "", "", flags, {}, None, 0.0, inlets=(1,))
    return lambda bench: bench.core.on_upses((ups,))


def _lose_the_board(bench: Workbench) -> None:
    bench.core.on_bank_lost(BankLost("main", "no answer"))


def _find_the_board(bench: Workbench) -> None:
    bench.core.on_bank(bench.board.state())
    bench.settle()


FLAGS = st.frozensets(st.sampled_from([UpsFlag.ON_LINE, UpsFlag.ON_BATTERY, UpsFlag.LOW_BATTERY]))
STEPS = st.one_of(
    st.builds(_submit, COMMANDS),
    st.builds(_submit, COMMANDS),
    st.builds(_read, TARGETS, st.sampled_from([0.0, 1.004, 1.006, 4.0])),
    st.builds(_sense, st.none() | st.sampled_from([20.0, 20.04, 35.0])),
    st.builds(_pass, st.sampled_from([0.3, 1.0, 7.0])),
    st.builds(_ups, FLAGS),
    st.just(_lose_the_board),
    st.just(_find_the_board),
)


@settings(max_examples=60)
@given(
    rights=st.sampled_from([Rights.READ, Rights.WRITE]),
    own=st.sampled_from(Rights),
    steps=st.lists(STEPS, min_size=1, max_size=25),
)
def test_a_device_that_has_seen_everything_tells_the_same_as_a_new_one(
    rights: Rights, own: Rights, steps: list[Callable[[Workbench], None]]
) -> None:
    bench = Workbench(
        3,
        groups=(GroupSettings(1, outlets=(1, 2)),),
        sensors=(SensorSettings(1),),
        thresholds=(ThresholdSettings(INLET, Quantity.CURRENT, high_warning=3.0),),
    )
    of_nut = NutSettings(rights=rights, outlets={"2": own})
    device = PduDevice(bench.core, of_nut)
    for step in steps:
        step(bench)
        new = PduDevice(bench.core, of_nut)
        told = device.variables()
        assert told == new.variables()
        assert device.commands() == new.commands()
        assert all(map(is_variable, told))
