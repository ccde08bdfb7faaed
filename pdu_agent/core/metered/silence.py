# SPDX-License-Identifier: Apache-2.0
"""From when on what a silent device told last is not shown any more.

At first it is stale: the last value, marked. A manager that does not look at the mark must not
draw it as a straight line for days, so in the end there is no value.
"""

from __future__ import annotations

GONE_LIMITS = 10
LEAST_GONE_S = 60.0


def gone_after_s(stale_after_s: float) -> float:
    """Seconds of silence after which there is no value; stale_after_s: after which it is stale."""
    return max(GONE_LIMITS * stale_after_s, LEAST_GONE_S)
