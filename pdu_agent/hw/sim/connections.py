# SPDX-License-Identifier: Apache-2.0
"""The simulated board's buses, reached as the real ones are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from pdu_agent.hw.gpio import GpioChip
from pdu_agent.hw.i2c import SmBus
from pdu_agent.hw.sim.board import SimulatedBoard
from pdu_agent.hw.spi import SpiPort
from pdu_agent.model.errors import ChipNotFound

SIMULATED = "sim"

T = TypeVar("T")


def is_simulated(place: str) -> bool:
    """sim, sim:0 and so on."""
    return place.partition(":")[0] == SIMULATED


class SimConnections:
    """`Connections` to the simulated board for one of its devices."""

    def __init__(self, board: SimulatedBoard, name: str) -> None:
        self._board = board
        self._name = name

    def i2c(self, bus: str) -> SmBus:
        return _known(self._board.buses, "i2c", bus)

    def spi(self, device: str) -> SpiPort:
        return _known(self._board.ports, "spi", device)

    def gpio(self, chip: str) -> GpioChip:
        return _known(self._board.gpio_chips, "gpio", chip)

    def path(self, place: str) -> str:
        """Of the device itself: several may be at a place called sim."""
        device = self._board.devices.get(self._name)
        if device is None or not device.path:
            raise ChipNotFound("simulator", f"open {place}", f"nothing of {self._name} is there")
        return device.path


def _known(places: Mapping[str, T], what: str, place: str) -> T:
    if place not in places:
        there = ", ".join(places) or "none"
        raise ChipNotFound(f"simulated {what}", f"open {place}", f"there is: {there}")
    return places[place]
