# SPDX-License-Identifier: Apache-2.0
"""`openpdu rules`: what each rule watches and did, enabling, and tests of one's own rules."""

from __future__ import annotations

import argparse
import json
import logging
import os
from pathlib import Path
from typing import Any
from urllib.parse import quote

from pdu_agent.app import exits
from pdu_agent.app.commands.parsing import Parsers, add_client_command, agent_of, stdout_style
from pdu_agent.app.paths import config_file
from pdu_agent.app.terminal import MISSING, TableColumn, local_time, printable, table

COLUMNS = (
    TableColumn("#", right=True),
    TableColumn("Rule"),
    TableColumn("When", elastic=True),
    TableColumn("Then", elastic=True),
    TableColumn("State"),
    TableColumn("Acted", right=True),
    TableColumn("Last"),
    TableColumn("Outcome", elastic=True),
)
_NAMED = ("test", "enable", "disable")


def add_parsers(parsers: Parsers) -> None:
    parser = add_client_command(
        parsers,
        "rules",
        _run,
        "show the rules, put them in and out of force, and test them",
        "openpdu rules disable hot\n  openpdu rules test hot-test.yaml --config openpdu.yaml",
    )
    parser.add_argument(
        "verb",
        nargs="?",
        choices=("list", *_NAMED),
        default="list",
        help="list is the default; test needs no agent and moves no relay",
    )
    parser.add_argument(
        "name", nargs="?", metavar="NAME", help="of enable and disable: the rule; of test: a file"
    )
    parser.add_argument(
        "--config", type=Path, metavar="FILE", help="of test: with the rules; default: as for run"
    )
    parser.set_defaults(parser=parser)


def _run(arguments: argparse.Namespace) -> int:
    if (arguments.name is not None) is not (arguments.verb in _NAMED):
        arguments.parser.error(f"a name goes with {', '.join(_NAMED)}, and only with these")
    if arguments.verb == "test":
        return _test(arguments)
    return _list(arguments) if arguments.verb == "list" else _enable(arguments)


def _list(arguments: argparse.Namespace) -> int:
    answer = agent_of(arguments).get("rules")
    if arguments.json:
        print(json.dumps(answer, indent=2))
    elif not answer["rules"]:
        print("there are no rules")
    else:
        rows = [_cells(row) for row in answer["rules"]]
        print("\n".join(table(COLUMNS, rows, [{} for _ in rows], stdout_style())))
    return exits.OK


def _cells(row: dict[str, Any]) -> list[str]:
    return [
        str(row["number"]),
        printable(row["name"]),
        printable(row["condition"]),
        printable(row["action"]),
        row["state"],
        str(row["fired"]),
        local_time(row["last_at"]) if row["last_at"] else MISSING,
        printable(row["outcome"]) or MISSING,
    ]


def _enable(arguments: argparse.Namespace) -> int:
    path = f"rules/{quote(arguments.name, safe='')}/{arguments.verb}"
    answer = agent_of(arguments).post(path)
    if arguments.json:
        print(json.dumps(answer, indent=2))
    else:
        row = answer["rule"]
        print(f"rule {printable(row['name'])}: {row['state']}")
    return exits.OK


def _test(arguments: argparse.Namespace) -> int:
    """Exit code 1 when an expectation did not come true."""
    # Loaded here: the other commands do not need the core.
    from pdu_agent.app.config.load import load_settings
    from pdu_agent.app.rule_test import run_test

    file = arguments.config or config_file(os.environ, os.geteuid())
    settings = load_settings(file, os.environ)
    logging.disable()  # what the rehearsal's core has to say is no news of a real unit
    try:
        verdicts = run_test(Path(arguments.name), settings)
    finally:
        logging.disable(logging.NOTSET)
    failed = [verdict for verdict in verdicts if verdict.found]
    if arguments.json:
        plain = [
            {
                "place": str(each.place),
                "at_s": each.at_s,
                "expected": each.expected,
                "passed": not each.found,
                "found": each.found,
            }
            for each in verdicts
        ]
        print(json.dumps({"passed": not failed, "expectations": plain}, indent=2))
    else:
        for each in verdicts:
            words = f"at {each.at_s:g} s: {printable(each.expected)}"
            if each.found:
                print(f"FAILED {each.place}: {words}; but {printable(each.found)}")
            else:
                print(f"passed {words}")
        print(f"{len(verdicts) - len(failed)} of {len(verdicts)} expectations came true")
    return exits.FAILURE if failed else exits.OK
