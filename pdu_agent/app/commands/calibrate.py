# SPDX-License-Identifier: Apache-2.0
"""`openpdu calibrate`: a converter's channels against a reference, one after the other."""

from __future__ import annotations

import argparse
import json
import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from pdu_agent.app import exits
from pdu_agent.app.commands.parsing import Parsers, add_command
from pdu_agent.app.paths import config_file
from pdu_agent.model.errors import ConfigError

if TYPE_CHECKING:
    from pdu_agent.app.calibrating import Recording
    from pdu_agent.app.calibration_bench import Bench, Outcome
    from pdu_agent.app.calibration_session import Session
    from pdu_agent.app.config.schema import AgentSettings

DEFAULT_SECONDS = 10.0
_UNITS = {"volts": "V", "amperes": "A", "watts": "W"}


def add_parsers(parsers: Parsers) -> None:
    command = add_command(
        parsers,
        "calibrate",
        _calibrate,
        "compare a converter's channels with a reference, and keep the trims",
        "openpdu calibrate chip1 --reference 'Fluke 289, serial 1234'    guided, all channels\n"
        "  openpdu calibrate chip1 2 --amperes 8.71 --yes                 one, without questions\n"
        "  openpdu calibrate chip1 --null 1                               residual current",
    )
    default = config_file(os.environ, os.geteuid())
    option = command.add_argument
    option("meter", nargs="?", metavar="METER", help="its name in the configuration")
    option("channel", nargs="?", type=int, metavar="CHANNEL", help="1 to 8; none: all, guided")
    option("--config", type=Path, default=default, metavar="FILE", help=f"default: {default}")
    option("--reference", default="", metavar="TEXT", help="what you compare with, for the sheet")
    option(
        "--seconds",
        type=float,
        default=DEFAULT_SECONDS,
        metavar="S",
        help="1 to 300, of each measurement; default: 10",
    )
    option("--idle", action="store_true", help="nothing is connected: noise and offset only")
    option("--volts", type=float, metavar="V", help="the reference shows this voltage")
    option("--amperes", type=float, metavar="A", help="the reference shows this current")
    option("--watts", type=float, metavar="W", help="the reference shows this power")
    option(
        "--power-factor",
        type=float,
        metavar="P",
        help="of the load, 0.3 to 1, or -0.3 to -1 where its current leads; default: 1, a heater",
    )
    option("--verify", action="store_true", help="compare only, and add a load point to the sheet")
    option(
        "--null",
        type=int,
        metavar="INLET",
        help="make its conductors' sum 0, with loads that do not leak, one on each phase; without"
        " questions all of them have to run in turn within the seconds",
    )
    option("--sheet", action="store_true", help="print every channel's trims and load points")
    option("--yes", action="store_true", help="keep what is found without asking")
    command.set_defaults(parser=command)


def _calibrate(arguments: argparse.Namespace) -> int:
    _check_options(arguments)
    settings = _load(arguments)
    if arguments.sheet:
        return _sheet(settings, arguments.json)
    if _is_guided(arguments):
        return _guide(arguments)
    if arguments.null is not None:
        return _null(settings, arguments)
    return _channel(settings, arguments)


def _load(arguments: argparse.Namespace) -> AgentSettings:
    from pdu_agent.app.config.load import load_settings

    return load_settings(arguments.config, os.environ)


def _given(arguments: argparse.Namespace) -> list[str]:
    return [name for name in _UNITS if getattr(arguments, name) is not None]


def _is_guided(arguments: argparse.Namespace) -> bool:
    if arguments.null is not None:
        return not arguments.json and not arguments.yes and sys.stdin.isatty()
    return not _given(arguments) and not arguments.idle


def _check_options(arguments: argparse.Namespace) -> None:
    """Exit with what is wrong, before anything is measured."""
    wrong = arguments.parser.error
    given = _given(arguments)
    one = [*given, *(name for name in ("idle", "sheet") if getattr(arguments, name))]
    one += ["null"] * (arguments.null is not None)
    if len(one) > 1:
        wrong(f"--{one[0]} and --{one[1]}: give one at a time")
    if arguments.sheet:
        return
    if arguments.meter is None:
        wrong("a METER is needed, or --sheet")
    if arguments.channel is None and (given or arguments.idle or arguments.verify):
        wrong("a CHANNEL is needed")
    if arguments.channel is not None and arguments.null is not None:
        wrong("--null is of all conductors: give no CHANNEL")
    if arguments.verify and (arguments.idle or arguments.null is not None):
        wrong("--verify needs a load and its reference")
    if not 1 <= arguments.seconds <= 300:
        wrong(f"--seconds: {arguments.seconds:g} is outside 1 to 300")
    for name in given:
        if not 0 < getattr(arguments, name) < 1e6:
            wrong(f"--{name}: {getattr(arguments, name):g} is not above 0")
    _check_power_factor(arguments)
    if _is_guided(arguments) and (arguments.json or not sys.stdin.isatty()):
        wrong("nobody to ask: give a CHANNEL and --idle, --volts, --amperes or --watts, or --null")


