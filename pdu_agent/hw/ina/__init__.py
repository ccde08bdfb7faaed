# SPDX-License-Identifier: Apache-2.0
"""Texas Instruments INA219, INA226 and INA3221: volts and amperes of a DC supply, over I2C.

chips: how each is set up, and what its registers say. meter: the PowerMeter made of them. They
belong to the 5, 12 or 24 V side, never to the mains.
"""

from pdu_agent.hw.ina.chips import Ina219Settings, Ina226Settings, Ina3221Settings
from pdu_agent.hw.ina.meter import Ina219Meter, Ina226Meter, Ina3221Meter

__all__ = [
    "Ina219Meter",
    "Ina219Settings",
    "Ina226Meter",
    "Ina226Settings",
    "Ina3221Meter",
    "Ina3221Settings",
]
