# SPDX-License-Identifier: Apache-2.0
"""`openpdu init`, `check` and `mib-path`: what comes before the agent runs."""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path

from pdu_agent.app import exits
from pdu_agent.app.commands.parsing import Parsers, add_command
from pdu_agent.app.paths import config_folder, mib_folders


def add_parsers(parsers: Parsers) -> None:
    init = add_command(
        parsers,
        "init",
        _init,
        "write a first configuration with random credentials",
        "openpdu init --directory /etc/openpdu",
    )
    default = config_folder(os.environ, os.geteuid())
    init.add_argument(
        "--directory",
        type=Path,
        default=default,
        metavar="DIR",
        help=f"where to write; default: {default}",
    )
    check = add_command(
        parsers,
        "check",
        _check,
        "list everything wrong in a configuration",
        f"openpdu check {default / 'openpdu.yaml'}",
    )
    check.add_argument("file", type=Path, metavar="FILE", help="configuration; its secrets too")
    add_command(
        parsers,
        "mib-path",
        _mib_path,
        "print where the MIB files lie",
        'snmpwalk -M "$(openpdu mib-path)" -m OPENPDU-MIB ...',
    )


def _init(arguments: argparse.Namespace) -> int:
    from pdu_agent.app.config.init import write_initial

    written = write_initial(arguments.directory)
    if arguments.json:  # where the passphrases are, but not the passphrases: JSON gets logged
        print(json.dumps({"config": str(written.config), "secrets": str(written.secrets)}))
    else:
        print(written.text)
    return exits.OK


def _check(arguments: argparse.Namespace) -> int:
    from pdu_agent.app.config.load import check_file

    problems = check_file(arguments.file, os.environ)
    if arguments.json:
        plain = [
            {
                "file": problem.place.source,
                "line": problem.place.line,
                "column": problem.place.column,
                "severity": "warning" if problem.warning else "error",
                "text": problem.text,
            }
            for problem in problems
        ]
        print(json.dumps(plain, indent=2))
    else:
        for problem in problems:
            print(problem)
        if not problems:
            print(f"{arguments.file}: no problems")
    wrong = any(not problem.warning for problem in problems)
    return exits.CONFIGURATION if wrong else exits.OK


def _mib_path(arguments: argparse.Namespace) -> int:
    folders = [str(folder) for folder in mib_folders()]
    path = ":".join(folders)
    print(json.dumps({"path": path, "folders": folders}) if arguments.json else path)
    return exits.OK
