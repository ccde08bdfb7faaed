# SPDX-License-Identifier: Apache-2.0
"""Objects that managers write, which are alike in both MIBs.

They show less than the model knows: whole amperes, names of a few ASCII characters. Who
writes back all that was read, as forms do, has changed nothing, so nothing is changed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, TypeVar

from pdu_agent.mib_impl.rows import Group
from pdu_agent.mib_impl.schema import ObjectType, Scalars
from pdu_agent.mib_impl.set_errors import ErrorStatus
from pdu_agent.mib_impl.syntax import DisplayString, Integer32, Unacceptable
from pdu_agent.model.commands import (
    ConfigureDevice,
    ConfigureOutlets,
    DeviceSetting,
    Limit,
    OutletSetting,
    SetLimit,
)
from pdu_agent.model.snapshot import Snapshot, Threshold

Row = TypeVar("Row")
Thing = TypeVar("Thing")

_HIGH = (Limit.HIGH_WARNING, Limit.HIGH_CRITICAL)


def kept(declared: ObjectType[Row]) -> ObjectType[Row]:
    """The object, but that a SET of what it reads as asks for nothing."""
    ask = declared.to_command
    if ask is None:
        return declared

    def to_command(row: Row, plain: Any) -> Any:
        return () if declared.read(row) == declared.syntax.encode(plain) else ask(row, plain)

    return replace(declared, to_command=to_command)


def with_kept_columns(group: Group) -> Group:
    """Every column of a table kept. Among scalars there are some that stand for many values."""
    if isinstance(group, Scalars):
        return group
    return replace(group, objects=tuple(map(kept, group.objects)))


def read_so(syntax: Integer32, values: Iterable[float], plain: float) -> bool:
    """Whether all of these values already show as the one that is written."""
    wanted = syntax.encode(plain)
    return all(syntax.encode(value) == wanted for value in values)


def existing(thing: Thing | None) -> Thing:
    """What a column of a row is about. Raises Unacceptable where the row has no such thing."""
    if thing is None:
        raise Unacceptable(ErrorStatus.NO_CREATION, "nothing of the kind is there")
    return thing


def _as_it_is(_: object, value: float) -> float:
    return value


def limit_object(
    number: int,
    name: str,
    syntax: Integer32,
    units: str,
    limit: Limit,
    threshold: Callable[[Row], Threshold | None],
    *,
    shown: Callable[[Row, float], float] = _as_it_is,
    meant: Callable[[Row, float], float] = _as_it_is,
) -> ObjectType[Row]:
    """shown, meant: from the quantity's unit to that of the row, and back.

    A limit that is not watched reads as the end of the range that values hardly pass, the
    greatest number for a high limit and the least for a low one: monitoring systems compare
    with it, and a high limit of 0 would always be passed. Writing that number ends the watch.
    There is no instance where there is no threshold, and none can be made.
    """
    off = (syntax.maximum if limit in _HIGH else syntax.minimum) / syntax.scale

    def get(row: Row) -> float | None:
        watch = threshold(row)
        if watch is None:
            return None
        if limit not in watch.enabled:
            return off
        value: float = getattr(watch, limit.name.lower())
        return shown(row, value)

    def to_command(row: Row, plain: float) -> SetLimit:
        watch = existing(threshold(row))
        value = None if plain == off else meant(row, plain)
        return SetLimit(watch.target, watch.quantity, limit, value)

    return ObjectType(number, name, syntax, get, units, to_command)


def sequence_interval_object(number: int, name: str) -> ObjectType[Snapshot]:
    """Rounded up to whole seconds: 0 would say that there is no interval."""
    return kept(
        ObjectType(
            number,
            name,
            Integer32(0, 15),
            lambda snapshot: math.ceil(snapshot.device.sequence_interval_s),
            "seconds",
            lambda _, seconds: ConfigureDevice(DeviceSetting.SEQUENCE_INTERVAL_S, seconds),
        )
    )


def location_object(number: int, name: str, most: int) -> ObjectType[Snapshot]:
    """most: characters."""
    return kept(
        ObjectType(
            number,
            name,
            DisplayString(0, most),
            lambda snapshot: snapshot.device.location,
            to_command=lambda _, text: ConfigureDevice(DeviceSetting.LOCATION, text),
        )
    )


def reboot_delay_object(number: int, name: str) -> ObjectType[Snapshot]:
    """The longest of all outlets that can be rebooted; written, it becomes that of all."""
    syntax = Integer32(5, 600)

    def delays_s(snapshot: Snapshot) -> list[int]:
        return [outlet.reboot_s for outlet in snapshot.outlets if outlet.switched]

    def get(snapshot: Snapshot) -> int | None:
        return max(delays_s(snapshot), default=None)

    def to_command(snapshot: Snapshot, seconds: int) -> Any:
        existing(get(snapshot))
        if read_so(syntax, delays_s(snapshot), seconds):
            return ()
        return ConfigureOutlets(OutletSetting.REBOOT_S, seconds)

    return ObjectType(number, name, syntax, get, "seconds", to_command)
