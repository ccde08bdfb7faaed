# SPDX-License-Identifier: Apache-2.0
"""`openpdu on|off|cycle|cancel|toggle|pulse|lock|unlock`: change outlets, all named or none,
or a group of them."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any

from pdu_agent.app import exits
from pdu_agent.app.client import AgentClient, ClientError
from pdu_agent.app.commands.asking import HELP, asks, confirmed, label
from pdu_agent.app.commands.parsing import (
    ALL,
    Parsers,
    add_client_command,
    agent_of,
    combined,
    outlet_list,
)
from pdu_agent.app.terminal import countdown, printable

POLL_S = 0.2
TELL_S = 2.0  # between two lines about what an outlet waits for
GRACE_S = 30.0  # beyond what the outlets announce themselves

END_STATES = {"on": "on", "off": "off", "reboot": "on"}
MOVING = frozenset({"on pending", "off pending", "rebooting"})

_FREE = "every switched outlet that is not locked"
_MEANT_BY_ALL = {"lock": "every switched outlet", "unlock": "every switched outlet"}


def add_parsers(parsers: Parsers) -> None:
    for name, aliases, verb, summary in (
        ("on", (), "on", "switch outlets on"),
        ("off", (), "off", "switch outlets off"),
        ("cycle", ("reboot",), "reboot", "switch outlets off and, after their reboot time, on"),
    ):
        parser = add_client_command(
            parsers, name, _run, summary, f"openpdu {name} 1,3,5-7 --wait", aliases
        )
        _add_outlets(parser, verb)
        parser.add_argument(
            "--delayed", action="store_true", help="wait for each outlet's own delay first"
        )
        parser.add_argument(
            "--delay", type=_seconds, metavar="SECONDS", help="wait this long first instead"
        )
        parser.add_argument(
            "--now",
            dest="forced",
            action="store_true",
            help="without hooks, and without waiting for the load to be idle",
        )
        _add_wait(parser)
    for name, summary, example in (
        ("cancel", "forget what is pending", "openpdu cancel all"),
        ("toggle", "switch off what is on or will be, and on what is not", "openpdu toggle 3"),
        ("pulse", "the other state for each outlet's pulse_s, and back", "openpdu pulse 3"),
    ):
        parser = add_client_command(parsers, name, _run, summary, example)
        _add_outlets(parser, name)
        _add_wait(parser)
    lock = add_client_command(
        parsers, "lock", _run, "refuse switching by anyone, in the present state", "openpdu lock 3"
    )
    _add_outlets(lock, "lock")
    state = lock.add_mutually_exclusive_group()
    for word in ("on", "off"):
        state.add_argument(
            f"--{word}",
            dest="state",
            action="store_const",
            const=word,
            help=f"only if the outlet is {word}",
        )
    unlock = add_client_command(
        parsers, "unlock", _run, "allow switching again", "openpdu unlock 3"
    )
    _add_outlets(unlock, "unlock")


def _add_outlets(parser: argparse.ArgumentParser, verb: str) -> None:
    parser.add_argument(
        "outlets",
        nargs="*",
        type=outlet_list,
        metavar="N",
        help=f"outlet numbers: 1, 1,3,5-7, or {ALL} ({_MEANT_BY_ALL.get(verb, _FREE)})",
    )
    parser.add_argument(
        "-g",
        "--group",
        metavar="GROUP",
        help="number or name of a group, in place of outlets (openpdu groups lists them)",
    )
    parser.add_argument("-y", "--yes", action="store_true", help=HELP)
    parser.set_defaults(verb=verb, parser=parser)


def _add_wait(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--wait", action="store_true", help="return when the outlets have settled")
    parser.add_argument(
        "--timeout",
        type=_seconds,
        metavar="SECONDS",
        help=f"longest wait; default: what the outlets announce and {GRACE_S:.0f} s",
    )


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r}: expected seconds, 0 or more")
    return seconds


def _run(arguments: argparse.Namespace) -> int:
    try:
        outlets = combined(arguments.outlets)
    except ValueError as exc:
        arguments.parser.error(str(exc))
    if bool(outlets) is (arguments.group is not None):
        arguments.parser.error("expected outlet numbers, or --group")
    agent = agent_of(arguments)
    group = None if arguments.group is None else _group(agent, arguments.group)
    if asks(arguments) and not _confirmed(agent, arguments.verb, outlets, group):
        print("openpdu: nothing was done", file=sys.stderr)
        return exits.REFUSED
    targets: list[dict[str, Any]] = [{"outlet": outlet} for outlet in outlets]
    if group is not None:
        targets = [{"group": group["number"]}]
    options = {"command": arguments.verb, **_options(arguments)}
    answer = agent.command([target | options for target in targets])
    if not arguments.json:
        for step in answer["outlets"]:
            print(what_happened(arguments.verb, step))
    late: list[str] = []
    if getattr(arguments, "wait", False):
        late = _wait(agent, arguments, answer["outlets"])
    if arguments.json:
        print(json.dumps(answer, indent=2))
    for line in late:
        print(f"openpdu: {line}", file=sys.stderr)
    return exits.UNAVAILABLE if late else exits.OK


def _group(agent: AgentClient, wanted: str) -> Mapping[str, Any]:
    """The group with this number, or else the only one of this name. Raises ClientError."""
    groups: Sequence[Mapping[str, Any]] = agent.get("groups")["groups"]
    found = [row for row in groups if str(row["number"]) == wanted]
    found = found or [row for row in groups if row["name"] == wanted]
    if len(found) == 1:
        return found[0]
    if found:
        numbers = ", ".join(str(row["number"]) for row in found)
        raise _unknown(f"several groups are called {wanted!r}: give the number, {numbers}")
    known = ", ".join(f"{row['number']} {row['name']}" for row in groups) or "none"
    raise _unknown(f"there is no group {wanted!r}; groups that exist: {known}")


def _unknown(detail: str) -> ClientError:
    return ClientError(exits.UNKNOWN_TARGET, "unknown_target", detail)


def _confirmed(
    agent: AgentClient,
    verb: str,
    outlets: Sequence[int | str],
    group: Mapping[str, Any] | None,
) -> bool:
    rows = agent.get("outlets")["outlets"]
    if group is None:
        return confirmed(verb, outlets, rows)
    name = f"group {group['number']} {printable(group['name'])}"
    return confirmed(verb, group["outlets"], rows, name)


def _options(arguments: argparse.Namespace) -> dict[str, Any]:
    options: dict[str, Any] = {}
    if getattr(arguments, "delayed", False):
        options["delayed"] = True
    if getattr(arguments, "delay", None) is not None:
        options["delay_s"] = arguments.delay
    if getattr(arguments, "forced", False):
        options["forced"] = True
    if getattr(arguments, "state", None) is not None:
        options["state"] = arguments.state
    return options


def what_happened(verb: str, step: Mapping[str, Any]) -> str:
    """One line, such as `outlet 3 web: off -> on pending, on in 2s`."""
    before, after = step["before"], step["outlet"]
    if step["left"] is not None:
        return f"{label(after)}: left {after['state']}, {_why_left(after['number'], step['left'])}"
    return f"{label(after)}: {_change(verb, before, after)}"


def _why_left(number: int, why: str) -> str:
    """The reason, without the number that the line begins with."""
    about = f"outlet {number} is "
    return f"it is {printable(why[len(about) :])}" if why.startswith(about) else printable(why)


def _change(verb: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    if verb in ("lock", "unlock"):
        already = "already " if before["lock"] == after["lock"] else ""
        return f"{already}{after['lock']}"
    soon = _pending(after["pending"])
    if before["state"] != after["state"]:
        return f"{before['state']} -> {after['state']}{soon}"
    if after["pending"]:
        return f"{after['state']}{soon}"
    if verb == "cancel":
        return f"nothing was pending, still {after['state']}"
    return f"already {after['state']}"


def _pending(pending: Mapping[str, Any] | None) -> str:
    """`, delayed off in 30s`; nothing when it happens within this second."""
    if pending is None or round(pending["in_s"]) == 0:
        return ""
    return f", {pending['action']} in {countdown(pending['in_s'])}"


def _wait(
    agent: AgentClient, arguments: argparse.Namespace, steps: Sequence[dict[str, Any]]
) -> list[str]:
    """Poll until every outlet has settled, put its last row into its step, and complain.

    Returns a line for each outlet that did not get where it was sent, and was not left out.
    """
    meant = {step["outlet"]["number"]: step for step in steps if step["left"] is None}
    limit_s = _limit_s(arguments, steps)
    deadline_s = time.monotonic() + limit_s
    while any(_is_moving(step["outlet"]) for step in meant.values()):
        if time.monotonic() > deadline_s:
            break
        time.sleep(POLL_S)
        for outlet in agent.get("outlets")["outlets"]:
            if outlet["number"] in meant:
                _note(arguments, meant[outlet["number"]], outlet)
    wanted = END_STATES.get(arguments.verb)
    late = []
    for step in meant.values():
        state = step["outlet"]["state"]
        if _is_moving(step["outlet"]):
            late.append(f"{label(step['outlet'])}: still {state} after {limit_s:g} s")
        elif state != wanted and (wanted or state in ("fault", "unknown")):
            late.append(f"{label(step['outlet'])}: ended in state {state}{_reason(agent, step)}")
    return late


def _reason(agent: AgentClient, step: Mapping[str, Any]) -> str:
    """What an alarm says of a load that was not shut down, or of a hook that failed."""
    subject = f"outlet {step['outlet']['number']}"
    told = [
        printable(alarm["text"])
        for alarm in agent.get("alarms")["alarms"]
        if alarm["subject"] == subject and alarm["kind"] in ("shutdown", "hook")
    ]
    return f": {told[0]}" if told else ""


def _limit_s(arguments: argparse.Namespace, steps: Sequence[Mapping[str, Any]]) -> float:
    if arguments.timeout is not None:
        return float(arguments.timeout)
    rows = [step["outlet"] for step in steps]
    announced_s = max((row["pending"]["in_s"] for row in rows if row["pending"]), default=0.0)
    reboot_s = (
        max((row["reboot_s"] for row in rows), default=0) if arguments.verb == "reboot" else 0
    )
    return float(announced_s + reboot_s + GRACE_S)


def _is_moving(outlet: Mapping[str, Any]) -> bool:
    return outlet["pending"] is not None or outlet["state"] in MOVING


def _note(arguments: argparse.Namespace, step: dict[str, Any], outlet: dict[str, Any]) -> None:
    """Remember the outlet's newest row; say so when it has just settled, or what it waits for."""
    if not arguments.json:
        told = printable(outlet["stopping"])
        if told and time.monotonic() >= step.get("tell_s", 0.0):
            step["tell_s"] = time.monotonic() + TELL_S
            print(f"{label(outlet)}: {told}", flush=True)
        if _is_moving(step["outlet"]) and not _is_moving(outlet):
            print(f"{label(outlet)}: {outlet['state']}")
    step["outlet"] = outlet
