# SPDX-License-Identifier: Apache-2.0
"""`openpdu schedule` and `openpdu timer`: plans, what they will do, and countdowns."""

from __future__ import annotations

import argparse
import json
import os
import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from pdu_agent.app import exits
from pdu_agent.app.client import AgentClient
from pdu_agent.app.commands.asking import label
from pdu_agent.app.commands.parsing import (
    Parsers,
    add_client_command,
    agent_of,
    one_outlet,
    stdout_style,
)
from pdu_agent.app.commands.unit_time import unit_time, unit_zone
from pdu_agent.app.paths import config_file
from pdu_agent.app.terminal import MISSING, TableColumn, printable, table

_SPAN = re.compile(r"(\d{1,7})([smhd]?)")
_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400}
_TIMED = ("on", "off", "reboot", "toggle", "pulse")
_VERBS = ("list", "next", "simulate", "enable", "disable", "run", "log")
_NAMED = ("enable", "disable", "run")
_RUNS = ("plan ran", "plan skipped")
"""Kinds of entries of the event log."""
MOST_DAYS = 366

PLANS = (
    TableColumn("Plan"),
    TableColumn("When", elastic=True),
    TableColumn("Action"),
    TableColumn("Outlets", elastic=True),
    TableColumn("Next"),
    TableColumn("Last outcome", elastic=True),
)
NEXT = (
    TableColumn("Time"),
    TableColumn("By"),
    TableColumn("Action"),
    TableColumn("Outlets", elastic=True),
)
MOVES = (
    TableColumn("Time"),
    TableColumn("Outlet", elastic=True),
    TableColumn("State"),
    TableColumn("Reason", elastic=True),
)
ENTRIES = (TableColumn("Time"), TableColumn("What", elastic=True))

Row = Mapping[str, Any]


def add_parsers(parsers: Parsers) -> None:
    schedule = add_client_command(
        parsers,
        "schedule",
        _schedule,
        "show plans, what they do next, and what they would do",
        "openpdu schedule next --count 5\n"
        "  openpdu schedule simulate --from 2026-03-28 --days 3\n  openpdu schedule run night",
    )
    option = schedule.add_argument
    option(
        "verb",
        nargs="?",
        choices=_VERBS,
        default="list",
        help="list is the default; simulate needs no agent and moves no relay",
    )
    option("plan", nargs="?", metavar="NAME", help=f"of {', '.join(_NAMED)}: which plan")
    option("--count", type=_number, default=20, metavar="N", help="of next and log; default: 20")
    option("--outlet", type=one_outlet, metavar="N", help="of next, simulate: only this outlet")
    option("--from", dest="first", type=_day, metavar="DATE", help="of simulate; default: today")
    option("--days", type=_number, default=1, metavar="N", help="of simulate; default: 1")
    option("--config", type=Path, metavar="FILE", help="of simulate; default: as for run")
    schedule.set_defaults(parser=schedule)
    timer = add_client_command(
        parsers,
        "timer",
        _timer,
        "switch an outlet once a while has passed",
        "openpdu timer 3 off 30m\n  openpdu timer 3 --cancel",
    )
    timer.add_argument("outlet", type=one_outlet, metavar="N", help="outlet number")
    timer.add_argument("action", nargs="?", choices=_TIMED, help="what is to be done then")
    timer.add_argument("after", nargs="?", type=_span, metavar="TIME", help="90s, 30m, 2h, 7d")
    timer.add_argument("--cancel", action="store_true", help="end the countdown")
    timer.set_defaults(parser=timer)


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) == int(text)):
        raise argparse.ArgumentTypeError(f"{text!r}: expected a whole number from 1")
    return int(text)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as exc:
        raise argparse.ArgumentTypeError(f"{text!r}: expected a date such as 2026-03-28") from exc


def _span(text: str) -> int:
    match = _SPAN.fullmatch(text)
    if match is None:
        raise argparse.ArgumentTypeError(f"{text!r}: expected a time such as 90s, 30m, 2h or 7d")
    return int(match[1]) * _SECONDS[match[2]]


def _schedule(arguments: argparse.Namespace) -> int:
    if (arguments.plan is not None) is not (arguments.verb in _NAMED):
        arguments.parser.error(f"a plan's name goes with {', '.join(_NAMED)}, and only with these")
    match arguments.verb:
        case "list":
            return _list(arguments)
        case "next":
            return _next(arguments)
        case "simulate":
            return _simulate(arguments)
        case "log":
            return _log(arguments)
        case _:
            return _ask(arguments)


