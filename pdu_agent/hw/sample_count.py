# SPDX-License-Identifier: Apache-2.0
"""Samples that are missing, by time: of a source that has neither counter nor time stamps."""

from __future__ import annotations

_SLACK_S = 0.004  # by which the host may be late to look
_LEARNING_S = 2.0
_DRIFT = 0.002  # share by which the rate may move once it is known
_SPANS = 16  # that the rate is the mean of: the host may have been late at the end of one
_PORTION_S = 0.018
"""What trickles away is told in portions of about a cycle of 50 or 60 Hz: the meter then fills in
a whole one, and no wave has a jump.
"""


class SampleCount:
    """What should have come since the last look, against what came. Less than some
    milliseconds at once passes unseen.

    The rate is learned, within a share of `tolerance` of the nominal one. A host that misses a
    few samples all the time looks like a converter that is slow: what is missing beyond the
    tolerance is counted as lost.
    """

    def __init__(self, rate_hz: float, tolerance: float) -> None:
        self._lowest_hz = (1 - tolerance) * rate_hz
        self._highest_hz = (1 + tolerance) * rate_hz
        self._rate_hz = rate_hz
        self._share = tolerance
        self._since_s: float | None = None
        self._looked_s = 0.0
        self._came = 0
        self._owed = 0.0
        self._in_doubt = 0.0
        self._spans = 0

    def is_short(self, came: int, began_s: float) -> bool:
        """Would `missing` find a gap? It may have come late: worth another look before."""
        if self._since_s is None:
            return False
        span_s = began_s - self._since_s
        return span_s * self._rate_hz - self._came - came > self._unseen(span_s)

    def missing(self, came: int, began_s: float, ended_s: float) -> int:
        """How many were lost, now that `came` more have come and none is waiting.

        began_s: before that was looked at, and so all that came until then is counted; ended_s:
        after it. However long the look took, nothing is missing for that.
        """
        self._came += came
        if self._since_s is None:
            self._restart(ended_s)
            return 0
        at_once = (began_s - self._looked_s) * self._rate_hz - came
        self._looked_s = ended_s
        span_s = began_s - self._since_s
        missing = span_s * self._rate_hz - self._came
        if abs(missing) > self._unseen(span_s):
            self._restart(ended_s)
            if at_once > missing / 2 > 0:
                return self._told_at_once(missing)
            self._owed += max(0.0, missing)
            if missing < 0:
                self._take_back(-missing)
        elif span_s >= _LEARNING_S:
            self._learn(span_s)
            self._restart(ended_s)
        return self._portion()

    def _told_at_once(self, missing: float) -> int:
        net = missing + min(0.0, self._owed)
        self._owed = max(0.0, self._owed) + min(0.0, net)
        self._in_doubt += missing
        return max(0, round(net))

    def _take_back(self, late: float) -> None:
        """What was taken for lost has come after all: the next loss is so much smaller."""
        late = min(late, self._in_doubt)
        self._owed -= late
        self._in_doubt -= late

    def _unseen(self, span_s: float) -> float:
        """Samples that may seem to be missing, or too many."""
        return (_SLACK_S + self._share * span_s) * self._rate_hz + 2

    def _learn(self, span_s: float) -> None:
        self._in_doubt = 0.0
        trickled = span_s * self._lowest_hz - self._came
        self._owed = max(min(0.0, self._owed), self._owed + trickled)
        found_hz = min(max(self._came / span_s, self._lowest_hz), self._highest_hz)
        self._spans = min(self._spans + 1, _SPANS)
        self._rate_hz += (found_hz - self._rate_hz) / self._spans
        self._share = min(self._share, _DRIFT)

    def _portion(self) -> int:
        if self._owed < _PORTION_S * self._rate_hz:
            return 0
        whole = int(self._owed)
        self._owed -= whole
        return whole

    def _restart(self, now_s: float) -> None:
        self._since_s = self._looked_s = now_s
        self._came = 0
