# SPDX-License-Identifier: Apache-2.0
"""Door by door on the real core: locks, holds, countdowns, the cold start and power loss."""

from __future__ import annotations

import pytest

from pdu_agent.core.settings import DeviceSettings
from pdu_agent.mib_impl.identity import MIB_NAMES, agent_modules
from pdu_agent.mib_impl.set_errors import SetError
from pdu_agent.mib_impl.snmpv2 import SnmpCounters
from pdu_agent.mib_impl.view import MibView
from pdu_agent.mib_impl.writes import MibWriter
from pdu_agent.model.commands import (
    Action,
    Actor,
    Hold,
    HoldOutlet,
    Lock,
    PowerUp,
    Rank,
    SetCountdown,
    SetLock,
    SwitchAll,
    SwitchOutlet,
)
from pdu_agent.model.errors import CommandError
from pdu_agent.model.snapshot import OutletState
from pdu_agent.web.orders import SWITCHING, Order, commands_of
from tests.core.bench import OPS, Board, Workbench
from tests.mib.test_trees_agree import Strip
from tests.mib.trees import TREES, Tree
from tests.mib.unit import integer

ANN = Actor("cli", "ann", "pid 7")
SNMP_DOORS = [(tree, action) for tree in TREES for action in tree.orders]
SWITCHES = [(tree, action) for tree, action in SNMP_DOORS if action is not Action.CANCEL]


def named(value: object) -> str:
    return value.name if isinstance(value, Tree) else str(getattr(value, "value", value))


def submit_order(bench: Workbench, verb: str) -> None:
    """As the HTTP API and, through it, the command line do. Raises CommandError."""
    snapshot = bench.core.snapshot
    commands = [command for _, command in commands_of([Order(1, verb, {})], snapshot)]
    bench.core.submit_all(commands, ANN)


@pytest.mark.parametrize("lock", [Lock.LOCKED_ON, Lock.LOCKED_OFF])
@pytest.mark.parametrize(("tree", "action"), SWITCHES, ids=named)
def test_no_tree_of_snmp_switches_what_is_locked(tree: Tree, action: Action, lock: Lock) -> None:
    strip = Strip()
    if lock is Lock.LOCKED_OFF:
        strip.bench.switch(1, Action.OFF)
    strip.bench.run(5)
    strip.bench.submit(SetLock(1, lock))
    moves = list(strip.bench.board.moves)
    with pytest.raises(SetError):
        strip.order(tree, 1, action)
    strip.bench.run(60)
    assert strip.bench.board.moves == moves


@pytest.mark.parametrize(("tree", "action"), SWITCHES, ids=named)
def test_no_tree_of_snmp_switches_on_what_safety_keeps_off(tree: Tree, action: Action) -> None:
    strip = Strip()
    cap = Actor("safety", "cap 1", "", "517 W")
    hold = Hold("cap 1", Rank.SAFETY, False, "shed", 0.0)
    strip.bench.core.submit_all([SwitchOutlet(1, Action.OFF), HoldOutlet(1, hold)], cap)
    strip.bench.run(5)
    moves = list(strip.bench.board.moves)
    if action in (Action.OFF, Action.OFF_DELAYED):
        strip.order(tree, 1, action)
    else:
        with pytest.raises(SetError):
            strip.order(tree, 1, action)
    strip.bench.run(60)
    assert strip.bench.board.moves == moves


@pytest.mark.parametrize("verb", [*SWITCHING, "toggle", "pulse"])
def test_neither_http_nor_the_command_line_switch_what_is_locked(verb: str) -> None:
    bench = Workbench(1)
    bench.submit(SetLock(1, Lock.LOCKED_ON))
    with pytest.raises(CommandError):
        submit_order(bench, verb)
    bench.run(60)
    assert bench.board.moves == []


