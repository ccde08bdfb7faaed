# SPDX-License-Identifier: Apache-2.0
"""Sensors of the surroundings: the newest value, its extremes, and whether it can be believed."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from pdu_agent.core.metered.silence import gone_after_s
from pdu_agent.core.settings import SensorSettings
from pdu_agent.model.commands import Quantity
from pdu_agent.model.readings import SensorReading
from pdu_agent.model.record import SensorRecord
from pdu_agent.model.snapshot import Sensor, SensorStatus

_NO_EXTREMES = SensorRecord()


@dataclass(frozen=True, slots=True)
class SensorLive:
    """One sensor: what is durable (`record`) and what is only the newest reading.

    It begins as stale without a value; only a silence of stale_after_s makes that absent, and
    later in its life a longer one, see `silence`. value: the last known one while stale, None
    while there is none. error: why it is lost.
    """

    record: SensorRecord = _NO_EXTREMES
    status: SensorStatus = SensorStatus.STALE
    value: float | None = None
    sample_mono_s: float | None = None
    sample_wall_s: float | None = None
    error: str = ""

    @property
    def is_lost(self) -> bool:
        """Was it found failing or silent? Not so at start, before its first value is due."""
        return bool(self.error)

    def seen(self, reading: SensorReading, wall_s: float) -> SensorLive:
        """The sensor after a reading; one without a finite value is a fault."""
        value = reading.value
        if value is None or not math.isfinite(value):
            error = reading.error or f"the value {value} means nothing"
            return replace(self, status=SensorStatus.FAULT, value=None, error=error)
        return SensorLive(
            _with_extremes(self.record, value, wall_s),
            SensorStatus.OK,
            value,
            reading.t_mono_s,
            wall_s,
        )

    def after_silence(self, stale_after_s: float) -> SensorLive:
        """stale_after_s: how long there was no reading, for the alarm's text."""
        error = f"no value for {stale_after_s:g} s"
        if self.sample_mono_s is None:
            return replace(self, status=SensorStatus.ABSENT, error=error)
        return replace(self, status=SensorStatus.STALE, error=error)

    def is_overdue(self, now_s: float, since_s: float, stale_after_s: float) -> bool:
        """Has it just become silent for too long? `since_s`: when the agent started."""
        newest_s = self.sample_mono_s if self.sample_mono_s is not None else since_s
        return not self.is_lost and now_s - newest_s > stale_after_s

    def is_gone(self, now_s: float, stale_after_s: float) -> bool:
        """Has it been stale for so long that its value means nothing any more?"""
        if self.status is not SensorStatus.STALE or self.sample_mono_s is None:
            return False
        return self.is_lost and now_s - self.sample_mono_s > gone_after_s(stale_after_s)

    def gone_absent(self) -> SensorLive:
        return replace(self, status=SensorStatus.ABSENT, value=None)

    def reset(self, wall_s: float) -> SensorLive:
        """Forget the extremes but for the present value."""
        record = SensorRecord(extremes_since_wall_s=wall_s)
        if self.status is SensorStatus.OK and self.value is not None:
            record = _with_extremes(record, self.value, wall_s)
        return replace(self, record=record)

    def current_value(self, _quantity: Quantity, /) -> float | None:
        """As thresholds watch it; a sensor has one quantity only."""
        return self.value if self.status is SensorStatus.OK else None

    def shown(self, settings: SensorSettings) -> Sensor:
        """The sensor as faces see it."""
        return Sensor(
            index=settings.number,
            name=settings.name or f"Sensor {settings.number}",
            kind=settings.kind,
            value=self.value,
            status=self.status,
            sample_wall_s=self.sample_wall_s,
            serial=settings.serial,
            minimum=self.record.minimum,
            maximum=self.record.maximum,
            maximum_wall_s=self.record.maximum_wall_s,
            extremes_since_wall_s=self.record.extremes_since_wall_s,
        )


def _with_extremes(record: SensorRecord, value: float, wall_s: float) -> SensorRecord:
    if record.minimum is None or value < record.minimum:
        record = replace(record, minimum=value)
    if record.maximum is None or value > record.maximum:
        record = replace(record, maximum=value, maximum_wall_s=wall_s)
    return record
