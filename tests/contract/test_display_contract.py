# SPDX-License-Identifier: Apache-2.0
"""What every display driver must do, by what can be read on its simulated glass.

A new driver adds a rig to RIGS and gets all of these tests.
"""

from __future__ import annotations

import functools
import string
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

pytest.importorskip("luma.oled", reason="luma.oled is not installed")
pytest.importorskip("RPLCD", reason="RPLCD is not installed")

from PIL import Image, ImageDraw, ImageFont

from pdu_agent.hw.hd44780 import Hd44780Display, Hd44780Settings
from pdu_agent.hw.oled import OledSettings, Sh1106Display, Sh1106Settings, Ssd1306Display
from pdu_agent.hw.ports import Display
from pdu_agent.hw.sim.hd44780 import SimHd44780
from pdu_agent.hw.sim.i2c import Faults, SimI2cBus
from pdu_agent.hw.sim.pcf8574 import SimPcf8574
from pdu_agent.hw.sim.ssd1306 import SimOled, SimSh1106, SimSsd1306
from pdu_agent.hw.site import Site
from pdu_agent.model.clock import SystemClock
from pdu_agent.model.errors import HardwareError

BUS = "/dev/i2c-1"
LETTERS = string.ascii_letters + string.digits + " .,:-+!%()/"


@dataclass
class Rig:
    """A display under test. shown: what can be read on it, line by line."""

    display: Display
    bus: SimI2cBus
    address: int
    chip: object
    shown: Callable[[], list[str]]
    power_loss: Callable[[], None]

    def unplug(self) -> None:
        self.bus.unplug(self.address)

    def plug(self) -> None:
        self.bus.plug(self.address, self.chip)

    def opened(self) -> Display:
        self.display.open()
        return self.display


class OneBus:
    def __init__(self, bus: SimI2cBus) -> None:
        self._bus = bus

    def i2c(self, bus: str) -> SimI2cBus:
        return self._bus


def connected(driver, chosen, bus: SimI2cBus) -> Display:
    return driver.connect(Site("front", "", SystemClock(), len, OneBus(bus)), chosen)


@functools.cache
def glyphs() -> dict[str, int]:
    """The pixels of each letter's cell as one number."""
    font = getattr(ImageFont, "load_default_imagefont", ImageFont.load_default)()
    found = {}
    for letter in LETTERS:
        cell = Image.new("1", (6, 12))
        ImageDraw.Draw(cell).text((0, 0), letter, font=font, fill=1)
        found[letter] = pixels(bool(cell.getpixel((x, y))) for y in range(12) for x in range(6))
    return found


def pixels(lit: Iterable[bool]) -> int:
    return sum(is_lit << position for position, is_lit in enumerate(lit))


def read_cell(seen: int) -> str:
    """The nearest letter: some reach into the cell of their neighbour."""
    differences = {letter: (seen ^ glyph).bit_count() for letter, glyph in glyphs().items()}
    best = min(differences, key=differences.__getitem__)
    return best if differences[best] <= 8 else "?"


def read_glass(picture: list[list[bool]]) -> list[str]:
    """The text in a picture; `?` for what is no letter."""
    lines = []
    for top in range(0, len(picture) - 11, 12):
        cells = [
            pixels(picture[top + y][left + x] for y in range(12) for x in range(6))
            for left in range(0, 126, 6)
        ]
        lines.append("".join(map(read_cell, cells)).rstrip())
    return lines


def oled_rig(driver, chosen, chip: SimOled) -> Rig:
    bus = SimI2cBus({chosen.address: chip}, sleep=len)

    def shown() -> list[str]:
        picture = chip.picture()
        if chosen.upside_down:
            picture = [row[::-1] for row in reversed(picture)]
        return read_glass(picture)

    return Rig(connected(driver, chosen, bus), bus, chosen.address, chip, shown, chip.power_loss)


def lcd_rig(columns: int, rows: int, address: int) -> Rig:
    glass = SimHd44780(columns, rows)
    chip = SimPcf8574(glass.on_pins)
    bus = SimI2cBus({address: chip}, sleep=len)
    chosen = Hd44780Settings(BUS, address, columns, rows)

    def power_loss() -> None:
        glass.power_loss()
        chip.power_loss()

    return Rig(connected(Hd44780Display, chosen, bus), bus, address, chip, glass.shown, power_loss)


