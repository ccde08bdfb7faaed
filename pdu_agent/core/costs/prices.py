# SPDX-License-Identifier: Apache-2.0
"""What a kilowatt hour costs at a time and in a tariff."""

from __future__ import annotations

from datetime import UTC, datetime
from fractions import Fraction

from pdu_agent.core.costs.money import CURRENCIES
from pdu_agent.core.costs.settings import PriceList

NO_PRICES = "no prices are configured (`prices`)"


class Prices:
    """default_tariff: what energy without a tariff is booked to."""

    def __init__(self, prices: PriceList, default_tariff: str) -> None:
        self._settings = prices.settings
        self._series = prices.series
        self._file = prices.source
        self._default_tariff = default_tariff
        self._known = {
            name: Fraction(price.micros) for name, price in prices.settings.bands.items()
        }

    @property
    def currency(self) -> str:
        """Empty where there are no prices."""
        return self._settings.currency

    @property
    def digits(self) -> int:
        """Decimals in which amounts are shown."""
        return CURRENCIES.get(self.currency, 2)

    @property
    def by_time(self) -> bool:
        """Do prices change from hour to hour, rather than with the tariff?"""
        return self._series is not None

    @property
    def source(self) -> str:
        """Where the prices come from, for people."""
        if not self.currency:
            return NO_PRICES
        if self._series is not None:
            shape = "straight lines between" if self._series.is_linear else "steps of"
            return f"{shape} the prices in {self._file}"
        unit = f"{self.currency}/kWh"
        bands = [f"{name} {price} {unit}" for name, price in self._settings.bands.items()]
        if self._settings.per_kwh is not None:
            bands.append(f"{'else ' if bands else ''}{self._settings.per_kwh} {unit}")
        return f"configuration: {', '.join(bands) or 'no price of energy'}"

    @property
    def per_day(self) -> Fraction | None:
        """The fixed fee in units of the currency; None without one."""
        fee = self._settings.fixed_per_day
        return None if fee is None else Fraction(fee.micros, 1_000_000)

    def micros(self, tariff: str, begin_s: int, end_s: int) -> Fraction | None:
        """The mean price of a kWh over the span in millionths of the currency, None where there is
        none. What is used evenly over the span costs exactly that.
        """
        if self._series is not None:
            return self._series.mean(begin_s, end_s)
        found = self._known.get(tariff or self._default_tariff)
        if found is None and self._settings.per_kwh is not None:
            return Fraction(self._settings.per_kwh.micros)
        return found

    def why_none(self, tariff: str, begin_s: int) -> str:
        """Why there is no price then, for people."""
        if not self.currency:
            return NO_PRICES
        if self._series is not None:
            day = datetime.fromtimestamp(begin_s, UTC).date()
            return f"{self._file} has no price for some of {day} (UTC)"
        return f"`prices` has no price for tariff {tariff or self._default_tariff}"
