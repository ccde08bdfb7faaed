# SPDX-License-Identifier: Apache-2.0
"""The simulated board's buses, reached as the real ones are."""

from __future__ import annotations

import re

from pdu_agent.hw.gpio import GpioChip
from pdu_agent.hw.i2c import SmBus
from pdu_agent.hw.sim.board import SimulatedBoard
from pdu_agent.hw.spi import SpiPort
from pdu_agent.model.errors import ChipNotFound

SIMULATED = "sim"
_CONVERTER = re.compile(r"sim:(\d{1,2})")


def is_simulated(place: str) -> bool:
    """sim, sim:0 and so on."""
    return place.partition(":")[0] == SIMULATED


class SimConnections:
    """`Connections` to one simulated board."""

    def __init__(self, board: SimulatedBoard) -> None:
        self._board = board

    def i2c(self, bus: str) -> SmBus:
        if bus != SIMULATED:
            raise ChipNotFound("simulated i2c", f"open {bus}", "there is only one: sim")
        return self._board.smbus()

    def spi(self, device: str) -> SpiPort:
        match = _CONVERTER.fullmatch(device)
        if match is None:
            raise ChipNotFound("simulated spi", f"open {device}", "expected sim:0, sim:1, ...")
        return self._board.spi(int(match[1]))

    def gpio(self, chip: str) -> GpioChip:
        raise ChipNotFound("simulated gpio", f"open {chip}", "there is none")

    def path(self, place: str) -> str:
        raise ChipNotFound("simulator", f"open {place}", "nothing is simulated there")
