# SPDX-License-Identifier: Apache-2.0
"""Outlet control through the whole core: commands in, relay movements and states out."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pdu_agent.core.outlets.outlet import OutletMachine, Timing, advance
from pdu_agent.core.outlets.steps import TRANSITIONS, Step, Trigger
from pdu_agent.core.settings import DeviceSettings
from pdu_agent.model.commands import (
    Action,
    ConfigureDevice,
    ConfigureOutlet,
    DeviceSetting,
    Lock,
    OutletSetting,
    PowerUp,
    SetLock,
    SwitchAll,
    SwitchOutlet,
)
from pdu_agent.model.errors import (
    InvalidValue,
    NotNow,
    OutletLocked,
    Unavailable,
    UnknownTarget,
)
from pdu_agent.model.events import CommandFailed, OutletChanged
from pdu_agent.model.readings import BankLost, BankState
from pdu_agent.model.snapshot import ChangeReason, OutletState
from tests.core.bench import ALL_ACTIONS, OPS, Workbench

ON, OFF = OutletState.ON, OutletState.OFF


def test_off_opens_the_relay_and_says_who_did_it() -> None:
    bench = Workbench()
    assert bench.switch(3, Action.OFF)
    assert bench.board.relays == [True, True, False] + [True] * 5
    outlet = bench.outlet(3)
    assert (outlet.state, outlet.relay_closed, outlet.switch_count) == (OFF, False, 1)
    assert outlet.last_reason is ChangeReason.SNMP
    assert outlet.last_actor == OPS


def test_on_when_on_moves_nothing_and_says_so() -> None:
    bench = Workbench()
    assert bench.switch(3, Action.ON) is False
    assert bench.board.moves == []
    assert bench.outlet(3).switch_count == 0


def test_state_is_pending_until_the_board_has_answered() -> None:
    bench = Workbench()
    bench.board.answers = False
    bench.core.submit_all([SwitchOutlet(1, Action.OFF)], OPS)
    assert bench.state(1) is OutletState.OFF_PENDING
    assert bench.outlet(1).relay_closed is None
    bench.board.answers = True
    bench.settle()
    assert bench.state(1) is OFF


def test_reboot_is_off_for_the_reboot_time_and_counts_down() -> None:
    bench = Workbench()
    bench.switch(2, Action.REBOOT)
    assert bench.state(2) is OutletState.REBOOTING
    bench.run(3)
    assert bench.board.relays[1] is False
    assert bench.outlet(2).pending_s == pytest.approx(2, abs=0.01)
    bench.run(2.01)
    assert bench.state(2) is ON
    assert [closed for _, _, closed in bench.board.moves] == [False, True]
    assert bench.board.moves[1][0] - bench.board.moves[0][0] == pytest.approx(5, abs=0.02)


def test_reboot_of_an_outlet_that_is_off_ends_on() -> None:
    bench = Workbench(relays=[False] * 8)
    bench.switch(2, Action.REBOOT)
    bench.run(4)
    assert bench.board.moves == []
    bench.run(2)
    assert bench.state(2) is ON


def test_delayed_off_uses_the_outlets_own_delay_and_cancel_keeps_it_on() -> None:
    bench = Workbench(off_delay_s=30)
    bench.switch(1, Action.OFF_DELAYED)
    bench.switch(2, Action.OFF_DELAYED)
    assert bench.state(1) is OutletState.OFF_PENDING
    assert bench.outlet(1).pending is Action.OFF_DELAYED
    bench.run(20)
    bench.switch(2, Action.CANCEL)
    bench.run(20)
    assert (bench.state(1), bench.state(2)) == (OFF, ON)
    assert [relay for _, relay, _ in bench.board.moves] == [0]


def test_a_delay_given_with_the_command_overrides_the_outlets_own() -> None:
    bench = Workbench(off_delay_s=30)
    bench.switch(1, Action.OFF_DELAYED, delay_s=2)
    bench.run(2.1)
    assert bench.state(1) is OFF


def test_a_new_command_replaces_the_pending_one() -> None:
    bench = Workbench(off_delay_s=30)
    bench.switch(1, Action.OFF_DELAYED)
    bench.switch(1, Action.ON)
    bench.run(40)
    assert bench.state(1) is ON
    assert bench.board.moves == []


@pytest.mark.parametrize(
    ("closed", "before", "ends"),
    [
        (True, None, OFF),
        (False, None, ON),
        (True, Action.OFF_DELAYED, ON),
        (True, Action.REBOOT, OFF),
        (False, Action.ON_DELAYED, OFF),
        (True, Action.TOGGLE, ON),
    ],
)
def test_a_toggle_goes_by_where_the_outlet_will_end(
    closed: bool, before: Action | None, ends: OutletState
) -> None:
    bench = Workbench(outlets=1, relays=[closed], on_delay_s=9, off_delay_s=9)
    if before is not None:
        bench.switch(1, before)
    assert bench.switch(1, Action.TOGGLE)
    bench.run(30)
    assert bench.state(1) is ends
    assert bench.board.relays == [ends is ON]


def test_eight_outlets_switched_on_together_close_at_least_the_gap_apart() -> None:
    bench = Workbench(relays=[False] * 8)
    bench.core.submit_all([SwitchOutlet(n, Action.ON) for n in range(1, 9)], OPS)
    bench.settle()
    assert {bench.state(n) for n in range(2, 9)} == {OutletState.ON_PENDING}
    bench.run(2)
    times = [t for t, _, _ in bench.board.moves]
    assert len(times) == 8
    assert min(b - a for a, b in itertools.pairwise(times)) >= 0.25
    assert [relay for _, relay, _ in bench.board.moves] == list(range(8))


def test_switching_off_needs_no_gap() -> None:
    bench = Workbench()
    bench.core.submit_all([SwitchAll(Action.OFF)], OPS)
    bench.settle()
    assert bench.board.relays == [False] * 8


def test_chatter_moves_a_relay_at_most_twice_a_second_and_ends_as_last_asked() -> None:
    bench = Workbench()
    for k in range(1000):
        bench.switch(4, Action.OFF if k % 2 else Action.ON)
        bench.run(0.001)
    bench.run(2)
    times = [t for t, _, _ in bench.board.moves]
    assert all(b - a >= 0.5 for a, b in itertools.pairwise(times))
    assert bench.state(4) is OFF


def test_a_batch_is_refused_as_a_whole_and_names_the_position() -> None:
    bench = Workbench()
    bench.core.submit_all([SetLock(2, Lock.LOCKED_ON)], OPS)
    batch = [SwitchOutlet(1, Action.OFF), SwitchOutlet(2, Action.OFF), SwitchOutlet(3, Action.OFF)]
    with pytest.raises(OutletLocked, match="outlet 2 is locked on") as refused:
        bench.core.submit_all(batch, OPS)
    bench.run(5)
    assert refused.value.position == 1
    assert bench.board.moves == []
    assert bench.state(1) is ON


def test_unknown_outlet_and_wrong_values_are_named() -> None:
    bench = Workbench()
    with pytest.raises(UnknownTarget, match="no outlet 9"):
        bench.switch(9, Action.OFF)
    with pytest.raises(InvalidValue, match="delay 7201"):
        bench.switch(1, Action.OFF_DELAYED, delay_s=7201)
    with pytest.raises(InvalidValue, match="delayed action only"):
        bench.switch(1, Action.OFF, delay_s=3)
    with pytest.raises(NotNow, match="named twice"):
        bench.core.submit_all([SwitchOutlet(1, Action.ON), SwitchOutlet(1, Action.OFF)], OPS)


def test_all_leaves_locked_outlets_alone() -> None:
    bench = Workbench()
    bench.core.submit_all([SetLock(1, Lock.LOCKED_ON)], OPS)
    bench.core.submit_all([SwitchAll(Action.OFF)], OPS)
    bench.settle()
    assert bench.board.relays == [True] + [False] * 7


def test_a_lock_never_moves_a_relay() -> None:
    bench = Workbench(off_delay_s=9)
    with pytest.raises(NotNow, match="it must rest in state off"):
        bench.core.submit_all([SetLock(1, Lock.LOCKED_OFF)], OPS)
    bench.switch(1, Action.OFF_DELAYED)
    with pytest.raises(NotNow, match="off pending"):
        bench.core.submit_all([SetLock(1, Lock.LOCKED_ON)], OPS)
    bench.switch(1, Action.CANCEL)
    bench.core.submit_all([SetLock(1, Lock.LOCKED_ON)], OPS)
    for action in set(Action) - {Action.CANCEL}:
        with pytest.raises(OutletLocked):
            bench.switch(1, action)
    assert bench.board.moves == []


def test_a_command_that_cannot_be_recorded_is_refused_and_changes_nothing() -> None:
    bench = Workbench()
    before = bench.core.snapshot.outlets
    bench.save_fails = True
    with pytest.raises(Unavailable, match="no space left"):
        bench.switch(1, Action.OFF)
    bench.save_fails = False
    assert bench.board.moves == []
    assert bench.core.snapshot.outlets == before


def test_after_a_failed_card_write_commands_are_refused_until_one_succeeds() -> None:
    bench = Workbench()
    bench.core.on_flush_result("fsync: input/output error")
    with pytest.raises(Unavailable, match="input/output error"):
        bench.switch(1, Action.OFF)
    assert [a.kind for a in bench.core.snapshot.alarms] == ["store"]
    bench.core.on_flush_result(None)
    assert bench.switch(1, Action.OFF)
    assert bench.core.snapshot.alarms == ()


def test_a_failed_card_write_is_tried_again_within_seconds() -> None:
    bench = Workbench()
    bench.switch(1, Action.OFF)
    bench.core.on_flush_result("no space left on device")
    bench.saved.clear()
    bench.run(7)
    assert any(saved.flush for saved in bench.saved)
    bench.core.on_flush_result(None)
    bench.saved.clear()
    bench.run(30)
    assert not any(saved.flush for saved in bench.saved)


def test_the_acknowledged_target_is_recorded_before_the_relay_moves() -> None:
    bench = Workbench()
    bench.board.answers = False
    bench.core.submit_all([SwitchOutlet(1, Action.OFF)], OPS)
    saved = next(s for s in reversed(bench.saved) if s.flush)
    assert saved.record.outlets[1].target_on is False
    assert bench.board.moves == []


def test_a_stuck_relay_is_a_fault_with_an_alarm_and_recovers_on_the_next_good_write() -> None:
    bench = Workbench()
    bench.board.stuck = {0}
    bench.switch(1, Action.OFF)
    assert bench.state(1) is OutletState.FAULT
    assert bench.outlet(1).relay_closed is True
    assert [a.subject for a in bench.core.snapshot.alarms] == ["outlet 1"]
    assert bench.events(CommandFailed)
    bench.board.stuck = set()
    bench.run(1)
    bench.switch(1, Action.OFF)
    bench.run(1)
    assert bench.state(1) is OFF
    assert bench.core.snapshot.alarms == ()


def test_a_lost_board_shows_unknown_refuses_commands_and_is_adopted_on_return() -> None:
    bench = Workbench()
    bench.core.on_bank_lost(BankLost("main", "no answer at 0x20"))
    assert bench.state(1) is OutletState.UNKNOWN
    with pytest.raises(Unavailable, match="no answer at 0x20"):
        bench.switch(1, Action.OFF)
    bench.core.on_bank(bench.board.state())
    assert bench.state(1) is ON
    assert bench.board.moves == []
    assert bench.core.snapshot.alarms == ()


def test_what_waits_for_its_board_is_done_though_that_is_lost_in_other_words() -> None:
    bench = Workbench(off_delay_s=2)
    bench.switch(2, Action.OFF_DELAYED)
    bench.core.on_bank_lost(BankLost("main", "no answer"))
    bench.run(3)
    bench.core.on_bank_lost(BankLost("main", "no such device"))
    bench.run(3)
    assert "no such device" in bench.alarms("board")[0].text
    bench.core.on_bank(bench.board.state())
    bench.settle()
    bench.run(2)
    assert (bench.state(2), bench.board.relays[1]) == (OFF, False)


def test_a_board_lost_in_the_off_time_of_a_reboot_does_not_strand_the_outlet() -> None:
    bench = Workbench()
    bench.switch(1, Action.REBOOT)
    bench.run(2)
    bench.core.on_bank_lost(BankLost("main", "gone"))
    bench.run(10)
    bench.core.on_bank(bench.board.state())
    bench.settle()
    bench.run(1)
    assert bench.state(1) is ON


def test_a_relay_that_moves_by_itself_is_a_fault() -> None:
    bench = Workbench()
    bench.core.on_bank(BankState("main", False, (False,) + (True,) * 7))
    assert bench.state(1) is OutletState.FAULT
    assert "without a command" in bench.core.snapshot.alarms[0].text
    bench.core.on_bank(BankState("main", False, (True,) * 8))
    assert bench.state(1) is ON
    assert bench.core.snapshot.alarms == ()


def test_settings_changed_at_run_time_are_checked_and_used() -> None:
    bench = Workbench()
    bench.core.submit_all(
        [
            ConfigureOutlet(1, OutletSetting.NAME, "web"),
            ConfigureOutlet(1, OutletSetting.REBOOT_S, 9),
            ConfigureOutlet(1, OutletSetting.POWER_UP, PowerUp.OFF),
        ],
        OPS,
    )
    outlet = bench.outlet(1)
    assert (outlet.name, outlet.reboot_s, outlet.power_up) == ("web", 9, PowerUp.OFF)
    for setting, value in [
        (OutletSetting.REBOOT_S, 0),
        (OutletSetting.REBOOT_S, 601),
        (OutletSetting.REBOOT_S, 1.5),
        (OutletSetting.REBOOT_S, "9"),
        (OutletSetting.REBOOT_S, True),
        (OutletSetting.NAME, "x" * 33),
        (OutletSetting.NAME, "ü" * 17),
        (OutletSetting.NAME, "a\nb"),
        (OutletSetting.POWER_UP, "on"),
    ]:
        with pytest.raises(InvalidValue):
            bench.core.submit_all([ConfigureOutlet(1, setting, value)], OPS)
    bench.core.submit_all([ConfigureDevice(DeviceSetting.SEQUENCE_INTERVAL_S, 1.0)], OPS)
    assert bench.core.snapshot.device.sequence_interval_s == 1.0


def test_outlet_changed_events_follow_the_shown_state_only() -> None:
    bench = Workbench()
    bench.heard.drain()
    bench.switch(1, Action.REBOOT)
    bench.run(6)
    changes = [(e.old, e.new) for e in bench.events(OutletChanged)]
    assert changes == [(ON, OutletState.REBOOTING), (OutletState.REBOOTING, ON)]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(1, 3), st.sampled_from(ALL_ACTIONS), st.floats(0, 7)),
        max_size=25,
    )
)
def test_any_history_ends_where_the_last_accepted_command_said(
    history: list[tuple[int, Action, float]],
) -> None:
    bench = Workbench(outlets=3, on_delay_s=2, off_delay_s=3)
    for number, action, pause_s in history:
        bench.switch(number, action)
        bench.run(pause_s)
    wanted = {n: live.target_on for n, live in bench.core.final_record().outlets.items()}
    bench.run(60)
    for number in (1, 2, 3):
        assert bench.state(number) in (ON, OFF)
        assert bench.board.relays[number - 1] is wanted[number]
        assert bench.outlet(number).relay_closed is wanted[number]
    closes = [t for t, _, closed in bench.board.moves if closed]
    assert all(b - a >= 0.25 - 1e-6 for a, b in itertools.pairwise(closes))
    assert bench.core.next_deadline_s() > bench.clock.monotonic_s() - 1e-6


ENDS_CLOSED = {
    Action.ON: True,
    Action.OFF: False,
    Action.REBOOT: True,
    Action.ON_DELAYED: True,
    Action.OFF_DELAYED: False,
    Action.REBOOT_DELAYED: True,
}


@settings(max_examples=200, deadline=None)
@given(
    st.booleans(),
    st.lists(
        st.tuples(st.sampled_from(tuple(ENDS_CLOSED)), st.sampled_from((0, 0.01, 0.3, 1, 4))),
        min_size=1,
        max_size=6,
    ),
    st.booleans(),
)
@example(False, [(Action.REBOOT_DELAYED, 0), (Action.OFF_DELAYED, 0), (Action.ON_DELAYED, 0)], True)
@example(False, [(Action.REBOOT_DELAYED, 0), (Action.OFF_DELAYED, 0), (Action.ON, 0)], True)
@example(True, [(Action.REBOOT_DELAYED, 0), (Action.ON_DELAYED, 0), (Action.OFF, 0)], True)
@example(False, [(Action.ON, 0), (Action.REBOOT, 0), (Action.ON, 0)], True)
def test_the_last_command_alone_decides_where_an_outlet_ends(
    closed: bool, history: list[tuple[Action, float]], board_answers: bool
) -> None:
    bench = Workbench(outlets=1, relays=[closed], on_delay_s=2, off_delay_s=3)
    bench.run(1)
    bench.board.answers = board_answers
    for action, pause_s in history:
        bench.switch(1, action)
        bench.run(pause_s)
    bench.board.answers = True
    bench.settle()
    bench.run(30)
    end = ENDS_CLOSED[history[-1][0]]
    assert bench.board.relays == [end]
    assert bench.state(1) is (ON if end else OFF)


def test_a_cancel_while_the_relay_moves_leaves_it_where_it_arrives() -> None:
    bench = Workbench(outlets=1, relays=[False], off_delay_s=3)
    bench.board.answers = False
    bench.switch(1, Action.ON)
    bench.switch(1, Action.OFF_DELAYED)
    bench.switch(1, Action.CANCEL)
    bench.board.answers = True
    bench.settle()
    assert (bench.state(1), bench.board.relays) == (ON, [True])
    assert bench.core.final_record().outlets[1].target_on


def test_every_step_has_a_row_and_no_trigger_leads_out_of_the_table() -> None:
    timing = Timing(1, 1, 1, 1)
    for step in set(Step) - {Step.SETTLED}:
        assert step in TRANSITIONS
        for trigger in (*Action, *Trigger):
            for contact, is_pulse in itertools.product((True, False, None), (False, True)):
                deadline_s = 5.0 if Trigger.TIMER in TRANSITIONS[step] else None
                machine = OutletMachine(step, contact, deadline_s, is_pulse=is_pulse)
                after = advance(machine, trigger, 0.0, timing)
                assert after.step is not Step.SETTLED
                assert after.deadline_s is None or Trigger.TIMER in TRANSITIONS[after.step]


def test_closing_never_waits_for_the_gap_of_another_unit_setting_of_zero() -> None:
    bench = Workbench(relays=[False] * 8, device=DeviceSettings(sequence_interval_s=0))
    bench.core.submit_all([SwitchAll(Action.ON)], OPS)
    bench.settle()
    assert bench.board.relays == [True] * 8


def test_the_gap_counts_from_the_boards_answer_not_from_the_order() -> None:
    bench = Workbench(relays=[False] * 8)
    bench.board.answers = False
    bench.core.submit_all([SwitchAll(Action.ON)], OPS)
    bench.run(0.2)
    bench.board.answers = True
    bench.settle()
    bench.run(3)
    times = [t for t, _, _ in bench.board.moves]
    assert len(times) == 8
    assert min(b - a for a, b in itertools.pairwise(times)) >= 0.25
