# SPDX-License-Identifier: Apache-2.0
"""PowerNet-MIB rPDU2: what the columns of many of its tables have in common.

Every table has one index, which is a readable object, since the module is of SMIv1. A unit
is alone in its group, so it is module 1 there, and the rows of its tables are its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

from pdu_agent.mib_impl.powernet.words import (
    NOT_SUPPORTED,
    Load,
    date_text,
)
from pdu_agent.mib_impl.schema import ObjectType, Scalars
from pdu_agent.mib_impl.set_errors import ErrorStatus
from pdu_agent.mib_impl.syntax import (
    DisplayString,
    Enumerated,
    Integer32,
    Oid,
    Special,
    Unacceptable,
)
from pdu_agent.model.commands import Command
from pdu_agent.model.quantities import MILLIJOULES_PER_KILOWATT_HOUR
from pdu_agent.model.snapshot import Snapshot

Row = TypeVar("Row")

RPDU2_ARC: Oid = (1, 1, 26)
"""rPDU2, below the arc of the module."""

ALONE: Final = 1
"""The number of a unit that is alone in its group."""

NUMBER = Integer32(0)
TEXT = DisplayString()
NAME = DisplayString(0, 32)
TENTHS = Integer32(0, scale=10)
HUNDREDTHS = Integer32(0, 100, scale=100)

_MILLIJOULES_PER_TENTH_KWH = MILLIJOULES_PER_KILOWATT_HOUR // 10

LOAD_STATE = Enumerated(
    (1, "lowLoad", Load.LOW),
    (2, "normal", Load.NORMAL),
    (3, "nearOverload", Load.NEAR_OVERLOAD),
    (4, "overload", Load.OVERLOAD),
)

PENDING = Enumerated((1, "commandPending", True), (2, "noCommandPending", False))

_RESET = Enumerated((1, "noOperation", Special.NONE), (2, "reset", "reset"))

# Rpdu2OutletPhaseLayoutType, of the words of `phase_of`.
PHASE_LAYOUT = Enumerated(
    (1, "seqPhase1ToNeutral", 1),
    (2, "seqPhase2ToNeutral", 2),
    (3, "seqPhase3ToNeutral", 3),
    (4, "seqPhase1ToPhase2", "l1l2"),
    (5, "seqPhase2ToPhase3", "l2l3"),
    (6, "seqPhase3ToPhase1", "l3l1"),
)


def tens(watts: float | None) -> float | None:
    """Hundredths of a kilowatt, or of a kilovolt-ampere; not yet rounded."""
    return None if watts is None else watts / 10


def tenths_kwh(energy_mj: int) -> int:
    """Rounded down, so that no view shows more than was counted."""
    return energy_mj // _MILLIJOULES_PER_TENTH_KWH


def size(suffix: Oid, number: int, name: str, count: Callable[[Snapshot], int]) -> Scalars[int]:
    """A scalar that tells how many there are of something. suffix: below rPDU2."""
    return Scalars(
        suffix=(*RPDU2_ARC, *suffix),
        source=count,
        objects=(ObjectType(number, name, NUMBER, lambda found: found),),
    )


def unit_row(snapshot: Snapshot) -> tuple[tuple[Oid, Snapshot]]:
    """The only row of a table of units."""
    return (((ALONE,), snapshot),)


def unit_leading(prefix: str) -> tuple[ObjectType[Snapshot], ...]:
    """The first three columns of a table of units."""
    return (
        *leading(prefix, lambda _: ALONE),
        ObjectType(3, f"{prefix}Name", TEXT, lambda s: s.device.name),
    )


def leading(prefix: str, number: Callable[[Row], int]) -> tuple[ObjectType[Row], ...]:
    """The first two columns of a table."""
    return (
        ObjectType(1, f"{prefix}Index", NUMBER, number),
        ObjectType(2, f"{prefix}Module", NUMBER, lambda _: ALONE),
    )


def named(
    prefix: str,
    number: Callable[[Row], int],
    name: Callable[[Row], str],
    sets_name: Callable[[Row, str], Command] | None = None,
) -> tuple[ObjectType[Row], ...]:
    """The first four columns of a table of things with names. sets_name: where it is writable."""
    return (
        *leading(prefix, number),
        ObjectType(3, f"{prefix}Name", NAME, name, to_command=sets_name),
        ObjectType(4, f"{prefix}Number", NUMBER, number),
    )


def date(number: int, name: str, wall_s: Callable[[Row], float | None]) -> ObjectType[Row]:
    """When something happened; text that says so where it never did."""
    return ObjectType(number, name, TEXT, lambda row: date_text(wall_s(row)), absent=NOT_SUPPORTED)


def reset(
    number: int,
    name: str,
    commands: Callable[[Row], Command | Sequence[Command]],
    possible: Callable[[Row], bool] = lambda _: True,
    absent: int | None = None,
) -> ObjectType[Row]:
    """An object that resets something when 2 is written, where that is possible.

    absent: what it reads elsewhere; None: there it has no instance.
    """

    def to_command(row: Row, _: Any) -> Command | Sequence[Command]:
        if not possible(row):
            raise unsupported("there is nothing to reset")
        return commands(row)

    return ObjectType(
        number,
        name,
        _RESET,
        lambda row: Special.NONE if possible(row) else None,
        to_command=to_command,
        absent=absent,
    )


def unsupported(reason: str) -> Unacceptable:
    """What a SET ends with where this unit lacks what the object is about."""
    return Unacceptable(ErrorStatus.NOT_WRITABLE, reason)
