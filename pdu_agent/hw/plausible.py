# SPDX-License-Identifier: Apache-2.0
"""Values of a sensor that can be true: within the part's range, and no jump that nobody repeats.

A checksum sees most of what a long cable does to a value; some parts have none, and some are
read by the kernel, which passes on what it got.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from pdu_agent.hw.dropped_sample import DroppedSample
from pdu_agent.hw.ports import SensorSource
from pdu_agent.model.errors import HardwareError
from pdu_agent.model.snapshot import SensorKind

Range = tuple[float, float]

LARGEST_STEP: Mapping[SensorKind, float] = {
    SensorKind.TEMPERATURE: 10.0,
    SensorKind.HUMIDITY: 20.0,
}
"""Between two samples, in Celsius and percent; more has to be seen twice."""
RANGES: Mapping[SensorKind, Range] = {
    SensorKind.TEMPERATURE: (-100.0, 200.0),
    SensorKind.HUMIDITY: (0.0, 100.0),
    SensorKind.PRESSURE: (300.0, 1250.0),
}
"""For drivers that do not know their part."""


def require_possible(kind: SensorKind, value: float, allowed: Range) -> None:
    """Raises HardwareError for what the part cannot give."""
    low, high = allowed
    if not low <= value <= high:  # NaN is not within either
        raise HardwareError(
            kind.value, "read", f"{value:g} cannot be; the sensor gives {low:g} to {high:g}"
        )


class PlausibleSensor:
    """A SensorSource around another one.

    allowed: lowest and highest value of the part; by default what the kind can have at all.
    """

    def __init__(
        self, source: SensorSource, kind: SensorKind, allowed: Range | None = None
    ) -> None:
        self._source = source
        self._kind = kind
        self._allowed = allowed or RANGES.get(kind, (-math.inf, math.inf))
        self._largest_step = LARGEST_STEP.get(kind, math.inf)
        self._believed: float | None = None
        self._doubted: float | None = None

    def read(self) -> float:
        """Raises HardwareError for what the part cannot give and DroppedSample for a jump that
        the sample before it did not make, and what the source raises.
        """
        value = self._source.read()
        try:
            require_possible(self._kind, value, self._allowed)
        except HardwareError:
            self._doubted = None
            raise
        if self._believed is None or self._near(self._believed, value):
            self._believed, self._doubted = value, None
            return value
        if self._doubted is None or not self._near(self._doubted, value):
            before, self._doubted = self._believed, value
            raise DroppedSample(
                self._kind.value, "read", f"{value:g} after {before:g} is not believed yet"
            )
        self._believed, self._doubted = value, None
        return value

    def _near(self, one: float, other: float) -> bool:
        return abs(one - other) <= self._largest_step
