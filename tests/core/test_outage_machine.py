# SPDX-License-Identifier: Apache-2.0
"""Outages under every order of events, against a model of a few lines: nothing is cut unasked or
twice, and in the end every outlet is as the last one who decided on it wants it.
"""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from pdu_agent.core.outage.desk import SOURCE
from pdu_agent.core.outage.settings import LowSettings, ReturnSettings, ShedStep
from pdu_agent.model.commands import (
    Action,
    Lock,
    PowerUp,
    SetLock,
    StopUntilMains,
    SwitchOutlet,
    Target,
    TargetKind,
)
from pdu_agent.model.errors import CommandError
from pdu_agent.model.events import OutletChanged
from pdu_agent.model.readings import HookMoment, HookResult, RunHook, StopHook
from pdu_agent.model.snapshot import OutletState
from pdu_agent.model.ups import Ups, UpsFlag
from tests.core.bench import OPS
from tests.core.outage_rig import BATTERY, FORCED, LOW_BATTERY, ON, Rig, outage, ups_row

KEPT, UNSWITCHED = 5, 6
SWITCHED = (1, 2, 3, 4, 5)
OWN = {
    1: {"priority": 1, "before_off": "bye"},
    2: {"priority": 2},
    3: {"priority": 2, "before_off": "bye"},
    4: {"priority": 3},
    5: {"priority": 3},
    6: {"relay": None},
}
STEPS = (ShedStep(outlets=(4,)), ShedStep(after_s=20, charge_pct=50, priority=2))
FLAGS = ((ON,), (BATTERY,), (BATTERY, LOW_BATTERY), (ON, FORCED), (BATTERY, UpsFlag.CALIBRATING))
OUR_OFFS, OUR_ONS = ("on battery", "low battery"), ("mains back",)


