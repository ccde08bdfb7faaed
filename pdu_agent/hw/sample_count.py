# SPDX-License-Identifier: Apache-2.0
"""Samples that are missing, by time: of a source that has neither counter nor time stamps."""

from __future__ import annotations

_SLACK_S = 0.004  # by which the host may be late to look
_LEARNING_S = 2.0
_OSCILLATOR = 0.03  # share by which the rate may be off before it is known
_DRIFT = 0.002  # share by which it may move afterwards


class SampleCount:
    """What should have come since the last look, against what came. Less than some
    milliseconds at once passes unseen.

    The rate is learned from spans without loss, within _OSCILLATOR of the nominal one.
    """

    def __init__(self, rate_hz: float) -> None:
        self._nominal_hz = rate_hz
        self._rate_hz = rate_hz
        self._known = False
        self._since_s: float | None = None
        self._came = 0

    def missing(self, came: int, now_s: float) -> int:
        """How many were lost, now that `came` more have come and none is waiting."""
        self._came += came
        if self._since_s is None:
            self._restart(now_s)
            return 0
        span_s = now_s - self._since_s
        missing = span_s * self._rate_hz - self._came
        share = _DRIFT if self._known else _OSCILLATOR
        if abs(missing) > (_SLACK_S + share * span_s) * self._rate_hz + 2:
            self._restart(now_s)
            return max(0, round(missing))
        if span_s >= _LEARNING_S:
            self._learn(self._came / span_s)
            self._restart(now_s)
        return 0

    def _learn(self, rate_hz: float) -> None:
        lowest, highest = ((1 + sign * _OSCILLATOR) * self._nominal_hz for sign in (-1, 1))
        self._rate_hz = min(max(rate_hz, lowest), highest)
        self._known = True

    def _restart(self, now_s: float) -> None:
        self._since_s = now_s
        self._came = 0
