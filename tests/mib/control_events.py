# SPDX-License-Identifier: Apache-2.0
"""Events of what switches outlets by itself, for the plans, rules and caps of `unit.furnished`."""

from __future__ import annotations

from collections.abc import Sequence

from pdu_agent.model.events import (
    Event,
    HookFailed,
    OutletShed,
    OutletTripped,
    PlanRan,
    RuleFired,
    SettingsReloaded,
    StopEnded,
)
from tests.mib.unit import WALL_S

CONTROL_EVENTS: Sequence[Event] = [
    PlanRan(WALL_S, "night", "outlet 2: off", skipped=False),
    PlanRan(WALL_S, "tidy up", "no clock", skipped=True),
    RuleFired(WALL_S, "hot", True, "outlet 2: off"),
    RuleFired(WALL_S, "host", False, "released"),
    OutletShed(WALL_S, 1, 2, False, "3102 W of 3000 W"),
    OutletShed(WALL_S, 1, 2, True, "room again"),
    OutletTripped(WALL_S, 2, True, 3, 12.3456),
    OutletTripped(WALL_S, 1, False, 1, 16.0),
    HookFailed(WALL_S, "tidy", 2, "took longer than 10 s"),
    HookFailed(WALL_S, "tidy", 0, "exit status 1"),
    StopEnded(WALL_S, 2, False, "idle after 12 s"),
    StopEnded(WALL_S, 2, True, "still 80 W after 60 s"),
    SettingsReloaded(WALL_S),
    SettingsReloaded(WALL_S, "line 3, column 5: no such outlet"),
]
