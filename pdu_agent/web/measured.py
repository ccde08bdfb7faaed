# SPDX-License-Identifier: Apache-2.0
"""What is measured as JSON: meters, and the inlets, lines and branches that have them."""

from __future__ import annotations

from pdu_agent.model.inrush import CYCLES_BEFORE, SwitchOn
from pdu_agent.model.quantities import Electrical, watt_hours
from pdu_agent.model.snapshot import Branch, Demand, Inlet, Line, Meter, OwnTariff, TariffRegister
from pdu_agent.web.plain import Plain, instant, number, words

_MVAR_SECONDS_PER_VAR_HOUR = 3_600_000


def _electrical(values: Electrical) -> Plain:
    return {
        "quality": values.quality.value,
        "voltage_v": number(values.voltage_v),
        "current_a": number(values.current_a),
        "active_power_w": number(values.active_power_w),
        "apparent_power_va": number(values.apparent_power_va),
        "reactive_power_var": number(values.reactive_power_var),
        "power_factor": number(values.power_factor),
        "frequency_hz": number(values.frequency_hz),
        "crest_factor": number(values.crest_factor),
        "voltage_thd_percent": number(values.voltage_thd_percent),
        "current_thd_percent": number(values.current_thd_percent),
    }


def energy_of(meter: Meter) -> Plain:
    return {**registers(meter), "demand": _demand(meter.demand) if meter.demand else None}


def registers(meter: Meter) -> Plain:
    """What is counted: most of it stays as it was from one reading to the next."""
    return {
        "energy_wh": watt_hours(meter.energy_mj),
        "user_energy_wh": watt_hours(meter.user_energy_mj),
        "user_energy_since": instant(meter.user_since_wall_s),
        "peak_power_w": number(meter.peak_power_w),
        "peak_at": instant(meter.peak_wall_s),
        "peak_since": instant(meter.peak_power_since_wall_s),
        "peak_current_a": number(meter.peak_current_a),
        "peak_current_at": instant(meter.peak_current_wall_s),
        "peak_current_since": instant(meter.peak_current_since_wall_s),
        "inductive_varh": _var_hours(meter.inductive_mvars),
        "capacitive_varh": _var_hours(meter.capacitive_mvars),
        "tariffs": [_tariff(row) for row in meter.tariffs],
        "own_tariffs": [_own_tariff(row) for row in meter.own_tariffs],
    }


def _demand(row: Demand) -> Plain:
    return {
        "window_s": number(row.window_s),
        "power_w": number(row.power_w),
        "peak_w": number(row.peak_w),
        "peak_at": instant(row.peak_wall_s),
        "peak_since": instant(row.peak_since_wall_s),
    }


def _tariff(row: TariffRegister) -> Plain:
    return {
        "name": row.tariff,
        "energy_wh": watt_hours(row.energy_mj),
        "inductive_varh": _var_hours(row.inductive_mvars),
        "capacitive_varh": _var_hours(row.capacitive_mvars),
    }


def _own_tariff(row: OwnTariff) -> Plain:
    return {
        "number": row.number,
        "energy_wh": watt_hours(row.energy_mj) if row.energy_mj is not None else None,
        "reactive_varh": _var_hours(row.reactive_mvars),
    }


def _var_hours(mvars: int | None) -> int | None:
    """Whole var-hours in millivar seconds, rounded down like energy."""
    return None if mvars is None else mvars // _MVAR_SECONDS_PER_VAR_HOUR


def with_spectrum(plain: Plain, meter: Meter | None) -> Plain:
    """The resource with the harmonics 1 to 40 of its meter, as only a single one is shown."""
    if meter is None or meter.spectrum is None:
        return plain
    spectrum = {
        "voltage_v": [number(value) for value in meter.spectrum.voltage_v],
        "current_a": [number(value) for value in meter.spectrum.current_a],
    }
    return {**plain, "meter": {**plain["meter"], "spectrum": spectrum}}


def meter_of(meter: Meter) -> Plain:
    return {**momentary(meter), **registers(meter)}


def momentary(meter: Meter) -> Plain:
    """What each reading makes anew."""
    return {
        "status": meter.status.value,
        **_electrical(meter.electrical),
        "demand": _demand(meter.demand) if meter.demand else None,
        "rated_current_a": number(meter.rated_current_a),
        "sampled_at": instant(meter.sample_wall_s),
    }


def inlet(row: Inlet) -> Plain:
    return {
        "number": row.index,
        "name": row.name,
        "line_count": row.line_count,
        "nominal_voltage_v": number(row.nominal_voltage_v),
        "overload_restriction": row.overload_restriction.value,
        "meter": meter_of(row.meter),
        "residual": _residual(row.residual) if row.residual else None,
        "imbalance_percent": number(row.imbalance_percent),
        "unaccounted_w": number(row.unaccounted_w),
    }


def _residual(row: Meter) -> Plain:
    return {
        "status": row.status.value,
        "quality": row.electrical.quality.value,
        "current_a": number(row.electrical.current_a),
        "peak_current_a": number(row.peak_current_a),
        "peak_current_at": instant(row.peak_current_wall_s),
        "sampled_at": instant(row.sample_wall_s),
    }


def line(row: Line) -> Plain:
    return {
        "number": row.index,
        "name": row.name,
        "inlet": row.inlet,
        "line": row.line,
        "rated_current_a": number(row.rated_current_a),
        "meter": meter_of(row.meter) if row.meter else None,
    }


def branch(row: Branch) -> Plain:
    return {
        "number": row.index,
        "name": row.name,
        "inlet": row.inlet,
        "line": row.line,
        "rated_current_a": number(row.rated_current_a),
        "overload_restriction": row.overload_restriction.value,
        "faults": words(row.faults),
        "meter": meter_of(row.meter) if row.meter else None,
    }


def inrush(row: SwitchOn) -> Plain:
    """rms_by_cycle_a: the first `cycles_before` of them are from before the current rose."""
    return {
        "number": row.outlet,
        "switched_on_at": instant(row.t_wall_s),
        "peak_a": number(row.peak_a),
        "peak_over_rms": number(row.peak_over_rms),
        "clipped": row.clipped,
        "cycles_before": CYCLES_BEFORE,
        "rms_by_cycle_a": [number(value) for value in row.rms_by_cycle_a],
        "rate_hz": number(row.rate_hz),
        "first_s": number(row.first_s),
        "voltage_v": [number(value) for value in row.voltage_v],
        "current_a": [number(value) for value in row.current_a],
    }
