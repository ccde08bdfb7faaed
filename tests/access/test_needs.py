# SPDX-License-Identifier: Apache-2.0
"""What each command needs, on one hand-made unit; a command without an entry here fails."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdu_agent.access.grant import Grant, Rights
from pdu_agent.access.needs import Need, needs, outlet_of, require
from pdu_agent.model import commands
from pdu_agent.model.commands import (
    AcknowledgeAlarm,
    Action,
    AdvanceConfigLock,
    BranchSetting,
    CapSetting,
    Command,
    ConfigureBranch,
    ConfigureCap,
    ConfigureDevice,
    ConfigureGroup,
    ConfigureInlet,
    ConfigureOutlet,
    ConfigureOutlets,
    ConfigureSensor,
    ConfigureThreshold,
    ConfigureThresholds,
    CreateGroup,
    DeviceSetting,
    EnableNotifications,
    EnablePlan,
    EnableRule,
    GroupSetting,
    Hold,
    HoldOutlet,
    InletSetting,
    Limit,
    Lock,
    NotificationClass,
    OutletSetting,
    Quantity,
    Rank,
    ReleaseOutlet,
    RemoveGroup,
    Reset,
    ResetMeter,
    ResetMeters,
    ResetTrip,
    ResetWear,
    RunPlan,
    SensorSetting,
    SetCountdown,
    SetLimit,
    SetLock,
    SetMember,
    StopUntilMains,
    SwitchAll,
    SwitchGroup,
    SwitchOutlet,
    Target,
    TargetKind,
    ThresholdSetting,
)
from pdu_agent.model.control import Cap, CapState, Plan, Rule, RuleState
from pdu_agent.model.errors import NotPermitted
from pdu_agent.model.snapshot import Alarm, Group, GroupState, Line, Severity
from tests.mib.unit import unit

INLET = Target(TargetKind.INLET, 1)
OUTLET = Target(TargetKind.OUTLET, 2)
SENSOR = Target(TargetKind.SENSOR, 2)


def _group(index: int, *members: int) -> Group:
    return Group(index, f"Group {index}", members, False, GroupState.ON, None, 0)


def _alarm(number: int, target: Target | None) -> Alarm:
    return Alarm(number, "threshold", Severity.WARNING, "x", "x", 0.0, target)


def _cap(number: int, kind: TargetKind, index: int) -> Cap:
    target = Target(kind, index)
    return Cap(number, "", target, Quantity.CURRENT, 9.0, 0.5, None, CapState.UNKNOWN, ())


PLAIN = unit(4)
SNAPSHOT = dataclasses.replace(
    PLAIN,
    outlets=tuple(
        dataclasses.replace(row, branch=3 if row.index == 3 else None) for row in PLAIN.outlets
    ),
    rules=(Rule(1, "hot", True, "", "", RuleState.IDLE, None, None, 0, None, "", (4,)),),
    caps=(
        _cap(1, TargetKind.UNIT, 1),
        _cap(2, TargetKind.BRANCH, 3),
        _cap(3, TargetKind.INLET, 1),
        _cap(4, TargetKind.LINE, 3),
    ),
    lines=(Line(3, "rear", 1, "l3", 16.0, None),),
    groups=(_group(1, 2, 3), _group(2)),
    plans=(Plan(1, "night", True, "daily", (2, 3), "off", None, None, "", 0, 0),),
    alarms=(_alarm(1, OUTLET), _alarm(2, INLET), _alarm(3, None)),
)

READ, SWITCH, WRITE = Rights.READ, Rights.SWITCH, Rights.WRITE
UNIT = None
EVERYWHERE: set[Need] = {(WRITE, UNIT), (WRITE, 1), (WRITE, 2), (WRITE, 3), (WRITE, 4)}

EXPECTED: list[tuple[Command, set[Need]]] = [
    (SwitchOutlet(2, Action.OFF), {(SWITCH, 2)}),
    (SwitchOutlet(99, Action.OFF), {(SWITCH, 99)}),
    (
        SwitchAll(Action.OFF),
        {(SWITCH, UNIT), (SWITCH, 1), (SWITCH, 2), (SWITCH, 3), (SWITCH, 4)},
    ),
    (SwitchGroup(1, Action.OFF), {(SWITCH, UNIT), (SWITCH, 2), (SWITCH, 3)}),
    (SwitchGroup(2, Action.OFF), {(SWITCH, UNIT)}),
    (SwitchGroup(9, Action.OFF), {(SWITCH, UNIT)}),
    (StopUntilMains(OUTLET), {(SWITCH, 2)}),
    (
        StopUntilMains(Target(TargetKind.GROUP, 1), 60.0),
        {(SWITCH, UNIT), (SWITCH, 2), (SWITCH, 3)},
    ),
    (SetLock(2, Lock.LOCKED_ON), {(WRITE, 2)}),
    (ConfigureOutlet(2, OutletSetting.NAME, "x"), {(WRITE, 2)}),
    (ConfigureOutlets(OutletSetting.ON_DELAY_S, 1), EVERYWHERE),
    (ConfigureBranch(1, BranchSetting.NAME, "x"), {(WRITE, UNIT)}),
    (ConfigureInlet(1, InletSetting.NAME, "x"), {(WRITE, UNIT)}),
    (ConfigureDevice(DeviceSetting.NAME, "x"), {(WRITE, UNIT)}),
    (ConfigureSensor(2, SensorSetting.NAME, "x"), {(WRITE, UNIT)}),
    (
        ConfigureThreshold(OUTLET, Quantity.CURRENT, ThresholdSetting.DELAY_S, 1.0),
        {(WRITE, 2)},
    ),
    (
        ConfigureThreshold(INLET, Quantity.CURRENT, ThresholdSetting.DELAY_S, 1.0),
        {(WRITE, UNIT)},
    ),
    (
        ConfigureThreshold(SENSOR, Quantity.HUMIDITY, ThresholdSetting.DELAY_S, 1.0),
        {(WRITE, UNIT)},
    ),
    (
        ConfigureThresholds(TargetKind.OUTLET, Quantity.CURRENT, ThresholdSetting.HYSTERESIS, 1.0),
        EVERYWHERE,
    ),
    (
        ConfigureThresholds(TargetKind.INLET, Quantity.CURRENT, ThresholdSetting.DELAY_S, 1.0),
        {(WRITE, UNIT)},
    ),
    (SetLimit(OUTLET, Quantity.CURRENT, Limit.HIGH_WARNING, 8.0), {(WRITE, 2)}),
    (SetLimit(INLET, Quantity.CURRENT, Limit.HIGH_WARNING, None), {(WRITE, UNIT)}),
    (SetLimit(SENSOR, Quantity.HUMIDITY, Limit.LOW_WARNING, 8.0), {(WRITE, UNIT)}),
    (ConfigureGroup(1, GroupSetting.NAME, "x"), {(WRITE, UNIT)}),
    (CreateGroup(3), {(WRITE, UNIT)}),
    (RemoveGroup(1), {(WRITE, UNIT), (WRITE, 2), (WRITE, 3)}),
    (SetMember(1, 4, True), {(WRITE, UNIT), (WRITE, 4)}),
    (SetMember(1, 3, False), {(WRITE, UNIT), (WRITE, 3)}),
    (ResetMeter(OUTLET, Reset.ENERGY), {(WRITE, 2)}),
    (ResetMeter(INLET, Reset.ENERGY), {(WRITE, UNIT)}),
    (ResetMeters(TargetKind.OUTLET, Reset.PEAK), EVERYWHERE),
    (ResetMeters(TargetKind.SENSOR, Reset.ALL), {(WRITE, UNIT)}),
    (AcknowledgeAlarm(1, True), {(WRITE, 2)}),
    (AcknowledgeAlarm(2, True), {(WRITE, UNIT)}),
    (AcknowledgeAlarm(3, True), {(WRITE, UNIT)}),
    (AcknowledgeAlarm(9, True), {(WRITE, UNIT)}),
    (EnableNotifications(NotificationClass.OUTLET, True), {(WRITE, UNIT)}),
    (AdvanceConfigLock(0), {(WRITE, UNIT)}),
    (HoldOutlet(2, Hold("rule x", Rank.RULE, True, "", 0.0)), {(WRITE, 2)}),
    (ReleaseOutlet(2, "rule x"), {(WRITE, 2)}),
    (ResetTrip(2), {(WRITE, 2)}),
    (ResetWear(2), {(WRITE, 2)}),
    (SetCountdown(2, Action.OFF, 60.0), {(SWITCH, 2)}),
    (EnablePlan("night", False), {(WRITE, UNIT), (WRITE, 2), (WRITE, 3)}),
    (EnablePlan("of nobody", False), {(WRITE, UNIT)}),
    (RunPlan("night"), {(SWITCH, UNIT), (SWITCH, 2), (SWITCH, 3)}),
    (RunPlan("of nobody"), {(SWITCH, UNIT)}),
    (EnableRule("hot", True), {(WRITE, UNIT), (WRITE, 4)}),
    (EnableRule("of nobody", True), {(WRITE, UNIT)}),
    (ConfigureCap(1, CapSetting.LIMIT, 500.0), EVERYWHERE),
    (ConfigureCap(2, CapSetting.LIMIT, 500.0), {(WRITE, UNIT), (WRITE, 3)}),
    (ConfigureCap(3, CapSetting.LIMIT, 500.0), EVERYWHERE),
    (ConfigureCap(4, CapSetting.LIMIT, 500.0), EVERYWHERE),
    (ConfigureCap(9, CapSetting.LIMIT, 500.0), {(WRITE, UNIT)}),
]

NOT_COMMANDS = {"Target", "Actor", "Ticket", "Hold"}


def test_every_command_has_an_entry_here() -> None:
    assert {type(command) for command, _ in EXPECTED} == set(get_args(Command))


def test_every_dataclass_among_the_commands_is_one() -> None:
    declared = {
        cls
        for name, cls in vars(commands).items()
        if dataclasses.is_dataclass(cls) and name not in NOT_COMMANDS
    }
    assert declared == set(get_args(Command))


@pytest.mark.parametrize(
    ("command", "expected"),
    EXPECTED,
    ids=lambda value: "" if isinstance(value, set) else str(value)[:60],
)
def test_needs(command: Command, expected: set[Need]) -> None:
    assert set(needs(command, SNAPSHOT)) == expected


def test_something_unknown_is_not_waved_through() -> None:
    with pytest.raises(AssertionError):
        require(Grant.everywhere(WRITE), ["switch"], SNAPSHOT)  # type: ignore[list-item]


@pytest.mark.parametrize(
    ("target", "outlet"), [(OUTLET, 2), (INLET, None), (SENSOR, None), (None, None)]
)
def test_only_an_outlet_has_rights_of_its_own(target: Target | None, outlet: int | None) -> None:
    assert outlet_of(target) == outlet


# batches


def refused_at(grant: Grant, *batch: Command) -> int | None:
    """The position that is refused; None when the batch is allowed."""
    try:
        require(grant, batch, SNAPSHOT)
    except NotPermitted as exc:
        return exc.position
    return None


def test_the_first_command_that_is_not_allowed_is_named() -> None:
    tenant = Grant(READ, Rights.NONE, {1: SWITCH, 2: WRITE})
    on = [SwitchOutlet(number, Action.ON) for number in (1, 2, 3, 4)]
    assert refused_at(tenant, *on[:2]) is None
    assert refused_at(tenant, *on) == 2
    assert refused_at(tenant, SetLock(2, Lock.LOCKED_ON), SetLock(1, Lock.LOCKED_ON)) == 1
    with pytest.raises(NotPermitted, match="switch is not granted on outlet 3"):
        require(tenant, on, SNAPSHOT)
    with pytest.raises(NotPermitted, match="switch is not granted on the unit"):
        require(tenant, [SwitchAll(Action.ON)], SNAPSHOT)


@pytest.mark.parametrize("joins_first", [True, False])
def test_a_group_is_switched_with_the_members_that_join_in_the_same_batch(
    joins_first: bool,
) -> None:
    joining: list[Command] = [SetMember(1, 4, True), SetMember(2, 1, True)]
    switching = SwitchGroup(1, Action.OFF)
    batch = [*joining, switching] if joins_first else [switching, *joining]
    assert set(needs(switching, SNAPSHOT, batch)) == {
        (SWITCH, UNIT),
        (SWITCH, 2),
        (SWITCH, 3),
        (SWITCH, 4),
    }


def test_leaving_a_group_does_not_free_it_of_the_need_within_the_batch() -> None:
    batch: list[Command] = [SetMember(1, 3, False), SwitchGroup(1, Action.OFF)]
    assert (SWITCH, 3) in set(needs(batch[1], SNAPSHOT, batch))


@pytest.mark.parametrize(
    "batch",
    [
        (SetMember(2, 4, True), SwitchGroup(2, Action.OFF)),
        (SwitchGroup(2, Action.OFF), SetMember(2, 4, True)),
        (CreateGroup(3), SetMember(3, 4, True), SwitchGroup(3, Action.OFF)),
        (RemoveGroup(2), CreateGroup(2), SetMember(2, 4, True), SwitchGroup(2, Action.OFF)),
    ],
)
@pytest.mark.parametrize("on_it", [Rights.NONE, READ, SWITCH])
def test_no_group_made_on_the_way_reaches_an_outlet_without_rights(
    batch: Sequence[Command], on_it: Rights
) -> None:
    assert refused_at(Grant(WRITE, WRITE, {4: on_it}), *batch) is not None
    assert refused_at(Grant(WRITE, Rights.NONE, {4: WRITE}), *batch) is None


ANY_COMMAND = st.sampled_from([command for command, _ in EXPECTED])
GRANTS = st.builds(
    Grant,
    st.sampled_from(Rights),
    st.sampled_from(Rights),
    st.dictionaries(st.integers(1, 4), st.sampled_from(Rights)),
)


@given(GRANTS, st.lists(ANY_COMMAND, max_size=4))
def test_a_batch_is_allowed_only_if_each_of_it_is(grant: Grant, batch: list[Command]) -> None:
    position = refused_at(grant, *batch)
    alone = [refused_at(grant, command) is None for command in batch]
    if position is None:
        assert all(alone)
    else:
        assert all(alone[:position])


@given(GRANTS, st.lists(ANY_COMMAND, max_size=4))
def test_who_only_reads_submits_nothing(grant: Grant, batch: list[Command]) -> None:
    reader = Grant(
        min(grant.unit, READ, key=list(Rights).index),
        min(grant.others, READ, key=list(Rights).index),
    )
    assert refused_at(reader, *batch) == (0 if batch else None)
    assert refused_at(Grant.everywhere(WRITE), *batch) is None
