# SPDX-License-Identifier: Apache-2.0
"""`openpdu hooks`: which hooks there are and how they ended; `hooks test` tries one out here."""

from __future__ import annotations

import argparse
import json
import os
import shlex
import sys
from pathlib import Path
from typing import Any

from pdu_agent.app import exits
from pdu_agent.app.commands.parsing import (
    Parsers,
    add_client_command,
    add_command,
    agent_of,
    stdout_style,
)
from pdu_agent.app.paths import config_file
from pdu_agent.app.terminal import MISSING, TableColumn, local_time, printable, table

COLUMNS = (
    TableColumn("Name"),
    TableColumn("Kind"),
    TableColumn("Limit", right=True),
    TableColumn("Last run"),
    TableColumn("Moment"),
    TableColumn("Result", elastic=True),
)


def add_parsers(parsers: Parsers) -> None:
    hooks = add_client_command(
        parsers, "hooks", _list, "list hooks and how each ended the last time", "openpdu hooks"
    )
    test = add_command(
        hooks.add_subparsers(metavar="test", title="to try one"),
        "test",
        _test,
        "tell what a hook of the configuration would run; with --yes run it, as this user",
        "openpdu hooks test nas-down --yes",
    )
    test.add_argument("name", metavar="NAME", help="of the hook")
    default = config_file(os.environ, os.geteuid())
    test.add_argument(
        "--config",
        type=Path,
        default=default,
        metavar="FILE",
        help=f"configuration; default: {default}",
    )
    test.add_argument("--outlet", type=int, default=1, metavar="N", help="that it is told; 1")
    test.add_argument("--yes", action="store_true", help="run it")


def _list(arguments: argparse.Namespace) -> int:
    answer = agent_of(arguments).get("hooks")
    if arguments.json:
        print(json.dumps(answer, indent=2))
        return exits.OK
    rows = [_cells(hook) for hook in answer["hooks"]]
    if not rows:
        print("No hooks are configured.")
        return exits.OK
    print("\n".join(table(COLUMNS, rows, [{}] * len(rows), stdout_style())))
    return exits.OK


def _cells(hook: dict[str, Any]) -> list[str]:
    last = hook["last"]
    ended = [MISSING, MISSING, MISSING]
    if last is not None:
        about = f", outlet {last['outlet']}" if last["outlet"] else ""
        result = printable(last["error"]) or "done"
        ignored = ", ignored" if last["error"] and hook["ignore_errors"] else ""
        ended = [
            local_time(last["ended_at"]),
            f"{last['moment']}{about}",
            f"{result} ({last['seconds']:.1f} s{ignored})",
        ]
    return [printable(hook["name"]), hook["kind"], f"{hook['time_limit_s']:g} s", *ended]


def _test(arguments: argparse.Namespace) -> int:
    # Loaded here: the other commands need no configuration, and start without a loop.
    import asyncio

    from pdu_agent.app.config.load import load_settings
    from pdu_agent.app.hook_command import HookFailure
    from pdu_agent.app.hooks import carry_out, told
    from pdu_agent.model.readings import HookMoment, RunHook

    settings = load_settings(arguments.config, os.environ)
    hook = next((hook for hook in settings.hooks if hook.name == arguments.name), None)
    if hook is None:
        known = ", ".join(hook.name for hook in settings.hooks) or "none"
        return _tell(arguments, exits.UNKNOWN_TARGET, f"no such hook; there are: {known}", "")
    names = {outlet.number: outlet.name for outlet in settings.outlets}
    name = names.get(arguments.outlet) or f"Outlet {arguments.outlet}"
    run = RunHook(0, hook.name, HookMoment.BEFORE_OFF, arguments.outlet, name, "a test")
    what = _what(hook.options)
    if not arguments.yes:
        return _tell(arguments, exits.OK, "", f"would run, for {hook.time_limit_s:g} s: {what}")
    try:
        asyncio.run(carry_out(hook, run, _only_the_agent))
    except HookFailure as exc:
        return _tell(arguments, exits.FAILURE, f"failed: {exc}", what)
    return _tell(arguments, exits.OK, "", f"done: {what} ({', '.join(told(run).values())})")


async def _only_the_agent(outlet: int) -> None:
    from pdu_agent.app.hook_command import HookFailure

    raise HookFailure(
        f"only the agent can tell a server by NUT; `openpdu off {outlet}` does, and cuts it then"
    )


def _what(options: Any) -> str:
    """The command as a shell would take it, or the request; no header, which may be a secret."""
    if hasattr(options, "command"):
        return shlex.join(options.command)
    if hasattr(options, "wait_s"):
        return "FSD to the upsmon of the outlet's server, by the agent"
    return f"{options.method} {options.url}"


def _tell(arguments: argparse.Namespace, code: int, error: str, done: str) -> int:
    if arguments.json:
        print(json.dumps({"hook": arguments.name, "error": error, "text": done}, indent=2))
    elif error:
        print(f"openpdu: hook {printable(arguments.name)}: {printable(error)}", file=sys.stderr)
    else:
        print(f"hook {printable(arguments.name)} {printable(done)}")
    return code
