# SPDX-License-Identifier: Apache-2.0
"""How PowerNet-MIB writes the numbers of a UPS, and those that only its driver has a name for."""

from __future__ import annotations

from pdu_agent.mib_impl.syntax import Gauge32, Integer32
from pdu_agent.model.ups import Ups

WHOLE, TENTHS = Gauge32(), Gauge32(scale=10)
SIGNED, SIGNED_TENTHS = Integer32(), Integer32(scale=10)
COUNT = Integer32(0)


def told_by_driver(ups: Ups, variable: str) -> float | None:
    """A number by NUT's name; None if it is missing or no number."""
    try:
        return float(ups.variables[variable])
    except (KeyError, ValueError):
        return None
