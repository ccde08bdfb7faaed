# SPDX-License-Identifier: Apache-2.0
"""What `openpdu audit` prints: the entries that are wanted, or what is wrong with the log."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from pdu_agent.app import exits
from pdu_agent.app.commands.parsing import stdout_style
from pdu_agent.app.config.directories import default_runtime_dir, default_state_dir
from pdu_agent.app.paths import config_file
from pdu_agent.app.terminal import MISSING, TableColumn, printable, table
from pdu_agent.model import switch_proof
from pdu_agent.model.errors import StoreError
from pdu_agent.model.quantities import MILLIJOULES_PER_WATT_HOUR
from pdu_agent.store.audit_chain import COMMAND, CONTINUED, GENESIS, NEWER_NAME, START, TORN
from pdu_agent.store.audit_check import Verdict, read_lines, verify
from pdu_agent.store.audit_query import Wanted, time_of, who_of

SHOWN_PROBLEMS = 20
COLUMNS = (
    TableColumn("#", right=True),
    TableColumn("Time"),
    TableColumn("Who", elastic=True),
    TableColumn("What", elastic=True),
    TableColumn("Result", elastic=True),
)
RESULT_COLUMN = 4

Row = Mapping[str, Any]


def report(arguments: argparse.Namespace) -> int:
    """Show or verify; the exit code. Raises StoreError where there is no log to be read."""
    runtime_dir, state_dir = _folders(arguments)
    if not os.access(state_dir, os.R_OK | os.X_OK):
        raise StoreError(
            f"{state_dir} is not there, or only for the agent's user and root;"
            " --state-dir names another folder"
        )
    verdict = verify(runtime_dir, state_dir)
    if verdict.newest == START and not verdict.problems:
        raise StoreError(f"{state_dir} has no audit log; --state-dir names another folder")
    if arguments.action == "verify":
        return _verify(arguments, verdict)
    return _show(arguments, runtime_dir, state_dir, verdict)


def _folders(arguments: argparse.Namespace) -> tuple[Path, Path]:
    """Runtime and state folder. A state folder that is named alone stands for both: it may be a
    copy from elsewhere, of which no agent runs here.
    """
    if arguments.state_dir is not None:
        return arguments.runtime_dir or arguments.state_dir, arguments.state_dir
    # Loaded here: with a folder that is named, no configuration is read.
    from pdu_agent.app.config.load import load_settings

    uid = os.geteuid()
    file = arguments.config or config_file(os.environ, uid)
    if arguments.config is None and not file.exists():
        state_dir, runtime_dir = (
            default_state_dir(os.environ, uid),
            default_runtime_dir(os.environ, uid),
        )
    else:
        settings = load_settings(file, os.environ)
        state_dir, runtime_dir = settings.state_dir, settings.runtime_dir
    return arguments.runtime_dir or runtime_dir, state_dir


# -- show -------------------------------------------------------------------------------


def _show(
    arguments: argparse.Namespace, runtime_dir: Path, state_dir: Path, verdict: Verdict
) -> int:
    wanted = Wanted(arguments.outlet, arguments.since, actor=arguments.actor)
    rows = [line.plain for line in read_lines(runtime_dir, state_dir)]
    rows = [row for row in rows if _is_wanted(row, wanted)][-arguments.count :]
    if arguments.json:
        print(json.dumps({"whole": not verdict.problems, "entries": rows}, indent=2))
    elif rows:
        colours = [_colours(row) for row in rows]
        print("\n".join(table(COLUMNS, [_cells(row) for row in rows], colours, stdout_style())))
    else:
        print("there is no such entry")
    if verdict.problems and not arguments.json:
        print(f"the log is not whole: {verdict.problems[0]}", file=sys.stderr)
    return exits.OK


def _is_wanted(row: Row, wanted: Wanted) -> bool:
    if row["kind"] != COMMAND:
        return row["kind"] != CONTINUED and wanted == Wanted()
    return wanted.is_met_by(row)


def _cells(row: Row) -> list[str]:
    """Also of a line that somebody else wrote, with whatever in it."""
    try:
        return _told_cells(row)
    except (LookupError, TypeError, ValueError, AttributeError, OverflowError, OSError):
        return [str(row["number"]), MISSING, MISSING, "nothing that this version writes", MISSING]


def _told_cells(row: Row) -> list[str]:
    number = str(row["number"])
    if row["kind"] == GENESIS:
        return [number, MISSING, MISSING, f"log of device {row['device']} begun", MISSING]
    if row["kind"] == TORN:
        text = f"{row['bytes']} bytes of a torn line kept apart"
        return [number, MISSING, MISSING, text, MISSING]
    return [
        number,
        _local(time_of(row)),
        printable(who_of(row)),
        printable(row["asked"] + _old_totals(row)),
        printable(_result(row)),
    ]


def _old_totals(row: Row) -> str:
    """What the meters that were reset had shown, and since when."""
    told = []
    for target, mark in row.get("meters", {}).items():
        energy_kwh = mark["user_energy_mj"] / MILLIJOULES_PER_WATT_HOUR / 1000
        start = mark["user_since"]
        of = f"since {_local(start)}" if start is not None else "since the beginning"
        told.append(f"{target} was {energy_kwh:.3f} kWh {of}")
    return f" ({', '.join(told)})" if told else ""


def _result(row: Row) -> str:
    text = str(row["result"])
    if row.get("proof"):
        text += f": {_proof(row['proof'])}"
    if row.get("error"):
        text += f": {row['error']}"
    outlets = row.get("outlets", {})
    if row["result"] == "changed" and len(outlets) == 1:
        ((before, after),) = outlets.values()
        text = f"{before} -> {after}"
    if row.get("missed"):
        text += f"; {row['missed']} refused before it without an entry"
    return text


def _proof(proof: Row) -> str:
    drawn = [
        f"{float(proof[key]):.2f} A {word}"
        for word in ("before", "after")
        if (key := f"current_{word}_a") in proof
    ]
    return ", ".join([str(proof["verdict"]), *drawn])


def _colours(row: Row) -> dict[int, str]:
    if (row.get("proof") or {}).get("verdict") == switch_proof.Verdict.CONTRADICTED.value:
        return {RESULT_COLUMN: "red"}
    return {RESULT_COLUMN: "yellow"} if row.get("result") == "refused" else {}


def _local(t_wall_s: float) -> str:
    return datetime.fromtimestamp(t_wall_s).astimezone().strftime("%Y-%m-%d %H:%M:%S")


# -- verify -----------------------------------------------------------------------------


def _verify(arguments: argparse.Namespace, verdict: Verdict) -> int:
    print(json.dumps(_plain(verdict), indent=2) if arguments.json else "\n".join(_told(verdict)))
    return exits.PROBLEMS if verdict.problems else exits.OK


def _plain(verdict: Verdict) -> Row:
    return {
        "whole": not verdict.problems,
        "first": verdict.first,
        "newest": {"number": verdict.newest.number, "hash": verdict.newest.hash},
        "recorded": verdict.recorded.number,
        "torn_bytes": verdict.torn_bytes,
        "problems": [
            {"file": str(each.path), "line": each.line, "number": each.number, "text": each.text}
            for each in verdict.problems
        ],
    }


def _told(verdict: Verdict) -> list[str]:
    lines = [str(problem) for problem in verdict.problems[:SHOWN_PROBLEMS]]
    if len(verdict.problems) > SHOWN_PROBLEMS:
        lines.append(f"and {len(verdict.problems) - SHOWN_PROBLEMS} more")
    if not lines:
        lines.append(f"whole from number {verdict.first} to number {verdict.newest.number}")
        lines.append(f"the newest line has the hash {verdict.newest.hash}")
    if verdict.torn_bytes:
        lines.append(f"{verdict.torn_bytes} bytes of a line that was being written are torn")
    if verdict.recorded == START:
        lines.append(f"no record says how far {NEWER_NAME} went: a cut end would not be noticed")
    return lines
