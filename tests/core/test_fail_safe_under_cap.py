# SPDX-License-Identifier: Apache-2.0
"""A heater loses its thermometer at any moment of a cap's work: it goes off, and stays off."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pdu_agent.core.protection.settings import CapSettings
from pdu_agent.core.rules.settings import (
    ActionSettings,
    MissingSettings,
    RuleSettings,
    TriggerSettings,
)
from pdu_agent.core.settings import DeviceSettings, GroupSettings, SensorSettings
from pdu_agent.model.clock import ManualClock
from pdu_agent.model.commands import Action, Actor, Lock, SetLock, SwitchOutlet, Target, TargetKind
from pdu_agent.model.errors import CommandError
from pdu_agent.model.quantities import Electrical, Quality
from pdu_agent.model.readings import BankLost, Measurement
from pdu_agent.model.snapshot import SensorKind
from tests.core.bench import INLET, OPS, Board, Workbench

HEATER = 2
NIGHT = Actor("schedule", "night")
PATIENCE_S = 0.5
BOUND_S = PATIENCE_S + 1.0
"""The sensor's silence has to last so long, and one second more is for whatever moves relays."""
STEP_S = 0.1
FIRST_S = 0.3
"""The sensor has been there, or else it is waited for as at a start."""
STORY_S, OVER_S, AFTERWARDS_S = 8.0, 5.0, 5.0
"""The first outlet draws too much from 1 s to 5 s: the heater is shed, waits for room, returns."""
PARTS = 2
WATTS = {1: 200.0, HEATER: 150.0, 3: 60.0, 4: 40.0}
TOO_MUCH_W = 330.0
CAP = CapSettings(1, limit_w=500.0, margin=20.0, restore_after_s=1.0)
OFF = ActionSettings(switch="off", outlets=(HEATER,))


def rule_of(fail_safe: ActionSettings = OFF) -> RuleSettings:
    return RuleSettings(
        "heater",
        TriggerSettings(target=Target(TargetKind.SENSOR, 1), below=24.5, hysteresis=1.0),
        (ActionSettings(switch="on", outlets=(HEATER,)),),
        on_missing=MissingSettings(PATIENCE_S, (fail_safe,)),
    )


@dataclass
class Furnace:
    """Four outlets behind one cap, of which the heater goes first."""

    device: DeviceSettings = field(default_factory=DeviceSettings)
    heater: Mapping[str, object] = field(default_factory=dict)
    fail_safe: ActionSettings = OFF
    is_silent: bool = False
    extra_w: float = 0.0
    steps: int = 0

    def __post_init__(self) -> None:
        clock = ManualClock()
        self.unit = Workbench(
            outlets=4,
            board=Board([True] * 4, clock),
            clock=clock,
            device=self.device,
            sensors=(SensorSettings(1, kind=SensorKind.TEMPERATURE),),
            groups=(GroupSettings(1, "heat", (HEATER, 3)),),
            rules=(rule_of(self.fail_safe),),
            caps=(CAP,),
            own={number: {"priority": 9 - number} for number in (1, 3, 4)}
            | {HEATER: {"priority": 10, **self.heater}},
        )

    def pass_step(self) -> None:
        unit = self.unit
        drawn = {n: watts for n, watts in WATTS.items() if unit.board.relays[n - 1]}
        if 1 in drawn:
            drawn[1] += self.extra_w
        self.steps += 1
        if self.steps % 2:
            self._measure(drawn)
        unit.sense(1, None if self.is_silent else 20.0, "no answer" if self.is_silent else "")
        unit.run(STEP_S)

    def _measure(self, drawn: Mapping[int, float]) -> None:
        rows = [(Target(TargetKind.OUTLET, n), drawn.get(n, 0.0)) for n in WATTS]
        rows.append((INLET, sum(drawn.values())))
        self.unit.measure(
            *(
                Measurement(
                    target,
                    Electrical(active_power_w=watts, voltage_v=230.0, quality=Quality.OK),
                    0.0,
                )
                for target, watts in rows
            ),
            span_s=2 * STEP_S,
        )

    def run(self, seconds: float) -> None:
        for _ in range(round(seconds / STEP_S)):
            self.pass_step()

    def order(self, action: Action, actor: Actor, delay_s: float | None = None) -> None:
        """As people and plans do: some of it is refused. What is ordered once the sensor is silent
        is a decision of its own.
        """
        if self.is_silent:
            return
        try:
            self.unit.core.submit_all([SwitchOutlet(HEATER, action, delay_s)], actor)
        except CommandError:
            return
        self.unit.settle()

    @property
    def is_hot(self) -> bool:
        return self.unit.board.relays[HEATER - 1]


