# SPDX-License-Identifier: Apache-2.0
"""What a client asks for: JSON in, commands out.

Nothing is guessed: an unknown key, a key given twice, or true in place of 1 is refused.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from pdu_agent.model.commands import (
    Action,
    Command,
    Lock,
    SetLock,
    SwitchAll,
    SwitchGroup,
    SwitchOutlet,
)
from pdu_agent.model.errors import InvalidValue, NotNow, UnknownTarget
from pdu_agent.model.snapshot import Group, Outlet, OutletState, Snapshot
from pdu_agent.web.asking import refuse_unknown
from pdu_agent.web.problems import Problem

ALL = "all"
MAX_COMMANDS = 64  # as many as a unit has outlets at most

SWITCHING: Mapping[str, tuple[Action, Action]] = {
    "on": (Action.ON, Action.ON_DELAYED),
    "off": (Action.OFF, Action.OFF_DELAYED),
    "reboot": (Action.REBOOT, Action.REBOOT_DELAYED),
    "cycle": (Action.REBOOT, Action.REBOOT_DELAYED),
}
"""Verb -> the action at once, and the action after the outlet's own delay."""

AT_ONCE = {"cancel": Action.CANCEL, "toggle": Action.TOGGLE, "pulse": Action.PULSE}
"""Verb -> the action; they take no delay."""

VERBS = (*SWITCHING, *AT_ONCE, "lock", "unlock")

LOCKS = {"on": Lock.LOCKED_ON, "off": Lock.LOCKED_OFF}
LOCK_OF_STATE = {OutletState.ON: Lock.LOCKED_ON, OutletState.OFF: Lock.LOCKED_OFF}


@dataclass(frozen=True, slots=True)
class Order:
    """One verb for one outlet, all of them or a group, with its options as received."""

    target: int | str
    verb: str
    options: Mapping[str, Any]
    is_group: bool = False

    def __str__(self) -> str:
        return f"{self.verb} {'group ' if self.is_group else ''}{self.target}"


def decode(body: bytes) -> dict[str, Any]:
    """A JSON object from a request's body; an empty body is an empty object.

    Raises Problem (400) for anything else, also for NaN and for a key given twice, and InvalidValue
    for a number that no float holds: nothing behind this has to reckon with one.
    """
    if not body:
        return {}
    try:
        value = json.loads(
            body,
            object_pairs_hook=_unique_keys,
            parse_constant=_no_constant,
            parse_int=_whole_number,
            parse_float=_number_with_fraction,
        )
    except (ValueError, RecursionError) as exc:
        raise Problem.about_request(400, f"the body is not JSON: {exc}") from exc
    if not isinstance(value, dict):
        raise Problem.about_request(400, "the body must be a JSON object, as in {}")
    return value


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    keys = dict(pairs)
    if len(keys) != len(pairs):
        raise ValueError("a key is given twice")
    return keys


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number")


def _whole_number(text: str) -> int:
    number = int(text)
    if abs(number) > sys.float_info.max:
        raise InvalidValue(f"the number {text[:20]}... of {len(text)} digits: it is too large")
    return number


