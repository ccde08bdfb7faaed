# SPDX-License-Identifier: Apache-2.0
"""When the sun passes a height, by the equations of Meeus, Astronomical Algorithms, chapter 25, as
NOAA's solar calculator uses them. They are right within a second of arc for centuries around 2000;
refraction at the horizon, which nobody can know, moves sunrise by more.
"""

from __future__ import annotations

import math
from enum import Enum

from pdu_agent.core.calendar.occurrence import Place
from pdu_agent.core.calendar.settings import SunEvent, Twilight

_DAY_S = 86_400
_HALF_DAY_S = 43_200
_EPOCH_2000_S = 946_728_000  # 2000-01-01 12:00 UTC
_CENTURY_S = 36_525 * _DAY_S
_HORIZON_DEG = -0.833  # refraction of 34' and the sun's radius of 16'
_DEPTH_DEG = {Twilight.CIVIL: -6.0, Twilight.NAUTICAL: -12.0, Twilight.ASTRONOMICAL: -18.0}
_RISING = (SunEvent.SUNRISE, SunEvent.DAWN)


class Never(Enum):
    """Where the sun stays, all that day."""

    ABOVE = "above"
    BELOW = "below"


def sun_wall_s(
    local_noon_s: int, place: Place, event: SunEvent, twilight: Twilight = Twilight.CIVIL
) -> int | Never:
    """Seconds since 1970 of the event around the solar noon that is nearest to local_noon_s.

    What belongs to a day are the rise before its noon and the setting after it, even where that
    comes past midnight.
    """
    noon_s = _solar_noon_s(local_noon_s, place)
    if event is SunEvent.NOON:
        return round(noon_s)
    height = _HORIZON_DEG
    if event in (SunEvent.DAWN, SunEvent.DUSK):
        height = _DEPTH_DEG[twilight]
    up_s, down_s = noon_s, noon_s + (-_HALF_DAY_S if event in _RISING else _HALF_DAY_S)
    if elevation_deg(up_s, place) <= height:
        return Never.BELOW
    if elevation_deg(down_s, place) >= height:
        return Never.ABOVE
    while abs(up_s - down_s) > 0.5:
        middle_s = (up_s + down_s) / 2
        if elevation_deg(middle_s, place) > height:
            up_s = middle_s
        else:
            down_s = middle_s
    return round(down_s)


def elevation_deg(wall_s: float, place: Place) -> float:
    """Of the sun's centre, without refraction."""
    declination, time_equation_s = _sun(wall_s)
    solar_s = wall_s + time_equation_s + place.longitude * 240
    hour_angle = math.radians(solar_s % _DAY_S / 240 - 180)
    latitude = math.radians(place.latitude)
    sine = math.sin(latitude) * math.sin(declination)
    sine += math.cos(latitude) * math.cos(declination) * math.cos(hour_angle)
    return math.degrees(math.asin(max(-1.0, min(1.0, sine))))


def _solar_noon_s(local_noon_s: int, place: Place) -> float:
    mean_s = _HALF_DAY_S - place.longitude * 240
    mean_s += round((local_noon_s - mean_s) / _DAY_S) * _DAY_S
    noon_s = mean_s - _sun(mean_s)[1]
    return mean_s - _sun(noon_s)[1]


def _sun(wall_s: float) -> tuple[float, float]:
    """Declination in radians, and by how many seconds a sundial is ahead of mean time."""
    t = (wall_s - _EPOCH_2000_S) / _CENTURY_S
    mean_longitude = math.radians((280.46646 + t * (36_000.76983 + t * 0.0003032)) % 360)
    anomaly = math.radians((357.52911 + t * (35_999.05029 - t * 0.0001537)) % 360)
    eccentricity = 0.016708634 - t * (0.000042037 + t * 0.0000001267)
    centre = math.sin(anomaly) * (1.914602 - t * (0.004817 + t * 0.000014))
    centre += math.sin(2 * anomaly) * (0.019993 - t * 0.000101) + math.sin(3 * anomaly) * 0.000289
    node = math.radians(125.04 - 1934.136 * t)
    longitude = mean_longitude + math.radians(centre - 0.00569 - 0.00478 * math.sin(node))
    tilt = 23.4392911 - t * (0.0130042 + t * (0.00000016 - t * 0.000000504))
    tilt = math.radians(tilt + 0.00256 * math.cos(node))
    y = math.tan(tilt / 2) ** 2
    equation = (
        y * math.sin(2 * mean_longitude)
        - 2 * eccentricity * math.sin(anomaly)
        + 4 * eccentricity * y * math.sin(anomaly) * math.cos(2 * mean_longitude)
        - y * y / 2 * math.sin(4 * mean_longitude)
        - 1.25 * eccentricity**2 * math.sin(2 * anomaly)
    )
    return math.asin(math.sin(tilt) * math.sin(longitude)), math.degrees(equation) * 240
