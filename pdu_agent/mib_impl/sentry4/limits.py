# SPDX-License-Identifier: Apache-2.0
"""Four columns of limits from one line, and one hysteresis for all thresholds of a class.

A limit that is not watched reads as the least number of its range, and that number switches
it off: 0, or -40 degrees. The MIB text names no such number, but a recorded unit has low
limits of 0, and a high limit there would always be passed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from pdu_agent.mib_impl.schema import ObjectType
from pdu_agent.mib_impl.sentry4.points import Thresholds
from pdu_agent.mib_impl.set_errors import ErrorStatus
from pdu_agent.mib_impl.syntax import Integer32, Unacceptable
from pdu_agent.model.commands import (
    ConfigureThresholds,
    Limit,
    Quantity,
    SetLimit,
    Target,
    TargetKind,
    ThresholdSetting,
)
from pdu_agent.model.snapshot import Snapshot, Threshold


class Limited(Protocol):
    """A row of something that has thresholds."""

    @property
    def target(self) -> Target: ...

    @property
    def thresholds(self) -> Thresholds: ...


Row = TypeVar("Row", bound=Limited)

LOW_SIDE = (Limit.LOW_CRITICAL, Limit.LOW_WARNING)

_LABELS = {
    Limit.LOW_CRITICAL: "LowAlarm",
    Limit.LOW_WARNING: "LowWarning",
    Limit.HIGH_WARNING: "HighWarning",
    Limit.HIGH_CRITICAL: "HighAlarm",
}


def _as_it_is(_: object, value: float) -> float:
    return value


def limit_objects(
    prefix: str,
    first: int,
    quantity: Quantity,
    syntax: Integer32,
    units: str,
    limits: tuple[Limit, ...] = tuple(Limit),
    *,
    shown: Callable[[Row, float], float] = _as_it_is,
    meant: Callable[[Row, float], float] = _as_it_is,
) -> tuple[ObjectType[Row], ...]:
    """One column for each of `limits`, numbered from `first`; none where there is no threshold.

    shown, meant: from the quantity's unit to that of the row, and back.
    """
    off = syntax.minimum / syntax.scale

    def one(number: int, limit: Limit) -> ObjectType[Row]:
        def get(row: Row) -> float | None:
            threshold = row.thresholds.get(quantity)
            if threshold is None:
                return None
            return shown(row, _value(threshold, limit)) if limit in threshold.enabled else off

        def command(row: Row, plain: float) -> SetLimit:
            if quantity not in row.thresholds:
                raise Unacceptable(
                    ErrorStatus.NO_CREATION, f"{row.target} has no {quantity.value} threshold"
                )
            value = None if plain == off else meant(row, plain)
            return SetLimit(row.target, quantity, limit, value)

        name = prefix + _LABELS[limit]
        return ObjectType(number, name, syntax, get, units=units, to_command=command)

    return tuple(one(first + place, limit) for place, limit in enumerate(limits))


def _value(threshold: Threshold, limit: Limit) -> float:
    value: float = getattr(threshold, limit.name.lower())
    return value


def hysteresis_object(
    number: int,
    name: str,
    kind: TargetKind,
    quantity: Quantity,
    syntax: Integer32,
    units: str,
    *,
    per_unit: Callable[[Snapshot], float] = lambda _: 1.0,
) -> ObjectType[Snapshot]:
    """The largest hysteresis of these thresholds; written, it becomes that of all of them.

    per_unit: how many of the object's units make one of the quantity's.
    """

    def get(snapshot: Snapshot) -> float | None:
        found = [
            threshold.hysteresis
            for threshold in snapshot.thresholds
            if threshold.quantity is quantity and threshold.target.kind is kind
        ]
        return max(found) * per_unit(snapshot) if found else None

    def command(snapshot: Snapshot, plain: Any) -> ConfigureThresholds:
        if get(snapshot) is None:
            raise Unacceptable(
                ErrorStatus.NO_CREATION, f"no {kind.value} has a {quantity.value} threshold"
            )
        value = plain / per_unit(snapshot)
        return ConfigureThresholds(kind, quantity, ThresholdSetting.HYSTERESIS, value)

    return ObjectType(number, name, syntax, get, units=units, to_command=command)
