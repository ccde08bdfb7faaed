# SPDX-License-Identifier: Apache-2.0
"""What all that makes up the caps works with: settings as they stand, records, what is watched."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from itertools import zip_longest

from pdu_agent.core.engine import Desk
from pdu_agent.core.protection.settings import CapSettings, unit_of
from pdu_agent.core.switching.draws import Draws, Feeds
from pdu_agent.model.commands import Actor, Lock
from pdu_agent.model.record import CapRecord

ALARM = "cap"
LONGEST_CALM_S = 14_400.0
"""A return that turned out too much doubles the calm that the next one needs, up to this."""
RETRY_S = 1.0
"""After a wish that was refused, as by a board that was just lost."""
FIRST_VALUE_S = 5.0
"""Meters that are there have delivered by then; a start is no reason for an alarm."""
_NOTHING = CapRecord()


@dataclass(frozen=True, slots=True)
class Cut:
    """An outlet that was ordered off. draw: None where nobody knows; the target then carried
    `left` without all others that went with it.
    """

    draw: float | None
    left: float


@dataclass(slots=True)
class CapWatch:
    """What is only known while the agent runs. seen_s: the sample that was judged last.
    first_over_s: the first one that was too much. has_seen: there was a value since the start.
    """

    seen_s: float | None = None
    over_since_s: float | None = None
    first_over_s: float | None = None
    calm_since_s: float | None = None
    not_before_s: float = -math.inf
    is_over: bool = False
    has_seen: bool = False
    returned_s: dict[int, float] = field(default_factory=dict)
    cuts: dict[int, Cut] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class About:
    """What a wish of the caps is for. before: the record as it was, if it is refused."""

    cap: int
    outlets: tuple[int, ...]
    is_return: bool
    text: str
    before: CapRecord


class CapDesk:
    """The desk of the engine, and how the caps stand now. feeds: what carries what, renewed with
    the settings.
    """

    def __init__(self, desk: Desk) -> None:
        self.state, self.live, self.values = desk.state, desk.live, desk.values
        self.clock, self.alarms, self.publish = desk.clock, desk.alarms, desk.publish
        self.feeds = Feeds.of(desk.settings)
        self._first_value_due_s = desk.clock.monotonic_s() + FIRST_VALUE_S

    def patient_until_s(self, watch: CapWatch) -> float:
        """Until when (monotonic) a value that is missing may still be on its way."""
        return -math.inf if watch.has_seen else self._first_value_due_s

    def limit(self, cap: CapSettings) -> float:
        return cap.limit(self.state.overrides)

    def ceiling(self, cap: CapSettings) -> float:
        return self.limit(cap) - cap.margin_at(self.state.overrides)

    def calm_s(self, cap: CapSettings) -> float:
        return max(cap.restore_after_s, self.record(cap.number).calm_s)

    def draws(self) -> Draws:
        return Draws(self.state, self.live.outlets, self.feeds)

    def record(self, number: int) -> CapRecord:
        return self.state.caps.get(number, _NOTHING)

    def set(self, number: int, record: CapRecord) -> None:
        self.state.caps[number] = record

    def reckoned(self, cap: CapSettings, number: int) -> float:
        """What this outlet, which is off by the cap, may draw when it is on again."""
        draw = draws_of(self.record(cap.number)).get(number)
        return self.draws().expected(number, cap.quantity, draw)

    def staying(self, cap: CapSettings) -> dict[int, float]:
        """What draws there and may not go: by lock, priority 0 or without a relay; its draw."""
        draws, found = self.draws(), {}
        for number, share in draws.behind(cap.target, cap.quantity).items():
            draw = draws.present(number, cap.quantity)
            settings, live = self.live.outlets[number], self.state.outlets[number]
            is_fixed = settings.relay is None or settings.priority == 0
            if draw and (is_fixed or live.lock is not Lock.UNLOCKED):
                found[number] = share * draw
        return found

    def ends(self, cap: CapSettings, number: int, draw: float | None) -> str:
        share = self.draws().behind(cap.target, cap.quantity).get(number, 1.0)
        expected = share * self.draws().expected(number, cap.quantity, draw)
        room = max(0.0, self.ceiling(cap) - expected)
        return f"returns when {cap.target} is below {room:.4g} {unit_of(cap.quantity)}"

    @staticmethod
    def actor(cap: CapSettings, because: str) -> Actor:
        return Actor("safety", cap.source, "", because)


def draws_of(record: CapRecord) -> dict[int, float | None]:
    """Of what is off by it, in the order in which it went."""
    return dict(zip_longest(record.shed, record.draws[: len(record.shed)]))


def without(record: CapRecord, outlets: set[int]) -> CapRecord:
    kept = {number: draw for number, draw in draws_of(record).items() if number not in outlets}
    return replace(record, shed=tuple(kept), draws=tuple(kept.values()))


def in_words(numbers: Iterable[int]) -> str:
    named = [str(number) for number in numbers]
    return f"outlet{'s' if len(named) > 1 else ''} {', '.join(named)}" if named else ""
