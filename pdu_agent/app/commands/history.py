# SPDX-License-Identifier: Apache-2.0
"""`openpdu export` and `openpdu purge`: the history into a file, and out of the unit."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from urllib.parse import urlencode

from pdu_agent.app import exits
from pdu_agent.app.client import ClientError
from pdu_agent.app.commands.asking import agreed, asks
from pdu_agent.app.commands.parsing import Parsers, add_client_command, agent_of

TIMEOUT_S = 300.0


def add_parsers(parsers: Parsers) -> None:
    export = add_client_command(
        parsers,
        "export",
        _export,
        "write curves or hours of energy as CSV, JSON lines or npz",
        "openpdu export --month 2026-03 --format npz --output march.npz\n"
        "  openpdu export --energy --day 2026-03-14",
    )
    option = export.add_argument
    option("--energy", action="store_true", help="energy of each hour, in place of curves")
    option("--format", choices=("csv", "jsonl", "npz"), default="csv")
    option("--target", metavar="TARGET", help="such as outlet:3; default: all")
    option("--quantity", metavar="NAME", help="such as active_power_w; default: all")
    option("--step", dest="step_s", metavar="S", help="1, 10, 60, 900 (default) or 86400 seconds")
    option("--output", type=Path, metavar="FILE", help="default: standard output")
    when = export.add_mutually_exclusive_group()
    when.add_argument("--month", metavar="YYYY-MM", help="default: this month")
    when.add_argument("--day", metavar="YYYY-MM-DD")
    when.add_argument("--from", metavar="YYYY-MM-DD", help="the first day")
    option("--to", metavar="YYYY-MM-DD", help="the last day; default: today")
    purge = add_client_command(
        parsers,
        "purge",
        _purge,
        "take values and energy of some days away for good",
        "openpdu purge --from 2026-01-01 --to 2026-01-31 --target outlet:3 --dry-run",
    )
    option = purge.add_argument
    option("--from", required=True, metavar="YYYY-MM-DD", help="the first day")
    option("--to", required=True, metavar="YYYY-MM-DD", help="the last day")
    option("--target", metavar="TARGET", help="such as outlet:3; default: all")
    option("--quantity", metavar="NAME", help="only this one, and no energy")
    option("--dry-run", action="store_true", help="only tell what would go")
    option("--yes", "-y", action="store_true", help="do not ask, even at a terminal")


def _export(arguments: argparse.Namespace) -> int:
    given = vars(arguments)
    keys = ("target", "quantity", "step_s", "month", "day", "from", "to")
    query = {key: given[key] for key in keys if given[key]}
    query |= {"format": arguments.format, "what": "energy" if arguments.energy else "curves"}
    resource, agent = f"export?{urlencode(query)}", agent_of(arguments)
    if arguments.output is None:
        agent.download(resource, sys.stdout.buffer.write, TIMEOUT_S)
        return exits.OK
    new = arguments.output.with_name(arguments.output.name + ".part")
    try:
        with new.open("wb") as file:
            agent.download(resource, file.write, TIMEOUT_S)
        new.replace(arguments.output)
    except ClientError:
        new.unlink(missing_ok=True)
        raise
    except OSError as exc:
        new.unlink(missing_ok=True)
        raise ClientError(
            exits.FAILURE, "not_written", f"{arguments.output}: {exc.strerror}"
        ) from exc
    return exits.OK


def _purge(arguments: argparse.Namespace) -> int:
    given, agent = vars(arguments), agent_of(arguments)
    # Empty words are sent on and refused: an unset variable of a script does not mean all.
    keys = ("target", "quantity", "from", "to")
    order = {key: given[key] for key in keys if given[key] is not None}
    answer = agent.post("history/purge", {**order, "dry_run": True}, TIMEOUT_S)
    if not arguments.dry_run:
        if asks(arguments):
            print(_told(answer, "would go"))
            if not agreed("Take that away for good?"):
                print("Nothing was done.")
                return exits.REFUSED
        answer = agent.post("history/purge", {**order, "dry_run": False}, TIMEOUT_S)
    if arguments.json:
        print(json.dumps(answer, indent=2))
    else:
        print(_told(answer, "would go" if arguments.dry_run else "are gone"))
    return exits.OK


def _told(answer: dict[str, object], verb: str) -> str:
    return f"{answer['values']} values and {answer['energy_hours']} hours of energy {verb}."
