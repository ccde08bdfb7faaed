# SPDX-License-Identifier: Apache-2.0
"""Where a driver finds itself: its clock, and what it is connected through.

A driver's class has `connect(site, settings)`, which makes it without touching the device;
a sensor's takes the kind of value that is wanted of it as well.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from pdu_agent.hw.bank_worker import BankWorker
from pdu_agent.hw.gpio import GpioChip
from pdu_agent.hw.guest_bus import GuestBus
from pdu_agent.hw.i2c import SmBus, open_smbus
from pdu_agent.hw.spi import SpidevPort, SpiPort
from pdu_agent.model.clock import Clock
from pdu_agent.model.errors import ChipNotFound

_SPIDEV = re.compile(r"/dev/spidev(\d{1,3})\.(\d{1,3})")


class Connections(Protocol):
    """The buses of the board, or simulated ones. Raise HardwareError, saying what to do."""

    def i2c(self, bus: str) -> SmBus:
        """bus: /dev/i2c-1."""
        ...

    def spi(self, device: str) -> SpiPort:
        """device: /dev/spidev0.0."""
        ...

    def gpio(self, chip: str) -> GpioChip:
        """chip: /dev/gpiochip0."""
        ...

    def path(self, place: str) -> str:
        """What to open for a serial line, a file or an address: the same, unless simulated."""
        ...


@dataclass(frozen=True, slots=True)
class Site:
    """name: how logs call the entry. place: its `bus` in the configuration, "" without one.
    sleep(seconds) lets the clock's time pass. runtime_dir: a folder that survives a restart of
    the agent and not one of the machine; None: nothing does.
    """

    name: str
    place: str
    clock: Clock
    sleep: Callable[[float], None]
    connections: Connections
    runtime_dir: Path | None = None


class BoardConnections:
    """The real ones."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def i2c(self, bus: str) -> SmBus:
        return open_smbus(bus)

    def spi(self, device: str) -> SpiPort:
        match = _SPIDEV.fullmatch(device)
        if match is None:
            raise ChipNotFound("spi", f"open {device}", "expected a path such as /dev/spidev0.0")
        return SpidevPort(int(match[1]), int(match[2]), clock=self._clock)

    def gpio(self, chip: str) -> GpioChip:
        # Loaded here so that an agent without GPIO does not carry it.
        from pdu_agent.hw.gpiod_chip import open_gpio_chip

        return open_gpio_chip(chip)

    def path(self, place: str) -> str:
        return place


class RoutedConnections:
    """Real ones, but for places that `is_simulated` says are not: those are `simulated`."""

    def __init__(
        self, real: Connections, simulated: Connections, is_simulated: Callable[[str], bool]
    ) -> None:
        self._real = real
        self._simulated = simulated
        self._is_simulated = is_simulated

    def i2c(self, bus: str) -> SmBus:
        return self._for(bus).i2c(bus)

    def spi(self, device: str) -> SpiPort:
        return self._for(device).spi(device)

    def gpio(self, chip: str) -> GpioChip:
        return self._for(chip).gpio(chip)

    def path(self, place: str) -> str:
        return self._for(place).path(place)

    def _for(self, place: str) -> Connections:
        return self._simulated if self._is_simulated(place) else self._real


class SharedConnections:
    """`connections` for those that do not own a bus: each I2C bus is reached through its owner.

    owner(bus): the worker whose thread owns the bus.
    """

    def __init__(self, connections: Connections, owner: Callable[[str], BankWorker]) -> None:
        self._connections = connections
        self._owner = owner

    def i2c(self, bus: str) -> SmBus:
        return GuestBus(self._owner(bus), lambda: self._connections.i2c(bus))

    def spi(self, device: str) -> SpiPort:
        return self._connections.spi(device)

    def gpio(self, chip: str) -> GpioChip:
        return self._connections.gpio(chip)

    def path(self, place: str) -> str:
        return self._connections.path(place)
