# SPDX-License-Identifier: Apache-2.0
"""The air around the simulated unit: what sensors feel, slowly moving or as a script says."""

from __future__ import annotations

import math
from collections.abc import Callable

from pdu_agent.model.clock import Clock
from pdu_agent.model.snapshot import SensorKind

_SLOW_S, _FAST_S = 900.0, 70.0  # the room, and the load next to the sensor
_MEAN_AND_SWING = {
    SensorKind.TEMPERATURE: (38.0, 4.0),
    SensorKind.HUMIDITY: (45.0, -8.0),  # warmer air is drier
    SensorKind.PRESSURE: (1010.0, 20.0),
}


class Surroundings:
    """Temperatures stay within 33 to 43 Celsius, humidities within 35 to 55 %, pressures
    within 990 to 1030 hPa; contacts are open. Every sensor is a little apart from the next.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._said: dict[int, float] = {}

    def feeling(self, sensor: int, kind: SensorKind) -> Callable[[], float]:
        """What the sensor of that number feels at the moment, in the unit of its kind."""
        return lambda: self._value(sensor, kind)

    def unsaid(self, sensor: int, kind: SensorKind) -> Callable[[], float]:
        """The same, whatever a script says."""
        return lambda: self._by_itself(sensor, kind)

    def say(self, sensor: int, value: float | None) -> None:
        """Let it feel this from now on; None: the surroundings again."""
        if value is None:
            self._said.pop(sensor, None)
        else:
            self._said[sensor] = value

    def _value(self, sensor: int, kind: SensorKind) -> float:
        said = self._said.get(sensor)
        return said if said is not None else self._by_itself(sensor, kind)

    def _by_itself(self, sensor: int, kind: SensorKind) -> float:
        mean, swing = _MEAN_AND_SWING.get(kind, (0.0, 0.0))
        t_s = self._clock.monotonic_s() + 40.0 * (sensor - 1)
        wave = 0.8 * math.sin(math.tau * t_s / _SLOW_S) + 0.2 * math.sin(math.tau * t_s / _FAST_S)
        return mean + swing * wave
