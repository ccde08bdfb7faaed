# SPDX-License-Identifier: Apache-2.0
"""Prices that change with time: a step or a straight line from each to the next."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Sequence
from fractions import Fraction

NO_PRICE = -(2**63)
"""In place of micros: from that time on there is no price."""


class PriceSeries:
    """times_s: rising, whole seconds since 1970, two at least. micros: the price of a kWh at each
    time in millionths of the currency, or NO_PRICE.

    A step holds until the next time; the last one as long as the one before it. A line ends
    with the last time. Outside of that, and next to NO_PRICE, there is no price.
    """

    def __init__(self, times_s: Sequence[int], micros: Sequence[int], is_linear: bool) -> None:
        self._times_s = array("q", times_s)
        self._micros = array("q", micros)
        self.is_linear = is_linear
        if not is_linear:
            self._times_s.append(2 * times_s[-1] - times_s[-2])
            self._micros.append(NO_PRICE)

    @property
    def begin_s(self) -> int:
        return self._times_s[0]

    @property
    def end_s(self) -> int:
        """There is no price from then on."""
        return self._times_s[-1]

    def mean(self, begin_s: int, end_s: int) -> Fraction | None:
        """The mean price over the span, in micros; None unless all of it has one.

        Energy that is used evenly over the span costs exactly that.
        """
        if not self.begin_s <= begin_s < end_s <= self.end_s:
            return None
        total, at_s = Fraction(0), begin_s
        place = bisect_right(self._times_s, begin_s) - 1
        whole = 0  # integers as far as it goes: a bill asks for each hour of a year
        while at_s < end_s:
            until_s = min(self._times_s[place + 1], end_s)
            first, second = self._micros[place], self._micros[place + 1]
            if first == NO_PRICE or (self.is_linear and second == NO_PRICE):
                return None
            whole += first * (until_s - at_s)
            if self.is_linear:
                total += self._rise(place, at_s, until_s)
            at_s, place = until_s, place + 1
        return (total + whole) / (end_s - begin_s)

    def _rise(self, place: int, at_s: int, until_s: int) -> Fraction:
        """Over part of a line: the area above the price that it begins with, in micros times s."""
        since_s, after_s = self._times_s[place], self._times_s[place + 1]
        grown = self._micros[place + 1] - self._micros[place]
        twice = grown * (at_s + until_s - 2 * since_s) * (until_s - at_s)
        return Fraction(twice, 2 * (after_s - since_s))
