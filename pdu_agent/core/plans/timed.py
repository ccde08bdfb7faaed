# SPDX-License-Identifier: Apache-2.0
"""One plan while the agent runs: when it is due, and what of that has been missed."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from itertools import islice
from zlib import crc32

from pdu_agent.core.calendar import Calendar, Occurrence
from pdu_agent.core.plans.settings import MissedRuns, PlanSettings
from pdu_agent.model.record import PlanRecord

ON_TIME_S = 60.0
"""A run that is later than this was missed. An agent takes seconds to start anew."""
_MOST_COUNTED = 1000
"""More missed runs than this are not counted one by one; the newest is found all the same."""
_STRETCHES_S = (3600, 86_400, 7 * 86_400, 31 * 86_400, 400 * 86_400)

HORIZON_S = 1462 * 86_400
"""Four years: a 29 February is found."""

_NEW = PlanRecord()


@dataclass(frozen=True, slots=True)
class Turn:
    """What came due: the one that is to be run, if any, and how many were missed.

    newest: of those that came due, run or missed.
    """

    run: Occurrence | None
    missed: int
    newest: Occurrence


class TimedPlan:
    """Keeps when the plan is due next, which takes a while to find out. calendar: None for a
    plan that counts. basis: what its times follow from besides its settings. when: tells its
    times from others, as in PlanRecord.
    """

    def __init__(
        self,
        number: int,
        settings: PlanSettings,
        calendar: Calendar | None,
        basis: tuple[object, ...] = (),
    ) -> None:
        self.number = number
        self.settings = settings
        self.calendar = calendar
        self.when = f"{crc32(repr((settings.when, *basis)).encode('utf-8')):08x}"
        self.row = _NEW
        self.next: Occurrence | None = None

    @property
    def name(self) -> str:
        return self.settings.name

    @property
    def is_enabled(self) -> bool:
        return self.settings.enabled if self.row.enabled is None else self.row.enabled

    @property
    def counts(self) -> bool:
        """Is it enabled, and does it wait for a counter?"""
        return self.settings.when.counter is not None and self.is_enabled and not self.row.is_done

    @property
    def has_begun(self) -> bool:
        """Has it been looked at by a clock since its time was last changed in the file?"""
        return self.row.handled_wall_s is not None and self.row.when == self.when

    def take(self, row: PlanRecord) -> None:
        """Go on with this row."""
        was = self.is_enabled, self.row.handled_wall_s
        self.row = row
        if (self.is_enabled, row.handled_wall_s) != was:
            self.next = self._next()

    def _next(self) -> Occurrence | None:
        handled_s = self.row.handled_wall_s
        if self.calendar is None or handled_s is None or not self.is_enabled:
            return None
        return self.calendar.next_after(handled_s, HORIZON_S)

    def turn(self, wall_s: float) -> Turn | None:
        """What came due up to now; None where nothing did."""
        if self.calendar is None or self.next is None or self.next.wall_s > wall_s:
            return None
        since_s = self.next.wall_s - 0.5  # it is due at a whole second
        count, newest = self._due(self.calendar, since_s, wall_s)
        run = newest if self._is_still_done(wall_s - newest.wall_s) else None
        return Turn(run, count - (run is not None), newest)

    def _due(self, calendar: Calendar, since_s: float, wall_s: float) -> tuple[int, Occurrence]:
        """How many came due, one at least, and the newest of them."""
        found = list(islice(calendar.between(since_s, wall_s), _MOST_COUNTED))
        if len(found) < _MOST_COUNTED:
            return len(found), found[-1]
        newest = (
            deque(calendar.between(max(since_s, wall_s - stretch_s), wall_s), maxlen=1)
            for stretch_s in _STRETCHES_S
        )
        return len(found), next((stretch[0] for stretch in newest if stretch), found[-1])

    def _is_still_done(self, late_s: float) -> bool:
        if late_s <= ON_TIME_S or self.settings.when.presence is not None:
            return True
        match self.settings.missed:
            case MissedRuns.ONCE:
                return True
            case MissedRuns.LATE:
                return late_s <= self.settings.late_s
            case MissedRuns.SKIP:
                return False
