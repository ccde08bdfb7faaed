# SPDX-License-Identifier: Apache-2.0
"""What the commands' parsers share: options, help, and outlet numbers as people write them."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

from pdu_agent.app import exits
from pdu_agent.app.client import AgentClient, find_agent
from pdu_agent.app.terminal import Style, style_of

Parsers: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"
Run = Callable[[argparse.Namespace], int]

ALL = "all"
MAX_RANGE = 64  # as many outlets as a unit has at most


def add_command(
    parsers: Parsers, name: str, run: Run, summary: str, example: str, aliases: Iterable[str] = ()
) -> argparse.ArgumentParser:
    """A command with --help that ends in an example and the exit codes, and with --json."""
    parser = parsers.add_parser(
        name,
        aliases=tuple(aliases),
        help=summary,
        description=summary[0].upper() + summary[1:] + ".",
        epilog=f"example:\n  {example}\n\n{exits.EPILOG}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--json", action="store_true", help="print JSON, errors too")
    parser.set_defaults(run=run)
    return parser


def add_client_command(
    parsers: Parsers, name: str, run: Run, summary: str, example: str, aliases: Iterable[str] = ()
) -> argparse.ArgumentParser:
    """A command that speaks to the running agent."""
    parser = add_command(parsers, name, run, summary, example, aliases)
    parser.add_argument(
        "--socket", metavar="PATH", help="the agent's socket; default: $OPENPDU_SOCKET, then search"
    )
    return parser


def agent_of(arguments: argparse.Namespace) -> AgentClient:
    return find_agent(arguments.socket, os.environ, os.geteuid())


def stdout_style() -> Style:
    return style_of(sys.stdout, os.environ)


def outlet_list(text: str) -> list[int | str]:
    """`1`, `1,3,5-7` or `all`. An argparse type: raises ArgumentTypeError."""
    return [outlet for part in text.split(",") for outlet in _part(part, text)]


def _part(part: str, text: str) -> list[int | str]:
    if part == ALL:
        return [ALL]
    first, dash, last = part.partition("-")
    bounds = [first, last] if dash else [first]
    if not all(bound.isascii() and bound.isdigit() and len(bound) <= 18 for bound in bounds):
        raise argparse.ArgumentTypeError(
            f"{text!r}: expected outlet numbers such as 1,3,5-7, or {ALL}"
        )
    low, high = int(bounds[0]), int(bounds[-1])
    if not low <= high < low + MAX_RANGE:
        raise argparse.ArgumentTypeError(
            f"{part!r}: expected a rising range of at most {MAX_RANGE} outlets"
        )
    return list(range(low, high + 1))


def one_outlet(text: str) -> int:
    """An argparse type: raises ArgumentTypeError."""
    outlets = outlet_list(text)
    if outlets == [ALL] or len(outlets) != 1:
        raise argparse.ArgumentTypeError(f"{text!r}: expected one outlet number")
    return int(outlets[0])


def combined(lists: Iterable[list[Any]]) -> list[int | str]:
    """Each outlet once, in the order given. Raises ValueError for `all` beside numbers."""
    outlets = list(dict.fromkeys(outlet for outlets in lists for outlet in outlets))
    if ALL in outlets and len(outlets) > 1:
        raise ValueError(f"{ALL} stands alone")
    if len(outlets) > MAX_RANGE:
        raise ValueError(f"at most {MAX_RANGE} outlets at a time")
    return outlets
