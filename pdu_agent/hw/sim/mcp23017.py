# SPDX-License-Identifier: Apache-2.0
"""The MCP23017 port expander as its registers show it (Microchip DS20001952).

Both register maps are there: with IOCON.BANK set the same addresses mean other registers, so
a driver that sets it by mistake is found out. Not modelled: the interrupt logic and pins,
and the byte's time (90 us at 100 kHz) by which port B moves later than port A.
"""

from __future__ import annotations

from pdu_agent.hw.sim.expander import SimExpander

KINDS = (
    "IODIR",
    "IPOL",
    "GPINTEN",
    "DEFVAL",
    "INTCON",
    "IOCON",
    "GPPU",
    "INTF",
    "INTCAP",
    "GPIO",
    "OLAT",
)
"""In the order of their addresses, in either map; the registers of A and B lie side by side."""

IOCON = 2 * KINDS.index("IOCON")
BANK = 0x80
SEQUENTIAL_OFF = 0x20  # IOCON.SEQOP
IOCON_BITS = 0xFE
UNUSED = ("", 0)


class SimMcp23017(SimExpander):
    """One MCP23017; pins 0..7 are GPA, 8..15 GPB."""

    ALL_PINS = 0xFFFF
    RESET_VALUES = b"\xff\xff" + bytes(2 * len(KINDS) - 2)

    def read(self, register: int, length: int) -> bytes:
        """`length` bytes from `register` on, as one I2C transaction."""
        with self._lock:
            data = bytearray()
            for _ in range(length):
                data.append(self._value(*self._decode(register)))
                register = self._next(register)
            return bytes(data)

    def write(self, register: int, data: bytes) -> None:
        """The bytes from `register` on, as one transaction: the pins move when it ends."""
        with self._lock:
            for value in data:
                self._store(*self._decode(register), value)
                register = self._next(register)
            self._tell_outputs()

    def _decode(self, register: int) -> tuple[str, int]:
        """(kind, port) of an address, UNUSED where there is no register."""
        if self._registers[IOCON] & BANK:
            port, kind = divmod(register, 0x10)
        else:
            kind, port = divmod(register, 2)
        return (KINDS[kind], port) if kind < len(KINDS) and port < 2 else UNUSED

    def _next(self, register: int) -> int:
        iocon = self._registers[IOCON]
        if iocon & SEQUENTIAL_OFF:
            return register if iocon & BANK else register ^ 1
        last = 0x1A if iocon & BANK else 0x15
        return 0 if register >= last else register + 1

    def _value(self, kind: str, port: int) -> int:
        if not kind:
            return 0
        value = self._pin_levels() ^ self._bits("IPOL") if kind == "GPIO" else self._bits(kind)
        return value >> 8 * port & 0xFF

    def _store(self, kind: str, port: int, value: int) -> None:
        if kind in ("", "INTF", "INTCAP"):
            return
        if kind == "IOCON":  # one register that answers at two addresses
            self._registers[IOCON] = self._registers[IOCON + 1] = value & IOCON_BITS
            return
        self._registers[2 * KINDS.index("OLAT" if kind == "GPIO" else kind) + port] = value

    def _bits(self, kind: str) -> int:
        first = 2 * KINDS.index(kind)
        return self._registers[first] | self._registers[first + 1] << 8