def _list(arguments: argparse.Namespace) -> int:
    agent = agent_of(arguments)
    answer, zone = agent.get("plans"), unit_zone(agent)
    rows = [
        [
            printable(plan["name"]),
            printable(plan["when"]),
            plan["action"],
            _outlets(plan["outlets"]),
            unit_time(plan["next_at"], zone, seconds=False) if plan["enabled"] else "disabled",
            printable(plan["outcome"]) or MISSING,
        ]
        for plan in answer["plans"]
    ]
    return _show(arguments, answer, PLANS, rows, "there is no plan")


def _next(arguments: argparse.Namespace) -> int:
    only = f"&outlet={arguments.outlet}" if arguments.outlet is not None else ""
    agent = agent_of(arguments)
    answer = agent.get(f"schedule/next?count={arguments.count}{only}")
    zone = unit_zone(agent)
    rows = [
        [
            unit_time(row["at"], zone),
            printable(row["source"]),
            row["action"],
            _outlets(row["outlets"]),
        ]
        for row in answer["next"]
    ]
    return _show(arguments, answer, NEXT, rows, "nothing is planned")


def _simulate(arguments: argparse.Namespace) -> int:
    # Loaded here: the core is large, and the other commands need none.
    from pdu_agent.app.config.load import load_settings
    from pdu_agent.app.simulating import simulated

    if arguments.days > MOST_DAYS:
        arguments.parser.error(f"--days: expected at most {MOST_DAYS}")
    file = arguments.config or config_file(os.environ, os.geteuid())
    moves = simulated(load_settings(file, os.environ), arguments.first, arguments.days)
    chosen = [move for move in moves if arguments.outlet in (None, move["outlet"])]
    rows = [
        [
            move["at"],
            printable(label({"number": move["outlet"], "name": move["name"]})),
            move["state"],
            printable(move["reason"]),
        ]
        for move in chosen
    ]
    return _show(arguments, {"moves": chosen}, MOVES, rows, "no relay would move")


def _log(arguments: argparse.Namespace) -> int:
    agent = agent_of(arguments)
    answer, zone = agent.get("events"), unit_zone(agent)
    found = [row for row in answer["events"] if row["kind"] in _RUNS][: arguments.count]
    rows = [[unit_time(row["time"], zone), printable(row["text"])] for row in found]
    return _show(arguments, {"events": found}, ENTRIES, rows, "no plan has run")


def _ask(arguments: argparse.Namespace) -> int:
    answer = agent_of(arguments).post(f"plans/{_in_path(arguments.plan)}/{arguments.verb}", {})
    plan = answer["plan"]
    done = {"enable": "enabled", "disable": "disabled", "run": "runs now"}[arguments.verb]
    already = "" if answer["changed"] else "already "
    if arguments.json:
        print(json.dumps(answer, indent=2))
    else:
        print(f"plan {printable(plan['name'])}: {already}{done}")
    return exits.OK


def _in_path(name: str) -> str:
    from urllib.parse import quote

    return quote(name, safe="")


def _timer(arguments: argparse.Namespace) -> int:
    given = (arguments.action is not None, arguments.after is not None)
    if arguments.cancel is any(given) or (any(given) and not all(given)):
        arguments.parser.error("expected an action and a time, such as off 30m, or --cancel")
    body = {} if arguments.cancel else {"action": arguments.action, "after_s": arguments.after}
    agent = agent_of(arguments)
    answer = agent.post(f"outlets/{arguments.outlet}/timer", body)
    if arguments.json:
        print(json.dumps(answer, indent=2))
        return exits.OK
    outlet = answer["outlet"]
    if not arguments.cancel:
        print(f"{label(outlet)}: {arguments.action} {_when(outlet['next_change'], agent)}")
    else:
        done = "countdown ended" if answer["changed"] else "there was no countdown"
        print(f"{label(outlet)}: {done}")
    return exits.OK


def _when(change: Row | None, agent: AgentClient) -> str:
    if change is None or change["source"] != "countdown":
        return "by a countdown"
    return f"at {unit_time(change['at'], unit_zone(agent))}"


def _outlets(numbers: list[int]) -> str:
    return ", ".join(str(number) for number in numbers) or MISSING


def _show(
    arguments: argparse.Namespace,
    plain: Row,
    columns: tuple[TableColumn, ...],
    rows: list[list[str]],
    nothing: str,
) -> int:
    if arguments.json:
        print(json.dumps(plain, indent=2))
    elif rows:
        print("\n".join(table(columns, rows, [{}] * len(rows), stdout_style())))
    else:
        print(nothing)
    return exits.OK
