# SPDX-License-Identifier: Apache-2.0
"""`openpdu harmonics` and `openpdu inrush`: what is in a wave, and what a switch-on drew."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from itertools import zip_longest
from typing import Any

from pdu_agent.app import exits
from pdu_agent.app.client import ClientError
from pdu_agent.app.commands.parsing import (
    Parsers,
    add_client_command,
    agent_of,
    one_outlet,
    stdout_style,
)
from pdu_agent.app.terminal import TableColumn, fixed, local_time, printable, table

KINDS = ("outlet", "inlet", "line")
HARMONICS = (
    TableColumn("Order", right=True),
    TableColumn("V", right=True),
    TableColumn("V %", right=True),
    TableColumn("A", right=True),
    TableColumn("A %", right=True),
)
CYCLES = (TableColumn("Cycle", right=True), TableColumn("A RMS", right=True))


def add_parsers(parsers: Parsers) -> None:
    harmonics = add_client_command(
        parsers,
        "harmonics",
        _harmonics,
        "show the harmonics of an outlet, inlet or line",
        "openpdu harmonics outlet 3",
    )
    harmonics.add_argument(
        "target", nargs="+", metavar="TARGET", help="outlet 3, inlet 1 or line 2; 3 is outlet 3"
    )
    harmonics.set_defaults(parser=harmonics)
    inrush = add_client_command(
        parsers,
        "inrush",
        _inrush,
        "show what an outlet drew when it was last switched on",
        "openpdu inrush 3",
    )
    inrush.add_argument("outlet", type=one_outlet, metavar="N", help="outlet number")
    inrush.add_argument("--csv", action="store_true", help="print the samples as CSV")
    inrush.set_defaults(parser=inrush)


def _harmonics(arguments: argparse.Namespace) -> int:
    kind, number = _target(arguments)
    row = agent_of(arguments).get(f"{kind}s/{number}")
    meter = row["meter"] or {}
    if "spectrum" not in meter or meter["status"] != "ok":
        raise ClientError(
            exits.UNAVAILABLE,
            "unavailable",
            f"{kind} {number}: no harmonics; they need a converter that samples, and mains",
        )
    plain = {
        "target": f"{kind} {number}",
        "frequency_hz": meter["frequency_hz"],
        "voltage_thd_percent": meter["voltage_thd_percent"],
        "current_thd_percent": meter["current_thd_percent"],
        **meter["spectrum"],
    }
    if arguments.json:
        print(json.dumps(plain, indent=2))
    else:
        print("\n".join(_harmonic_lines(plain, row["name"])))
    return exits.OK


def _target(arguments: argparse.Namespace) -> tuple[str, int]:
    words = " ".join(arguments.target).split()
    kind, text = words if len(words) == 2 else ("outlet", words[0] if len(words) == 1 else "")
    if kind not in KINDS or not (text.isascii() and text.isdigit() and len(text) < 10):
        arguments.parser.error(
            f"{' '.join(words)!r}: expected such as {', '.join(f'{kind} 1' for kind in KINDS)}"
        )
    return kind, int(text)


def _harmonic_lines(plain: Mapping[str, Any], name: str) -> list[str]:
    volts, amperes = plain["voltage_v"], plain["current_a"]
    rows = [
        [str(order), fixed(volt, 3), _share(volt, volts), fixed(ampere, 4), _share(ampere, amperes)]
        for order, (volt, ampere) in enumerate(zip_longest(volts, amperes), 1)
    ]
    return [
        f"{plain['target']}, {printable(name)}: {fixed(plain['frequency_hz'], 2)} Hz,"
        f" THD {fixed(plain['voltage_thd_percent'], 1)} % of voltage,"
        f" {fixed(plain['current_thd_percent'], 1)} % of current",
        "",
        *table(HARMONICS, rows, [{}] * len(rows), stdout_style()),
    ]


def _share(value: float | None, values: Sequence[float]) -> str:
    """In % of the fundamental."""
    return fixed(100 * value / values[0] if value is not None and values[0] else None, 2)


def _inrush(arguments: argparse.Namespace) -> int:
    if arguments.csv and arguments.json:
        arguments.parser.error("give --csv or --json, not both")
    plain = agent_of(arguments).get(f"outlets/{arguments.outlet}/inrush")
    if arguments.json:
        print(json.dumps(plain, indent=2))
    elif arguments.csv:
        print("\n".join(_csv(plain)))
    else:
        print("\n".join(_inrush_lines(plain)))
    return exits.OK


def _csv(plain: Mapping[str, Any]) -> list[str]:
    from pdu_agent.app.inrush import csv_lines  # which brings what only the agent needs

    return list(
        csv_lines(
            plain["number"],
            plain["switched_on_at"],
            plain["rate_hz"],
            plain["first_s"],
            plain["voltage_v"],
            plain["current_a"],
            clipped=plain["clipped"],
        )
    )


def _inrush_lines(plain: Mapping[str, Any]) -> list[str]:
    ratio = plain["peak_over_rms"]
    over = "" if ratio is None else f", {ratio:.1f} times the RMS of the last two cycles"
    before = plain["cycles_before"]
    rows = [
        [str(place - before if place < before else place - before + 1), fixed(rms_a, 3)]
        for place, rms_a in enumerate(plain["rms_by_cycle_a"])
    ]
    return [
        f"outlet {plain['number']}, switched on {local_time(plain['switched_on_at'])}:"
        f" peak {'at least ' if plain['clipped'] else ''}{fixed(plain['peak_a'], 2)} A{over}",
        "",
        *table(CYCLES, rows, [{}] * len(rows), stdout_style()),
    ]
