# SPDX-License-Identifier: Apache-2.0
"""Brultech ECM-1240: a meter with two mains channels and five auxiliary ones, on a serial line.

packet: bytes to packets. counters: two packets to energy. polling: who speaks when.
meter: the PowerMeter made of them.
"""

from pdu_agent.hw.ecm1240.meter import Ecm1240Meter, Ecm1240Settings

__all__ = ["Ecm1240Meter", "Ecm1240Settings"]
