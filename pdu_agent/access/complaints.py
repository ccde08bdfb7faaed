# SPDX-License-Identifier: Apache-2.0
"""One log line now and then for something that a stranger can make happen at will."""

from __future__ import annotations

import logging
from collections.abc import Callable


class Complaints:
    """Counts everything, logs the first and then at most one line per interval."""

    def __init__(
        self,
        log: logging.Logger,
        what: str,
        monotonic_s: Callable[[], float],
        interval_s: float = 60.0,
    ) -> None:
        self._log = log
        self._what = what
        self._monotonic_s = monotonic_s
        self._interval_s = interval_s
        self._silent_until_s = float("-inf")
        self._unreported = 0

    def add(self, source: str, reason: str, exc_info: bool = False) -> None:
        """Note one more, `reason` from `source`; exc_info adds the traceback being handled."""
        self._unreported += 1
        now_s = self._monotonic_s()
        if now_s < self._silent_until_s:
            return
        self._log.warning(
            "%d %s, the last from %s: %s",
            self._unreported,
            self._what,
            source,
            reason,
            exc_info=exc_info,
        )
        self._unreported = 0
        self._silent_until_s = now_s + self._interval_s
