# SPDX-License-Identifier: Apache-2.0
"""`openpdu outage`: what is done while a UPS runs on battery, and afterwards."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from typing import Any

from pdu_agent.app import exits
from pdu_agent.app.commands.parsing import Parsers, add_client_command, agent_of, stdout_style
from pdu_agent.app.terminal import local_time, printable

NONE = "No outage: mains is there, or nothing is done in an outage (`outage.enabled`)."


def add_parsers(parsers: Parsers) -> None:
    add_client_command(
        parsers,
        "outage",
        _run,
        "show what is off by an outage, and what comes next",
        "openpdu outage\n  openpdu what-if mains-fail",
    )


def _run(arguments: argparse.Namespace) -> int:
    answer = agent_of(arguments).get("outages")
    if arguments.json:
        print(json.dumps(answer, indent=2))
        return exits.OK
    lines = [line for row in answer["outages"] for line in _shown(row)]
    print("\n".join(lines or [NONE]))
    return exits.OK


def _shown(row: Mapping[str, Any]) -> list[str]:
    title = f"{printable(row['ups'])}: {row['state']}, outage since {local_time(row['since'])}"
    taken = ", ".join(map(str, row["taken"])) or "none"
    when = "" if row["next_at"] is None else f" at {local_time(row['next_at'])}"
    return [
        stdout_style().paint(title, "bold"),
        f"  {printable(row['text'])}",
        f"  Off by it, in this order: {taken}",
        f"  Next{when}: {printable(row['next'])}",
    ]
