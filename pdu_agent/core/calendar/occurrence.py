# SPDX-License-Identifier: Apache-2.0
"""One time at which a plan is due, and where on earth the unit stands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from pdu_agent.model.terms import Action


@dataclass(frozen=True, slots=True)
class Place:
    """Degrees: north and east are positive."""

    latitude: float
    longitude: float


@dataclass(frozen=True, slots=True)
class Occurrence:
    """wall_s: whole seconds since 1970. day: the local day it is planned for; an offset, chance or
    the sun may have taken it out of that. action: of presence, Action.ON or Action.OFF; None where
    the plan says what is done.
    """

    wall_s: int
    day: date
    action: Action | None = None
