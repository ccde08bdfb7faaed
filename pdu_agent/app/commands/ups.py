# SPDX-License-Identifier: Apache-2.0
"""`openpdu ups`: the UPSes that feed the unit or stand beside it."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from typing import Any

from pdu_agent.app import exits
from pdu_agent.app.client import ClientError
from pdu_agent.app.commands.parsing import Parsers, add_client_command, agent_of, stdout_style
from pdu_agent.app.commands.status import ups_line
from pdu_agent.app.terminal import countdown, fixed, local_time, printable

NONE = "No UPS is configured (`upses`)."
_FIGURES = (
    ("Charge", "charge_percent", "%"),
    ("Load", "load_percent", "%"),
    ("Battery", "battery_voltage_v", "V"),
    ("Battery", "battery_current_a", "A"),
    ("Battery", "battery_temperature_c", "C"),
)


def add_parsers(parsers: Parsers) -> None:
    parser = add_client_command(
        parsers, "ups", _run, "show the UPSes", "openpdu ups\n  openpdu ups rack --variables"
    )
    parser.add_argument("name", nargs="?", metavar="NAME", help="only this UPS, in full")
    parser.add_argument(
        "--variables", action="store_true", help="with all that its NUT server tells"
    )


def _run(arguments: argparse.Namespace) -> int:
    answer = agent_of(arguments).get("upses")
    rows = _chosen(answer["upses"], arguments.name)
    if arguments.json:
        print(json.dumps(rows[0] if arguments.name is not None else answer, indent=2))
        return exits.OK
    lines: list[str] = []
    for row in rows:
        lines += _in_full(row) if arguments.name is not None else [ups_line(row)]
        lines += _variables(row) if arguments.variables else []
    print("\n".join(lines or [NONE]))
    return exits.OK


def _chosen(rows: Sequence[Mapping[str, Any]], name: str | None) -> list[Mapping[str, Any]]:
    """Raises ClientError for a name that no UPS has."""
    if name is None:
        return list(rows)
    found = [row for row in rows if row["name"] == name]
    if not found:
        known = ", ".join(printable(row["name"]) for row in rows) or "none"
        raise ClientError(
            exits.REFUSED, "unknown_target", f"there is no UPS {name!r}; there is: {known}"
        )
    return found


def _in_full(row: Mapping[str, Any]) -> list[str]:
    stylish = stdout_style()
    made = " ".join(
        printable(row[key]) for key in ("manufacturer", "model", "firmware") if row[key]
    )
    feeds = ", ".join(map(str, row["inlets"])) or "nothing of this unit"
    lines = [
        stylish.paint(ups_line(row), "bold"),
        f"  Read at {printable(row['source'])}{f', {made}' if made else ''}",
        f"  Feeds inlet {feeds}" if row["inlets"] else f"  Feeds {feeds}",
    ]
    lines += [f"  {flag['flag']} since {local_time(flag['since'])}" for flag in row["flags"]]
    if row["on_battery_s"]:
        lines.append(f"  On battery for {countdown(row['on_battery_s'])}")
    if row["unreachable_since"] is not None:
        lines.append(f"  Silent since {local_time(row['unreachable_since'])}")
    lines += [
        f"  {what} {fixed(row[key], 1)} {unit}"
        for what, key, unit in _FIGURES
        if row[key] is not None
    ]
    for side in ("inputs", "outputs"):
        lines += [f"  {side[:-1].capitalize()}: {_line(line)}" for line in row[side]]
    return lines


def _line(line: Mapping[str, Any]) -> str:
    units = (
        ("voltage_v", "V"),
        ("current_a", "A"),
        ("active_power_w", "W"),
        ("frequency_hz", "Hz"),
    )
    return "  ".join(
        f"{fixed(line[key], 1)} {unit}" for key, unit in units if line[key] is not None
    )


def _variables(row: Mapping[str, Any]) -> list[str]:
    return [
        f"    {printable(name)}: {printable(value)}" for name, value in row["variables"].items()
    ]
