# SPDX-License-Identifier: Apache-2.0
"""input.*: inlets, their lines, and the branches behind them.

NUT knows one input. A unit with one inlet shows it there; one with several shows what can be added
there, and each of them as experimental.input.N.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from pdu_agent.core.settings import InletSettings
from pdu_agent.model.commands import Command, ConfigureInlet, InletSetting
from pdu_agent.model.snapshot import Branch, Inlet, Line, Snapshot
from pdu_agent.nut.names.measured import (
    CREST,
    CURRENT,
    POWER,
    VOLTAGE,
    Point,
    electrical,
    energy_row,
    is_current,
)
from pdu_agent.nut.names.row import Row, Table, Write, number, octets, shown


def input_prefix(snapshot: Snapshot, inlet: int) -> str:
    """Of the inlet with this number."""
    return "input." if len(snapshot.inlets) == 1 else f"experimental.input.{inlet}."


def line_prefix(snapshot: Snapshot, line: Line) -> str:
    """Of its current and power, as in input.L1."""
    return f"{input_prefix(snapshot, line.inlet)}{line.line.upper()}."


def line_voltage_prefix(snapshot: Snapshot, line: Line) -> str:
    """Voltage is measured against neutral, and NUT says so: input.L1-N."""
    return f"{input_prefix(snapshot, line.inlet)}{line.line.upper()}-N."


def load(point: Point) -> str | None:
    """Percent of what it is rated for."""
    amperes, rated_a = point[1].electrical.current_a, point[1].rated_current_a
    return None if amperes is None or not rated_a else f"{100 * amperes / rated_a:.0f}"


def _inlet_named(inlet: Inlet, text: str) -> Command:
    return ConfigureInlet(inlet.index, InletSetting.NAME, text)


def _inlets(snapshot: Snapshot) -> Iterator[tuple[str, Inlet]]:
    for inlet in snapshot.inlets:
        yield input_prefix(snapshot, inlet.index), inlet


def _residual(inlet: Inlet) -> str | None:
    meter = inlet.residual
    return number(meter.electrical.current_a, 4) if is_current(meter) else None


INLETS: Table[Inlet] = Table(
    "input.",
    _inlets,
    (
        Row(
            "feed.desc",
            lambda inlet: shown(inlet.name),
            "name of the inlet",
            write=Write(_inlet_named, max_octets=octets(InletSettings, "name")),
        ),
        Row("phases", lambda inlet: str(inlet.line_count), "phase conductors"),
        Row(
            "voltage.nominal", lambda inlet: number(inlet.nominal_voltage_v, 0), "of the mains", "V"
        ),
        Row(
            "current.nominal",
            lambda inlet: number(inlet.meter.rated_current_a, 1),
            "what it is rated for",
            "A",
        ),
    ),
)


def _own_prefix(prefix: str) -> str:
    return prefix if prefix.startswith("experimental.") else f"experimental.{prefix}"


INLETS_OWN: Table[Inlet] = Table(
    "experimental.input.",
    lambda snapshot: ((_own_prefix(prefix), inlet) for prefix, inlet in _inlets(snapshot)),
    (
        Row("residual.current", _residual, "what does not come back through neutral", "A"),
        Row(
            "imbalance",
            lambda inlet: number(inlet.imbalance_percent, 0),
            "largest deviation of a line's current from their mean",
            "%",
        ),
    ),
)


def _metered_inlets(snapshot: Snapshot) -> Iterator[tuple[str, Point]]:
    for prefix, inlet in _inlets(snapshot):
        if is_current(inlet.meter):
            yield prefix, (inlet.index, inlet.meter)


INLET_METERS: Table[Point] = Table(
    "input.",
    _metered_inlets,
    (
        VOLTAGE,
        Row("frequency", electrical(lambda values: values.frequency_hz, 2), "of the mains", "Hz"),
        *CURRENT,
        *POWER,
        CREST,
        Row("load", load, "current, of what the inlet is rated for", "%"),
    ),
)
INLET_ENERGY: Table[Point] = Table(
    "experimental.input.",
    lambda snapshot: (
        (_own_prefix(prefix), (inlet.index, inlet.meter)) for prefix, inlet in _inlets(snapshot)
    ),
    (energy_row(),),
)


def _sum(read: Callable[[Inlet], float | None]) -> Callable[[Snapshot], str | None]:
    """None unless every inlet is measured now: part of a sum is a wrong one."""

    def total(snapshot: Snapshot) -> str | None:
        values = [read(each) if is_current(each.meter) else None for each in snapshot.inlets]
        known = [value for value in values if value is not None]
        return number(sum(known), 1) if len(known) == len(values) else None

    return total


SUMS: Table[Snapshot] = Table(
    "input.",
    lambda snapshot: (("input.", snapshot),) if len(snapshot.inlets) > 1 else (),
    (
        Row(
            "realpower",
            _sum(lambda inlet: inlet.meter.electrical.active_power_w),
            "sum of the inlets, where there are several",
            "W",
        ),
        Row(
            "power",
            _sum(lambda inlet: inlet.meter.electrical.apparent_power_va),
            "sum of the inlets, where there are several",
            "VA",
        ),
    ),
)


def _lines(
    prefix_of: Callable[[Snapshot, Line], str],
) -> Callable[[Snapshot], Iterator[tuple[str, Point]]]:
    def metered(snapshot: Snapshot) -> Iterator[tuple[str, Point]]:
        for line in snapshot.lines:
            if is_current(line.meter):
                yield prefix_of(snapshot, line), (line.index, line.meter)

    return metered


LINE_METERS: Table[Point] = Table(
    "input.Lx.",
    _lines(line_prefix),
    (*CURRENT, *POWER, Row("load", load, "current, of what the line is rated for", "%")),
)
LINE_VOLTAGES: Table[Point] = Table("input.Lx-N.", _lines(line_voltage_prefix), (VOLTAGE,))
LINES: Table[Line] = Table(
    "input.Lx.",
    lambda snapshot: ((line_prefix(snapshot, line), line) for line in snapshot.lines),
    (
        Row(
            "current.nominal",
            lambda line: number(line.rated_current_a, 1),
            "what it is rated for",
            "A",
        ),
    ),
)

BRANCHES: Table[Branch] = Table(
    "experimental.branch.N.",
    lambda snapshot: (
        (f"experimental.branch.{branch.index}.", branch) for branch in snapshot.branches
    ),
    (
        Row("name", lambda branch: shown(branch.name), "name of the fuse or breaker"),
        Row(
            "current.nominal",
            lambda branch: number(branch.rated_current_a, 1),
            "what it is rated for",
            "A",
        ),
    ),
)


def _metered_branches(snapshot: Snapshot) -> Iterator[tuple[str, Point]]:
    for branch in snapshot.branches:
        if is_current(branch.meter):
            yield f"experimental.branch.{branch.index}.", (branch.index, branch.meter)


BRANCH_METERS: Table[Point] = Table(
    "experimental.branch.N.", _metered_branches, (VOLTAGE, *CURRENT, *POWER)
)
