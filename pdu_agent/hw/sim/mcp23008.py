# SPDX-License-Identifier: Apache-2.0
"""The MCP23008 port expander as its registers show it (Microchip DS21919).

Not modelled: the interrupt logic (INTF and INTCAP read 0) and the INT pin.
"""

from __future__ import annotations

import errno
import mmap
import os
import threading
from collections.abc import Callable
from pathlib import Path

from pdu_agent.hw.mcp23008 import ALL_PINS, Register

RESET_VALUES = bytes([ALL_PINS] + [0] * (len(Register) - 1))
READ_ONLY = frozenset({Register.INTF, Register.INTCAP})
IOCON_BITS = 0x3E  # SEQOP, DISSLW, HAEN, ODR, INTPOL; the other bits read 0
SEQUENTIAL_OFF = 0x20  # IOCON.SEQOP: the register pointer stays where it is

OnOutputs = Callable[[int, int], None]


class SimMcp23008:
    """One expander chip with its pins. Safe to use from the bus's thread and a test's.

    register_file: where the eleven registers live, so that they survive the process as the
    chip's survive the agent. A file of the right size means the chip stayed powered;
    anything else is a power-on reset.

    on_outputs(driven_mask, levels): called once when made and whenever the outputs change;
    bit n stands for pin n, levels holds driven pins only.
    """

    def __init__(
        self, register_file: Path | None = None, on_outputs: OnOutputs | None = None
    ) -> None:
        self._lock = threading.RLock()
        self._registers = (
            bytearray(RESET_VALUES) if register_file is None else _map_registers(register_file)
        )
        self._driven_from_outside = 0
        self._outside_levels = 0
        self._on_outputs = on_outputs
        self._outputs = self._effective_outputs()
        if on_outputs is not None:
            on_outputs(*self._outputs)

    def read(self, register: int, length: int) -> bytes:
        """`length` bytes from `register` on, as one I2C transaction."""
        with self._lock:
            data = bytearray()
            for _ in range(length):
                data.append(self._value(_existing(register)))
                register = self._next(register)
            return bytes(data)

    def write(self, register: int, data: bytes) -> None:
        """The bytes to `register` and its successors, as one I2C transaction.

        Each byte acts as it arrives; one that sets IOCON.SEQOP stops the pointer there.
        """
        with self._lock:
            for value in data:
                self._store(_existing(register), value)
                register = self._next(register)

    def power_loss(self) -> None:
        """The supply fails and returns: every pin is an input, so every relay drops."""
        with self._lock:
            self._registers[:] = RESET_VALUES
            self._tell_outputs()

    def drive_pins(self, mask: int, levels: int) -> None:
        """Force the pins in `mask` to `levels` from outside; an output among them is shorted.

        The pins that are not in `mask` are left floating (or to the chip's own drivers).
        """
        with self._lock:
            self._driven_from_outside = mask
            self._outside_levels = levels & mask
            self._tell_outputs()

    def _next(self, register: int) -> int:
        if self._registers[Register.IOCON] & SEQUENTIAL_OFF:
            return register
        return (register + 1) % len(Register)

    def _value(self, register: int) -> int:
        if register == Register.GPIO:
            return self._pin_levels() ^ self._registers[Register.IPOL]
        return self._registers[register]

    def _store(self, register: int, value: int) -> None:
        if register in READ_ONLY:
            return
        if register == Register.GPIO:
            register = Register.OLAT
        if register == Register.IOCON:
            value &= IOCON_BITS
        self._registers[register] = value
        self._tell_outputs()

    def _pin_levels(self) -> int:
        inputs = self._registers[Register.IODIR]
        own = (self._registers[Register.OLAT] & ~inputs) | (self._registers[Register.GPPU] & inputs)
        return (own & ~self._driven_from_outside | self._outside_levels) & ALL_PINS

    def _effective_outputs(self) -> tuple[int, int]:
        driven = ALL_PINS & ~self._registers[Register.IODIR]
        return driven, self._pin_levels() & driven

    def _tell_outputs(self) -> None:
        outputs = self._effective_outputs()
        if outputs != self._outputs:
            self._outputs = outputs
            if self._on_outputs is not None:
                self._on_outputs(*outputs)


def _existing(register: int) -> int:
    if not 0 <= register < len(Register):
        raise OSError(errno.EIO, f"the MCP23008 has no register 0x{register:02X}")
    return register


def _map_registers(path: Path) -> mmap.mmap:
    """The register file as memory: a byte stored is there even if the next moment is SIGKILL."""
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        if os.fstat(file).st_size != len(RESET_VALUES):
            os.ftruncate(file, 0)
            os.write(file, RESET_VALUES)
        return mmap.mmap(file, len(RESET_VALUES))
    finally:
        os.close(file)