@pytest.mark.parametrize("face", ["snmp", "http", "cli", "button", "nut", "rule", "schedule"])
@pytest.mark.parametrize("action", [Action.ON, Action.OFF, Action.REBOOT, Action.TOGGLE])
def test_nobody_but_safety_switches_what_is_locked(face: str, action: Action) -> None:
    bench = Workbench(2)
    bench.submit(SetLock(1, Lock.LOCKED_ON))
    with pytest.raises(CommandError):
        bench.core.submit_all([SwitchOutlet(1, action)], Actor(face))
    bench.core.submit_all([SwitchAll(action)], Actor(face))
    bench.run(60)
    assert [relay for _, relay, _ in bench.board.moves if relay == 0] == []


def test_a_countdown_that_ends_at_a_lock_moves_nothing() -> None:
    bench = Workbench(1)
    bench.submit(SetCountdown(1, Action.OFF, 10))
    bench.submit(SetLock(1, Lock.LOCKED_ON))
    bench.run(60)
    assert bench.board.moves == []
    assert bench.outlet(1).next_change is None


@pytest.mark.parametrize(
    ("tree", "action"), [(t, a) for t, a in SWITCHES if a is Action.OFF_DELAYED], ids=named
)
def test_a_delay_that_was_ordered_through_one_tree_is_seen_in_all(
    tree: Tree, action: Action
) -> None:
    strip = Strip()
    strip.bench.run(1)
    strip.order(tree, 1, action)
    assert 0 < strip.bench.outlet(1).pending_s <= 2
    for other in TREES:
        for column in other.pending:
            assert column.words[strip.read(column.oid(1))] == "yes", other.name
    strip.bench.run(5)
    assert strip.bench.state(1) is OutletState.OFF


@pytest.mark.parametrize(
    ("policy", "was_on", "is_on"),
    [
        (PowerUp.ON, False, True),
        (PowerUp.OFF, True, False),
        (PowerUp.LAST, True, True),
        (PowerUp.LAST, False, False),
    ],
)
def test_after_a_power_loss_the_policy_counts_and_a_restart_moves_nothing(
    policy: PowerUp, was_on: bool, is_on: bool
) -> None:
    device = DeviceSettings(cold_start_delay_s=20)
    bench = Workbench(1, relays=[was_on], device=device, power_up=policy)
    bench.switch(1, Action.ON if was_on else Action.OFF)
    bench.run(5)
    record = bench.core.final_record()
    moves = list(bench.board.moves)
    again = Workbench(
        1, record=record, board=bench.board, clock=bench.clock, device=device, power_up=policy
    )
    again.run(60)
    assert bench.board.moves == moves
    dark = Board([False], bench.clock, cold=True)
    start_s = bench.clock.monotonic_s()
    cold = Workbench(
        1, record=record, board=dark, clock=bench.clock, device=device, power_up=policy
    )
    cold.run(19.9)
    assert dark.moves == []
    cold.run(60)
    assert dark.relays == [is_on]
    assert all(at_s - start_s >= 20 for at_s, _, _ in dark.moves)


@pytest.mark.parametrize("door", ["snmp", "http"])
def test_who_cancels_while_it_waits_to_go_on_after_a_power_loss_keeps_it_off(door: str) -> None:
    device = DeviceSettings(cold_start_delay_s=20)
    bench = Workbench(1, relays=[False], cold=True, device=device, power_up=PowerUp.ON)
    bench.run(5)
    assert bench.outlet(1).pending_s == pytest.approx(15, abs=0.1)
    if door == "http":
        submit_order(bench, "cancel")
    else:
        view = MibView(agent_modules(bench.core.uptime_s, SnmpCounters(), mibs=MIB_NAMES))
        writer = MibWriter(view, bench.core)
        own = next(tree for tree in TREES if tree.name == "openpdu")
        oid = own.command + own.index(1)
        plan = writer.plan([(oid, integer(own.orders[Action.CANCEL]))], bench.core.snapshot)
        writer.submit(plan, OPS)
    bench.run(60)
    assert bench.board.moves == []
