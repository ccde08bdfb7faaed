# SPDX-License-Identifier: Apache-2.0
"""Rows that a SET creates and destroys: RFC 2579's RowStatus in groups and their members."""

from __future__ import annotations

from itertools import permutations

import pytest

from pdu_agent.access.grant import Rights
from pdu_agent.mib_impl.set_errors import ErrorStatus, SetError
from pdu_agent.mib_impl.syntax import Value
from pdu_agent.model.commands import (
    Action,
    Command,
    ConfigureGroup,
    CreateGroup,
    GroupSetting,
    RemoveGroup,
    SetMember,
    SwitchGroup,
)
from pdu_agent.model.errors import TableFull, UnknownTarget
from tests.mib.unit import SENSOR, Bench, furnished, integer, octets, unit

ACTIVE, CREATE, DESTROY = integer(1), integer(4), integer(6)
NAME, COMMAND, STATUS, MEMBER = "6.1.1.2", "6.1.1.4", "6.1.1.8", "6.2.1.1"

Changes = list[tuple[str, Value]]


def strip() -> Bench:
    """Outlets 1 and 2; group 1 with both of them, group 7 with outlet 2."""
    return Bench(furnished(unit(2, sensors=(SENSOR,))))


def refusal(changes: Changes) -> tuple[ErrorStatus, int]:
    bench = strip()
    with pytest.raises(SetError) as refused:
        bench.set(*changes)
    assert bench.controller.submitted == []
    return refused.value.status, refused.value.index


@pytest.mark.parametrize("order", list(permutations(range(5))))
def test_a_group_is_made_whole_by_one_set_in_whatever_order(order: tuple[int, ...]) -> None:
    changes: Changes = [
        (f"{STATUS}.3", CREATE),
        (f"{NAME}.3", octets(b"lab")),
        (f"{MEMBER}.3.1", CREATE),
        (f"{MEMBER}.3.2", CREATE),
        (f"{COMMAND}.3", integer(2)),
    ]
    bench = strip()
    bench.set(*(changes[place] for place in order))
    commands = bench.controller.submitted[0]
    assert commands[0] == CreateGroup(3)
    assert set(commands[1:3]) == {SetMember(3, 1, member=True), SetMember(3, 2, member=True)}
    assert set(commands[3:]) == {
        ConfigureGroup(3, GroupSetting.NAME, "lab"),
        SwitchGroup(3, Action.OFF),
    }


def test_rows_go_after_all_else_and_members_before_their_group() -> None:
    bench = strip()
    bench.set(
        (f"{STATUS}.7", DESTROY),
        (f"{MEMBER}.7.2", DESTROY),
        (f"{NAME}.7", octets(b"x")),
        (f"{STATUS}.3", CREATE),
    )
    expected: list[Command] = [
        CreateGroup(3),
        ConfigureGroup(7, GroupSetting.NAME, "x"),
        SetMember(7, 2, member=False),
        RemoveGroup(7),
    ]
    assert bench.controller.submitted == [expected]


