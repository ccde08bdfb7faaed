# SPDX-License-Identifier: Apache-2.0
"""GET, GETNEXT, GETBULK and SET over a hand-made unit, without any encoding."""

from __future__ import annotations

from typing import Any

import pytest

from pdu_agent.access.grant import Grant, Rights
from pdu_agent.mib_impl.syntax import Oid, Tag, Value
from pdu_agent.mib_impl.view import END_OF_MIB_VIEW, NO_SUCH_INSTANCE, NO_SUCH_OBJECT
from pdu_agent.model.commands import Action, Actor, SwitchOutlet
from pdu_agent.model.errors import (
    BudgetExceeded,
    Busy,
    CommandError,
    InvalidValue,
    NotNow,
    NotPermitted,
    OutletLocked,
    TableFull,
    Unavailable,
    UnknownTarget,
)
from pdu_agent.model.snapshot import Snapshot
from pdu_agent.snmp.access import Credential
from pdu_agent.snmp.operations import (
    MAX_REPETITIONS,
    Operation,
    Operations,
    Request,
    Response,
    Status,
)
from pdu_agent.snmp.sizes import varbinds_octets
from tests.snmp.rig import BASE, COMMAND, LOCKED_OUTLET, NAME, OUTLET, STATE, Rig

NULL = Value(Tag.NULL, None)
READER = Credential("readers", Grant.everywhere(Rights.READ))
WRITER = Credential("writers", Grant.everywhere(Rights.WRITE))
OFF = Value(Tag.INTEGER, 2)
V1, V2C = 0, 1
BEYOND = (2, 5)
ALL_OUTLETS = (*BASE, 1, 9, 0)


def ask(
    rig: Rig,
    operation: Operation,
    *names: Oid,
    version: int = V2C,
    credential: Credential = READER,
    room: int = 1400,
    non_repeaters: int = 0,
    max_repetitions: int = 10,
) -> Response:
    varbinds = tuple((name, NULL) for name in names)
    return rig.operations.answer(
        Request(
            version,
            operation,
            varbinds,
            credential,
            "192.0.2.9:4000",
            room,
            non_repeaters,
            max_repetitions,
        )
    )


def put(
    rig: Rig,
    *varbinds: tuple[Oid, Value],
    version: int = V2C,
    credential: Credential = WRITER,
    room: int = 1400,
) -> Response:
    return rig.operations.answer(
        Request(version, Operation.SET, varbinds, credential, "192.0.2.9:4000", room)
    )


@pytest.fixture(scope="module")
def shared() -> Rig:
    """For reads, which change nothing."""
    return Rig(outlets=4)


@pytest.fixture
def rig(shared: Rig) -> Rig:
    shared.core.submitted.clear()
    shared.core.checked.clear()
    shared.core.actors.clear()
    shared.core.refusal = None
    return shared


def test_get_says_for_each_name_what_is_there(rig: Rig) -> None:
    names = ((*OUTLET, STATE, 1), (*OUTLET, STATE, 99), (1, 3, 6, 1, 9, 1))
    answer = ask(rig, Operation.GET, *names)
    assert answer.status is Status.NO_ERROR
    assert [name for name, _ in answer.varbinds] == list(names)
    assert [value for _, value in answer.varbinds] == [
        Value(Tag.INTEGER, 1),
        NO_SUCH_INSTANCE,
        NO_SUCH_OBJECT,
    ]


def test_v1_get_names_the_first_absent_one(rig: Rig) -> None:
    answer = ask(
        rig, Operation.GET, (*OUTLET, STATE, 1), (*OUTLET, STATE, 99), (1, 3, 9), version=V1
    )
    assert (answer.status, answer.index) == (Status.NO_SUCH_NAME, 2)
    assert answer.varbinds[1] == ((*OUTLET, STATE, 99), NULL)