@dataclass(frozen=True)
class Story:
    """What happens besides the cap. events: at whole steps of the story."""

    device: DeviceSettings = field(default_factory=DeviceSettings)
    heater: Mapping[str, object] = field(default_factory=dict)
    fail_safe: ActionSettings = OFF
    events: Mapping[float, Callable[[Furnace], None]] = field(default_factory=dict)
    longer_s: float = 0.0
    """What a minimum time may add."""


def ordered(action: Action, actor: Actor, delay_s: float | None = None) -> Callable[..., None]:
    return lambda furnace: furnace.order(action, actor, delay_s)


def locked(lock: Lock) -> Callable[[Furnace], None]:
    def change(furnace: Furnace) -> None:
        try:
            furnace.unit.submit(SetLock(HEATER, lock))
        except CommandError:
            return

    return change


def lose(furnace: Furnace) -> None:
    furnace.unit.board.answers = False
    furnace.unit.core.on_bank_lost(BankLost("main", "no answer"))


def meet(furnace: Furnace) -> None:
    furnace.unit.queue.clear()
    furnace.unit.board.answers = True
    furnace.unit.core.on_bank(furnace.unit.board.state())
    furnace.unit.settle()


def stick(furnace: Furnace) -> None:
    furnace.unit.board.stuck = {HEATER - 1}


def refuse(furnace: Furnace) -> None:
    furnace.unit.board.fails = "the bus is busy"


def mend(furnace: Furnace) -> None:
    furnace.unit.board.stuck, furnace.unit.board.fails = set(), ""


SLOW = DeviceSettings(sequence_interval_s=1.5)
STORIES: dict[str, Story] = {
    "plain": Story(),
    "a group": Story(fail_safe=ActionSettings(switch="off", group=1)),
    "minimum off time": Story(heater={"min_off_s": 3}),
    "minimum on time": Story(heater={"min_on_s": 4}, longer_s=4.0),
    "coil budget": Story(device=DeviceSettings(coil_budget=1, coil_interval_s=0.5)),
    "slow sequence": Story(
        device=SLOW,
        events={0.5: ordered(Action.OFF, OPS), 0.6: ordered(Action.ON, OPS)},
    ),
    "a person's on waits for its turn": Story(
        device=DeviceSettings(sequence_interval_s=3.0),
        events={
            5.6: lambda furnace: furnace.unit.switch(4, Action.REBOOT),
            6.0: ordered(Action.OFF, OPS),
            6.4: ordered(Action.ON, OPS),
        },
        longer_s=3.0,
    ),
    "a person's on waits for the minimum off time": Story(
        heater={"min_off_s": 3},
        events={0.2: ordered(Action.OFF, OPS), 0.6: ordered(Action.ON, OPS)},
        longer_s=3.0,
    ),
    "a person's reboot": Story(events={0.5: ordered(Action.REBOOT, OPS)}, longer_s=5.5),
    "a person's delayed on": Story(
        heater={"on_delay_s": 2},
        events={0.2: ordered(Action.OFF, OPS), 0.5: ordered(Action.ON_DELAYED, OPS)},
        longer_s=2.0,
    ),
    "a person's delayed off": Story(
        events={0.5: ordered(Action.OFF_DELAYED, OPS, 4.0)}, longer_s=4.0
    ),
    "a plan's delayed off": Story(events={0.5: ordered(Action.OFF_DELAYED, NIGHT, 4.0)}),
    "locked on for a while": Story(
        events={0.3: locked(Lock.LOCKED_ON), 4.0: locked(Lock.UNLOCKED)}, longer_s=4.0
    ),
    "a group, one locked": Story(
        fail_safe=ActionSettings(switch="off", group=1),
        events={0.3: locked(Lock.LOCKED_ON), 4.0: locked(Lock.UNLOCKED)},
        longer_s=4.0,
    ),
    "held by a person": Story(
        device=DeviceSettings(person_hold_s=4.0),
        events={0.2: ordered(Action.OFF, OPS), 0.5: ordered(Action.ON, OPS)},
        longer_s=4.5,
    ),
    "board lost": Story(events={2.5: lose, 4.5: meet}, longer_s=2.0),
    "board lost after a person's on": Story(
        events={
            0.1: ordered(Action.OFF_DELAYED, OPS, 4.0),
            0.2: ordered(Action.ON, OPS),
            2.5: lose,
            4.5: meet,
        },
        longer_s=2.0,
    ),
}


