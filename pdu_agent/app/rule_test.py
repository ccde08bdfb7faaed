# SPDX-License-Identifier: Apache-2.0
"""Plays tests of rules: the real core does what the rules say, on a clock of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from pdu_agent.app.config.schema import AgentSettings
from pdu_agent.app.config.tree import Place
from pdu_agent.app.core_settings import core_settings_of
from pdu_agent.app.rehearsal import Rehearsal
from pdu_agent.app.rule_test_file import OUTLET, RuleTest, StepSettings, read_test
from pdu_agent.app.rule_test_world import World
from pdu_agent.core.settings import CoreSettings
from pdu_agent.model.commands import Action, Actor, Command, Lock, SetLock, SwitchOutlet
from pdu_agent.model.errors import CommandError
from pdu_agent.model.snapshot import OutletState

START_WALL_S = 1_767_614_400.0
"""2026-01-05 12:00 UTC, a Monday."""
MOST_FEEDS = 20_000
SOMEBODY = Actor("cli", "somebody")
_LOCKS = {"lock on": Lock.LOCKED_ON, "lock off": Lock.LOCKED_OFF, "unlock": Lock.UNLOCKED}


@dataclass(frozen=True, slots=True)
class Verdict:
    """One expectation. found: what was the case instead; empty when it came true."""

    place: Place
    at_s: float
    expected: str
    found: str = ""


def run_test(path: Path, settings: AgentSettings) -> list[Verdict]:
    """Play the file. Raises ConfigErrors with the place of everything that is wrong in it."""
    core = core_settings_of(settings)
    test = read_test(path, core, settings.hosts)
    return list(_Play(test, core, settings).run())


class _Play:
    def __init__(self, test: RuleTest, core: CoreSettings, settings: AgentSettings) -> None:
        self._test = test
        steps = test.settings.steps
        span_s = max((step.at_s for step in steps), default=0.0)
        self._feed_s = max(1.0, span_s / MOST_FEEDS)
        self._world = World(core, settings.hosts)
        closed = {}
        for key, value in test.settings.given.items():
            outlet = OUTLET.fullmatch(key)
            if outlet:
                closed[int(outlet[1])] = value == "on"
            else:
                self._world.set(key, value)
        self._rehearsal = Rehearsal(_patient(core, 3 * self._feed_s), START_WALL_S, None, closed)
        self._begin_s = self._rehearsal.clock.monotonic_s()

    def run(self) -> Iterator[Verdict]:
        self._feed()
        for number, step in enumerate(self._test.settings.steps):
            self._pass_time(step.at_s)
            for key, value in step.set.items():
                self._world.set(key, value)
            self._feed()
            refused = self._do(step)
            yield from self._judge(number, step, refused)

    def _pass_time(self, at_s: float) -> None:
        """To this moment, with everything measured on the way."""
        clock = self._rehearsal.clock
        while (left_s := self._begin_s + at_s - clock.monotonic_s()) > 1e-3:
            self._rehearsal.run(min(left_s, self._feed_s))
            self._feed()

    def _feed(self) -> None:
        self._world.feed(self._rehearsal.core, self._rehearsal.clock.monotonic_s(), self._feed_s)
        self._rehearsal.tick()

    def _do(self, step: StepSettings) -> str:
        """What a person orders; why it is refused, if it is."""
        for key, value in step.do.items():
            number = int(key.split()[1])
            command: Command
            if value in _LOCKS:
                command = SetLock(number, _LOCKS[value])
            else:
                command = SwitchOutlet(number, Action(value))
            try:
                self._rehearsal.core.submit_all([command], SOMEBODY)
            except CommandError as exc:
                return str(exc)
            self._rehearsal.tick()
        return ""

    def _judge(self, number: int, step: StepSettings, refused: str) -> Iterator[Verdict]:
        if refused:
            place = self._test.place(f"steps[{number}].do")
            yield Verdict(place, step.at_s, "somebody's order is accepted", refused)
        for key, value in step.expect.items():
            place = self._test.place(f"steps[{number}].expect.{key}")
            is_outlet = key.startswith("outlet ")
            by = f" by {step.by}" if step.by and is_outlet else ""
            found = self._outlet(key, step.by) if is_outlet else self._rule(key)
            expected = f"{value}{by}"
            text = "" if found == expected else f"{key} is {found}{self._hint()}"
            yield Verdict(place, step.at_s, f"{key} {expected}", text)

    def _outlet(self, key: str, by: str) -> str:
        row = next(
            row for row in self._rehearsal.core.snapshot.outlets if f"outlet {row.index}" == key
        )
        state = row.state.value
        if row.state not in (OutletState.ON, OutletState.OFF):
            return state
        actor = row.last_actor
        who = f"{actor.face} {actor.who}" if actor is not None else "nobody"
        return f"{state} by {who}" if by else state

    def _rule(self, key: str) -> str:
        kind, _, name = key.partition(" ")
        snapshot = self._rehearsal.core.snapshot
        row = next(row for row in snapshot.rules if row.name == name)
        if kind == "fired":
            return str(row.fired)
        if kind == "rule":
            return row.state.value
        is_raised = any(alarm.subject == f"rule {name}" for alarm in snapshot.alarms)
        return "raised" if is_raised else "none"

    def _hint(self) -> str:
        """What might explain it."""
        rows = self._rehearsal.core.snapshot.rules
        told = [
            f"rule {row.name} is {row.state.value}" + (f" ({row.outcome})" if row.outcome else "")
            for row in rows
        ]
        said = self._world.said()
        return "; " + "; ".join([*told, *([said] if said else [])])


def _patient(core: CoreSettings, stale_s: float) -> CoreSettings:
    """The same unit, where nothing is stale before the test has told it again."""
    return replace(
        core,
        stale_after_s={key: max(value, stale_s) for key, value in core.stale_after_s.items()},
        sensors=tuple(
            replace(sensor, stale_after_s=max(sensor.stale_after_s, stale_s))
            for sensor in core.sensors
        ),
    )
