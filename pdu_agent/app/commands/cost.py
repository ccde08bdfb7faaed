# SPDX-License-Identifier: Apache-2.0
"""`openpdu cost` and `openpdu standby`: what things cost, and what they use for nothing."""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from pdu_agent.app import exits
from pdu_agent.app.commands.parsing import Parsers, add_client_command, agent_of, stdout_style
from pdu_agent.app.terminal import printable
from pdu_agent.core.costs.money import CURRENCIES

TIMEOUT_S = 120.0
"""A year of 64 outlets is more than a million hours."""
_DASH = "-"
_COLUMNS = (
    "outlet",
    "name",
    "device",
    "kwh",
    "cost",
    "currency",
    "share_percent",
    "standby_kwh",
    "standby_cost",
    "missing_hours",
    "incomplete_hours",
    "first_day",
    "last_day",
)


def add_parsers(parsers: Parsers) -> None:
    parser = add_client_command(
        parsers,
        "cost",
        _cost,
        "show what each outlet used and what that cost",
        "openpdu cost --month 2026-03\n  openpdu cost --from 2026-03-01 --to 2026-03-07 --csv",
    )
    when = parser.add_mutually_exclusive_group()
    when.add_argument("--month", metavar="YYYY-MM", help="default: this month")
    when.add_argument("--day", metavar="YYYY-MM-DD")
    when.add_argument("--from", metavar="YYYY-MM-DD", help="the first day")
    parser.add_argument("--to", metavar="YYYY-MM-DD", help="the last day; default: today")
    parser.add_argument("--csv", action="store_true", help="print a row for each outlet as CSV")
    add_client_command(
        parsers,
        "standby",
        _standby,
        "show what each outlet draws while idle, and plans that would save it",
        "openpdu standby",
    )


def _cost(arguments: argparse.Namespace) -> int:
    given = vars(arguments)
    query = {name: given[name] for name in ("month", "day", "from", "to") if given[name]}
    bill = agent_of(arguments).get(f"cost?{urlencode(query)}", TIMEOUT_S)
    if arguments.json:
        print(json.dumps(bill, indent=2))
    elif arguments.csv:
        _write_csv(bill)
    else:
        print("\n".join(_shown(bill)))
    return exits.OK


def _write_csv(bill: Mapping[str, Any]) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for row in bill["outlets"]:
        idle = row["standby"] or {"energy_wh": None, "cost": None}
        writer.writerow(
            (
                row["number"],
                harmless(row["name"]),
                harmless(row["device"]),
                _kwh(row["energy_wh"], ""),
                _or(row["cost"], ""),
                bill["currency"],
                _or(row["share_percent"], ""),
                _kwh(idle["energy_wh"], ""),
                _or(idle["cost"], ""),
                row["missing_hours"],
                row["incomplete_hours"],
                bill["first_day"],
                bill["last_day"],
            )
        )