def test_v1_never_sees_a_counter64(rig: Rig) -> None:
    wide = [
        (name, value)
        for name, value in walk(rig, V2C)
        if isinstance(value, Value) and value.tag is Tag.COUNTER64
    ]
    assert wide
    assert walk(rig, V1) == [varbind for varbind in walk(rig, V2C) if varbind not in wide]
    answer = ask(rig, Operation.GET, wide[0][0], version=V1)
    assert (answer.status, answer.index) == (Status.NO_SUCH_NAME, 1)


def walk(rig: Rig, version: int) -> list[tuple[Oid, object]]:
    found: list[tuple[Oid, object]] = []
    name: Oid = BASE
    while True:
        answer = ask(rig, Operation.GET_NEXT, name, version=version)
        if answer.status is Status.NO_SUCH_NAME or answer.varbinds[0][1] is END_OF_MIB_VIEW:
            return found
        name = answer.varbinds[0][0]
        found.append(answer.varbinds[0])


def test_getnext_beyond_the_end(rig: Rig) -> None:
    assert ask(rig, Operation.GET_NEXT, BEYOND).varbinds == ((BEYOND, END_OF_MIB_VIEW),)
    answer = ask(rig, Operation.GET_NEXT, BASE, BEYOND, version=V1)
    assert (answer.status, answer.index) == (Status.NO_SUCH_NAME, 2)


def test_getbulk_repeats_the_columns_after_the_non_repeaters(rig: Rig) -> None:
    names = ((1, 3, 6, 1, 2, 1, 1, 4), (*OUTLET, NAME), (*OUTLET, STATE))
    answer = ask(rig, Operation.GET_BULK, *names, non_repeaters=1, max_repetitions=2)
    assert [name for name, _ in answer.varbinds] == [
        (1, 3, 6, 1, 2, 1, 1, 4, 0),
        (*OUTLET, NAME, 1),
        (*OUTLET, STATE, 1),
        (*OUTLET, NAME, 2),
        (*OUTLET, STATE, 2),
    ]


def test_getbulk_stops_after_one_row_of_nothing(rig: Rig) -> None:
    answer = ask(rig, Operation.GET_BULK, BEYOND, BEYOND, max_repetitions=50)
    assert answer.varbinds == ((BEYOND, END_OF_MIB_VIEW),) * 2


def test_getbulk_is_bounded_in_repetitions_and_octets(rig: Rig) -> None:
    many = ask(rig, Operation.GET_BULK, BASE, max_repetitions=2**31 - 1, room=100_000)
    assert len(many.varbinds) == MAX_REPETITIONS
    cut = ask(rig, Operation.GET_BULK, BASE, max_repetitions=2**31 - 1, room=300)
    assert 0 < varbinds_octets(cut.varbinds) <= 300
    assert cut.varbinds == many.varbinds[: len(cut.varbinds)]
    none = ask(rig, Operation.GET_BULK, BASE, room=10)
    assert none == Response(Status.TOO_BIG, 0, ())


@pytest.mark.parametrize(("non_repeaters", "repetitions", "expected"), [(-5, 0, 0), (7, -1, 2)])
def test_getbulk_with_odd_numbers(
    rig: Rig, non_repeaters: int, repetitions: int, expected: int
) -> None:
    answer = ask(
        rig,
        Operation.GET_BULK,
        BASE,
        OUTLET,
        non_repeaters=non_repeaters,
        max_repetitions=repetitions,
    )
    assert (answer.status, len(answer.varbinds)) == (Status.NO_ERROR, expected)


def test_an_answer_without_room_is_too_big(rig: Rig) -> None:
    for operation in (Operation.GET, Operation.GET_NEXT):
        answer = ask(rig, operation, *[(*OUTLET, NAME, 1)] * 9, room=150)
        assert answer == Response(Status.TOO_BIG, 0, ())


