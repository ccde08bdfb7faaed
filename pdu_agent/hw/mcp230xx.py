# SPDX-License-Identifier: Apache-2.0
"""Relay boards on Microchip's I2C port expanders MCP23008 and MCP23017.

Both work alike; the second has two ports, whose registers lie side by side (IOCON.BANK = 0,
the reset default, gone back to where other software has changed it), so that one block moves
both at once.
What is kept in mind throughout: the chip outlives the agent, so its output latch is the
truth about the relays; and a wrong guess here moves somebody's mains.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol, TypeVar

from pdu_agent.hw.i2c import SmBus, bus_error
from pdu_agent.model.errors import BusTimeout, ReadbackMismatch

log = logging.getLogger(__name__)

RETRIES = 2
_BANK, _NO_IOCON_BIT = 0x80, 0x01

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Register:
    """One register of every port. address: of the first port's; the others follow it.

    IODIR: 1 is input. GPIO reads the pins, OLAT what the agent asked of them.
    """

    name: str
    address: int


@dataclass(frozen=True, slots=True)
class Expander:
    """One kind of chip: ports of eight pins, and where its registers are.

    banked_iocon: both addresses of IOCON while its bit BANK is set, and all the others are
    elsewhere too; empty for a chip with one register map. Here GPINTEN and OLAT of the second
    port have these addresses.
    """

    name: str
    ports: int
    iodir: Register
    ipol: Register
    gpinten: Register
    iocon: Register
    gppu: Register
    gpio: Register
    olat: Register
    banked_iocon: tuple[int, ...] = ()

    @property
    def all_pins(self) -> int:
        return (1 << 8 * self.ports) - 1


def is_banked(chip: Expander, read: Callable[[int], int]) -> bool:
    """Has other software changed to the chip's other register map? read(address): one byte."""
    found = {read(address) for address in chip.banked_iocon}
    return len(found) == 1 and found.pop() & (_BANK | _NO_IOCON_BIT) == _BANK


def leave_banks(
    chip: Expander, driver: str, read: Callable[[int], int], write: Callable[[int, int], None]
) -> None:
    """Change back to the map that is used here; no pin moves.

    The one write is harmless where the look was wrong: in our map it ends interrupts of the
    second port, which nobody here wants. Raises ReadbackMismatch when the chip does not change.
    """
    if not is_banked(chip, read):
        return
    log.warning("%s: other software left it in its other register map (IOCON.BANK)", driver)
    write(chip.banked_iocon[0], 0)
    if is_banked(chip, read):
        raise _other_map(driver)


def _other_map(driver: str) -> ReadbackMismatch:
    text = "the chip is in its other register map (IOCON.BANK): does other software use it?"
    return ReadbackMismatch(driver, "check IOCON", text)


class Wiring(Protocol):
    """Where the expander is and how its relays are wired; see the drivers' settings."""

    @property
    def address(self) -> int: ...

    @property
    def relay_count(self) -> int: ...

    @property
    def active_low(self) -> bool: ...


