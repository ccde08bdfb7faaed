# SPDX-License-Identifier: Apache-2.0
"""Runs that were refused for a reason that passes, and when each is tried again."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pdu_agent.core.plans.passing import AGAIN_S, GIVEN_UP_S
from pdu_agent.core.plans.timed import TimedPlan
from pdu_agent.core.state import CoreState
from pdu_agent.model.commands import Action

SWITCHED = "its outlets were switched meanwhile"


@dataclass(frozen=True, slots=True)
class Run:
    """A plan whose turn it is. action: None for a hook. because: in words, for the audit.
    handled: what it remembers from now on. obstacle: why it may not run, empty where it may.
    by_hand: somebody asked for it, whether it is enabled and its conditions hold or not.
    """

    plan: TimedPlan
    due_s: float
    action: Action | None
    because: str
    handled: Mapping[str, Any]
    obstacle: str = ""
    by_hand: bool = False


@dataclass(frozen=True, slots=True)
class Later:
    """What is left of a run. counted: some of it was done. first_s and at_s: when it was refused
    first and when it is due (monotonic). seen: by outlet, how it was left by whom.
    """

    run: Run
    counted: bool
    first_s: float
    at_s: float
    seen: Mapping[int, object]

    def is_over(self, now_s: float) -> bool:
        return now_s >= self.first_s + GIVEN_UP_S


class LaterRuns:
    """In the order in which they were refused."""

    def __init__(self, state: CoreState) -> None:
        self._state = state
        self._runs: list[Later] = []

    def add(self, run: Run, outlets: Collection[int], counted: bool, now_s: float) -> None:
        seen = {outlet: self._seen(outlet) for outlet in outlets}
        self._runs.append(Later(run, counted, now_s, now_s + AGAIN_S, seen))

    def put_back(self, later: Later, outlets: Collection[int], counted: bool, now_s: float) -> None:
        seen = {outlet: later.seen[outlet] for outlet in outlets}
        self._runs.append(replace(later, counted=counted, at_s=now_s + AGAIN_S, seen=seen))

    def next_s(self) -> float:
        return min((later.at_s for later in self._runs), default=math.inf)

    def take_due(self, now_s: float) -> list[Later]:
        due = [later for later in self._runs if later.at_s <= now_s]
        if due:
            self._runs = [later for later in self._runs if later.at_s > now_s]
        return due

    def give_way(self, outlets: Collection[int]) -> None:
        """A newer run is about these: what is left of older ones is not."""
        kept = []
        for later in self._runs:
            seen = {outlet: how for outlet, how in later.seen.items() if outlet not in outlets}
            if seen:
                kept.append(replace(later, seen=seen))
        self._runs = kept

    def renew(self, named: Callable[[str], TimedPlan | None]) -> None:
        """Only plans that are what they were go on."""
        kept = []
        for later in self._runs:
            plan = named(later.run.plan.name)
            if plan is not None and plan.settings == later.run.plan.settings:
                kept.append(replace(later, run=replace(later.run, plan=plan)))
        self._runs = kept

    def untouched(self, later: Later) -> tuple[int, ...]:
        """Its outlets that nobody has switched since."""
        return tuple(outlet for outlet, how in later.seen.items() if how == self._seen(outlet))

    def _seen(self, outlet: int) -> object:
        live = self._state.outlets.get(outlet)
        return live and (live.target_on, live.actor, live.switch_count)
