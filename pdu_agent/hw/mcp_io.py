# SPDX-License-Identifier: Apache-2.0
"""Buttons, contacts and lamps on an MCP23008 or MCP23017 of their own.

Never on a chip that moves relays: setting this one up would switch them. Registers as in
Microchip's data sheets DS21919 and DS20001952, see `mcp23008` and `mcp23017`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar, Protocol

from pdu_agent.hw.i2c import SmBus
from pdu_agent.hw.io_wiring import I2cPort, PinWiring
from pdu_agent.hw.mcp230xx import Expander, Register, leave_banks
from pdu_agent.hw.mcp23008 import MCP23008
from pdu_agent.hw.mcp23017 import MCP23017
from pdu_agent.hw.site import Site
from pdu_agent.model.errors import ReadbackMismatch
from pdu_agent.model.settings import setting

OUTPUT_ONLY_PINS = frozenset({7, 15})
"""GPA7 and GPB7 cannot be read on newer MCP23017, by later revisions of its data sheet."""


def _address() -> int:
    address: int = setting(
        minimum=0x20, maximum=0x27, doc="I2C address, 0x20 + A2 A1 A0; of no relay board"
    )
    return address


def _bus() -> str:
    bus: str = setting(max_length=255, doc="such as /dev/i2c-1")
    return bus


def _active_low() -> bool:
    active_low: bool = setting(True, doc="true where a closed input is low, as from pin to ground")
    return active_low


def _lit_low() -> bool:
    lit_low: bool = setting(False, doc="true where a low output lights its lamp")
    return lit_low


class _Settings(Protocol):
    @property
    def address(self) -> int: ...

    @property
    def active_low(self) -> bool: ...

    @property
    def lit_low(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Mcp23008IoSettings:
    """Lines 0 to 7 are GP0 to GP7."""

    line_count: ClassVar = 8
    output_only: ClassVar = frozenset[int]()

    bus: str = _bus()
    address: int = _address()
    active_low: bool = _active_low()
    lit_low: bool = _lit_low()


@dataclass(frozen=True, slots=True)
class Mcp23017IoSettings:
    """Lines 0 to 7 are GPA0 to GPA7, 8 to 15 GPB0 to GPB7."""

    line_count: ClassVar = 16
    output_only: ClassVar = OUTPUT_ONLY_PINS

    bus: str = _bus()
    address: int = _address()
    active_low: bool = _active_low()
    lit_low: bool = _lit_low()


class ExpanderIo:
    """DigitalIo on one expander; made without touching the bus.

    Every pin gets its pull-up (100 kOhm; without effect on outputs), also those that nobody
    uses. Their register is 0 after power-on, so it witnesses each time the pins are read that
    the chip still has its set-up: one block from there to the pins.
    """

    tells_edges = False

    def __init__(
        self,
        chip: Expander,
        bus: SmBus,
        settings: _Settings,
        inputs: Iterable[int],
        outputs: Iterable[int],
    ) -> None:
        self._chip = chip
        self._address = settings.address
        self._port = I2cPort(bus, f"{chip.name}@0x{settings.address:02X}")
        self._pins = PinWiring(
            inputs, outputs, active_low=settings.active_low, lit_low=settings.lit_low
        )
        self._latch = self._pins.dark

    def open(self) -> None:
        """Raises ReadbackMismatch where something else than such a chip answers."""
        chip, self._latch = self._chip, self._pins.dark
        leave_banks(chip, self._port.driver, self._read_byte, self._write_byte)
        # The latch before the direction: no lamp flashes.
        self._write(chip.olat, self._latch)
        for register in (chip.ipol, chip.gpinten, chip.iocon):
            self._write(register, 0)
        self._write(chip.gppu, chip.all_pins)
        inputs = chip.all_pins & ~self._pins.outputs
        self._write(chip.iodir, inputs)
        found = self._port.twice("read IODIR", lambda: self._get(chip.iodir.address, chip.ports))
        if found != inputs.to_bytes(chip.ports, "little"):
            raise ReadbackMismatch(
                self._port.driver, "check IODIR", f"reads {found.hex()}; is it such a chip?"
            )

    def read(self, _timeout_s: float, /) -> dict[int, bool]:
        """Raises ReadbackMismatch when the chip has lost its set-up."""
        block = self._port.attempt("read GPIO", self._get_pins)
        if not self._is_set_up(block):
            block = self._port.twice("read GPIO", self._get_pins)
        if not self._is_set_up(block):
            raise ReadbackMismatch(self._port.driver, "check GPPU", "not as set up (power lost?)")
        return self._pins.active(int.from_bytes(block[-self._chip.ports :], "little"))

    def write(self, lit: Mapping[int, bool]) -> None:
        self._latch = self._pins.changed(self._latch, lit)
        self._write(self._chip.olat, self._latch)

    def close(self) -> None:
        self._port.close()

    def _is_set_up(self, block: bytes) -> bool:
        return block[: self._chip.ports] == bytes([0xFF]) * self._chip.ports

    def _get_pins(self) -> bytes:
        first, last = self._chip.gppu.address, self._chip.gpio.address
        return self._get(first, last - first + self._chip.ports)

    def _read_byte(self, address: int) -> int:
        return self._port.attempt(f"read 0x{address:02X}", lambda: self._get(address, 1))[0]

    def _write_byte(self, address: int, value: int) -> None:
        self._port.attempt(
            f"write 0x{address:02X}",
            lambda: self._port.bus.write_byte_data(self._address, address, value),
        )

    def _get(self, register: int, length: int) -> bytes:
        return bytes(self._port.bus.read_i2c_block_data(self._address, register, length))

    def _write(self, register: Register, value: int) -> None:
        data = value.to_bytes(self._chip.ports, "little")
        self._port.attempt(
            f"write {register.name}",
            lambda: self._port.bus.write_i2c_block_data(self._address, register.address, data),
        )


class Mcp23008Io(ExpanderIo):
    """DigitalIo on an MCP23008."""

    @classmethod
    def connect(
        cls,
        site: Site,
        settings: Mcp23008IoSettings,
        inputs: Iterable[int],
        outputs: Iterable[int],
    ) -> Mcp23008Io:
        return cls(MCP23008, site.connections.i2c(settings.bus), settings, inputs, outputs)


class Mcp23017Io(ExpanderIo):
    """DigitalIo on an MCP23017."""

    @classmethod
    def connect(
        cls,
        site: Site,
        settings: Mcp23017IoSettings,
        inputs: Iterable[int],
        outputs: Iterable[int],
    ) -> Mcp23017Io:
        return cls(MCP23017, site.connections.i2c(settings.bus), settings, inputs, outputs)
