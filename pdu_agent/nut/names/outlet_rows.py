# SPDX-License-Identifier: Apache-2.0
"""outlet.N.* and outlet.group.N.*: outlets, what they draw, and groups of them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from operator import attrgetter

from pdu_agent.core.settings import GroupSettings, OutletSettings
from pdu_agent.model.commands import (
    Action,
    Command,
    ConfigureGroup,
    ConfigureOutlet,
    GroupSetting,
    OutletSetting,
    PowerUp,
)
from pdu_agent.model.errors import InvalidValue
from pdu_agent.model.snapshot import Group, GroupState, Outlet, Snapshot
from pdu_agent.nut.names.measured import MEASURED, Point, energy_row, is_current
from pdu_agent.nut.names.row import Row, Table, Write, bounds, number, octets, shown, whole

NO_TIMER = "-1"
"""What NUT's drivers show where no countdown runs."""
_GOES_OFF = (Action.OFF, Action.OFF_DELAYED, Action.REBOOT_DELAYED)
_GOES_ON = (Action.ON, Action.ON_DELAYED)
_ON_OR_OFF = {True: "on", False: "off"}
_STATE_OF_GROUP = {GroupState.ON: "on", GroupState.OFF: "off"}


def _seconds(setting: OutletSetting) -> Write[Outlet]:
    """A whole number of seconds, in the range of the setting."""
    allowed = bounds(OutletSettings, setting.value)

    def command(outlet: Outlet, text: str) -> Command:
        return ConfigureOutlet(outlet.index, setting, whole(setting.value, text))

    return Write(command, ranges=(allowed,), is_number=True)


def _named(outlet: Outlet, text: str) -> Command:
    return ConfigureOutlet(outlet.index, OutletSetting.NAME, text)


def _power_up(outlet: Outlet, text: str) -> Command:
    try:
        return ConfigureOutlet(outlet.index, OutletSetting.POWER_UP, PowerUp(text))
    except ValueError:
        words = ", ".join(each.value for each in PowerUp)
        raise InvalidValue(f"power_up: {text[:40]!r} is not one of {words}") from None


def _shutdown_timer(outlet: Outlet) -> str:
    is_to_go = outlet.pending in _GOES_OFF
    return _left(outlet, is_to_go or (outlet.pending is Action.REBOOT and outlet.is_shutting_down))


def _start_timer(outlet: Outlet) -> str:
    is_away = outlet.pending is Action.REBOOT and not outlet.is_shutting_down
    return _left(outlet, is_away or outlet.pending in _GOES_ON)


def _left(outlet: Outlet, runs: bool) -> str:
    """Whole seconds until the relay moves, rounded up: 0 only once it may move."""
    return str(math.ceil(outlet.pending_s)) if runs else NO_TIMER


def _status(outlet: Outlet) -> str | None:
    is_on = outlet.is_on
    return None if is_on is None else _ON_OR_OFF[is_on]


_NAME = Write(_named, max_octets=octets(OutletSettings, "name"))

# Everything that the rows of OUTLETS read: as long as it is the same, so are they.
_key_of_outlet = attrgetter(
    "name",
    "receptacle",
    "position",
    "switched",
    "state",
    "pending",
    "pending_s",
    "relay_closed",
    "stopping",
    "faults",
    "on_delay_s",
    "off_delay_s",
    "reboot_s",
    "priority",
    "power_up",
    "lock",
)

OUTLETS: Table[Outlet] = Table(
    "outlet.N.",
    lambda snapshot: ((f"outlet.{outlet.index}.", outlet) for outlet in snapshot.outlets),
    (
        Row("id", lambda outlet: str(outlet.index), "number on the case"),
        Row("name", lambda outlet: shown(outlet.name), "as desc; what Home Assistant shows"),
        Row("desc", lambda outlet: shown(outlet.name), "name of the outlet", write=_NAME),
        Row("type", lambda outlet: shown(outlet.receptacle), "kind of socket"),
        Row("designator", lambda outlet: shown(outlet.position), "where it is on the strip"),
        Row("switchable", lambda outlet: "yes" if outlet.switched else "no", "has a relay"),
        Row("status", _status, "on or off; absent while nobody knows"),
        Row(
            "delay.shutdown",
            lambda outlet: str(outlet.off_delay_s),
            "wait of load.off.delay, load.cycle.delay and shutdown.return",
            "s",
            _seconds(OutletSetting.OFF_DELAY_S),
        ),
        Row(
            "delay.start",
            lambda outlet: str(outlet.on_delay_s),
            "wait of load.on.delay",
            "s",
            _seconds(OutletSetting.ON_DELAY_S),
        ),
        Row("timer.shutdown", _shutdown_timer, "until it goes off at last; -1: it does not", "s"),
        Row("timer.start", _start_timer, "until it goes on; -1: it does not", "s"),
    ),
    needs=lambda outlet: (outlet.index,),
    key=_key_of_outlet,
)