class Outages(RuleBasedStateMachine):
    @initialize(back_pct=st.sampled_from([0.0, 30.0]), gap_s=st.sampled_from([0.0, 7.0]))
    def begin(self, back_pct: float, gap_s: float) -> None:
        back = ReturnSettings(10.0, back_pct, gap_s)
        low = LowSettings(charge_pct=20, lost_s=15, stage_s=12, keep=(KEPT,))
        steps = outage(*STEPS, low=low, back=back)
        self.rig = Rig(steps, outlets=6, own=OWN, power_up=PowerUp.LAST)
        self.wants = dict.fromkeys(SWITCHED, True)
        self.ran: dict[int, RunHook] = {}
        self.done: set[int] = set()
        self.effects = 0
        self.switched: dict[tuple[int, bool], int] = {}
        self.outage_s: float | None = None

    # -- what happens ---------------------------------------------------------------------

    @rule(
        flags=st.sampled_from(FLAGS),
        charge_pct=st.sampled_from([None, 15.0, 45.0, 90.0]),
        is_silent=st.sampled_from([False, False, False, True]),
    )
    def ups(self, flags: tuple[UpsFlag, ...], charge_pct: float | None, is_silent: bool) -> None:
        row: Ups = ups_row(*flags, charge_pct=charge_pct, is_silent=is_silent)
        self.rig.tell(row)
        self.look()

    @rule(seconds=st.sampled_from([1, 3, 6, 15, 40, 700]))
    def wait(self, seconds: int) -> None:
        self.rig.made.run(seconds)
        self.look()

    @rule(number=st.sampled_from(SWITCHED), action=st.sampled_from([Action.ON, Action.OFF]))
    def person(self, number: int, action: Action) -> None:
        command = SwitchOutlet(number, action, forced=True)
        if self.is_accepted(command):
            self.wants[number] = action is Action.ON

    @rule(number=st.sampled_from(SWITCHED), lock=st.sampled_from(list(Lock)))
    def lock(self, number: int, lock: Lock) -> None:
        if self.is_accepted(SetLock(number, lock)) and lock is not Lock.UNLOCKED:
            self.wants[number] = lock is Lock.LOCKED_ON

    @rule(number=st.sampled_from((1, 2, 3, 4)), delay_s=st.sampled_from([0.0, 30.0]))
    def ask_off_until_mains(self, number: int, delay_s: float) -> None:
        if self.is_accepted(StopUntilMains(Target(TargetKind.OUTLET, number), delay_s)):
            self.wants[number] = True

    def is_accepted(self, command: SwitchOutlet | SetLock | StopUntilMains) -> bool:
        try:
            self.rig.made.core.submit_all([command], OPS)
        except CommandError:
            return False
        self.forget(command.target.index if isinstance(command, StopUntilMains) else command.outlet)
        self.rig.made.settle()
        self.rig.made.run(1.1)
        self.look()
        return True

    @rule(error=st.sampled_from(["", "", "no answer"]))
    def hooks_end(self, error: str) -> None:
        for run in list(self.ran.values()):
            if not error:
                self.done.add(run.outlet)
            self.rig.made.core.on_hook(HookResult(run.id, run.hook, error, 1.0))
        self.ran.clear()
        self.rig.made.run(0.01)
        self.look()

    @rule(hears=st.booleans())
    def restart(self, hears: bool) -> None:
        self.rig.restart(hears=hears)
        self.after_start()

    @rule(hears=st.booleans())
    def lose_power(self, hears: bool) -> None:
        self.rig.lose_power(hears=hears)
        for number in SWITCHED:
            self.forget(number)
        self.after_start()

    def after_start(self) -> None:
        self.effects = 0
        self.ran.clear()
        self.done.clear()
        self.look()

    # -- what must be so ------------------------------------------------------------------

    def look(self) -> None:
        """Take in what the unit has done since the last time."""
        for effect in self.rig.made.hooks[self.effects :]:
            if isinstance(effect, StopHook):
                self.ran.pop(effect.id, None)
            elif effect.moment is HookMoment.BEFORE_OFF:
                self.ran[effect.id] = effect
                self.done.discard(effect.outlet)
        self.effects = len(self.rig.made.hooks)
        rows = self.rig.made.core.snapshot.outages
        since_s = rows[0].since_wall_s if rows else None
        if since_s != self.outage_s and since_s is not None:
            self.switched.clear()
        self.outage_s = since_s
        for event in self.rig.made.heard.drain():
            if isinstance(event, OutletChanged):
                self.changed(event)

    def changed(self, event: OutletChanged) -> None:
        face = event.actor.face if event.actor is not None else ""
        if face not in (*OUR_OFFS, *OUR_ONS):
            return
        assert event.outlet not in (KEPT, UNSWITCHED)
        assert self.rig.made.outlet(event.outlet).lock is Lock.UNLOCKED
        closed = face in OUR_ONS
        if event.new is (OutletState.ON if closed else OutletState.OFF):
            key = event.outlet, closed
            count = self.switched[key] = self.switched.get(key, 0) + 1
            assert count <= 1, f"outlet {event.outlet} was switched {count} times"

    def forget(self, number: int) -> None:
        for closed in (True, False):
            self.switched.pop((number, closed), None)

    @invariant()
    def what_waits_for_its_hook_is_on(self) -> None:
        if not hasattr(self, "rig"):
            return
        for run in self.ran.values():
            assert self.rig.made.board.relays[run.outlet - 1], "cut before its hook had ended"

    @invariant()
    def what_is_taken_is_held(self) -> None:
        if not hasattr(self, "rig"):
            return
        taken = {number for row in self.rig.made.core.snapshot.outages for number in row.taken}
        assert not taken & {KEPT, UNSWITCHED}

    def teardown(self) -> None:
        """Mains is back for good, and every load that shuts down does."""
        if not hasattr(self, "rig"):
            return
        for _ in range(4):
            self.rig.mains(charge_pct=100.0)
            self.rig.made.run(20)
            self.look()
            self.hooks_end("")
        self.rig.made.run(200)
        self.look()
        rows = self.rig.made.core.snapshot.outlets
        assert self.rig.made.core.snapshot.outages == ()
        assert not [row.index for row in rows for hold in row.holds if hold.source == SOURCE]
        assert not self.rig.made.alarms(SOURCE)
        assert {n: self.rig.made.board.relays[n - 1] for n in SWITCHED} == self.wants


TestOutages = Outages.TestCase
TestOutages.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
