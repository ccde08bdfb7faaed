# SPDX-License-Identifier: Apache-2.0
"""Columns of limits, which are whole numbers in Sentry3-MIB.

A high limit that is not watched reads as the greatest number of its column, which nothing
reaches, and a low one as 0: monitoring systems compare with them, and a high limit of 0
would always be passed. Written, 0 ends the watch of either kind.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from pdu_agent.mib_impl.schema import ObjectType
from pdu_agent.mib_impl.set_errors import ErrorStatus
from pdu_agent.mib_impl.syntax import Integer32, Unacceptable
from pdu_agent.model.commands import ConfigureThreshold, Limit, SetLimit, ThresholdSetting
from pdu_agent.model.snapshot import Threshold

Row = TypeVar("Row")

_HIGH = (Limit.HIGH_WARNING, Limit.HIGH_CRITICAL)


def _as_it_is(_: object, value: float) -> float:
    return value


def limit_object(
    number: int,
    name: str,
    greatest: int,
    units: str,
    limit: Limit,
    threshold: Callable[[Row], Threshold | None],
    *,
    shown: Callable[[Row, float], float] = _as_it_is,
    meant: Callable[[Row, float], float] = _as_it_is,
) -> ObjectType[Row]:
    """0..greatest. shown, meant: from the quantity's unit to that of the row, and back.

    There is no instance where there is no threshold, and none can be made.
    """
    unwatched = greatest if limit in _HIGH else 0

    def get(row: Row) -> float | None:
        watch = threshold(row)
        if watch is None:
            return None
        if limit not in watch.enabled:
            return unwatched
        value: float = getattr(watch, limit.name.lower())
        return shown(row, value)

    def to_command(row: Row, plain: int) -> SetLimit:
        watch = existing(threshold(row))
        value = meant(row, plain) if plain else None
        return SetLimit(watch.target, watch.quantity, limit, value)

    return ObjectType(number, name, Integer32(0, greatest), get, units, to_command)


def hysteresis_object(
    number: int,
    name: str,
    greatest: int,
    units: str,
    threshold: Callable[[Row], Threshold | None],
    *,
    per_unit: Callable[[Row], float] = lambda _: 1.0,
) -> ObjectType[Row]:
    """0..greatest. per_unit: how many of the row's units make one of the quantity's."""

    def get(row: Row) -> float | None:
        watch = threshold(row)
        return None if watch is None else watch.hysteresis * per_unit(row)

    def to_command(row: Row, plain: int) -> ConfigureThreshold:
        watch = existing(threshold(row))
        value = plain / per_unit(row)
        return ConfigureThreshold(watch.target, watch.quantity, ThresholdSetting.HYSTERESIS, value)

    return ObjectType(number, name, Integer32(0, greatest), get, units, to_command)


Thing = TypeVar("Thing")


def existing(thing: Thing | None) -> Thing:
    """What a column of a row is about. Raises Unacceptable where the row has no such thing."""
    if thing is None:
        raise Unacceptable(ErrorStatus.NO_CREATION, "nothing of the kind is there")
    return thing
