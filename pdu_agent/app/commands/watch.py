# SPDX-License-Identifier: Apache-2.0
"""`openpdu events`, `groups`, `thresholds` and `sensors`: what is watched, and what happened."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from pdu_agent.app import exits
from pdu_agent.app.commands.parsing import Parsers, add_client_command, agent_of, stdout_style
from pdu_agent.app.commands.status import COLOUR_OF_SEVERITY
from pdu_agent.app.terminal import (
    MISSING,
    TableColumn,
    fixed,
    local_time,
    printable,
    table,
)

EVENT_COLUMNS = (
    TableColumn("#", right=True),
    TableColumn("Time"),
    TableColumn("Severity"),
    TableColumn("Event", elastic=True),
)
SEVERITY_COLUMN = 2

GROUP_COLUMNS = (
    TableColumn("#", right=True),
    TableColumn("Name", elastic=True),
    TableColumn("State"),
    TableColumn("W", right=True),
    TableColumn("Outlets", elastic=True),
)

THRESHOLD_COLUMNS = (
    TableColumn("Target"),
    TableColumn("Quantity"),
    TableColumn("Value", right=True),
    TableColumn("State"),
    TableColumn("Low crit", right=True),
    TableColumn("Low warn", right=True),
    TableColumn("High warn", right=True),
    TableColumn("High crit", right=True),
)

SENSOR_COLUMNS = (
    TableColumn("#", right=True),
    TableColumn("Name", elastic=True),
    TableColumn("Kind"),
    TableColumn("Value", right=True),
    TableColumn("Status"),
    TableColumn("Min", right=True),
    TableColumn("Max", right=True),
)

Row = Mapping[str, Any]


def add_parsers(parsers: Parsers) -> None:
    events = partial(_show, "events", EVENT_COLUMNS, _event, "nothing has been logged yet")
    add_client_command(parsers, "events", events, "show what happened", "openpdu events")
    groups = partial(_show, "groups", GROUP_COLUMNS, _group, "there are no groups")
    add_client_command(
        parsers, "groups", groups, "show the groups of outlets and their state", "openpdu groups"
    )
    thresholds = partial(
        _show, "thresholds", THRESHOLD_COLUMNS, _threshold, "no threshold has a limit"
    )
    add_client_command(
        parsers, "thresholds", thresholds, "show the limits that are watched", "openpdu thresholds"
    )
    sensors = partial(_show, "sensors", SENSOR_COLUMNS, _sensor, "there are no sensors")
    add_client_command(
        parsers, "sensors", sensors, "show the sensors of the surroundings", "openpdu sensors"
    )


def _show(
    name: str,
    columns: Sequence[TableColumn],
    cells: Callable[[Row], list[str]],
    if_empty: str,
    arguments: argparse.Namespace,
) -> int:
    """Print one collection of the API, which has the collection's name in the answer too."""
    answer = agent_of(arguments).get(name)
    rows = answer[name]
    if arguments.json:
        print(json.dumps(answer, indent=2))
    elif not rows:
        print(if_empty)
    else:
        colours = [_colours(row) for row in rows]
        print("\n".join(table(columns, [cells(row) for row in rows], colours, stdout_style())))
    return exits.OK


def _colours(row: Row) -> dict[int, str]:
    colour = COLOUR_OF_SEVERITY.get(row.get("severity", ""))
    return {SEVERITY_COLUMN: colour} if colour else {}


def _event(row: Row) -> list[str]:
    return [
        str(row["number"]),
        local_time(row["time"]),
        row["severity"],
        printable(row["text"]),
    ]


def _group(row: Row) -> list[str]:
    return [
        str(row["number"]),
        printable(row["name"]),
        row["state"],
        fixed(row["active_power_w"], 1),
        " ".join(map(str, row["outlets"])) or MISSING,
    ]


def _threshold(row: Row) -> list[str]:
    limits = ("low_critical", "low_warning", "high_warning", "high_critical")
    return [
        row["target"],
        row["quantity"],
        fixed(row["value"], 3),
        row["state"],
        *(fixed(row[limit], 3) for limit in limits),
    ]


def _sensor(row: Row) -> list[str]:
    return [
        str(row["number"]),
        printable(row["name"]),
        row["kind"],
        fixed(row["value"], 1),
        row["status"],
        fixed(row["minimum"], 1),
        fixed(row["maximum"], 1),
    ]
