# SPDX-License-Identifier: Apache-2.0
"""How often a stranger may make us say that someone knocked with a wrong key.

The source of a datagram can be forged, so the sources that are remembered are bounded, and so
is the number of notifications, whatever the sources.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

SOURCE_INTERVAL_S = 10.0
"""Between two notifications that are due to the same source."""
INTERVAL_S = 1.0
"""Between two notifications that are due to anybody."""
MAX_SOURCES = 256


class AuthFailureLimit:
    """Picks the failures that are told."""

    def __init__(self, monotonic_s: Callable[[], float]) -> None:
        self._monotonic_s = monotonic_s
        self._told_s: OrderedDict[str, float] = OrderedDict()
        self._quiet_until_s = float("-inf")

    def admits(self, host: str) -> bool:
        """Whether a failure that happens now, from this numeric address, is to be told."""
        now_s = self._monotonic_s()
        if now_s < self._quiet_until_s:
            return False
        if now_s - self._told_s.get(host, float("-inf")) < SOURCE_INTERVAL_S:
            return False
        self._quiet_until_s = now_s + INTERVAL_S
        self._told_s[host] = now_s
        self._told_s.move_to_end(host)
        if len(self._told_s) > MAX_SOURCES:
            self._told_s.popitem(last=False)
        return True
