# SPDX-License-Identifier: Apache-2.0
"""Chipsea CSE7766 and Hiliwi HLW8032: mains meters that send a frame about every 50 ms.

frames: bytes to frames. pulses: energy from the pulse counter. meter: the PowerMeter made of
them. The chip is on mains potential: its line needs an isolator.
"""

from pdu_agent.hw.cse7766.meter import Cse7766Meter, Cse7766Settings

__all__ = ["Cse7766Meter", "Cse7766Settings"]
