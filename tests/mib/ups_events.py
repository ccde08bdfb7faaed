# SPDX-License-Identifier: Apache-2.0
"""What becomes of the UPSes of `unit.furnished`, step by step."""

from __future__ import annotations

from dataclasses import replace

from pdu_agent.model.events import UpsChanged
from pdu_agent.model.ups import UpsFlag
from tests.mib.unit import UPSES, WALL_S

RACK, HALL = UPSES
ON_MAINS = replace(RACK, flags=frozenset({UpsFlag.ON_LINE}), since_s={}, on_battery_s=0.0)
ON_BATTERY = replace(
    RACK,
    flags=frozenset({UpsFlag.ON_BATTERY, UpsFlag.DISCHARGING}),
    since_s={UpsFlag.ON_BATTERY: 40.0, UpsFlag.DISCHARGING: 40.0},
)
FOUND = replace(HALL, unreachable_since_s=None, trouble="")

MAINS_LOST = UpsChanged(WALL_S, ON_MAINS, ON_BATTERY)
BATTERY_LOW = UpsChanged(WALL_S, ON_BATTERY, RACK)
MAINS_BACK = UpsChanged(WALL_S, RACK, ON_MAINS)
LOST = UpsChanged(WALL_S, FOUND, HALL)
REACHED = UpsChanged(WALL_S, HALL, FOUND)
WORN = UpsChanged(
    WALL_S, ON_MAINS, replace(ON_MAINS, flags=ON_MAINS.flags | {UpsFlag.REPLACE_BATTERY})
)
CHARGING = UpsChanged(
    WALL_S,
    ON_MAINS,
    replace(ON_MAINS, flags=ON_MAINS.flags | {UpsFlag.CHARGING, UpsFlag.TRIMMING}),
)
