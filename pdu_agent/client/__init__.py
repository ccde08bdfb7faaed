# SPDX-License-Identifier: Apache-2.0
"""A unit over its HTTP API, for scripts: see docs/python-client.md.

Standard library only, and nothing of the agent: the folder can be copied. From above:

    Unit        one unit: its outlets, switching, readings, history
    Outlet, Switched, Curve, Event   what it answers
    UnitError   every failure: Refused (the unit said no, and why), Unreachable, BadAnswer
"""

from __future__ import annotations

from pdu_agent.client.errors import BadAnswer, Refused, UnitError, Unreachable
from pdu_agent.client.rows import Curve, Event, Outlet, Switched
from pdu_agent.client.unit import Unit

__all__ = [
    "BadAnswer",
    "Curve",
    "Event",
    "Outlet",
    "Refused",
    "Switched",
    "Unit",
    "UnitError",
    "Unreachable",
]
