# SPDX-License-Identifier: Apache-2.0
"""Restart and power loss: what the relays do, and what they must never do."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pdu_agent.core.settings import DeviceSettings
from pdu_agent.model.commands import (
    Action,
    ConfigureOutlet,
    Lock,
    OutletSetting,
    PowerUp,
    SetLock,
    SwitchOutlet,
)
from pdu_agent.model.events import AlarmCleared, AlarmRaised, CommandFailed
from pdu_agent.model.readings import BankLost, BankState
from pdu_agent.model.record import Record
from pdu_agent.model.snapshot import OutletState
from pdu_agent.store.plain_record import from_plain, to_plain
from tests.core.bench import ALL_ACTIONS, OPS, Board, Workbench
from tests.core.test_outlet_control import ENDS_CLOSED

ON, OFF = OutletState.ON, OutletState.OFF


def last_record(bench: Workbench) -> Record:
    """The newest record of the runtime tier, as a killed process leaves it."""
    return from_plain(to_plain(bench.saved[-1].record))


def restarted(bench: Workbench, **options: object) -> Workbench:
    """The agent killed and started again; the board kept its power and its relays."""
    bench.board.answers = True
    bench.board.moves.clear()
    return Workbench(
        record=last_record(bench),
        board=bench.board,
        clock=bench.clock,
        **options,  # type: ignore[arg-type]
    )


def test_first_start_adopts_the_relays_as_they_stand() -> None:
    bench = Workbench(relays=[True, False] * 4)
    assert [bench.state(n) for n in range(1, 9)] == [ON, OFF] * 4
    assert bench.board.moves == []


def test_restart_moves_no_relay() -> None:
    bench = Workbench()
    bench.switch(2, Action.OFF)
    again = restarted(bench)
    again.run(5)
    assert again.board.moves == []
    assert (again.state(1), again.state(2)) == (ON, OFF)
    assert again.outlet(2).switch_count == 1


def test_restart_finishes_an_acknowledged_command_that_had_not_moved() -> None:
    bench = Workbench()
    bench.board.answers = False
    bench.core.submit_all([SwitchOutlet(1, Action.OFF)], OPS)
    again = restarted(bench)
    again.run(1)
    assert [(relay, closed) for _, relay, closed in again.board.moves] == [(0, False)]
    assert again.state(1) is OFF
    assert not again.core.has_unfinished()


def test_a_relay_that_moved_just_before_the_kill_has_its_rest_after_it() -> None:
    bench = Workbench()
    bench.switch(1, Action.OFF)
    killed_s = bench.clock.monotonic_s()
    bench.clock.advance(0.1)
    bench.core.submit_all([SwitchOutlet(1, Action.ON)], OPS)
    again = restarted(bench)
    assert again.core.has_unfinished()
    again.run(1)
    [(moved_s, relay, closed)] = again.board.moves
    assert (relay, closed) == (0, True)
    assert moved_s - killed_s >= 0.5


def test_restart_in_the_off_time_of_a_reboot_keeps_its_deadline() -> None:
    bench = Workbench()
    bench.switch(1, Action.REBOOT)
    bench.run(3)
    again = restarted(bench)
    assert again.outlet(1).pending_s == pytest.approx(2, abs=0.1)
    again.run(2.2)
    assert again.state(1) is ON


def test_restart_keeps_a_delayed_command_waiting() -> None:
    bench = Workbench(off_delay_s=100)
    bench.switch(1, Action.OFF_DELAYED)
    bench.run(40)
    again = restarted(bench, off_delay_s=100)
    assert again.state(1) is OutletState.OFF_PENDING
    again.run(59)
    assert again.board.moves == []
    again.run(2)
    assert again.state(1) is OFF


def test_a_relay_changed_while_the_agent_was_down_is_adopted_not_corrected() -> None:
    bench = Workbench()
    bench.board.relays[4] = False
    again = restarted(bench)
    again.run(5)
    assert again.state(5) is OFF
    assert again.board.moves == []


def power_cut(bench: Workbench, **options: object) -> Workbench:
    """Mains and board were gone: relays open, runtime folder empty, the card remains."""
    board = Board([False] * len(bench.board.relays), bench.clock, cold=True)
    flushed = next(s.record for s in reversed(bench.saved) if s.flush)
    record = from_plain(to_plain(flushed))
    return Workbench(
        record=record,
        board=board,
        clock=bench.clock,
        continuous=False,
        boot_id="boot-2",
        **options,  # type: ignore[arg-type]
    )


def test_after_a_power_cut_each_outlet_follows_its_policy_one_by_one() -> None:
    bench = Workbench()
    bench.core.submit_all(
        [
            ConfigureOutlet(1, OutletSetting.POWER_UP, PowerUp.OFF),
            ConfigureOutlet(2, OutletSetting.POWER_UP, PowerUp.ON),
            SwitchOutlet(2, Action.OFF),
            SwitchOutlet(3, Action.OFF),
        ],
        OPS,
    )
    bench.settle()
    after = power_cut(bench)
    after.run(3)
    assert [after.state(n) for n in (1, 2, 3, 4)] == [OFF, ON, OFF, ON]
    times = [t for t, _, _ in after.board.moves]
    assert len(times) == 6
    assert min(b - a for a, b in itertools.pairwise(times)) >= 0.25
    assert all(o.discontinuity_s > 0 for o in after.core.snapshot.outlets)


def test_cold_start_delay_holds_every_outlet_back() -> None:
    bench = Workbench()
    bench.switch(1, Action.ON)
    bench.run(61)
    after = power_cut(bench, device=DeviceSettings(cold_start_delay_s=10))
    after.run(9.9)
    assert after.board.moves == []
    assert after.state(1) is OutletState.ON_PENDING
    after.run(3)
    assert after.board.relays == [True] * 8


def test_a_lock_outranks_the_policy() -> None:
    bench = Workbench(relays=[True, False] + [True] * 6)
    bench.core.submit_all([SetLock(1, Lock.LOCKED_ON), SetLock(2, Lock.LOCKED_OFF)], OPS)
    bench.run(61)
    after = power_cut(bench, power_up=PowerUp.OFF)
    after.run(3)
    assert (after.state(1), after.state(2), after.state(3)) == (ON, OFF, OFF)
    other = power_cut(bench, power_up=PowerUp.ON)
    other.run(3)
    assert (other.state(1), other.state(2), other.state(3)) == (ON, OFF, ON)


def test_a_kill_in_the_middle_of_the_power_up_sequence_still_ends_with_all_on() -> None:
    bench = Workbench()
    bench.run(61)
    after = power_cut(bench)
    after.run(0.6)
    assert 0 < sum(after.board.relays) < 8
    again = restarted(after, boot_id="boot-2")
    again.run(3)
    assert again.board.relays == [True] * 8


def test_a_board_that_browns_out_at_run_time_gets_its_outlets_back() -> None:
    bench = Workbench()
    bench.switch(3, Action.OFF)
    bench.board.relays, bench.board.cold = [False] * 8, True
    bench.core.on_bank(bench.board.state())
    bench.settle()
    bench.run(3)
    assert bench.board.relays == [True, True, False] + [True] * 5
    told = [each for each in bench.heard.drain() if isinstance(each, AlarmRaised | AlarmCleared)]
    assert [type(each) for each in told] == [AlarmRaised, AlarmCleared]
    text = "it lost its power: its outlets follow their power-up policy"
    assert {(each.alarm.subject, each.alarm.text) for each in told} == {("board main", text)}


def test_a_cold_board_that_cannot_be_set_up_alarms_once_and_is_powered_up_in_the_end() -> None:
    bench = Workbench(outlets=3)
    bench.switch(3, Action.OFF)
    bench.heard.drain()
    bench.board.answers = False
    for _ in range(5):
        bench.core.on_bank(BankState("main", True, (False,) * 3))
        bench.run(1)
        bench.queue.clear()
        bench.core.on_bank_lost(BankLost("main", "writes are not taken"))
        bench.run(9)
    told = bench.heard.drain()
    assert len([event for event in told if isinstance(event, AlarmRaised)]) == 1
    assert len([event for event in told if isinstance(event, CommandFailed)]) == 2
    assert [bench.state(n) for n in (1, 2, 3)] == [OutletState.FAULT] * 2 + [OutletState.UNKNOWN]
    bench.board.relays, bench.board.cold, bench.board.answers = [False] * 3, True, True
    bench.core.on_bank(bench.board.state())
    bench.settle()
    bench.run(3)
    assert bench.board.relays == [True, True, False]
    assert (bench.alarms("board"), [bench.state(n) for n in (1, 2, 3)]) == ([], [ON, ON, OFF])
    assert [e.alarm.kind for e in bench.events(AlarmCleared)] == ["board"]


def test_a_board_that_is_pulled_with_its_supply_alarms_once() -> None:
    bench = Workbench(outlets=2)
    bench.heard.drain()
    bench.core.on_bank_lost(BankLost("main", "nothing answers"))
    bench.board.relays, bench.board.cold, bench.board.answers = [False] * 2, True, False
    bench.core.on_bank(bench.board.state())
    (alarm,) = bench.alarms("board")
    assert "lost its power" in alarm.text
    bench.board.answers = True
    bench.settle()
    bench.run(3)
    told = bench.heard.drain()
    assert [e.alarm.kind for e in told if isinstance(e, AlarmRaised)] == ["board"]
    assert [e.alarm.kind for e in told if isinstance(e, AlarmCleared)] == ["board"]
    assert bench.board.relays == [True] * 2


def test_a_board_missing_at_start_is_unknown_and_joins_when_it_appears() -> None:
    bench = Workbench(met=False)
    bench.core.on_bank_lost(BankLost("main", "no such device"))
    assert bench.state(1) is OutletState.UNKNOWN
    bench.core.on_bank(bench.board.state())
    assert bench.state(1) is ON


def test_a_name_set_at_run_time_survives_until_the_file_is_edited() -> None:
    bench = Workbench()
    bench.core.submit_all([ConfigureOutlet(1, OutletSetting.NAME, "web")], OPS)
    assert restarted(bench).outlet(1).name == "web"
    assert restarted(bench, name="db").outlet(1).name == "db"


@settings(max_examples=80, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(1, 3), st.sampled_from(ALL_ACTIONS), st.floats(0, 3)),
        min_size=1,
        max_size=12,
    ),
    st.booleans(),
)
def test_killed_at_any_point_the_relays_end_as_last_acknowledged(
    history: list[tuple[int, Action, float]], board_hangs: bool
) -> None:
    bench = Workbench(outlets=3, on_delay_s=1, off_delay_s=2)
    for number, action, pause_s in history[:-1]:
        bench.switch(number, action)
        bench.run(pause_s)
    bench.board.answers = not board_hangs
    bench.switch(*history[-1][:2])
    last = {number: action for number, action, _ in history}
    wanted = {n: ENDS_CLOSED[action] for n, action in last.items() if action in ENDS_CLOSED}
    again = restarted(bench, on_delay_s=1, off_delay_s=2, outlets=3)
    again.run(30)
    assert {n: again.board.relays[n - 1] for n in wanted} == wanted
    assert {n: again.state(n) for n in wanted} == {n: ON if w else OFF for n, w in wanted.items()}