@pytest.mark.parametrize(
    "change",
    [
        (f"{STATUS}.7", ACTIVE),
        (f"{MEMBER}.7.2", ACTIVE),
        (f"{STATUS}.3", DESTROY),
        (f"{MEMBER}.7.1", DESTROY),
        (f"{MEMBER}.3.1", DESTROY),
    ],
)
def test_what_is_so_already_succeeds_and_does_nothing(change: tuple[str, Value]) -> None:
    bench = strip()
    assert bench.set(change) is None
    assert bench.controller.submitted == []


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ((f"{STATUS}.7", CREATE), ErrorStatus.INCONSISTENT_VALUE),
        ((f"{MEMBER}.7.2", CREATE), ErrorStatus.INCONSISTENT_VALUE),
        ((f"{STATUS}.3", ACTIVE), ErrorStatus.INCONSISTENT_VALUE),
        ((f"{MEMBER}.7.1", ACTIVE), ErrorStatus.INCONSISTENT_VALUE),
        ((f"{STATUS}.3", integer(5)), ErrorStatus.WRONG_VALUE),
        ((f"{STATUS}.7", integer(2)), ErrorStatus.WRONG_VALUE),
        ((f"{STATUS}.7", integer(3)), ErrorStatus.WRONG_VALUE),
        ((f"{STATUS}.7", integer(0)), ErrorStatus.WRONG_VALUE),
        ((f"{STATUS}.7", integer(7)), ErrorStatus.WRONG_VALUE),
        ((f"{STATUS}.7", octets(b"\6")), ErrorStatus.WRONG_TYPE),
        ((f"{STATUS}.0", CREATE), ErrorStatus.NO_CREATION),
        ((f"{STATUS}.256", CREATE), ErrorStatus.NO_CREATION),
        ((f"{STATUS}.256", DESTROY), ErrorStatus.NO_CREATION),
        ((STATUS, CREATE), ErrorStatus.NO_CREATION),
        ((f"{STATUS}.3.1", CREATE), ErrorStatus.NO_CREATION),
        ((f"{MEMBER}.7.3", CREATE), ErrorStatus.NO_CREATION),
        ((f"{MEMBER}.7.3", DESTROY), ErrorStatus.NO_CREATION),
        ((f"{MEMBER}.0.1", CREATE), ErrorStatus.NO_CREATION),
        ((f"{MEMBER}.7", CREATE), ErrorStatus.NO_CREATION),
        ((f"{NAME}.3", octets(b"x")), ErrorStatus.INCONSISTENT_NAME),
        ((f"{COMMAND}.3", integer(1)), ErrorStatus.INCONSISTENT_NAME),
        ((f"{NAME}.0", octets(b"x")), ErrorStatus.NO_CREATION),
    ],
)
def test_a_row_that_cannot_come_or_go_says_why_and_nothing_is_done(
    change: tuple[str, Value], status: ErrorStatus
) -> None:
    assert refusal([("3.1.1.8.2", integer(2)), change, (f"{STATUS}.4", CREATE)]) == (status, 2)


def test_a_column_is_no_better_off_for_a_row_that_is_destroyed() -> None:
    changes = [(f"{STATUS}.3", DESTROY), (f"{NAME}.3", octets(b"x"))]
    assert refusal(changes) == (ErrorStatus.INCONSISTENT_NAME, 2)


def test_a_row_cannot_be_created_and_destroyed_at_once() -> None:
    changes = [(f"{STATUS}.3", CREATE), (f"{STATUS}.3", DESTROY)]
    assert refusal(changes) == (ErrorStatus.INCONSISTENT_VALUE, 2)


def test_a_bad_column_takes_the_creation_with_it() -> None:
    changes = [(f"{STATUS}.3", CREATE), (f"{NAME}.3", octets(b"x" * 33))]
    assert refusal(changes) == (ErrorStatus.WRONG_LENGTH, 2)


def test_a_refusal_of_the_core_points_at_the_varbind_however_commands_are_ordered() -> None:
    bench = strip()
    bench.controller.refusal = TableFull("too many groups", 0)
    with pytest.raises(SetError) as refused:
        bench.set((f"{NAME}.3", octets(b"x")), (f"{MEMBER}.3.1", CREATE), (f"{STATUS}.3", CREATE))
    assert refused.value.status is ErrorStatus.RESOURCE_UNAVAILABLE
    assert refused.value.index == 3


def test_a_member_of_a_group_that_could_be_there_is_an_inconsistent_name() -> None:
    bench = strip()
    bench.controller.refusal = UnknownTarget("there is no group 3", 0)
    with pytest.raises(SetError) as refused:
        bench.set((f"{MEMBER}.3.1", CREATE))
    assert refused.value.status is ErrorStatus.INCONSISTENT_NAME


@pytest.mark.parametrize(
    ("suffix", "need"),
    [
        (f"{MEMBER}.7.2", (Rights.WRITE, 2)),
        (f"{MEMBER}.7.1", (Rights.WRITE, 1)),
        (f"{MEMBER}.7.9", (Rights.WRITE, 0)),
        (f"{STATUS}.3", (Rights.WRITE, None)),
        (f"{COMMAND}.7", (Rights.SWITCH, None)),
        ("4.1.1.4.3.2.2", (Rights.WRITE, 2)),
        ("4.1.1.4.4.1.8", (Rights.WRITE, None)),
        ("8.2.1.7.4", (Rights.WRITE, 2)),
        ("8.2.1.7.9", (Rights.WRITE, None)),
    ],
)
def test_a_row_is_guarded_as_the_outlet_that_it_is_about(
    suffix: str, need: tuple[Rights, int | None]
) -> None:
    bench = strip()
    assert bench.writer.guard(bench.oid(suffix), bench.controller.snapshot) == need
