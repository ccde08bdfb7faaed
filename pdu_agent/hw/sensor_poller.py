# SPDX-License-Identifier: Apache-2.0
"""Asks every sensor in turn and tells the core what it got."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pdu_agent.hw.dropped_sample import DroppedSample
from pdu_agent.hw.ports import SensorSource
from pdu_agent.hw.rounds import Rounds, Visit
from pdu_agent.model.clock import Clock
from pdu_agent.model.errors import HardwareError
from pdu_agent.model.readings import SensorReading

log = logging.getLogger(__name__)

TOLERATED_FAILURES = 1
"""A transfer that was disturbed is no sensor that is gone: it is asked again within a second or two
before anybody is told."""


@dataclass(frozen=True, slots=True)
class PolledSensor:
    """place: sensors that have it in common are asked one after the other, others meanwhile.
    interval_s: real seconds between two readings. stale_after_s: how long a sensor that works
    again may stay unnoticed at most.
    """

    number: int
    source: SensorSource
    interval_s: float
    place: str = ""
    stale_after_s: float = 30.0


class SensorPoller:
    """deliver(reading) is called from the threads, once per sensor and interval; a failure
    that repeats is a reading without a value, and a dropped sample is none while it is tolerated.
    """

    def __init__(
        self,
        sensors: Sequence[PolledSensor],
        clock: Clock,
        deliver: Callable[[SensorReading], None],
    ) -> None:
        self._rounds = Rounds(
            "sensors",
            [
                Visit(
                    sensor.place,
                    _Asked(sensor, clock, deliver),
                    sensor.interval_s,
                    sensor.stale_after_s,
                )
                for sensor in sensors
            ],
        )
        self.start = self._rounds.start
        self.stop = self._rounds.stop

    @property
    def beat_s(self) -> float:
        """As `Rounds` has it."""
        return self._rounds.beat_s


class _Asked:
    """One sensor; calling it takes one reading and tells whether there was a value."""

    def __init__(
        self, sensor: PolledSensor, clock: Clock, deliver: Callable[[SensorReading], None]
    ) -> None:
        self._sensor = sensor
        self._clock = clock
        self._deliver = deliver
        self._failures = 0
        """In a row."""
        self._rejected = 0
        """Since the last reading that was delivered."""

    def __call__(self) -> bool:
        value: float | None = None
        error = ""
        try:
            value = self._sensor.source.read()
            self._failures = 0
        except HardwareError as exc:
            self._failures += 1
            self._rejected += 1
            log.debug("sensor %d: %s", self._sensor.number, exc)
            if self._is_tolerated(exc):
                return False
            error = str(exc)
        except Exception as exc:
            log.exception("sensor %d: unexpected error, treated as a fault", self._sensor.number)
            error = repr(exc)
        rejected, self._rejected = self._rejected, 0
        now_s = self._clock.monotonic_s()
        self._deliver(SensorReading(self._sensor.number, now_s, value, error, rejected))
        return value is not None

    def _is_tolerated(self, error: HardwareError) -> bool:
        if isinstance(error, DroppedSample):
            return error.tolerated is None or self._failures <= error.tolerated
        return self._failures <= TOLERATED_FAILURES
