# SPDX-License-Identifier: Apache-2.0
"""The decimation filter of a delta-sigma converter: a sinc of third order, seen at its output.

The magnitude at f is |sin(x) / x|^3 with x = pi f / output rate. TAPS reproduce it within 4e-5
up to 0.27 of the output rate, beyond the 40th harmonic of 50 Hz at 8000 samples/s. The delay,
one and a half conversions and the same on all channels, is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

AnalogInputs = Callable[[NDArray[np.float64]], NDArray[np.float32]]
"""Times in monotonic seconds -> float32[wired channels, times] volts at the inputs."""

TAPS = (0.1553732, -0.011102, 0.0019524, -0.0002235)
"""Of the conversions 1 to 4 before and behind; the middle one has what is missing from 1."""
_REACH = len(TAPS)
_KERNEL = np.array([*reversed(TAPS), 1 - 2 * sum(TAPS), *TAPS], np.float32)


def filtered(
    inputs: AnalogInputs, times_s: NDArray[np.float64], period_s: float
) -> NDArray[np.float32]:
    """float32[wired channels, times]: the inputs as conversions period_s apart show them.

    times_s: of conversions, ascending; there may be others between them.
    """
    count = len(times_s)
    offsets_s = np.arange(-_REACH, _REACH + 1) * period_s
    if round((times_s[-1] - times_s[0]) / period_s) != count - 1:
        return _sum(inputs(times_s + offset_s) for offset_s in offsets_s)
    around_s = np.concatenate(
        (times_s[0] + offsets_s[:_REACH], times_s, times_s[-1] + offsets_s[-_REACH:])
    )
    wide = inputs(around_s)
    return _sum(wide[:, first : first + count] for first in range(len(_KERNEL)))


def _sum(parts: Iterable[NDArray[np.float32]]) -> NDArray[np.float32]:
    """Each part times its place in the kernel."""
    total: NDArray[np.float32] = sum(tap * part for tap, part in zip(_KERNEL, parts, strict=True))
    return total
