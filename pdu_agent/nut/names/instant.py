# SPDX-License-Identifier: Apache-2.0
"""Instant commands: their names, what they ask of the core, and who is offered them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from pdu_agent.access.grant import EVERY_OUTLET, Grant, Rights
from pdu_agent.access.needs import needs
from pdu_agent.model.commands import (
    Action,
    Command,
    Reset,
    ResetMeters,
    StopUntilMains,
    SwitchAll,
    SwitchGroup,
    SwitchOutlet,
    Target,
    TargetKind,
)
from pdu_agent.model.errors import InvalidValue
from pdu_agent.model.snapshot import Group, Snapshot

_SECONDS = re.compile(r"\d{1,6}(\.\d{1,3})?", re.ASCII)

Make = Callable[[float | None], Command]
"""The command, by the seconds that were given with it."""


@dataclass(frozen=True, slots=True)
class Verb:
    """The last part of a name, what it asks for, and whether it may be given seconds."""

    name: str
    action: Action
    takes_seconds: bool
    doc: str


VERBS = (
    Verb("load.on", Action.ON, False, "on now"),
    Verb("load.off", Action.OFF, False, "off now, after its hook and once its load is idle"),
    Verb("load.cycle", Action.REBOOT, False, "off as load.off, then on again"),
    Verb("load.on.delay", Action.ON_DELAYED, True, "on after the seconds given, or delay.start"),
    Verb(
        "load.off.delay", Action.OFF_DELAYED, True, "off after the seconds given, or delay.shutdown"
    ),
    Verb(
        "load.cycle.delay",
        Action.REBOOT_DELAYED,
        True,
        "off after the seconds given, or delay.shutdown; then on again",
    ),
    Verb("shutdown.stop", Action.CANCEL, False, "take back what is still to come"),
)
RETURN = "shutdown.return"
TAKES_EVERYTHING_DOWN = frozenset(
    {Action.OFF, Action.OFF_DELAYED, Action.REBOOT, Action.REBOOT_DELAYED}
)


@dataclass(frozen=True, slots=True)
class Instant:
    """One command. guard: rights that it needs everywhere besides those of its Command."""

    name: str
    make: Make
    takes_seconds: bool = False
    guard: Rights = Rights.NONE

    def command(self, value: str | None) -> Command:
        """Raises InvalidValue for a value that it does not take."""
        if not value:
            return self.make(None)
        if not self.takes_seconds:
            hint = f"{self.name}.delay takes seconds" if "load." in self.name else "give none"
            raise InvalidValue(f"{self.name}: takes no value, {value[:20]!r} was given; {hint}")
        if _SECONDS.fullmatch(value) is None:
            raise InvalidValue(f"{self.name}: {value[:20]!r} is no number of seconds, as in 30")
        return self.make(float(value))


def instants(snapshot: Snapshot) -> Mapping[str, Instant]:
    """All that the unit has, by name, whoever may use them."""
    return {each.name: each for each in _instants(snapshot)}


def is_offered(instant: Instant, grant: Grant, snapshot: Snapshot) -> bool:
    return grant.allows(instant.guard, EVERY_OUTLET) and all(
        grant.allows(*need) for need in needs(instant.make(None), snapshot)
    )


def _instants(snapshot: Snapshot) -> Iterator[Instant]:
    switched = [outlet.index for outlet in snapshot.outlets if outlet.switched]
    for outlet in switched:
        yield from _of_outlet(outlet)
    for group in snapshot.groups:
        if not set(group.members).isdisjoint(switched):
            yield from _of_group(group)
    if switched:
        yield from _of_all()
    if snapshot.inlets:
        yield Instant("reset.input.minmax", lambda _: ResetMeters(TargetKind.INLET, Reset.PEAK))


def _of_outlet(number: int) -> Iterator[Instant]:
    prefix = f"outlet.{number}."
    for verb in VERBS:
        yield _switching(prefix, verb, _outlet_maker(number, verb.action))
    yield _returning(prefix, Target(TargetKind.OUTLET, number))


def _of_group(group: Group) -> Iterator[Instant]:
    prefix = f"outlet.group.{group.index}."
    for verb in VERBS:
        yield _switching(prefix, verb, _group_maker(group.index, verb.action))
    yield _returning(prefix, Target(TargetKind.GROUP, group.index))


def _returning(prefix: str, target: Target) -> Instant:
    """Off and on again; on battery, on again with mains."""
    return Instant(
        f"{prefix}{RETURN}", lambda seconds: StopUntilMains(target, seconds), takes_seconds=True
    )


def _of_all() -> Iterator[Instant]:
    """A slip takes everything down, and clients put such commands beside those of one outlet."""
    for verb in VERBS:
        guard = Rights.WRITE if verb.action in TAKES_EVERYTHING_DOWN else Rights.NONE
        yield _switching("", verb, _unit_maker(verb.action), guard)


def _switching(prefix: str, verb: Verb, make: Make, guard: Rights = Rights.NONE) -> Instant:
    return Instant(prefix + verb.name, make, verb.takes_seconds, guard)


def _outlet_maker(number: int, action: Action) -> Make:
    return lambda seconds: SwitchOutlet(number, action, seconds)


def _group_maker(number: int, action: Action) -> Make:
    return lambda seconds: SwitchGroup(number, action, seconds)


def _unit_maker(action: Action) -> Make:
    return lambda seconds: SwitchAll(action, seconds)
