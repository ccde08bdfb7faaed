# SPDX-License-Identifier: Apache-2.0
"""Nulls in the calibration file: what makes the conductors of a residual sum match.

A null belongs to the channels that it was found with, trims included: when one of them is scaled
another way now, it would bring in the error that it is there to take off, and is void.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from pdu_agent.app.config.schema import MeterSettings
from pdu_agent.app.config.wiring import CHANNELS_PER_CONVERTER, SampledWiring
from pdu_agent.app.wiring import meter_channels
from pdu_agent.metering.calibration import ChannelScale
from pdu_agent.model.settings import setting

_SAME = 1e-6
_SAME_DELAY_S = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class NullCalibration:
    """The null of one residual sum; every tuple goes by `channels`.

    units_per_count (A per code, trims included), ct_corners_hz, phase_delays_s: the channels as
    they were. before_a, after_a: RMS of the sum as shown before it, and with it.
    """

    LABELS: ClassVar = ("meter", "inlet")

    meter: str = setting(max_length=32)
    inlet: int = setting(minimum=1, maximum=8)
    channels: tuple[int, ...] = setting(
        minimum=1, maximum=CHANNELS_PER_CONVERTER, max_length=CHANNELS_PER_CONVERTER
    )
    units_per_count: tuple[float, ...] = setting(
        minimum=-1e6, maximum=1e6, max_length=CHANNELS_PER_CONVERTER, doc="trims included"
    )
    ct_corners_hz: tuple[float, ...] = setting(
        minimum=0, maximum=20, max_length=CHANNELS_PER_CONVERTER
    )
    phase_delays_s: tuple[float, ...] = setting(
        minimum=-0.001, maximum=0.001, max_length=CHANNELS_PER_CONVERTER
    )
    null_gains: tuple[float, ...] = setting(
        minimum=-0.1, maximum=0.1, max_length=CHANNELS_PER_CONVERTER
    )
    null_corners_hz: tuple[float, ...] = setting(
        minimum=-5, maximum=5, max_length=CHANNELS_PER_CONVERTER
    )
    before_a: float = setting(minimum=0, maximum=1e4)
    after_a: float = setting(minimum=0, maximum=1e4)
    date: str = setting("", max_length=10, doc="of the measurement, such as 2027-01-31")


def conductors(
    wiring: SampledWiring, volts_per_count: float, channels: Iterable[int]
) -> tuple[ChannelScale, ...]:
    """The scales of these channels, from 1 on. Raises KeyError for one that is not wired."""
    found = meter_channels(wiring, volts_per_count)
    scales = dict(zip(found.rows, found.scales, strict=True))
    return tuple(scales[channel - 1] for channel in channels)


def unfit(entry: NullCalibration, meters: Iterable[MeterSettings]) -> str:
    """Why the null is void; empty where it serves."""
    where = f"residual current of inlet {entry.inlet} on meter {entry.meter!r}"
    scales = next((found for meter in meters if (found := _conductors_of(meter, entry))), None)
    if scales is None:
        return f"there is no {where} as a sum of conductors: this null serves nothing"
    if _is_of(entry, scales):
        return ""
    return (
        f"the {where} was nulled with other channels, or other trims of them, so its null is"
        f" not used; null it again: openpdu calibrate {entry.meter} --null {entry.inlet}"
    )


def nulled(meter: MeterSettings, entries: Iterable[NullCalibration]) -> MeterSettings:
    """The meter with those of the nulls that are its own."""
    if not isinstance(meter.wiring, SampledWiring):
        return meter
    mine = {entry.inlet: entry for entry in entries if entry.meter == meter.name}
    return replace(meter, wiring=with_nulls(meter.wiring, mine.values()))


def with_nulls(wiring: SampledWiring, entries: Iterable[NullCalibration]) -> SampledWiring:
    """The wiring with these nulls of its sums."""
    by_inlet = {entry.inlet: entry for entry in entries}
    residuals = tuple(
        replace(each, null_gains=entry.null_gains, null_corners_hz=entry.null_corners_hz)
        if (entry := by_inlet.get(each.inlet)) is not None
        else each
        for each in wiring.residuals
    )
    return replace(wiring, residuals=residuals)


def _conductors_of(meter: MeterSettings, entry: NullCalibration) -> dict[int, ChannelScale] | None:
    """Channel from 1 on -> scale, of the sum that is nulled; None where it is not this meter's."""
    if meter.name != entry.meter or not isinstance(meter.wiring, SampledWiring):
        return None
    for residual in meter.wiring.residuals:
        if residual.inlet == entry.inlet:
            found = conductors(meter.wiring, meter.options.volts_per_count, residual.channels)
            return dict(zip(residual.channels, found, strict=True))
    return None


def _is_of(entry: NullCalibration, conductors: Mapping[int, ChannelScale]) -> bool:
    """Are the channels still what they were? Never with a list that is too short or too long."""
    if tuple(conductors) != entry.channels:
        return False
    if not len(conductors) == len(entry.null_gains) == len(entry.null_corners_hz):
        return False
    scales = tuple(conductors.values())
    return (
        _alike(entry.units_per_count, [scale.units for scale in scales], _SAME, 0.0)
        and _alike(entry.ct_corners_hz, [scale.ct_corner_hz for scale in scales], _SAME, _SAME)
        and _alike(
            entry.phase_delays_s, [scale.phase_delay_s for scale in scales], 0.0, _SAME_DELAY_S
        )
    )


def _alike(then: Sequence[float], now: Sequence[float], relative: float, absolute: float) -> bool:
    return len(then) == len(now) and all(
        math.isclose(old, new, rel_tol=relative, abs_tol=absolute)
        for old, new in zip(then, now, strict=True)
    )
