# SPDX-License-Identifier: Apache-2.0
"""Thresholds: NAME.status, NAME.low.critical and so on, of current, voltage and sensors.

NUT has no names for thresholds of power, energy and the like; they are on the other faces.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from pdu_agent.model.commands import Command, Limit, Quantity, SetLimit, Target, TargetKind
from pdu_agent.model.snapshot import Snapshot, Threshold, ThresholdState
from pdu_agent.nut.names.ambient_rows import default_sensors
from pdu_agent.nut.names.input_rows import input_prefix, line_prefix, line_voltage_prefix
from pdu_agent.nut.names.row import Row, Table, Write, decimal, number

DECIMALS = {
    Quantity.CURRENT: 2,
    Quantity.VOLTAGE: 1,
    Quantity.TEMPERATURE: 1,
    Quantity.HUMIDITY: 1,
}
"""Of what NUT has names for, which are those of the quantities."""

STATUS_WORDS = {
    ThresholdState.NORMAL: "good",
    ThresholdState.LOW_CRITICAL: "critical-low",
    ThresholdState.LOW_WARNING: "warning-low",
    ThresholdState.HIGH_WARNING: "warning-high",
    ThresholdState.HIGH_CRITICAL: "critical-high",
}


def limits_of(snapshot: Snapshot) -> Iterator[tuple[str, Threshold]]:
    """The rows that NUT has names for, each with the name of its quantity and a dot."""
    prefixes = _Prefixes(snapshot)
    for row in snapshot.thresholds:
        if row.quantity in DECIMALS:
            for prefix in prefixes.of(row.target, row.quantity):
                yield f"{prefix}{row.quantity.value}.", row


class _Prefixes:
    """Where the values of a target are."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._lines = {line.index: line for line in snapshot.lines}
        self._defaults = [sensor.index for sensor in default_sensors(snapshot)]

    def of(self, target: Target, quantity: Quantity) -> Iterator[str]:
        number = target.index
        if target.kind is TargetKind.OUTLET:
            yield f"outlet.{number}."
        elif target.kind is TargetKind.INLET:
            yield input_prefix(self._snapshot, number)
        elif target.kind is TargetKind.LINE and number in self._lines:
            is_voltage = quantity is Quantity.VOLTAGE
            prefix_of = line_voltage_prefix if is_voltage else line_prefix
            yield prefix_of(self._snapshot, self._lines[number])
        elif target.kind is TargetKind.BRANCH:
            yield f"experimental.branch.{number}."
        elif target.kind is TargetKind.GROUP:
            yield f"outlet.group.{number}."
        elif target.kind is TargetKind.SENSOR:
            yield f"ambient.{number}."
            if number in self._defaults:
                yield "ambient."


def _status(row: Threshold) -> str | None:
    """Absent where nothing is watched: that is not good."""
    return STATUS_WORDS.get(row.state) if row.enabled else None


def _shown(limit: Limit) -> Callable[[Threshold], str | None]:
    name = limit.name.lower()

    def read(row: Threshold) -> str | None:
        return number(getattr(row, name), DECIMALS[row.quantity]) if limit in row.enabled else None

    return read


def _set(limit: Limit) -> Callable[[Threshold, str], Command]:
    def command(row: Threshold, text: str) -> Command:
        what = f"{row.target} {row.quantity.value} {limit.value}"
        return SetLimit(row.target, row.quantity, limit, decimal(what, text) if text else None)

    return command


def _limit_row(limit: Limit) -> Row[Threshold]:
    side, _, degree = limit.value.partition(" ")
    return Row(
        f"{side}.{degree}",
        _shown(limit),
        "limit; where it may be written, empty means that it is not watched",
        write=Write(_set(limit), max_octets=24, may_be_empty=True),
    )


def _needed(row: Threshold) -> tuple[int | None, ...]:
    return (row.target.index if row.target.kind is TargetKind.OUTLET else None,)


LIMITS: Table[Threshold] = Table(
    "NAME.",
    limits_of,
    (Row("status", _status, "good, warning-low, critical-low, ..."), *map(_limit_row, Limit)),
    needs=_needed,
    key=lambda row: (
        row.state,
        row.enabled,
        row.low_critical,
        row.low_warning,
        row.high_warning,
        row.high_critical,
    ),
)


def _watched_groups(snapshot: Snapshot) -> Iterator[tuple[str, Threshold]]:
    for row in snapshot.thresholds:
        is_of_group = row.target.kind is TargetKind.GROUP and row.quantity is Quantity.CURRENT
        if is_of_group and row.enabled:
            yield f"outlet.group.{row.target.index}.", row


GROUP_CURRENTS: Table[Threshold] = Table(
    "outlet.group.N.",
    _watched_groups,
    (
        Row(
            "current",
            lambda row: number(row.value, DECIMALS[Quantity.CURRENT]),
            "sum of its metered outlets, where a limit of it is watched",
            "A",
        ),
    ),
)
