# SPDX-License-Identifier: Apache-2.0
"""One thread that asks every sensor in turn; a failing one is asked again at its next turn."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pdu_agent.hw.ports import SensorSource
from pdu_agent.model.clock import Clock
from pdu_agent.model.errors import HardwareError
from pdu_agent.model.readings import SensorReading

log = logging.getLogger(__name__)

LONGEST_WAIT_S = 5.0
"""Between two beats, so that a watchdog sees the thread alive whatever the intervals are."""
STOP_TIMEOUT_S = 5.0


@dataclass(frozen=True, slots=True)
class PolledSensor:
    """interval_s: real seconds between two readings."""

    number: int
    source: SensorSource
    interval_s: float


class SensorPoller:
    """deliver(reading) is called from the thread, once per sensor and interval; a failure is
    a reading without a value.
    """

    def __init__(
        self,
        sensors: Sequence[PolledSensor],
        clock: Clock,
        deliver: Callable[[SensorReading], None],
    ) -> None:
        self.beat_s = time.monotonic()
        """When the thread last went on, in real time: what a watchdog looks at."""
        self._clock = clock
        self._deliver = deliver
        self._due_s = [(0.0, sensor) for sensor in sensors]
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sensors", daemon=True)

    def start(self) -> None:
        """Begin to ask. Once only."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread; returns within STOP_TIMEOUT_S."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(STOP_TIMEOUT_S)

    def _run(self) -> None:
        while not self._stop.is_set():
            self.beat_s = now_s = time.monotonic()
            self._due_s = [self._turn(due_s, sensor, now_s) for due_s, sensor in self._due_s]
            next_s = min(due_s for due_s, _ in self._due_s)
            self._stop.wait(min(LONGEST_WAIT_S, max(0.0, next_s - time.monotonic())))

    def _turn(self, due_s: float, sensor: PolledSensor, now_s: float) -> tuple[float, PolledSensor]:
        """Read the sensor if it is due; when it will be due next."""
        if now_s < due_s:
            return due_s, sensor
        self._deliver(self._read(sensor))
        self.beat_s = time.monotonic()  # many slow sensors make a long round, not a stuck one
        return now_s + sensor.interval_s, sensor

    def _read(self, sensor: PolledSensor) -> SensorReading:
        value: float | None = None
        error = ""
        try:
            value = sensor.source.read()
        except HardwareError as exc:
            error = str(exc)
        except Exception as exc:
            log.exception("sensor %d: unexpected error, treated as a fault", sensor.number)
            error = repr(exc)
        return SensorReading(sensor.number, self._clock.monotonic_s(), value, error)
