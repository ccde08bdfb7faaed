# SPDX-License-Identifier: Apache-2.0
"""The command line that upsdrvctl and systemd's units give to a driver (nutupsdrv(8))."""

from __future__ import annotations

import getopt
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum

_LETTERS = "a:s:kFBDd:hx:Lqr:u:g:Vi:c:P:"

USAGE = """usage: {program} -a NAME [options]

Stands between NUT's upsd and the agent of OpenPDU, as the driver of [NAME] in ups.conf. There
`port` is the agent's socket; "auto" stands for {folder}/DRIVER-NAME.

  -a NAME       the device; its settings are read from ups.conf
  -s NAME       the device; its settings are given with -x only
  -x KEY=VALUE  a setting, in place of that of ups.conf
  -u USER       become USER when started as root
  -g GROUP      who may connect besides USER, when started as root
  -F, -FF, -B   stay in the foreground; the same, with a PID file; go to the background
  -D            stay in the foreground, and tell more
  -c COMMAND    tell the running one: exit, reload, reload-or-error, reload-or-exit
  -P PID        with -c: which one is the running one
  -k            refused: nothing is switched by it
  -V, -h        version; this text
"""


class UsageError(Exception):
    """The text names the option, and what was expected."""


class Stay(Enum):
    """Where it runs. FOREGROUND_PID: with a PID file."""

    AS_USUAL = "as usual"
    FOREGROUND = "foreground"
    FOREGROUND_PID = "foreground with a PID file"
    BACKGROUND = "background"


@dataclass(slots=True)
class Options:
    """reads_conf: -a, not -s. given: the settings of -x. ignored: options that mean nothing here,
    each told once. command, pid: of -c and -P. question: "V", "h" or "L".
    """

    name: str = ""
    reads_conf: bool = True
    given: dict[str, str] = field(default_factory=dict)
    user: str = ""
    group: str = ""
    stay: Stay = Stay.AS_USUAL
    debug: int = 0
    shuts_down: bool = False
    command: str = ""
    pid: str = ""
    question: str = ""
    ignored: list[str] = field(default_factory=list)

    @property
    def is_in_foreground(self) -> bool:
        if self.stay is Stay.AS_USUAL:
            return self.debug > 0
        return self.stay is not Stay.BACKGROUND


def parse(arguments: Sequence[str]) -> Options:
    """Options of this program and of later NUT that are unknown here are among `ignored`.

    Raises UsageError.
    """
    options = Options()
    left = list(arguments)
    while left:
        try:
            pairs, rest = getopt.getopt(left, _LETTERS)
        except getopt.GetoptError as exc:
            if f"-{exc.opt}" not in left or "argument" in exc.msg:
                raise UsageError(exc.msg) from None
            options.ignored.append(f"-{exc.opt}")
            left.remove(f"-{exc.opt}")
            continue
        if rest:
            raise UsageError(f"{rest[0]!r}: expected options only; -h tells them")
        for letter, value in pairs:
            _take(options, letter[1], value)
        break
    if not options.question and not options.name:
        raise UsageError("expected -a NAME; -h tells all options")
    return options


def _take(options: Options, letter: str, value: str) -> None:
    match letter:
        case "a" | "s":
            options.name, options.reads_conf = value, letter == "a"
        case "x":
            key, _, text = value.partition("=")
            options.given[key] = text
        case "u":
            options.user = value
        case "g":
            options.group = value
        case "F":
            is_second = options.stay in (Stay.FOREGROUND, Stay.FOREGROUND_PID)
            options.stay = Stay.FOREGROUND_PID if is_second else Stay.FOREGROUND
        case "B":
            options.stay = Stay.BACKGROUND
        case "D":
            options.debug += 1
        case "k":
            options.shuts_down = True
        case "c":
            options.command = value
        case "P":
            options.pid = value
        case "V" | "h" | "L":
            options.question = letter
        case "r":
            raise UsageError("-r: in a chroot the agent's socket cannot be reached")
        case "d":
            raise UsageError("-d: it has no data of its own; upsc shows the agent's")
        case _:  # -i and -q: nothing is polled, and it tells little
            options.ignored.append(f"-{letter}")
