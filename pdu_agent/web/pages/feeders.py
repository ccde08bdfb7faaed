# SPDX-License-Identifier: Apache-2.0
"""What inlets, lines and branches carry, and how well, as rows of one table."""

from __future__ import annotations

from dataclasses import dataclass

from pdu_agent.model.quantities import Electrical
from pdu_agent.model.snapshot import Branch, Fault, Inlet, Line, Meter, MeterStatus, Snapshot
from pdu_agent.web.pages.outlet_view import now_of

Row = Inlet | Line | Branch


@dataclass(frozen=True, slots=True)
class Feeder:
    """live: its key in the readings, empty where the stream has none. demand_w: of now, peak_w: the
    highest, which outlives the meter. residual_ma, imbalance_percent: of inlets. state: its text
    and the kind of its badge.
    """

    row: Row
    live: str
    now: Electrical
    rated_a: float | None
    demand_w: float | None
    peak_w: float | None
    residual_ma: float | None
    imbalance_percent: float | None
    state: tuple[str, str]


def feeders(snapshot: Snapshot) -> list[Feeder]:
    rows: list[Row] = [*snapshot.inlets, *snapshot.lines, *snapshot.branches]
    return [_feeder(row) for row in rows]


def _feeder(row: Row) -> Feeder:
    meter = row.meter
    demand = meter.demand if meter is not None else None
    is_fresh = meter is not None and meter.status is MeterStatus.OK
    return Feeder(
        row,
        _live(row),
        now_of(meter),
        row.meter.rated_current_a if isinstance(row, Inlet) else row.rated_current_a,
        demand.power_w if demand is not None and is_fresh else None,
        demand.peak_w if demand is not None else None,
        _residual_ma(row),
        row.imbalance_percent if isinstance(row, Inlet) else None,
        _state(row, meter),
    )


def _live(row: Row) -> str:
    kinds = {Inlet: "inlet", Line: "line"}
    kind = kinds.get(type(row))
    return f"{kind}:{row.index}" if kind is not None else ""


def _residual_ma(row: Row) -> float | None:
    if not isinstance(row, Inlet):
        return None
    current_a = now_of(row.residual).current_a
    return current_a * 1000 if current_a is not None else None


def _state(row: Row, meter: Meter | None) -> tuple[str, str]:
    if isinstance(row, Branch) and Fault.FUSE in row.faults:
        return "no voltage", "fault"
    if meter is None:
        return "not metered", "info"
    if meter.is_clipped:
        return "clipped", "warning"
    return meter.status.value, "ok" if meter.status is MeterStatus.OK else "fault"
