# SPDX-License-Identifier: Apache-2.0
"""The prices of a span of hours, looked up once for however many metering points."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import mul

from pdu_agent.core.costs.money import Total
from pdu_agent.core.costs.prices import Prices
from pdu_agent.model.history import HOUR_S, PointHours


@dataclass(frozen=True, slots=True)
class TariffPrices:
    """priced: (hours, numerators) of prices in micros of a kWh, by their denominator. missing:
    hours without a price, in order, and why. Hours are counted from the first one.
    """

    priced: Mapping[int, tuple[Sequence[int], Sequence[int]]]
    missing: Mapping[int, str]

    def add_to(self, total: Total, energy_mj: Sequence[int]) -> None:
        """What has a price; energy_mj: of each hour."""
        for denominator, (hours, numerators) in self.priced.items():
            used_mj = [energy_mj[hour] for hour in hours]
            total.add_part(sum(map(mul, used_mj, numerators)), denominator)


class HourPrices:
    """Of the hours that `like` has, in any tariff."""

    def __init__(self, prices: Prices, like: PointHours) -> None:
        self._prices = prices
        self._hours_s = range(like.begin_wall_s, like.end_wall_s, HOUR_S)
        self._found: dict[str, TariffPrices] = {}

    def of(self, tariff: str) -> TariffPrices:
        if self._prices.by_time:
            tariff = ""  # it makes no difference then
        if tariff not in self._found:
            self._found[tariff] = self._looked_up(tariff)
        return self._found[tariff]

    def _looked_up(self, tariff: str) -> TariffPrices:
        priced: dict[int, tuple[list[int], list[int]]] = {}
        missing: dict[int, str] = {}
        for hour, begin_s in enumerate(self._hours_s):
            price = self._prices.micros(tariff, begin_s, begin_s + HOUR_S)
            if price is None:
                missing[hour] = self._prices.why_none(tariff, begin_s)
                continue
            hours, numerators = priced.setdefault(price.denominator, ([], []))
            hours.append(hour)
            numerators.append(price.numerator)
        return TariffPrices(priced, missing)
