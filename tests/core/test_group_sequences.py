# SPDX-License-Identifier: Apache-2.0
"""A group that is rebooted is off as a whole; one with a gap is switched in its order."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pdu_agent.core.settings import DeviceSettings, GroupSettings
from pdu_agent.core.shutdown.settings import HookTerms
from pdu_agent.model.commands import (
    Action,
    ConfigureOutlet,
    Hold,
    HoldOutlet,
    Lock,
    OutletSetting,
    Rank,
    SetLock,
    SwitchGroup,
)
from pdu_agent.model.errors import InvalidValue, NotNow
from pdu_agent.model.readings import BankLost
from pdu_agent.model.snapshot import OutletState
from tests.core.bench import OPS, Board, Workbench

GROUP = (GroupSettings(1, "db1", (1, 2, 3)),)
SLOW = DeviceSettings(coil_budget=1, coil_interval_s=4)
ON, OFF = OutletState.ON, OutletState.OFF


def all_off_for_s(board: Board, outlets: int) -> float:
    """The longest time in which none of the first outlets was closed, as far as is traced."""
    closed = dict.fromkeys(range(outlets), True)
    longest_s, since_s = 0.0, None
    for at_s, relay, is_closing in board.moves:
        if relay in closed:
            closed[relay] = is_closing
        if not any(closed.values()):
            since_s = since_s if since_s is not None else at_s
        elif since_s is not None:
            longest_s, since_s = max(longest_s, at_s - since_s), None
    return longest_s


def test_relays_that_open_one_by_one_are_all_off_for_the_reboot_time() -> None:
    bench = Workbench(4, device=SLOW, groups=GROUP)
    bench.run(10)
    bench.submit(SwitchGroup(1, Action.REBOOT))
    bench.run(60)
    assert [closed for _, _, closed in bench.board.moves] == [False] * 3 + [True] * 3
    assert all_off_for_s(bench.board, 3) == pytest.approx(5, abs=0.05)
    assert [bench.state(n) for n in (1, 2, 3, 4)] == [ON] * 4


def test_members_with_times_of_their_own_wait_for_the_last() -> None:
    bench = Workbench(3, groups=GROUP)
    bench.run(10)
    bench.submit(
        ConfigureOutlet(1, OutletSetting.REBOOT_S, 1),
        ConfigureOutlet(2, OutletSetting.MIN_ON_S, 40),
    )
    bench.submit(SwitchGroup(1, Action.REBOOT))
    bench.run(20)
    assert bench.board.relays == [False, True, False]
    assert bench.state(1) is OutletState.REBOOTING
    bench.run(40)
    assert all_off_for_s(bench.board, 3) == pytest.approx(1, abs=0.05)
    assert bench.board.relays == [True] * 3


def test_a_group_with_a_gap_goes_on_in_its_order_and_off_the_other_way_round() -> None:
    group = GroupSettings(1, "db1", (3, 1, 2, 3), gap_s=10)
    bench = Workbench(3, relays=[False] * 3, groups=(group,), on_delay_s=5)
    bench.run(10)
    bench.submit(SwitchGroup(1, Action.ON))
    assert bench.outlet(2).pending_s == pytest.approx(20, abs=0.1)
    bench.run(30)
    bench.submit(SwitchGroup(1, Action.OFF))
    bench.run(30)
    begin_s = bench.board.moves[0][0]
    assert [
        (round(at_s - begin_s), relay + 1, closed) for at_s, relay, closed in bench.board.moves
    ] == [
        (0, 3, True),
        (10, 1, True),
        (20, 2, True),
        (30, 2, False),
        (40, 1, False),
        (50, 3, False),
    ]
    bench.submit(SwitchGroup(1, Action.ON_DELAYED))
    assert [round(bench.outlet(n).pending_s) for n in (1, 2, 3)] == [15, 25, 5]
    bench.submit(SwitchGroup(1, Action.CANCEL))
    assert [bench.state(n) for n in (1, 2, 3)] == [OFF] * 3


def test_a_member_that_does_not_open_keeps_no_other_off() -> None:
    bench = Workbench(3, groups=GROUP)
    bench.board.stuck.add(1)
    bench.run(10)
    bench.submit(SwitchGroup(1, Action.REBOOT))
    bench.run(10)
    assert [bench.state(n) for n in (1, 2, 3)] == [ON, OutletState.FAULT, ON]


def test_a_member_that_is_ordered_otherwise_leaves_the_others_to_go_on() -> None:
    bench = Workbench(3, groups=GROUP, off_delay_s=600)
    bench.run(10)
    bench.submit(ConfigureOutlet(2, OutletSetting.OFF_DELAY_S, 0))
    bench.submit(SwitchGroup(1, Action.REBOOT_DELAYED))
    bench.run(30)
    assert bench.board.relays == [True, False, True]
    bench.switch(1, Action.CANCEL)
    bench.switch(3, Action.CANCEL)
    bench.run(1)
    assert bench.board.relays == [True] * 3


def test_a_member_is_switched_on_by_whoever_orders_it() -> None:
    bench = Workbench(3, device=SLOW, groups=GROUP)
    bench.run(10)
    bench.submit(SwitchGroup(1, Action.REBOOT))
    bench.run(1)
    bench.switch(1, Action.OFF)
    bench.run(60)
    assert [bench.state(n) for n in (1, 2, 3)] == [OFF, ON, ON]


def test_a_board_that_goes_away_strands_nobody() -> None:
    bench = Workbench(3, groups=GROUP)
    bench.run(10)
    bench.submit(SwitchGroup(1, Action.REBOOT))
    bench.core.on_bank_lost(BankLost("main", "unplugged"))
    bench.run(10)
    bench.core.on_bank(bench.board.state())
    bench.settle()
    bench.run(10)
    assert bench.board.relays == [True] * 3


@settings(max_examples=150, deadline=None)
@given(
    reboot_s=st.tuples(*[st.integers(1, 6)] * 3),
    min_on_s=st.tuples(*[st.sampled_from((0, 3, 9))] * 3),
    coil_interval_s=st.sampled_from((0.05, 1.0, 4.0)),
    on_for_s=st.floats(0.6, 8),
    killed_after_s=st.none() | st.floats(0, 12),
)
def test_no_member_goes_on_before_all_are_off(
    reboot_s: tuple[int, ...],
    min_on_s: tuple[int, ...],
    coil_interval_s: float,
    on_for_s: float,
    killed_after_s: float | None,
) -> None:
    device = DeviceSettings(coil_budget=1, coil_interval_s=coil_interval_s)
    bench = Workbench(3, relays=[False] * 3, device=device, groups=GROUP)
    for number in (1, 2, 3):
        bench.submit(
            ConfigureOutlet(number, OutletSetting.REBOOT_S, reboot_s[number - 1]),
            ConfigureOutlet(number, OutletSetting.MIN_ON_S, min_on_s[number - 1]),
        )
    bench.submit(SwitchGroup(1, Action.ON))
    bench.run(15 + on_for_s)
    bench.board.moves.clear()
    bench.submit(SwitchGroup(1, Action.REBOOT))
    if killed_after_s is not None:
        bench.run(killed_after_s)
        record, board = bench.saved[-1].record, bench.board
        bench = Workbench(
            3, record=record, board=board, clock=bench.clock, device=device, groups=GROUP
        )
    bench.run(90)
    assert [closed for _, _, closed in bench.board.moves] == [False] * 3 + [True] * 3
    assert all_off_for_s(bench.board, 3) >= min(reboot_s) - 0.05
    assert bench.board.relays == [True] * 3


def test_a_delay_of_the_command_comes_before_the_gaps() -> None:
    group = GroupSettings(1, "db1", (3, 1, 2), gap_s=10)
    bench = Workbench(3, relays=[False] * 3, groups=(group,), on_delay_s=5)
    bench.run(10)
    bench.submit(SwitchGroup(1, Action.ON_DELAYED, 60))
    assert [round(bench.outlet(n).pending_s) for n in (3, 1, 2)] == [60, 70, 80]


def test_a_delay_of_an_action_without_one_is_refused() -> None:
    bench = Workbench(3, groups=GROUP)
    with pytest.raises(InvalidValue, match="group 1: a delay goes with a delayed action only"):
        bench.submit(SwitchGroup(1, Action.OFF, 60))


def test_the_receipt_names_the_members_that_are_left_and_why() -> None:
    bench = Workbench(3, groups=GROUP)
    bench.run(10)
    hold = Hold("cap 1", Rank.SAFETY, True, "shed", 0.0, "until 45 W are free")
    bench.submit(SetLock(1, Lock.LOCKED_ON), HoldOutlet(2, hold))
    ticket = bench.core.submit_all([SwitchGroup(1, Action.OFF)], OPS)
    assert ticket.left == {
        1: "outlet 1 is locked on: unlock it before switching it",
        2: "outlet 2 is kept on by cap 1: shed; until 45 W are free",
    }
    bench.run(5)
    assert [bench.state(n) for n in (1, 2, 3)] == [ON, ON, OFF]


def test_a_pulse_of_a_group_leaves_out_whom_it_is_not_for() -> None:
    bench = Workbench(3, groups=GROUP, off_delay_s=30)
    bench.run(10)
    bench.switch(1, Action.OFF_DELAYED)
    ticket = bench.core.submit_all([SwitchGroup(1, Action.PULSE)], OPS)
    assert ticket.left == {1: "outlet 1 is off pending: a pulse begins and ends at rest, on or off"}
    bench.run(10)
    assert sorted(relay for _, relay, _ in bench.board.moves) == [1, 1, 2, 2]
    for number in (2, 3):
        bench.switch(number, Action.OFF_DELAYED)
    with pytest.raises(NotNow, match="a pulse begins and ends at rest"):
        bench.submit(SwitchGroup(1, Action.PULSE))


def test_what_a_pulse_would_have_waited_for_is_forgotten() -> None:
    bench = Workbench(2, groups=(GroupSettings(1, "db", (1, 2)),), hooks=(HookTerms("bye", 9.0),))
    terms = replace(bench.settings.outlets[0], before_off="bye")
    settings = replace(bench.settings, outlets=(terms, bench.settings.outlets[1]))
    bench.core.renew(settings, OPS)
    bench.run(10)
    bench.submit(SwitchGroup(1, Action.PULSE))
    assert bench.core.final_record().stops == {}
    bench.run(10)
    assert {relay for _, relay, _ in bench.board.moves} == {1}


def test_a_group_with_nothing_to_switch_says_so() -> None:
    bench = Workbench(1, groups=(GroupSettings(1, "meters", (1,)),), relay=None)
    with pytest.raises(NotNow, match="there is no switched outlet of group 1: nothing to do"):
        bench.submit(SwitchGroup(1, Action.OFF))