class ExpanderBank:
    """RelayBank on one expander; relay n is pin n, port A first. Made without touching the bus.

    Every method raises BusTimeout or ChipNotFound after RETRIES more attempts. Pins above
    the relays stay inputs. `_latch` is OLAT as last read, None after a write that was not
    read back; it is never derived from GPIO, where a loaded pin may read the wrong level.
    `_asked` is what the last write put there. `_inverted` is IPOL, which turns GPIO only and
    may have been left set by another program; None until it is read.
    """

    def __init__(self, chip: Expander, bus: SmBus, settings: Wiring) -> None:
        self.relay_count = settings.relay_count
        self._chip = chip
        self._bus = bus
        self._address = settings.address
        self._driver = f"{chip.name}@0x{settings.address:02X}"
        self._relay_pins = (1 << settings.relay_count) - 1
        self._open_levels = self._relay_pins if settings.active_low else 0
        self._latch: int | None = None
        self._asked: int | None = None
        self._inverted: int | None = None
        self._added_pins = 0

    def inspect(self) -> tuple[bool, tuple[bool | None, ...]]:
        """Cold when every relay's pin is an input, as all are after power-on.

        closed is the level of the pins that are driven; a relay whose pin is an input has
        no drive and is open. Some inputs among outputs are relays that the configuration
        has added to a board at work: the others must not drop for that, and the next write
        takes the new ones in.
        """
        self._leave_banks()
        inputs = self._read_twice(self._chip.iodir) & self._relay_pins
        cold = inputs == self._relay_pins
        latch = self._read_twice(self._chip.olat)
        levels = self._levels(self._read_twice)
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
        self._latch = self._inverted = None
        self._leave_banks()
        chip = self._chip
        # OLAT before IODIR: all pins are inputs after power-on, so the relays come up in
        # the latched pattern. The other order would drive the reset latch, all zeros, and
        # pulse every relay of an active-low board.
        self._write(chip.olat, self._open_levels)
        for register in (chip.ipol, chip.gpinten, chip.iocon, chip.gppu):
            self._write(register, 0)
        self._expect(chip.olat, self._open_levels, chip.all_pins)
        self._write(chip.iodir, chip.all_pins & ~self._relay_pins)
        self._expect(chip.iodir, 0, self._relay_pins)
        self._latch = self._open_levels

    def write(self, closed: Mapping[int, bool]) -> None:
        """One transfer to OLAT for all named relays.

        Raises ValueError for a relay that the board does not have; then nothing was written.
        """
        self._check_relays(closed)
        if self._added_pins:
            self._take_in_added_pins()
        wanted = self._merge(self._known_latch(), closed)
        self._latch = None
        self._write(self._chip.olat, wanted)
        self._asked = wanted

    def read_back(self, relays: Iterable[int]) -> dict[int, bool | None]:
        """What the relays' pins show: a value other than the wanted one is a pin that cannot
        follow the latch (shorted or overloaded).

        Raises ReadbackMismatch when the latch is not as written, or the board lost power (its
        pins are inputs).
        """
        wanted = self._known_latch() if self._asked is None else self._asked
        self._expect(self._chip.iodir, 0, self._relay_pins)
        self._expect(self._chip.olat, wanted, self._chip.all_pins)
        self._latch = wanted
        levels = self._settled_levels(wanted)
        return {relay: self._is_closed(levels, relay) for relay in relays}

    def close(self) -> None:
        # The handle is given up either way; an unplugged adapter may refuse even that.
        with contextlib.suppress(OSError):
            self._bus.close()

    def _take_in_added_pins(self) -> None:
        """Drive them, open; OLAT before IODIR as in `initialise`."""
        self._latch = None
        self._expect(self._chip.iodir, self._added_pins, self._relay_pins)
        latch = self._read_twice(self._chip.olat) & ~self._added_pins
        self._write(self._chip.olat, latch | (self._open_levels & self._added_pins))
        self._write(self._chip.iodir, self._chip.all_pins & ~self._relay_pins)
        self._expect(self._chip.iodir, 0, self._relay_pins)
        self._added_pins = 0

    def _known_latch(self) -> int:
        if self._latch is None:
            self._latch = self._read_twice(self._chip.olat)
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
            digits = 2 * self._chip.ports
            raise ReadbackMismatch(
                self._driver,
                f"check {register.name}",
                f"reads 0x{found:0{digits}X}, expected 0x{value:0{digits}X}"
                f" in the bits 0x{mask:0{digits}X}"
                + (" (power lost?)" if register is self._chip.iodir else ""),
            )

    def _settled_levels(self, wanted: int) -> int:
        levels = self._levels(self._read)
        if not (levels ^ wanted) & self._relay_pins:
            return levels
        if is_banked(self._chip, self._read_byte):
            raise _other_map(self._driver)
        return self._levels(self._read_twice)

    def _levels(self, read: Callable[[Register], int]) -> int:
        if self._inverted is None:
            self._inverted = self._read_twice(self._chip.ipol)
        return read(self._chip.gpio) ^ self._inverted

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
        return self._attempt(f"read {register.name}", lambda: self._get(register.address))

    def _write(self, register: Register, value: int) -> None:
        self._attempt(f"write {register.name}", lambda: self._put(register.address, value))

    def _get(self, register: int) -> int:
        # One byte goes as a byte: not every SMBus adapter moves blocks.
        if self._chip.ports == 1:
            return self._bus.read_byte_data(self._address, register)
        data = self._bus.read_i2c_block_data(self._address, register, self._chip.ports)
        return int.from_bytes(data, "little")

    def _put(self, register: int, value: int) -> None:
        if self._chip.ports == 1:
            self._bus.write_byte_data(self._address, register, value)
        else:
            data = value.to_bytes(self._chip.ports, "little")
            self._bus.write_i2c_block_data(self._address, register, data)

    def _leave_banks(self) -> None:
        leave_banks(self._chip, self._driver, self._read_byte, self._write_byte)

    def _read_byte(self, address: int) -> int:
        return self._attempt(
            f"read 0x{address:02X}", lambda: self._bus.read_byte_data(self._address, address)
        )

    def _write_byte(self, address: int, value: int) -> None:
        self._attempt(
            f"write 0x{address:02X}",
            lambda: self._bus.write_byte_data(self._address, address, value),
        )

    def _attempt(self, operation: str, transfer: Callable[[], T]) -> T:
        for _ in range(RETRIES):
            with contextlib.suppress(OSError):
                return transfer()
        try:
            return transfer()
        except OSError as exc:
            raise bus_error(self._driver, operation, exc) from exc