def harmless(text: str) -> str:
    """A name that a spreadsheet would take for a formula gets an apostrophe in front."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def _or(value: object, missing: str) -> str:
    return missing if value is None else str(value)


def _kwh(energy_wh: int | None, missing: str = _DASH) -> str:
    return missing if energy_wh is None else f"{energy_wh / 1000:.3f}"


def _money(value: float | None, bill: Mapping[str, Any]) -> str:
    digits = CURRENCIES.get(bill["currency"], 2)
    return _DASH if value is None else f"{value:.{digits}f} {bill['currency']}"


def _shown(bill: Mapping[str, Any]) -> list[str]:
    style = stdout_style()
    days = bill["first_day"]
    if bill["last_day"] != days:
        days = f"{days} to {bill['last_day']}"
    zone = bill["time_zone"] or "local time"
    rows = [_row(row, bill) for row in bill["outlets"]]
    rows += [("", "all outlets", _kwh(bill["sum"]["energy_wh"]), _money(bill["sum"]["cost"], bill))]
    if bill["inlets"] is not None:
        whole = bill["inlets"]
        rows.append(("", "inlet", _kwh(whole["energy_wh"]), _money(whole["cost"], bill)))
    head = ("", "outlet", "kWh", "cost", "share", "standby")
    lines = [style.paint(f"{days} ({zone}), {bill['hours']} hours", "bold")]
    lines += _table([head, *rows])
    return lines + _remarks(bill)


def _row(row: Mapping[str, Any], bill: Mapping[str, Any]) -> tuple[str, ...]:
    share, idle = row["share_percent"], row["standby"]
    if idle is None:
        standby = _DASH
    else:
        standby = f"{_kwh(idle['energy_wh'])} kWh {_money(idle['cost'], bill)}"
    return (
        str(row["number"]),
        printable(row["name"]),
        _kwh(row["energy_wh"]),
        _money(row["cost"], bill),
        _DASH if share is None else f"{share:.1f} %",
        standby,
    )


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    """The second column to the left, the others to the right."""
    width = max(map(len, rows))
    full = [(*row, *[""] * (width - len(row))) for row in rows]
    widths = [max(len(row[place]) for row in full) for place in range(width)]
    return [
        "  ".join(
            text.ljust(widths[place]) if place == 1 else text.rjust(widths[place])
            for place, text in enumerate(row)
        ).rstrip()
        for row in full
    ]


def _remarks(bill: Mapping[str, Any]) -> list[str]:
    lines = []
    gap = bill["difference"]
    if gap is not None:
        percent = "" if gap["percent"] is None else f", {gap['percent']:.1f} % of the inlet"
        cost = "" if gap["cost"] is None else f", {_money(gap['cost'], bill)}"
        lines.append(f"Inlet - outlets: {_kwh(gap['energy_wh'])} kWh{percent}{cost}: {gap['what']}")
    if bill["fixed"] is not None:
        fixed = bill["fixed"]
        lines.append(f"Fixed fee of {fixed['days']} days: {_money(fixed['cost'], bill)}")
    if bill["total_cost"] is not None:
        lines.append(f"Total: {_money(bill['total_cost'], bill)}")
    lines.append(f"Prices: {printable(bill['price_source'])}")
    whole = bill["inlets"] or bill["sum"]
    reasons = dict.fromkeys([*bill["sum"]["why_no_cost"], *whole["why_no_cost"]])
    lines += [f"No cost: {printable(each)}" for each in reasons if each != bill["price_source"]]
    if whole["missing_hours"] or whole["incomplete_hours"]:
        lines.append(
            f"Not whole: of {bill['hours']} hours, {whole['missing_hours']} are missing and"
            f" {whole['incomplete_hours']} incomplete"
        )
    return lines


def _standby(arguments: argparse.Namespace) -> int:
    report = agent_of(arguments).get("standby", TIMEOUT_S)
    if arguments.json:
        print(json.dumps(report, indent=2))
        return exits.OK
    head = ("", "outlet", "idle", "hours idle", "kWh a year", "a year")
    print("\n".join(_table([head, *(_idle_row(row, report) for row in report["outlets"])])))
    for row in report["outlets"]:
        if row["idle"] is None:
            print(f"Outlet {row['number']}: {row['why_none']}")
        elif not row["idle"]["plan"]:
            print(f"Outlet {row['number']}: no plan: {row['idle']['why_no_plan']}")
    for row in report["outlets"]:
        if row["idle"] is not None and row["idle"]["plan"]:
            saved = row["idle"]["saved_cost"]
            worth = "" if saved is None else f" saves about {_money(saved, report)} a year"
            print(f"\n# Outlet {row['number']}:{worth or ' is idle then'}")
            print(row["idle"]["plan"], end="")
    print(f"\nSince {report['first_day']}. Prices: {printable(report['price_source'])}")
    return exits.OK


def _idle_row(row: Mapping[str, Any], report: Mapping[str, Any]) -> tuple[str, ...]:
    number, name, idle = str(row["number"]), printable(row["name"]), row["idle"]
    if idle is None:
        return (number, name, _DASH, _DASH, _DASH, _DASH)
    return (
        number,
        name,
        f"{idle['idle_w']:.1f} W",
        f"{idle['idle_hours']:.0f} of {idle['seen_hours']:.0f}",
        f"{idle['yearly_kwh']:.1f}",
        _money(idle["yearly_cost"], report),
    )
