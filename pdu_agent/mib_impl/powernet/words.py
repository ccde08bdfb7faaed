# SPDX-License-Identifier: Apache-2.0
"""What the three generations of PowerNet-MIB say alike: phases, loads, times, dates.

The numbers of enumerations are not here: they differ from object to object.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from typing import Final

from pdu_agent.model.commands import (
    Action,
    Command,
    ConfigureDevice,
    ConfigureOutlet,
    ConfigureOutlets,
    DeviceSetting,
    OutletSetting,
    PowerUp,
    Quantity,
    Target,
)
from pdu_agent.model.quantities import Electrical
from pdu_agent.model.snapshot import (
    Branch,
    Meter,
    MeterStatus,
    Outlet,
    Snapshot,
    Threshold,
    ThresholdState,
)

NOT_SUPPORTED: Final = "notsupported "
"""For a text that there is none of; recorded from an AP7900B, with the blank."""

NEVER_S: Final = -1
"""A power-on time that means "stay off"."""

PHASES: Final = 3
"""The tables by phase end here."""
LINE_NUMBERS: Final = {"l1": 1, "l2": 2, "l3": 3}

_COMMANDS = {True: Action.ON, False: Action.OFF}

_NOTHING_MEASURED: Final = Electrical()

_BETWEEN_LINES = frozenset({"l1l2", "l2l3", "l3l1"})


class Load(Enum):
    """How the current of something stands to its limits."""

    NORMAL = "normal"
    LOW = "low"
    NEAR_OVERLOAD = "near overload"
    OVERLOAD = "overload"


LOAD_OF = {
    ThresholdState.NORMAL: Load.NORMAL,
    ThresholdState.LOW_CRITICAL: Load.LOW,
    ThresholdState.LOW_WARNING: Load.LOW,
    ThresholdState.HIGH_WARNING: Load.NEAR_OVERLOAD,
    ThresholdState.HIGH_CRITICAL: Load.OVERLOAD,
}

Watches = Mapping[tuple[Target, Quantity], Threshold]


class _Index:
    """The thresholds of the newest snapshot that somebody asked for."""

    __slots__ = ("_newest",)

    def __init__(self) -> None:
        self._newest: tuple[Sequence[Threshold], Watches] = ((), {})

    def of(self, snapshot: Snapshot) -> Watches:
        thresholds, found = self._newest
        if thresholds is not snapshot.thresholds:
            found = {(row.target, row.quantity): row for row in snapshot.thresholds}
            self._newest = (snapshot.thresholds, found)
        return found


watches = _Index().of
"""Thresholds of a snapshot by target and quantity; made once for all tables."""


def load_of(watch: Threshold | None) -> Load | None:
    """None while nobody knows the value."""
    return None if watch is None else LOAD_OF.get(watch.state)


def firmware(snapshot: Snapshot) -> str:
    """The version in the form of APC's: v1.2.3."""
    return f"v{snapshot.device.software_version}"


def phase_of(wired: Outlet | Branch) -> int | str | None:
    """1 to 3, or the line of what is wired between two of them; None if its inlet is not shown."""
    if wired.line in _BETWEEN_LINES:
        return wired.line
    if wired.inlet == 1 and wired.line in LINE_NUMBERS:
        return LINE_NUMBERS[wired.line]
    return wired.inlet if wired.inlet <= PHASES else None


def state_as_command(outlet: Outlet) -> Action | None:
    """What command objects read: the state, in their own words; None while nobody knows it."""
    return None if outlet.is_on is None else _COMMANDS[outlet.is_on]


def power_on_s(outlet: Outlet) -> int:
    """Seconds from the return of power to switching on, or NEVER_S."""
    return NEVER_S if outlet.power_up is PowerUp.OFF else outlet.on_delay_s


def sets_power_on(outlet: Outlet, seconds: int) -> Sequence[Command]:
    """seconds: NEVER_S or 0 and more. Whoever gives a time wants the outlet to switch on.

    A policy that stays is stated too: a SET that changes it elsewhere contradicts the time.
    """
    if seconds == NEVER_S:
        return (ConfigureOutlet(outlet.index, OutletSetting.POWER_UP, PowerUp.OFF),)
    policy = PowerUp.ON if outlet.power_up is PowerUp.OFF else outlet.power_up
    return (
        ConfigureOutlet(outlet.index, OutletSetting.ON_DELAY_S, seconds),
        ConfigureOutlet(outlet.index, OutletSetting.POWER_UP, policy),
    )


def cold_start_s(snapshot: Snapshot) -> float:
    """Seconds from the return of power to the first outlet, or NEVER_S if all stay off."""
    stays_off = [outlet.power_up is PowerUp.OFF for outlet in snapshot.outlets]
    return NEVER_S if stays_off and all(stays_off) else snapshot.device.cold_start_delay_s


def sets_cold_start(snapshot: Snapshot, seconds: int) -> Sequence[Command]:
    """As `sets_power_on`, for all outlets at once."""
    if seconds == NEVER_S:
        return (ConfigureOutlets(OutletSetting.POWER_UP, PowerUp.OFF),)
    delay = ConfigureDevice(DeviceSetting.COLD_START_DELAY_S, seconds)
    if cold_start_s(snapshot) != NEVER_S:
        return (delay,)
    return delay, ConfigureOutlets(OutletSetting.POWER_UP, PowerUp.ON)


def measured(meter: Meter | None) -> Electrical:
    """Its values if they are current: no object here could say that a value is old."""
    if meter is None or meter.status is not MeterStatus.OK:
        return _NOTHING_MEASURED
    return meter.electrical


def total(snapshot: Snapshot, part: Callable[[Electrical], float | None]) -> float | None:
    """The sum over all inlets, None where one of them does not know its part."""
    parts = [part(measured(inlet.meter)) for inlet in snapshot.inlets]
    known = [value for value in parts if value is not None]
    return sum(known) if known and len(known) == len(parts) else None


def date_text(wall_s: float | None) -> str | None:
    """MM/DD/YYYY HH:MM:SS in local time, as APC's cards write it; None for never."""
    if wall_s is None:
        return None
    return time.strftime("%m/%d/%Y %H:%M:%S", time.localtime(wall_s))


def fahrenheit(celsius: float | None) -> float | None:
    return None if celsius is None else celsius * 9 / 5 + 32
