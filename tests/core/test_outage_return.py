# SPDX-License-Identifier: Apache-2.0
"""Mains is back: what went returns in order, once, and not against anybody's later decision."""

from __future__ import annotations

import pytest

from pdu_agent.core.outage.returning import UNKNOWN_CHARGE_S
from pdu_agent.core.outage.settings import LowSettings, OutageSettings, ReturnSettings, ShedStep
from pdu_agent.core.settings import DeviceSettings
from pdu_agent.model.commands import (
    Action,
    Hold,
    HoldOutlet,
    Lock,
    PowerUp,
    Rank,
    SetLock,
    SwitchOutlet,
)
from pdu_agent.model.record import OutageRecord, Record
from pdu_agent.model.snapshot import OutletState
from pdu_agent.model.ups import Ups, UpsFlag
from tests.core.bench import OPS, Workbench
from tests.core.outage_rig import (
    BATTERY,
    CONFIRM_S,
    LOW_BATTERY,
    ON,
    PLAN,
    RULE,
    Rig,
    outage,
    ups_row,
)

CALIBRATING = UpsFlag.CALIBRATING
AT_ONCE = ShedStep(outlets=(4,))
BACK = ReturnSettings(after_s=60, charge_pct=30, gap_s=10)
STAGED = {1: {"priority": 1}, 2: {"priority": 2}, 3: {"priority": 2}, 4: {"priority": 3}}
LATER_S = CONFIRM_S + 62


def returned(rig: Rig) -> list[int]:
    return [number for number, closed in rig.moves() if closed]


def test_it_returns_once_mains_is_steady() -> None:
    rig = Rig(outage(AT_ONCE))
    rig.fail()
    rig.mains()
    rig.made.run(59)
    assert rig.on() == [1, 2, 3]
    rig.made.run(2)
    assert rig.on() == [1, 2, 3, 4]
    assert (
        str(rig.made.outlet(4).last_actor) == "mains back rack (mains of UPS rack there for 60 s)"
    )
    assert rig.holds() == {}
    rig.made.run(2)
    assert rig.row() is None


def test_the_most_important_return_first_with_gaps() -> None:
    rig = Rig(outage(back=BACK), own=STAGED)
    rig.fail(LOW_BATTERY)
    rig.made.run(5)
    assert rig.on() == []
    rig.mains(charge_pct=50.0)
    rig.made.run(200)
    closings = [(at_s, relay + 1) for at_s, relay, closed in rig.made.board.moves if closed]
    assert [number for _, number in closings] == [1, 2, 3, 4]
    assert closings[1][0] - closings[0][0] >= 10
    assert closings[3][0] - closings[2][0] >= 10 - 1


def test_without_gaps_the_order_is_kept_all_the_same() -> None:
    own = {1: {"priority": 4}, 2: {"priority": 3}, 3: {"priority": 2}, 4: {"priority": 1}}
    rig = Rig(outage(), own=own)
    rig.fail(LOW_BATTERY)
    rig.made.run(5)
    rig.mains()
    rig.made.run(100)
    assert returned(rig) == [4, 3, 2, 1]


def test_the_next_priority_is_ordered_when_the_relays_of_the_last_are_closed() -> None:
    own = {1: {"priority": 1}, 2: {"priority": 1}, 3: {"priority": 2}, 4: {"priority": 3}}
    device = DeviceSettings(sequence_interval_s=10.0)
    rig = Rig(outage(), own=own, device=device)
    rig.fail(LOW_BATTERY)
    rig.made.run(5)
    rig.mains()
    rig.made.run(65)
    assert rig.on() == [1]
    assert rig.made.state(2) is OutletState.ON_PENDING
    assert rig.made.state(3) is OutletState.OFF
    rig.made.run(60)
    assert returned(rig) == [1, 2, 3, 4]


@pytest.mark.parametrize(
    "row", [ups_row(ON, is_silent=True), ups_row(BATTERY, CALIBRATING), ups_row(UpsFlag.OFF)]
)
def test_nothing_returns_while_nobody_says_that_mains_is_there(row: Ups) -> None:
    rig = Rig(outage(AT_ONCE))
    rig.fail()
    rig.mains()
    rig.made.run(30)
    rig.tell(row)
    rig.made.run(3600)
    assert rig.on() == [1, 2, 3]
    rig.mains()
    rig.made.run(61)
    assert rig.on() == [1, 2, 3, 4]


def test_it_waits_for_the_charge() -> None:
    rig = Rig(outage(AT_ONCE, back=BACK))
    rig.fail(charge_pct=20.0)
    rig.mains(charge_pct=29.0)
    rig.made.run(4 * UNKNOWN_CHARGE_S)
    assert rig.on() == [1, 2, 3]
    shown = rig.row()
    assert shown is not None
    assert shown.next.endswith("the charge is 30 %; it is 29 %")
    rig.mains(charge_pct=30.0)
    rig.made.run(3)
    assert rig.on() == [1, 2, 3, 4]


