# SPDX-License-Identifier: Apache-2.0
"""What the configuration says about costs, for who reckons them."""

from __future__ import annotations

from pdu_agent.app.config.schema import AgentSettings
from pdu_agent.app.config.time_zone import zone_of
from pdu_agent.core.costs.prices import Prices
from pdu_agent.core.costs.terms import CostTerms
from pdu_agent.core.metered.tariffs import TariffPlan


def cost_terms_of(settings: AgentSettings) -> CostTerms:
    usual, zone = settings.device.default_tariff, zone_of(settings.device.time_zone)
    return CostTerms(
        Prices(settings.prices, usual), TariffPlan(settings.tariffs, usual, zone), zone
    )
