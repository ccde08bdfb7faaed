# SPDX-License-Identifier: Apache-2.0
"""Two devices in one place are found before anything starts, with the lines of both."""

from __future__ import annotations

from pathlib import Path

import pytest

from pdu_agent.app.config.load import check_file

BOARD = "relays:\n  - {name: main, driver: mcp23008, bus: /dev/i2c-1, address: 0x21}\n"


def complaints(tmp_path: Path, text: str) -> list[str]:
    file = tmp_path / "openpdu.yaml"
    file.write_text("schema: 1\n" + text, encoding="utf-8")
    found = [str(problem) for problem in check_file(file, {}) if not problem.warning]
    return [line.replace(f"{tmp_path}/", "") for line in found]


CLASHES = {
    "two expanders": (
        BOARD + "  - {name: other, driver: mcp23017, bus: /dev/i2c-1, address: 0x21}\n",
        "openpdu.yaml:4:63: relays[1].address: two devices are at 0x21 on /dev/i2c-1;"
        " the first is at openpdu.yaml:3:62",
    ),
    "display on an expander": (
        BOARD + "displays: [{name: lcd, driver: hd44780, bus: /dev/i2c-1, address: 0x21}]\n",
        "displays[0].address: two devices are at 0x21 on /dev/i2c-1",
    ),
    "io board on an expander": (
        BOARD + "io: [{name: panel, driver: mcp23008, bus: /dev/i2c-1, address: 0x21}]\n",
        "io[0].address: two devices are at 0x21 on /dev/i2c-1",
    ),
    "sensor on a meter": (
        "meters: [{name: m, driver: ina226, bus: /dev/i2c-1, address: 0x44, channels:"
        " {dc: inlet 1}}]\n"
        "sensors: [{number: 1, driver: sht3x, bus: /dev/i2c-1, address: 0x44}]\n",
        "sensors[0].address: two devices are at 0x44 on /dev/i2c-1",
    ),
    "two kinds of sensor": (
        "sensors:\n  - {number: 1, driver: sht3x, bus: /dev/i2c-1, address: 0x44}\n"
        "  - {number: 2, driver: sht4x, bus: /dev/i2c-1, address: 0x44}\n",
        "sensors[1].address: two devices are at 0x44 on /dev/i2c-1",
    ),
    "line of two relays": (
        "relays: [{name: a, driver: gpio, bus: /dev/gpiochip0, lines: [5, 6, 5]}]\n",
        "relays[0].lines[2]: two devices are at line 5 of /dev/gpiochip0",
    ),
    "line of two boards": (
        "relays:\n  - {name: a, driver: gpio, bus: /dev/gpiochip0, lines: [5, 6]}\n"
        "  - {name: b, driver: gpio, bus: /dev/gpiochip0, lines: [7, 6]}\n",
        "openpdu.yaml:4:61: relays[1].lines[1]: two devices are at line 6 of /dev/gpiochip0;"
        " the first is at openpdu.yaml:3:61",
    ),
    "line of a relay and a button": (
        "relays: [{name: a, driver: gpio, bus: /dev/gpiochip0, lines: [5]}]\n"
        "io: [{name: panel, driver: gpio, chip: /dev/gpiochip0}]\n"
        "outlets: [{number: 1, relay: a.0}]\n"
        "buttons: [{input: panel.5, outlet: 1}]\n",
        "buttons[0].input: two devices are at line 5 of /dev/gpiochip0",
    ),
    "serial port of a board and a meter": (
        "relays: [{name: a, driver: lcus, bus: /dev/ttyUSB0}]\n"
        "meters: [{name: m, driver: ecm1240, port: /dev/ttyUSB0, channels: {ch1: inlet 1}}]\n",
        "meters[0].port: two devices are at /dev/ttyUSB0",
    ),
    "two firmwares of one board": (
        "relays: [{name: a, driver: pipdu, bus: /dev/ttyACM0, firmware: first}]\n"
        "meters: [{name: m, driver: pipdu, port: /dev/ttyACM0, channels: {ch1: inlet 1}}]\n",
        "meters[0].port: two devices are at /dev/ttyACM0",
    ),
    "serial port of two boards": (
        "relays:\n  - {name: a, driver: lcus, bus: /dev/ttyUSB0}\n"
        "  - {name: b, driver: numato, bus: /dev/ttyUSB0}\n",
        "openpdu.yaml:4:36: relays[1].bus: two devices are at /dev/ttyUSB0;"
        " the first is at openpdu.yaml:3:34",
    ),
}


@pytest.mark.parametrize(("text", "complaint"), CLASHES.values(), ids=CLASHES.keys())
def test_place_that_is_used_twice_is_an_error_with_both_lines(
    tmp_path: Path, text: str, complaint: str
) -> None:
    (found,) = complaints(tmp_path, text)
    assert complaint in found


FINE = {
    "eight expanders": "relays:\n"
    + "".join(
        f"  - {{name: b{n}, driver: mcp23008, bus: /dev/i2c-1, address: 0x2{n}}}\n"
        for n in range(7)
    ),
    "same address on another bus": BOARD
    + "  - {name: other, driver: mcp23008, bus: /dev/i2c-2, address: 0x21}\n",
    "one chip for two sensors": "sensors:\n"
    "  - {number: 1, driver: sht3x, bus: /dev/i2c-1, address: 0x44}\n"
    "  - {number: 2, kind: humidity, driver: sht3x, bus: /dev/i2c-1, address: 0x44}\n",
    "two boards on lines of one chip": "relays:\n"
    "  - {name: a, driver: gpio, bus: /dev/gpiochip0, lines: [5, 6]}\n"
    "  - {name: b, driver: gpio, bus: /dev/gpiochip0, lines: [7, 8]}\n",
    "relays and telemetry of one board": "relays:"
    " [{name: a, driver: pipdu, bus: /dev/ttyACM0}]\n"
    "meters: [{name: m, driver: pipdu, port: /dev/ttyACM0, channels: {ch1: outlet 1}}]\n"
    "outlets: [{number: 1, relay: a.0}]\n",
    "simulated places with names": "relays:\n"
    "  - {name: a, driver: lcus, bus: 'sim:usb'}\n"
    "  - {name: b, driver: gpio, bus: 'sim:gpio', lines: [1]}\n",
}


@pytest.mark.parametrize("text", FINE.values(), ids=FINE.keys())
def test_places_that_differ_or_may_be_shared_are_fine(tmp_path: Path, text: str) -> None:
    assert complaints(tmp_path, text) == []
