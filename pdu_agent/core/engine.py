# SPDX-License-Identifier: Apache-2.0
"""What an engine is: it wishes for commands, and is told what came of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from pdu_agent.core.live_settings import LiveSettings
from pdu_agent.core.metered.values import Values
from pdu_agent.core.settings import CoreSettings
from pdu_agent.core.state import CoreState
from pdu_agent.core.switching.switching import Circumstances
from pdu_agent.core.watching.alarms import AlarmBook
from pdu_agent.model.clock import Clock
from pdu_agent.model.commands import Actor, Command, Target
from pdu_agent.model.control import Cap, NextChange, Outage, Plan, Rule, Upcoming
from pdu_agent.model.errors import CommandError
from pdu_agent.model.events import Event
from pdu_agent.model.readings import Effect, HookResult, HostSeen

Judge = Callable[..., Iterable[Command] | None]
"""What judges one command on the draft. What it yields is judged in its place, each before it goes
on.
"""


@dataclass(frozen=True, slots=True)
class Desk:
    """What every engine works with. settings: as the file has them; live: as they stand now."""

    settings: CoreSettings
    state: CoreState
    live: LiveSettings
    values: Values
    clock: Clock
    alarms: AlarmBook
    publish: Callable[[Event], None]
    perform: Callable[[Effect], None]
    remember: Callable[[], None]
    """Saves the state at once, for what must not be done twice after a crash."""
    next_hook: Callable[[], int]
    """A number for RunHook that no other engine's hook has."""
    recorded_wall_s: float
    """The last time that the record knows; 0 where there is none."""


@dataclass(frozen=True, slots=True)
class Progress:
    """What an outlet waits for, in words, and for how many seconds at most."""

    text: str
    left_s: float


@dataclass(frozen=True, slots=True)
class Wish:
    """A batch that an engine wants to have carried out. about: means something to the engine."""

    commands: tuple[Command, ...]
    actor: Actor
    about: object = None


class Engine:
    """One kind of automaton. What it must remember is in CoreState, in the rows of the record.

    It never moves a relay itself: it wishes, and is told what came of it.
    """

    def judges(self, draft: CoreState, actor: Actor, around: Circumstances) -> Mapping[type, Judge]:
        """Command class -> what judges such a command on the draft, for those it owns."""
        del draft, actor, around
        return {}

    def tick(self) -> Iterable[Wish]:
        """What is due now. Called at next_due_s at the latest, and after whatever happens."""
        return ()

    def hold_back(self, queue: Sequence[int]) -> Iterable[Wish]:
        """Which of the outlets that are about to close must not. Asked before relays move."""
        del queue
        return ()

    def next_due_s(self) -> float:
        """When (monotonic) there is something to do if nothing happens; infinity for never."""
        return math.inf

    def told(self, wish: Wish, error: CommandError | None) -> None:
        """The wish was accepted, or refused with this error."""
        del wish, error

    def on_reading(self, points: Collection[Target]) -> float:
        """A meter has delivered values of these; more may come before the next tick.

        Returns when (monotonic) that brings something to do; infinity for never. It may be later
        than next_due_s, which stands.
        """
        del points
        return math.inf

    def on_hook(self, result: HookResult) -> None:
        """A hook has ended; it may be one of another engine's."""
        del result

    def on_host(self, seen: HostSeen) -> None:
        """A watched host was asked whether it is there."""
        del seen

    def renew(self, settings: CoreSettings) -> None:
        """The configuration was read anew; what is remembered stands by name or number."""
        del settings

    def plans(self) -> tuple[Plan, ...]:
        return ()

    def rules(self) -> tuple[Rule, ...]:
        return ()

    def caps(self) -> tuple[Cap, ...]:
        return ()

    def outages(self) -> tuple[Outage, ...]:
        return ()

    def upcoming(self, count: int, outlet: int | None) -> Sequence[Upcoming]:
        """The next things that it will do, to this outlet or any, the first one first; at most so
        many.
        """
        del count, outlet
        return ()

    def next_changes(self) -> Mapping[int, NextChange]:
        """By outlet the first thing that it will do to it, as far as it knows."""
        return {}

    def progress(self) -> Mapping[int, Progress]:
        """By outlet what it does before that is switched; only of those that wait for it."""
        return {}
