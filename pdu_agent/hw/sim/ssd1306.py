# SPDX-License-Identifier: Apache-2.0
"""The OLED controllers SSD1306 (Solomon Systech) and SH1106 (Sino Wealth) on I2C.

After its address a message has a control byte: 0x00 ahead of commands, 0x40 ahead of picture
data. Both fill a memory of pages of eight rows; the SSD1306 counts on through a window of
columns and pages, the SH1106 within one page of its 132 columns, 128 of which are wired from
column 2 on. Not modelled: scrolling, brightness, the charge pump's warm-up.
"""

from __future__ import annotations

COMMANDS, DATA = 0x00, 0x40
_STATUS_OFF = 0x40  # of the status that can be read
PAGES = 8
WIDTH = 128
HORIZONTAL = 0x00
PAGE_MODE = 0x02

_ARGUMENTS = {0x20: 1, 0x21: 2, 0x22: 2, 0x81: 1, 0x8D: 1, 0xA8: 1, 0xD3: 1}
_ARGUMENTS |= {0xD5: 1, 0xD9: 1, 0xDA: 1, 0xDB: 1, 0xAD: 1}
"""Bytes that follow a command; none for the others."""
_CHARGE_PUMP_ON = 0x04


class SimOled:
    """One display with its controller; a raw chip for `SimI2cBus`.

    height: of the glass, 64 or 32. memory_columns, first_column: of the memory, and where the
    glass begins in it. has_window: commands 0x20 to 0x22 are known; without them it stays
    within its page.
    """

    def __init__(
        self, height: int, memory_columns: int, first_column: int, has_window: bool
    ) -> None:
        self._height = height
        self._columns = memory_columns
        self._first = first_column
        self._has_window = has_window
        self.power_loss()

    def power_loss(self) -> None:
        """As after power-on: off, and whatever in its memory."""
        self._memory = [bytearray([0xA5]) * self._columns for _ in range(PAGES)]
        self._mode = PAGE_MODE
        self._page = self._column = 0
        self._column_window = 0, self._columns - 1
        self._page_window = 0, PAGES - 1
        self._multiplex = 63
        self._is_on = self._is_inverse = False
        self._is_pumped = not self._has_window  # the SH1106 begins with its converter on
        self._is_mirrored = self._is_flipped = True
        self._pending: list[int] = []

    def exchange(self, data: bytes, length: int) -> bytes:
        if length:  # all that can be read is its status
            return bytes([0 if self._is_on else _STATUS_OFF]) * length
        if not data:
            return b""
        control, octets = data[0], data[1:]
        for octet in octets:
            if control == COMMANDS:
                self._command(octet)
            elif control == DATA:
                self._store(octet)
        return b""

    def picture(self) -> list[list[bool]]:
        """The glass as seen: rows from the top, each of 128 pixels, True where it is lit.

        All dark while the number of rows that are driven is not that of the glass: on a real
        one the picture is torn.
        """
        rows = range(self._height)
        if not (self._is_on and self._is_pumped and self._multiplex == self._height - 1):
            return [[False] * WIDTH for _ in rows]
        seen = [[self._pixel(x, y) for x in range(WIDTH)] for y in rows]
        if self._is_flipped:
            seen.reverse()
        return [row[::-1] for row in seen] if self._is_mirrored else seen

    def _pixel(self, x: int, y: int) -> bool:
        bit = self._memory[y // 8][self._first + x] >> y % 8 & 1
        return bool(bit) is not self._is_inverse

    def _store(self, octet: int) -> None:
        if self._column < self._columns:
            self._memory[self._page][self._column] = octet
        self._column += 1
        if self._has_window and self._mode == HORIZONTAL:
            if self._column > self._column_window[1]:
                self._column = self._column_window[0]
                at_end = self._page >= self._page_window[1]
                self._page = self._page_window[0] if at_end else self._page + 1
        elif self._has_window and self._column >= self._columns:
            self._column = 0

    def _command(self, octet: int) -> None:
        self._pending.append(octet)
        code, *arguments = self._pending
        if len(arguments) < self._argument_count(code):
            return
        self._pending = []
        if arguments:
            self._set(code, arguments)
        else:
            self._do(code)

    def _argument_count(self, code: int) -> int:
        if code in (0x20, 0x21, 0x22) and not self._has_window:
            return 0
        return _ARGUMENTS.get(code, 0)

    def _set(self, code: int, arguments: list[int]) -> None:
        if code == 0x20:
            self._mode = arguments[0] & 0x03
        elif code == 0x21:
            self._column_window = arguments[0], arguments[1]
            self._column = arguments[0]
        elif code == 0x22:
            self._page_window = arguments[0], arguments[1]
            self._page = arguments[0]
        elif code == 0x8D:
            self._is_pumped = bool(arguments[0] & _CHARGE_PUMP_ON)
        elif code == 0xA8:
            self._multiplex = arguments[0] & 0x3F

    def _do(self, code: int) -> None:
        if code <= 0x0F:
            self._column = self._column & 0xF0 | code
        elif code <= 0x1F:
            self._column = (code & 0x0F) << 4 | self._column & 0x0F
        elif 0xB0 <= code <= 0xB7:
            self._page = code & 0x07
        elif code in (0xA0, 0xA1):
            self._is_mirrored = code == 0xA0
        elif code in (0xA6, 0xA7):
            self._is_inverse = code == 0xA7
        elif code in (0xAE, 0xAF):
            self._is_on = code == 0xAF
        elif code in (0xC0, 0xC8):
            self._is_flipped = code == 0xC0


class SimSsd1306(SimOled):
    """A glass of 128 x `height` pixels, 64 or 32."""

    def __init__(self, height: int = 64) -> None:
        super().__init__(height, WIDTH, 0, has_window=True)


class SimSh1106(SimOled):
    """128 x 64 in the middle of a memory of 132 columns."""

    def __init__(self) -> None:
        super().__init__(64, 132, 2, has_window=False)
