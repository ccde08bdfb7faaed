# SPDX-License-Identifier: Apache-2.0
"""Two packets of the ECM-1240 in, the energy between them out; or why there is none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum

from pdu_agent.hw.ecm1240.packet import AUX_CHANNELS, MAIN_CHANNELS, Packet

MAIN_NAMES = tuple(f"ch{number}" for number in range(1, MAIN_CHANNELS + 1))
AUX_NAMES = tuple(f"aux{number}" for number in range(1, AUX_CHANNELS + 1))
CHANNEL_NAMES = MAIN_NAMES + AUX_NAMES

MAIN_MODULUS = 1 << 40
AUX_MODULUS = 1 << 32
SECONDS_MODULUS = 1 << 24
MILLIJOULES_PER_WATT_SECOND = 1000

MAX_POWER_MARGIN = 1.2
CLOCK_TOLERANCE_S = 60.0
"""How far the meter's seconds may be from the host's: a packet may wait that long in a
buffer while the host is busy. A reset misses by days, since the counter holds 194 of them."""
CLOCK_TOLERANCE = 0.05
ROUNDING_WS = 1
"""Absolute and polarized energy are rounded to whole watt-seconds each for itself."""


class Sign(Enum):
    """What a mains channel publishes."""

    ABSOLUTE = "absolute"  # energy in both directions, as counted
    BRULTECH = "brultech"  # net = absolute - 2 * polarized: polarized is the exported part
    BTMON = "btmon"  # net = 2 * polarized - absolute: polarized is the imported part


class Restart(Enum):
    """Why no figure may be derived from two packets; counting goes on from the newer one."""

    OTHER_METER = "another meter answers on this line"
    RESET_COUNTER = "the meter's reset counter changed"
    NO_TIME = "the meter's seconds counter stands still"
    BACKWARDS = "the meter's seconds counter ran backwards"
    CLOCK_MISMATCH = "the meter's seconds counter does not fit the time that passed"
    TOO_MUCH = "a counter grew by more than max_power_w allows"
    POLARIZED = "a polarized counter grew by more than its absolute one"


@dataclass(frozen=True, slots=True)
class Interval:
    """What the meter counted between two packets.

    span_s is the meter's own time, at least 1. energy_mj is exact and holds every channel;
    None where the counter may have wrapped unseen (a gap longer than its range lasts).
    """

    span_s: int
    energy_mj: Mapping[str, int | None]

    def power_w(self, channel: str) -> float | None:
        """Mean power of the interval."""
        energy_mj = self.energy_mj[channel]
        return None if energy_mj is None else energy_mj / 1000 / self.span_s


def between(
    old: Packet,
    new: Packet,
    elapsed_s: float,
    max_power_w: float,
    signs: Mapping[str, Sign],
) -> Interval | Restart:
    """What happened from `old` to `new`, which the host received elapsed_s seconds later.

    The counters are modular; a wrap and a reset look alike for one of them alone, so all of
    them have to be plausible together. max_power_w is the most that one channel can carry.
    signs: for each mains channel, "ch1" and "ch2". A gap is no obstacle: the meter counted on.
    """
    span_s = (new.seconds - old.seconds) % SECONDS_MODULUS
    restart = _identity_trouble(old, new) or _time_trouble(old, new, span_s, elapsed_s)
    if restart is not None:
        return restart
    absolute_ws = _deltas(old.absolute_ws, new.absolute_ws, MAIN_MODULUS)
    polarized_ws = _deltas(old.polarized_ws, new.polarized_ws, MAIN_MODULUS)
    aux_ws = _deltas(old.aux_ws, new.aux_ws, AUX_MODULUS)
    limit_ws = max_power_w * span_s * MAX_POWER_MARGIN
    if max(absolute_ws + aux_ws) > limit_ws:
        return Restart.TOO_MUCH
    if any(
        part > whole + ROUNDING_WS for part, whole in zip(polarized_ws, absolute_ws, strict=True)
    ):
        return Restart.POLARIZED

    energy_mj: dict[str, int | None] = dict.fromkeys(CHANNEL_NAMES)
    if limit_ws < MAIN_MODULUS:
        for name, whole, part in zip(MAIN_NAMES, absolute_ws, polarized_ws, strict=True):
            energy_mj[name] = _signed(whole, part, signs[name]) * MILLIJOULES_PER_WATT_SECOND
    if limit_ws < AUX_MODULUS:
        for name, counted in zip(AUX_NAMES, aux_ws, strict=True):
            energy_mj[name] = counted * MILLIJOULES_PER_WATT_SECOND
    return Interval(span_s, energy_mj)


COUNTER_NUMBERS = 6
"""Serial number, unit, reset counter, the meter's seconds, absolute and polarized Ws."""


def counter_of(packet: Packet, channel: str) -> tuple[int, ...]:
    """What `with_counter` needs to know of a packet; polarized: 0 for aux channels."""
    if channel in MAIN_NAMES:
        position = MAIN_NAMES.index(channel)
        counted_ws = packet.absolute_ws[position], packet.polarized_ws[position]
    else:
        counted_ws = packet.aux_ws[AUX_NAMES.index(channel)], 0
    return (
        packet.serial_number,
        packet.unit_id,
        packet.reset_counter,
        packet.seconds,
        *counted_ws,
    )


def with_counter(packet: Packet, channel: str, numbers: tuple[int, ...]) -> Packet:
    """A packet as it was when `counter_of` gave these numbers; other channels stay as they are."""
    serial_number, unit_id, resets, seconds, absolute_ws, polarized_ws = numbers
    old = replace(
        packet, serial_number=serial_number, unit_id=unit_id, flag=resets, seconds=seconds
    )
    if channel not in MAIN_NAMES:
        position = AUX_NAMES.index(channel)
        return replace(old, aux_ws=_put(packet.aux_ws, position, absolute_ws))
    position = MAIN_NAMES.index(channel)
    return replace(
        old,
        absolute_ws=_put(packet.absolute_ws, position, absolute_ws),
        polarized_ws=_put(packet.polarized_ws, position, polarized_ws),
    )


def _put(numbers: tuple[int, ...], position: int, number: int) -> tuple[int, ...]:
    return (*numbers[:position], number, *numbers[position + 1 :])


def _identity_trouble(old: Packet, new: Packet) -> Restart | None:
    if (old.serial_number, old.unit_id) != (new.serial_number, new.unit_id):
        return Restart.OTHER_METER
    if old.reset_counter != new.reset_counter:
        return Restart.RESET_COUNTER
    return None


def _time_trouble(old: Packet, new: Packet, span_s: int, elapsed_s: float) -> Restart | None:
    """A true wrap of the seconds counter fits the host's time; anything else does not."""
    if span_s == 0:
        return Restart.NO_TIME
    tolerance_s = max(CLOCK_TOLERANCE_S, CLOCK_TOLERANCE * elapsed_s)
    if abs(span_s - elapsed_s) <= tolerance_s:
        return None
    return Restart.BACKWARDS if new.seconds < old.seconds else Restart.CLOCK_MISMATCH


def _deltas(old: tuple[int, ...], new: tuple[int, ...], modulus: int) -> tuple[int, ...]:
    return tuple((after - before) % modulus for before, after in zip(old, new, strict=True))


def _signed(absolute_ws: int, polarized_ws: int, sign: Sign) -> int:
    if sign is Sign.BRULTECH:
        return absolute_ws - 2 * polarized_ws
    if sign is Sign.BTMON:
        return 2 * polarized_ws - absolute_ws
    return absolute_ws
