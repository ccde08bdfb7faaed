# SPDX-License-Identifier: Apache-2.0
"""`openpdu history`: one quantity of the past as a small chart, as CSV or as JSON."""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from pdu_agent.app import exits
from pdu_agent.app.commands.parsing import Parsers, add_client_command, agent_of, stdout_style
from pdu_agent.app.terminal import fixed, local_time

KINDS = ("outlet", "inlet", "line", "branch", "sensor", "residual")
USUAL = {"sensor": "temperature_c", "residual": "residual_current_a"}
CHART_COLUMNS, MIN_COLUMNS = 72, 20
CHART_ROWS = 8
CSV_POINTS = 2000
EIGHTHS = " ▁▂▃▄▅▆▇█"
PLAIN_EIGHTHS = "    ####"
COLUMNS_OF_CSV = ("minimum", "average", "maximum", "last", "coverage")


def add_parsers(parsers: Parsers) -> None:
    parser = add_client_command(
        parsers,
        "history",
        _run,
        "show what was measured: values over time, from seconds to years",
        "openpdu history outlet 3 --since -24h\n"
        "  openpdu history inlet 1 --quantity voltage_v --since -30d --csv",
    )
    option = parser.add_argument
    option("target", nargs="+", help=f"such as outlet 3; {', '.join(KINDS)}, outlet if left out")
    option("--quantity", metavar="NAME", help="such as current_a; default: active_power_w")
    option("--since", metavar="TIME", default="-24h", help="-24h, -30d, or an instant")
    option("--until", metavar="TIME", default="now", help="as --since; default: now")
    option("--points", type=int, metavar="N", help="10 to 2000; default: as many as fit")
    option("--csv", action="store_true", help="print CSV")
    # So that -24h is a time and no option, as -5 is a number.
    parser._negative_number_matcher = re.compile(r"-\d+[smhdw]?$")
    parser.set_defaults(parser=parser)


def _run(arguments: argparse.Namespace) -> int:
    if arguments.csv and arguments.json:
        arguments.parser.error("give --csv or --json, not both")
    kind, number = _target(arguments)
    columns = max(MIN_COLUMNS, min(CHART_COLUMNS, (stdout_style().width or 80) - 10))
    exact = arguments.csv or arguments.json
    query = {
        "target": f"{kind}:{number}",
        "quantity": arguments.quantity or USUAL.get(kind, "active_power_w"),
        "from": arguments.since,
        "to": arguments.until,
        "points": arguments.points or (CSV_POINTS if exact else columns),
    }
    curve = agent_of(arguments).get(f"history?{urlencode(query)}")
    if arguments.json:
        print(json.dumps(curve, indent=2))
    else:
        print("\n".join(_csv(curve) if arguments.csv else _chart(curve)))
    return exits.OK


def _target(arguments: argparse.Namespace) -> tuple[str, int]:
    words = " ".join(arguments.target).split()
    kind, text = words if len(words) == 2 else ("outlet", words[0] if len(words) == 1 else "")
    if kind not in KINDS or not (text.isascii() and text.isdigit() and len(text) < 10):
        expected = ", ".join(f"{each} 1" for each in KINDS)
        arguments.parser.error(f"{' '.join(words)!r}: expected such as {expected}")
    return kind, int(text)


def _csv(curve: Mapping[str, Any]) -> Iterator[str]:
    """A gap is an empty field."""
    unit = f" ({curve['unit']})" if curve["unit"] else ""
    yield ",".join(["time", *(f"{name}{unit}" for name in COLUMNS_OF_CSV[:-1]), "coverage"])
    start, step = _start(curve), timedelta(seconds=curve["step_s"])
    for place, row in enumerate(zip(*(curve[name] for name in COLUMNS_OF_CSV), strict=True)):
        time = (start + place * step).isoformat().replace("+00:00", "Z")
        yield ",".join([time, *("" if value is None else str(value) for value in row)])


def _start(curve: Mapping[str, Any]) -> datetime:
    return datetime.fromisoformat(curve["start"])


def _chart(curve: Mapping[str, Any]) -> Iterator[str]:
    title = f"{curve['target'].replace(':', ' ')}, {curve['quantity']}"
    known = [value for value in curve["maximum"] if value is not None]
    if not known:
        yield f"{title}: nothing is known of that time"
        return
    unit = f" {curve['unit']}" if curve["unit"] else ""
    lowest = min(value for value in curve["minimum"] if value is not None)
    yield f"{title}: {fixed(lowest, 2)} to {fixed(max(known), 2)}{unit}, {_step(curve)} a column"
    top, bottom = max(0.0, *known), min(0.0, lowest)
    yield from _rows(curve["average"], bottom, top if top > bottom else bottom + 1)
    end = _start(curve) + timedelta(seconds=curve["step_s"] * len(curve["average"]))
    left, right = local_time(curve["start"]), local_time(end.isoformat())
    yield f"{'':9} {left}{right:>{max(len(right) + 1, len(curve['average']) - len(left))}}"


def _rows(values: Sequence[float | None], bottom: float, top: float) -> Iterator[str]:
    """A gap is an empty column, which has a dot at its foot."""
    blocks = EIGHTHS if stdout_style().unicode else PLAIN_EIGHTHS
    heights = [
        None if value is None else round((value - bottom) / (top - bottom) * CHART_ROWS * 8)
        for value in values
    ]
    for row in reversed(range(CHART_ROWS)):
        cells = [_cell(height, row, blocks) for height in heights]
        level = bottom + (top - bottom) * (row + 1) / CHART_ROWS
        yield f"{fixed(level, 2):>9} {''.join(cells)}".rstrip()


def _cell(height: int | None, row: int, blocks: str) -> str:
    if height is None:
        return "." if row == 0 else " "
    return blocks[max(0, min(len(blocks) - 1, height - row * 8))]


def _step(curve: Mapping[str, Any]) -> str:
    seconds = curve["step_s"]
    for name, size in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{seconds / size:g} {name}"
    return f"{seconds} s"
