# SPDX-License-Identifier: Apache-2.0
"""A whole outage of eight servers, one of which hangs: what the plan says, and what was done.

The plan is worked out from the settings and the servers alone, in a few lines that share nothing
with the engine. The battery falls linearly; half an hour after mains was lost it is back.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

from pdu_agent.core.outage.settings import LowSettings, ReturnSettings, ShedStep
from pdu_agent.core.shutdown.settings import GracefulSettings, HookTerms, OnHang
from pdu_agent.model.commands import Target, TargetKind
from pdu_agent.model.events import StopEnded
from pdu_agent.model.quantities import Electrical, Quality
from pdu_agent.model.readings import HookMoment, HookResult, Measurement, Reading, RunHook
from pdu_agent.model.ups import Ups, UpsFlag
from tests.core.outage_rig import BATTERY, LOW_BATTERY, ON, Rig, outage, ups_row

SERVERS = range(1, 9)
BUSY_W, IDLE_W = 40.0, 2.0
IDLE_FOR_S, LIMIT_S = 5.0, 90.0
SHED_AFTER_S, SHED_PRIORITY, STAGE_S = 60.0, 4, 60.0
LOW_PCT, AWAY_S, BACK_S = 30.0, 1800.0, 60.0
NEAR_S = 6.0
"""Readings come each second, and the engine looks each second how far outlets have come: a second
or two for each stage, all of which last longer than this.
"""
QUIET_STEP_S = 10.0

Event = tuple[str, int]
"""What is done: told, off, kept (its stop was given up) or on; and the outlet."""


@dataclass(frozen=True, slots=True)
class Server:
    """told_s: its hook takes so long. ends_s: then its draw falls after so long, None: never."""

    priority: int
    told_s: float
    ends_s: float | None
    policy: OnHang

    @property
    def stop_s(self) -> float:
        """From the order to the cut, or to where it is given up."""
        return self.told_s + (LIMIT_S if self.ends_s is None else self.ends_s + IDLE_FOR_S)

    @property
    def is_cut(self) -> bool:
        return self.ends_s is not None or self.policy is OnHang.FORCE


@dataclass
class Story:
    """planned and seen: events with their time since mains was lost. early: outlets that were cut
    while they drew, before their limit had passed.
    """

    planned: list[tuple[float, Event]] = field(default_factory=list)
    seen: list[tuple[float, Event]] = field(default_factory=list)
    early: int = 0

    def differences(self) -> list[str]:
        """Events that are missing, too many, or not at their time."""
        left, found = list(self.seen), []
        for at_s, event in self.planned:
            match = next((e for e in left if e[1] == event and abs(e[0] - at_s) <= NEAR_S), None)
            if match is None:
                found.append(f"{event} at {at_s:.0f} s is missing")
            else:
                left.remove(match)
        return found + [f"{event} at {at_s:.0f} s is not planned" for at_s, event in left]


def servers_of(random: Random) -> dict[int, Server]:
    hangs = random.choice(SERVERS)
    return {
        number: Server(
            random.randint(1, SHED_PRIORITY),
            random.choice([1.0, 5.0, 20.0]),
            None if number == hangs else float(random.randint(3, 60)),
            random.choice(list(OnHang)),
        )
        for number in SERVERS
    }


# -- the plan ------------------------------------------------------------------------------


def plan_of(servers: dict[int, Server], low_s: float) -> list[tuple[float, Event]]:
    """low_s: when the battery is low."""
    plan: list[tuple[float, Event]] = []
    shed = [n for n, server in servers.items() if server.priority >= SHED_PRIORITY]
    plan += [each for n in shed for each in _stop(n, servers[n], SHED_AFTER_S)]
    # What could not be cut when it was to be shed is tried once more when the battery is low.
    rest = [n for n in SERVERS if n not in shed or not servers[n].is_cut]
    begin_s = low_s
    for priority in sorted({servers[n].priority for n in rest}, reverse=True):
        stage = [n for n in rest if servers[n].priority == priority]
        plan += [each for n in stage for each in _stop(n, servers[n], begin_s)]
        begin_s += min(STAGE_S, max(servers[n].stop_s for n in stage))
    off = [n for n in SERVERS if servers[n].is_cut]
    plan += [(AWAY_S + BACK_S, ("on", n)) for n in off]
    return plan


def _stop(number: int, server: Server, begin_s: float) -> list[tuple[float, Event]]:
    end = "off" if server.is_cut else "kept"
    return [(begin_s, ("told", number)), (begin_s + server.stop_s, (end, number))]


# -- what is done --------------------------------------------------------------------------


class Outage:
    def __init__(self, seed: int) -> None:
        random = Random(seed)
        self.servers = servers_of(random)
        self.runtime_s = float(random.randint(700, 1500))
        self.rig = Rig(
            outage(
                ShedStep(after_s=SHED_AFTER_S, priority=SHED_PRIORITY),
                low=LowSettings(charge_pct=LOW_PCT, stage_s=STAGE_S),
                back=ReturnSettings(BACK_S),
            ),
            outlets=len(SERVERS),
            stale_after_s=2.5,
            hooks=(HookTerms("bye", 60.0),),
            own={
                number: {
                    "priority": server.priority,
                    "before_off": "bye",
                    "graceful": GracefulSettings(5.0, None, IDLE_FOR_S, LIMIT_S, server.policy),
                }
                for number, server in self.servers.items()
            },
        )
        self.story = Story(planned=plan_of(self.servers, (1 - LOW_PCT / 100) * self.runtime_s))
        self._start_s = self.rig.made.clock.monotonic_s()
        self._told: dict[int, float] = {}
        self._ends: dict[int, float] = {}
        self._hooks: list[tuple[float, RunHook]] = []
        self._busy_until_s = 0.0
        self._effects = self._moves = 0

    def run(self) -> Story:
        at_s = 0.0
        while at_s < AWAY_S + BACK_S + 120:
            self.rig.tell(self._ups(at_s))
            self._read()
            self._look()
            at_s += self._step_s(at_s)
            self.rig.made.run(self._start_s + at_s - self.rig.made.clock.monotonic_s())
            self._look()
        return self.story

    def _step_s(self, at_s: float) -> float:
        """A second, but for when nothing is planned and nothing is under way."""
        times = [AWAY_S, *(due_s for due_s, _ in self.story.planned)]
        is_near = any(abs(at_s - due_s) < 2 * QUIET_STEP_S for due_s in times)
        is_busy = bool(self._hooks) or at_s < self._busy_until_s
        return 1.0 if is_near or is_busy else QUIET_STEP_S

    @property
    def _now_s(self) -> float:
        return self.rig.made.clock.monotonic_s() - self._start_s

    def _ups(self, at_s: float) -> Ups:
        if at_s >= AWAY_S:
            return ups_row(ON, charge_pct=100.0)
        left = max(0.0, 1 - at_s / self.runtime_s)
        flags: set[UpsFlag] = {BATTERY} | ({LOW_BATTERY} if left < 0.05 else set())
        return ups_row(*flags, charge_pct=100 * left, runtime_s=self.runtime_s * left)

    def _watts(self, number: int) -> float:
        if not self.rig.made.board.relays[number - 1]:
            return 0.0
        ends_s = self._ends.get(number)
        return IDLE_W if ends_s is not None and self._now_s >= ends_s else BUSY_W

    def _read(self) -> None:
        now_s = self.rig.made.clock.monotonic_s()
        rows = tuple(
            Measurement(
                Target(TargetKind.OUTLET, number),
                Electrical(active_power_w=self._watts(number), quality=Quality.OK),
                0.0,
            )
            for number in SERVERS
        )
        self.rig.made.core.on_reading(Reading("meter", 1, now_s, 0.2, rows))
        self.rig.made.settle()

    def _look(self) -> None:
        """Note what was done since the last time, and let hooks end."""
        for effect in self.rig.made.hooks[self._effects :]:
            if isinstance(effect, RunHook) and effect.moment is HookMoment.BEFORE_OFF:
                self.story.seen.append((self._now_s, ("told", effect.outlet)))
                self._busy_until_s = self._now_s + 2 * LIMIT_S
                self._hooks.append((self._now_s + self.servers[effect.outlet].told_s, effect))
        self._effects = len(self.rig.made.hooks)
        for end_s, hook in [each for each in self._hooks if each[0] <= self._now_s]:
            self._hooks.remove((end_s, hook))
            self._hook_ended(hook)
        for at_s, relay, closed in self.rig.made.board.moves[self._moves :]:
            self._moved(at_s - self._start_s, relay + 1, closed)
        self._moves = len(self.rig.made.board.moves)
        for event in self.rig.made.heard.drain():
            if isinstance(event, StopEnded) and event.aborted:
                self.story.seen.append((self._now_s, ("kept", event.outlet)))

    def _hook_ended(self, hook: RunHook) -> None:
        server = self.servers[hook.outlet]
        self._told[hook.outlet] = self._now_s
        if server.ends_s is not None:
            self._ends[hook.outlet] = self._now_s + server.ends_s
        self.rig.made.core.on_hook(HookResult(hook.id, hook.hook, "", server.told_s))
        self.rig.made.run(0.001)

    def _moved(self, at_s: float, number: int, closed: bool) -> None:
        self.story.seen.append((at_s, ("on" if closed else "off", number)))
        if closed:
            self._ends.pop(number, None)
            return
        ends_s = self._ends.get(number)
        is_idle = ends_s is not None and at_s >= ends_s + IDLE_FOR_S - 1
        is_limit = at_s >= self._told.get(number, at_s) + LIMIT_S - 1
        self.story.early += not (is_idle or is_limit)


def run(seed: int) -> Story:
    """The outage of this seed, from mains lost to all that went being on again."""
    return Outage(seed).run()
