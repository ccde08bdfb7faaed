# SPDX-License-Identifier: Apache-2.0
"""Four columns of limits from one line, and one hysteresis for all thresholds of a class."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from pdu_agent.mib_impl.schema import ObjectType
from pdu_agent.mib_impl.sentry.settings import existing, limit_object, read_so
from pdu_agent.mib_impl.sentry4.points import Thresholds
from pdu_agent.mib_impl.syntax import Integer32
from pdu_agent.model.commands import (
    ConfigureThresholds,
    Limit,
    Quantity,
    TargetKind,
    ThresholdSetting,
)
from pdu_agent.model.snapshot import Snapshot


class Limited(Protocol):
    """A row of something that has thresholds."""

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


def limit_objects(
    prefix: str,
    first: int,
    quantity: Quantity,
    syntax: Integer32,
    units: str,
    limits: tuple[Limit, ...] = tuple(Limit),
    **conversions: Callable[[Row, float], float],
) -> tuple[ObjectType[Row], ...]:
    """One column for each of `limits`, numbered from `first`.

    conversions: `shown` and `meant` of limit_object, where the row has a unit of its own.
    """
    return tuple(
        limit_object(
            number,
            prefix + _LABELS[limit],
            syntax,
            units,
            limit,
            lambda row: row.thresholds.get(quantity),
            **conversions,
        )
        for number, limit in enumerate(limits, first)
    )


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

    def each(snapshot: Snapshot) -> list[float]:
        per = per_unit(snapshot)
        return [
            threshold.hysteresis * per
            for threshold in snapshot.thresholds
            if threshold.quantity is quantity and threshold.target.kind is kind
        ]

    def get(snapshot: Snapshot) -> float | None:
        return max(each(snapshot), default=None)

    def command(snapshot: Snapshot, plain: Any) -> Any:
        existing(get(snapshot))
        if read_so(syntax, each(snapshot), plain):
            return ()
        value = plain / per_unit(snapshot)
        return ConfigureThresholds(kind, quantity, ThresholdSetting.HYSTERESIS, value)

    return ObjectType(number, name, syntax, get, units=units, to_command=command)
