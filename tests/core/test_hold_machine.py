# SPDX-License-Identifier: Apache-2.0
"""Whatever happens, no relay is told to move against a lock or a stronger wish that stands: random
orders, groups, holds, locks, boards that go away or lose their power, restarts, clock jumps."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from pdu_agent.core.settings import DeviceSettings, GroupSettings
from pdu_agent.core.shutdown.settings import GracefulSettings
from pdu_agent.model.commands import (
    Action,
    Actor,
    Hold,
    HoldOutlet,
    Lock,
    ReleaseOutlet,
    SetLock,
    SwitchAll,
    SwitchGroup,
    SwitchOutlet,
    Target,
    TargetKind,
)
from pdu_agent.model.errors import CommandError
from pdu_agent.model.readings import BankLost, Effect, WriteRelays
from pdu_agent.model.snapshot import OutletState
from tests.core.bench import Board, Workbench

NUMBERS = (1, 2, 3)
PERSON, RULE, PLAN, SAFETY = (
    Actor("snmp", "ops"),
    Actor("rule", "hot"),
    Actor("schedule", "night"),
    Actor("safety", "cap 1"),
)
STRENGTH = {"power up": 1, "schedule": 1, "rule": 2, "snmp": 3, "safety": 1}
"""Of whoever switches on: that something goes on is no matter of safety."""
SETTINGS: dict[str, Any] = {
    "outlets": len(NUMBERS),
    "device": DeviceSettings(cold_start_delay_s=3, coil_budget=1, coil_interval_s=0.2),
    "groups": (GroupSettings(1, "db", NUMBERS),),
    "on_delay_s": 4,
    "off_delay_s": 3,
    "pulse_s": 1,
    "min_on_s": 1,
    "graceful": GracefulSettings(idle_below_w=5.0, idle_for_s=1.0, time_limit_s=20.0),
}


class Watched(Workbench):
    """Looks at each order to a board when it is given."""

    def _perform(self, effect: Effect) -> None:
        super()._perform(effect)
        if isinstance(effect, WriteRelays):
            for relay, closes in effect.closed.items():
                self.judge(relay + 1, closes)

    def judge(self, number: int, closes: bool) -> None:
        row = self.outlet(number)
        by = row.last_actor
        if closes:
            strength = 0 if by is None else STRENGTH[by.face]
            if row.lock is Lock.LOCKED_ON:  # a power loss, or safety that gives it back
                strength = 4
            assert row.lock is not Lock.LOCKED_OFF
            assert all(h.wants_on or h.rank <= strength for h in row.holds), (by, row.holds)
        else:
            assert row.lock is not Lock.LOCKED_ON or by == SAFETY, by


class Moves(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.bench = Watched(**SETTINGS)
        self.bench.run(1)
        self.is_away = False

    def submit(self, actor: Actor, *commands: Any) -> None:
        with suppress(CommandError):
            self.bench.core.submit_all(commands, actor)
        self.bench.settle()

    @rule(
        number=st.sampled_from(NUMBERS),
        action=st.sampled_from(list(Action)),
        actor=st.sampled_from([PERSON, RULE, PLAN, SAFETY]),
        forced=st.booleans(),
    )
    def one(self, number: int, action: Action, actor: Actor, forced: bool) -> None:
        self.submit(actor, SwitchOutlet(number, action, forced=forced))

    @rule(
        action=st.sampled_from(list(Action)),
        actor=st.sampled_from([PERSON, RULE, PLAN]),
        is_group=st.booleans(),
        forced=st.booleans(),
    )
    def many(self, action: Action, actor: Actor, is_group: bool, forced: bool) -> None:
        command = (
            SwitchGroup(1, action, forced=forced) if is_group else SwitchAll(action, forced=forced)
        )
        before = {row.index: row for row in self.bench.core.snapshot.outlets}
        with suppress(CommandError):
            ticket = self.bench.core.submit_all([command], actor)
            for number in ticket.left:  # what is left is left: not even its pending changes
                after = self.bench.outlet(number)
                assert (after.state, after.pending) == (
                    before[number].state,
                    before[number].pending,
                )
        self.bench.settle()

    @rule(
        number=st.sampled_from(NUMBERS),
        actor=st.sampled_from([RULE, SAFETY]),
        wants_on=st.booleans(),
    )
    def hold(self, number: int, actor: Actor, wants_on: bool) -> None:
        wants_on = wants_on and actor is RULE
        hold = Hold(actor.who, actor.rank, wants_on, "so it is", self.bench.clock.wall_s())
        moves = len(self.bench.board.moves)
        self.submit(actor, HoldOutlet(number, hold))
        assert len(self.bench.board.moves) == moves

    @rule(number=st.sampled_from(NUMBERS), actor=st.sampled_from([RULE, SAFETY]))
    def release(self, number: int, actor: Actor) -> None:
        self.submit(actor, ReleaseOutlet(number, actor.who))

    @rule(number=st.sampled_from(NUMBERS), lock=st.sampled_from(list(Lock)))
    def lock(self, number: int, lock: Lock) -> None:
        self.submit(PERSON, SetLock(number, lock))

    @rule(seconds=st.sampled_from([0.1, 0.6, 3.5, 30.0]))
    def time_passes(self, seconds: float) -> None:
        self.bench.run(seconds)

    @rule(watts=st.sampled_from([0.0, 40.0]))
    def loads_draw(self, watts: float) -> None:
        for number in NUMBERS:
            self.bench.read(Target(TargetKind.OUTLET, number), active_power_w=watts)
        self.bench.run(0.3)

    @rule(jump_s=st.sampled_from([-7200.0, 3600.0, 86400.0]))
    def the_clock_jumps(self, jump_s: float) -> None:
        self.bench.clock.jump_wall(jump_s)

    @rule()
    def the_board_is_lost(self) -> None:
        self.bench.queue.clear()
        self.bench.board.answers, self.is_away = False, True
        self.bench.core.on_bank_lost(BankLost("main", "no answer"))

    @rule(cold=st.booleans())
    def the_board_is_back(self, cold: bool) -> None:
        board = self.bench.board
        board.answers, self.is_away = True, False
        self.bench.queue.clear()
        if cold:
            board.relays, board.cold = [False] * len(NUMBERS), True
        self.bench.core.on_bank(board.state())
        self.bench.settle()

    @rule(cold=st.booleans())
    def the_agent_starts_anew(self, cold: bool) -> None:
        old = self.bench
        board = Board(list(old.board.relays), old.clock)
        if cold:
            board.relays, board.cold = [False] * len(NUMBERS), True
        self.bench = Watched(
            **SETTINGS, board=board, clock=old.clock, record=old.core.final_record()
        )
        self.is_away = False

    @invariant()
    def what_is_at_rest_is_as_its_relay(self) -> None:
        if self.is_away:
            return
        for row in self.bench.core.snapshot.outlets:
            if row.state in (OutletState.ON, OutletState.OFF):
                assert self.bench.board.relays[row.index - 1] is (row.state is OutletState.ON)

    def teardown(self) -> None:
        """In the end nothing waits for ever. A shutdown that hangs on an outlet that somebody
        stronger wants off can be neither done nor undone before that is over.
        """
        if self.is_away:
            self.the_board_is_back(cold=False)
        for number in NUMBERS:
            self.release(number, RULE)
            self.release(number, SAFETY)
        self.bench.run(120)
        for row in self.bench.core.snapshot.outlets:
            assert row.pending is None, row


TestMoves = Moves.TestCase
TestMoves.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
