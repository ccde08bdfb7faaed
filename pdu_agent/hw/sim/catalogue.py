# SPDX-License-Identifier: Apache-2.0
"""Which simulator stands behind which driver, and how it is tied to the simulated world.

A simulator is loaded when a configuration uses it. A new one is one line here: the function
`(board, entry) -> Device` that makes it and connects it to mains, contacts or surroundings.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from pdu_agent.hw.sim.device import Device, Entry
from pdu_agent.model.errors import ConfigError

if TYPE_CHECKING:
    from pdu_agent.hw.sim.board import SimulatedBoard

_HERE = "pdu_agent.hw.sim."

SIMULATORS: dict[str, dict[str, str]] = {
    "relays": {
        "gpio": "gpio_chips:relays",
        "lcus": "serial_boards:lcus",
        "mcp23008": "expanders:mcp23008",
        "mcp23017": "expanders:mcp23017",
        "numato": "serial_boards:numato",
        "pipdu": "pipdu_boards:relays",
    },
    "meters": {
        "ads1015": "small_converters:ads1015",
        "ads1115": "small_converters:ads1115",
        "ads130e08": "converters:ads130e08",
        "ads131e08": "converters:ads131e08",
        "ads131e08_iio": "small_converters:ads131e08_iio",
        "cse7766": "counting_meters:cse7766",
        "ecm1240": "counting_meters:ecm1240",
        "hlw8032": "counting_meters:cse7766",
        "ina219": "bus_meters:ina219",
        "ina226": "bus_meters:ina226",
        "ina3221": "bus_meters:ina3221",
        "modbus": "bus_meters:modbus",
        "pipdu": "pipdu_boards:meter",
    },
    "sensors": {
        "aht20": "climate:aht20",
        "bme280": "climate:bme280",
        "ds18b20": "kernel_sensors:ds18b20",
        "hwmon": "kernel_sensors:hwmon",
        "iio": "kernel_sensors:iio",
        "sht3x": "climate:sht3x",
        "sht4x": "climate:sht4x",
    },
    "fans": {
        "emc2101": "blowers:emc2101",
        "hwmon": "blowers:hwmon",
    },
    "displays": {
        "hd44780": "front_panel:hd44780",
        "sh1106": "front_panel:sh1106",
        "ssd1306": "front_panel:ssd1306",
    },
    "io": {
        "gpio": "front_panel:gpio",
        "mcp23008": "front_panel:mcp23008",
        "mcp23017": "front_panel:mcp23017",
        "pcf8574": "front_panel:pcf8574",
    },
}


def attach(board: SimulatedBoard, entry: Entry) -> Device:
    """Make the entry's simulator, on the board. Raises ConfigError where there is none."""
    reference = SIMULATORS[entry.kind].get(entry.driver)
    if reference is None:
        known = ", ".join(sorted(SIMULATORS[entry.kind])) or "none"
        raise ConfigError(
            f"{entry.kind}: {entry.name} is at {entry.place}, but no simulator stands for the"
            f" driver {entry.driver}; those that have one: {known}"
        )
    module, _, name = reference.partition(":")
    make: Any = getattr(importlib.import_module(_HERE + module), name)
    device: Device = make(board, entry)
    return device
