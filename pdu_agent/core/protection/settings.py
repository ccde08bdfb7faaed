# SPDX-License-Identifier: Apache-2.0
"""What a cap is set to: how much a feeder may carry before outlets go off."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from pdu_agent.model.commands import CapSetting, Quantity, Target, TargetKind
from pdu_agent.model.errors import InvalidValue
from pdu_agent.model.record import Override
from pdu_agent.model.settings import setting

MAX_CAPS = 16
DEFAULT_MARGIN = 0.05
UNIT = Target(TargetKind.UNIT, 1)
CAPPED_KINDS = (TargetKind.UNIT, TargetKind.INLET, TargetKind.LINE, TargetKind.BRANCH)
LARGEST = {Quantity.ACTIVE_POWER: 1e6, Quantity.CURRENT: 1000.0}
SMALLEST = {Quantity.ACTIVE_POWER: 1.0, Quantity.CURRENT: 0.1}


@dataclass(frozen=True, slots=True)
class CapSettings:
    """One entry of `caps`; exactly one of limit_w and limit_a is given."""

    LABELS: ClassVar = ("number",)

    number: int = setting(minimum=1, maximum=MAX_CAPS)
    name: str = setting("", max_length=32, doc="default: Cap N")
    target: Target = setting(UNIT, doc="unit 1 (all inlets), or an inlet, line or branch")
    limit_w: float | None = setting(None, minimum=1, maximum=1e6, doc="watts that it may carry")
    limit_a: float | None = setting(None, minimum=0.1, maximum=1000, doc="or so many amperes")
    margin: float | None = setting(
        None,
        minimum=0,
        maximum=1e6,
        doc="room left below the limit when outlets return; default: a twentieth of it",
    )
    delay_s: float = setting(
        0.0, minimum=0, maximum=60, doc="how long it may be exceeded; 0: not at all"
    )
    restore_after_s: float = setting(
        30.0, minimum=1, maximum=3600, doc="for how long there must be room before one returns"
    )
    enabled: bool = setting(True)

    @property
    def quantity(self) -> Quantity:
        return Quantity.CURRENT if self.limit_w is None else Quantity.ACTIVE_POWER

    @property
    def source(self) -> str:
        """What its holds, its actor and its alarm are called."""
        return f"cap {self.number}"

    def path(self, which: CapSetting) -> str:
        """The key of an Override of it."""
        return f"{self.source} {which.value}"

    def limit(self, overrides: Mapping[str, Override]) -> float:
        """As it stands now, in the unit of the quantity."""
        base = self._limit_of_file
        override = overrides.get(self.path(CapSetting.LIMIT))
        return float(override.value) if override and override.base == base else base

    def margin_at(self, overrides: Mapping[str, Override]) -> float:
        """As limit."""
        override = overrides.get(self.path(CapSetting.MARGIN))
        if override and override.base == self.margin:
            return float(override.value)
        return DEFAULT_MARGIN * self.limit(overrides) if self.margin is None else self.margin

    def override(self, which: CapSetting, value: object) -> Override:
        """Raises InvalidValue for what is no limit or margin."""
        is_limit = which is CapSetting.LIMIT
        smallest = SMALLEST[self.quantity] if is_limit else 0.0
        largest, unit = LARGEST[self.quantity], unit_of(self.quantity)
        what = self.path(which)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise InvalidValue(f"{what}: {value!r} is not a number")
        if not smallest <= value <= largest:
            raise InvalidValue(
                f"{what}: {value:g} {unit} is outside {smallest:g} to {largest:g} {unit}"
            )
        return Override(float(value), self._limit_of_file if is_limit else self.margin)

    @property
    def _limit_of_file(self) -> float:
        limit = self.limit_a if self.limit_w is None else self.limit_w
        return limit if limit is not None else LARGEST[self.quantity]


def unit_of(quantity: Quantity) -> str:
    return "A" if quantity is Quantity.CURRENT else "W"
