# SPDX-License-Identifier: Apache-2.0
"""On battery outlets are shed as planned; on low battery all go, the least important first."""

from __future__ import annotations

import pytest

from pdu_agent.core.outage.settings import LowSettings, ReturnSettings, ShedStep
from pdu_agent.core.settings import GroupSettings, InletSettings
from pdu_agent.core.shutdown.settings import OnHang
from pdu_agent.model.commands import Action, Lock, SetLock, SwitchOutlet
from pdu_agent.model.control import OutageState
from pdu_agent.model.errors import OutletHeld
from pdu_agent.model.readings import BankLost
from pdu_agent.model.snapshot import ChangeReason
from pdu_agent.model.ups import UpsFlag
from tests.core.bench import OPS
from tests.core.outage_rig import (
    BATTERY,
    CONFIRM_S,
    FORCED,
    GRACEFUL,
    LOW_BATTERY,
    ON,
    PLAN,
    Rig,
    outage,
    ups_row,
)

AT_ONCE = ShedStep(outlets=(4,))


# -- what is an outage ---------------------------------------------------------------------


def test_a_blip_does_nothing() -> None:
    rig = Rig(outage(AT_ONCE))
    rig.battery()
    rig.made.run(CONFIRM_S - 0.5)
    rig.mains()
    rig.made.run(60)
    assert rig.on() == [1, 2, 3, 4]
    assert rig.row() is None


def test_what_is_confirmed_sheds_and_says_why() -> None:
    rig = Rig(outage(AT_ONCE))
    rig.fail()
    assert rig.on() == [1, 2, 3]
    row = rig.made.outlet(4)
    assert row.last_reason is ChangeReason.OUTAGE
    assert str(row.last_actor) == "on battery rack (UPS rack on battery)"
    assert row.holds[0].ends == "returns once mains is there for 60 s"
    shown = rig.row()
    assert shown is not None
    assert (shown.state, shown.taken) == (OutageState.ON_BATTERY, (4,))


def test_a_calibration_is_no_outage() -> None:
    rig = Rig(outage(AT_ONCE, low=LowSettings(charge_pct=50)))
    rig.fail(UpsFlag.CALIBRATING, LOW_BATTERY, charge_pct=10.0)
    rig.made.run(600)
    assert rig.on() == [1, 2, 3, 4]


def test_disabled_it_does_nothing() -> None:
    rig = Rig(outage(AT_ONCE))
    rig.configure(type(rig.more["outage"])())
    rig.fail(LOW_BATTERY)
    rig.made.run(600)
    assert rig.on() == [1, 2, 3, 4]


def test_steps_that_are_edited_during_an_outage_count_by_what_they_are_now() -> None:
    rig = Rig(outage(ShedStep(outlets=(4,)), ShedStep(charge_pct=50, outlets=(3,))))
    rig.fail(charge_pct=80.0)
    assert rig.on() == [1, 2, 3]
    rig.configure(outage(ShedStep(charge_pct=50, outlets=(2,)), ShedStep(outlets=(3,))))
    assert rig.on() == [1, 2]
    rig.battery(charge_pct=40.0)
    rig.made.run(5)
    assert rig.on() == [1]
    rig.mains(charge_pct=80.0)
    rig.made.run(300)
    assert rig.on() == [1, 2, 3, 4]


def test_what_a_person_kept_on_is_not_shed_by_edited_steps() -> None:
    rig = Rig(outage(AT_ONCE))
    rig.fail()
    rig.made.core.submit_all([SwitchOutlet(4, Action.ON)], OPS)
    rig.made.run(5)
    rig.configure(outage(ShedStep(outlets=(3, 4))))
    assert rig.on() == [1, 2, 4]


def test_a_ups_that_feeds_nothing_is_only_shown() -> None:
    rig = Rig(outage(AT_ONCE))
    rig.tell(ups_row(BATTERY, LOW_BATTERY, inlets=()))
    rig.made.run(600)
    assert rig.on() == [1, 2, 3, 4]


def test_silence_on_mains_is_no_outage() -> None:
    rig = Rig(outage(AT_ONCE))
    rig.tell(ups_row(ON, is_silent=True))
    rig.made.run(3600)
    assert rig.on() == [1, 2, 3, 4]


def test_silence_on_battery_counts_as_low_after_a_while() -> None:
    rig = Rig(outage(low=LowSettings(lost_s=30)))
    rig.fail()
    rig.tell(ups_row(BATTERY, is_silent=True))
    rig.made.run(29)
    assert rig.on() == [1, 2, 3, 4]
    rig.made.run(2)
    assert rig.on() == []
    assert "silent for 30 s" in rig.made.outlet(1).holds[0].text


def test_what_was_shed_is_not_said_to_have_gone_for_a_low_battery() -> None:
    rig = Rig(outage(ShedStep(after_s=20, outlets=(4,))))
    rig.fail()
    rig.made.run(20)
    rig.battery(LOW_BATTERY)
    rig.made.run(1)
    (hold,) = rig.made.outlet(4).holds
    assert hold.text == "UPS rack on battery for 20 s, then battery of UPS rack low"
    rig.mains()
    rig.made.run(10)
    (hold,) = rig.made.outlet(4).holds
    assert hold.text == "UPS rack on battery for 20 s"


