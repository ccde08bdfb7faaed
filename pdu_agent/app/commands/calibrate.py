# SPDX-License-Identifier: Apache-2.0
"""`openpdu calibrate`: a converter's channels against a reference, one after the other."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from pdu_agent.app import exits
from pdu_agent.app.commands.parsing import Parsers, add_command
from pdu_agent.app.paths import config_file
from pdu_agent.app.terminal import printable
from pdu_agent.model.errors import ConfigError

if TYPE_CHECKING:
    from pdu_agent.app.calibrating import Reference
    from pdu_agent.app.calibration_bench import Outcome
    from pdu_agent.app.calibration_session import Session

DEFAULT_SECONDS = 10.0


def add_parsers(parsers: Parsers) -> None:
    command = add_command(
        parsers,
        "calibrate",
        _calibrate,
        "compare a converter's channels with a reference, and keep the trims",
        "openpdu calibrate chip1 2 --reference 'Fluke 289, serial 1234'",
    )
    default = config_file(os.environ, os.geteuid())
    option = command.add_argument
    option("meter", nargs="?", metavar="METER", help="its name in the configuration")
    option("channel", nargs="?", type=int, metavar="CHANNEL", help="1 to 8")
    option("--config", type=Path, default=default, metavar="FILE", help=f"default: {default}")
    option("--reference", default="", metavar="TEXT", help="what you compare with, for the sheet")
    option("--seconds", type=float, default=DEFAULT_SECONDS, metavar="S", help="1 to 300")
    option("--idle", action="store_true", help="nothing is connected: noise and offset only")
    option("--volts", type=float, metavar="V", help="the reference shows this voltage")
    option("--amperes", type=float, metavar="A", help="the reference shows this current")
    option("--watts", type=float, metavar="W", help="the reference shows this power")
    option("--verify", action="store_true", help="compare only, and add a load point to the sheet")
    option("--sheet", action="store_true", help="print every channel's trims and load points")
    option("--yes", action="store_true", help="keep what is found without asking")
    command.set_defaults(parser=command)


def _calibrate(arguments: argparse.Namespace) -> int:
    from pdu_agent.app.calibration_session import Session
    from pdu_agent.app.config.load import load_settings

    settings = load_settings(arguments.config, os.environ)
    if arguments.sheet:
        return _sheet(settings.calibration, arguments.json)
    if arguments.meter is None or arguments.channel is None:
        arguments.parser.error("a METER and a CHANNEL are needed, or --sheet")
    if not 1 <= arguments.seconds <= 300:
        arguments.parser.error(f"--seconds: {arguments.seconds:g} is outside 1 to 300")
    _check_options(arguments)
    with Session(settings, arguments.meter, arguments.channel, arguments.reference) as session:
        if _given(arguments) or arguments.idle:
            return _once(session, arguments)
        if not sys.stdin.isatty():
            arguments.parser.error(
                "no terminal to ask at: give --idle, --volts, --amperes, --watts"
            )
        return _guide(session, arguments)


def _given(arguments: argparse.Namespace) -> list[str]:
    return [name for name in ("volts", "amperes", "watts") if getattr(arguments, name) is not None]


def _check_options(arguments: argparse.Namespace) -> None:
    given = _given(arguments)
    if len(given) > 1 or (given and arguments.idle):
        arguments.parser.error("give one of --idle, --volts, --amperes and --watts at a time")
    if arguments.verify and arguments.idle:
        arguments.parser.error("--verify needs a load and its reference")
    for name in given:
        if not 0 < getattr(arguments, name) < 1e6:
            arguments.parser.error(f"--{name}: {getattr(arguments, name):g} is not above 0")


def _reference(volts: float | None, amperes: float | None, watts: float | None) -> Reference:
    from pdu_agent.app.calibrating import Reference

    return Reference(volts, amperes, watts)


def _once(session: Session, arguments: argparse.Namespace) -> int:
    """One measurement with what the options say."""
    blocks = session.measure(arguments.seconds, _progress(arguments.json))
    if arguments.idle:
        outcome = session.idle(blocks)
    else:
        reference = _reference(arguments.volts, arguments.amperes, arguments.watts)
        take = session.verify if arguments.verify else session.load
        outcome = take(blocks, reference)
    return _finish(session, outcome, arguments)


def _guide(session: Session, arguments: argparse.Namespace) -> int:
    """Ask for one state of the bench after the other."""
    print(f"{session.name}. The relays stay as they are; {DEFAULT_SECONDS:g} s a measurement.")
    outcome = None
    if not session.is_voltage:
        input("1. Take the load off this channel, leave the mains on. Enter when that is so: ")
        outcome = session.idle(session.measure(arguments.seconds, _progress(False)))
        print("2. Connect a resistive load near the rating (a heater), and the reference.")
    unit = "V" if session.is_voltage else "A"
    value = _ask_number(f"   What does the reference show, in {unit}? ")
    blocks = session.measure(arguments.seconds, _progress(False))
    reference = _reference(value, None, None) if unit == "V" else _reference(None, value, None)
    outcome = session.load(blocks, reference)
    return _finish(session, outcome, arguments)


def _ask_number(question: str) -> float:
    while True:
        text = input(question)
        try:
            value = float(text.replace(",", "."))
        except ValueError:
            value = 0.0
        if 0 < value < 1e6:
            return value
        print(f"   {printable(text)!r} is no number above 0; such as 230.1")


def _finish(session: Session, outcome: Outcome, arguments: argparse.Namespace) -> int:
    keep = arguments.yes or arguments.json
    if not arguments.json:
        print("\n".join(outcome.lines))
        if not keep:
            keep = input("Keep this? [y/N] ").strip().lower() in ("y", "yes")
    if keep:
        session.keep(outcome)
    if arguments.json:
        print(json.dumps({**outcome.plain, "kept": keep}, indent=2))
    elif keep:
        print(f"kept in {session.file}; it holds from the agent's next start on")
    return exits.OK


def _progress(quiet: bool) -> Callable[[float], None]:
    """Seconds so far on a terminal's stderr, once a second."""
    if quiet or not sys.stderr.isatty():
        return lambda _: None
    last_s = time.monotonic()

    def show(so_far_s: float) -> None:
        nonlocal last_s
        if time.monotonic() - last_s >= 1.0:
            last_s = time.monotonic()
            print(f"\r   measuring ... {so_far_s:.0f} s ", end="", file=sys.stderr, flush=True)

    return show


def _sheet(path: Path, as_json: bool) -> int:
    from pdu_agent.app.calibration_sheet import sheet
    from pdu_agent.app.config.calibration import read
    from pdu_agent.app.config.tree import Problems

    problems = Problems()
    found = read(path, problems) if path.exists() else None
    if problems.errors:
        raise ConfigError("\n".join(str(problem) for problem in problems.errors))
    if found is None:
        raise ConfigError(f"{path}: nothing has been calibrated yet")
    print(json.dumps(asdict(found[0]), indent=2) if as_json else sheet(found[0]))
    return exits.OK
