# SPDX-License-Identifier: Apache-2.0
"""Where the sun stands, by the Astronomical Almanac's low-precision formulas (page C5): right
ascension and sidereal time, good to 0.01 degrees. The calendar goes by the equation of time.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
_EPOCH_2000_S = 946_728_000
ERROR_DEG = 0.02


def elevation_deg(wall_s: npt.ArrayLike, latitude: float, longitude: float) -> Floats:
    days = (np.asarray(wall_s, dtype=np.float64) - _EPOCH_2000_S) / 86_400
    mean = 280.460 + 0.9856474 * days
    anomaly = np.radians(357.528 + 0.9856003 * days)
    ecliptic = np.radians(mean + 1.915 * np.sin(anomaly) + 0.020 * np.sin(2 * anomaly))
    tilt = np.radians(23.439 - 0.0000004 * days)
    ascension = np.arctan2(np.cos(tilt) * np.sin(ecliptic), np.cos(ecliptic))
    declination = np.arcsin(np.sin(tilt) * np.sin(ecliptic))
    sidereal_h = 18.697374558 + 24.06570982441908 * days
    hour_angle = np.radians(sidereal_h % 24 * 15 + longitude) - ascension
    north = np.radians(latitude)
    sine = np.sin(north) * np.sin(declination)
    sine = sine + np.cos(north) * np.cos(declination) * np.cos(hour_angle)
    return np.degrees(np.arcsin(sine))


def crossings(
    wall_s: npt.NDArray[np.int64], height_deg: npt.NDArray[np.float64], limit_deg: float
) -> tuple[list[float], list[float]]:
    """When it rises through the limit and when it sets, between samples by their line."""
    above = height_deg >= limit_deg
    at = np.flatnonzero(above[1:] != above[:-1])
    part = (limit_deg - height_deg[at]) / (height_deg[at + 1] - height_deg[at])
    moments = wall_s[at] + part * np.diff(wall_s)[at]
    rising = above[at + 1]
    return moments[rising].tolist(), moments[~rising].tolist()


def unmatched(
    found: Sequence[float],
    expected: Sequence[float],
    limit_deg: float,
    latitude: float,
    longitude: float,
) -> list[float]:
    """Of either list what has no partner: within a minute, or, where the sun grazes the limit, at
    a height that is the limit's within what the formulas are good for.
    """
    lone = _lone(found, expected) + _lone(expected, found)
    if not lone:
        return []
    heights = elevation_deg(lone, latitude, longitude)
    grazing = np.abs(heights - limit_deg) <= ERROR_DEG
    flat = np.abs(elevation_deg(np.array(lone) + 60, latitude, longitude) - heights) < ERROR_DEG
    return [each for each, is_fair in zip(lone, grazing & flat, strict=True) if not is_fair]


def _lone(some: Sequence[float], others: Sequence[float]) -> list[float]:
    if not others:
        return list(some)
    near = np.asarray(sorted(others))
    at = np.clip(np.searchsorted(near, some), 1, len(near) - 1) if len(near) > 1 else None
    if at is None:
        return [each for each in some if abs(each - near[0]) > 60]
    distance = np.minimum(np.abs(near[at] - some), np.abs(near[at - 1] - some))
    return [each for each, far in zip(some, distance > 60, strict=True) if far]
