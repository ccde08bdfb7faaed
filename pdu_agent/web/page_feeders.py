# SPDX-License-Identifier: Apache-2.0
"""The second table of the page: what inlets, lines and branches carry, and how well."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from pdu_agent.model.quantities import Electrical, kilowatt_hours
from pdu_agent.model.snapshot import Branch, Fault, Inlet, Line, Meter, MeterStatus, Snapshot
from pdu_agent.web.plain import fixed, instant

HEADINGS = (
    "Feeder",
    "V",
    "A",
    "W",
    "Demand W",
    "Peak demand W",
    "THD V %",
    "THD A %",
    "Residual mA",
    "Imbalance %",
    "State",
    "kWh",
    "kWh since",
    "Reset",
)


def feeders(snapshot: Snapshot) -> str:
    """A table as HTML; empty where there are none."""
    rows: list[Inlet | Line | Branch] = [*snapshot.inlets, *snapshot.lines, *snapshot.branches]
    if not rows:
        return ""
    head = "".join(f"<th>{heading}</th>" for heading in HEADINGS)
    return f"<table><tr>{head}</tr>{''.join(_row(row) for row in rows)}</table>"


def _row(row: Inlet | Line | Branch) -> str:
    numbers = [*_numbers(row.meter), *_balance(row)]
    *counts, since = energy(row.meter)
    return (
        f"<tr><td>{escape(row.name)}</td>{_cells(numbers)}"
        f"<td>{_state(row)}</td>{_cells(counts)}<td>{since}</td></tr>"
    )


def _cells(numbers: Iterable[str]) -> str:
    return "".join(f'<td class="n">{text}</td>' for text in numbers)


def energy(meter: Meter | None) -> list[str]:
    """kWh in all, kWh since the reset, and when that was."""
    if meter is None:
        return ["-"] * 3
    counts = (meter.energy_mj, meter.user_energy_mj)
    numbers = [fixed(kilowatt_hours(energy_mj), 3) for energy_mj in counts]
    return [*numbers, instant(meter.user_since_wall_s) or "-"]


def _numbers(meter: Meter | None) -> list[str]:
    """A dash for what is missing or no longer current; the peak outlives that."""
    is_fresh = meter is not None and meter.status is MeterStatus.OK
    now = meter.electrical if meter is not None and is_fresh else Electrical()
    demand = meter.demand if meter is not None else None
    return [
        fixed(now.voltage_v, 1),
        fixed(now.current_a, 3),
        fixed(now.active_power_w, 1),
        fixed(demand.power_w if demand is not None and is_fresh else None, 1),
        fixed(demand.peak_w if demand is not None else None, 1),
        fixed(now.voltage_thd_percent, 1),
        fixed(now.current_thd_percent, 1),
    ]


def _balance(row: Inlet | Line | Branch) -> list[str]:
    """Residual current and imbalance, which inlets have."""
    if not isinstance(row, Inlet):
        return ["-", "-"]
    residual = row.residual
    current_a = None
    if residual is not None and residual.status is MeterStatus.OK:
        current_a = residual.electrical.current_a
    milliamperes = current_a * 1000 if current_a is not None else None
    return [fixed(milliamperes, 1), fixed(row.imbalance_percent, 1)]


def _state(row: Inlet | Line | Branch) -> str:
    if isinstance(row, Branch) and Fault.FUSE in row.faults:
        return "no voltage"
    if row.meter is None:
        return "not metered"
    return "clipped" if row.meter.is_clipped else row.meter.status.value
