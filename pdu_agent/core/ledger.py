# SPDX-License-Identifier: Apache-2.0
"""Energy, peaks and freshness of one metering point; exact in integer millijoules."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from pdu_agent.model.commands import Quantity, Reset
from pdu_agent.model.quantities import MILLIJOULES_PER_WATT_HOUR, Electrical, Quality
from pdu_agent.model.readings import Measurement
from pdu_agent.model.record import MeterRecord
from pdu_agent.model.snapshot import Meter, MeterStatus

_NEVER_MEASURED = Electrical()
_FIELD_OF = {
    Quantity.VOLTAGE: "voltage_v",
    Quantity.CURRENT: "current_a",
    Quantity.ACTIVE_POWER: "active_power_w",
    Quantity.APPARENT_POWER: "apparent_power_va",
    Quantity.POWER_FACTOR: "power_factor",
    Quantity.FREQUENCY: "frequency_hz",
}


@dataclass(frozen=True, slots=True)
class Ledger:
    """One point: what is durable (`record`) and what is only the newest reading."""

    record: MeterRecord
    electrical: Electrical = _NEVER_MEASURED
    sample_mono_s: float | None = None
    sample_wall_s: float | None = None
    discontinuity_s: float = 0.0
    stale: bool = False

    def add(self, measurement: Measurement, t_mono_s: float, wall_s: float) -> Ledger:
        """The ledger after one measurement.

        Only energy taken from the mains counts: the register never steps back, so a
        negative span (power flowing back) adds nothing. Fractions of a millijoule are
        carried over, not rounded away. A value that is no number is one that is missing.
        """
        electrical = measurement.electrical.of_numbers()
        return replace(
            self,
            record=_with_peaks(self._with_energy(measurement.energy_mj), electrical, wall_s),
            electrical=electrical,
            sample_mono_s=t_mono_s,
            sample_wall_s=wall_s,
            stale=False,
        )

    def _with_energy(self, energy_mj: float | None) -> MeterRecord:
        if energy_mj is None or not math.isfinite(energy_mj) or energy_mj <= 0:
            return self.record
        whole_mj = math.floor(energy_mj)
        remainder_mj = self.record.remainder_mj + (energy_mj - whole_mj)
        carry_mj = math.floor(remainder_mj)
        return replace(
            self.record,
            energy_mj=self.record.energy_mj + whole_mj + carry_mj,
            remainder_mj=remainder_mj - carry_mj,
        )

    def reset(self, what: Reset, wall_s: float) -> Ledger:
        """Restart the user meter and/or forget peaks; energy_mj stays."""
        record = self.record
        if what in (Reset.ENERGY, Reset.ALL):
            record = replace(record, user_zero_mj=record.energy_mj, user_since_wall_s=wall_s)
        if what in (Reset.PEAK_POWER, Reset.PEAK, Reset.ALL):
            record = replace(
                record, peak_power_w=None, peak_wall_s=None, peak_power_since_wall_s=wall_s
            )
        if what in (Reset.PEAK_CURRENT, Reset.PEAK, Reset.ALL):
            record = replace(
                record,
                peak_current_a=None,
                peak_current_wall_s=None,
                peak_current_since_wall_s=wall_s,
            )
        return replace(self, record=record)

    def gone_stale(self) -> Ledger:
        """Keep the last values, but say that they are old."""
        if self.electrical.quality is Quality.ABSENT:
            return replace(self, stale=True)
        return replace(self, stale=True, electrical=replace(self.electrical, quality=Quality.STALE))

    def current_value(self, quantity: Quantity) -> float | None:
        """The newest value as thresholds watch it; None while there is none to believe."""
        if self.stale or self.electrical.quality in (Quality.STALE, Quality.ABSENT):
            return None
        if quantity is Quantity.ENERGY:
            user_mj = self.record.energy_mj - self.record.user_zero_mj
            return user_mj / MILLIJOULES_PER_WATT_HOUR
        value: float | None = getattr(self.electrical, _FIELD_OF[quantity])
        return value

    def is_overdue(self, now_s: float, since_s: float, stale_after_s: float) -> bool:
        """Has the source been silent too long? `since_s`: when the agent started."""
        newest_s = self.sample_mono_s if self.sample_mono_s is not None else since_s
        return now_s - newest_s > stale_after_s

    def shown(self, rated_current_a: float) -> Meter:
        """The point as faces see it."""
        status = MeterStatus.OK
        if self.sample_mono_s is None:
            status = MeterStatus.FAULT if self.stale else MeterStatus.STALE
        elif self.stale:
            status = MeterStatus.STALE
        return Meter(
            electrical=self.electrical,
            status=status,
            energy_mj=self.record.energy_mj,
            user_energy_mj=self.record.energy_mj - self.record.user_zero_mj,
            user_since_wall_s=self.record.user_since_wall_s,
            peak_power_w=self.record.peak_power_w,
            peak_wall_s=self.record.peak_wall_s,
            discontinuity_s=self.discontinuity_s,
            sample_wall_s=self.sample_wall_s,
            rated_current_a=rated_current_a,
            peak_power_since_wall_s=self.record.peak_power_since_wall_s,
            peak_current_a=self.record.peak_current_a,
            peak_current_wall_s=self.record.peak_current_wall_s,
            peak_current_since_wall_s=self.record.peak_current_since_wall_s,
        )


def _with_peaks(record: MeterRecord, electrical: Electrical, wall_s: float) -> MeterRecord:
    """Only what was measured in full is a peak: a clipped value is not the true one."""
    if electrical.quality is not Quality.OK:
        return record
    if _exceeds(electrical.active_power_w, record.peak_power_w):
        record = replace(record, peak_power_w=electrical.active_power_w, peak_wall_s=wall_s)
    if _exceeds(electrical.current_a, record.peak_current_a):
        record = replace(record, peak_current_a=electrical.current_a, peak_current_wall_s=wall_s)
    return record


def _exceeds(value: float | None, peak: float | None) -> bool:
    return value is not None and (peak is None or value > peak)