def test_a_charge_that_nobody_tells_is_waited_for_an_hour() -> None:
    rig = Rig(outage(AT_ONCE, back=BACK))
    rig.fail()
    rig.mains()
    rig.made.run(UNKNOWN_CHARGE_S - 10)
    assert rig.on() == [1, 2, 3]
    shown = rig.row()
    assert shown is not None
    assert "does not tell its charge" in shown.next
    rig.made.run(20)
    assert rig.on() == [1, 2, 3, 4]


def test_mains_that_goes_again_starts_anew_without_flapping() -> None:
    rig = Rig(outage(AT_ONCE))
    rig.fail()
    for _ in range(20):
        rig.mains()
        rig.made.run(40)
        rig.fail()
        rig.made.run(20)
    assert rig.moves() == [(4, False)]
    rig.mains()
    rig.made.run(LATER_S)
    assert rig.moves() == [(4, False), (4, True)]


def test_low_battery_has_a_point_of_no_return() -> None:
    rig = Rig(outage(), own=STAGED, before_off="bye")
    rig.fail(LOW_BATTERY)
    assert rig.running() == [4]
    rig.mains()
    rig.made.run(LATER_S + 60 - 90)
    assert rig.running() == [4]
    rig.hook_ends(4)
    rig.made.run(1)
    assert rig.on() == [1, 2, 3]
    rig.made.run(90)
    assert rig.on() == [1, 2, 3, 4]
    assert rig.running() == [4]


@pytest.mark.parametrize("actor", [OPS, PLAN, RULE])
def test_what_somebody_wants_off_meanwhile_stays_off(actor: object) -> None:
    rig = Rig(outage(AT_ONCE))
    rig.fail()
    rig.made.core.submit_all([SwitchOutlet(4, Action.OFF)], actor)  # type: ignore[arg-type]
    rig.mains()
    rig.made.run(600)
    assert rig.on() == [1, 2, 3]
    assert rig.holds() == {}


def test_what_was_locked_meanwhile_is_left() -> None:
    rig = Rig(outage(AT_ONCE))
    rig.fail()
    rig.made.submit(SetLock(4, Lock.LOCKED_OFF))
    rig.mains()
    rig.made.run(600)
    rig.made.submit(SetLock(4, Lock.UNLOCKED))
    rig.made.run(600)
    assert rig.on() == [1, 2, 3]
    assert rig.holds() == {}


def test_what_another_hold_keeps_off_does_not_return() -> None:
    rig = Rig(outage(AT_ONCE))
    rig.fail()
    hold = Hold("rule hot", Rank.RULE, False, "40 C", rig.made.clock.wall_s())
    rig.made.core.submit_all([HoldOutlet(4, hold)], RULE)
    rig.mains()
    rig.made.run(600)
    assert rig.on() == [1, 2, 3]
    assert rig.holds() == {4: "RULE"}


def test_what_was_off_before_stays_off() -> None:
    rig = Rig(outage())
    rig.made.switch(2, Action.OFF)
    rig.fail(LOW_BATTERY)
    rig.made.run(5)
    assert rig.on() == []
    rig.mains()
    rig.made.run(LATER_S)
    assert rig.on() == [1, 3, 4]
    assert rig.holds() == {}


def test_a_person_may_switch_on_once_mains_is_there() -> None:
    rig = Rig(outage(back=ReturnSettings(charge_pct=90)))
    rig.fail(LOW_BATTERY, charge_pct=10.0)
    rig.made.run(5)
    rig.mains(charge_pct=10.0)
    rig.made.run(CONFIRM_S + 1)
    rig.made.switch(2, Action.ON)
    rig.made.run(1)
    assert rig.on() == [2]


def test_disabling_it_returns_what_it_took() -> None:
    rig = Rig(outage(AT_ONCE, back=BACK))
    rig.fail()
    rig.mains(charge_pct=1.0)
    rig.configure(OutageSettings())
    rig.made.run(200)
    assert rig.on() == [1, 2, 3, 4]
    assert rig.row() is None


def test_disabling_it_on_battery_waits_for_mains() -> None:
    rig = Rig(outage())
    rig.fail(LOW_BATTERY)
    rig.configure(OutageSettings())
    rig.made.run(600)
    assert rig.on() == []
    assert set(rig.holds().values()) == {"RULE"}
    rig.mains()
    rig.made.run(LATER_S)
    assert rig.on() == [1, 2, 3, 4]


def test_a_ups_that_is_not_configured_any_more_keeps_nothing_off() -> None:
    rig = Rig(outage(AT_ONCE))
    rig.fail()
    rig.tell(ups_row(ON, name="other", inlets=()))
    rig.made.run(200)
    assert rig.on() == [1, 2, 3, 4]


def test_a_second_ups_of_the_inlet_takes_the_outage_over() -> None:
    rig = Rig(outage(AT_ONCE))
    rig.fail()
    rows: tuple[Ups, ...] = (ups_row(BATTERY), ups_row(BATTERY, name="spare"))
    rig.tell(*rows)
    rig.made.run(600)
    assert rig.on() == [1, 2, 3]
    rig.tell(ups_row(ON), ups_row(BATTERY, name="spare"))
    rig.made.run(LATER_S)
    assert rig.on() == [1, 2, 3, 4]
    assert rig.row() is None


