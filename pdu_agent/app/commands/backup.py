# SPDX-License-Identifier: Apache-2.0
"""`openpdu backup` asks the running agent; `openpdu restore` brings a backup back without one."""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Iterable
from pathlib import Path

from pdu_agent.app import exits
from pdu_agent.app.commands.parsing import Parsers, add_client_command, add_command, agent_of
from pdu_agent.app.paths import config_file
from pdu_agent.app.terminal import local_time, printable

TIMEOUT_S = 600.0
"""The first one copies the whole history, verifying reads it all."""


def add_parsers(parsers: Parsers) -> None:
    backup = add_client_command(
        parsers,
        "backup",
        _backup,
        "make, list or verify backups",
        "openpdu backup now\n  openpdu backup list",
    )
    backup.add_argument("what", choices=("now", "list", "verify"))
    backup.add_argument("name", nargs="?", help="of `verify`; default: the newest")
    restore = add_command(
        parsers,
        "restore",
        _restore,
        "bring a backup back while the agent is stopped; no relay moves",
        "openpdu restore openpdu-20260314T145320Z",
    )
    default = config_file(os.environ, os.geteuid())
    restore.add_argument("name", help="as `openpdu backup list` shows it")
    restore.add_argument(
        "--config", type=Path, default=default, metavar="FILE", help=f"default: {default}"
    )


def _backup(arguments: argparse.Namespace) -> int:
    agent = agent_of(arguments)
    if arguments.what == "now":
        answer = agent.post("backups", timeout_s=TIMEOUT_S)
        lines = [f"{answer['name']}: {answer['files']} files, {_mb(answer['size_bytes'])}"]
    elif arguments.what == "list":
        answer = agent.get("backups")
        lines = [
            f"{row['name']}  {local_time(row['made_at'])}  {_mb(row['size_bytes'])}"
            for row in answer["backups"]
        ] or ["There is no backup yet."]
        lines.append(f"In {printable(answer['folder'])}; the newest {answer['keep']} stay.")
        if answer["trouble"]:
            lines.append(f"The last one could not be made: {printable(answer['trouble'])}")
    else:
        name = arguments.name or next(
            (row["name"] for row in agent.get("backups")["backups"]), "none"
        )
        answer = agent.post(f"backups/{name}/verify", timeout_s=TIMEOUT_S)
        lines = [f"{name} is whole" if answer["is_whole"] else printable(answer["trouble"])]
    print(json.dumps(answer, indent=2) if arguments.json else "\n".join(lines))
    return exits.OK if answer.get("is_whole", True) else exits.PROBLEMS


def _mb(size_bytes: int) -> str:
    return f"{size_bytes / 1e6:.1f} MB"


def _restore(arguments: argparse.Namespace) -> int:
    # Loaded here: the other commands need none of it.
    from pdu_agent.app.backups import stage_backup
    from pdu_agent.app.config.directories import prepare_directory
    from pdu_agent.app.config.load import load_settings
    from pdu_agent.store.backup.restoring import finish
    from pdu_agent.store.lock import FolderLock

    settings = load_settings(arguments.config, os.environ)
    for folder in (settings.runtime_dir, settings.state_dir):
        prepare_directory(folder)
    lock = FolderLock(settings.runtime_dir)
    try:
        stage_backup(settings, arguments.name, time.time())
        told = finish(settings.runtime_dir, settings.state_dir)
    finally:
        lock.release()
    plain = {"restored": arguments.name, "told": list(told)}
    print(json.dumps(plain, indent=2) if arguments.json else "\n".join(_sentences(told)))
    return exits.OK


def _sentences(told: Iterable[str]) -> list[str]:
    lines = [f"{printable(text)[0].upper()}{printable(text)[1:]}." for text in told]
    return [*lines, "Start the agent: it goes on with these totals."]
