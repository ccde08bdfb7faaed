# SPDX-License-Identifier: Apache-2.0
"""When what is seen counts: it has to stand for a while, and one sample alone never counts."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Seen:
    """One look at what a rule watches.

    holds: is it true? None within the hysteresis, or while nothing may be concluded. missing: why
    nothing is seen; empty when something is. value: where it is about a number. sample_s: when
    that was measured (monotonic); None where every look is as good as a new sample.
    """

    holds: bool | None
    missing: str = ""
    value: float | None = None
    sample_s: float | None = None


@dataclass(frozen=True, slots=True)
class Watch:
    """stands: what counts now, None while that is undecided. leans: what is seen without a break
    since since_s (monotonic) and does not count yet; sample_s: that of its first sample.
    """

    stands: bool | None
    leans: bool | None = None
    since_s: float = math.inf
    sample_s: float | None = None

    def after(self, seen: Seen, now_s: float, begins_after_s: float, over_after_s: float) -> Watch:
        """The watch after one look. It changes over once the other was seen for long enough, and
        in a second sample too: a single wrong value stands until the next one is due.
        """
        if seen.holds is None or seen.holds is self.stands:
            return Watch(self.stands)
        leaning = self
        if seen.holds is not self.leans:
            leaning = Watch(self.stands, seen.holds, now_s, seen.sample_s)
        is_due = now_s >= leaning.due_s(begins_after_s, over_after_s)
        seen_again = seen.sample_s is None or seen.sample_s != leaning.sample_s
        return Watch(seen.holds) if is_due and seen_again else leaning

    def due_s(self, begins_after_s: float, over_after_s: float) -> float:
        """When what is seen has stood for long enough (monotonic); infinity for nothing new."""
        return self.since_s + (begins_after_s if self.leans else over_after_s)
