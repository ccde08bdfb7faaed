# SPDX-License-Identifier: Apache-2.0
"""Who wants something, how much their wish counts, and wishes that stand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum


class Rank(IntEnum):
    """Whose wish prevails: one is refused while a higher one stands against it.

    The last of two wishes of one rank prevails. A lock is no actor, and is on this scale all
    the same: only the unit's own safety switches a locked outlet.
    """

    SCHEDULE = 1
    RULE = 2
    PERSON = 3
    LOCK = 4
    SAFETY = 5


_RANKS: Mapping[str, Rank] = {
    "power up": Rank.SCHEDULE,
    "schedule": Rank.SCHEDULE,
    "rule": Rank.RULE,
    "mains back": Rank.SCHEDULE,
    "on battery": Rank.RULE,
    "low battery": Rank.SAFETY,
    "safety": Rank.SAFETY,
}


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: the face they came through, their name there, and from where.

    `face` is one of "snmp", "http", "cli", "nut", "schedule", "rule", "button", "power up",
    "on battery", "low battery", "mains back", "safety". `who` never holds a secret: a community is
    named by its configured name; of a schedule or rule it is the name, of an outage that of the
    UPS. because: what made an automaton act, in words.
    """

    face: str
    who: str = ""
    address: str = ""
    because: str = ""

    @property
    def rank(self) -> Rank:
        return _RANKS.get(self.face, Rank.PERSON)

    @property
    def is_safety(self) -> bool:
        """Does the unit protect itself? Its off waits for nothing but the relay; its on is no
        matter of safety, and yields to everybody.
        """
        return self.face == "safety"

    @property
    def is_outage(self) -> bool:
        """Does the unit act on an outage? What it switches off so returns afterwards."""
        return self.face in ("on battery", "low battery")

    def __str__(self) -> str:
        place = f" from {self.address}" if self.address else ""
        reason = f" ({self.because})" if self.because else ""
        return f"{self.face} {self.who}".strip() + place + reason


@dataclass(frozen=True, slots=True)
class Hold:
    """A wish for one outlet that stands: while it does, no lower rank switches the other way.

    source: who stands by it, as in "cap 1", "rule hot", "trip"; an outlet has one of each source.
    text: what happened, to follow the word "since 02:10:"; ends: what will end it, in words.
    until_wall_s: when it ends by itself, None where no time ends it.
    """

    source: str
    rank: Rank
    wants_on: bool
    text: str
    since_wall_s: float
    ends: str = ""
    until_wall_s: float | None = None