def test_more_than_128_varbinds_are_too_big(rig: Rig) -> None:
    assert ask(rig, Operation.GET, *[(1, 3)] * 128).status is Status.NO_ERROR
    assert ask(rig, Operation.GET, *[(1, 3)] * 129) == Response(Status.TOO_BIG, 0, ())


def test_a_request_without_varbinds_is_answered_without_varbinds(rig: Rig) -> None:
    for operation in Operation:
        answer = ask(rig, operation, credential=WRITER)
        assert answer == Response(Status.NO_ERROR, 0, ())


def test_one_response_is_one_instant() -> None:
    class Counting(Rig):
        taken = 0

    rig = Counting()
    instant = rig.core.snapshot

    class Core:
        @property
        def snapshot(self) -> Snapshot:
            rig.taken += 1
            return instant

    operations = Operations(rig.view, Core(), rig.counters)  # type: ignore[arg-type]
    names = tuple(((*OUTLET, STATE, row), NULL) for row in (1, 2, 3))
    for operation in (Operation.GET, Operation.GET_NEXT, Operation.GET_BULK):
        rig.taken = 0
        operations.answer(Request(V2C, operation, names, READER, "", 1400, 1, 5))
        assert rig.taken == 1


def test_a_set_reaches_the_core_with_its_author(rig: Rig) -> None:
    change = ((*OUTLET, COMMAND, 1), OFF), ((*OUTLET, COMMAND, 2), OFF)
    assert put(rig, *change) == Response(Status.NO_ERROR, 0, change)
    assert rig.core.submitted == [[SwitchOutlet(1, Action.OFF), SwitchOutlet(2, Action.OFF)]]
    assert rig.core.actors[-1] == Actor("snmp", "writers", "192.0.2.9:4000")


REFUSED_SETS = [
    ((*OUTLET, COMMAND, 99), OFF, Status.NO_CREATION, Status.NO_SUCH_NAME),
    ((*OUTLET, COMMAND, LOCKED_OUTLET), OFF, Status.INCONSISTENT_VALUE, Status.BAD_VALUE),
    (
        (*OUTLET, COMMAND, 1),
        Value(Tag.OCTET_STRING, b"2"),
        Status.WRONG_TYPE,
        Status.BAD_VALUE,
    ),
    ((*OUTLET, COMMAND, 1), Value(Tag.INTEGER, 11), Status.WRONG_VALUE, Status.BAD_VALUE),
    (
        (*OUTLET, NAME, 1),
        Value(Tag.OCTET_STRING, b"x" * 33),
        Status.WRONG_LENGTH,
        Status.BAD_VALUE,
    ),
    ((*OUTLET, STATE, 1), OFF, Status.NOT_WRITABLE, Status.NO_SUCH_NAME),
    ((1, 3, 6, 1, 9), OFF, Status.NOT_WRITABLE, Status.NO_SUCH_NAME),
    ((*OUTLET, COMMAND, 1), NULL, Status.WRONG_TYPE, Status.BAD_VALUE),
]


@pytest.mark.parametrize(("name", "value", "status", "v1_status"), REFUSED_SETS)
def test_a_set_that_fails_in_the_middle_does_nothing_and_blames_the_right_one(
    rig: Rig, name: Oid, value: Value, status: Status, v1_status: Status
) -> None:
    change = (((*OUTLET, COMMAND, 2), OFF), (name, value), ((*OUTLET, COMMAND, 4), OFF))
    assert put(rig, *change) == Response(status, 2, change)
    assert put(rig, *change, version=V1) == Response(v1_status, 2, change)
    assert rig.core.submitted == []


