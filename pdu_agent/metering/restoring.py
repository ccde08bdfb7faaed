# SPDX-License-Identifier: Apache-2.0
"""The primary current out of a current transformer's secondary current.

A transformer lacks on its secondary what magnetises its core: it is a first-order high-pass,
H = 1 / (1 - j fc / f). The inverse, 1 - j fc / f, is the current plus 2 pi fc times its
integral; done sample by sample it holds for every harmonic and for a frequency that drifts.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


class Restorer:
    """Adds the missing magnetising current to the rows of those channels that have a corner."""

    def __init__(self, corners_hz: Sequence[float]) -> None:
        """corners_hz: for each row, 0 for none."""
        corners = np.array(corners_hz)
        self._rows = np.flatnonzero(corners)
        self._factors = math.tau * corners[self._rows, None]

    def restore(
        self, rows: NDArray[np.float32], means: NDArray[np.float64], rate_hz: float
    ) -> None:
        """Correct in place. rows: float32[rows, n] codes. means: float64[rows], their DC, which
        is left out of the integral. What the integral adds has a mean of its own.
        """
        if not len(self._rows):
            return
        part = rows[self._rows] - means[self._rows, None]
        integral = np.cumsum(part, axis=1)
        integral -= part / 2  # up to the middle of each sample
        integral *= self._factors / rate_hz
        rows[self._rows] += integral

    @property
    def idle(self) -> bool:
        """No row needs it."""
        return not len(self._rows)
