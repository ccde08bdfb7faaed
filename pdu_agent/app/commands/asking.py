# SPDX-License-Identifier: Apache-2.0
"""Asks a person at a terminal before what takes power away, or is for all outlets.

Nothing else is ever asked: a script, a pipe and whoever wants JSON get what they order.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from pdu_agent.app.commands.parsing import ALL
from pdu_agent.app.terminal import printable

HELP = "do not ask, even at a terminal"
SHOWN = 16
"""Outlets that are listed one by one; of more only their sum is told."""

_WORDS = {
    "on": "switch on",
    "off": "switch off",
    "reboot": "switch off and on again",
    "cancel": "forget what is pending of",
    "toggle": "toggle",
    "pulse": "pulse",
    "lock": "lock",
    "unlock": "unlock",
}
_TAKES_POWER = frozenset({"off", "reboot", "toggle", "pulse"})


def label(outlet: Mapping[str, Any]) -> str:
    number, name = outlet["number"], outlet["name"]
    named = name and name != f"Outlet {number}"
    return f"outlet {number} {printable(name)}" if named else f"outlet {number}"


def asks(arguments: argparse.Namespace) -> bool:
    """Is there a person, who has not said yes beforehand?"""
    is_terminal = sys.stdin.isatty() and sys.stdout.isatty()
    return is_terminal and not arguments.json and not arguments.yes


def confirmed(
    verb: str, outlets: Sequence[int | str], rows: Sequence[Mapping[str, Any]], group: str = ""
) -> bool:
    """Does the person want it? Asked only where it takes power away, or is for all.

    Outlets that do not exist are left to the agent, which refuses them. group: what to call them.
    """
    is_all = ALL in outlets
    meant = [row for row in rows if row["switched"] and (is_all or row["number"] in outlets)]
    takes = verb in _TAKES_POWER and any(row["state"] != "off" for row in meant)
    if not meant or not (takes or is_all):
        return True
    for line in _listed(meant):
        print(line)
    named = label(meant[0]) if len(meant) == 1 else "these outlets"
    what = "all outlets" if is_all else group or named
    return agreed(f"{_WORDS[verb].capitalize()} {what}?")


def agreed(question: str) -> bool:
    """Does the person say yes? Anything else is a no."""
    sys.stdout.write(f"{question} [y/N] ")
    sys.stdout.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _listed(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    lines = [f"  {label(row)}: {_state(row)}{_drawn(_watts(row))}" for row in rows[:SHOWN]]
    known = [watts for row in rows if (watts := _watts(row)) is not None]
    if len(rows) > SHOWN:
        lines.append(f"  and {len(rows) - SHOWN} more")
    if len(rows) > 1 and known:
        lines.append(f"  together{_drawn(sum(known))}")
    return lines


def _state(row: Mapping[str, Any]) -> str:
    locked = f", {row['lock']}" if row["lock"] != "unlocked" else ""
    return f"{row['state']}{locked}"


def _watts(row: Mapping[str, Any]) -> float | None:
    meter = row["meter"]
    if meter is None or meter["active_power_w"] is None:
        return None
    return float(meter["active_power_w"])


def _drawn(watts: float | None) -> str:
    return "" if watts is None else f", {watts:.0f} W now"
