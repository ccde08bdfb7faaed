# SPDX-License-Identifier: Apache-2.0
"""From paced reads of a converter without FIFO or counter to its distinct frames.

The reads come slightly faster than the frames, so that none is lost between two reads and
now and then one frame is read twice. Such a repeat tells more than that: it comes when a
read slips past the converter's data-ready, so each one marks where in the converter's
period the reads stand. With that, the time between two messages gives the frames lost
there to a fraction of one.

Equal neighbours are not always repeats: two conversions can agree, at the crest of the
mains with hardly a load. Repeats are evenly spaced (one read in 1 / (1 - read period /
frame period)), and so the equal neighbours out of that step are kept.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_LEAST_AHEAD = 0.002  # share of a period by which reads must lead before repeats are expected
_STEP_TOLERANCE = 0.25  # share of the spacing by which a repeat may come early or late
_FIRST_STEP = 1.3  # spacings within which a message has its first repeat
_LEAST_SPACING = 0.4  # times the nominal one: an oscillator 2 % slow
_LEAST_HITS = 0.8  # share of the steps at which a repeat is found, if they are repeats
_SMOOTHING = 8
_PACE_MEMORY = 32  # messages
_FIRST_READ_SLACK = 0.5  # periods by which host time may misplace the first read of a message


@dataclass(frozen=True, slots=True)
class DistinctFrames:
    """frames: uint8[samples, bytes], C-contiguous. first_s: when the first was read."""

    frames: NDArray[np.uint8]
    first_s: float
    lost: int


class RepeatFilter:
    """Follows one converter from message to message.

    The estimate of lost frames is exact while the host's times are good to half a frame
    period, which the end of a message need not be: the pace is taken from the fastest of
    the last messages.
    """

    def __init__(self, rate_hz: float) -> None:
        self._period_s = 1 / rate_hz
        self._last_read_s: float | None = None
        self.restart()

    def restart(self) -> None:
        """The converter was started anew: forget all but the time of the last read."""
        self._paces_s: deque[float] = deque(maxlen=_PACE_MEMORY)
        self._spacing: float | None = None  # reads from one repeat to the next
        self._last_frame: NDArray[np.uint8] | None = None
        self._phase = 0.5  # periods from data-ready to the last read, 0..1

    def distinct(self, frames: NDArray[np.uint8], start_s: float, end_s: float) -> DistinctFrames:
        """Drop the repeats of one message.

        frames: uint8[reads, bytes]. start_s, end_s: host times of the whole message, which
        consists of evenly paced reads.
        """
        count = len(frames)
        self._paces_s.append((end_s - start_s) / count)
        pace_s = min(self._paces_s)
        since = self._phase + 1.0
        if self._last_read_s is not None:
            since += (start_s - self._last_read_s) / self._frame_period_s(pace_s) - 1.0
        equal = self._equal_to_previous(frames)
        first_repeats = bool(equal[0]) and since < 1 + _FIRST_READ_SLACK
        ahead = 1 - pace_s / self._period_s
        if ahead > _LEAST_AHEAD:
            places = (np.flatnonzero(equal[1:]) + 1).tolist()
            repeats = self._true_repeats(places, 1 / ahead)
            spacing = self._spacing or 1 / ahead
            phase, self._phase = _phases(repeats, count, spacing, since % 1.0)
            if first_repeats:
                repeats = [0, *repeats]
            missed_inside = 0
        else:  # this host is too slow to lead: frames are lost inside the message too
            repeats = [0] if first_repeats else []
            phase = since % 1.0
            passed = phase + (count - 1) * pace_s / self._period_s
            missed_inside, self._phase = max(0, int(passed) - (count - 1)), passed % 1.0
        lost = missed_inside
        if self._last_read_s is not None and not first_repeats:
            lost += max(0, round(since - phase) - 1)
        self._last_frame = frames[-1].copy()
        self._last_read_s = start_s + (count - 1) * pace_s
        kept = np.delete(frames, repeats, axis=0)
        return DistinctFrames(kept, start_s + pace_s if first_repeats else start_s, lost)

    def _frame_period_s(self, pace_s: float) -> float:
        """The converter's period on the host's clock, once the spacing tells it."""
        return self._period_s if self._spacing is None else pace_s / (1 - 1 / self._spacing)

    def _equal_to_previous(self, frames: NDArray[np.uint8]) -> NDArray[np.bool_]:
        equal = np.empty(len(frames), np.bool_)
        equal[1:] = (frames[1:] == frames[:-1]).all(axis=1)
        equal[0] = self._last_frame is not None and bool((frames[0] == self._last_frame).all())
        return equal

    def _true_repeats(self, places: list[int], nominal_spacing: float) -> list[int]:
        """Those of the equal neighbours at `places` (ascending) that keep step."""
        if not places:
            return []
        spacings = [self._spacing or nominal_spacing]
        seen = float(np.median(np.diff(places))) if len(places) >= 3 else 0.0
        if seen > _LEAST_SPACING * nominal_spacing:  # else equal conversions hide it
            spacings.append(seen)
        chains = [_longest_chain(places, spacing) for spacing in spacings]
        chain = max(chains, key=lambda chain: (chain.keeps_step, len(chain.places)))
        if not chain.keeps_step:
            self._spacing = None
        elif self._spacing is None or chain is not chains[0]:
            self._spacing = chain.spacing
        else:
            self._spacing += (chain.spacing - self._spacing) / _SMOOTHING
        return chain.places


@dataclass(frozen=True, slots=True)
class _Chain:
    """Places about evenly apart: `steps` of one spacing from the first to the last."""

    places: list[int]
    steps: int

    @property
    def keeps_step(self) -> bool:
        return len(self.places) >= 3 and len(self.places) - 1 >= _LEAST_HITS * self.steps

    @property
    def spacing(self) -> float:
        return (self.places[-1] - self.places[0]) / self.steps


def _longest_chain(places: list[int], spacing: float) -> _Chain:
    """A message has its first repeat within one spacing; a little more for what is unsure."""
    starts = [place for place in places if place <= _FIRST_STEP * spacing] or places[:1]
    return max((_walk(places, start, spacing) for start in starts), key=lambda c: len(c.places))


def _walk(places: list[int], start: int, spacing: float) -> _Chain:
    tolerance = _STEP_TOLERANCE * spacing
    met, steps, taken, expected = [start], 0, 0, start + spacing
    while expected <= places[-1] + tolerance:
        taken += 1
        right = bisect_left(places, expected)
        nearest = min(places[max(0, right - 1) : right + 1], key=lambda p: abs(p - expected))
        if abs(nearest - expected) <= tolerance and nearest > met[-1]:
            met.append(nearest)
            steps = taken
            expected += (nearest - expected) / 2  # follow a drift, not a stranger
        expected += spacing
    return _Chain(met, steps)


def _phases(
    repeats: list[int], count: int, spacing: float, predicted: float
) -> tuple[float, float]:
    """The phase at the first and at the last read of a message of `count`, in periods.

    Each read is 1/spacing of a period earlier in the converter's period than the one
    before; at a repeat the reads have fallen back past data-ready, so the phase is just
    below 1 there and just above 0 at the read before. Without a repeat: as predicted.
    """
    if not repeats:
        return predicted, (predicted - (count - 1) / spacing) % 1.0
    first = (repeats[0] - 0.5) / spacing
    last = 1 - (count - 0.5 - repeats[-1]) / spacing
    return first, last
