# SPDX-License-Identifier: Apache-2.0
"""What has to be known besides the energy to tell what it costs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, tzinfo

from pdu_agent.core.costs.prices import Prices
from pdu_agent.core.costs.settings import PriceList
from pdu_agent.core.costs.standby import WEEK_HOURS
from pdu_agent.core.metered.tariffs import TariffPlan

WEEK_S = WEEK_HOURS * 3600


@dataclass(frozen=True, slots=True)
class CostTerms:
    """zone: of days and months, None for the system's. plan: which tariff applies when."""

    prices: Prices
    plan: TariffPlan
    zone: tzinfo | None = None

    def week_prices(self, now_s: float) -> dict[int, float] | None:
        """Of a kWh in each hour of the week, as in the week until now; None where one is missing.

        An hour that daylight saving left out of that week has the price of the one before it.
        """
        found: dict[int, float] = {}
        end_s = int(now_s) // 3600 * 3600
        for begin_s in range(end_s - WEEK_S, end_s, 3600):
            tariff = self.plan.at_end_of(begin_s + 3600)
            micros = self.prices.micros(tariff, begin_s, begin_s + 3600)
            if micros is None:
                return None
            moment = datetime.fromtimestamp(begin_s, self.zone)
            found[moment.weekday() * 24 + moment.hour] = float(micros) / 1e6
        for hour in range(WEEK_HOURS):
            if hour not in found:
                found[hour] = found[(hour - 1) % WEEK_HOURS]
        return found


NO_TERMS = CostTerms(Prices(PriceList(), "standard"), TariffPlan((), "standard"))
"""Without prices and tariffs."""
