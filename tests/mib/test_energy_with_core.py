# SPDX-License-Identifier: Apache-2.0
"""The power states of ENERGY-OBJECT-MIB over the real core: asked for, carried out, told."""

from __future__ import annotations

import pytest

from pdu_agent.mib_impl.identity import agent_modules
from pdu_agent.mib_impl.notifications import Notifications
from pdu_agent.mib_impl.set_errors import ErrorStatus, SetError
from pdu_agent.mib_impl.snmpv2 import SnmpCounters
from pdu_agent.mib_impl.syntax import Value
from pdu_agent.mib_impl.view import MibView
from pdu_agent.mib_impl.writes import MibWriter
from pdu_agent.model.commands import Action, EnableNotifications, Lock, NotificationClass, SetLock
from pdu_agent.model.readings import BankLost
from tests.core.bench import Workbench
from tests.mib.unit import ACTOR, integer

POWER = (1, 3, 6, 1, 2, 1, 229, 1, 2, 1)
ADMIN, OPER = 8, 9
UNKNOWN, OFF, ON = 255, 257, 259


class Unit:
    """Two outlets, both on, seen and switched by ENERGY-OBJECT-MIB alone."""

    def __init__(self, **outlet_settings: object) -> None:
        self.bench = Workbench(outlets=2, **outlet_settings)  # type: ignore[arg-type]
        core = self.bench.core
        modules = agent_modules(core.uptime_s, SnmpCounters(), mibs=("energy",))
        self.view = MibView(modules)
        self.writer = MibWriter(self.view, core)
        self.notifications = Notifications(modules, core.uptime_s)
        self.bench.submit(EnableNotifications(NotificationClass.OUTLET, True))
        self.bench.heard.drain()

    def ask(self, *wanted: tuple[int, int]) -> None:
        """Set the desired state of outlets by their entPhysicalIndex."""
        varbinds = [((*POWER, ADMIN, index), integer(state)) for index, state in wanted]
        self.writer.submit(self.writer.plan(varbinds, self.bench.core.snapshot), ACTOR)
        self.bench.settle()

    def states(self, outlet: int) -> tuple[object, ...]:
        """Desired and actual."""
        found = []
        for number in (ADMIN, OPER):
            oid = (*POWER, number, 1000 + outlet)
            value = self.view.get(oid, self.bench.core.snapshot)
            assert isinstance(value, Value)
            found.append(value.content)
        return tuple(found)

    def told(self) -> list[tuple[object, ...]]:
        """Desired and actual state in each notification since the last call."""
        snapshot = self.bench.core.snapshot
        sent = [
            each
            for event in self.bench.heard.drain()
            for each in self.notifications.of(event, snapshot)
        ]
        return [tuple(value.content for _, value in each.varbinds[:2]) for each in sent]


def test_off_is_desired_at_once_and_actual_when_the_relay_says_so() -> None:
    unit = Unit()
    unit.bench.board.answers = False
    unit.ask((1002, OFF))
    assert unit.states(2) == (OFF, UNKNOWN)
    unit.bench.board.answers = True
    unit.bench.settle()
    assert (unit.states(2), unit.states(1)) == ((OFF, OFF), (ON, ON))
    assert unit.told() == [(OFF, ON), (OFF, OFF)]
    assert unit.bench.board.relays == [True, False]


def test_a_state_that_an_outlet_has_moves_nothing() -> None:
    unit = Unit()
    unit.ask((1001, ON))
    assert (unit.states(1), unit.bench.board.moves, unit.told()) == ((ON, ON), [], [])


def test_two_outlets_in_one_request() -> None:
    unit = Unit()
    unit.ask((1001, OFF), (1002, OFF))
    unit.bench.run(2)
    assert unit.bench.board.relays == [False, False]


def test_a_locked_outlet_refuses_and_nothing_moves() -> None:
    unit = Unit()
    unit.bench.submit(SetLock(2, Lock.LOCKED_ON))
    with pytest.raises(SetError) as refused:
        unit.ask((1001, OFF), (1002, OFF))
    assert (refused.value.status, refused.value.index) == (ErrorStatus.INCONSISTENT_VALUE, 2)
    assert unit.bench.board.moves == []


def test_a_reboot_wants_the_outlet_on_and_shows_the_relay() -> None:
    unit = Unit()
    unit.bench.switch(1, Action.REBOOT)
    assert unit.states(1) == (ON, OFF)
    unit.bench.run(10)
    assert unit.states(1) == (ON, ON)


def test_a_delayed_order_is_desired_before_its_time() -> None:
    unit = Unit(off_delay_s=30)
    unit.bench.switch(1, Action.OFF_DELAYED)
    assert unit.states(1) == (OFF, ON)
    unit.bench.run(31)
    assert unit.states(1) == (OFF, OFF)


def test_a_board_that_is_lost_leaves_nothing_known() -> None:
    unit = Unit()
    unit.bench.core.on_bank_lost(BankLost("main", "gone"))
    assert unit.states(1) == (UNKNOWN, UNKNOWN)


def test_an_outlet_without_a_relay_is_on_and_cannot_be_switched() -> None:
    unit = Unit(relay=None)
    assert unit.states(1) == (ON, ON)
    with pytest.raises(SetError) as refused:
        unit.ask((1001, OFF))
    assert refused.value.index == 1
    assert unit.states(1) == (ON, ON)
