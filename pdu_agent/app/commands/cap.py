# SPDX-License-Identifier: Apache-2.0
"""`openpdu cap` and `openpdu reset-trip`: how much feeders may carry, and what was cut."""

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
from pdu_agent.app.terminal import MISSING, TableColumn, printable, table

COLUMNS = (
    TableColumn("#", right=True),
    TableColumn("Name", elastic=True),
    TableColumn("Target"),
    TableColumn("Carries", right=True),
    TableColumn("Limit", right=True),
    TableColumn("Margin", right=True),
    TableColumn("State"),
    TableColumn("Off by it", elastic=True),
)
STATE_COLUMN = 6
_COLOURS = {"shedding": "yellow", "restoring": "yellow", "over": "red", "unknown": "yellow"}


def add_parsers(parsers: Parsers) -> None:
    cap = add_client_command(
        parsers,
        "cap",
        _cap,
        "show the caps, or change the limit or margin of one",
        "openpdu cap\n  openpdu cap 1 --limit 450 --margin 20",
    )
    cap.add_argument("cap", nargs="?", type=_number, metavar="N", help="which one; default: all")
    for name, what in (("limit", "what it may carry"), ("margin", "room left when outlets return")):
        cap.add_argument(
            f"--{name}", type=_amount, metavar="X", help=f"{what}, in watts or amperes as it is"
        )
    cap.set_defaults(parser=cap)
    reset = add_client_command(
        parsers,
        "reset-trip",
        _reset_trip,
        "let an outlet be switched on again that was cut for too much current",
        "openpdu reset-trip 3",
    )
    reset.add_argument("outlet", type=one_outlet, metavar="N", help="the outlet's number")


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 3 and int(text) > 0):
        raise argparse.ArgumentTypeError(f"{text!r}: expected the number of a cap")
    return int(text)


def _amount(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r}: expected watts or amperes, 0 or more")
    return value


def _cap(arguments: argparse.Namespace) -> int:
    names = ("limit", "margin")
    changes = {k: getattr(arguments, k) for k in names if getattr(arguments, k) is not None}
    if changes and arguments.cap is None:
        arguments.parser.error("which cap? its number goes first, as in openpdu cap 1 --limit 450")
    agent = agent_of(arguments)
    if changes:
        answer = agent.post(f"caps/{arguments.cap}", changes)
        rows = [answer["cap"]]
    else:
        answer = agent.get("caps")
        rows = [row for row in answer["caps"] if arguments.cap in (None, row["number"])]
        answer["caps"] = rows
    if arguments.json:
        print(json.dumps(answer, indent=2))
    elif rows:
        colours = [
            {STATE_COLUMN: _COLOURS[row["state"]]} if row["state"] in _COLOURS else {}
            for row in rows
        ]
        print("\n".join(table(COLUMNS, [_cells(row) for row in rows], colours, stdout_style())))
    else:
        print("there is no such cap" if arguments.cap else "there is no cap")
    return exits.OK if rows or arguments.cap is None else exits.UNKNOWN_TARGET


def _cells(row: Mapping[str, Any]) -> list[str]:
    unit = "A" if row["quantity"] == "current" else "W"
    return [
        str(row["number"]),
        printable(row["name"]),
        row["target"],
        *(_told(row[key], unit) for key in ("value", "limit", "margin")),
        row["state"],
        ", ".join(str(number) for number in row["shed"]) or MISSING,
    ]


def _told(value: float | None, unit: str) -> str:
    return MISSING if value is None else f"{value:g} {unit}"


def _reset_trip(arguments: argparse.Namespace) -> int:
    answer = agent_of(arguments).post(f"outlets/{arguments.outlet}/reset-trip")
    if arguments.json:
        print(json.dumps(answer, indent=2))
    elif answer["changed"]:
        print(f"outlet {arguments.outlet}: its trip is reset; it stays {answer['outlet']['state']}")
    else:
        print(f"outlet {arguments.outlet} had not tripped")
    return exits.OK
