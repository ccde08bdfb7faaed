# SPDX-License-Identifier: Apache-2.0
"""`openpdu run` and `openpdu demo`: the agent itself, on the configured or simulated hardware."""

from __future__ import annotations

import argparse
import os
from functools import partial
from pathlib import Path

from pdu_agent.app import exits
from pdu_agent.app.commands.parsing import Parsers, add_command
from pdu_agent.app.demo_options import DemoOptions
from pdu_agent.app.paths import config_file
from pdu_agent.mib_impl.names import IDENTITIES


def add_parsers(parsers: Parsers) -> None:
    run = add_command(
        parsers, "run", _run, "run the agent", "openpdu run --config /etc/openpdu/openpdu.yaml"
    )
    default = config_file(os.environ, os.geteuid())
    run.add_argument(
        "--config",
        type=Path,
        default=default,
        metavar="FILE",
        help=f"configuration; default: {default}",
    )
    demo = add_command(
        parsers,
        "demo",
        _demo,
        "run the agent on a simulated board, for this machine only",
        "openpdu demo --outlets 16",
    )
    _add_demo_options(demo)
    demo.set_defaults(parser=demo)


def _add_demo_options(parser: argparse.ArgumentParser) -> None:
    ours = DemoOptions()
    option = parser.add_argument
    option("--outlets", type=int, default=ours.outlets, metavar="N", help="1 to 64; default: 8")
    for name, default in (("snmp", ours.snmp), ("http", ours.http)):
        option(f"--{name}", default=default, metavar="HOST:PORT", help=f"default: {default}")
    option("--state-dir", type=Path, metavar="DIR", help="keeps energy and states over restarts")
    option(
        "--runtime-dir",
        type=Path,
        metavar="DIR",
        help="holds the simulated board; emptied: the board lost power",
    )
    option(
        "--identity",
        default=ours.identity,
        metavar="NAME",
        help=f"what managers take it for: {', '.join(IDENTITIES)}",
    )
    option(
        "--relay-log",
        type=Path,
        metavar="FILE",
        help="append `epoch outlet value` for each relay that moves",
    )
    option("--seed", type=int, default=ours.seed, metavar="N", help="of the simulated loads")
    option(
        "--speed",
        type=float,
        default=ours.speed,
        metavar="X",
        help="simulated time runs this many times faster; where the host cannot follow"
        " (beyond about 50 on a PC) samples are lost and energy is counted short",
    )
    option(
        "--script",
        default="",
        metavar="FILE",
        help="loads and faults to play: a file, or one that comes with OpenPDU, as welded-relay",
    )
    option(
        "--furnished",
        action="store_true",
        help="with names, groups, plans, rules, a cap, limits, prices and a UPS: each page in use",
    )
    option(
        "--nut",
        type=Path,
        metavar="DIR",
        help="the unit is the device pdu of the upsd whose STATEPATH this is",
    )
    option("--ready-file", type=Path, metavar="FILE", help="is made once SNMP answers")


def demo_options(arguments: argparse.Namespace) -> DemoOptions:
    """Raises ValueError as DemoOptions does."""
    return DemoOptions(**{name: getattr(arguments, name) for name in DemoOptions.__slots__})


def _run(arguments: argparse.Namespace) -> int:
    from pdu_agent.app.agent import Occasion, run_agent
    from pdu_agent.app.config.load import load_settings

    read = partial(load_settings, arguments.config, os.environ)
    run_agent(read(), Occasion(read=read, config=arguments.config))
    return exits.OK


def _demo(arguments: argparse.Namespace) -> int:
    try:
        options = demo_options(arguments)
    except ValueError as exc:
        arguments.parser.error(str(exc))
    from pdu_agent.app.demo import run_demo

    run_demo(options)
    return exits.OK
