# SPDX-License-Identifier: Apache-2.0
"""What somebody may expect of the agent, worked out by hand from the documentation.

Shares no code with the agent's access control: rights are numbers written down outlet by
outlet, and a view is an `if`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pdu_agent.access.grant import Rights
from pdu_agent.model.commands import (
    Action,
    Command,
    ConfigureDevice,
    ConfigureOutlet,
    DeviceSetting,
    Lock,
    OutletSetting,
    SetLock,
    SwitchAll,
    SwitchOutlet,
)
from pdu_agent.snmp.settings import ViewSettings
from tests.snmp import ber
from tests.snmp.rig import BASE, COMMAND, NAME, OUTLET

Oid = tuple[int, ...]

NOTHING, READ, SWITCH, WRITE = range(4)
OUTLETS = (1, 2, 3, 4)
MISSING_OUTLET = 9
METER, CONTROL = (*BASE, 3, 2, 1), (*BASE, 3, 3, 1)
LOCK = 11
SYS_COMMAND, COLD_START_DELAY = (*BASE, 1, 9, 0), (*BASE, 1, 11, 0)

NO_SUCH_NAME, NO_ACCESS, NO_CREATION = 2, 6, 11
V1, V2C, V3 = 0, 1, 3


@dataclass(frozen=True, slots=True)
class Holding:
    """rights, outlets: as the configuration says it. unit, each, missing: what that means on
    the unit, on outlets 1 to 4, and on one that is not there.
    """

    rights: Rights
    outlets: dict[str, Rights]
    unit: int
    each: tuple[int, int, int, int]
    missing: int


HOLDINGS = {
    "none": Holding(Rights.NONE, {}, NOTHING, (NOTHING,) * 4, NOTHING),
    "read": Holding(Rights.READ, {}, READ, (READ,) * 4, READ),
    "switch": Holding(Rights.SWITCH, {}, SWITCH, (SWITCH,) * 4, SWITCH),
    "write": Holding(Rights.WRITE, {}, WRITE, (WRITE,) * 4, WRITE),
    "tenant": Holding(
        Rights.READ,
        {"1-2": Rights.SWITCH, "others": Rights.NONE},
        READ,
        (SWITCH, SWITCH, NOTHING, NOTHING),
        NOTHING,
    ),
    "owner": Holding(Rights.READ, {"3": Rights.WRITE}, READ, (READ, READ, WRITE, READ), READ),
    "shut": Holding(Rights.WRITE, {"2": Rights.NONE}, WRITE, (WRITE, NOTHING, WRITE, WRITE), WRITE),
    "guest": Holding(
        Rights.NONE, {"4": Rights.SWITCH}, NOTHING, (NOTHING, NOTHING, NOTHING, SWITCH), NOTHING
    ),
    "mixed": Holding(
        Rights.SWITCH,
        {"1": Rights.READ, "4": Rights.WRITE},
        SWITCH,
        (READ, SWITCH, SWITCH, WRITE),
        SWITCH,
    ),
    "janitor": Holding(Rights.READ, {"others": Rights.SWITCH}, READ, (SWITCH,) * 4, SWITCH),
    "warden": Holding(Rights.SWITCH, {"3": Rights.READ}, SWITCH, (2, 2, READ, 2), SWITCH),
}

VIEW = "outlets"
_TABLE = ".".join(map(str, OUTLET[:-1]))
VIEWS = (
    ViewSettings(VIEW, include=(_TABLE, f"{_TABLE}.1.{NAME}.2"), exclude=(f"{_TABLE}.1.{NAME}",)),
)


@dataclass(frozen=True, slots=True)
class Change:
    """One varbind of a SET; outlet is None for the unit."""

    oid: Oid
    value: ber.Node
    needed: int
    outlet: int | None
    command: Command


def switch(outlet: int) -> Change:
    command = SwitchOutlet(outlet, Action.OFF)
    return Change((*OUTLET, COMMAND, outlet), ber.integer(2), SWITCH, outlet, command)


def rename(outlet: int) -> Change:
    command = ConfigureOutlet(outlet, OutletSetting.NAME, "x")
    return Change((*OUTLET, NAME, outlet), ber.string(b"x"), WRITE, outlet, command)


def lock(outlet: int) -> Change:
    command = SetLock(outlet, Lock.LOCKED_ON)
    return Change((*OUTLET, LOCK, outlet), ber.integer(2), WRITE, outlet, command)


SWITCH_ALL = Change(SYS_COMMAND, ber.integer(2), SWITCH, None, SwitchAll(Action.OFF))
DELAY_START = Change(
    COLD_START_DELAY,
    ber.integer(5, 0x42),
    WRITE,
    None,
    ConfigureDevice(DeviceSetting.COLD_START_DELAY_S, 5),
)


@dataclass(frozen=True, slots=True)
class Person:
    """Someone who has been recognised."""

    holding: Holding
    has_view: bool

    def level(self, outlet: int | None) -> int:
        if outlet is None:
            return self.holding.unit
        return self.holding.each[outlet - 1] if outlet in OUTLETS else self.holding.missing

    def in_view(self, oid: Oid) -> bool:
        if not self.has_view:
            return True
        if oid[: len(OUTLET)] != OUTLET:
            return False
        return oid[len(OUTLET)] != NAME or oid[-1] == 2

    def sees(self, oid: Oid) -> bool:
        told_of = oid[-1] if oid[: len(OUTLET)] in (OUTLET, METER, CONTROL) else None
        return self.in_view(oid) and self.level(told_of) >= READ

    def refusal(self, changes: Sequence[Change]) -> tuple[int, int] | None:
        """error-status and error-index in v2c and v3; None when all of it is done."""
        for index, change in enumerate(changes, start=1):
            if not self.in_view(change.oid) or self.level(change.outlet) < change.needed:
                return NO_ACCESS, index
        for index, change in enumerate(changes, start=1):
            if change.outlet == MISSING_OUTLET:
                return NO_CREATION, index
        for index, change in enumerate(changes, start=1):
            if change is SWITCH_ALL and min(self.holding.each) < SWITCH:
                return NO_ACCESS, index
        return None


def in_version(version: int, refusal: tuple[int, int]) -> tuple[int, int]:
    """RFC 3584 section 4.4: all that these tests can be refused with is noSuchName in v1."""
    return (NO_SUCH_NAME, refusal[1]) if version == V1 else refusal
