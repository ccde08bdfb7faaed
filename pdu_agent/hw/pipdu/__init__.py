# SPDX-License-Identifier: Apache-2.0
"""PiPDU's board: an Arduino with sixteen relays and sixteen current sensors on one serial line.

Letters switch relays, without an acknowledgement; lines of sixteen numbers tell what flows
(the project's published firmware). One thread owns the port and serves both drivers.
"""

from pdu_agent.hw.pipdu.meter import PipduMeter, PipduMeterSettings
from pdu_agent.hw.pipdu.relays import PipduBank, PipduRelaySettings

__all__ = ["PipduBank", "PipduMeter", "PipduMeterSettings", "PipduRelaySettings"]