@pytest.mark.parametrize(
    ("name", "part"), [(name, part) for name in STORIES for part in range(PARTS)]
)
def test_the_fail_safe_comes_at_any_moment_and_stays(name: str, part: int) -> None:
    story, late = STORIES[name], []
    stride = PARTS if name == "plain" else 3 * PARTS
    for step in range(round(FIRST_S / STEP_S) + part, round(STORY_S / STEP_S), stride):
        at_s = step * STEP_S
        furnace = Furnace(story.device, story.heater, story.fail_safe)
        hot_s = _told(furnace, story, at_s)
        if hot_s > at_s + BOUND_S + story.longer_s + 1e-6:
            late.append(f"silent from {at_s:.1f} s: last hot at {hot_s:.1f} s")
    assert late == []


ACTORS = st.sampled_from([OPS, NIGHT])
ACTIONS = st.sampled_from([action for action in Action if action is not Action.PULSE])
EVENTS = st.one_of(
    st.builds(ordered, ACTIONS, ACTORS),
    st.builds(ordered, st.just(Action.OFF_DELAYED), ACTORS, st.sampled_from([1.0, 2.0])),
    st.builds(locked, st.sampled_from([Lock.LOCKED_ON, Lock.UNLOCKED])),
    st.sampled_from([lose, meet, stick, refuse, mend]),
)


@settings(max_examples=40, deadline=None)
@given(
    events=st.dictionaries(st.integers(1, 60), EVENTS, max_size=8),
    silent=st.integers(5, 60),
    too_much=st.sets(st.integers(1, 60), max_size=4),
    limits=st.fixed_dictionaries(
        {"min_off_s": st.sampled_from([0, 2]), "min_on_s": st.sampled_from([0, 2])}
    ),
    fail_safe=st.sampled_from([OFF, ActionSettings(switch="off", group=1)]),
)
def test_it_is_off_in_the_end_whatever_came_before(
    events: dict[int, Callable[[Furnace], None]],
    silent: int,
    too_much: set[int],
    limits: dict[str, object],
    fail_safe: ActionSettings,
) -> None:
    """too_much: at these steps the first outlet begins or ends to draw too much."""
    own = {"reboot_s": 1, "on_delay_s": 1, "off_delay_s": 1} | limits
    furnace = Furnace(heater=own, fail_safe=fail_safe)
    for step in range(61):
        furnace.is_silent = step >= silent
        if step in too_much:
            furnace.extra_w = TOO_MUCH_W - furnace.extra_w
        if step in events:
            events[step](furnace)
        furnace.pass_step()
    mend(furnace)
    meet(furnace)
    locked(Lock.UNLOCKED)(furnace)
    furnace.extra_w = 0.0
    furnace.run(BOUND_S + 8.0)  # delay, minimum time, the rest of a reboot, and the next try
    moved = len(furnace.unit.board.moves)
    furnace.run(5.0)
    assert not furnace.is_hot
    assert furnace.unit.board.moves[moved:] == []


def _told(furnace: Furnace, story: Story, silent_s: float) -> float:
    """When the heater was last on, after events that end before the sensor falls silent or while
    it is so; an order of theirs that comes later is a decision of its own.
    """
    events = {round(at_s / STEP_S): event for at_s, event in story.events.items()}
    end_s = max(silent_s + BOUND_S + story.longer_s, OVER_S) + AFTERWARDS_S
    hot_s = 0.0
    for step in range(round(end_s / STEP_S)):
        furnace.extra_w = TOO_MUCH_W if 1.0 <= step * STEP_S < OVER_S else 0.0
        furnace.is_silent = step * STEP_S >= silent_s - 1e-9
        event = events.get(step)
        if event is not None:
            event(furnace)
        furnace.pass_step()
        if furnace.is_hot:
            hot_s = step * STEP_S
    return hot_s
