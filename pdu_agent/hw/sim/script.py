# SPDX-License-Identifier: Apache-2.0
"""A timeline of actions on the simulated hardware, and what plays it."""

from __future__ import annotations

import heapq
import logging
from collections.abc import Iterable
from dataclasses import MISSING, dataclass, fields
from typing import TYPE_CHECKING

from pdu_agent.hw.sim.actions import (
    Action,
    BusAction,
    DeviceAction,
    FuseAction,
    LeakAction,
    LoadAction,
    MachineAction,
    MainsAction,
    RelayAction,
    SensorAction,
    UpsAction,
    duration_s,
)
from pdu_agent.model.errors import ConfigError
from pdu_agent.model.settings import setting

if TYPE_CHECKING:
    from pdu_agent.hw.sim.board import SimulatedBoard

log = logging.getLogger(__name__)

ACTIONS = (
    *("load", "machine", "leak", "fuse", "mains", "relay", "bus", "device", "sensor", "ups"),
)
MAX_STEPS = 5000
LEAST_PAUSE_S = 0.01  # a step that comes again at once would never end


@dataclass(frozen=True, slots=True)
class Step:
    """One entry of a script: when, and one thing that happens then.

    Without a time it happens together with the entry before it.
    """

    at: str = setting("", max_length=16, doc="time since the start")
    after: str = setting("", max_length=16, doc="time since the entry before it")
    every: str = setting("", max_length=16, doc="again and again, first after this time")
    times: int = setting(0, minimum=1, maximum=10**6, doc="how often, with every; else for ever")
    load: LoadAction | None = setting(None)
    machine: MachineAction | None = setting(None)
    leak: LeakAction | None = setting(None)
    fuse: FuseAction | None = setting(None)
    mains: MainsAction | None = setting(None)
    relay: RelayAction | None = setting(None)
    bus: BusAction | None = setting(None)
    device: DeviceAction | None = setting(None)
    sensor: SensorAction | None = setting(None)
    ups: UpsAction | None = setting(None)
    wait: str = setting("", max_length=16, doc="time that passes before the next entry")
    say: str = setting("", max_length=200, doc="a line for the log")

    def __post_init__(self) -> None:
        if self.at and self.after:
            raise ConfigError("at and after: expected one of them")
        if self.times and not self.every:
            raise ConfigError("times: how often something comes that has `every`")
        if self.every and duration_s(self.every) < LEAST_PAUSE_S:
            raise ConfigError(f"every: {self.every} is too often; expected 10ms or more")
        done = [name for name in (*ACTIONS, "wait", "say") if getattr(self, name)]
        if len(done) != 1:
            raise ConfigError(
                f"{len(done)} actions; expected one of {', '.join(ACTIONS)}, wait, say"
            )
        if self.wait and (self.every or self.at or self.after):
            raise ConfigError("wait: stands alone")

    @property
    def name(self) -> str:
        """Which of ACTIONS it has; "" for none."""
        return next((name for name in ACTIONS if getattr(self, name)), "")


@dataclass(frozen=True, slots=True)
class Script:
    steps: tuple[Step, ...] = setting(max_length=MAX_STEPS)


@dataclass(slots=True)
class _Due:
    step: Step
    left: int | None
    """How often it comes yet; None for ever."""


class Player:
    """Plays a script on a board. start_s: monotonic, the script's time 0."""

    def __init__(self, script: Script, board: SimulatedBoard, start_s: float) -> None:
        self._board = board
        self._start_s = start_s
        self._order = 0
        self._queue: list[tuple[float, int, _Due]] = []
        for due_s, step in timeline(script.steps):
            left = (step.times or None) if step.every else 1
            self._put(start_s + due_s, _Due(step, left))

    def play(self, now_s: float) -> float | None:
        """Do what is due at now_s; when to come next, None when nothing is left."""
        while self._queue and self._queue[0][0] <= now_s:
            due_s, _, due = heapq.heappop(self._queue)
            self._perform(due.step, due_s - self._start_s)
            if due.left is not None:
                due.left -= 1
            if due.left != 0:
                self._put(due_s + duration_s(due.step.every), due)
        return self._queue[0][0] if self._queue else None

    def _put(self, due_s: float, due: _Due) -> None:
        self._order += 1
        heapq.heappush(self._queue, (due_s, self._order, due))

    def _perform(self, step: Step, t_s: float) -> None:
        if step.say:
            log.info("script, %.3g s: %s", t_s, step.say)
            return
        action: Action = getattr(step, step.name)
        log.info("script, %.3g s: %s", t_s, told(step.name, action))
        action.perform(self._board)


def timeline(steps: Iterable[Step]) -> Iterable[tuple[float, Step]]:
    """(seconds since the start, step) of each that does something."""
    now_s = 0.0
    for step in steps:
        if step.wait:
            now_s += duration_s(step.wait)
            continue
        if step.at:
            now_s = duration_s(step.at)
        elif step.after:
            now_s += duration_s(step.after)
        first_s = now_s
        if step.every and not step.at and not step.after:
            first_s += duration_s(step.every)
        yield first_s, step


def backwards(steps: Iterable[Step]) -> Iterable[tuple[int, str]]:
    """(place in the script, what is wrong) of each `at` that is before the entry above it."""
    now_s = 0.0
    for number, step in enumerate(steps):
        now_s += duration_s(step.wait or step.after or "0s")
        if step.at:
            if duration_s(step.at) < now_s:
                yield number, f"{step.at} is before the entry above it, which is at {now_s:g}s"
            now_s = duration_s(step.at)


def told(name: str, action: Action) -> str:
    """load of outlet 3, watts 200."""
    said = []
    for field in fields(action):  # type: ignore[arg-type]
        value = getattr(action, field.name)
        if field.default is MISSING or value != field.default:
            shown = str(value).lower() if isinstance(value, bool) else value
            said.append(field.name if value is True else f"{field.name} {shown}")
    return f"{name} {', '.join(said)}"
