# SPDX-License-Identifier: Apache-2.0
"""The relays of PiPDU's board: A..P switch relay 0..15 on, a..p off, q all off.

Nothing is acknowledged and nothing can be read back. A board that boots switches all its
relays on, so every boot has to be found out: by a gap in the telemetry.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pdu_agent.hw.pipdu.owner import DRIVER, BoardOwner, owner_of
from pdu_agent.hw.pipdu.telemetry import CHANNELS, FIRMWARES
from pdu_agent.hw.relay_memory import RelayMemory
from pdu_agent.hw.serial_relays import SerialRelayBank
from pdu_agent.hw.site import Site
from pdu_agent.model.errors import BusTimeout
from pdu_agent.model.settings import setting

FIRST_LINE_S = 1.5
"""A board that does not boot sends a line at least every second."""
ALL_OFF = b"q"


@dataclass(frozen=True, slots=True)
class PipduRelaySettings:
    """One board; its port is the entry's `bus`."""

    firmware: str = setting(
        "later",
        choices=tuple(FIRMWARES),
        doc="first: 9600 baud, watts with commas; later: 921600 baud, amperes with spaces",
    )
    relay_count: int = setting(CHANNELS, minimum=1, maximum=CHANNELS, doc="relays in use")


class PipduBank(SerialRelayBank):
    """RelayBank on one board. Opening the port may boot it, the first time after plugging in."""

    cold_state = None

    def __init__(
        self, owner: BoardOwner, settings: PipduRelaySettings, memory: RelayMemory
    ) -> None:
        super().__init__(DRIVER, owner.path, memory, settings.relay_count, own_supply=False)
        self._owner = owner

    @classmethod
    def connect(cls, site: Site, settings: PipduRelaySettings) -> PipduBank:
        owner = owner_of(site.connections.path(site.place), settings.firmware, site.clock)
        memory = RelayMemory(site.runtime_dir, site.name, settings.relay_count)
        return cls(owner, settings, memory)

    def close(self) -> None:
        self._owner.close(self)

    def _connected(self) -> str:
        self._owner.open(self)
        if not self._owner.is_talking(FIRST_LINE_S):
            self._memory.forget()
            raise BusTimeout(
                DRIVER,
                f"read {self._owner.path}",
                "no telemetry; the board boots for some seconds after its port was opened first."
                " Is the firmware the one that is configured?",
            )
        if self._owner.take_boot():
            self._memory.forget()
        return self._plug()

    def _set(self, closed: Mapping[int, bool]) -> None:
        if len(closed) == CHANNELS and not any(closed.values()):
            self._owner.write(ALL_OFF)
        else:
            self._owner.write(b"".join(letter(relay, close) for relay, close in closed.items()))

    def _read(self) -> None:
        """Nobody can tell."""


def letter(relay: int, close: bool) -> bytes:
    """The command that moves one relay, 0-based."""
    return bytes([(ord("A") if close else ord("a")) + relay])
