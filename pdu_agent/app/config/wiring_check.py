# SPDX-License-Identifier: Apache-2.0
"""Contradictions between the channels of a converter: voltages, currents, sums of conductors."""

from __future__ import annotations

from collections.abc import Iterator

from pdu_agent.app.config.checker import Checker
from pdu_agent.app.config.tree import Problems
from pdu_agent.app.config.wiring import CHANNELS_PER_CONVERTER, ResidualWiring, SampledWiring
from pdu_agent.model.commands import TargetKind

COARSE_FLOOR_A = 0.0005
"""A residual current channel with a larger noise floor hides what it is there to find."""


def wiring_check(checker: Checker, problems: Problems) -> None:
    """Report channels that are not wired or not what they are named as, and sums that are none;
    warn of a noise floor that hides residual currents.

    Works on whatever `checker` could read; that no channel is used twice is asked elsewhere.
    """
    for path, meter in checker.found("meters#"):
        if isinstance(meter.wiring, SampledWiring):
            wired = getattr(meter.options, "used_channels", CHANNELS_PER_CONVERTER)
            for place, text in _misfits(path, meter.wiring, wired):
                problems.error(checker.place(place), f"{place}: {text}")
            for place, text in _unwise(path, meter.wiring):
                problems.warn(checker.place(place), f"{place}: {text}")


def _unwise(path: str, wiring: SampledWiring) -> Iterator[tuple[str, str]]:
    for position, current in enumerate(wiring.currents):
        residual = current.feeds is not None and current.feeds.kind is TargetKind.RESIDUAL
        if residual and current.noise_floor_a > COARSE_FLOOR_A:
            yield (
                f"{path}.currents[{position}].noise_floor_a",
                f"{current.noise_floor_a:g} A is much for {current.feeds}; "
                "expected about 0.75 codes of this channel",
            )


def _misfits(path: str, wiring: SampledWiring, wired: int) -> Iterator[tuple[str, str]]:
    voltages = [wiring.voltage.channel, *(each.channel for each in wiring.other_voltages)]
    places = [f"{path}.voltage", *(f"{path}.other_voltages[{n}]" for n in range(len(voltages) - 1))]
    places += [f"{path}.currents[{n}]" for n in range(len(wiring.currents))]
    channels = voltages + [current.channel for current in wiring.currents]
    for place, channel in zip(places, channels, strict=True):
        if channel > wired:
            yield f"{place}.channel", f"{channel} exceeds used_channels, {wired}"
    in_sums = {channel for residual in wiring.residuals for channel in residual.channels}
    for position, current in enumerate(wiring.currents):
        place = f"{path}.currents[{position}]"
        if current.voltage is not None and current.voltage not in voltages:
            yield (
                f"{place}.voltage",
                f"channel {current.voltage} is no voltage; expected one of {_listed(voltages)}",
            )
        if current.feeds is None and current.channel not in in_sums:
            yield place, "neither `feeds` a metering point nor is in a sum of `residuals`"
    conductors = [
        current.channel
        for current in wiring.currents
        if current.feeds is None or current.feeds.kind is not TargetKind.RESIDUAL
    ]
    for position, residual in enumerate(wiring.residuals):
        yield from _odd_sums(f"{path}.residuals[{position}]", residual, conductors)


def _odd_sums(
    path: str, residual: ResidualWiring, conductors: list[int]
) -> Iterator[tuple[str, str]]:
    channels = residual.channels
    if len(channels) < 2:
        yield f"{path}.channels", f"{len(channels)} conductors, expected at least 2"
    for position, channel in enumerate(channels):
        place = f"{path}.channels[{position}]"
        if channel not in conductors:
            yield (
                place,
                f"channel {channel} is no conductor; expected some of {_listed(conductors)}",
            )
        if channel in channels[:position]:
            yield place, f"channel {channel} is named twice"
    for name in ("null_gains", "null_corners_hz"):
        nulls = getattr(residual, name)
        if nulls and len(nulls) != len(channels):
            yield f"{path}.{name}", f"{len(nulls)} values, expected {len(channels)}, as channels"


def _listed(channels: list[int]) -> str:
    return ", ".join(map(str, channels)) or "none"
