# SPDX-License-Identifier: Apache-2.0
"""What somebody asks to be off until mains is back belongs to the outage."""

from __future__ import annotations

import pytest

from pdu_agent.core.outage.settings import ReturnSettings
from pdu_agent.core.settings import DeviceSettings, GroupSettings, InletSettings
from pdu_agent.model.commands import (
    Action,
    Actor,
    Lock,
    SetLock,
    StopUntilMains,
    Target,
    TargetKind,
)
from pdu_agent.model.errors import CommandError, InvalidValue, NotNow, OutletLocked, UnknownTarget
from pdu_agent.model.snapshot import ChangeReason
from tests.core.outage_rig import (
    BATTERY,
    CONFIRM_S,
    LOW_BATTERY,
    ON,
    Rig,
    outage,
    ups_row,
)

NUT = Actor("nut", "pdu", "/run/nut/openpdu-pdu")
LATER_S = CONFIRM_S + 62
PAIR = (GroupSettings(7, "pair", (2, 3)),)


def ask(rig: Rig, number: int, delay_s: float | None = None) -> None:
    target = Target(TargetKind.OUTLET, number)
    rig.made.core.submit_all([StopUntilMains(target, delay_s)], NUT)
    rig.made.settle()


def ask_group(rig: Rig, number: int, delay_s: float | None = None) -> None:
    target = Target(TargetKind.GROUP, number)
    rig.made.core.submit_all([StopUntilMains(target, delay_s)], NUT)
    rig.made.settle()


def test_on_mains_it_is_a_reboot() -> None:
    rig = Rig(outage(), reboot_s=5)
    ask(rig, 3, 2.0)
    rig.made.run(30)
    assert rig.moves() == [(3, False), (3, True)]
    assert rig.row() is None


def test_on_battery_it_goes_and_returns_with_mains() -> None:
    rig = Rig(outage())
    rig.fail()
    ask(rig, 3, 10.0)
    rig.made.run(9)
    assert rig.on() == [1, 2, 3, 4]
    rig.made.run(600)
    assert rig.on() == [1, 2, 4]
    row = rig.made.outlet(3)
    assert row.last_reason is ChangeReason.OUTAGE
    (hold,) = row.holds
    assert hold.text == "to be off until mains is back, asked by nut pdu from /run/nut/openpdu-pdu"
    assert hold.ends == "returns once mains is there for 60 s"
    rig.mains()
    rig.made.run(59)
    assert rig.on() == [1, 2, 4]
    rig.made.run(10)
    assert rig.on() == [1, 2, 3, 4]
    assert rig.moves() == [(3, False), (3, True)]
    assert rig.row() is None
    assert rig.holds() == {}


def test_before_the_outage_is_confirmed_too() -> None:
    rig = Rig(outage())
    rig.battery()
    rig.made.run(1)
    ask(rig, 3)
    rig.made.run(2)
    assert rig.on() == [1, 2, 4]
    rig.mains()
    rig.made.run(59)
    assert rig.on() == [1, 2, 4]
    rig.made.run(2)
    assert rig.on() == [1, 2, 3, 4]
    assert rig.row() is None


def test_it_stays_off_when_the_outage_is_confirmed_and_low() -> None:
    rig = Rig(outage())
    rig.battery()
    ask(rig, 3)
    rig.made.run(60)
    assert rig.on() == [1, 2, 4]
    rig.battery(LOW_BATTERY)
    rig.made.run(60)
    assert rig.on() == []
    assert rig.holds() == dict.fromkeys([1, 2, 3, 4], "SAFETY")
    rig.mains()
    rig.made.run(LATER_S)
    assert rig.on() == [1, 2, 3, 4]


def test_what_waits_out_its_delay_is_shut_down_when_the_battery_is_low() -> None:
    rig = Rig(outage())
    rig.fail()
    ask(rig, 3, 7200.0)
    upcoming = rig.made.outlet(3).next_change
    assert upcoming is not None
    assert upcoming.text == "on again: once mains is there for 60 s"
    rig.battery(LOW_BATTERY)
    rig.made.run(5)
    assert rig.on() == []
    rig.mains()
    rig.made.run(LATER_S)
    assert rig.on() == [1, 2, 3, 4]
    assert rig.moves().count((3, False)) == 1


def test_its_hook_comes_first() -> None:
    rig = Rig(outage(), own={3: {"before_off": "bye"}})
    rig.fail()
    ask(rig, 3, 0.0)
    rig.made.run(20)
    assert rig.running() == [3]
    assert rig.on() == [1, 2, 3, 4]
    rig.hook_ends(3)
    rig.made.run(1)
    assert rig.on() == [1, 2, 4]
    rig.mains()
    rig.made.run(LATER_S)
    assert rig.on() == [1, 2, 3, 4]


