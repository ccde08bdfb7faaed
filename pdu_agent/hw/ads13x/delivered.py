# SPDX-License-Identifier: Apache-2.0
"""How many samples a second really arrive, which a host may make fewer than it is told to."""

from __future__ import annotations

import logging

log = logging.getLogger(__name__)

SPAN_S = 10.0
WORTH_TELLING = 0.01  # change of the share that arrives


class Delivered:
    """real_rate_hz: samples a second over the last SPAN_S; the nominal rate before that."""

    def __init__(self, name: str) -> None:
        self.real_rate_hz = 0.0
        self._name = name
        self._told = 1.0
        self._got = self._lost = 0
        self._is_first = True

    def restart(self, rate_hz: float) -> None:
        """rate_hz: of the reads."""
        self.real_rate_hz = rate_hz
        self._got = self._lost = 0
        self._is_first = True

    def add(self, got: int, lost: int, rate_hz: float) -> None:
        """Of one block: samples, and those lost before it. Before the first one after a start
        nobody read.
        """
        self._got += got
        self._lost += 0 if self._is_first else lost
        self._is_first = False
        total = self._got + self._lost
        if total < SPAN_S * rate_hz:
            return
        share = self._got / total
        self.real_rate_hz = rate_hz * share
        if abs(share - self._told) > WORTH_TELLING:
            self._told = share
            log.warning(
                "%s: the real rate is %.0f samples/s, %.1f %% are lost",
                self._name,
                self.real_rate_hz,
                100 * (1 - share),
            )
        self._got = self._lost = 0
