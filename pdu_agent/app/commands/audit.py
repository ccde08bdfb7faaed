# SPDX-License-Identifier: Apache-2.0
"""`openpdu audit`: who commanded what, read from the files, and whether these are as written."""

from __future__ import annotations

import argparse
import re
import time
from datetime import datetime
from pathlib import Path

from pdu_agent.app.commands.parsing import Parsers, add_command, one_outlet

SHOWN = 50
_SPAN = re.compile(r"(\d{1,6})([smhd])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def add_parsers(parsers: Parsers) -> None:
    audit = add_command(
        parsers,
        "audit",
        _audit,
        "show who commanded what, or verify that nobody changed that log",
        "openpdu audit --outlet 3 --since 2d\n  openpdu audit verify",
    )
    option = audit.add_argument
    option(
        "action",
        nargs="?",
        choices=("show", "verify"),
        default="show",
        help="show is the default; verify names the lines that are altered, missing or moved",
    )
    option("--outlet", type=one_outlet, metavar="N", help="only what is about this outlet")
    option(
        "--since",
        type=since,
        metavar="TIME",
        help="only what is newer: 2026-03-01, 2026-03-01T14:30, or so long ago: 30m, 12h, 7d",
    )
    option("--actor", metavar="TEXT", help="only who has this in face, name or address")
    option(
        "--count", type=_count, default=SHOWN, metavar="N", help=f"the newest N; default: {SHOWN}"
    )
    option("--config", type=Path, metavar="FILE", help="whose agent; default: as for run")
    option("--state-dir", type=Path, metavar="DIR", help="where the log is, such as a backup")
    option("--runtime-dir", type=Path, metavar="DIR", help="where its newest lines are")


def since(text: str) -> float:
    """Seconds of the epoch. An argparse type: raises ArgumentTypeError."""
    span = _SPAN.fullmatch(text)
    if span:
        return time.time() - int(span[1]) * _SECONDS[span[2]]
    try:
        return datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError, OSError) as exc:
        raise argparse.ArgumentTypeError(
            f"{text!r}: expected a time such as 2026-03-01T14:30, or 30m, 12h or 7d ago"
        ) from exc


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < int(text[:9]) == int(text)):
        raise argparse.ArgumentTypeError(f"{text!r}: expected a number from 1")
    return int(text)


def _audit(arguments: argparse.Namespace) -> int:
    # Loaded here: what the log is made of is a third of what every other command would load.
    from pdu_agent.app.audit_report import report

    return report(arguments)
