# SPDX-License-Identifier: Apache-2.0
"""From NUT's variables to what is known of a UPS: a table of names (RFC 9271 section 5.1)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from pdu_agent.model.ups import UpsFlag, UpsLine

_YEAR_S = 366 * 86_400.0


class _Number(NamedTuple):
    """What is beyond the ends is no value of such a thing, but a driver's mistake."""

    lowest: float
    highest: float
    names: tuple[str, ...]


_NUMBERS: Mapping[str, _Number] = {
    "runtime_s": _Number(0, _YEAR_S, ("battery.runtime",)),
    "low_runtime_s": _Number(0, _YEAR_S, ("battery.runtime.low",)),
    "charge_pct": _Number(0, 100, ("battery.charge",)),
    "low_charge_pct": _Number(0, 100, ("battery.charge.low",)),
    "load_pct": _Number(0, 1000, ("ups.load",)),
    "battery_voltage_v": _Number(0, 2000, ("battery.voltage",)),
    "battery_current_a": _Number(-10_000, 10_000, ("battery.current",)),
    "battery_temperature_c": _Number(-60, 150, ("battery.temperature",)),
    "nominal_input_v": _Number(1, 100_000, ("input.voltage.nominal",)),
    "nominal_output_v": _Number(1, 100_000, ("output.voltage.nominal",)),
    "nominal_apparent_power_va": _Number(1, 10e6, ("ups.power.nominal",)),
    "nominal_active_power_w": _Number(1, 10e6, ("ups.realpower.nominal",)),
    "low_transfer_v": _Number(0, 100_000, ("input.transfer.low",)),
    "high_transfer_v": _Number(0, 100_000, ("input.transfer.high",)),
}
"""Field of Ups -> where its value is; the first name that gives one counts."""
_TEXTS: Mapping[str, tuple[str, ...]] = {
    "manufacturer": ("device.mfr", "ups.mfr"),
    "model": ("device.model", "ups.model"),
    "firmware": ("ups.firmware",),
}
_PHASES = ("L1", "L2", "L3")
_LINE_NUMBERS: Mapping[str, _Number] = {
    "voltage_v": _Number(0, 100_000, ("voltage",)),
    "current_a": _Number(0, 100_000, ("current",)),
    "active_power_w": _Number(-10e6, 10e6, ("realpower",)),
    "frequency_hz": _Number(0, 1000, ("frequency",)),
}
"""Field of UpsLine -> the last part of the variable's name."""
_NUMERAL = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)", re.ASCII)
_FLAGS = {flag.value: flag for flag in UpsFlag}


def fields_of(variables: Mapping[str, str]) -> dict[str, Any]:
    """Fields of Ups: every one that a variable stands for, None where it tells nothing."""
    found: dict[str, Any] = {
        field: _number(number, number.names, variables) for field, number in _NUMBERS.items()
    }
    for field, names in _TEXTS.items():
        found[field] = next((variables[name] for name in names if variables.get(name)), "")
    found["inputs"] = _lines("input", variables)
    found["outputs"] = _lines("output", variables)
    return found


def flags_in(variables: Mapping[str, str]) -> frozenset[UpsFlag]:
    """Of ups.status; words that say nothing to us, as ALARM, are left out."""
    words = variables.get("ups.status", "").split()
    return frozenset(_FLAGS[word] for word in words if word in _FLAGS)


def _lines(side: str, variables: Mapping[str, str]) -> tuple[UpsLine, ...]:
    """side: input or output. None where nothing is told of any."""
    if any(name.startswith(f"{side}.L") for name in variables):
        prefixes = [(f"{side}.{phase}-N", f"{side}.{phase}") for phase in _PHASES]
        lines = [_line(variables, prefix, (side,)) for prefix in prefixes]
        while lines and _says_nothing(lines[-1]):
            lines.pop()
        return tuple(lines)
    line = _line(variables, (side,), (side,))
    if side == "output" and line.active_power_w is None:
        watts = _number(_LINE_NUMBERS["active_power_w"], ("ups.realpower",), variables)
        line = replace(line, active_power_w=watts)
    return () if _says_nothing(line) else (line,)


def _line(
    variables: Mapping[str, str], prefixes: tuple[str, ...], of_all: tuple[str, ...]
) -> UpsLine:
    """prefixes: of its own variables, the best first. of_all: what has the frequency besides."""
    found = {}
    for field, number in _LINE_NUMBERS.items():
        (name,) = number.names
        where = (*prefixes, *of_all) if name == "frequency" else prefixes
        found[field] = _number(number, tuple(f"{each}.{name}" for each in where), variables)
    return UpsLine(**found)


def _says_nothing(line: UpsLine) -> bool:
    """A frequency alone does not make a line."""
    return line == UpsLine(frequency_hz=line.frequency_hz)


def _number(number: _Number, names: tuple[str, ...], variables: Mapping[str, str]) -> float | None:
    for name in names:
        text = variables.get(name, "")
        if _NUMERAL.fullmatch(text) and number.lowest <= float(text) <= number.highest:
            return float(text)
    return None
