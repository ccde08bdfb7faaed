# SPDX-License-Identifier: Apache-2.0
"""A cap: what goes when too much is drawn, what returns, and what nobody may make of it."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from bench.rack import OPS, Move, Rack, noisy, settings_of
from pdu_agent.core.protection.settings import CapSettings
from pdu_agent.core.settings import BranchSettings, DeviceSettings, OutletSettings, RelayRef
from pdu_agent.model.commands import (
    Action,
    CapSetting,
    ConfigureCap,
    Lock,
    SetLock,
    SwitchAll,
    SwitchOutlet,
    Target,
    TargetKind,
)
from pdu_agent.model.control import CapState
from pdu_agent.model.errors import (
    BudgetExceeded,
    CommandError,
    InvalidValue,
    NotNow,
    OutletHeld,
    UnknownTarget,
)
from pdu_agent.model.events import AlarmRaised, CommandFailed, OutletShed
from pdu_agent.model.snapshot import ChangeReason, OutletState, Severity

CAP = CapSettings(1, limit_w=500.0, margin=20.0, restore_after_s=10.0)


def outlets(*priorities: int, **changes: object) -> list[OutletSettings]:
    return [
        replace(
            OutletSettings(n, relay=RelayRef("main", n - 1), priority=priority),
            **changes,  # type: ignore[arg-type]
        )
        for n, priority in enumerate(priorities, start=1)
    ]


def rack(cap: CapSettings = CAP, **loads: float) -> Rack:
    """Five outlets: the first is the most important one, 4 and 5 are equals."""
    watts = {1: 200.0, 2: 120.0, 3: 80.0, 4: 60.0, 5: 30.0}
    watts |= {int(name[1:]): load for name, load in loads.items()}
    return Rack(settings_of(outlets(1, 2, 3, 4, 4), [cap]), dict(watts))


def test_the_least_important_that_is_enough_goes_at_once_and_says_why() -> None:
    unit = rack()
    unit.run(5.0)
    assert unit.moves == []
    unit.loads[1] = 270.0  # 560 W in all
    began_s = unit.clock.monotonic_s()
    unit.run(3.0)
    assert [move.outlet for move in unit.moves] == [4]
    assert unit.moves[0].at_s - began_s < 0.5
    row = unit.outlet(4)
    assert row.state is OutletState.OFF
    assert row.last_reason is ChangeReason.LOAD_SHEDDING
    assert row.holds[0].source == "cap 1"
    assert row.holds[0].text == "shed at 560 W, cap 500 W"
    assert row.holds[0].ends == "returns when unit 1 is below 420 W"
    assert row.next_change is not None
    assert row.next_change.action is Action.ON
    (cap,) = unit.core.snapshot.caps
    assert (cap.state, cap.shed, cap.value) == (CapState.RESTORING, (4,), 500.0)
    (alarm,) = [each for each in unit.core.snapshot.alarms if each.kind == "cap"]
    assert alarm.severity is Severity.WARNING
    (told,) = unit.events(OutletShed)
    assert isinstance(told, OutletShed)
    assert (told.cap, told.outlet, told.restored) == (1, 4, False)


def test_they_return_one_by_one_the_most_important_first_when_there_is_room() -> None:
    unit = rack(p1=500.0)  # 790 W
    unit.run(3.0)
    assert unit.off() == [2, 3, 4, 5]
    unit.loads[1] = 200.0
    unit.moves.clear()
    unit.run(9.0)
    assert unit.moves == []
    unit.run(60.0)
    assert [(move.outlet, move.closed) for move in unit.moves] == [(2, True), (3, True), (5, True)]
    gaps = [b.at_s - a.at_s for a, b in zip(unit.moves, unit.moves[1:], strict=False)]
    assert all(gap >= 10.0 for gap in gaps)
    assert unit.total_w() == 430.0  # the last one would leave less than the margin
    unit.loads[1] = 190.0
    unit.run(20.0)
    assert unit.off() == []
    assert [each for each in unit.core.snapshot.alarms if each.kind == "cap"] == []
    assert unit.core.snapshot.caps[0].state is CapState.UNDER


def test_nothing_more_goes_while_relays_and_meters_take_their_time() -> None:
    unit = rack(p1=270.0)
    unit.relay_s = 0.35
    unit.run(3.0)
    assert [move.outlet for move in unit.moves] == [4]


def test_what_really_is_too_much_goes_in_the_next_round() -> None:
    unit = rack(p1=270.0)
    unit.run(0.25)
    unit.loads[1] = 320.0
    unit.run(2.0)
    assert unit.total_w() <= 500.0


def test_locked_ones_those_of_priority_0_and_those_without_a_relay_stay() -> None:
    row = outlets(0, 2, 3, 4)
    row[2] = replace(row[2], relay=None)
    unit = Rack(settings_of(row, [CAP]), {1: 200.0, 2: 100.0, 3: 100.0, 4: 150.0})
    unit.submit(SetLock(4, Lock.LOCKED_ON))
    unit.run(2.0)
    assert unit.off() == [2]
    unit.loads[1] = 300.0
    unit.run(30.0)
    assert unit.off() == [2]
    (cap,) = unit.core.snapshot.caps
    assert cap.state is CapState.OVER
    (alarm,) = [each for each in unit.core.snapshot.alarms if each.kind == "cap"]
    assert alarm.severity is Severity.CRITICAL
    assert "what stays: outlets 1, 3, 4" in alarm.text
    assert len(unit.moves) == 1


def test_over_costs_no_time() -> None:
    unit = Rack(settings_of(outlets(0), [CAP]), {1: 900.0})
    unit.run(1.0)
    assert unit.core.snapshot.caps[0].state is CapState.OVER
    now_s = unit.clock.monotonic_s()
    unit.core.tick()
    assert unit.core.next_deadline_s() > now_s


def test_those_without_a_meter_go_one_at_a_time_and_what_they_drew_is_learnt() -> None:
    settings = settings_of(outlets(1, 3, 3), [CAP], unmetered=(2, 3))
    unit = Rack(settings, {1: 300.0, 2: 120.0, 3: 130.0})
    unit.run(3.0)
    assert unit.off() == [2]
    assert unit.core.snapshot.caps[0].shed == (2,)
    assert unit.outlet(2).next_change is not None
    unit.run(60.0)
    assert unit.off() == [2]  # 430 + 120 W do not fit
    unit.loads[1] = 200.0
    unit.run(20.0)
    assert unit.off() == []


def test_nobody_switches_on_what_was_shed_but_an_off_stays() -> None:
    unit = rack(p1=270.0)
    unit.run(2.0)
    with pytest.raises(OutletHeld, match="outlet 4 is kept off by cap 1: shed at 560 W"):
        unit.submit(SwitchOutlet(4, Action.ON))
    unit.loads[1] = 100.0
    unit.run(30.0)
    assert unit.off() == []


def test_somebodys_off_is_remembered_while_it_is_shed() -> None:
    unit = rack(p1=270.0)
    unit.run(2.0)
    unit.submit(SwitchOutlet(4, Action.OFF))
    unit.loads[1] = 100.0
    unit.run(60.0)
    assert unit.off() == [4]
    assert unit.outlet(4).holds == ()
    assert unit.core.snapshot.caps[0].shed == ()
    unit.submit(SwitchOutlet(4, Action.ON))
    unit.run(2.0)
    assert unit.off() == []


def test_the_limit_may_be_changed_while_it_runs_and_only_to_what_makes_sense() -> None:
    unit = rack()
    unit.run(1.0)
    for value in (0.0, -5.0, 1e9, float("nan")):
        with pytest.raises(InvalidValue):
            unit.submit(ConfigureCap(1, CapSetting.LIMIT, value))
    with pytest.raises(UnknownTarget, match="there is no cap 2"):
        unit.submit(ConfigureCap(2, CapSetting.LIMIT, 400.0))
    with pytest.raises(NotNow, match="margin"):
        unit.submit(ConfigureCap(1, CapSetting.MARGIN, 500.0))
    unit.submit(ConfigureCap(1, CapSetting.LIMIT, 450.0))
    unit.run(2.0)
    assert unit.off() == [4]
    again = unit.restart()
    assert again.core.snapshot.caps[0].limit == 450.0


def test_a_limit_below_what_is_locked_is_refused() -> None:
    unit = rack()
    unit.submit(SetLock(1, Lock.LOCKED_ON))
    unit.run(1.0)
    with pytest.raises(NotNow, match="outlet 1, locked, of priority 0 or without a relay, draw"):
        unit.submit(ConfigureCap(1, CapSetting.LIMIT, 150.0))
    assert unit.moves == []


def test_a_restart_leaves_all_as_it_is_and_goes_on() -> None:
    unit = rack(p1=500.0)
    unit.run(3.0)
    before = list(unit.core.snapshot.caps[0].shed)
    again = unit.restart()
    again.run(20.0)
    assert again.moves == []
    assert list(again.core.snapshot.caps[0].shed) == before
    again.loads[1] = 190.0
    again.run(60.0)
    assert again.off() == []


def test_a_cap_that_is_gone_keeps_nothing_off() -> None:
    unit = rack(p1=500.0)
    unit.run(3.0)
    for caps in ((), (replace(CAP, enabled=False),)):
        again = unit.restart(replace(unit.settings, caps=caps))
        again.run(20.0)
        assert again.off() == []
        assert again.outlet(2).holds == ()
        assert [each for each in again.core.snapshot.alarms if each.kind == "cap"] == []


def test_a_meter_that_has_still_to_deliver_is_no_alarm_and_one_that_is_absent_is() -> None:
    unit = rack()
    unit.is_silent = True
    unit.run(4.9)
    assert unit.core.snapshot.alarms == ()
    assert unit.core.snapshot.caps[0].state is CapState.UNKNOWN
    unit.run(0.2)
    (alarm,) = unit.core.snapshot.alarms
    assert (alarm.kind, alarm.subject) == ("cap", "cap 1")
    assert "has no value" in alarm.text
    unit.is_silent = False
    unit.run(1.0)
    assert unit.core.snapshot.alarms == ()


def test_a_start_with_a_meter_tells_nothing_of_a_cap_and_its_loss_soon_after_is_told() -> None:
    unit = rack()
    unit.run(1.0)
    unit.is_silent = True
    assert unit.events(AlarmRaised) == []
    unit.run(2.0)
    (told,) = unit.events(AlarmRaised)
    assert isinstance(told, AlarmRaised)
    assert told.alarm.kind == "cap"


def test_without_a_value_nothing_goes_and_nothing_returns() -> None:
    unit = rack(p1=270.0)
    unit.run(2.0)
    unit.is_silent = True
    unit.loads[1] = 100.0
    unit.run(120.0)
    assert unit.off() == [4]
    assert unit.core.snapshot.caps[0].state is CapState.UNKNOWN
    (alarm,) = [each for each in unit.core.snapshot.alarms if each.kind == "cap"]
    assert "has no value" in alarm.text
    unit.is_silent = False
    unit.run(20.0)
    assert unit.off() == []


def test_one_that_was_locked_meanwhile_stays_as_it_is_until_it_is_unlocked() -> None:
    unit = rack(p1=270.0)
    unit.run(2.0)
    unit.submit(SetLock(4, Lock.LOCKED_OFF))
    unit.loads[1] = 100.0
    unit.run(60.0)
    assert unit.off() == [4]
    unit.submit(SetLock(4, Lock.UNLOCKED))
    unit.run(20.0)
    assert unit.off() == []


def test_a_return_that_is_too_much_is_taken_back_and_waits_twice_as_long() -> None:
    unit = rack(p1=270.0)
    unit.run(2.0)

    def greedy(now_s: float) -> float:
        return 60.0 if now_s < unit.moves[-1].at_s + 3 else 200.0

    unit.loads |= {1: 200.0, 4: greedy}
    unit.moves.clear()
    unit.moves.append(Move(1e9, 0, True))
    unit.run(200.0)
    closings = [move.at_s for move in unit.moves[1:] if move.closed]
    assert len(closings) <= 2


def test_at_the_edge_nothing_flaps_for_hours() -> None:
    unit = rack()
    unit.loads |= {1: noisy(260.0, 8.0, 1), 2: noisy(120.0, 8.0, 2)}
    unit.run(600.0)
    again = [move for move in unit.moves if move.closed]
    assert again == []
    assert len(unit.moves) <= 2


def test_a_branch_has_a_cap_of_its_own_in_amperes() -> None:
    cap = CapSettings(3, "left", Target(TargetKind.BRANCH, 2), limit_a=2.0, restore_after_s=5.0)
    row = [replace(each, branch=1 + each.number % 2) for each in outlets(1, 2, 3, 4)]
    branches = [BranchSettings(1, rated_current_a=100.0), BranchSettings(2, rated_current_a=100.0)]
    unit = Rack(settings_of(row, [cap], branches), dict.fromkeys((1, 2, 3, 4), 230.0))
    unit.run(2.0)
    assert unit.moves == []
    unit.loads[1] = 300.0
    unit.run(2.0)
    assert unit.off() == [3]
    assert unit.outlet(3).holds[0].source == "cap 3"


def test_a_switch_on_that_does_not_fit_is_refused_with_all_figures() -> None:
    unit = rack()
    unit.run(2.0)
    unit.submit(SwitchOutlet(2, Action.OFF))
    unit.loads[1] = 290.0
    unit.run(70.0)
    with pytest.raises(BudgetExceeded) as caught:
        unit.submit(SwitchOutlet(2, Action.ON))
    assert str(caught.value) == (
        "outlet 2 is not switched on: unit 1 carries 460 W, it would add 120 W, and 580 W exceed"
        " the cap 1 of 500 W"
    )
    assert unit.outlet(2).state is OutletState.OFF


def test_of_all_those_go_on_that_fit_and_the_others_are_told() -> None:
    unit = rack(CapSettings(1, limit_w=350.0, restore_after_s=10.0))
    unit.loads = {1: 100.0, 2: 100.0, 3: 100.0, 4: 30.0, 5: 10.0}
    unit.run(2.0)
    unit.submit(SwitchAll(Action.OFF))
    unit.run(5.0)
    unit.loads |= {1: 200.0}
    unit.submit(SwitchOutlet(1, Action.ON))
    unit.run(70.0)
    unit.events(CommandFailed)
    unit.submit(SwitchAll(Action.ON))
    told = unit.events(CommandFailed)
    unit.run(3.0)
    assert [each.outlet for each in told if isinstance(each, CommandFailed)] == [3]
    assert unit.off() == [3]


def test_after_an_outage_they_come_on_as_far_as_there_is_room() -> None:
    unit = rack(CapSettings(1, limit_w=300.0, margin=0.0, restore_after_s=10.0))
    unit.loads = {1: 100.0, 2: 90.0, 3: 80.0, 4: 20.0, 5: 10.0}
    unit.run(3.0)
    unit.loads[1] = 150.0
    unit.saved = replace(
        unit.saved,
        meters={
            key: replace(row, peak_power_w=150.0) if key == "outlet 1" else row
            for key, row in unit.saved.meters.items()
        },
    )
    again = unit.outage()
    again.run(5.0)
    assert again.total_w() <= 300.0
    assert again.closed[1]
    assert again.closed[2]
    assert set(again.core.snapshot.caps[0].shed) == set(again.off())


def test_a_reboot_comes_back() -> None:
    unit = rack()
    unit.run(2.0)
    unit.submit(SwitchOutlet(2, Action.REBOOT))
    unit.run(10.0)
    assert unit.off() == []


def test_a_refusal_does_not_move_anything() -> None:
    unit = rack()
    unit.run(1.0)
    with pytest.raises(CommandError):
        unit.core.check([ConfigureCap(1, CapSetting.LIMIT, 1.0)], OPS)
    unit.run(3.0)
    assert unit.moves == []


def test_what_a_cap_does_can_be_written_into_the_audit_log() -> None:
    unit = rack(p1=270.0)
    unit.run(2.0)
    commands = [dict(command) for entry in unit.audited for command in entry.commands]
    assert "shed at 560 W, cap 500 W" in json.dumps(commands)


def test_a_cap_that_is_given_another_target_and_unit_lets_its_outlets_return() -> None:
    branches = [BranchSettings(1, rated_current_a=100.0), BranchSettings(2, rated_current_a=100.0)]
    row = [replace(each, branch=1) for each in outlets(1, 2, 3)]
    unit = Rack(settings_of(row, [CAP], branches), {1: 300.0, 2: 200.0, 3: 100.0})
    unit.run(2.0)
    assert unit.off() == [3]
    other = replace(CAP, target=Target(TargetKind.BRANCH, 2), limit_w=None, limit_a=5.0, margin=0.1)
    unit.core.renew(replace(unit.settings, caps=(other,)), OPS)
    unit.run(30.0)
    assert unit.off() == []


def test_a_load_that_swings_slowly_does_not_switch_relays_with_each_swing() -> None:
    cap = replace(CAP, restore_after_s=1.0)
    unit = Rack(settings_of(outlets(1, 2, 3), [cap]), {2: 120.0, 3: 80.0})
    unit.loads[1] = lambda now_s: 250.0 if now_s // 10 % 2 else 400.0
    unit.run(200.0)
    returns = [move.at_s for move in unit.moves if move.closed]
    assert 0 < len(returns) <= 5
    unit.moves.clear()
    unit.run(100.0)
    assert unit.moves == []


def test_after_an_outage_no_relay_closes_that_does_not_fit_even_with_no_gap_between() -> None:
    device = DeviceSettings(sequence_interval_s=0.0, cold_start_delay_s=0.0)
    row = outlets(1, 2, 3, 4, 4, min_off_s=0)
    settings = settings_of(row, [replace(CAP, limit_w=300.0, margin=0.0)], device=device)
    unit = Rack(settings, {1: 100.0, 2: 90.0, 3: 80.0, 4: 20.0, 5: 10.0})
    unit.run(70.0)
    unit.loads |= {4: 60.0, 5: 50.0}
    unit.saved = replace(
        unit.saved,
        meters={
            key: replace(row, peak_power_w=90.0, peak_demand_w=None)
            for key, row in unit.saved.meters.items()
        },
    )
    again = unit.outage()
    again.run(0.1)
    assert sorted({move.outlet for move in again.moves}) == [1, 2, 3]
    again.run(5.0)
    assert sorted({move.outlet for move in again.moves}) == [1, 2, 3]
    assert set(again.core.snapshot.caps[0].shed) == {4, 5}


def test_what_somebody_has_ordered_for_later_is_judged_when_its_time_comes() -> None:
    unit = rack()
    unit.run(2.0)
    unit.submit(SwitchOutlet(2, Action.OFF))
    unit.run(2.0)
    unit.submit(SwitchOutlet(2, Action.ON_DELAYED, 100.0))
    unit.loads[1] = 290.0
    unit.moves.clear()
    unit.run(110.0)
    assert unit.moves == []
    assert unit.outlet(2).holds[0].text.startswith("held back: unit 1 carries 460 W, it would add")
    unit.loads[1] = 100.0
    unit.run(30.0)
    assert unit.off() == []


def _rated(**changes: object) -> Rack:
    device = DeviceSettings(sequence_interval_s=0.0, cold_start_delay_s=0.0)
    branches = [BranchSettings(1, rated_current_a=2.0), BranchSettings(2, rated_current_a=9.0)]
    row = [
        replace(each, branch=1 if each.number < 4 else 2, expected_w=184.0, min_off_s=0)
        for each in outlets(1, 2, 3, 1, 1)
    ]
    settings = settings_of(row, (), branches, device=device, **changes)  # type: ignore[arg-type]
    return Rack(settings, dict.fromkeys((1, 2, 3, 4, 5), 184.0))  # 0.8 A each


def test_after_an_outage_what_its_rating_does_not_let_waits_and_says_so() -> None:
    again = _rated().outage()
    again.run(5.0)
    assert again.off() == [3]  # the branch can bear two of the three
    assert again.outlet(3).state is OutletState.ON_PENDING
    (alarm,) = [each for each in again.core.snapshot.alarms if each.kind == "rating"]
    assert alarm.subject == "outlet 3"
    assert "exceed the rating of 2 A" in alarm.text
    again.run(60.0)
    assert again.off() == [3]
    assert again.core.next_deadline_s() > again.clock.monotonic_s() - 1e-6
    again.loads[1] = 10.0
    again.run(80.0)
    assert again.off() == []
    assert [each for each in again.core.snapshot.alarms if each.kind == "rating"] == []


def test_a_delayed_on_waits_for_its_rating_and_can_be_cancelled() -> None:
    unit = _rated()
    unit.closed[3] = False
    unit = unit.restart()
    unit.run(80.0)
    unit.submit(SwitchOutlet(3, Action.ON_DELAYED, 5.0))
    unit.run(30.0)
    assert unit.off() == [3]
    assert unit.outlet(3).state is OutletState.ON_PENDING
    unit.submit(SwitchOutlet(3, Action.CANCEL))
    unit.loads[1] = 0.0
    unit.run(60.0)
    assert unit.off() == [3]
    assert [each for each in unit.core.snapshot.alarms if each.kind == "rating"] == []


def test_a_cap_of_another_unit_after_a_restart_forgets_draws_of_the_old_unit() -> None:
    unit = rack(p1=270.0)
    unit.run(2.0)
    assert unit.off() == [4]
    in_amperes = replace(CAP, limit_w=None, limit_a=2.17, margin=0.05)  # 500 W
    again = unit.restart(replace(unit.settings, caps=(in_amperes,)))
    again.loads[1] = 150.0
    again.run(30.0)  # 60 A would never fit
    assert again.off() == []


def test_of_two_caps_the_one_inside_chooses_first_and_nothing_goes_in_vain() -> None:
    inner = CapSettings(2, target=Target(TargetKind.BRANCH, 1), limit_w=250.0, restore_after_s=10.0)
    branches = [BranchSettings(1, rated_current_a=100.0), BranchSettings(2, rated_current_a=100.0)]
    row = [replace(each, branch=1 if each.number < 4 else 2) for each in outlets(1, 2, 3, 4, 5)]
    unit = Rack(settings_of(row, [CAP, inner], branches), {1: 100.0, 2: 70.0, 3: 70.0})
    unit.loads |= {4: 120.0, 5: 100.0}
    unit.run(2.0)
    assert unit.off() == []
    unit.loads[3] = 150.0  # 320 W in the branch, 540 W in all: outlet 3 is enough for both
    unit.run(3.0)
    assert unit.off() == [3]
    unit.run(300.0)
    assert unit.off() == [3]
    unit.loads[1] = 10.0
    unit.run(60.0)
    assert unit.off() == []
    assert len(unit.moves) == 2


def test_values_that_cannot_be_move_nothing() -> None:
    unit = rack()
    unit.run(2.0)
    unit.other_w = -2000.0
    unit.run(2.0)
    unit.other_w = float("nan")
    unit.run(2.0)
    unit.other_w = 0.0
    unit.run(2.0)
    assert unit.moves == []


def test_a_cap_does_not_wait_for_the_minimum_on_time() -> None:
    settings = settings_of(outlets(1, 2, 3, 4, 4, min_on_s=600), [CAP])
    unit = Rack(settings, {1: 270.0, 2: 120.0, 3: 80.0, 4: 60.0, 5: 30.0})
    unit.run(1.5)
    assert unit.off() == [4]


def test_the_window_in_which_a_load_rose_does_not_let_one_go_in_vain() -> None:
    unit = rack()
    unit.run(1.0)
    began_s = unit.clock.monotonic_s()

    def rises_in_the_middle_of_a_window(now_s: float) -> float:
        return 225.0 if now_s < began_s + 0.1 else 270.0

    unit.loads[1] = rises_in_the_middle_of_a_window
    unit.run(5.0)
    assert [move.outlet for move in unit.moves] == [4]
