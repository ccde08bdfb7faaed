# SPDX-License-Identifier: Apache-2.0
"""TI ADS1015 and ADS1115 on I2C: a small meter of volts and amperes, not of watts."""

from pdu_agent.hw.ads1x15.meter import Ads1015Meter, Ads1115Meter
from pdu_agent.hw.ads1x15.settings import (
    Ads1015Settings,
    Ads1115Settings,
    CurrentInput,
    VoltageInput,
)

__all__ = [
    "Ads1015Meter",
    "Ads1015Settings",
    "Ads1115Meter",
    "Ads1115Settings",
    "CurrentInput",
    "VoltageInput",
]
