# SPDX-License-Identifier: Apache-2.0
"""The load generator's judgement: a benchmark that overlooks wrong answers measures nothing."""

from __future__ import annotations

import pytest

from bench.snmp_questions import Content, Question, Tree, WrongAnswer
from tests.snmp import ber

ROOT = (1, 3, 6, 1, 4, 1, 8072, 9999, 9999, 6738)
STEADY, MOVING, TEXT = (*ROOT, 1, 0), (*ROOT, 2, 0), (*ROOT, 3, 0)
TREE = Tree(
    {
        STEADY: Content(0x42, b"\x05"),
        MOVING: Content(0x42, b"\x01\x00", moves=True),
        TEXT: Content(0x04, b"nas"),
    }
)
ENVELOPE = ber.encode(ber.integer(1)) + ber.encode(ber.string(b"public"))
RIGHT = [(STEADY, (0x42, b"\x05")), (MOVING, (0x42, b"\x7f")), (TEXT, (0x04, b"nas"))]
Bindings = list[tuple[tuple[int, ...], ber.Node]]


def answer(
    bindings: Bindings,
    request_id: int = 0x1000_0001,
    community: bytes = b"public",
    tag: int = ber.RESPONSE,
    status: int = 0,
) -> bytes:
    names, values = [name for name, _ in bindings], [value for _, value in bindings]
    pdu = ber.request(tag, names, values, request_id, status)
    return ber.encode(ber.message(1, community, pdu))


def ask_for_all() -> Question:
    return Question(TREE, ENVELOPE, ber.GET, TREE.names)


def test_the_request_is_the_one_that_was_meant() -> None:
    question = ask_for_all()
    request = question.head + bytes.fromhex("10000001") + question.tail
    pdu = ber.request(ber.GET, list(TREE.names), request_id=0x1000_0001)
    assert request == ber.encode(ber.message(1, b"public", pdu))


def test_moving_values_may_take_any_value_of_their_type() -> None:
    question = ask_for_all()
    for octets in (b"\x7f", b"\x01", b"\x00\xff\xff\xff\xff"):
        moved = [RIGHT[0], (MOVING, (0x42, octets)), RIGHT[2]]
        assert question.varbinds(answer(moved)) == 3


WRONG = {
    "steady value": answer([(STEADY, (0x42, b"\x06")), *RIGHT[1:]]),
    "steady text": answer([*RIGHT[:2], (TEXT, (0x04, b"nut"))]),
    "type": answer([RIGHT[0], (MOVING, (0x41, b"\x7f")), RIGHT[2]]),
    "length": answer([RIGHT[0], (MOVING, (0x42, b"")), RIGHT[2]]),
    "no such instance": answer([RIGHT[0], (MOVING, (ber.NO_SUCH_INSTANCE, b"")), RIGHT[2]]),
    "order": answer([RIGHT[1], RIGHT[0], RIGHT[2]]),
    "short": answer(RIGHT[:2]),
    "long": answer([*RIGHT, RIGHT[2]]),
    "error-status": answer(RIGHT, status=5),
    "community": answer(RIGHT, community=b"secret"),
    "not a response": answer(RIGHT, tag=ber.REPORT),
    "trailing octet": answer(RIGHT) + b"\x00",
    "empty": b"",
}


@pytest.mark.parametrize("what", WRONG)
def test_wrong_answers_are_seen_first_and_later(what: str) -> None:
    question = ask_for_all()
    with pytest.raises(WrongAnswer):
        question.varbinds(WRONG[what])
    assert question.varbinds(answer(RIGHT)) == 3
    with pytest.raises(WrongAnswer):
        question.varbinds(WRONG[what])


def test_no_other_octet_of_a_known_answer_may_change() -> None:
    question, right = ask_for_all(), answer(RIGHT)
    question.varbinds(right)
    request_id = right.index(bytes.fromhex("10000001"))
    moving = right.index(b"\x42\x01\x7f") + 2
    free = {*range(request_id, request_id + 4), moving}
    for position, octet in enumerate(right):
        changed = right[:position] + bytes((octet ^ 0x01,)) + right[position + 1 :]
        if position in free:
            assert question.varbinds(changed) == 3
        else:
            with pytest.raises(WrongAnswer):
                question.varbinds(changed)


def test_a_bulk_answer_may_be_cut_short_but_not_leave_the_order() -> None:
    question = Question(TREE, ENVELOPE, ber.GET_BULK, [ROOT], repetitions=3)
    assert question.varbinds(answer(RIGHT)) == 3
    assert question.varbinds(answer(RIGHT[:1])) == 1
    with pytest.raises(WrongAnswer):
        question.varbinds(answer([RIGHT[1]]))
    with pytest.raises(WrongAnswer):
        question.varbinds(answer([]))


def test_a_question_that_leaves_the_tree_is_refused() -> None:
    with pytest.raises(ValueError, match="past the end"):
        Question(TREE, ENVELOPE, ber.GET_NEXT, [TEXT])
