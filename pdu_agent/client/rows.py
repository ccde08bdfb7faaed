# SPDX-License-Identifier: Apache-2.0
"""What the API answers, as far as it has a type here; `plain` is all of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

Plain = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Outlet:
    """state: "on", "off", or what stands in the way of both. lock: "none" or what is locked.

    pending: what will be done and has not been yet, as in "delayed on". The quantities are None
    without a meter, and where the meter does not know.
    """

    number: int
    name: str
    state: str
    lock: str
    pending: str | None
    active_power_w: float | None
    current_a: float | None
    energy_wh: float | None
    plain: Plain = field(repr=False, compare=False)

    @property
    def is_on(self) -> bool:
        return self.state == "on"

    @staticmethod
    def of(plain: Plain) -> Outlet:
        """Raises KeyError or TypeError where it is none."""
        meter: Plain = plain["meter"] or {}
        pending: Plain | None = plain["pending"]
        return Outlet(
            number=plain["number"],
            name=plain["name"],
            state=plain["state"],
            lock=plain["lock"],
            pending=None if pending is None else pending["action"],
            active_power_w=meter.get("active_power_w"),
            current_a=meter.get("current_a"),
            energy_wh=meter.get("energy_wh"),
            plain=plain,
        )


@dataclass(frozen=True, slots=True)
class Switched:
    """changed: whether anything had to be done. verified: whether the relay was seen to do so;
    None where nobody can tell, or not yet. reason: which of these, in words.
    """

    changed: bool
    verified: bool | None
    reason: str
    outlet: Outlet

    @staticmethod
    def of(plain: Plain) -> Switched:
        return Switched(
            plain["changed"],
            plain["verified"],
            plain["verified_reason"],
            Outlet.of(plain["outlet"]),
        )


@dataclass(frozen=True, slots=True)
class Event:
    """Of the stream. kind: "readings", "state", "alarm" or "reset": after the last of these, read
    everything anew, for something was missed.
    """

    id: str
    kind: str
    plain: Plain


@dataclass(frozen=True, slots=True)
class Curve:
    """One value for each step_s from start on; None is a gap, in which nobody measured."""

    start: datetime
    step_s: int
    unit: str
    minimum: tuple[float | None, ...]
    average: tuple[float | None, ...]
    maximum: tuple[float | None, ...]
    last: tuple[float | None, ...]

    @staticmethod
    def of(plain: Plain) -> Curve:
        return Curve(
            datetime.fromisoformat(plain["start"].replace("Z", "+00:00")),
            plain["step_s"],
            plain["unit"],
            tuple(plain["minimum"]),
            tuple(plain["average"]),
            tuple(plain["maximum"]),
            tuple(plain["last"]),
        )
