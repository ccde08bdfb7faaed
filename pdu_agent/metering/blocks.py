# SPDX-License-Identifier: Apache-2.0
"""The unit in which samples travel from a converter to its meter."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class SampleBlock:
    """Consecutive samples of one converter, free of repeats; it never leaves its thread.

    counts: int32[channels, samples], C-contiguous, raw converter codes.
    rate_hz: nominal sampling rate. t_mono_s: time of the first sample on the host's
    monotonic clock (good to some frame periods). seq: grows by one per block.
    lost_samples: the source's own estimate (from host time, so +-1 or worse) of how many
    samples were lost between the previous block and this one; 0 for none.
    clipped: bit n set when channel n touched the converter's limits in this block.
    """

    counts: NDArray[np.int32]
    rate_hz: float
    t_mono_s: float
    seq: int
    lost_samples: int = 0
    clipped: int = 0