@pytest.mark.parametrize(
    ("refusal", "status", "v1_status"),
    [
        (UnknownTarget, Status.NO_CREATION, Status.NO_SUCH_NAME),
        (InvalidValue, Status.WRONG_VALUE, Status.BAD_VALUE),
        (NotPermitted, Status.NO_ACCESS, Status.NO_SUCH_NAME),
        (OutletLocked, Status.INCONSISTENT_VALUE, Status.BAD_VALUE),
        (NotNow, Status.INCONSISTENT_VALUE, Status.BAD_VALUE),
        (BudgetExceeded, Status.INCONSISTENT_VALUE, Status.BAD_VALUE),
        (TableFull, Status.RESOURCE_UNAVAILABLE, Status.GEN_ERR),
        (Busy, Status.RESOURCE_UNAVAILABLE, Status.GEN_ERR),
        (Unavailable, Status.COMMIT_FAILED, Status.GEN_ERR),
    ],
)
def test_each_refusal_of_the_core_has_its_status(
    rig: Rig, refusal: type[CommandError], status: Status, v1_status: Status
) -> None:
    rig.core.refusal = refusal("no", 0)
    change = ((*OUTLET, COMMAND, 1), OFF)
    assert (put(rig, change).status, put(rig, change, version=V1).status) == (status, v1_status)


def test_a_reader_cannot_set_and_nothing_is_asked_of_the_core(rig: Rig) -> None:
    change = ((*OUTLET, COMMAND, 1), OFF)
    assert put(rig, change, credential=READER) == Response(Status.NO_ACCESS, 1, (change,))
    answer = put(rig, change, credential=READER, version=V1)
    assert answer == Response(Status.NO_SUCH_NAME, 1, (change,))
    assert (rig.core.checked, rig.core.submitted) == ([], [])


def test_a_set_whose_answer_would_not_fit_is_refused_before_it_acts(rig: Rig) -> None:
    change = ((*OUTLET, COMMAND, 1), OFF), ((*OUTLET, NAME, 1), Value(Tag.OCTET_STRING, b"n" * 30))
    assert put(rig, *change, room=50) == Response(Status.TOO_BIG, 0, ())
    assert rig.core.submitted == []


def test_what_may_not_be_read_is_as_good_as_absent() -> None:
    rig = Rig()
    narrow = Credential("tenant", Grant(Rights.READ, Rights.READ, {2: Rights.NONE}))
    hidden = (*OUTLET, STATE, 2)
    for operation, expected in (
        (Operation.GET, (hidden, NO_SUCH_OBJECT)),
        (Operation.GET_NEXT, ((*OUTLET, STATE, 3), Value(Tag.INTEGER, 1))),
    ):
        name = hidden if operation is Operation.GET else (*OUTLET, STATE, 1)
        request = Request(V2C, operation, ((name, NULL),), narrow, "", 1400)
        assert rig.operations.answer(request).varbinds == (expected,)


@pytest.mark.parametrize("operation", [Operation.GET_NEXT, Operation.GET_BULK])
def test_what_is_hidden_is_searched_once_however_many_names_ask(
    operation: Operation, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig = Rig(outlets=48)
    nobody = Credential("nobody", Grant.everywhere(Rights.NONE))
    names = [(1, 3, 6, 1, 2, 1, number) for number in range(100)]
    instances = len(rig.instances())
    steps = 0
    take_step = rig.view.next

    def counted(*arguments: Any, **options: Any) -> Any:
        nonlocal steps
        steps += 1
        return take_step(*arguments, **options)

    monkeypatch.setattr(rig.view, "next", counted)
    answer = ask(rig, operation, *names, credential=nobody, room=8000)
    assert answer.varbinds == tuple((name, END_OF_MIB_VIEW) for name in names)
    assert steps <= instances + len(names)


def test_every_set_that_a_community_has_no_right_to_is_counted() -> None:
    rig = Rig()
    tenant = Credential("tenant", Grant(Rights.SWITCH, Rights.SWITCH, {2: Rights.READ}))
    for change in (((*OUTLET, COMMAND, 2), OFF), (ALL_OUTLETS, OFF)):
        before = rig.counters.in_bad_community_uses
        assert put(rig, change, credential=tenant).status is Status.NO_ACCESS
        assert rig.counters.in_bad_community_uses == before + 1
    assert rig.core.submitted == []
