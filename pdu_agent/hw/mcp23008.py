# SPDX-License-Identifier: Apache-2.0
"""Relay board on a Microchip MCP23008 port expander, eight relays on its pins 0..7.

Register map and reset values as in the chip's data sheet, Microchip DS21919.
What is kept in mind throughout: the chip outlives the agent, so its output latch is the
truth about the relays; and a wrong guess here moves somebody's mains.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import TypeVar

from pdu_agent.hw.i2c import SmBus, bus_error
from pdu_agent.hw.site import Site
from pdu_agent.model.errors import BusTimeout, ReadbackMismatch
from pdu_agent.model.settings import setting

PIN_COUNT = 8
ALL_PINS = 0xFF
RETRIES = 2

T = TypeVar("T")


class Register(IntEnum):
    """IODIR: 1 is input. GPIO reads the pins, OLAT what the agent asked of them."""

    IODIR = 0x00
    IPOL = 0x01
    GPINTEN = 0x02
    DEFVAL = 0x03
    INTCON = 0x04
    IOCON = 0x05
    GPPU = 0x06
    INTF = 0x07
    INTCAP = 0x08
    GPIO = 0x09
    OLAT = 0x0A


@dataclass(frozen=True, slots=True)
class Mcp23008Settings:
    """Where the expander is and how its relays are wired."""

    address: int = setting(
        0x20, minimum=0x20, maximum=0x27, doc="I2C address, 0x20 + A2 A1 A0; LCDs like 0x27 too"
    )
    relay_count: int = setting(8, minimum=1, maximum=PIN_COUNT, doc="relays, on pins 0 upwards")
    active_low: bool = setting(
        False, doc="true where a low pin closes the relay (opto-coupled relay modules)"
    )


class Mcp23008Bank:
    """RelayBank on one MCP23008; relay n is pin n. Made without touching the bus.

    Every method raises BusTimeout or ChipNotFound after RETRIES more attempts. Pins above
    the relays stay inputs. `_latch` is OLAT as last known, None when a failure leaves it
    open; it is never derived from GPIO, where a loaded pin may read the wrong level.
    """

    def __init__(self, bus: SmBus, settings: Mcp23008Settings) -> None:
        self.relay_count = settings.relay_count
        self._bus = bus
        self._address = settings.address
        self._driver = f"mcp23008@0x{settings.address:02X}"
        self._relay_pins = (1 << settings.relay_count) - 1
        self._open_levels = self._relay_pins if settings.active_low else 0
        self._latch: int | None = None
        self._added_pins = 0

    @classmethod
    def connect(cls, site: Site, settings: Mcp23008Settings) -> Mcp23008Bank:
        return cls(site.connections.i2c(site.place), settings)

    def inspect(self) -> tuple[bool, tuple[bool | None, ...]]:
        """Cold when every relay's pin is an input, as all are after power-on.

        closed is the level of the pins that are driven; a relay whose pin is an input has
        no drive and is open. Some inputs among outputs are relays that the configuration
        has added to a board at work: the others must not drop for that, and the next write
        takes the new ones in.
        """
        inputs = self._read_twice(Register.IODIR) & self._relay_pins
        cold = inputs == self._relay_pins
        latch = self._read_twice(Register.OLAT)
        levels = self._read_twice(Register.GPIO)
        self._latch = None if cold else latch
        self._added_pins = 0 if cold else inputs
        return cold, tuple(
            not inputs >> relay & 1 and self._is_closed(levels, relay)
            for relay in range(self.relay_count)
        )

    def initialise(self) -> None:
        """Set the chip up with every relay open.

        Raises ReadbackMismatch, with the pins still inputs, when the latch did not take
        the open pattern.
        """
        self._latch = None
        # OLAT before IODIR: all pins are inputs after power-on, so the relays come up in
        # the latched pattern. The other order would drive the reset latch, all zeros, and
        # pulse every relay of an active-low board.
        self._write(Register.OLAT, self._open_levels)
        for register in (Register.IPOL, Register.GPINTEN, Register.IOCON, Register.GPPU):
            self._write(register, 0)
        self._expect(Register.OLAT, self._open_levels, ALL_PINS)
        self._write(Register.IODIR, ALL_PINS & ~self._relay_pins)
        self._expect(Register.IODIR, 0, self._relay_pins)
        self._latch = self._open_levels

    def write(self, closed: Mapping[int, bool]) -> dict[int, bool | None]:
        """One OLAT write for all named relays.

        Returns what their pins show: a value other than the wanted one is a pin that
        cannot follow the latch (shorted or overloaded). Raises ReadbackMismatch when the
        latch is not as written, or the board lost power (its pins are inputs). Raises
        ValueError for a relay that the board does not have; then nothing was written.
        """
        self._check_relays(closed)
        if self._added_pins:
            self._take_in_added_pins()
        wanted = self._merge(self._known_latch(), closed)
        self._latch = None
        self._write(Register.OLAT, wanted)
        self._expect(Register.IODIR, 0, self._relay_pins)
        self._expect(Register.OLAT, wanted, ALL_PINS)
        self._latch = wanted
        levels = self._settled_levels(wanted)
        return {relay: self._is_closed(levels, relay) for relay in closed}

    def close(self) -> None:
        # The handle is given up either way; an unplugged adapter may refuse even that.
        with contextlib.suppress(OSError):
            self._bus.close()

    def _take_in_added_pins(self) -> None:
        """Drive them, open; OLAT before IODIR as in `initialise`."""
        self._latch = None
        self._expect(Register.IODIR, self._added_pins, self._relay_pins)
        latch = self._read_twice(Register.OLAT) & ~self._added_pins
        self._write(Register.OLAT, latch | (self._open_levels & self._added_pins))
        self._write(Register.IODIR, ALL_PINS & ~self._relay_pins)
        self._expect(Register.IODIR, 0, self._relay_pins)
        self._added_pins = 0

    def _known_latch(self) -> int:
        if self._latch is None:
            self._latch = self._read_twice(Register.OLAT)
        return self._latch

    def _check_relays(self, closed: Mapping[int, bool]) -> None:
        for relay in closed:
            if not 0 <= relay < self.relay_count:
                raise ValueError(
                    f"{self._driver}: relay {relay}, expected 0..{self.relay_count - 1}"
                )

    def _merge(self, latch: int, closed: Mapping[int, bool]) -> int:
        for relay, close in closed.items():
            pin = 1 << relay
            level_is_high = close != bool(self._open_levels & pin)
            latch = latch | pin if level_is_high else latch & ~pin
        return latch

    def _is_closed(self, levels: int, relay: int) -> bool:
        return bool((levels ^ self._open_levels) >> relay & 1)

    def _expect(self, register: Register, value: int, mask: int) -> None:
        """Two looks before the write counts as failed: the read itself may be at fault."""
        found = self._read(register)
        if (found ^ value) & mask:
            found = self._read_twice(register)
        if (found ^ value) & mask:
            raise ReadbackMismatch(
                self._driver,
                f"check {register.name}",
                f"reads 0x{found:02X}, expected 0x{value:02X} in the bits 0x{mask:02X}"
                + (" (power lost?)" if register is Register.IODIR else ""),
            )

    def _settled_levels(self, wanted: int) -> int:
        levels = self._read(Register.GPIO)
        return self._read_twice(Register.GPIO) if (levels ^ wanted) & self._relay_pins else levels

    def _read_twice(self, register: Register) -> int:
        """A value that two consecutive reads agree on.

        One flipped bit in IODIR would look like a power loss and cost every outlet its
        supply, and I2C has no checksum.
        """
        before = self._read(register)
        for _ in range(1 + RETRIES):
            value = self._read(register)
            if value == before:
                return value
            before = value
        raise BusTimeout(self._driver, f"read {register.name}", "no two reads agree")

    def _read(self, register: Register) -> int:
        return self._attempt(
            f"read {register.name}", lambda: self._bus.read_byte_data(self._address, register)
        )

    def _write(self, register: Register, value: int) -> None:
        self._attempt(
            f"write {register.name}",
            lambda: self._bus.write_byte_data(self._address, register, value),
        )

    def _attempt(self, operation: str, transfer: Callable[[], T]) -> T:
        for _ in range(RETRIES):
            with contextlib.suppress(OSError):
                return transfer()
        try:
            return transfer()
        except OSError as exc:
            raise bus_error(self._driver, operation, exc) from exc
