# SPDX-License-Identifier: Apache-2.0
"""An I2C bus of simulated chips, shaped like smbus2.SMBus, that can be made to fail.

Failures are the OSErrors that the kernel's adapters raise: ENXIO where no address is
acknowledged, ETIMEDOUT for a line held low.
"""

from __future__ import annotations

import errno
import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

MAX_BLOCK_BYTES = 32  # I2C_SMBUS_BLOCK_MAX


class SimChip(Protocol):
    """A simulated chip with 8-bit registers; a transaction is atomic."""

    def read(self, register: int, length: int) -> bytes: ...

    def write(self, register: int, data: bytes) -> None: ...


@runtime_checkable
class SimRawChip(Protocol):
    """A simulated chip whose bytes are commands and answers, without a register pointer."""

    def exchange(self, data: bytes, length: int) -> bytes:
        """What it answers with `length` bytes after it was sent `data`; either may be empty.

        May raise OSError, as a chip that is busy does not acknowledge.
        """
        ...


@dataclass(slots=True)
class Faults:
    """What goes wrong next. Counts run down with each transaction that they spoil.

    nacks: transactions that no chip acknowledges. stuck: SDA is held low until cleared.
    zeros: the same behind an adapter that takes it for an acknowledge and for data.
    corrupt_reads, corrupt_writes: transfers whose bytes are XORed with `flip` on the wire.
    stall_s: how long the next `stalls` transactions hang before they go through.
    """

    nacks: int = 0
    stuck: bool = False
    zeros: bool = False
    corrupt_reads: int = 0
    corrupt_writes: int = 0
    flip: int = 0x01
    stalls: int = 0
    stall_s: float = 0.0


class SimI2cBus:
    """The wires between one master and the chips at their 7-bit addresses.

    on_write(address, register, data) sees every write that a chip acknowledged.
    """

    def __init__(
        self,
        chips: Mapping[int, SimChip | SimRawChip],
        on_write: Callable[[int, int, bytes], None] | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.faults = Faults()
        self._chips: dict[int, SimChip | SimRawChip] = dict(chips)
        self._pointers: dict[int, int] = {}
        self._on_write = on_write
        self._sleep = sleep
        self._lock = threading.Lock()

    def plug(self, address: int, chip: SimChip | SimRawChip) -> None:
        with self._lock:
            self._chips[address] = chip

    def unplug(self, address: int) -> None:
        """Take the chip off the bus; what it drives is its own affair."""
        with self._lock:
            self._chips.pop(address, None)

    def read_byte(self, i2c_addr: int, /) -> int:
        return self.exchange(i2c_addr, b"", 1)[0]

    def write_byte(self, i2c_addr: int, value: int, /) -> None:
        self.exchange(i2c_addr, bytes([value]), 0)

    def read_byte_data(self, i2c_addr: int, register: int, /) -> int:
        return self.exchange(i2c_addr, bytes([register]), 1)[0]

    def write_byte_data(self, i2c_addr: int, register: int, value: int, /) -> None:
        self.exchange(i2c_addr, bytes([register, value]), 0)

    def read_i2c_block_data(self, i2c_addr: int, register: int, length: int, /) -> list[int]:
        return list(self.exchange(i2c_addr, bytes([register]), _block(length)))

    def write_i2c_block_data(self, i2c_addr: int, register: int, data: Sequence[int], /) -> None:
        self.exchange(i2c_addr, bytes([register, *data[: _block(len(data))]]), 0)

    def exchange(self, i2c_addr: int, data: bytes, length: int, /) -> bytes:
        """One transaction: the bytes written, then as many read as `length` says."""
        with self._lock:
            if self.faults.zeros:
                return bytes(length)
            chip = self._address(i2c_addr)
            pointer = 0 if isinstance(chip, SimRawChip) else 1  # bytes that are no data
            if len(data) > pointer and self.faults.corrupt_writes:
                self.faults.corrupt_writes -= 1
                data = data[:pointer] + self._flipped(data[pointer:])
            answer = self._passed_on(i2c_addr, chip, data, length)
            if answer and self.faults.corrupt_reads:
                self.faults.corrupt_reads -= 1
                return self._flipped(answer)
            return answer

    def close(self) -> None:
        """The wires stay; a simulated bus can be used again after it."""

    def _passed_on(
        self, address: int, chip: SimChip | SimRawChip, data: bytes, length: int
    ) -> bytes:
        """A chip with registers takes the first byte for their pointer, and keeps it."""
        if isinstance(chip, SimRawChip):
            answer = chip.exchange(data, length)
        else:
            if data:
                self._pointers[address] = data[0]
            register = self._pointers.get(address, 0)
            if len(data) > 1:
                chip.write(register, data[1:])
            answer = chip.read(register, length) if length else b""
        if len(data) > 1 and self._on_write is not None:
            self._on_write(address, data[0], data[1:])
        return answer

    def _address(self, address: int) -> SimChip | SimRawChip:
        """The chip that acknowledges, once the faults had their turn."""
        if self.faults.stalls:
            self.faults.stalls -= 1
            self._sleep(self.faults.stall_s)
        if self.faults.stuck:
            raise _os_error(errno.ETIMEDOUT)
        if self.faults.nacks:
            self.faults.nacks -= 1
            raise _os_error(errno.ENXIO)
        if address not in self._chips:
            raise _os_error(errno.ENXIO)
        return self._chips[address]

    def _flipped(self, data: bytes) -> bytes:
        return bytes(value ^ self.faults.flip for value in data)


def _block(length: int) -> int:
    if not 1 <= length <= MAX_BLOCK_BYTES:
        raise ValueError(f"a block of {length} bytes, expected 1..{MAX_BLOCK_BYTES}")
    return length


def _os_error(number: int) -> OSError:
    return OSError(number, os.strerror(number))