def test_over_a_restart_and_a_loss_of_power() -> None:
    rig = Rig(outage())
    rig.fail()
    ask(rig, 3)
    rig.restart()
    rig.made.run(60)
    assert rig.on() == [1, 2, 4]
    rig.lose_power(hears=True)
    rig.made.run(60)
    assert 3 not in rig.on()
    rig.mains()
    rig.made.run(LATER_S)
    assert 3 in rig.on()


def test_taken_back_during_its_delay_it_stays_on() -> None:
    rig = Rig(outage())
    rig.fail()
    ask(rig, 3, 30.0)
    rig.made.switch(3, Action.CANCEL)
    rig.made.run(60)
    assert rig.on() == [1, 2, 3, 4]
    assert rig.holds() == {}


def test_what_is_off_by_the_outage_stays_so_and_returns_once() -> None:
    rig = Rig(outage())
    rig.fail(LOW_BATTERY)
    rig.made.run(5)
    ask(rig, 3)
    rig.mains()
    ask(rig, 3)
    rig.made.run(LATER_S)
    assert [closed for number, closed in rig.moves() if number == 3] == [False, True]


def test_what_was_off_returns_too() -> None:
    rig = Rig(outage(back=ReturnSettings(after_s=20)))
    rig.made.switch(3, Action.OFF)
    rig.made.run(1)
    rig.fail(LOW_BATTERY)
    rig.made.run(5)
    ask(rig, 3)
    rig.made.run(60)
    assert rig.on() == []
    rig.mains()
    rig.made.run(30)
    assert rig.on() == [1, 2, 3, 4]


def test_a_person_who_keeps_it_so_is_no_hindrance_to_its_return() -> None:
    rig = Rig(outage(), device=DeviceSettings(person_hold_s=3600))
    rig.fail()
    ask(rig, 3)
    rig.mains()
    rig.made.run(LATER_S)
    assert rig.on() == [1, 2, 3, 4]


def test_a_group_goes_but_for_what_is_locked() -> None:
    rig = Rig(outage(), groups=PAIR)
    rig.made.submit(SetLock(2, Lock.LOCKED_ON))
    rig.fail()
    ask_group(rig, 7)
    rig.made.run(60)
    assert rig.on() == [1, 2, 4]
    rig.mains()
    rig.made.run(LATER_S)
    assert rig.on() == [1, 2, 3, 4]


def test_of_a_group_what_has_mains_is_rebooted() -> None:
    two = (InletSettings(1), InletSettings(2))
    rig = Rig(outage(), groups=PAIR, inlets=two, own={3: {"inlet": 2}}, reboot_s=5)
    rig.tell(ups_row(BATTERY), ups_row(ON, name="other", inlets=(2,)))
    rig.made.run(CONFIRM_S + 1)
    ask_group(rig, 7)
    rig.made.run(60)
    assert rig.on() == [1, 3, 4]
    assert (3, False) in rig.moves()


@pytest.mark.parametrize(
    ("target", "error"),
    [
        (Target(TargetKind.OUTLET, 9), UnknownTarget),
        (Target(TargetKind.GROUP, 9), UnknownTarget),
        (Target(TargetKind.GROUP, 8), NotNow),
        (Target(TargetKind.INLET, 1), InvalidValue),
        (Target(TargetKind.OUTLET, 1), OutletLocked),
        (Target(TargetKind.OUTLET, 4), OutletLocked),
    ],
)
@pytest.mark.parametrize("is_dark", [True, False])
def test_what_cannot_be_is_refused(
    target: Target, error: type[CommandError], is_dark: bool
) -> None:
    groups = (GroupSettings(8, "none", ()),)
    rig = Rig(outage(), groups=groups, own={4: {"relay": None}})
    rig.made.submit(SetLock(1, Lock.LOCKED_ON))
    if is_dark:
        rig.fail()
    with pytest.raises(error):
        rig.made.core.submit_all([StopUntilMains(target)], NUT)
    rig.made.run(60)
    assert rig.moves() == []
    assert rig.holds() == {}


def test_one_refused_leaves_nothing_behind() -> None:
    rig = Rig(outage())
    rig.battery()
    batch = [StopUntilMains(Target(TargetKind.OUTLET, n)) for n in (3, 9)]
    with pytest.raises(UnknownTarget):
        rig.made.core.submit_all(batch, NUT)
    assert rig.row() is None
    assert rig.holds() == {}
