# SPDX-License-Identifier: Apache-2.0
"""`openpdu` whose simulated converters play back their first second instead of computing.

Everything else is the agent as it is, so the difference in CPU is what the simulator costs.
For footprint.py; takes the arguments of the `openpdu` command.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import repository  # noqa: F401
from numpy.typing import NDArray

from pdu_agent.app.cli import main
from pdu_agent.hw.sim import converters
from pdu_agent.hw.sim.ads130e08 import SimAds130e08

RECORDED_MESSAGES = 16


class RecordedConverter(SimAds130e08):
    """Computes RECORDED_MESSAGES messages of each length, then repeats them in turn."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._tapes: dict[int, list[bytes]] = {}
        self._played = 0

    def exchange_many(self, request: bytes, starts_s: NDArray[np.float64]) -> bytes:
        tape = self._tapes.setdefault(len(starts_s), [])
        if len(tape) < RECORDED_MESSAGES:
            tape.append(super().exchange_many(request, starts_s))
            return tape[-1]
        self._played += 1
        return tape[self._played % RECORDED_MESSAGES]


if __name__ == "__main__":
    converters.SimAds130e08 = RecordedConverter  # type: ignore[misc]
    sys.exit(main())
