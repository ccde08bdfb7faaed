# SPDX-License-Identifier: Apache-2.0
"""`openpdu alarms|ack|reset|wear|gaps`: what somebody has to look after."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from typing import Any

from pdu_agent.app import exits
from pdu_agent.app.client import ClientError
from pdu_agent.app.commands.asking import HELP, agreed, asks
from pdu_agent.app.commands.parsing import (
    Parsers,
    add_client_command,
    agent_of,
    combined,
    outlet_list,
    stdout_style,
)
from pdu_agent.app.commands.status import COLOUR_OF_SEVERITY
from pdu_agent.app.terminal import (
    MISSING,
    TableColumn,
    fixed,
    kilowatt_hours,
    local_time,
    printable,
    table,
)

ALARMS = (
    TableColumn("#", right=True),
    TableColumn("Since"),
    TableColumn("Severity"),
    TableColumn("Seen"),
    TableColumn("Alarm", elastic=True),
)
HISTORY = (
    TableColumn("#", right=True),
    TableColumn("Time"),
    TableColumn("Severity"),
    TableColumn("Event", elastic=True),
)
WEAR = (
    TableColumn("#", right=True),
    TableColumn("Name", elastic=True),
    TableColumn("Worn %", right=True),
    TableColumn("Hours on", right=True),
    TableColumn("Switched", right=True),
    TableColumn("Inrush A", right=True),
)
SEVERITY_COLUMN = 2
OF_ALARMS = frozenset(
    {
        "threshold raised",
        "threshold cleared",
        "sensor status",
        "hardware fault",
        "hardware cleared",
        "ups changed",
        "command failed",
    }
)
"""Kinds of events; the others tell what was done, not what was wrong."""
WHAT = ("energy", "peak", "peak power", "peak current", "all")


def add_parsers(parsers: Parsers) -> None:
    alarms = add_client_command(
        parsers, "alarms", _alarms, "show the alarms that stand", "openpdu alarms --history"
    )
    alarms.add_argument(
        "--history", action="store_true", help="those of the event log too, also those of before"
    )
    ack = add_client_command(
        parsers, "ack", _ack, "say that somebody has seen an alarm", "openpdu ack 5"
    )
    ack.add_argument("alarms", nargs="+", type=_number, metavar="N", help="as `alarms` has it")
    ack.add_argument("--undo", action="store_true", help="nobody has seen it after all")
    reset = add_client_command(
        parsers, "reset", _reset, "start energy or peaks anew", "openpdu reset energy outlet 3"
    )
    reset.add_argument("what", choices=WHAT, help="the total energy stays")
    reset.add_argument(
        "target", nargs="+", metavar="TARGET", help="outlet 3, inlet 1, line 1 or branch 2"
    )
    _add_yes(reset)
    wear = add_client_command(
        parsers, "wear", _wear, "show how worn the relays are", "openpdu wear --replaced 3"
    )
    wear.add_argument(
        "--replaced",
        nargs="+",
        type=outlet_list,
        metavar="N",
        help="the relays of these outlets were replaced: count anew",
    )
    _add_yes(wear)
    gaps = add_client_command(
        parsers,
        "gaps",
        _gaps,
        "propose the time between two outlets that switch on",
        "openpdu gaps --breaker C",
    )
    limit = gaps.add_mutually_exclusive_group()
    limit.add_argument(
        "--limit-a", type=_amperes, metavar="A", help="peak of the sum of all inrush currents"
    )
    limit.add_argument(
        "--breaker", choices=("B", "C"), default="B", help="type of the inlet's breaker; default: B"
    )


def _add_yes(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--yes", action="store_true", help=HELP)
    parser.set_defaults(parser=parser)


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise argparse.ArgumentTypeError(f"{text!r}: expected the number of an alarm")
    return int(text)


def _amperes(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < 1e6:
        raise argparse.ArgumentTypeError(f"{text!r}: expected amperes above 0")
    return value


def _alarms(arguments: argparse.Namespace) -> int:
    agent = agent_of(arguments)
    answer = agent.get("alarms")
    if arguments.history:
        events = agent.get("events")["events"]
        answer["history"] = [row for row in events if row["kind"] in OF_ALARMS]
    if arguments.json:
        print(json.dumps(answer, indent=2))
        return exits.OK
    print("\n".join(_alarm_lines(answer["alarms"])))
    if arguments.history:
        rows = answer["history"]
        if not rows:
            print("no alarm is in the event log")
            return exits.OK
        cells = [
            [str(row["number"]), local_time(row["time"]), row["severity"], printable(row["text"])]
            for row in rows
        ]
        colours = [_colours(row) for row in rows]
        print("\n".join(["", *table(HISTORY, cells, colours, stdout_style())]))
    return exits.OK


def _alarm_lines(rows: list[Mapping[str, Any]]) -> list[str]:
    if not rows:
        return ["no alarms"]
    cells = [
        [
            str(row["id"]),
            local_time(row["since"]),
            row["severity"],
            "yes" if row["acknowledged"] else "no",
            printable(f"{row['subject']}: {row['text']}"),
        ]
        for row in rows
    ]
    return table(ALARMS, cells, [_colours(row) for row in rows], stdout_style())


def _colours(row: Mapping[str, Any]) -> dict[int, str]:
    colour = COLOUR_OF_SEVERITY.get(row["severity"])
    return {SEVERITY_COLUMN: colour} if colour else {}


def _ack(arguments: argparse.Namespace) -> int:
    agent = agent_of(arguments)
    answers = [
        agent.post(f"alarms/{number}/acknowledge", {"acknowledged": not arguments.undo})
        for number in dict.fromkeys(arguments.alarms)
    ]
    if arguments.json:
        print(json.dumps(answers, indent=2))
        return exits.OK
    for answer in answers:
        seen = "acknowledged" if answer["alarm"]["acknowledged"] else "not acknowledged"
        already = "" if answer["changed"] else "already "
        alarm = answer["alarm"]
        print(f"alarm {alarm['id']}, {printable(alarm['subject'])}: {already}{seen}")
    return exits.OK


def _reset(arguments: argparse.Namespace) -> int:
    words = " ".join(arguments.target).replace(",", " ").split()
    targets = [" ".join(words[place : place + 2]) for place in range(0, len(words), 2)]
    question = f"Start {arguments.what} of {', '.join(targets)} anew?"
    if asks(arguments) and not agreed(question):
        raise ClientError(exits.REFUSED, "not_now", "nothing was reset")
    answer = agent_of(arguments).post("reset", {"targets": targets, "what": arguments.what})
    if arguments.json:
        print(json.dumps(answer, indent=2))
        return exits.OK
    for point in answer["points"]:
        print(_reset_line(point))
    return exits.OK


def _reset_line(point: Mapping[str, Any]) -> str:
    was, now = point["was"], point["now"]
    if was is None:
        return f"{point['target']}: reset"
    return (
        f"{point['target']}: {kilowatt_hours(was['user_energy_wh'])} kWh since"
        f" {local_time(was['user_energy_since'])}, peak {fixed(was['peak_power_w'], 1)} W"
        f" -> {kilowatt_hours(now['user_energy_wh'])} kWh since"
        f" {local_time(now['user_energy_since'])}, peak {fixed(now['peak_power_w'], 1)} W"
    )


def _wear(arguments: argparse.Namespace) -> int:
    if arguments.replaced:
        return _replaced(arguments)
    answer = agent_of(arguments).get("wear")
    if arguments.json:
        print(json.dumps(answer, indent=2))
    else:
        print("\n".join(_wear_lines(answer["outlets"])))
    return exits.OK


def _replaced(arguments: argparse.Namespace) -> int:
    try:
        outlets = combined(arguments.replaced)
    except ValueError as exc:
        arguments.parser.error(str(exc))
    if not all(isinstance(each, int) for each in outlets):
        arguments.parser.error("name the outlets whose relays were replaced")
    question = f"Were the relays of {', '.join(map(str, outlets))} replaced?"
    if asks(arguments) and not agreed(question):
        raise ClientError(exits.REFUSED, "not_now", "nothing was reset")
    answer = agent_of(arguments).post("wear/reset", {"outlets": outlets})
    if arguments.json:
        print(json.dumps(answer, indent=2))
    else:
        print("\n".join(_wear_lines(answer["outlets"])))
    return exits.OK


def _wear_lines(rows: list[Mapping[str, Any]]) -> list[str]:
    if not rows:
        return ["there is no outlet with a relay"]
    cells = [
        [
            str(row["number"]),
            printable(row["name"]),
            fixed(row["worn_percent"], 2),
            fixed(row["on_s"] / 3600, 1),
            str(row["switch_count"]),
            fixed((row["largest_inrush"] or {}).get("peak_a"), 1),
        ]
        for row in rows
    ]
    return table(WEAR, cells, [{}] * len(rows), stdout_style())


def _gaps(arguments: argparse.Namespace) -> int:
    query = f"breaker={arguments.breaker}"
    if arguments.limit_a is not None:
        query = f"limit_a={arguments.limit_a!r}"
    answer = agent_of(arguments).get(f"gaps?{query}")
    if arguments.json:
        print(json.dumps(answer, indent=2))
        return exits.OK
    print(f"sequence_interval_s is {answer['sequence_interval_s']:g}")
    for row in answer["inlets"]:
        print("\n".join(_gap_lines(row)))
    return exits.OK


def _gap_lines(row: Mapping[str, Any]) -> list[str]:
    limit = f"limit {fixed(row['limit_a'], 1)} A ({row['limit_basis']})"
    lines = [f"inlet {row['number']}: {limit}"]
    order = ", ".join(map(str, row["order"]))
    if not row["order"]:
        lines.append("  no inrush was measured yet: switch its outlets on once, one by one")
    elif row["is_enough"]:
        in_order = row["order"] == sorted(row["order"])
        how = "in the order of their numbers" if in_order else f"in the order {order} (a group's)"
        lines.append(f"  a gap of {row['interval_s']:g} s is enough, {how}: {_sum(row)}")
    else:
        lines.append(f"  no gap is enough, at best {_sum(row)} in the order {order}")
    if row["unmeasured"]:
        outlets = ", ".join(map(str, row["unmeasured"]))
        lines.append(f"  not counted, as no inrush of them was measured: outlets {outlets}")
    return lines


def _sum(row: Mapping[str, Any]) -> str:
    worst = row["worst_a"]
    return f"{worst:.1f} A of peaks at once" if worst is not None else MISSING
