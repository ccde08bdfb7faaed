# SPDX-License-Identifier: Apache-2.0
"""LCUS and other CH340 relay boards: one to eight relays, four bytes for each command.

A command is 0xA0, the relay from 1, 1 for closed or 0 for open, and the sum of the three
modulo 256, at 9600 8N1 (sellers' pages). There is no acknowledgement.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from pdu_agent.hw.relay_memory import RelayMemory
from pdu_agent.hw.serial_port import SerialPort
from pdu_agent.hw.serial_relays import DialogueBank, own_supply_setting
from pdu_agent.hw.site import Site
from pdu_agent.model.errors import BusTimeout
from pdu_agent.model.settings import setting

DRIVER = "lcus"
BAUD_RATE = 9600
START = 0xA0
STATUS_QUERY = b"\xff"  # unconfirmed: some boards of two to eight relays answer it
_STATUS = re.compile(rb"CH(\d):\s*(ON|OFF)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class LcusSettings:
    """One board on one serial line."""

    relay_count: int = setting(1, minimum=1, maximum=8, doc="relays on the board")
    status_query: bool = setting(
        False, doc="true where the board answers the byte 0xff with lines such as CH1: ON"
    )
    own_supply: bool = own_supply_setting()


class LcusBank(DialogueBank):
    """RelayBank on one board. Without status_query nothing can be read back."""

    def __init__(self, port: SerialPort, settings: LcusSettings, memory: RelayMemory) -> None:
        super().__init__(DRIVER, port, memory, settings.relay_count, settings.own_supply)
        self._status_query = settings.status_query

    @classmethod
    def connect(cls, site: Site, settings: LcusSettings) -> LcusBank:
        port = SerialPort(DRIVER, site.connections.path(site.place), BAUD_RATE)
        return cls(port, settings, RelayMemory(site.runtime_dir, site.name, settings.relay_count))

    def _greet(self) -> None:
        """Every command stands alone."""

    def _set(self, closed: Mapping[int, bool]) -> None:
        self._port.write(b"".join(command(relay, close) for relay, close in closed.items()))

    def _read(self) -> tuple[bool, ...] | None:
        if not self._status_query:
            return None
        self._port.drop_input()
        self._port.write(STATUS_QUERY)
        last = re.compile(rb"CH%d:\s*(ON|OFF)" % self.relay_count, re.IGNORECASE)
        answer = self._answer(last, "ask for the states")
        states = {int(number): word.upper() == b"ON" for number, word in _STATUS.findall(answer)}
        if states.keys() != set(range(1, self.relay_count + 1)):
            raise BusTimeout(
                DRIVER,
                "ask for the states",
                f"the answer {answer!r} does not name {self.relay_count} relays",
            )
        return tuple(states[number] for number in sorted(states))


def command(relay: int, close: bool) -> bytes:
    """What moves one relay, 0-based."""
    head = bytes([START, relay + 1, int(close)])
    return head + bytes([sum(head) % 256])
