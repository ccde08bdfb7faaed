# SPDX-License-Identifier: Apache-2.0
"""Samples that are missing, by time: of a source that has neither counter nor time stamps."""

from __future__ import annotations

_SLACK_S = 0.004  # by which the host may be late to look
_LEARNING_S = 2.0
_DRIFT = 0.002  # share by which the rate may move once it is known
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

    def missing(self, came: int, now_s: float) -> int:
        """How many were lost, now that `came` more have come and none is waiting."""
        self._came += came
        if self._since_s is None:
            self._restart(now_s)
            return 0
        at_once = (now_s - self._looked_s) * self._rate_hz - came
        self._looked_s = now_s
        span_s = now_s - self._since_s
        missing = span_s * self._rate_hz - self._came
        if abs(missing) > (_SLACK_S + self._share * span_s) * self._rate_hz + 2:
            self._restart(now_s)
            if at_once > missing / 2 > 0:
                return round(missing)
            self._owed += max(0.0, missing)
        elif span_s >= _LEARNING_S:
            self._learn(span_s)
            self._restart(now_s)
        return self._portion()

    def _learn(self, span_s: float) -> None:
        self._owed += max(0.0, span_s * self._lowest_hz - self._came)
        self._rate_hz = min(max(self._came / span_s, self._lowest_hz), self._highest_hz)
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
