# SPDX-License-Identifier: Apache-2.0
"""What a lamp does, as a function of time."""

from __future__ import annotations

from enum import Enum

SLOW_HZ = 1.0
FAST_HZ = 4.0


class Pattern(Enum):
    """SLOW and FAST blink at SLOW_HZ and FAST_HZ."""

    OFF = "off"
    ON = "on"
    SLOW = "slow"
    FAST = "fast"


_HZ = {Pattern.SLOW: SLOW_HZ, Pattern.FAST: FAST_HZ}


def blinks(pattern: Pattern) -> bool:
    """Does it need attention between two changes of pattern?"""
    return pattern in _HZ


def is_lit(pattern: Pattern, t_s: float) -> bool:
    """Lamps that blink at one frequency blink together; t_s is monotonic."""
    if pattern in _HZ:
        return t_s * _HZ[pattern] % 1.0 < 0.5
    return pattern is Pattern.ON