RIGS: dict[str, Callable[[], Rig]] = {
    "ssd1306": lambda: oled_rig(Ssd1306Display, OledSettings(BUS), SimSsd1306()),
    "ssd1306 32 rows": lambda: oled_rig(
        Ssd1306Display, OledSettings(BUS, 0x3D, height=32), SimSsd1306(32)
    ),
    "ssd1306 upside down": lambda: oled_rig(
        Ssd1306Display, OledSettings(BUS, upside_down=True), SimSsd1306()
    ),
    "sh1106": lambda: oled_rig(Sh1106Display, Sh1106Settings(BUS), SimSh1106()),
    "hd44780 20x4": lambda: lcd_rig(20, 4, 0x27),
    "hd44780 16x2": lambda: lcd_rig(16, 2, 0x3F),
    "hd44780 40x2": lambda: lcd_rig(40, 2, 0x27),
}


@pytest.fixture(params=RIGS)
def rig(request: pytest.FixtureRequest) -> Rig:
    return RIGS[request.param]()


def as_shown(rig: Rig, lines: list[str]) -> list[str]:
    rows, columns = rig.display.rows, rig.display.columns
    padded = [*lines, *[""] * rows][:rows]
    return [line[:columns].rstrip() for line in padded]


def test_opened_display_is_blank(rig: Rig):
    rig.opened()
    assert rig.shown() == [""] * rig.display.rows


def test_lines_are_shown(rig: Rig):
    lines = ["rack 12, left", "1234 W  5.67 A", "On 1-3 5 (8)", "! relay main: gone", "end"]
    rig.opened().show(lines)
    assert rig.shown() == as_shown(rig, lines)


def test_long_lines_are_cut_and_too_many_left_out(rig: Rig):
    lines = [f"{row} " + "0123456789" * 6 for row in range(9)]
    rig.opened().show(lines)
    assert rig.shown() == as_shown(rig, lines)


@settings(
    max_examples=3, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.lists(st.text(LETTERS, max_size=22), max_size=5), min_size=1, max_size=3))
def test_each_screen_replaces_the_one_before(rig: Rig, screens: list[list[str]]):
    display = rig.opened()
    for lines in screens:
        display.show(lines)
        assert rig.shown() == as_shown(rig, lines)


def test_characters_that_it_does_not_have_do_no_harm(rig: Rig):
    display = rig.opened()
    display.show(["Küche 21 °C", "日本語 \U0001f50c", "a\nb\rc"])
    display.show(["fine"])
    assert rig.shown() == as_shown(rig, ["fine"])


def test_unplugged_display_raises_even_for_what_it_shows_already(rig: Rig):
    display = rig.opened()
    display.show(["same"])
    rig.unplug()
    with pytest.raises(HardwareError):
        display.show(["same"])
    with pytest.raises(HardwareError):
        display.open()


def test_display_that_was_without_power_shows_all_again_once_it_is_opened(rig: Rig):
    display = rig.opened()
    display.show(["before", "second"])
    rig.unplug()
    rig.power_loss()
    rig.plug()
    assert rig.shown() == [""] * display.rows
    display.close()
    display.open()
    display.show(["before", "second"])
    assert rig.shown() == as_shown(rig, ["before", "second"])


@pytest.mark.parametrize("fault", ["nacks", "stuck"])
def test_bus_fault_in_the_middle_is_an_error_and_opening_cures_it(rig: Rig, fault: str):
    display = rig.opened()
    display.show(["x" * 16, "y" * 16])
    setattr(rig.bus.faults, fault, 1000)
    with pytest.raises(HardwareError):
        display.show(["a", "b"])
    rig.bus.faults = Faults()
    display.open()
    display.show(["a", "b"])
    assert rig.shown() == as_shown(rig, ["a", "b"])


def test_display_that_was_never_opened_says_so(rig: Rig):
    with pytest.raises(HardwareError, match="not open"):
        rig.display.show(["x"])
    rig.display.close()
    rig.display.close()
