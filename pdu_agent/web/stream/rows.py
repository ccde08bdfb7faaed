# SPDX-License-Identifier: Apache-2.0
"""What the events of a stream carry, as JSON-ready data in the shapes that openapi.yaml promises.

The readings go out each second to everybody: they hold what moves and nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence

from pdu_agent.model.control import Cap
from pdu_agent.model.quantities import watt_hours
from pdu_agent.model.snapshot import Alarm, Inlet, Line, Meter, Outlet, Sensor, Snapshot
from pdu_agent.web import resources
from pdu_agent.web.plain import Plain, instant, number


def readings(snapshot: Snapshot) -> Plain:
    """One second of the whole unit, or of what is visible of it."""
    inlets = [row.meter for row in snapshot.inlets]
    return {
        "time": instant(snapshot.t_wall_s),
        "sampled_at": instant(snapshot.sample_wall_s),
        "total": {
            "active_power_w": _sum([meter.electrical.active_power_w for meter in inlets]),
            "apparent_power_va": _sum([meter.electrical.apparent_power_va for meter in inlets]),
            "energy_wh": sum(watt_hours(meter.energy_mj) for meter in inlets) if inlets else None,
        },
        "alarms": len(snapshot.alarms),
        "inlets": [_inlet(row) for row in snapshot.inlets],
        "lines": [_line(row) for row in snapshot.lines],
        "outlets": [_outlet(row) for row in snapshot.outlets],
        "sensors": [_sensor(row) for row in snapshot.sensors],
        "caps": [_cap(row) for row in snapshot.caps],
    }


def state(row: Outlet) -> Plain:
    return {"outlet": resources.outlet(row)}


def alarm(change: str, row: Alarm) -> Plain:
    return {"change": change, "alarm": resources.alarm(row)}


def _sum(values: Sequence[float | None]) -> float | None:
    """None where a part is missing: a sum without it would be too small."""
    known = [value for value in values if value is not None]
    return number(sum(known)) if known and len(known) == len(values) else None


def _outlet(row: Outlet) -> Plain:
    meter = row.meter
    return {
        "number": row.index,
        "state": row.state.value,
        "pending": resources.pending(row),
        "quality": meter.electrical.quality.value if meter else None,
        "active_power_w": number(meter.electrical.active_power_w) if meter else None,
        "current_a": number(meter.electrical.current_a) if meter else None,
        "power_factor": number(meter.electrical.power_factor) if meter else None,
        "energy_wh": watt_hours(meter.energy_mj) if meter else None,
    }


def _inlet(row: Inlet) -> Plain:
    return {"number": row.index, **_supply(row.meter)}


def _line(row: Line) -> Plain:
    return {"number": row.index, **_supply(row.meter)}


def _supply(meter: Meter | None) -> Plain:
    """Of an inlet or a line; all None where it has no meter."""
    values = meter.electrical if meter else None
    return {
        "quality": values.quality.value if values else None,
        "voltage_v": number(values.voltage_v) if values else None,
        "current_a": number(values.current_a) if values else None,
        "active_power_w": number(values.active_power_w) if values else None,
        "apparent_power_va": number(values.apparent_power_va) if values else None,
        "power_factor": number(values.power_factor) if values else None,
        "frequency_hz": number(values.frequency_hz) if values else None,
        "energy_wh": watt_hours(meter.energy_mj) if meter else None,
    }


def _sensor(row: Sensor) -> Plain:
    return {"number": row.index, "status": row.status.value, "value": number(row.value)}


def _cap(row: Cap) -> Plain:
    """value: watts, or amperes where that is what the cap is of."""
    return {"number": row.number, "state": row.state.value, "value": number(row.value)}