def _check_power_factor(arguments: argparse.Namespace) -> None:
    factor = arguments.power_factor
    if factor is None:
        return
    from pdu_agent.app.calibration_guide import LEAST_POWER_FACTOR

    if arguments.verify or not (arguments.amperes or arguments.watts):
        arguments.parser.error("--power-factor: only with --amperes or --watts, to calibrate")
    if not LEAST_POWER_FACTOR <= abs(factor) <= 1:
        arguments.parser.error(
            f"--power-factor: {factor:g} is outside {LEAST_POWER_FACTOR:g} to 1 and"
            f" -1 to -{LEAST_POWER_FACTOR:g}"
        )


def _guide(arguments: argparse.Namespace) -> int:
    from pdu_agent.app.calibration_guide import Guide

    guide = Guide(
        lambda: _load(arguments),
        arguments.meter,
        arguments.reference,
        arguments.seconds,
        keep_all=arguments.yes,
    )
    if arguments.null is not None:
        guide.null(arguments.null)
    elif arguments.channel is None:
        guide.everything()
    elif arguments.verify:
        guide.points(arguments.channel)
    else:
        guide.channel(arguments.channel)
    return exits.OK


def _channel(settings: AgentSettings, arguments: argparse.Namespace) -> int:
    """One measurement with what the options say."""
    from pdu_agent.app.calibration_session import Session

    with Session(settings, arguments.meter, arguments.channel, arguments.reference) as session:
        for name in _given(arguments):
            if _UNITS[name] not in session.quantities:
                units = " or ".join(session.quantities)
                arguments.parser.error(f"--{name}: {session.name} is compared in {units}")
        return _finish(session, _outcome(session, arguments), arguments)


def _outcome(session: Session, arguments: argparse.Namespace) -> Outcome:
    from pdu_agent.app.calibrating import Reference

    recording = _measured(session, arguments)
    if arguments.idle:
        return session.idle(recording)
    factor = 1.0 if arguments.power_factor is None else arguments.power_factor
    reference = Reference(arguments.volts, arguments.amperes, arguments.watts, factor)
    take = session.verify if arguments.verify else session.load
    return take(recording, reference)


def _null(settings: AgentSettings, arguments: argparse.Namespace) -> int:
    """One measurement, in which every load has its turn."""
    from pdu_agent.app.null_session import NullSession

    with NullSession(settings, arguments.meter, arguments.null) as session:
        return _finish(session, session.null([_measured(session, arguments)]), arguments)


def _measured(bench: Bench, arguments: argparse.Namespace) -> Recording:
    from pdu_agent.app.calibration_guide import progress

    show = (lambda _: None) if arguments.json else progress(arguments.seconds)
    return bench.measure(arguments.seconds, show)


def _finish(bench: Bench, outcome: Outcome, arguments: argparse.Namespace) -> int:
    """--json keeps, as nobody can be asked between the lines of a document."""
    keep = arguments.yes or arguments.json
    if not arguments.json:
        print("\n".join(outcome.lines))
        if not keep and sys.stdin.isatty():
            keep = input("Keep this? [y/N] ").strip().lower() in ("y", "yes")
    void = bench.keep(outcome) if keep else []
    if arguments.json:
        print(json.dumps({**outcome.plain, "kept": keep, "warnings": void}, indent=2))
    elif keep:
        trims = outcome.found is not None or outcome.null is not None
        until = "; it holds from the agent's next start on" if trims else ""
        print("\n".join([f"kept in {bench.file}{until}", *void]))
    else:
        print("not kept; --yes keeps without asking")
    return exits.OK


def _sheet(settings: AgentSettings, as_json: bool) -> int:
    from pdu_agent.app.calibration_sheet import sheet
    from pdu_agent.app.config.calibration import read
    from pdu_agent.app.config.tree import Problems

    path = settings.calibration
    found = read(path, Problems()) if path.exists() else None
    if found is None:
        raise ConfigError(f"{path}: nothing has been calibrated yet")
    void = [text for text in settings.warnings if text.startswith(f"{path}:")]
    if as_json:
        print(json.dumps({**asdict(found[0]), "warnings": void}, indent=2))
    else:
        print("\n".join([sheet(found[0]), *void]))
    return exits.OK
