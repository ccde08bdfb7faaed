# SPDX-License-Identifier: Apache-2.0
"""Graceful off under every order of events, against a model of a few lines: no load that was not
idle is cut unasked, no hook runs twice for one order, and all comes to rest in the end.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from pdu_agent.core.settings import GroupSettings
from pdu_agent.model.commands import Action, Actor, SwitchGroup, SwitchOutlet
from pdu_agent.model.errors import CommandError
from pdu_agent.model.readings import BankLost, HookMoment, HookResult, RunHook, StopHook
from pdu_agent.model.snapshot import OutletState, Severity
from tests.core.bench import OPS, Board, Workbench
from tests.core.test_stopping import GRACEFUL, HOOKS, outlet

NUMBERS = (1, 2)
HIGH_W, LOW_W, STEP_S = 40.0, 1.0, 0.5
ACTIONS = (
    Action.OFF,
    Action.ON,
    Action.REBOOT,
    Action.CANCEL,
    Action.TOGGLE,
    Action.OFF_DELAYED,
    Action.ON_DELAYED,
    Action.REBOOT_DELAYED,
)
SAFETY = Actor("safety", "trip", "", "32 A")
RULE = Actor("rule", "r")


@dataclass
class Load:
    """What the model knows of an outlet. idle_s: for how long every sample was low."""

    watts: float = HIGH_W
    is_silent: bool = False
    idle_s: float = 0.0
    may_be_cut: bool = False


@dataclass
class Seen:
    moves: int = 0
    effects: int = 0
    running: dict[int, RunHook] = field(default_factory=dict)


class GracefulOff(RuleBasedStateMachine):
    @initialize(before_on=st.sampled_from(["", "bye"]), min_on_s=st.sampled_from([0, 20]))
    def begin(self, before_on: str, min_on_s: int) -> None:
        self.loads = {number: Load() for number in NUMBERS}
        self.more = {
            "before_on": before_on,
            "min_on_s": min_on_s,
            "before_off": "bye",
            "graceful": GRACEFUL,
            "groups": (GroupSettings(1, "pair", NUMBERS),),
            "hooks": HOOKS,
            "outlets": len(NUMBERS),
            "on_delay_s": 3,
            "off_delay_s": 4,
        }
        self.made = Workbench(**self.more)  # type: ignore[arg-type]
        self.seen = Seen()
        self.is_away = False
        self.pass_time(STEP_S)

    def pass_time(self, seconds: float) -> None:
        for _ in range(round(seconds / STEP_S)):
            for number, load in self.loads.items():
                closed = self.made.board.relays[number - 1]
                watts = load.watts if closed else 0.0
                if load.is_silent or watts >= GRACEFUL.idle_below_w:  # type: ignore[operator]
                    load.idle_s = -STEP_S
                if not load.is_silent:
                    self.made.read(outlet(number), active_power_w=watts)
                self.look()
            self.made.run(STEP_S)
            for load in self.loads.values():
                load.idle_s += STEP_S
            self.look()

    def look(self) -> None:
        """Check what the unit has done since the last time."""
        for effect in self.made.hooks[self.seen.effects :]:
            if isinstance(effect, StopHook):
                self.seen.running.pop(effect.id, None)
            elif effect.moment in (HookMoment.BEFORE_OFF, HookMoment.BEFORE_ON):
                assert effect.outlet not in [run.outlet for run in self.seen.running.values()]
                self.seen.running[effect.id] = effect
        self.seen.effects = len(self.made.hooks)
        for _, relay, closed in self.made.board.moves[self.seen.moves :]:
            load = self.loads[relay + 1]
            if not closed and not load.may_be_cut:
                assert load.idle_s + 2 * STEP_S >= GRACEFUL.idle_for_s, "cut while not idle"
                assert relay + 1 not in [run.outlet for run in self.seen.running.values()]
        self.seen.moves = len(self.made.board.moves)

    # -- what happens ---------------------------------------------------------------------

    @rule(
        number=st.sampled_from(NUMBERS),
        action=st.sampled_from(ACTIONS),
        forced=st.sampled_from([False, False, False, True]),
        actor=st.sampled_from([OPS, OPS, RULE]),
    )
    def order(self, number: int, action: Action, forced: bool, actor: Actor) -> None:
        self.submit(SwitchOutlet(number, action, forced=forced), actor, (number,), forced)

    @rule(
        action=st.sampled_from([Action.OFF, Action.ON, Action.REBOOT]),
        forced=st.sampled_from([False, False, True]),
    )
    def order_both(self, action: Action, forced: bool) -> None:
        self.submit(SwitchGroup(1, action, forced=forced), OPS, NUMBERS, forced)

    @rule(number=st.sampled_from(NUMBERS))
    def trip(self, number: int) -> None:
        self.submit(SwitchOutlet(number, Action.OFF), SAFETY, (number,), True)

    def submit(
        self,
        command: SwitchOutlet | SwitchGroup,
        actor: Actor,
        numbers: tuple[int, ...],
        forced: bool,
    ) -> None:
        before = {number: self.loads[number].may_be_cut for number in numbers}
        for number in numbers:
            self.loads[number].may_be_cut |= forced
        try:
            self.made.core.submit_all([command], actor)
            self.made.settle()
        except CommandError:
            for number in numbers:
                self.loads[number].may_be_cut = before[number]
        self.made.run(0.01)
        self.look()
        for number in numbers:
            if self.made.state(number) in (OutletState.ON, OutletState.OFF):
                self.loads[number].may_be_cut = False

    @rule(number=st.sampled_from(NUMBERS), watts=st.sampled_from([HIGH_W, LOW_W]))
    def draw(self, number: int, watts: float) -> None:
        self.loads[number].watts = watts

    @rule(number=st.sampled_from(NUMBERS))
    def fall_silent_or_speak(self, number: int) -> None:
        self.loads[number].is_silent ^= True

    @rule(number=st.sampled_from(NUMBERS), seconds=st.sampled_from([0.5, 4, 8]))
    def obey(self, number: int, seconds: float) -> None:
        self.order(number, Action.OFF, forced=False, actor=OPS)
        self.hooks_end("")
        self.draw(number, LOW_W)
        self.pass_time(seconds)

    @rule(number=st.sampled_from(NUMBERS), watts=st.sampled_from([HIGH_W, LOW_W]))
    def obey_while_the_board_blinks(self, number: int, watts: float) -> None:
        self.obey(number, 2.0)
        if not self.is_away:
            self.board_goes()
        self.pass_time(6)
        self.draw(number, watts)
        self.pass_time(2)
        self.board_comes()
        self.pass_time(30)

    @rule(seconds=st.sampled_from([0.5, 2, 6, 15, 70]))
    def wait(self, seconds: float) -> None:
        self.pass_time(seconds)

    @rule(error=st.sampled_from(["", "", "exit status 1"]))
    def hooks_end(self, error: str) -> None:
        running, self.seen.running = self.seen.running, {}
        for run in running.values():
            self.made.core.on_hook(HookResult(run.id, run.hook, error, 1.0))
        self.made.run(0.01)
        self.look()

    @precondition(lambda self: not self.is_away)
    @rule()
    def board_goes(self) -> None:
        self.is_away = True
        self.made.core.on_bank_lost(BankLost("main", "no answer"))

    @precondition(lambda self: self.is_away)
    @rule()
    def board_comes(self) -> None:
        self.is_away = False
        self.made.core.on_bank(self.made.board.state())
        self.made.settle()
        self.look()

    @rule()
    def killed(self) -> None:
        """And started anew; the hooks of before go on somewhere, and nobody hears of them."""
        board = Board(self.made.board.relays, self.made.clock)
        record = self.made.saved[-1].record
        self.look()
        self.made = Workbench(record=record, board=board, clock=self.made.clock, **self.more)  # type: ignore[arg-type]
        self.seen = Seen()
        self.is_away = False
        self.made.run(0.01)
        self.look()

    # -- what is always so ----------------------------------------------------------------

    @invariant()
    def nobody_is_kept_busy(self) -> None:
        for _ in range(3):
            self.made.core.tick()
            self.made.settle()
        self.look()
        assert self.made.core.next_deadline_s() > self.made.clock.monotonic_s()

    @invariant()
    def countdowns_are_positive(self) -> None:
        for number in NUMBERS:
            row = self.made.outlet(number)
            assert row.pending_s >= 0
            assert (row.pending is not None) or not row.stopping
            if not self.is_away:
                assert row.relay_closed is self.made.board.relays[number - 1]

    def teardown(self) -> None:
        """Left alone with a board, meters, idle loads and hooks that end, all comes to rest."""
        if not hasattr(self, "made"):
            return
        if self.is_away:
            self.board_comes()
        for load in self.loads.values():
            load.watts, load.is_silent = LOW_W, False
        for _ in range(40):
            self.hooks_end("")
            self.pass_time(1)
        self.made.run(700)
        for _ in range(10):
            self.hooks_end("")
            self.pass_time(1)
        for number in NUMBERS:
            row = self.made.outlet(number)
            assert row.state in (OutletState.ON, OutletState.OFF), row.state
            assert row.is_on is self.made.board.relays[number - 1]
            assert not row.stopping
            for alarm in self.made.alarms("shutdown"):
                if alarm.subject == f"outlet {number}":
                    assert row.is_on is (alarm.severity is Severity.CRITICAL)
        assert not self.made.core.final_record().stops


GracefulOff.TestCase.settings = settings(max_examples=12, stateful_step_count=25, deadline=None)
TestGracefulOff = GracefulOff.TestCase
