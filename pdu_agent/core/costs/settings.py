# SPDX-License-Identifier: Apache-2.0
"""What the section `prices` may say."""

from __future__ import annotations

from dataclasses import dataclass, field

from pdu_agent.core.costs.money import CURRENCIES, Price
from pdu_agent.core.costs.series import PriceSeries
from pdu_agent.model.errors import ConfigError
from pdu_agent.model.settings import setting


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceSettings:
    """The `prices` section. Without a currency there are no prices.

    Raises ConfigError for a currency that is none, prices without one, and prices from both
    the section and a file.
    """

    currency: str = setting("", max_length=3, doc='ISO 4217, such as EUR; "": no prices')
    per_kwh: Price | None = setting(None, doc="of what is in none of `bands`")
    bands: dict[str, Price] = setting(default_factory=dict, doc="tariff: price of a kWh")
    file: str = setting(
        "", max_length=4096, doc="CSV of times and prices of a kWh, relative to this file"
    )
    interpolation: str = setting(
        "step", choices=("step", "linear"), doc="between two prices of the file"
    )
    fixed_per_day: Price | None = setting(None, doc="beside the energy, for each day begun")

    def __post_init__(self) -> None:
        prices = self.per_kwh is not None or self.bands or self.fixed_per_day is not None
        if not self.currency:
            if prices or self.file:
                raise ConfigError("currency is missing; expected three letters such as EUR")
            return
        if self.currency not in CURRENCIES:
            raise ConfigError(
                f"currency: {self.currency!r} is no money in use; expected a code of ISO 4217"
                " such as EUR"
            )
        if self.file and (self.per_kwh is not None or self.bands):
            raise ConfigError("file: gives the price of a kWh; expected no per_kwh or bands beside")


@dataclass(frozen=True, slots=True)
class PriceList:
    """The section, with what its file says. source: the file's path, empty without one."""

    settings: PriceSettings = field(default_factory=PriceSettings)
    series: PriceSeries | None = None
    source: str = ""