def test_a_forced_shutdown_waits_for_nothing() -> None:
    rig = Rig(outage())
    rig.tell(ups_row(ON, FORCED))
    rig.made.run(0.5)
    assert rig.on() == []


# -- shed ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("step", "values"),
    [
        (ShedStep(charge_pct=50, outlets=(2,)), {"charge_pct": 50.0}),
        (ShedStep(runtime_s=900, outlets=(2,)), {"runtime_s": 900.0}),
        (ShedStep(charge_pct=50, runtime_s=900, outlets=(2,)), {"runtime_s": 800.0}),
    ],
)
def test_the_first_condition_that_comes_true_counts(
    step: ShedStep, values: dict[str, float]
) -> None:
    rig = Rig(outage(step))
    rig.fail(charge_pct=51.0, runtime_s=901.0)
    rig.made.run(600)
    assert rig.on() == [1, 2, 3, 4]
    rig.battery(**values)
    rig.made.run(1)
    assert rig.on() == [1, 3, 4]


def test_time_on_battery_counts_from_when_mains_was_lost() -> None:
    rig = Rig(outage(ShedStep(after_s=60, outlets=(2,))))
    rig.battery()
    rig.made.run(59)
    assert rig.on() == [1, 2, 3, 4]
    rig.made.run(2)
    assert rig.on() == [1, 3, 4]


def test_what_is_not_known_satisfies_no_limit() -> None:
    limits = LowSettings(charge_pct=100, runtime_s=86_400)
    rig = Rig(outage(ShedStep(charge_pct=100, runtime_s=86_400, outlets=(2,)), low=limits))
    rig.fail()
    rig.made.run(3600)
    assert rig.on() == [1, 2, 3, 4]
    rig.battery(LOW_BATTERY)
    rig.made.run(1)
    assert rig.on() == []


def test_outlets_groups_and_priorities_of_a_step_add_up() -> None:
    step = ShedStep(outlets=(1,), groups=(7,), priority=9)
    groups = (GroupSettings(7, "pair", (2,)),)
    rig = Rig(outage(step), groups=groups, own={3: {"priority": 9}})
    rig.fail()
    assert rig.on() == [4]


def test_locked_and_kept_outlets_and_those_that_are_off_are_left() -> None:
    step = ShedStep(priority=1)
    rig = Rig(outage(step, low=LowSettings(keep=(1,))), own={4: {"relay": None}})
    rig.made.submit(SetLock(2, Lock.LOCKED_ON))
    rig.made.switch(3, Action.OFF)
    rig.made.run(1)
    before = rig.moves()
    rig.fail()
    rig.battery(LOW_BATTERY)
    rig.made.run(600)
    assert rig.moves() == before


def test_a_person_may_overrule_what_was_shed() -> None:
    rig = Rig(outage(AT_ONCE))
    rig.fail()
    rig.made.switch(4, Action.ON)
    rig.made.run(600)
    assert rig.on() == [1, 2, 3, 4]


def test_a_plan_may_not_overrule_what_was_shed() -> None:
    rig = Rig(outage(AT_ONCE))
    rig.fail()
    with pytest.raises(OutletHeld, match="outlet 4 is kept off by outage: UPS rack on battery"):
        rig.made.core.submit_all([SwitchOutlet(4, Action.ON)], PLAN)


def test_what_cannot_be_shed_makes_an_alarm_and_goes_when_it_can() -> None:
    rig = Rig(outage(AT_ONCE))
    rig.made.core.on_bank_lost(BankLost("main", "no answer"))
    rig.fail()
    assert [alarm.subject for alarm in rig.made.alarms("outage")] == ["outlet 4"]
    rig.made.core.on_bank(rig.made.board.state())
    rig.made.settle()
    rig.made.run(30)
    assert rig.on() == [1, 2, 3]
    assert rig.made.alarms("outage") == []


def test_redundant_upses_are_an_outage_together_only() -> None:
    rig = Rig(outage(AT_ONCE))
    rig.tell(ups_row(BATTERY), ups_row(ON, name="spare"))
    rig.made.run(60)
    assert rig.on() == [1, 2, 3, 4]
    rig.tell(ups_row(BATTERY), ups_row(BATTERY, name="spare"))
    rig.made.run(10)
    assert rig.on() == [1, 2, 3]
    rig.tell(ups_row(BATTERY, LOW_BATTERY), ups_row(BATTERY, name="spare"))
    rig.made.run(10)
    assert rig.on() == [1, 2, 3]
    rig.tell(ups_row(BATTERY, LOW_BATTERY), ups_row(ON, name="spare", is_silent=True))
    rig.made.run(10)
    assert rig.on() == []


def test_upses_of_two_inlets_are_independent() -> None:
    rig = Rig(
        outage(),
        inlets=(InletSettings(1), InletSettings(2)),
        own={3: {"inlet": 2}, 4: {"inlet": 2}},
    )
    rig.tell(ups_row(BATTERY, LOW_BATTERY, inlets=(2,)), ups_row(ON, name="other"))
    rig.made.run(10)
    assert rig.on() == [1, 2]


