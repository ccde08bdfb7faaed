# SPDX-License-Identifier: Apache-2.0
"""Devantech USB-RLY08B and its smaller brothers: up to eight relays, one byte to a command.

Commands as pdudaemon's driver and the maker's table have them: 0x64 + n closes relay n, 0x6E + n
opens it, n from 1; 0x5B is answered by one byte, in which bit n - 1 is relay n.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pdu_agent.hw.serial_port import SerialPort
from pdu_agent.hw.site import Site
from pdu_agent.model.errors import BusTimeout
from pdu_agent.model.settings import setting

BAUD_RATE = 19200  # a USB port in truth: any speed will do
CLOSE, OPEN = 0x64, 0x6E
GET_STATES = 0x5B
RETRIES = 2


@dataclass(frozen=True, slots=True)
class DevantechSettings:
    """What stands beside `name`, `driver` and `bus` in an entry of `relays`."""

    relay_count: int = setting(8, minimum=1, maximum=8, doc="relays of the board")


class DevantechBank:
    """RelayBank on one board. The board has its power from USB and comes up with all open."""

    Settings = DevantechSettings

    def __init__(self, path: str, settings: DevantechSettings) -> None:
        self.relay_count = settings.relay_count
        self._port = SerialPort("devantech", path, BAUD_RATE)
        self._is_open = False

    @classmethod
    def connect(cls, site: Site, settings: DevantechSettings) -> DevantechBank:
        return cls(site.connections.path(site.place), settings)

    def inspect(self) -> tuple[bool, tuple[bool | None, ...]]:
        """Never cold: the board needs no setting up, and tells what its relays are."""
        self._open()
        states = self._states()
        return False, tuple(bool(states >> relay & 1) for relay in range(self.relay_count))

    def initialise(self) -> None:
        """Nothing to do on a board that is never cold."""

    def write(self, closed: Mapping[int, bool]) -> None:
        for relay in closed:
            if not 0 <= relay < self.relay_count:
                raise ValueError(f"devantech: relay {relay}, expected 0..{self.relay_count - 1}")
        self._open()
        self._port.write(bytes((CLOSE if on else OPEN) + n + 1 for n, on in closed.items()))

    def read_back(self, relays: Iterable[int]) -> dict[int, bool | None]:
        states = self._states()
        return {relay: bool(states >> relay & 1) for relay in relays}

    def close(self) -> None:
        self._is_open = False
        self._port.close()

    def _open(self) -> None:
        if not self._is_open:
            self._port.open()
            self._is_open = True

    def _states(self) -> int:
        for _ in range(1 + RETRIES):
            self._port.drop_input()
            self._port.write(bytes([GET_STATES]))
            answer = self._port.read()
            if len(answer) == 1:
                return answer[0]
        raise BusTimeout("devantech", f"read {self._port.path}", "the board does not answer")
