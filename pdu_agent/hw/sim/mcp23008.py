# SPDX-License-Identifier: Apache-2.0
"""The MCP23008 port expander as its registers show it (Microchip DS21919).

Not modelled: the interrupt logic (INTF and INTCAP read 0) and the INT pin.
"""

from __future__ import annotations

import errno
from enum import IntEnum

from pdu_agent.hw.sim.expander import SimExpander


class Register(IntEnum):
    IODIR = 0
    IPOL = 1
    GPINTEN = 2
    DEFVAL = 3
    INTCON = 4
    IOCON = 5
    GPPU = 6
    INTF = 7
    INTCAP = 8
    GPIO = 9
    OLAT = 10


READ_ONLY = frozenset({Register.INTF, Register.INTCAP})
IOCON_BITS = 0x3E  # SEQOP, DISSLW, HAEN, ODR, INTPOL; the other bits read 0
SEQUENTIAL_OFF = 0x20  # IOCON.SEQOP: the register pointer stays where it is


class SimMcp23008(SimExpander):
    """One MCP23008."""

    ALL_PINS = 0xFF
    RESET_VALUES = bytes([0xFF] + [0] * (len(Register) - 1))

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

    def _bits(self, kind: str) -> int:
        return self._registers[Register[kind]]


def _existing(register: int) -> int:
    if not 0 <= register < len(Register):
        raise OSError(errno.EIO, f"the MCP23008 has no register 0x{register:02X}")
    return register
