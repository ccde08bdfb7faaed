# SPDX-License-Identifier: Apache-2.0
"""One connection of upsd to a driver, as lines in and lines out. No I/O.

    DUMPALL                              all that was told, DATAOK or DATASTALE, DUMPDONE
    DUMPSTATUS, DUMPVALUE variable       the same of one variable (upsdrvctl of NUT 2.8.5)
    PING                                 PONG
    GETPID                               PID number
    INSTCMD command [value] [TRACKING id]    TRACKING id status, where there is an id
    SET variable value [TRACKING id]         likewise
    BROADCAST [0], NOBROADCAST           whether changes are told besides
    LOGOUT                               OK Goodbye, and the end

Commands, names of variables and of commands are taken in any case of letters, as upsd does and
hands them on. NUT: docs/sock-protocol.txt, drivers/dstate.c.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Protocol

from pdu_agent.model.errors import CommandError, InvalidValue
from pdu_agent.nut.device import NutDevice
from pdu_agent.nut.driver.status import STATUS_OF, Status
from pdu_agent.nut.words import Words, line_of


class Unit(Protocol):
    """What all connections of a device have in common."""

    @property
    def device(self) -> NutDevice: ...

    def dump(self, only: str = "") -> bytes:
        """Everything as it is now, or only one variable."""
        ...

    def refused(self, asked: str, error: Exception) -> None:
        """Somebody asked for what was not done; may be called at will."""
        ...


class Session:
    """wants_changes: whether the peer is to be told what changes; not before its first dump.
    is_over: it said goodbye.
    """

    def __init__(self, unit: Unit) -> None:
        self._unit = unit
        self._broadcast = True
        self._dumped = False
        self.is_over = False

    @property
    def wants_changes(self) -> bool:
        return self._dumped and self._broadcast and not self.is_over

    def answer(self, words: Words) -> bytes | None:
        """What is sent back, which may be nothing; None for what is no request."""
        request, *rest = words
        match request.upper(), rest:
            case "DUMPALL", []:
                dump = self._unit.dump()
                self._dumped = True  # from here on, so that nothing of it is told twice
                return dump
            case "DUMPSTATUS", []:
                return self._unit.dump("ups.status")
            case "DUMPVALUE", [variable]:
                return self._unit.dump(variable.lower())
            case "PING", []:
                return b"PONG\n"
            case "GETPID", []:
                return line_of("PID", str(os.getpid()))
            case "NOBROADCAST", []:
                self._broadcast = False
                return b""
            case "BROADCAST", [*switch]:
                self._broadcast = not switch or _is_on(switch[0])
                return b""
            case "LOGOUT", []:
                self.is_over = True
                return b"OK Goodbye\n"
            case "INSTCMD", [command, *rest]:
                return self._instruct(command.lower(), *_without_tracking(rest))
            case "SET", [variable, value, *rest]:
                return self._set(variable.lower(), value, *_without_tracking(rest))
        return None

    def _instruct(self, command: str, values: list[str], tracking: str) -> bytes:
        def do() -> None:
            if len(values) > 1:
                raise InvalidValue(f"{command}: expected one value, not {len(values)}")
            self._unit.device.instruct(command, values[0] if values else None)

        return self._done(" ".join(("INSTCMD", command, *values)), do, tracking)

    def _set(self, variable: str, value: str, rest: list[str], tracking: str) -> bytes:
        def do() -> None:
            if rest:
                raise InvalidValue(f"{variable}: expected one value, not {1 + len(rest)}")
            self._unit.device.write(variable, value)

        return self._done(f"SET {variable} {value!r}", do, tracking)

    def _done(self, asked: str, do: Callable[[], None], tracking: str) -> bytes:
        try:
            do()
        except CommandError as exc:
            self._unit.refused(asked, exc)
            status = STATUS_OF[type(exc)]
        except Exception as exc:  # a fault of ours must not end the connection
            self._unit.refused(asked, exc)
            status = Status.FAILED
        else:
            status = Status.HANDLED
        return line_of("TRACKING", tracking, str(int(status))) if tracking else b""


def _without_tracking(words: list[str]) -> tuple[list[str], str]:
    """What stands before TRACKING, and the id after it, if there is one."""
    match words:
        case [*rest, keyword, tracking] if keyword.upper() == "TRACKING":
            return rest, tracking
    return words, ""


def _is_on(text: str) -> bool:
    return text != "0" and not text.startswith("-")
