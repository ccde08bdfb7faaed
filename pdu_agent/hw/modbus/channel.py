# SPDX-License-Identifier: Apache-2.0
"""One channel of a meter: from the numbers in its registers to quantities and energy. No I/O."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pdu_agent.hw.electrical import completed
from pdu_agent.hw.modbus.energy import Restart, StepCounter
from pdu_agent.hw.modbus.register_map import (
    ACTIVE_ENERGY,
    EXPORT,
    IMPORT,
    QUANTITIES,
    REACTIVE_ENERGY,
    Value,
    is_tariff,
)
from pdu_agent.model.quantities import Electrical, Quality

MAX_POWER_MARGIN = 1.2


class Implausible(Exception):
    """A register says what cannot be."""


@dataclass(frozen=True, slots=True)
class Passed:
    """The time since the registers were last read.

    span_s: None before the first time. is_gap: so long that power times it means nothing.
    """

    span_s: float | None
    is_gap: bool
    max_power_w: float

    def most(self, meter_w: float) -> int:
        """Millijoules that cannot have been exceeded; the host's delays are in the margin.

        meter_w: the most that the meter can carry whatever the settings say.
        """
        most_w = min(self.max_power_w, meter_w) * MAX_POWER_MARGIN
        return math.ceil(most_w * (self.span_s or 0.0) * 1000)

    def times(self, before: float | None, now: float | None) -> int | None:
        """Energy of a power that went from `before` to `now`; None where it is not known."""
        if self.span_s is None or self.is_gap or before is None or now is None:
            return None
        return round((before + now) / 2 * self.span_s * 1000)


def quantities(values: Mapping[str, Value], raw: Mapping[str, int | float]) -> dict[str, float]:
    """Each quantity in our unit; energy in whole millijoules (an int).

    Raises Implausible for one that is beyond its range or not a number.
    """
    found: dict[str, float] = {}
    for name, value in values.items():
        number = raw[name]
        if not math.isfinite(number):
            raise Implausible(f"{name} is {number}")
        if QUANTITIES[name].is_energy:
            ours: float = (
                round(number * value.scale)
                if isinstance(number, int)
                else round(number * float(value.scale))
            )
        else:
            ours = number * float(value.scale)
        if not value.minimum <= ours <= value.maximum:
            raise Implausible(f"{name} is {ours:g}")
        found[name] = ours
    return found


def electrical(found: Mapping[str, float]) -> Electrical:
    """What the channel shows now; None where the meter has no register for it."""
    return completed(
        Electrical(
            voltage_v=found.get("voltage"),
            current_a=found.get("current"),
            active_power_w=found.get("active_power"),
            apparent_power_va=found.get("apparent_power"),
            reactive_power_var=found.get("reactive_power"),
            power_factor=found.get("power_factor"),
            frequency_hz=found.get("frequency"),
            quality=Quality.OK,
        )
    )


def tariffs(found: Mapping[str, float]) -> dict[str, int]:
    """The meter's own tariff registers, in millijoules or millivar seconds."""
    return {name: int(value) for name, value in found.items() if is_tariff(name)}


class ChannelEnergy:
    """One kind of energy of one channel: of its registers and its power, or of power alone.

    A register that counts import is paired with one that counts export; one that does not
    tell the direction is published as it counts, upwards.
    """

    def __init__(self, energy: str, power: str, values: Mapping[str, Value]) -> None:
        """energy: active_energy or reactive_energy. power: the quantity that fills it."""
        self._power = power
        limits = values.get(power)
        self._most_w = math.inf if limits is None else max(abs(limits.minimum), abs(limits.maximum))
        names = {energy + IMPORT: 1, energy + EXPORT: -1}
        if not names.keys() & values.keys():
            names = {energy: 0}
        self._counters = {
            name: (sign, StepCounter(values[name].step, values[name].wraps_at))
            for name, sign in names.items()
            if name in values
        }
        self._last_power: float | None = None

    @property
    def restart(self) -> Restart | None:
        """Why the last `advance` gave nothing, where that is not as it should be."""
        found = (counter.restart for _, counter in self._counters.values())
        return next((reason for reason in found if reason is not None), None)

    @property
    def positions(self) -> tuple[int, ...]:
        """Two numbers of each register, after `advance`; see StepCounter.position."""
        return tuple(
            number for _, counter in self._counters.values() for number in counter.position
        )

    @property
    def width(self) -> int:
        """How many `positions` there are."""
        return 2 * len(self._counters)

    def resume(self, positions: Sequence[int]) -> None:
        """Go on from there."""
        pairs = zip(positions[::2], positions[1::2], strict=True)
        for (_, counter), pair in zip(self._counters.values(), pairs, strict=True):
            counter.resume(*pair)

    def advance(self, found: Mapping[str, float], passed: Passed) -> int | None:
        """Energy since the last call; None for the first one, and after a reset."""
        before, now = self._last_power, found.get(self._power)
        self._last_power = now
        if not self._counters:
            return passed.times(before, now)
        most = passed.most(self._most_w)
        parts = [
            (
                sign or 1,
                counter.advance(int(found[name]), _predicted(sign, before, now, passed), most),
            )
            for name, (sign, counter) in self._counters.items()
        ]
        known = [sign * part for sign, part in parts if part is not None]
        return sum(known) if len(known) == len(parts) else None


def _predicted(sign: int, before: float | None, now: float | None, passed: Passed) -> int | None:
    """What a register of that direction should have counted; 0: of both directions."""
    if before is None or now is None:
        return None
    one, other = (abs(before), abs(now)) if sign == 0 else (sign * before, sign * now)
    return passed.times(max(0.0, one), max(0.0, other))


def active(values: Mapping[str, Value]) -> ChannelEnergy:
    return ChannelEnergy(ACTIVE_ENERGY, "active_power", values)


def reactive(values: Mapping[str, Value]) -> ChannelEnergy:
    return ChannelEnergy(REACTIVE_ENERGY, "reactive_power", values)
