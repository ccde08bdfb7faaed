# SPDX-License-Identifier: Apache-2.0
"""Random wishes of every rank against a small model of whose wish prevails."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import pairwise

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from pdu_agent.core.outlets.outlet import advance
from pdu_agent.core.settings import MIN_ACTUATION_GAP_S
from pdu_agent.core.state import live_outlet
from pdu_agent.core.switching.switching import timing_of
from pdu_agent.model.commands import (
    Action,
    Actor,
    Hold,
    HoldOutlet,
    Lock,
    Rank,
    ReleaseOutlet,
    SetLock,
    SwitchAll,
    SwitchOutlet,
)
from pdu_agent.model.errors import CommandError
from pdu_agent.model.readings import Effect, WriteRelays
from pdu_agent.model.snapshot import OutletState
from tests.core.bench import Workbench

OUTLETS = (1, 2)
PERSON, RULE, PLAN, SAFETY = (
    Actor("cli", "ann"),
    Actor("rule", "hot"),
    Actor("schedule", "night"),
    Actor("safety", "cap 1"),
)
STRENGTH = {"schedule": 1, "rule": 2, "cli": 3, "safety": 5}
ACTORS = st.sampled_from([PERSON, RULE, PLAN, SAFETY])
NUMBERS = st.sampled_from(OUTLETS)
TO_ON = {Action.ON, Action.ON_DELAYED, Action.REBOOT, Action.REBOOT_DELAYED}
TO_OFF = {Action.OFF, Action.OFF_DELAYED}
BOTH_WAYS = {Action.REBOOT, Action.REBOOT_DELAYED, Action.PULSE}


STILL_TO_CLOSE = {
    *("on delay", "close queued", "pulse close queued"),
    *("reboot queued", "reboot opening", "reboot off", "reboot close queued"),
}
STILL_TO_OPEN = {"off delay", "reboot delay", "reboot queued", "pulse on"}


class Watched(Workbench):
    """Looks at each order to a board when it is given."""

    def _perform(self, effect: Effect) -> None:
        super()._perform(effect)
        if isinstance(effect, WriteRelays):
            for relay in [relay for relay, closes in effect.closed.items() if closes]:
                self.closes(relay + 1)

    def closes(self, number: int) -> None:
        """No relay is told to close while somebody stronger keeps its outlet off."""
        row = self.outlet(number)
        by = row.last_actor
        strength = 1 if by is None or by == SAFETY else STRENGTH[by.face]
        assert all(hold.wants_on or hold.rank <= strength for hold in row.holds), (by, row.holds)


@dataclass
class Wanted:
    """What the model knows of one outlet. holds: source -> (strength, wants on)."""

    on: bool = True
    by: str = ""
    lock: Lock = Lock.UNLOCKED
    holds: dict[str, tuple[int, bool]] = field(default_factory=dict)


class Precedence(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.bench = Watched(outlets=len(OUTLETS), on_delay_s=4, off_delay_s=3, pulse_s=1)
        self.bench.run(1)
        self.model = {number: Wanted() for number in OUTLETS}

    def may(self, number: int, action: Action, actor: Actor) -> bool:
        """Would the stated order of precedence allow it?"""
        model, row = self.model[number], self.bench.outlet(number)
        if action is Action.TOGGLE:
            action = Action.OFF if model.on else Action.ON
        is_resting = row.state in (OutletState.ON, OutletState.OFF)
        if action is Action.PULSE and not is_resting and not self.is_pulsing(number):
            return False
        ends_on = self.ends_on(number, action)
        closes = ends_on or action in BOTH_WAYS
        strength = 1 if actor is SAFETY and closes else STRENGTH[actor.face]
        if model.lock is not Lock.UNLOCKED and action is not Action.CANCEL:
            is_cut = actor is SAFETY and action in TO_OFF
            is_back = actor is SAFETY and action is Action.ON and model.lock is Lock.LOCKED_ON
            if not (is_cut or is_back):
                return False
        for held, wants_on in model.holds.values():
            if held > strength and (wants_on is not ends_on or action in BOTH_WAYS):
                return False
        later = row.pending is not None and model.by not in ("", "safety")
        return not (later and STRENGTH[model.by] > strength and self.would_change(number, action))

    def is_pulsing(self, number: int) -> bool:
        return self.bench.core.final_record().outlets[number].is_pulse

    def ends_on(self, number: int, action: Action) -> bool:
        if action in TO_ON:
            return True
        if action in TO_OFF:
            return False
        if action is Action.PULSE:
            return self.model[number].on
        closed = self.bench.outlet(number).relay_closed
        return self.model[number].on if closed is None else closed

    def arrives_on(self, number: int) -> bool:
        """Where the outlet is once nothing is to be done any more: where its relay moves to, if it
        does.
        """
        for effect in self.bench.queue:
            if isinstance(effect, WriteRelays) and number - 1 in effect.closed:
                return effect.closed[number - 1]
        return self.bench.core.final_record().outlets[number].target_on

    def would_change(self, number: int, action: Action) -> bool:
        """Does the command as such, of whomever, lead anywhere from where the outlet is?"""
        terms = self.bench.settings.outlets[number - 1]
        live = live_outlet(terms, self.bench.core.final_record().outlets[number])
        machine = replace(live.machine, contact=self.bench.outlet(number).relay_closed)
        now_s = self.bench.clock.monotonic_s()
        return advance(machine, action, now_s, timing_of(terms)) != machine

    def accepted(self, number: int, action: Action, actor: Actor, was_on: bool) -> None:
        model = self.model[number]
        if action is Action.TOGGLE:
            action = Action.OFF if was_on else Action.ON
        if action is Action.CANCEL:
            model.on = self.arrives_on(number)
        else:
            model.on = action in TO_ON if action is not Action.PULSE else was_on
            strength = 1 if actor is SAFETY and model.on else STRENGTH[actor.face]
            model.holds = {
                source: (held, wants_on)
                for source, (held, wants_on) in model.holds.items()
                if wants_on is model.on or held > strength
            }
        last = self.bench.outlet(number).last_actor
        model.by = last.face if last is not None else ""

    @rule(number=NUMBERS, action=st.sampled_from(list(Action)), actor=ACTORS)
    def somebody_switches(self, number: int, action: Action, actor: Actor) -> None:
        expected, was_on = self.may(number, action, actor), self.model[number].on
        why = ""
        try:
            self.bench.core.submit_all([SwitchOutlet(number, action)], actor)
        except CommandError as exc:
            why = str(exc)
        assert expected is (why == ""), (number, action, actor, why, self.model[number])
        if expected:
            self.accepted(number, action, actor, was_on)
        self.bench.settle()

    @rule(action=st.sampled_from([Action.ON, Action.OFF]), actor=ACTORS)
    def somebody_switches_all(self, action: Action, actor: Actor) -> None:
        free = [number for number in OUTLETS if self.may(number, action, actor)]
        pending = [n for n in OUTLETS if self.bench.outlet(n).pending is not None]
        if pending:  # what is left out then depends on more than this model tells apart
            return
        was_refused = False
        try:
            self.bench.core.submit_all([SwitchAll(action)], actor)
        except CommandError:
            was_refused = True
        assert was_refused is (not free)
        for number in free:
            self.accepted(number, action, actor, self.model[number].on)
        self.bench.settle()

    @rule(number=NUMBERS, actor=st.sampled_from([RULE, SAFETY]), wants_on=st.booleans())
    def an_automaton_stands_by_a_wish(self, number: int, actor: Actor, wants_on: bool) -> None:
        wants_on = wants_on and actor is not SAFETY
        hold = Hold(actor.who, actor.rank, wants_on, "so it is", 0.0)
        record = self.bench.core.final_record().outlets[number]
        step, then, weaker = record.state, record.then, self.is_weaker(number, actor)
        closed = self.bench.outlet(number).relay_closed
        self.bench.core.submit_all([HoldOutlet(number, hold)], actor)
        model, strength = self.model[number], STRENGTH[actor.face]
        model.holds[actor.who] = strength, wants_on
        is_open = wants_on and closed is False  # nothing is left to be opened
        if weaker and not is_open and step in (STILL_TO_OPEN if wants_on else STILL_TO_CLOSE):
            model.on, model.by = wants_on, actor.face
        elif weaker and not wants_on and then:
            model.on, model.by = False, actor.face
        elif weaker and not wants_on and step == "reboot delay":  # it stays as it is
            model.on, model.by = bool(closed), actor.face

    def is_weaker(self, number: int, actor: Actor) -> bool:
        """Is what is still to be done of whoever did not come last, or counts less?"""
        model = self.model[number]
        by = STRENGTH[model.by] if model.by else 0
        return STRENGTH[actor.face] >= (1 if model.by == "safety" and model.on else by)

    @rule(number=NUMBERS, actor=st.sampled_from([RULE, SAFETY]))
    def an_automaton_gives_it_up(self, number: int, actor: Actor) -> None:
        self.bench.core.submit_all([ReleaseOutlet(number, actor.who)], actor)
        self.model[number].holds.pop(actor.who, None)

    @rule(number=NUMBERS)
    def a_person_locks_it_as_it_is(self, number: int) -> None:
        locks = {OutletState.ON: Lock.LOCKED_ON, OutletState.OFF: Lock.LOCKED_OFF}
        lock = locks.get(self.bench.state(number))
        if lock is not None:
            self.bench.core.submit_all([SetLock(number, lock)], PERSON)
            self.model[number].lock = lock

    @rule(number=NUMBERS)
    def a_person_unlocks_it(self, number: int) -> None:
        self.bench.core.submit_all([SetLock(number, Lock.UNLOCKED)], PERSON)
        self.model[number].lock = Lock.UNLOCKED

    @rule(seconds=st.sampled_from([0.1, 0.6, 3.5, 20.0]))
    def time_passes(self, seconds: float) -> None:
        self.bench.run(seconds)

    @precondition(lambda self: self.bench.board.answers)
    @rule()
    def the_board_is_slow(self) -> None:
        self.bench.board.answers = False

    @precondition(lambda self: not self.bench.board.answers)
    @rule()
    def the_board_answers(self) -> None:
        self.bench.board.answers = True
        self.bench.settle()

    @invariant()
    def the_holds_are_those_of_the_model(self) -> None:
        for number in OUTLETS:
            held = {hold.source for hold in self.bench.outlet(number).holds}
            assert held == set(self.model[number].holds)

    @invariant()
    def no_relay_moves_twice_within_its_rest(self) -> None:
        for relay in range(len(OUTLETS)):
            times = [at_s for at_s, moved, _ in self.bench.board.moves if moved == relay]
            gaps = [after_s - before_s for before_s, after_s in pairwise(times)]
            assert all(gap_s >= MIN_ACTUATION_GAP_S - 1e-6 for gap_s in gaps)

    def teardown(self) -> None:
        """In the end every outlet is as the last accepted command wanted it."""
        self.bench.board.answers = True
        self.bench.settle()
        self.bench.run(60)
        assert self.bench.board.relays == [self.model[number].on for number in OUTLETS]


TestPrecedence = Precedence.TestCase
TestPrecedence.settings = settings(max_examples=80, stateful_step_count=30, deadline=None)


def test_the_strengths_are_those_of_the_product() -> None:
    for actor in (PERSON, RULE, PLAN, SAFETY):
        assert Rank(STRENGTH[actor.face]) is actor.rank
