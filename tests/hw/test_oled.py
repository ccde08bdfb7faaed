# SPDX-License-Identifier: Apache-2.0
"""What an OLED is told, byte by byte, and what loading its library costs those without one."""

from __future__ import annotations

import atexit
import subprocess
import sys

import pytest

pytest.importorskip("luma.oled", reason="luma.oled is not installed")

from pdu_agent.hw.oled import OledSettings, Ssd1306Display
from pdu_agent.hw.sim.i2c import SimI2cBus
from pdu_agent.hw.sim.ssd1306 import SimSsd1306
from pdu_agent.hw.site import Site
from pdu_agent.model.clock import SystemClock

SET_UP = "aed580a83fd300408d142000a1c8da12d9f1db40a4a6"
"""The first message of luma.oled to a display of 128 x 64, as recorded from it."""


class OneBus:
    def __init__(self) -> None:
        self.sent: list[tuple[int, bytes]] = []
        self.bus = SimI2cBus({0x3C: SimSsd1306()}, on_write=lambda _, *sent: self.sent.append(sent))

    def i2c(self, bus: str) -> SimI2cBus:
        return self.bus

    def display(self) -> Ssd1306Display:
        site = Site("front", "", SystemClock(), len, self)  # type: ignore[arg-type]
        return Ssd1306Display.connect(site, OledSettings("/dev/i2c-1", contrast=10))


def test_opening_sends_the_set_up_then_a_blank_picture_then_switches_on():
    connections = OneBus()
    connections.display().open()
    commands = [octets.hex() for control, octets in connections.sent if control == 0x00]
    data = b"".join(octets for control, octets in connections.sent if control == 0x40)
    assert commands[0] == SET_UP
    assert commands[2].startswith("21007f220007")
    assert commands[-2:] == ["af", "810a"]
    assert data == bytes(1024)


def test_making_it_sends_nothing_and_every_opening_the_same():
    connections = OneBus()
    display = connections.display()
    assert connections.sent == []
    display.open()
    first = list(connections.sent)
    display.close()
    display.open()
    assert connections.sent == first + first


def test_opening_again_and_again_leaves_nothing_behind_for_the_end_of_the_process():
    display = OneBus().display()
    display.open()
    before = atexit._ncallbacks()
    for _ in range(5):
        display.open()
    assert atexit._ncallbacks() == before


def test_a_picture_takes_one_message_for_32_bytes():
    connections = OneBus()
    display = connections.display()
    display.open()
    connections.sent.clear()
    display.show(["x"])
    assert len(connections.sent) == 33
    assert all(len(octets) <= 32 for _, octets in connections.sent)


def test_naming_the_driver_does_not_load_its_library():
    code = (
        "import sys; from pdu_agent.hw import registry;"
        "registry.settings_class('displays', 'ssd1306')(bus='/dev/i2c-1');"
        "registry.settings_class('displays', 'hd44780')(bus='/dev/i2c-1');"
        "print([name for name in sys.modules if name.startswith(('luma.oled.', 'PIL', 'RPLCD.'))])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
