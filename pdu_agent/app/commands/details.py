# SPDX-License-Identifier: Apache-2.0
"""`openpdu energy` and `openpdu why`: what has been used, and why an outlet is as it is."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from typing import Any

from pdu_agent.app import exits
from pdu_agent.app.commands.parsing import (
    Parsers,
    add_client_command,
    agent_of,
    one_outlet,
    stdout_style,
)
from pdu_agent.app.terminal import (
    TableColumn,
    fixed,
    kilowatt_hours,
    local_time,
    printable,
    table,
)

COLUMNS = (
    TableColumn("Point"),
    TableColumn("Name", elastic=True),
    TableColumn("kWh", right=True),
    TableColumn("kWh since", right=True),
    TableColumn("Reset"),
    TableColumn("Peak W", right=True),
    TableColumn("Peak at"),
)


def add_parsers(parsers: Parsers) -> None:
    add_client_command(
        parsers,
        "energy",
        _energy,
        "show the energy of inlets, lines, branches and outlets",
        "openpdu energy",
    )
    why = add_client_command(
        parsers, "why", _why, "tell why an outlet is as it is", "openpdu why 3"
    )
    why.add_argument("outlet", type=one_outlet, metavar="N", help="outlet number")


def _energy(arguments: argparse.Namespace) -> int:
    energy = agent_of(arguments).get("energy")
    if arguments.json:
        print(json.dumps(energy, indent=2))
        return exits.OK
    rows = [_row("inlet", row) for row in energy["inlets"]]
    rows += [_row("line", row) for row in energy["lines"]]
    rows += [_row("branch", row) for row in energy["branches"]]
    rows += [_row("outlet", row) for row in energy["outlets"]]
    print("\n".join(table(COLUMNS, rows, [{}] * len(rows), stdout_style())))
    return exits.OK


def _row(kind: str, row: Mapping[str, Any]) -> list[str]:
    return [
        f"{kind} {row['number']}",
        printable(row["name"]),
        kilowatt_hours(row["energy_wh"]),
        kilowatt_hours(row["user_energy_wh"]),
        _day(row["user_energy_since"]),
        fixed(row["peak_power_w"], 1),
        local_time(row["peak_at"])[:16],
    ]


def _day(instant: str | None) -> str:
    return "never" if instant is None else local_time(instant)[:10]


def _why(arguments: argparse.Namespace) -> int:
    why = agent_of(arguments).get(f"outlets/{arguments.outlet}/why")
    if arguments.json:
        print(json.dumps(why, indent=2))
    else:
        print("\n".join(printable(sentence) for sentence in why["sentences"]))
    return exits.OK
