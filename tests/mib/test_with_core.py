# SPDX-License-Identifier: Apache-2.0
"""SETs against the real core on its workbench: what a manager sees before and after."""

from __future__ import annotations

import pytest

from pdu_agent.mib_impl.identity import own_modules
from pdu_agent.mib_impl.openpdu import DEFAULT_ARC
from pdu_agent.mib_impl.set_errors import ErrorStatus, SetError
from pdu_agent.mib_impl.snmpv2 import SnmpCounters
from pdu_agent.mib_impl.syntax import Value
from pdu_agent.mib_impl.view import MibView
from pdu_agent.mib_impl.writes import MibWriter
from pdu_agent.model.readings import BankLost
from tests.core.bench import Workbench
from tests.mib.unit import ACTOR, integer, octets, unsigned


class Strip:
    """A view over a core with two outlets, both on."""

    def __init__(self) -> None:
        self.bench = Workbench(outlets=2)
        core = self.bench.core
        self.view = MibView(own_modules(core.uptime_s, SnmpCounters()))
        self.writer = MibWriter(self.view, core)

    def set(self, *changes: tuple[tuple[int, ...], Value]) -> None:
        varbinds = [((*DEFAULT_ARC, 1, *suffix), value) for suffix, value in changes]
        self.writer.submit(self.writer.plan(varbinds, self.bench.core.snapshot), ACTOR)
        self.bench.settle()

    def content(self, *suffix: int) -> object:
        value = self.view.get((*DEFAULT_ARC, 1, *suffix), self.bench.core.snapshot)
        assert isinstance(value, Value)
        return value.content


ALL = (1, 9, 0)


def command(outlet: int) -> tuple[int, ...]:
    return (3, 1, 1, 8, outlet)


def state(outlet: int) -> tuple[int, ...]:
    return (3, 1, 1, 7, outlet)


def lock(outlet: int) -> tuple[int, ...]:
    return (3, 1, 1, 11, outlet)


def test_off_is_pending_until_the_relay_was_read_back() -> None:
    strip = Strip()
    strip.bench.board.answers = False
    strip.set((command(2), integer(2)))
    assert strip.content(*state(2)) == 4
    strip.bench.board.answers = True
    strip.bench.settle()
    strip.bench.run(2)
    assert (strip.content(*state(1)), strip.content(*state(2))) == (1, 2)
    assert strip.content(3, 1, 1, 17, 2) == 3


@pytest.mark.parametrize(
    ("changes", "index"),
    [
        ([(command(1), integer(2)), (ALL, integer(2))], 2),
        ([(ALL, integer(2)), (command(2), integer(1))], 2),
        ([(command(2), integer(2)), (lock(2), integer(2))], 2),
        ([(lock(1), integer(3))], 1),
    ],
)
def test_contradictions_are_inconsistent_and_move_nothing(
    changes: list[tuple[tuple[int, ...], Value]], index: int
) -> None:
    strip = Strip()
    with pytest.raises(SetError) as refused:
        strip.set(*changes)
    assert (refused.value.status, refused.value.index) == (ErrorStatus.INCONSISTENT_VALUE, index)
    strip.bench.run(2)
    assert strip.bench.board.moves == []


def test_a_locked_outlet_refuses_and_takes_the_rest_of_the_message_with_it() -> None:
    strip = Strip()
    strip.set((lock(2), integer(2)))
    with pytest.raises(SetError) as refused:
        strip.set((command(1), integer(2)), (command(2), integer(2)))
    assert (refused.value.status, refused.value.index) == (ErrorStatus.INCONSISTENT_VALUE, 2)
    strip.bench.run(2)
    assert strip.bench.board.moves == []


def test_settings_read_back_as_they_were_set() -> None:
    strip = Strip()
    changes = [
        ((1, 10, 0), unsigned(1234)),
        ((1, 11, 0), unsigned(9)),
        ((2, 1, 1, 2, 1), octets(b"Feed")),
        ((2, 1, 1, 16, 1), unsigned(12_345)),
        ((3, 1, 1, 2, 1), octets("Ställ".encode())),
        ((3, 1, 1, 3, 1), octets(b"note")),
        ((3, 1, 1, 12, 1), unsigned(1)),
        ((3, 1, 1, 13, 1), unsigned(2)),
        ((3, 1, 1, 14, 1), unsigned(3)),
        ((3, 1, 1, 15, 1), integer(2)),
    ]
    strip.set(*changes)
    assert [strip.content(*suffix) for suffix, _ in changes] == [v.content for _, v in changes]


def test_a_board_that_is_down_is_a_failed_commit() -> None:
    strip = Strip()
    strip.bench.core.on_bank_lost(BankLost("main", "no answer at 0x20"))
    with pytest.raises(SetError) as refused:
        strip.set((command(1), integer(2)))
    assert refused.value.status is ErrorStatus.COMMIT_FAILED
    assert strip.content(*state(1)) == 7
    assert strip.content(1, 8, 0) == 3
