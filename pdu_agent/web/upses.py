# SPDX-License-Identifier: Apache-2.0
"""UPSes over the API: what they say of themselves, and whether that is still true."""

from __future__ import annotations

from pdu_agent.model.snapshot import Snapshot
from pdu_agent.model.ups import Ups, UpsFlag, UpsLine
from pdu_agent.web.plain import Plain, instant, number

WORDS = {flag: flag.name.lower().replace("_", " ") for flag in UpsFlag}


def upses(snapshot: Snapshot) -> Plain:
    """All of them, with their variables."""
    return {
        "time": instant(snapshot.t_wall_s),
        "upses": [
            {**row(ups, snapshot), "variables": dict(ups.variables)} for ups in snapshot.upses
        ],
    }


def row(ups: Ups, snapshot: Snapshot) -> Plain:
    """Flags are the last known ones while it is silent; numbers of then are none of now."""

    def now(value: float | None) -> float | None:
        return number(value) if ups.is_reachable else None

    return {
        "number": ups.index,
        "name": ups.name,
        "source": ups.source,
        "manufacturer": ups.manufacturer,
        "model": ups.model,
        "firmware": ups.firmware,
        "inlets": list(ups.inlets),
        "reachable": ups.is_reachable,
        "trouble": ups.trouble,
        "unreachable_since": _at(ups.unreachable_since_s, snapshot),
        "flags": [
            {"flag": WORDS[flag], "since": _at(ups.since_s.get(flag), snapshot)}
            for flag in UpsFlag
            if flag in ups.flags
        ],
        "on_battery_s": number(ups.on_battery_s),
        "charge_percent": now(ups.charge_pct),
        "runtime_s": now(ups.runtime_s),
        "load_percent": now(ups.load_pct),
        "battery_voltage_v": now(ups.battery_voltage_v),
        "battery_current_a": now(ups.battery_current_a),
        "battery_temperature_c": now(ups.battery_temperature_c),
        "inputs": [_line(line) for line in ups.inputs if ups.is_reachable],
        "outputs": [_line(line) for line in ups.outputs if ups.is_reachable],
        "low_charge_percent": number(ups.low_charge_pct),
        "low_runtime_s": number(ups.low_runtime_s),
        "nominal_input_v": number(ups.nominal_input_v),
        "nominal_output_v": number(ups.nominal_output_v),
        "nominal_apparent_power_va": number(ups.nominal_apparent_power_va),
        "nominal_active_power_w": number(ups.nominal_active_power_w),
        "low_transfer_v": number(ups.low_transfer_v),
        "high_transfer_v": number(ups.high_transfer_v),
    }


def _line(line: UpsLine) -> Plain:
    return {
        "voltage_v": number(line.voltage_v),
        "current_a": number(line.current_a),
        "active_power_w": number(line.active_power_w),
        "frequency_hz": number(line.frequency_hz),
    }


def _at(uptime_s: float | None, snapshot: Snapshot) -> str | None:
    """The instant of an uptime; None where it is not known."""
    if uptime_s is None:
        return None
    return instant(snapshot.t_wall_s - snapshot.uptime_s + uptime_s)