def _number_with_fraction(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise InvalidValue(f"the number {text[:20]}: it is too large")
    return number


def outlet_number(text: str) -> int:
    """The outlet number of a path. Raises UnknownTarget for what cannot be one."""
    return _number(text, "outlet")


def group_number(text: str) -> int:
    """The group number of a path. Raises UnknownTarget for what cannot be one."""
    return _number(text, "group")


def _number(text: str, kind: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 9) or text.startswith("0"):
        raise UnknownTarget(f"there is no {kind} {text[:20]!r}; {kind}s are numbered from 1")
    return int(text)


def outlet_row(snapshot: Snapshot, number: int, position: int = 0) -> Outlet:
    """Raises UnknownTarget, naming the outlets that exist."""
    for row in snapshot.outlets:
        if row.index == number:
            return row
    numbers = [row.index for row in snapshot.outlets]
    known = f"outlets {min(numbers)} to {max(numbers)} exist" if numbers else "there are none"
    raise UnknownTarget(f"there is no outlet {number}; {known}", position)


def group_row(snapshot: Snapshot, number: int, position: int = 0) -> Group:
    """Raises UnknownTarget, naming the groups that exist."""
    for row in snapshot.groups:
        if row.index == number:
            return row
    known = ", ".join(str(row.index) for row in snapshot.groups) or "none"
    raise UnknownTarget(f"there is no group {number}; groups that exist: {known}", position)


def meant(order: Order, snapshot: Snapshot) -> set[int]:
    """The outlets that an order is for, in numbers."""
    if order.is_group:
        return set(group_row(snapshot, int(order.target)).members)
    if isinstance(order.target, int):
        return {order.target}
    return {row.index for row in snapshot.outlets if row.switched}


def orders_of(body: Mapping[str, Any]) -> list[Order]:
    """The batch in `{"commands": [{"outlet": 3, "command": "on", ...}, ...]}`; an entry may have
    a "group" in place of the outlet.

    Raises InvalidValue.
    """
    refuse_unknown(body, ("commands",), 0)
    entries = body.get("commands")
    if not isinstance(entries, list) or not 1 <= len(entries) <= MAX_COMMANDS:
        raise InvalidValue(f"commands: expected a list of 1 to {MAX_COMMANDS} commands")
    return [_order(entry, position) for position, entry in enumerate(entries)]


def _order(entry: object, position: int) -> Order:
    if not isinstance(entry, dict):
        raise InvalidValue(f"commands[{position}]: expected an object", position)
    options = dict(entry)
    is_group = "group" in options
    if is_group and "outlet" in options:
        raise InvalidValue(f"commands[{position}]: an outlet or a group, not both", position)
    kind = "group" if is_group else "outlet"
    target, verb = options.pop(kind, None), options.pop("command", None)
    if verb not in VERBS:
        raise InvalidValue(
            f"commands[{position}].command: expected one of {', '.join(VERBS)}", position
        )
    is_all = target == ALL and not is_group
    if not is_all and (isinstance(target, bool) or not isinstance(target, int)):
        expected = "a number" if is_group else f'a number, or "{ALL}"'
        raise InvalidValue(f"commands[{position}].{kind}: expected {expected}", position)
    return Order(target, verb, options, is_group)


def commands_of(orders: Sequence[Order], snapshot: Snapshot) -> list[tuple[int, Command]]:
    """Each command with the position of the order that it comes from.

    Raises InvalidValue, UnknownTarget, or NotNow for a lock whose state cannot be derived.
    """
    return [
        (position, command)
        for position, order in enumerate(orders)
        for command in _commands(order, snapshot, position)
    ]


def _commands(order: Order, snapshot: Snapshot, position: int) -> list[Command]:
    if order.verb in SWITCHING or order.verb in AT_ONCE:
        action, delay_s, forced = _action(order, position)
        if not isinstance(order.target, int):
            return [SwitchAll(action, delay_s, forced)]
        if order.is_group:
            group_row(snapshot, order.target, position)
            return [SwitchGroup(order.target, action, delay_s, forced)]
        outlet_row(snapshot, order.target, position)
        return [SwitchOutlet(order.target, action, delay_s, forced)]
    rows = _to_lock(order, snapshot, position)
    return [SetLock(row.index, _lock(order, row, position)) for row in rows]


def _to_lock(order: Order, snapshot: Snapshot, position: int) -> list[Outlet]:
    """Raises UnknownTarget, or NotNow for a group with nothing that can be locked."""
    if isinstance(order.target, int) and not order.is_group:
        return [outlet_row(snapshot, order.target, position)]
    members = meant(order, snapshot)
    rows = [row for row in snapshot.outlets if row.switched and row.index in members]
    if order.is_group and not rows:
        raise NotNow(f"group {order.target} has no switched outlet: nothing to lock", position)
    return rows


def _action(order: Order, position: int) -> tuple[Action, float | None, bool]:
    """The action, its delay, and whether it is forced."""
    if order.verb in AT_ONCE:
        refuse_unknown(order.options, (), position)
        return AT_ONCE[order.verb], None, False
    refuse_unknown(order.options, ("delayed", "delay_s", "forced"), position)
    forced = order.options.get("forced", False)
    if not isinstance(forced, bool):
        raise InvalidValue("forced: expected true or false", position)
    delay_s = _delay_s(order.options, position)
    delayed = order.options.get("delayed", delay_s is not None)
    if not isinstance(delayed, bool):
        raise InvalidValue("delayed: expected true or false", position)
    if delay_s is not None and not delayed:
        raise InvalidValue("delay_s: contradicts delayed: false", position)
    return SWITCHING[order.verb][delayed], delay_s, forced


def _delay_s(options: Mapping[str, Any], position: int) -> float | None:
    """None where none was given. A null is refused: a script that lost its number wanted a delay,
    and would be switched at once.
    """
    if "delay_s" not in options:
        return None
    value = options["delay_s"]
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidValue("delay_s: expected a number of seconds", position)
    if value < 0:
        raise InvalidValue("delay_s: expected a number of seconds, 0 or more", position)
    return float(value)


def _lock(order: Order, row: Outlet, position: int) -> Lock:
    if order.verb == "unlock":
        refuse_unknown(order.options, (), position)
        return Lock.UNLOCKED
    refuse_unknown(order.options, ("state",), position)
    if "state" in order.options:
        wanted = order.options["state"]
        if not isinstance(wanted, str) or wanted not in LOCKS:
            raise InvalidValue('state: expected "on" or "off"', position)
        return LOCKS[wanted]
    if row.state not in LOCK_OF_STATE:
        raise NotNow(
            f"outlet {row.index} is {row.state.value}: say in which state to lock it", position
        )
    return LOCK_OF_STATE[row.state]
