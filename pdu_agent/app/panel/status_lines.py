# SPDX-License-Identifier: Apache-2.0
"""The state of the unit in a few short lines, for displays."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pdu_agent.model.snapshot import Alarm, MeterStatus, Severity, Snapshot

_RANK = {Severity.CRITICAL: 0, Severity.WARNING: 1, Severity.INFO: 2}


def status_lines(snapshot: Snapshot, columns: int, rows: int) -> tuple[str, ...]:
    """Name, power and current, outlets and alarm; each at most `columns` long, `rows` of them.

    A display of two rows has the alarm in place of the name while there is one.
    """
    alarm = _alarm(snapshot.alarms)
    name, load = snapshot.device.name, _load(snapshot)
    if rows == 2:
        lines = [alarm or name, load]
    else:
        lines = [name, load, _outlets(snapshot, columns), *_wrapped(alarm or "No alarm", columns)]
    return tuple(line[:columns] for line in lines[:rows])


def _load(snapshot: Snapshot) -> str:
    """Of all inlets together; unknown while one of them is."""
    readings = [
        inlet.meter.electrical for inlet in snapshot.inlets if inlet.meter.status is MeterStatus.OK
    ]
    is_whole = bool(readings) and len(readings) == len(snapshot.inlets)
    power = _sum(reading.active_power_w for reading in readings) if is_whole else None
    current = _sum(reading.current_a for reading in readings) if is_whole else None
    return f"{_number(power, 0)} W  {_number(current, 2)} A"


def _sum(values: Iterable[float | None]) -> float | None:
    total = 0.0
    for value in values:
        if value is None:
            return None
        total += value
    return total


def _number(value: float | None, digits: int) -> str:
    return "--" if value is None else f"{value:.{digits}f}"


def _outlets(snapshot: Snapshot, columns: int) -> str:
    """Which ones are on, `On 1-3 5`, or how many where that is too long."""
    on = [outlet.index for outlet in snapshot.outlets if outlet.is_on]
    unknown = sum(outlet.is_on is None for outlet in snapshot.outlets)
    if not on and unknown:
        return f"{unknown} of {len(snapshot.outlets)} unknown"
    if not on:
        return "All off" if snapshot.outlets else "No outlets"
    text = "On " + " ".join(_ranges(on))
    return text if len(text) <= columns else f"On {len(on)} of {len(snapshot.outlets)}"


def _ranges(numbers: Sequence[int]) -> list[str]:
    """[1, 2, 3, 5] -> ["1-3", "5"]; numbers rise."""
    runs: list[tuple[int, int]] = []
    for number in numbers:
        if runs and runs[-1][1] == number - 1:
            runs[-1] = runs[-1][0], number
        else:
            runs.append((number, number))
    return [str(first) if first == last else f"{first}-{last}" for first, last in runs]


def _alarm(alarms: Sequence[Alarm]) -> str:
    """The worst alarm, of several the newest one; empty without any."""
    if not alarms:
        return ""
    worst = min(alarms, key=lambda alarm: (_RANK[alarm.severity], -alarm.since_wall_s))
    return f"! {worst.subject}: {worst.text}"


def _wrapped(text: str, columns: int) -> list[str]:
    return [text[first : first + columns] for first in range(0, len(text), columns)]
