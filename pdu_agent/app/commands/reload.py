# SPDX-License-Identifier: Apache-2.0
"""`openpdu reload`: have the running agent read its configuration anew."""

from __future__ import annotations

import argparse
import json

from pdu_agent.app import exits
from pdu_agent.app.commands.parsing import Parsers, add_client_command, agent_of
from pdu_agent.app.terminal import printable


def add_parsers(parsers: Parsers) -> None:
    add_client_command(
        parsers,
        "reload",
        _run,
        "have the agent read its configuration anew; no relay moves by it, and a configuration"
        " with an error leaves the old one in force",
        "openpdu check && openpdu reload",
    )


def _run(arguments: argparse.Namespace) -> int:
    answer = agent_of(arguments).post("reload")
    if arguments.json:
        print(json.dumps(answer, indent=2))
        return exits.OK
    for warning in answer["warnings"]:
        print(printable(warning))
    print("The configuration was read anew and is in force.")
    return exits.OK
