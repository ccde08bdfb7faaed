# SPDX-License-Identifier: Apache-2.0
"""One connection of upsd and the agent's that stands behind it, without any input or output.

What either says goes to the other as it is, in whole lines. While the agent is away upsd is told
that the data are stale and that the driver lives; once it answers again upsd is to connect anew,
for only then it forgets variables that are no more.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, auto

from pdu_agent.nut.words import BadLine, words_of

MAX_LINE_OCTETS = 8192
"""Twice what the agent takes and sends at most."""
STALE_DUMP = b"DATASTALE\nDUMPDONE\n"
"""upsd believes the first line only once a dump is over; the second is right at any time."""
ASK = b"PING\n"
EXIT = ("INSTCMD", "driver.exit")
"""How upsdrvctl of NUT 2.8.5 stops a driver; upsd lets nobody send it."""
FAILED = 3
"""For TRACKING, as STAT_INSTCMD_FAILED and STAT_SET_FAILED of NUT's upshandler.h."""


class LineTooLong(Exception):
    """Such a line is none of NUT's."""


class Whole:
    """Octets in, whole lines out, with their ends. Raises LineTooLong."""

    def __init__(self) -> None:
        self._begun = b""

    def feed(self, data: bytes) -> list[bytes]:
        *lines, self._begun = (self._begun + data).split(b"\n")
        if len(self._begun) > MAX_LINE_OCTETS or any(len(x) > MAX_LINE_OCTETS for x in lines):
            raise LineTooLong
        return [line + b"\n" for line in lines]


class Standing(Enum):
    """Of the agent. PROBED: it is connected to again, and has not answered yet."""

    THERE = auto()
    AWAY = auto()
    PROBED = auto()


@dataclass(slots=True)
class Out:
    """What is to be done. ends: upsd is to connect anew. exits: this program is to end."""

    to_upsd: bytes = b""
    to_agent: bytes = b""
    ends: bool = False
    exits: bool = False


@dataclass(slots=True)
class Pair:
    """pid: of this program, which upsdrvctl may ask for."""

    pid: int
    standing: Standing = Standing.AWAY
    _from_upsd: Whole = field(default_factory=Whole)
    _from_agent: Whole = field(default_factory=Whole)

    def agent_connected(self, is_first: bool) -> Out:
        """is_first: upsd has been told nothing yet."""
        self._from_agent = Whole()
        if is_first:
            self.standing = Standing.THERE
            return Out()
        self.standing = Standing.PROBED
        return Out(to_agent=ASK)

    def agent_lost(self) -> Out:
        was, self.standing = self.standing, Standing.AWAY
        return Out(to_upsd=STALE_DUMP) if was is Standing.THERE else Out()

    def from_agent(self, data: bytes) -> Out:
        """Raises LineTooLong."""
        lines = b"".join(self._from_agent.feed(data))
        if self.standing is Standing.PROBED:
            return Out(ends=bool(lines))
        return Out(to_upsd=lines)

    def from_upsd(self, data: bytes) -> Out:
        """Raises LineTooLong."""
        out = Out()
        for line in self._from_upsd.feed(data):
            words = words_of(line[:-1])
            if isinstance(words, BadLine):
                words = ()
            if tuple(words[:2]) == EXIT:
                out.exits = True
            elif words[:1] == ("GETPID",):
                out.to_upsd += f"PID {self.pid}\n".encode("ascii")
            elif self.standing is Standing.THERE:
                out.to_agent += line
            else:
                out.to_upsd += self._alone(words)
                out.ends = out.ends or words[:1] == ("LOGOUT",)
        return out

    def _alone(self, words: tuple[str, ...]) -> bytes:
        match words:
            case ("PING", *_):
                return b"PONG\n"
            case ("DUMPALL", *_):
                return STALE_DUMP
            case ("INSTCMD" | "SET", *_, "TRACKING", identity):
                return f"TRACKING {identity} {FAILED}\n".encode("ascii", "ignore")
        return b""