# -- restarts ------------------------------------------------------------------------------


@pytest.mark.parametrize("hears", [True, False])
def test_a_restart_amid_an_outage_goes_on(hears: bool) -> None:
    rig = Rig(outage(ShedStep(after_s=100, outlets=(3,)), AT_ONCE, low=LowSettings(lost_s=300)))
    rig.fail()
    rig.restart(hears=hears)
    rig.made.run(80)
    assert rig.on() == [1, 2, 3]
    rig.made.run(20)
    assert rig.on() == [1, 2]
    rig.restart(hears=hears)
    rig.mains()
    rig.made.run(LATER_S)
    assert rig.moves() == [(4, False), (3, False), (3, True), (4, True)]


def test_a_restart_amid_a_low_battery_goes_on_with_the_next_stage() -> None:
    rig = Rig(outage(), own=STAGED)
    rig.fail(LOW_BATTERY)
    rig.restart()
    rig.made.run(5)
    assert [number for number, _ in rig.moves()] == [4, 2, 3, 1]
    rig.restart()
    rig.made.run(5)
    rig.mains()
    rig.restart()
    rig.made.run(LATER_S + 10)
    assert len(rig.moves()) == 8
    assert rig.on() == [1, 2, 3, 4]


def test_a_restart_amid_the_return_goes_on() -> None:
    rig = Rig(outage(back=BACK), own=STAGED)
    rig.fail(LOW_BATTERY)
    rig.made.run(5)
    rig.mains(charge_pct=90.0)
    rig.made.run(66)
    assert rig.on() == [1]
    rig.restart()
    rig.made.run(120)
    assert returned(rig) == [1, 2, 3, 4]


@pytest.mark.parametrize("policy", [PowerUp.ON, PowerUp.LAST])
def test_what_went_returns_after_the_unit_has_lost_its_power_too(policy: PowerUp) -> None:
    rig = Rig(outage(back=BACK), power_up=policy)
    rig.fail(LOW_BATTERY)
    rig.made.run(5)
    rig.lose_power()
    rig.made.run(120)
    assert rig.on() == []
    rig.mains(charge_pct=10.0)
    rig.made.run(300)
    assert rig.on() == []
    rig.mains(charge_pct=30.0)
    rig.made.run(60)
    assert rig.on() == [1, 2, 3, 4]


def test_an_order_to_stay_off_counts_after_a_power_loss_too() -> None:
    rig = Rig(outage(), power_up=PowerUp.LAST)
    rig.fail(LOW_BATTERY)
    rig.made.run(5)
    rig.lose_power()
    rig.made.switch(3, Action.OFF)
    rig.mains()
    rig.made.run(600)
    assert rig.on() == [1, 2, 4]


def test_a_policy_of_off_counts_after_a_power_loss() -> None:
    rig = Rig(outage(), power_up=PowerUp.OFF)
    rig.fail(LOW_BATTERY)
    rig.made.run(5)
    rig.lose_power()
    rig.mains()
    rig.made.run(600)
    assert rig.on() == []
    assert rig.holds() == {}


def test_what_had_not_gone_yet_follows_its_policy_at_once() -> None:
    rig = Rig(outage(AT_ONCE, back=BACK), power_up=PowerUp.LAST)
    rig.fail(charge_pct=90.0)
    rig.lose_power()
    rig.made.run(60)
    assert rig.on() == [1, 2, 3]


def test_a_slow_server_of_the_ups_shuts_nothing_down_after_a_power_loss() -> None:
    rig = Rig(outage(low=LowSettings(lost_s=30)), power_up=PowerUp.LAST)
    rig.fail()
    rig.lose_power()
    rig.tell(ups_row(BATTERY, is_silent=True))
    rig.made.run(300)
    assert rig.on() == [1, 2, 3, 4]
    rig.mains()
    rig.made.run(60)
    assert rig.row() is None


@pytest.mark.parametrize("jump_s", [-1e6, 1e6])
def test_a_clock_that_is_set_changes_nothing(jump_s: float) -> None:
    rig = Rig(outage(ShedStep(after_s=600, outlets=(4,))))
    rig.fail()
    rig.made.clock.jump_wall(jump_s)
    rig.made.run(300)
    rig.restart()
    assert rig.on() == [1, 2, 3, 4]
    rig.made.run(310)
    assert rig.on() == [1, 2, 3]
    rig.mains()
    rig.made.clock.jump_wall(-jump_s)
    rig.made.run(LATER_S)
    assert rig.on() == [1, 2, 3, 4]


def test_rows_that_this_version_does_not_know_are_no_outage() -> None:
    record = Record(engine_id=b"x", outages={"rack": OutageRecord("strange", 0.0)})
    made = Workbench(record=record, outage=outage())
    made.run(5)
    assert made.core.snapshot.outages == ()