OUTLETS_OWN: Table[Outlet] = Table(
    "experimental.outlet.N.",
    lambda snapshot: (
        (f"experimental.outlet.{outlet.index}.", outlet) for outlet in snapshot.outlets
    ),
    (
        Row(
            "delay.reboot",
            lambda outlet: str(outlet.reboot_s),
            "how long load.cycle leaves it off",
            "s",
            _seconds(OutletSetting.REBOOT_S),
        ),
        Row(
            "priority",
            lambda outlet: str(outlet.priority),
            "1 is the most important; the highest number is shed first, 0 never",
            write=_seconds(OutletSetting.PRIORITY),
        ),
        Row(
            "powerup",
            lambda outlet: outlet.power_up.value,
            "what it does once power is back: on, off or last",
            write=Write(_power_up, words=tuple(each.value for each in PowerUp)),
        ),
        Row("lock", lambda outlet: outlet.lock.value, "unlocked, locked on or locked off"),
    ),
    needs=lambda outlet: (outlet.index,),
    key=_key_of_outlet,
)


def _memberships(snapshot: Snapshot) -> Iterator[tuple[str, tuple[int, str]]]:
    of: dict[int, list[str]] = {}
    for group in snapshot.groups:
        for member in group.members:
            of.setdefault(member, []).append(str(group.index))
    for outlet, groups in of.items():
        yield f"outlet.{outlet}.", (outlet, " ".join(groups))


MEMBERSHIPS: Table[tuple[int, str]] = Table(
    "outlet.N.",
    _memberships,
    (Row("groupid", lambda row: row[1], "numbers of its groups, with blanks between them"),),
    needs=lambda row: (row[0],),
    key=lambda row: row,
)


def _metered(snapshot: Snapshot) -> Iterator[tuple[str, Point]]:
    for outlet in snapshot.outlets:
        if is_current(outlet.meter):
            yield f"outlet.{outlet.index}.", (outlet.index, outlet.meter)


def _counted(snapshot: Snapshot) -> Iterator[tuple[str, Point]]:
    for outlet in snapshot.outlets:
        if outlet.meter is not None:
            yield f"experimental.outlet.{outlet.index}.", (outlet.index, outlet.meter)


OUTLET_METERS: Table[Point] = Table(
    "outlet.N.", _metered, MEASURED, needs=lambda point: (point[0],)
)
OUTLET_ENERGY: Table[Point] = Table(
    "experimental.outlet.N.", _counted, (energy_row(),), needs=lambda point: (point[0],)
)


def _group_named(group: Group, text: str) -> Command:
    return ConfigureGroup(group.index, GroupSetting.NAME, text)


GROUPS: Table[Group] = Table(
    "outlet.group.N.",
    lambda snapshot: ((f"outlet.group.{group.index}.", group) for group in snapshot.groups),
    (
        Row("id", lambda group: str(group.index), "number of the group"),
        Row(
            "name",
            lambda group: shown(group.name),
            "name of the group; that of a group of the configuration is changed there",
            write=Write(
                _group_named,
                max_octets=octets(GroupSettings, "name"),
                when=lambda group: not group.configured,
            ),
        ),
        Row("count", lambda group: str(len(group.members)), "outlets in it"),
        Row(
            "status",
            lambda group: _STATE_OF_GROUP.get(group.state),
            "on or off; absent while its outlets differ",
        ),
        Row(
            "realpower",
            lambda group: number(group.active_power_w, 1),
            "sum of its metered outlets",
            "W",
        ),
    ),
)
