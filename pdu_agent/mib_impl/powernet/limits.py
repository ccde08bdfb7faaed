# SPDX-License-Identifier: Apache-2.0
"""Columns of limits.

A high limit that is not watched reads as the greatest number of its column, which nothing
reaches, and a low one as 0. PowerNet-MIB has 0 for "disabled" with low limits only, because
its units always watch the high ones; monitoring systems take those for their own alarms
(LibreNMS, Observium, Checkmk), where a high limit of 0 would always be passed. Written, 0
and the greatest number end the watch.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

from pdu_agent.mib_impl.schema import ObjectType
from pdu_agent.mib_impl.set_errors import ErrorStatus
from pdu_agent.mib_impl.syntax import Integer32, Unacceptable
from pdu_agent.model.commands import Limit, SetLimit
from pdu_agent.model.snapshot import Threshold

Row = TypeVar("Row")

HIGH: Final = frozenset({Limit.HIGH_WARNING, Limit.HIGH_CRITICAL})
_WHOLE = Integer32(0)


def greatest(syntax: Integer32) -> float:
    """What a column shows as the greatest number that it has."""
    return syntax.maximum / syntax.scale


def limit(
    number: int,
    name: str,
    watch: Callable[[Row], Threshold | None],
    which: Limit,
    units: str,
    *,
    syntax: Integer32 = _WHOLE,
    unit: int = 1,
    absent: int | None = None,
) -> ObjectType[Row]:
    """A limit of what `watch` finds. absent: what it reads without a threshold.

    unit: how many of the quantity's unit are one of this object's, before the syntax scales.
    A watched limit reads 1 at least, because 0 would say that it is not watched.
    """
    unwatched = greatest(syntax) if which in HIGH else 0
    least = 1 / syntax.scale

    def get(row: Row) -> float | None:
        found = watch(row)
        if found is None:
            return None
        if which not in found.enabled:
            return unwatched
        value: float = getattr(found, which.name.lower())
        return max(least, value / unit)

    def to_command(row: Row, value: float) -> SetLimit:
        found = watch(row)
        if found is None:
            status = ErrorStatus.NO_CREATION if absent is None else ErrorStatus.NOT_WRITABLE
            raise Unacceptable(status, "there is no such threshold")
        is_off = value in (0, greatest(syntax))
        return SetLimit(found.target, found.quantity, which, None if is_off else value * unit)

    return ObjectType(number, name, syntax, get, units, to_command, absent=absent)
