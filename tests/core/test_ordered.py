# SPDX-License-Identifier: Apache-2.0
"""An outlet remembers that somebody has ordered its state, even where nothing was to be done."""

from __future__ import annotations

from pdu_agent.mib_impl.identity import agent_modules
from pdu_agent.mib_impl.snmpv2 import SnmpCounters
from pdu_agent.mib_impl.syntax import Value
from pdu_agent.mib_impl.view import MibView
from pdu_agent.model.commands import Action
from pdu_agent.model.snapshot import ChangeReason
from pdu_agent.store.plain_record import from_plain, to_plain
from tests.core.bench import Workbench

SENTRY3 = (1, 3, 6, 1, 4, 1, 1718, 3, 2, 3, 1, 10, 1, 1)
SENTRY4 = (1, 3, 6, 1, 4, 1, 1718, 4, 1, 8, 5, 1, 1, 1, 1)
IDLE_ON, ON = (1, 3), (5, 11)


def control_states(bench: Workbench, outlet: int) -> tuple[object, ...]:
    view = MibView(agent_modules(lambda: 0.0, SnmpCounters(), mibs=("sentry3", "sentry4")))
    values = [view.get((*column, outlet), bench.core.snapshot) for column in (SENTRY3, SENTRY4)]
    return tuple(value.content for value in values if isinstance(value, Value))


def test_an_order_that_changes_nothing_is_remembered_and_told_as_no_change() -> None:
    bench = Workbench()
    assert control_states(bench, 2) == IDLE_ON
    assert bench.switch(2, Action.ON) is False
    assert bench.outlet(2).is_ordered
    assert not bench.outlet(1).is_ordered
    assert bench.outlet(2).last_reason is ChangeReason.UNKNOWN
    assert control_states(bench, 2) == ON
    assert bench.board.moves == []


def test_it_is_written_once() -> None:
    bench = Workbench()
    bench.switch(2, Action.ON)
    written = len(bench.saved)
    bench.switch(2, Action.ON)
    assert len(bench.saved) == written


def test_a_cancel_orders_nothing() -> None:
    bench = Workbench()
    bench.switch(2, Action.CANCEL)
    assert not bench.outlet(2).is_ordered


def test_it_survives_a_restart_and_ends_with_the_power() -> None:
    bench = Workbench()
    bench.switch(2, Action.ON)
    record = bench.core.final_record()
    again = Workbench(record=record, board=bench.board, clock=bench.clock)
    assert again.outlet(2).is_ordered
    bench.board.cold = True
    cold = Workbench(record=record, board=bench.board, clock=bench.clock)
    assert not cold.outlet(2).is_ordered


def test_a_record_of_before_knows_of_no_order() -> None:
    bench = Workbench()
    bench.switch(2, Action.ON)
    plain = to_plain(bench.core.final_record())
    for row in plain["outlets"].values():
        row.pop("is_ordered", None)
    record = from_plain(plain)
    assert not Workbench(record=record, board=bench.board).outlet(2).is_ordered