# -- low battery ---------------------------------------------------------------------------

STAGED = {1: {"priority": 1}, 2: {"priority": 2}, 3: {"priority": 2}, 4: {"priority": 3}}


def test_the_least_important_go_first_and_stages_wait_for_each_other() -> None:
    rig = Rig(outage(), own=STAGED, before_off="bye")
    rig.fail(LOW_BATTERY)
    assert rig.running() == [4]
    rig.hook_ends(4)
    rig.made.run(1.1)
    assert sorted(rig.running()) == [2, 3, 4]
    rig.hook_ends(2)
    rig.made.run(2)
    assert 1 not in rig.running()
    rig.hook_ends(3)
    rig.made.run(1.1)
    rig.hook_ends(1)
    rig.made.run(1)
    assert [number for number, _ in rig.moves()] == [4, 2, 3, 1]


def test_a_server_that_hangs_does_not_stop_the_others() -> None:
    rig = Rig(outage(low=LowSettings(stage_s=20)), own=STAGED, before_off="bye")
    rig.fail(LOW_BATTERY)
    rig.made.run(19)
    assert rig.running() == [4]
    rig.made.run(2)
    assert sorted(rig.running()) == [2, 3, 4]


@pytest.mark.parametrize("policy", list(OnHang))
def test_what_hangs_is_cut_or_stays_by_its_own_policy(policy: OnHang) -> None:
    graceful = {**{"graceful": type(GRACEFUL)(5.0, None, 5.0, 60.0, policy)}, "before_off": "bye"}
    rig = Rig(outage(), own={4: graceful}, outlets=4)
    rig.fail(LOW_BATTERY)
    rig.hook_ends(4)
    rig.draw(50, o4=40.0)
    assert rig.on() == [4]
    rig.draw(20, o4=40.0)
    assert rig.on() == ([4] if policy is OnHang.ABORT else [])
    assert rig.made.alarms("shutdown")
    assert (4 in rig.holds()) is (policy is OnHang.FORCE)


def test_nobody_switches_on_into_a_dying_battery() -> None:
    rig = Rig(outage(), own={4: {"relay": None}})
    rig.made.switch(3, Action.OFF)
    rig.fail(LOW_BATTERY, charge_pct=18.0)
    for number in (1, 3):
        with pytest.raises(OutletHeld, match=r"battery of UPS rack low \(charge 18 %\)"):
            rig.made.core.submit_all([SwitchOutlet(number, Action.ON)], OPS)
    rig.mains()
    rig.made.run(CONFIRM_S + 1)
    rig.made.switch(3, Action.ON)
    rig.made.run(1)
    assert 3 in rig.on()


def test_low_battery_takes_over_a_shutdown_that_shedding_began() -> None:
    rig = Rig(outage(AT_ONCE), before_off="bye")
    rig.fail()
    assert rig.running() == [4]
    rig.battery(LOW_BATTERY)
    rig.made.run(1)
    assert rig.running() == [4, 1, 2, 3]
    for number in (1, 2, 3, 4):
        rig.hook_ends(number)
    rig.made.run(5)
    assert rig.on() == []
    assert set(rig.holds().values()) == {"SAFETY"}


def test_low_battery_is_acted_on_without_a_store() -> None:
    rig = Rig(outage())
    rig.made.save_fails = True
    rig.made.run(2)
    rig.fail(LOW_BATTERY)
    assert rig.on() == []


def test_a_silent_ups_does_not_keep_people_out_for_ever() -> None:
    rig = Rig(outage())
    rig.fail(LOW_BATTERY)
    rig.tell(ups_row(BATTERY, LOW_BATTERY, is_silent=True))
    rig.made.run(590)
    assert set(rig.holds().values()) == {"SAFETY"}
    rig.made.run(20)
    assert set(rig.holds().values()) == {"RULE"}
    rig.made.switch(1, Action.ON)
    rig.made.run(10)
    assert rig.on() == [1]


def test_it_tells_what_comes_next() -> None:
    step = ShedStep(after_s=300, charge_pct=50, outlets=(4,))
    rig = Rig(outage(step, low=LowSettings(charge_pct=20), back=ReturnSettings(60, 30)), own=STAGED)
    rig.fail(charge_pct=90.0)
    shown = rig.row()
    assert shown is not None
    assert shown.next == (
        "outlet 4 off after 5 min on battery or at 50 % charge; the others shut down when the "
        "UPS says that its battery is low or at 20 % charge"
    )
    assert shown.next_wall_s == pytest.approx(shown.since_wall_s + 300)
    change = rig.made.outlet(4).next_change
    assert change is not None
    assert change.text == "off after 5 min on battery or at 50 % charge"
    change = rig.made.outlet(1).next_change
    assert change is not None
    assert "its battery is low or at 20 % charge" in change.text
    rig.battery(charge_pct=18.0)
    rig.made.run(5)
    change = rig.made.outlet(4).next_change
    assert change is not None
    assert change.text == "on again: once mains is there for 60 s and the charge is 30 %"
