# SPDX-License-Identifier: Apache-2.0
"""Energy, peaks, demand and freshness of one metering point; exact in integer millijoules."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from pdu_agent.core.metered.demand import DemandWindow
from pdu_agent.core.metered.silence import gone_after_s
from pdu_agent.core.metered.tariffs import booked
from pdu_agent.model.commands import Quantity, Reset
from pdu_agent.model.quantities import MILLIJOULES_PER_WATT_HOUR, Electrical, Quality, Spectrum
from pdu_agent.model.readings import Counter, Measurement
from pdu_agent.model.record import CounterMark, MeterRecord
from pdu_agent.model.snapshot import Demand, Meter, MeterStatus, OwnTariff, TariffRegister

_NEVER_MEASURED = Electrical()
_NOT_BELIEVED = (Quality.STALE, Quality.ABSENT)
_FIELD_OF = {
    Quantity.VOLTAGE: "voltage_v",
    Quantity.CURRENT: "current_a",
    Quantity.ACTIVE_POWER: "active_power_w",
    Quantity.APPARENT_POWER: "apparent_power_va",
    Quantity.POWER_FACTOR: "power_factor",
    Quantity.FREQUENCY: "frequency_hz",
    Quantity.RESIDUAL_CURRENT: "current_a",
}


@dataclass(frozen=True, slots=True)
class Increase:
    """By how much registers grew: mJ of active, mvar s of inductive and capacitive energy.

    reactive None: nothing measures it.
    """

    energy_mj: int
    reactive: tuple[int, int] | None

    @classmethod
    def between(cls, old: MeterRecord, new: MeterRecord) -> Increase:
        reactive = None
        if new.inductive_mvars is not None and new.capacitive_mvars is not None:
            reactive = (
                new.inductive_mvars - (old.inductive_mvars or 0),
                new.capacitive_mvars - (old.capacitive_mvars or 0),
            )
        return cls(new.energy_mj - old.energy_mj, reactive)


@dataclass(frozen=True, slots=True)
class Ledger:
    """One point: what is durable (`record`, `mark`) and what is only the newest reading.

    window: of its demand, None where it has no power. demand_w: the newest mean of it.
    demand_is_full: of a window that was measured in full. reactive_rest: the parts of the
    reactive registers below one mvar s. imbalance_percent: of the lines, where the point is an
    inlet that has some. mark: up to where the meter's own counter is in the record; they change
    together, so that whatever is stored last, nothing is missing or there twice.
    """

    record: MeterRecord
    electrical: Electrical = _NEVER_MEASURED
    sample_mono_s: float | None = None
    sample_wall_s: float | None = None
    discontinuity_s: float = 0.0
    stale: bool = False
    window: DemandWindow | None = None
    demand_w: float | None = None
    demand_is_full: bool = False
    reactive_rest: tuple[float, float] = (0.0, 0.0)
    spectrum: Spectrum | None = None
    imbalance_percent: float | None = None
    own_tariffs: tuple[OwnTariff, ...] = ()
    mark: CounterMark | None = None

    def add(
        self,
        measurement: Measurement,
        t_mono_s: float,
        wall_s: float,
        span_s: float = 0.0,
        tariff: str = "",
    ) -> Ledger:
        """The ledger after one measurement of span_s; tariff "": there are none.

        Only energy taken from the mains counts: the register never steps back, so a
        negative span (power flowing back) adds nothing. Fractions of a millijoule are
        carried over, not rounded away. A value that is no number is one that is missing.
        """
        electrical = measurement.electrical.of_numbers()
        counted, reactive_rest = self._counted(measurement)
        record = _with_peaks(counted, electrical, wall_s)
        if tariff:
            record = _with_tariff(record, tariff, Increase.between(self.record, record))
        window = self._demand_after(measurement, electrical, span_s, t_mono_s)
        demand_is_full = window is not None and window.is_full
        if window is not None and demand_is_full:
            record = _with_demand_peak(record, window.mean_w, wall_s)
        return Ledger(  # whole: `replace` takes three times as long, and each reading comes here
            record=record,
            electrical=electrical,
            sample_mono_s=t_mono_s,
            sample_wall_s=wall_s,
            discontinuity_s=self.discontinuity_s,
            window=window,
            demand_w=window.mean_w if window is not None else None,
            demand_is_full=demand_is_full,
            reactive_rest=reactive_rest,
            spectrum=self._spectrum_after(measurement, electrical),
            imbalance_percent=self.imbalance_percent,
            own_tariffs=measurement.own_tariffs,
            mark=_mark(measurement.counter, wall_s, t_mono_s),
        )

    def _spectrum_after(self, measurement: Measurement, electrical: Electrical) -> Spectrum | None:
        """The newest: only some windows bring one. Without mains there is none."""
        if electrical.frequency_hz is None:
            return None
        return measurement.spectrum or self.spectrum

    def _counted(self, measurement: Measurement) -> tuple[MeterRecord, tuple[float, float]]:
        """The record with what the span adds to its registers, and the reactive_rest."""
        record, rests = self.record, self.reactive_rest
        energy_mj, mvars = _number(measurement.energy_mj), _number(measurement.reactive_mvars)
        if mvars is None and (energy_mj is None or energy_mj <= 0):
            return record, rests
        active = record.energy_mj, record.remainder_mj
        reactive = record.inductive_mvars, record.capacitive_mvars
        if energy_mj is not None and energy_mj > 0:
            active = self._active_after(energy_mj)
        if mvars is not None:
            reactive, rests = self._reactive_after(mvars)
        return _with_registers(record, active, reactive), rests

    def _active_after(self, energy_mj: float) -> tuple[int, float]:
        """energy_mj and remainder_mj."""
        whole_mj = math.floor(energy_mj)
        remainder_mj = self.record.remainder_mj + (energy_mj - whole_mj)
        carry_mj = math.floor(remainder_mj)
        return self.record.energy_mj + whole_mj + carry_mj, remainder_mj - carry_mj

    def _reactive_after(self, mvars: float) -> tuple[tuple[int, int], tuple[float, float]]:
        """The span's reactive energy in the register of its sign, and the rest."""
        rests = self.reactive_rest
        inductive, capacitive = self.record.inductive_mvars or 0, self.record.capacitive_mvars or 0
        if mvars >= 0:
            whole = math.floor(rests[0] + mvars)
            return (inductive + whole, capacitive), (rests[0] + mvars - whole, rests[1])
        whole = math.floor(rests[1] - mvars)
        return (inductive, capacitive + whole), (rests[0], rests[1] - mvars - whole)

    def _demand_after(
        self, measurement: Measurement, electrical: Electrical, span_s: float, t_mono_s: float
    ) -> DemandWindow | None:
        if self.window is None or span_s <= 0:
            return self.window
        energy_j = None
        energy_mj = _number(measurement.energy_mj)
        if energy_mj is not None:
            energy_j = energy_mj / 1000
        elif electrical.active_power_w is not None:
            energy_j = electrical.active_power_w * span_s
        return self.window if energy_j is None else self.window.add(energy_j, span_s, t_mono_s)

    def increased(self, increase: Increase, tariff: str) -> Ledger:
        """The ledger with so much more on its registers, measured elsewhere."""
        record = replace(self.record, energy_mj=self.record.energy_mj + increase.energy_mj)
        if increase.reactive is not None:
            record = replace(
                record,
                inductive_mvars=(record.inductive_mvars or 0) + increase.reactive[0],
                capacitive_mvars=(record.capacitive_mvars or 0) + increase.reactive[1],
            )
        return replace(self, record=_with_tariff(record, tariff, increase) if tariff else record)

    def computed(
        self,
        electrical: Electrical,
        t_mono_s: float,
        wall_s: float,
        demand_w: float | None,
        is_full: bool,
    ) -> Ledger:
        """The ledger with values that were computed from others'. is_full: of their windows."""
        record = _with_peaks(self.record, electrical, wall_s)
        if is_full:
            record = _with_demand_peak(record, demand_w, wall_s)
        return replace(
            self,
            record=record,
            electrical=electrical,
            sample_mono_s=t_mono_s,
            sample_wall_s=wall_s,
            stale=False,
            demand_w=demand_w,
            demand_is_full=is_full,
        )

    def reset(self, what: Reset, wall_s: float) -> Ledger:
        """Restart the user meter and/or forget peaks; energy_mj stays."""
        record = self.record
        if what in (Reset.ENERGY, Reset.ALL):
            record = replace(record, user_zero_mj=record.energy_mj, user_since_wall_s=wall_s)
        if what in (Reset.PEAK_POWER, Reset.PEAK, Reset.ALL):
            record = replace(
                record,
                peak_power_w=None,
                peak_wall_s=None,
                peak_power_since_wall_s=wall_s,
                peak_demand_w=None,
                peak_demand_wall_s=None,
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

    def gone_absent(self) -> Ledger:
        """What was measured is too old to be shown; the registers stay."""
        return replace(self, stale=True, electrical=_NEVER_MEASURED, demand_w=None, spectrum=None)

    @property
    def is_absent(self) -> bool:
        """Silent, and without values to show?"""
        return self.stale and self.electrical.quality is Quality.ABSENT

    @property
    def is_fresh(self) -> bool:
        """Has it values to believe?"""
        return not self.stale and self.electrical.quality not in _NOT_BELIEVED

    def current_value(self, quantity: Quantity) -> float | None:
        """The newest value as thresholds watch it; None while there is none to believe."""
        if quantity is Quantity.IMBALANCE:  # of the lines, which may be fresh while it is not
            return self.imbalance_percent
        if not self.is_fresh:
            return None
        if quantity is Quantity.DEMAND:  # the mean of an inrush after a start is none to judge
            return self.demand_w if self.demand_is_full else None
        if quantity is Quantity.ENERGY:
            user_mj = self.record.energy_mj - self.record.user_zero_mj
            return user_mj / MILLIJOULES_PER_WATT_HOUR
        value: float | None = getattr(self.electrical, _FIELD_OF[quantity])
        return value

    def after_silence(self, now_s: float, since_s: float, stale_after_s: float) -> Ledger:
        """Stale, then absent, once the source is silent for too long; the same until then.

        since_s: when the agent started.
        """
        if not self.stale:
            return self.gone_stale() if now_s >= self.due_s(since_s, stale_after_s) else self
        newest_s = self.sample_mono_s if self.sample_mono_s is not None else since_s
        is_gone = now_s >= newest_s + gone_after_s(stale_after_s)
        return self.gone_absent() if is_gone and not self.is_absent else self

    def due_s(self, since_s: float, stale_after_s: float) -> float:
        """When (monotonic) the values are old, if there is no reading until then."""
        newest_s = self.sample_mono_s if self.sample_mono_s is not None else since_s
        return newest_s + stale_after_s

    def shown(self, rated_current_a: float | None, tariffs: tuple[str, ...] = ()) -> Meter:
        """The point as faces see it. tariffs: whose registers to show, in this order."""
        status = MeterStatus.OK
        if self.sample_mono_s is None:
            status = MeterStatus.FAULT if self.stale else MeterStatus.STALE
        elif self.stale:
            status = MeterStatus.FAULT if self.is_absent else MeterStatus.STALE
        record = self.record
        return Meter(
            electrical=self.electrical,
            status=status,
            energy_mj=record.energy_mj,
            user_energy_mj=record.energy_mj - record.user_zero_mj,
            user_since_wall_s=record.user_since_wall_s,
            peak_power_w=record.peak_power_w,
            peak_wall_s=record.peak_wall_s,
            discontinuity_s=self.discontinuity_s,
            sample_wall_s=self.sample_wall_s,
            rated_current_a=rated_current_a,
            peak_power_since_wall_s=record.peak_power_since_wall_s,
            peak_current_a=record.peak_current_a,
            peak_current_wall_s=record.peak_current_wall_s,
            peak_current_since_wall_s=record.peak_current_since_wall_s,
            inductive_mvars=record.inductive_mvars,
            capacitive_mvars=record.capacitive_mvars,
            demand=self._shown_demand(),
            tariffs=self._shown_tariffs(tariffs),
            spectrum=self.spectrum,
            own_tariffs=self.own_tariffs,
        )

    def _shown_demand(self) -> Demand | None:
        if self.window is None:
            return None
        return Demand(
            self.window.window_s,
            self.demand_w,
            self.record.peak_demand_w,
            self.record.peak_demand_wall_s,
            self.record.peak_power_since_wall_s,
        )

    def _shown_tariffs(self, names: tuple[str, ...]) -> tuple[TariffRegister, ...]:
        if not names:
            return ()
        rows = {row[0]: row for row in self.record.tariffs}
        return tuple(TariffRegister(*rows.get(name, (name, 0, 0, 0))) for name in names)


def _number(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _with_registers(
    record: MeterRecord, active: tuple[int, float], reactive: tuple[int | None, int | None]
) -> MeterRecord:
    """Whole, as in Ledger.add. active: energy_mj and remainder_mj."""
    energy_mj, remainder_mj = active
    inductive_mvars, capacitive_mvars = reactive
    return MeterRecord(
        energy_mj=energy_mj,
        remainder_mj=remainder_mj,
        user_zero_mj=record.user_zero_mj,
        user_since_wall_s=record.user_since_wall_s,
        peak_power_w=record.peak_power_w,
        peak_wall_s=record.peak_wall_s,
        peak_power_since_wall_s=record.peak_power_since_wall_s,
        peak_current_a=record.peak_current_a,
        peak_current_wall_s=record.peak_current_wall_s,
        peak_current_since_wall_s=record.peak_current_since_wall_s,
        inductive_mvars=inductive_mvars,
        capacitive_mvars=capacitive_mvars,
        peak_demand_w=record.peak_demand_w,
        peak_demand_wall_s=record.peak_demand_wall_s,
        tariffs=record.tariffs,
    )


def _mark(counter: Counter | None, wall_s: float, t_mono_s: float) -> CounterMark | None:
    if counter is None:
        return None
    # No finer than it matters: each digit takes room on the card.
    return CounterMark(counter.source, math.floor(wall_s), round(t_mono_s, 3), counter.numbers)


def _with_peaks(record: MeterRecord, electrical: Electrical, wall_s: float) -> MeterRecord:
    """Only what was measured in full is a peak: a clipped value is not the true one."""
    if electrical.quality is not Quality.OK:
        return record
    if _exceeds(electrical.active_power_w, record.peak_power_w):
        record = replace(record, peak_power_w=electrical.active_power_w, peak_wall_s=wall_s)
    if _exceeds(electrical.current_a, record.peak_current_a):
        record = replace(record, peak_current_a=electrical.current_a, peak_current_wall_s=wall_s)
    return record


def _with_demand_peak(record: MeterRecord, demand_w: float | None, wall_s: float) -> MeterRecord:
    if not _exceeds(demand_w, record.peak_demand_w):
        return record
    return replace(record, peak_demand_w=demand_w, peak_demand_wall_s=wall_s)


def _with_tariff(record: MeterRecord, tariff: str, increase: Increase) -> MeterRecord:
    reactive = increase.reactive or (0, 0)
    registers = booked(record.tariffs, tariff, increase.energy_mj, reactive)
    return replace(record, tariffs=registers) if registers is not record.tariffs else record


def _exceeds(value: float | None, peak: float | None) -> bool:
    return value is not None and (peak is None or value > peak)
