# SPDX-License-Identifier: Apache-2.0
"""The newest snapshot: made when somebody asks for it, and not before something has changed."""

from __future__ import annotations

import math
from dataclasses import replace

from pdu_agent.core.metered.counting import counted
from pdu_agent.core.publish import Publisher
from pdu_agent.model.clock import Clock
from pdu_agent.model.host import HostStatus
from pdu_agent.model.snapshot import Health, Snapshot

SNAPSHOT_AGE_S = 0.2
"""A snapshot with a countdown or an uptime in it is renewed when it is older than this."""


class CurrentSnapshot:
    """health, host, topology: of the agent and its board; what the rest shows is the publisher's.

    reading_lag_s: so long it may go without a reading that came; see Core.on_reading.
    """

    def __init__(self, clock: Clock, boots: int, reading_lag_s: float) -> None:
        self.health = Health(engine_boots=boots)
        self.host: HostStatus | None = None
        self.topology = 0
        self._config_changed_s = 0.0
        self._clock = clock
        self._start_s = clock.monotonic_s()
        self._reading_lag_s = reading_lag_s
        self._behind_since_s = math.inf
        """Since when (monotonic) there is a reading that the snapshot does not show."""
        self._snapshot: Snapshot | None = None

    def get(self, publisher: Publisher) -> Snapshot:
        now_s = self._clock.monotonic_s()
        if self._snapshot is None or self._is_old(self._snapshot, now_s):
            self._snapshot = self._made(publisher, now_s)
        return self._snapshot

    def renewed(self, publisher: Publisher) -> Snapshot:
        """The same with every reading that has come."""
        if self._behind_since_s < math.inf:
            self._snapshot = None
        return self.get(publisher)

    def outdate(self) -> None:
        """Something has changed that the next who asks is to see."""
        self._snapshot = None

    def add_reading(self) -> None:
        """A reading came: seen reading_lag_s from now at the latest."""
        self._behind_since_s = min(self._behind_since_s, self._clock.monotonic_s())

    def count(self, source: str, errors: int = 0, rejected: int = 0, lost_samples: int = 0) -> None:
        """Add to what the health tells of a source."""
        self.health = counted(
            self.health, source, errors=errors, rejected=rejected, lost_samples=lost_samples
        )

    def note_loop_lag(self, lag_s: float) -> None:
        """The event loop was late by so much."""
        self.health = replace(self.health, loop_lag_s=lag_s)

    def note_config(self) -> None:
        """The configuration has changed now."""
        self._config_changed_s = self.uptime_s()

    def uptime_s(self) -> float:
        return self._clock.monotonic_s() - self._start_s

    def _is_old(self, snapshot: Snapshot, now_s: float) -> bool:
        behind_s = now_s - self._behind_since_s
        return now_s - snapshot.t_mono_s > SNAPSHOT_AGE_S or behind_s >= self._reading_lag_s

    def _made(self, publisher: Publisher, now_s: float) -> Snapshot:
        self._behind_since_s = math.inf
        return publisher.snapshot(
            now_s,
            self._clock.wall_s(),
            self.uptime_s(),
            self.health,
            self._config_changed_s,
            self.topology,
            self.host,
        )
