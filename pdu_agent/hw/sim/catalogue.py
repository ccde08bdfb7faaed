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
        "mcp23008": "expanders:mcp23008",
        "mcp23017": "expanders:mcp23017",
    },
    "meters": {
        "ads130e08": "converters:ads130e08",
        "ecm1240": "counting_meters:ecm1240",
    },
    "sensors": {
        "hwmon": "kernel_sensors:hwmon",
    },
    "fans": {},
    "displays": {},
    "io": {},
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
