# SPDX-License-Identifier: Apache-2.0
"""`openpdu doctor` and `scan`: what is wrong with this machine, and what hangs on it."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from pdu_agent.app import exits
from pdu_agent.app.commands.parsing import Parsers, add_command
from pdu_agent.app.paths import config_file
from pdu_agent.app.terminal import printable, style_of

if TYPE_CHECKING:
    from pdu_agent.app.doctor.finding import Finding
    from pdu_agent.app.doctor.proposal import Found
    from pdu_agent.app.doctor.user import User

_COLOURS = {"ok": "green", "note": "yellow", "problem": "red"}


def add_parsers(parsers: Parsers) -> None:
    doctor = add_command(
        parsers,
        "doctor",
        _doctor,
        "look for what does not work on this machine, and tell the cure",
        "openpdu doctor --config /etc/openpdu/openpdu.yaml",
    )
    default = config_file(os.environ, os.geteuid())
    doctor.add_argument(
        "--config",
        type=Path,
        default=default,
        metavar="FILE",
        help=f"configuration; default: {default}",
    )
    doctor.add_argument(
        "--user",
        type=_user,
        metavar="NAME",
        help="who is to run the agent; default: who runs it now, openpdu if root asks and there is"
        " such a user, else who asks",
    )
    scan = add_command(
        parsers,
        "scan",
        _scan,
        "propose a configuration from what answers on the buses",
        "openpdu scan > proposal.yaml",
    )
    scan.set_defaults(parser=scan)


def _doctor(arguments: argparse.Namespace) -> int:
    from pdu_agent.app.config.load import load_settings
    from pdu_agent.app.doctor.examine import Surroundings, examine
    from pdu_agent.app.doctor.machine import Machine
    from pdu_agent.app.doctor.user import usual_user
    from pdu_agent.hw.site import BoardConnections
    from pdu_agent.model.clock import SystemClock
    from pdu_agent.model.errors import ConfigError
    from pdu_agent.store.lock import holder_of

    if not os.path.exists(arguments.config):
        raise ConfigError(
            f"{arguments.config}: there is no such file; openpdu init writes one, --config names"
            " another, and openpdu scan looks at the buses without any"
        )
    settings = load_settings(arguments.config, os.environ)
    agent = holder_of(settings.runtime_dir)
    around = Surroundings(
        Machine(user=arguments.user or usual_user(agent)),
        BoardConnections(SystemClock()),
        wall_s=time.time(),
        agent=agent,
        agents=_agents() | ({agent} if agent is not None else set()),
    )
    return report(examine(settings, around), arguments.json)


def _user(name: str) -> User:
    """An argparse type: raises ArgumentTypeError."""
    from pdu_agent.app.doctor.user import named_user

    try:
        return named_user(name)
    except KeyError:
        raise argparse.ArgumentTypeError(f"there is no user {name!r}") from None


def _agents() -> frozenset[int]:
    """Processes that run an agent in one of the usual places."""
    from pdu_agent.app.config.directories import default_runtime_dir
    from pdu_agent.app.paths import SYSTEM_FOLDER
    from pdu_agent.store.lock import holder_of

    folders = {SYSTEM_FOLDER, default_runtime_dir(os.environ, os.geteuid())}
    return frozenset(held for folder in folders if (held := holder_of(folder)) is not None)


def report(findings: Iterable[Finding], as_json: bool) -> int:
    """Print them as they come; PROBLEMS when there is one."""
    seen = []
    style = style_of(sys.stdout, os.environ)
    for finding in findings:
        seen.append(finding)
        if not as_json:
            level = style.paint(f"{finding.level.value:7}", _COLOURS[finding.level.value])
            print(f"{level} {printable(finding.subject)}: {printable(finding.text)}")
            if finding.cure:
                print(f"        -> {printable(finding.cure)}", flush=True)
    if as_json:
        plain = [{**asdict(finding), "level": finding.level.value} for finding in seen]
        print(json.dumps(plain, indent=2))
    wrong = sum(finding.level.value == "problem" for finding in seen)
    if not as_json:
        print(f"{wrong} problem{'' if wrong == 1 else 's'}")
    return exits.PROBLEMS if wrong else exits.OK


def _scan(arguments: argparse.Namespace) -> int:
    from pdu_agent.app.doctor.machine import Machine
    from pdu_agent.app.doctor.proposal import look, propose
    from pdu_agent.hw.site import BoardConnections
    from pdu_agent.model.clock import SystemClock

    found = look(Machine(), BoardConnections(SystemClock()), _agents())
    print(json.dumps(_plain(found), indent=2) if arguments.json else propose(found), end="")
    if arguments.json:
        print()
    return exits.OK


def _plain(found: Found) -> dict[str, object]:
    return {
        "i2c": {
            bus: answers
            if isinstance(answers, str)
            else [
                {
                    "address": f"0x{answer.address:02x}",
                    "parts": answer.parts,
                    "drivers": answer.drivers,
                    "has_told": answer.has_told,
                    "claimed_by": answer.claimed_by,
                }
                for answer in answers
            ]
            for bus, answers in found.i2c.items()
        },
        "spi": found.spi,
        "serial": found.serial,
        "gpio": found.gpio,
        "files": [{"what": what, "path": path} for what, path in found.files],
    }
