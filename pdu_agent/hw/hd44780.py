# SPDX-License-Identifier: Apache-2.0
"""Character LCDs with an HD44780 controller behind a PCF8574 "backpack", by RPLCD."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from pdu_agent.hw import display_library
from pdu_agent.hw.i2c import SmBus, bus_error
from pdu_agent.hw.site import Site
from pdu_agent.model.errors import ConfigError, HardwareError
from pdu_agent.model.settings import setting

_SIZES = ((16, 2), (20, 2), (20, 4), (16, 4), (40, 2))


@dataclass(frozen=True, slots=True)
class Hd44780Settings:
    """Raises ConfigError for a size or an address that is not made."""

    library: ClassVar[display_library.Library] = ("RPLCD", "RPLCD")

    bus: str = setting(max_length=255, doc="such as /dev/i2c-1")
    address: int = setting(
        0x27,
        minimum=0x20,
        maximum=0x3F,
        doc="I2C address of the backpack, 0x20 to 0x27, with a PCF8574A 0x38 to 0x3f",
    )
    columns: int = setting(20, minimum=16, maximum=40, doc="16 20 40")
    rows: int = setting(4, minimum=2, maximum=4, doc="2 4")
    charmap: str = setting(
        "A00", choices=("A00", "A02"), doc="the controller's ROM: A00 Japanese, A02 European"
    )
    backlight: bool = setting(True)

    def __post_init__(self) -> None:
        if 0x27 < self.address < 0x38:
            raise ConfigError(
                f"address: 0x{self.address:02x}; expected 0x20 to 0x27, or 0x38 to 0x3f"
            )
        if (self.columns, self.rows) not in _SIZES:
            known = ", ".join(f"{columns} x {rows}" for columns, rows in _SIZES)
            raise ConfigError(f"columns: {self.columns} x {self.rows}; expected {known}")


class Hd44780Display:
    """Display on one LCD; made without touching the bus. Only lines that change are written:
    each character takes a dozen transfers.
    """

    def __init__(self, bus: SmBus, settings: Hd44780Settings) -> None:
        self.columns = settings.columns
        self.rows = settings.rows
        self._bus = bus
        self._settings = settings
        self._driver = f"hd44780@0x{settings.address:02X}"
        self._lcd: Any = None
        self._shown: list[str] = []

    @classmethod
    def connect(cls, site: Site, settings: Hd44780Settings) -> Hd44780Display:
        return cls(site.connections.i2c(settings.bus), settings)

    def open(self) -> None:
        """Set the controller up, blank; takes about 0.1 s. Raises ChipNotFound without RPLCD."""
        display_library.need(self._driver, self._settings.library)
        self._lcd = None
        try:
            self._lcd = _lcd(self._bus, self._settings)
        except OSError as exc:
            raise bus_error(self._driver, "set up", exc) from exc
        self._shown = [""] * self.rows

    def show(self, lines: Sequence[str]) -> None:
        if self._lcd is None:
            raise HardwareError(self._driver, "show", "it is not open")
        for row in range(self.rows):
            text = lines[row] if row < len(lines) else ""
            text = text[: self.columns].replace("\r", " ").replace("\n", " ")
            if text != self._shown[row]:
                self._write(row, text)
        self._light()

    def close(self) -> None:
        self._lcd = None
        with contextlib.suppress(OSError):
            self._bus.close()

    def _light(self) -> None:
        """At least one transfer each time, so that an LCD that was pulled is missed."""
        try:
            self._lcd.backlight_enabled = self._settings.backlight
        except OSError as exc:
            raise bus_error(self._driver, "write", exc) from exc

    def _write(self, row: int, text: str) -> None:
        try:
            self._lcd.cursor_pos = (row, 0)
            self._lcd.write_string(text.ljust(self.columns))
        except OSError as exc:
            raise bus_error(self._driver, "write", exc) from exc
        self._shown[row] = text


def _lcd(bus: SmBus, settings: Hd44780Settings) -> Any:
    """RPLCD's driver on our bus: on its own it would open the bus by its number, past the
    thread that owns it.
    """
    from RPLCD.common import msleep
    from RPLCD.i2c import CharLCD

    class OnGivenBus(CharLCD):  # type: ignore[misc]
        def _init_connection(self) -> None:
            self.bus = bus
            msleep(50)  # after power-on, data sheet HD44780U, figure 24: 40 ms

    return OnGivenBus(
        "PCF8574",
        settings.address,
        cols=settings.columns,
        rows=settings.rows,
        charmap=settings.charmap,
        auto_linebreaks=False,
        backlight_enabled=settings.backlight,
    )
