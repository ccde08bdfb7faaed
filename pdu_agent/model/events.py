# SPDX-License-Identifier: Apache-2.0
"""What happened: events, and a bus with a bounded queue per subscriber."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from pdu_agent.model.commands import Actor, Command, Target
from pdu_agent.model.host import Queue
from pdu_agent.model.snapshot import Alarm, ChangeReason, OutletState, SensorStatus
from pdu_agent.model.ups import Ups


@dataclass(frozen=True, slots=True)
class OutletChanged:
    """An outlet shows another state than before."""

    t_wall_s: float
    outlet: int
    old: OutletState
    new: OutletState
    reason: ChangeReason
    actor: Actor | None


@dataclass(frozen=True, slots=True)
class CommandAccepted:
    t_wall_s: float
    commands: tuple[Command, ...]
    actor: Actor


@dataclass(frozen=True, slots=True)
class CommandFailed:
    """An accepted command that was not carried out: by the hardware, or for want of power."""

    t_wall_s: float
    outlet: int
    text: str


@dataclass(frozen=True, slots=True)
class AlarmRaised:
    """before: the alarm as it stood until now, None for one that did not."""

    t_wall_s: float
    alarm: Alarm
    before: Alarm | None = None


@dataclass(frozen=True, slots=True)
class AlarmCleared:
    """alarm: its crossing, if it has one, shows the value that came back. before: the alarm as
    it stood until now.
    """

    t_wall_s: float
    alarm: Alarm
    before: Alarm | None = None


@dataclass(frozen=True, slots=True)
class ReadingLost:
    t_wall_s: float
    target: Target


@dataclass(frozen=True, slots=True)
class ReadingRestored:
    t_wall_s: float
    target: Target


@dataclass(frozen=True, slots=True)
class SensorChanged:
    """A sensor stopped or resumed giving values."""

    t_wall_s: float
    sensor: int
    old: SensorStatus
    new: SensorStatus


@dataclass(frozen=True, slots=True)
class ContactChanged:
    """A contact or water sensor changed over while it gave values, or began closed or wet."""

    t_wall_s: float
    sensor: int
    closed: bool


@dataclass(frozen=True, slots=True)
class AgentStarted:
    """cold_banks: boards found without power since the last run; their policy applies."""

    t_wall_s: float
    boots: int
    cold_banks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PlanRan:
    """A plan's turn came: `outcome` says what was done, or why not. skipped: nothing was."""

    t_wall_s: float
    plan: str
    outcome: str
    skipped: bool


@dataclass(frozen=True, slots=True)
class RuleFired:
    """A rule acted, or was refused. active: its condition holds now, else it has ended."""

    t_wall_s: float
    rule: str
    active: bool
    outcome: str


@dataclass(frozen=True, slots=True)
class OutletShed:
    """An outlet was switched off by a cap, or (restored) may be on again by it."""

    t_wall_s: float
    cap: int
    outlet: int
    restored: bool
    text: str


@dataclass(frozen=True, slots=True)
class OutletTripped:
    """An outlet was cut for too much current. latched: it stays off until it is reset."""

    t_wall_s: float
    outlet: int
    latched: bool
    retries: int
    current_a: float


@dataclass(frozen=True, slots=True)
class UpsChanged:
    """A UPS says something else of itself, or was lost or found again; each as Ups has it."""

    t_wall_s: float
    old: Ups
    new: Ups


@dataclass(frozen=True, slots=True)
class UpsOnBattery:
    """A UPS that can be reached has been on battery for another whole minute."""

    t_wall_s: float
    ups: Ups


@dataclass(frozen=True, slots=True)
class HookFailed:
    """A hook of an outlet did not succeed. outlet: 0 where it was about none."""

    t_wall_s: float
    hook: str
    outlet: int
    text: str


@dataclass(frozen=True, slots=True)
class StopEnded:
    """A graceful off ended: cut, or (aborted) the outlet stays on."""

    t_wall_s: float
    outlet: int
    aborted: bool
    text: str


@dataclass(frozen=True, slots=True)
class SettingsReloaded:
    """The configuration was read anew and is in force, or `error` says why it is not."""

    t_wall_s: float
    error: str = ""


Event = (
    OutletChanged
    | CommandAccepted
    | CommandFailed
    | AlarmRaised
    | AlarmCleared
    | ReadingLost
    | ReadingRestored
    | SensorChanged
    | ContactChanged
    | AgentStarted
    | PlanRan
    | RuleFired
    | OutletShed
    | OutletTripped
    | HookFailed
    | StopEnded
    | SettingsReloaded
    | UpsChanged
    | UpsOnBattery
)


class Subscription:
    """A bounded queue of events; when it is full the oldest goes and is counted."""

    def __init__(self, limit: int, wake: Callable[[], None] | None) -> None:
        self._queue: deque[Event] = deque(maxlen=limit)
        self._wake = wake
        self.dropped = 0

    def put(self, event: Event) -> None:
        if len(self._queue) == self._queue.maxlen:
            self.dropped += 1
        self._queue.append(event)
        if self._wake is not None:
            self._wake()

    @property
    def queue(self) -> Queue:
        return Queue("events", len(self._queue), self._queue.maxlen or 0)

    def drain(self) -> list[Event]:
        """Everything queued, oldest first; the queue is empty afterwards."""
        events = list(self._queue)
        self._queue.clear()
        return events


class EventBus:
    """Synchronous publish from the loop thread; a slow subscriber harms only itself."""

    def __init__(self) -> None:
        self._subscriptions: list[Subscription] = []

    def subscribe(self, limit: int = 256, wake: Callable[[], None] | None = None) -> Subscription:
        """A new queue of at most `limit` events; `wake` is called after each one."""
        subscription = Subscription(limit, wake)
        self._subscriptions.append(subscription)
        return subscription

    def unsubscribe(self, subscription: Subscription) -> None:
        self._subscriptions.remove(subscription)

    @property
    def fullest(self) -> Queue:
        """Of the subscriber that is furthest behind what it can hold.

        One with room for a single event wants to be woken, and reads nothing.
        """
        queues = [each.queue for each in self._subscriptions if each.queue.limit > 1]
        return max(queues, key=lambda each: each.depth / each.limit, default=Queue("events", 0, 0))

    def publish(self, event: Event) -> None:
        for subscription in self._subscriptions:
            subscription.put(event)
