# SPDX-License-Identifier: Apache-2.0
"""Groups: made, filled and removed at run time, switched as one, kept over a restart."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pdu_agent.core.settings import GroupSettings
from pdu_agent.model.commands import (
    Action,
    Command,
    ConfigureGroup,
    CreateGroup,
    GroupSetting,
    Lock,
    RemoveGroup,
    SetLock,
    SetMember,
    SwitchGroup,
    SwitchOutlet,
    Target,
    TargetKind,
)
from pdu_agent.model.errors import (
    CommandError,
    InvalidValue,
    NotNow,
    OutletLocked,
    TableFull,
    Unavailable,
    UnknownTarget,
)
from pdu_agent.model.readings import BankLost
from pdu_agent.model.snapshot import Group, GroupState, OutletState
from tests.core.bench import OPS, Workbench

RACK = GroupSettings(1, "rack", (2, 1))


def group(bench: Workbench, number: int) -> Group:
    return next(each for each in bench.core.snapshot.groups if each.index == number)


def filled(number: int, *outlets: int) -> list[Command]:
    return [CreateGroup(number), *(SetMember(number, outlet, True) for outlet in outlets)]


def test_a_group_of_the_file_is_switched_and_not_changed() -> None:
    bench = Workbench(outlets=4, groups=(RACK,))
    rack = group(bench, 1)
    assert (rack.name, rack.members, rack.configured, rack.state) == (
        "rack",
        (1, 2),
        True,
        GroupState.ON,
    )
    for command in (
        SetMember(1, 3, True),
        ConfigureGroup(1, GroupSetting.NAME, "x"),
        RemoveGroup(1),
    ):
        with pytest.raises(NotNow, match="comes from the configuration file"):
            bench.submit(command)
    with pytest.raises(NotNow, match="there is a group 1 already"):
        bench.submit(CreateGroup(1))
    bench.submit(SwitchGroup(1, Action.OFF))
    assert [bench.state(n) for n in range(1, 5)] == [
        OutletState.OFF,
        OutletState.OFF,
        OutletState.ON,
        OutletState.ON,
    ]


@pytest.mark.parametrize("switch_first", [False, True])
def test_one_batch_makes_names_fills_and_switches(switch_first: bool) -> None:
    bench = Workbench(outlets=4)
    commands = [
        SetMember(7, 4, True),
        *filled(7, 2),
        ConfigureGroup(7, GroupSetting.NAME, "lab"),
        SwitchGroup(7, Action.OFF),
    ]
    bench.submit(*(reversed(commands) if switch_first else commands))
    lab = group(bench, 7)
    assert (lab.name, lab.members, lab.state, lab.configured) == (
        "lab",
        (2, 4),
        GroupState.OFF,
        False,
    )


def test_a_new_group_is_called_by_its_number_and_is_empty() -> None:
    bench = Workbench(outlets=2)
    bench.submit(CreateGroup(9))
    new = group(bench, 9)
    assert (new.name, new.members, new.state) == ("Group 9", (), GroupState.UNKNOWN)
    assert new.active_power_w is None
    with pytest.raises(NotNow, match="empty"):
        bench.submit(SwitchGroup(9, Action.ON))


def test_switching_closes_one_relay_after_the_other() -> None:
    bench = Workbench(outlets=4, relays=[False] * 4)
    bench.submit(*filled(1, 1, 2, 3), SwitchGroup(1, Action.ON))
    bench.run(5)
    times = [moved_s for moved_s, _, closed in bench.board.moves if closed]
    assert len(times) == 3
    assert all(b - a >= 0.25 for a, b in pairwise(times))


def test_locked_members_are_left_alone_and_all_locked_is_an_error() -> None:
    bench = Workbench(outlets=2)
    bench.submit(*filled(1, 1, 2), SetLock(1, Lock.LOCKED_ON))
    bench.submit(SwitchGroup(1, Action.OFF))
    assert (bench.state(1), bench.state(2)) == (OutletState.ON, OutletState.OFF)
    assert group(bench, 1).state is GroupState.MIXED
    bench.submit(SetLock(2, Lock.LOCKED_OFF))
    with pytest.raises(OutletLocked):
        bench.submit(SwitchGroup(1, Action.ON))


def test_a_board_that_is_down_refuses_the_group() -> None:
    bench = Workbench(outlets=2)
    bench.submit(*filled(1, 1))
    bench.core.on_bank_lost(BankLost("main", "no answer"))
    with pytest.raises(Unavailable, match="no answer"):
        bench.submit(SwitchGroup(1, Action.OFF))
    assert group(bench, 1).state is GroupState.UNKNOWN


def test_an_outlet_of_two_groups_is_not_switched_twice_in_one_batch() -> None:
    bench = Workbench(outlets=2)
    bench.submit(*filled(1, 1), *filled(2, 1, 2))
    with pytest.raises(NotNow, match="twice"):
        bench.submit(SwitchGroup(1, Action.OFF), SwitchGroup(2, Action.OFF))


def test_power_and_energy_are_those_of_the_metered_members() -> None:
    bench = Workbench(outlets=3)
    bench.submit(*filled(1, 1, 3))
    for number in (1, 2, 3):
        point = Target(TargetKind.OUTLET, number)
        bench.read(point, energy_mj=1000.0 * number, active_power_w=10.0 * number)
    bench.run(1.1)
    assert group(bench, 1).active_power_w == 40
    assert group(bench, 1).user_energy_mj == 4000
    bench.submit(SetMember(1, 3, False))
    assert group(bench, 1).user_energy_mj == 1000


@pytest.mark.parametrize(
    ("command", "error"),
    [
        (CreateGroup(0), InvalidValue),
        (CreateGroup(256), InvalidValue),
        (RemoveGroup(5), UnknownTarget),
        (SwitchGroup(5, Action.ON), UnknownTarget),
        (SetMember(5, 1, True), UnknownTarget),
        (ConfigureGroup(5, GroupSetting.NAME, "x"), UnknownTarget),
        (SetMember(1, 99, True), UnknownTarget),
        (ConfigureGroup(1, GroupSetting.NAME, "x" * 33), InvalidValue),
        (ConfigureGroup(1, GroupSetting.NAME, "\ud800"), InvalidValue),
    ],
)
def test_what_cannot_be_is_refused(command: Command, error: type[CommandError]) -> None:
    bench = Workbench(outlets=2)
    bench.submit(*filled(1, 1))
    with pytest.raises(error):
        bench.submit(command)


def test_the_table_is_full_at_64_groups() -> None:
    bench = Workbench(outlets=2, groups=(RACK,))
    bench.submit(*(CreateGroup(number) for number in range(2, 65)))
    with pytest.raises(TableFull):
        bench.submit(CreateGroup(65))
    bench.submit(RemoveGroup(2))
    bench.submit(CreateGroup(65))


def test_groups_survive_a_restart_less_outlets_that_are_gone(
    caplog: pytest.LogCaptureFixture,
) -> None:
    bench = Workbench(outlets=4)
    bench.submit(*filled(3, 2, 4), ConfigureGroup(3, GroupSetting.NAME, "lab"), *filled(1, 1))
    again = Workbench(outlets=3, groups=(RACK,), record=bench.saved[-1].record)
    assert [(g.index, g.name, g.members, g.configured) for g in again.core.snapshot.groups] == [
        (1, "rack", (1, 2), True),
        (3, "lab", (2,), False),
    ]
    assert "group 1: made at run time, dropped: the file has one of that number" in caplog.text


def test_the_topology_changes_with_rows_and_not_with_names() -> None:
    bench = Workbench(outlets=2)
    seen = [bench.core.snapshot.topology]
    for command in (
        CreateGroup(1),
        SetMember(1, 1, True),
        SetMember(1, 1, True),
        ConfigureGroup(1, GroupSetting.NAME, "x"),
        SwitchOutlet(2, Action.OFF),
        RemoveGroup(1),
    ):
        bench.submit(command)
        seen.append(bench.core.snapshot.topology)
    assert seen == [0, 1, 2, 2, 2, 2, 3]


COMMANDS = st.lists(
    st.one_of(
        st.builds(CreateGroup, st.integers(1, 4)),
        st.builds(RemoveGroup, st.integers(1, 4)),
        st.builds(SetMember, st.integers(1, 4), st.integers(1, 4), st.booleans()),
        st.builds(SwitchGroup, st.integers(1, 4), st.sampled_from([Action.ON, Action.OFF])),
        st.builds(
            ConfigureGroup,
            st.integers(1, 4),
            st.just(GroupSetting.NAME),
            st.sampled_from(["a", "b" * 33]),
        ),
    ),
    max_size=6,
)


@settings(max_examples=60, deadline=None)
@given(st.lists(COMMANDS, max_size=5))
def test_a_refused_batch_changes_nothing(batches: list[list[Command]]) -> None:
    bench = Workbench(outlets=3, groups=(GroupSettings(4, "file", (1, 3)),))
    for commands in batches:
        before, saves = bench.core.snapshot, len(bench.saved)
        try:
            bench.core.submit_all(commands, OPS)
        except CommandError:
            after = bench.core.snapshot
            assert (after.groups, after.outlets) == (before.groups, before.outlets)
            assert after.topology == before.topology
            assert len(bench.saved) == saves
            assert bench.queue == []
        bench.settle()
