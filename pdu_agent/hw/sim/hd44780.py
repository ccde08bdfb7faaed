# SPDX-License-Identifier: Apache-2.0
"""The HD44780U display controller behind a PCF8574 backpack, nibble by nibble.

From Hitachi's data sheet: the instruction set (table 6), the reset state and the way into
4-bit mode (figure 24), DDRAM of 80 characters with its two lines at 0x00 and 0x40. Backpack:
P0 RS, P1 R/W, P2 E, P3 backlight, P4 to P7 data. Not modelled: busy times, CGRAM's pictures,
display shift, reading back.
"""

from __future__ import annotations

RS, RW, E, BACKLIGHT = 0x01, 0x02, 0x04, 0x08
LINE_LENGTH = 0x28
SECOND_LINE = 0x40
BLANK = 0x20


class SimHd44780:
    """columns, rows: of the glass. Give `on_pins` to the backpack's SimPcf8574."""

    def __init__(self, columns: int, rows: int) -> None:
        self._columns = columns
        self._rows = rows
        self._pins = 0
        self.power_loss()

    def power_loss(self) -> None:
        """As after power-on: 8-bit mode, display off, blank."""
        self._is_4_bit = False
        self._upper: int | None = None
        self._is_on = False
        self._step = 1
        self._clear()

    def on_pins(self, levels: int) -> None:
        """The controller takes what stands on its data lines when E falls."""
        falling = self._pins & E and not levels & E
        self._pins = levels
        if falling and not levels & RW:
            self._take(levels >> 4, bool(levels & RS))

    def shown(self) -> list[str]:
        """What can be read on the glass, line by line; ASCII only, `?` for other characters."""
        if not (self._is_on and self._pins & BACKLIGHT):
            return [""] * self._rows
        return [self._line(row) for row in range(self._rows)]

    def _line(self, row: int) -> str:
        # Glasses of four rows continue rows 1 and 2 behind their last column.
        start = (row // 2) * self._columns
        half = self._memory[LINE_LENGTH:] if row % 2 else self._memory[:LINE_LENGTH]
        codes = half[start : start + self._columns]
        return "".join(chr(c) if BLANK <= c < 0x7E and c != 0x5C else "?" for c in codes).rstrip()

    def _take(self, nibble: int, is_data: bool) -> None:
        if not self._is_4_bit:
            # D3 to D0 are not wired and read 0.
            self._execute(nibble << 4, is_data)
        elif self._upper is None:
            self._upper = nibble
        else:
            octet, self._upper = self._upper << 4 | nibble, None
            self._execute(octet, is_data)

    def _execute(self, octet: int, is_data: bool) -> None:
        if is_data:
            self._store(octet)
        elif octet & 0x80:
            self._address, self._in_characters = octet & 0x7F, False
        elif octet & 0x40:
            self._in_characters = True
        elif octet & 0x20:
            self._is_4_bit, self._upper = not octet & 0x10, None
        elif octet & 0x10:
            return
        elif octet & 0x08:
            self._is_on = bool(octet & 0x04)
        elif octet & 0x04:
            self._step = 1 if octet & 0x02 else -1
        elif octet & 0x02:
            self._address, self._in_characters = 0, False
        elif octet & 0x01:
            self._clear()
            self._step = 1

    def _store(self, octet: int) -> None:
        if self._in_characters:
            return
        line, column = divmod(self._address, SECOND_LINE)
        if column < LINE_LENGTH:
            self._memory[line * LINE_LENGTH + column] = octet
        self._address += self._step
        if self._address & 0x3F == LINE_LENGTH:  # from the end of a line to the other one
            self._address = SECOND_LINE if line == 0 else 0

    def _clear(self) -> None:
        self._memory = bytearray([BLANK]) * (2 * LINE_LENGTH)
        self._address = 0
        self._in_characters = False
