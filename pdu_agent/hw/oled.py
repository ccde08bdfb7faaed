# SPDX-License-Identifier: Apache-2.0
"""Small OLED displays with an SSD1306 or SH1106 controller on I2C, by luma.oled.

luma.oled 3.16 takes 8 MB and 40 ms (x86-64) to load with Pillow, at the first `open`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from pdu_agent.hw import display_library
from pdu_agent.hw.i2c import SmBus, bus_error
from pdu_agent.hw.site import Site
from pdu_agent.model.errors import ConfigError, HardwareError
from pdu_agent.model.settings import setting

WIDTH = 128
CELL_WIDTH, CELL_HEIGHT = 6, 12
"""Of a character in Pillow's bitmap font (6 x 11), with a line between rows."""
COMMANDS, DATA = 0x00, 0x40
"""Control byte ahead of what follows; data sheet SSD1306, 8.1.5.2."""
BLOCK_BYTES = 32


@dataclass(frozen=True, slots=True)
class OledSettings:
    """Raises ConfigError for a height that is not made."""

    library: ClassVar[display_library.Library] = ("luma.oled", "luma.oled")
    heights: ClassVar[tuple[int, ...]] = (32, 64)

    bus: str = setting(max_length=255, doc="such as /dev/i2c-1")
    address: int = setting(0x3C, minimum=0x3C, maximum=0x3D, doc="I2C address, 0x3c or 0x3d")
    height: int = setting(64, minimum=32, maximum=64, doc="pixels; the width is 128")
    upside_down: bool = setting(False, doc="true where it is mounted the other way round")
    contrast: int = setting(127, minimum=0, maximum=255, doc="less wears it less")

    def __post_init__(self) -> None:
        if self.height not in self.heights:
            known = " or ".join(map(str, self.heights))
            raise ConfigError(f"height: {self.height}; expected {known}")


@dataclass(frozen=True, slots=True)
class Sh1106Settings(OledSettings):
    heights = (64,)


class _Link:
    """What luma sends commands and data through. Only noted, until it is connected.

    luma sets a display up while it makes the object, and every object stays registered for
    the end of the process; so there is one, and its set-up is said again at each opening.
    """

    def __init__(self, bus: SmBus, address: int, driver: str) -> None:
        self._bus = bus
        self._address = address
        self.driver = driver
        self._noted: list[tuple[int, bytes]] | None = []

    def command(self, *command: int) -> None:
        self._pass_on(COMMANDS, bytes(command))

    def data(self, data: Sequence[int]) -> None:
        octets = bytes(data)
        for first in range(0, len(octets), BLOCK_BYTES):
            self._pass_on(DATA, octets[first : first + BLOCK_BYTES])

    def cleanup(self) -> None:
        """luma's end of the process; the bus is closed by then."""

    def end_of_notes(self) -> list[tuple[int, bytes]]:
        """What was noted; from now on everything is sent."""
        noted, self._noted = self._noted, None
        return noted or []

    def send(self, control: int, octets: bytes) -> None:
        try:
            self._bus.write_i2c_block_data(self._address, control, octets)
        except OSError as exc:
            raise bus_error(self.driver, "write", exc) from exc

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._bus.close()

    def _pass_on(self, control: int, octets: bytes) -> None:
        if self._noted is not None:
            self._noted.append((control, octets))
        else:
            self.send(control, octets)


class OledDisplay:
    """Display on one OLED. make(link, width, height): luma's device."""

    def __init__(self, name: str, make: Callable[..., Any], bus: SmBus, settings: OledSettings):
        self.columns = WIDTH // CELL_WIDTH
        self.rows = settings.height // CELL_HEIGHT
        self._make = make
        self._settings = settings
        self._link = _Link(bus, settings.address, f"{name}@0x{settings.address:02X}")
        self._device: Any = None
        self._set_up: list[tuple[int, bytes]] = []

    def open(self) -> None:
        """Set the controller up, dark but lit. Raises ChipNotFound without luma.oled."""
        if self._device is None:
            display_library.need(self._link.driver, self._settings.library)
            self._device = self._make(self._link, width=WIDTH, height=self._settings.height)
            self._device.contrast(self._settings.contrast)
            self._device.persist = True
            self._set_up = self._link.end_of_notes()
        for control, octets in self._set_up:
            self._link.send(control, octets)

    def show(self, lines: Sequence[str]) -> None:
        """Characters outside Latin-1 are shown as question marks."""
        if self._device is None:
            raise HardwareError(self._link.driver, "show", "it is not open")
        self._device.display(self._picture(lines[: self.rows]))

    def close(self) -> None:
        self._link.close()

    def _picture(self, lines: Sequence[str]) -> Any:
        from PIL import Image, ImageDraw

        picture = Image.new(self._device.mode, self._device.size)
        draw = ImageDraw.Draw(picture)
        for row, line in enumerate(lines):
            text = line[: self.columns].encode("latin-1", "replace").decode("latin-1")
            draw.text((0, row * CELL_HEIGHT), text, font=_font(), fill=1)
        return (
            picture.transpose(Image.Transpose.ROTATE_180) if self._settings.upside_down else picture
        )


class Ssd1306Display(OledDisplay):
    """OledDisplay on an SSD1306."""

    @classmethod
    def connect(cls, site: Site, settings: OledSettings) -> Ssd1306Display:
        def make(*arguments: Any, **sizes: int) -> Any:
            from luma.oled.device import ssd1306

            return ssd1306(*arguments, **sizes)

        return cls("ssd1306", make, site.connections.i2c(settings.bus), settings)


class Sh1106Display(OledDisplay):
    """OledDisplay on an SH1106."""

    @classmethod
    def connect(cls, site: Site, settings: Sh1106Settings) -> Sh1106Display:
        def make(*arguments: Any, **sizes: int) -> Any:
            from luma.oled.device import sh1106

            return sh1106(*arguments, **sizes)

        return cls("sh1106", make, site.connections.i2c(settings.bus), settings)


def _font() -> Any:
    """Pillow's bitmap font: from 10.1 on it may have an outline font as its default."""
    from PIL import ImageFont

    load = getattr(ImageFont, "load_default_imagefont", ImageFont.load_default)
    return load()
