# SPDX-License-Identifier: Apache-2.0
"""What a credential may do, on the unit as a whole and outlet by outlet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum


class Rights(Enum):
    """Each includes those before it. WRITE is changing settings, names, locks and counters."""

    NONE = "none"
    READ = "read"
    SWITCH = "switch"
    WRITE = "write"

    def __init__(self, _word: str) -> None:
        self._rank = len(type(self).__members__)  # of those before it

    def cover(self, needed: Rights) -> bool:
        """Whether these rights are enough where `needed` is."""
        return self._rank >= needed._rank


EVERY_OUTLET = -1
"""In place of an outlet's number: of what tells of all outlets at once, or reaches them."""


@dataclass(frozen=True, slots=True)
class Grant:
    """`unit`: on everything that is not an outlet. `outlets`: on these outlets, by number.
    `others`: on all other outlets, also on those that do not exist.
    """

    unit: Rights
    others: Rights
    outlets: Mapping[int, Rights] = field(default_factory=dict)

    @staticmethod
    def everywhere(rights: Rights) -> Grant:
        return Grant(rights, rights)

    def allows(self, needed: Rights, outlet: int | None = None) -> bool:
        """Whether something that needs such rights may be done to the outlet (None: the unit;
        EVERY_OUTLET: the unit and every outlet that there could be).
        """
        if outlet == EVERY_OUTLET:
            everywhere = (self.unit, self.others, *self.outlets.values())
            return all(rights.cover(needed) for rights in everywhere)
        rights = self.unit if outlet is None else self.outlets.get(outlet, self.others)
        return rights.cover(needed)

    def within(self, other: Grant) -> Grant:
        """What both allow."""
        numbers = {*self.outlets, *other.outlets}
        return Grant(
            _lesser(self.unit, other.unit),
            _lesser(self.others, other.others),
            {
                number: _lesser(
                    self.outlets.get(number, self.others), other.outlets.get(number, other.others)
                )
                for number in numbers
            },
        )

    def covers(self, other: Grant) -> bool:
        """Whether the other one allows nothing that this one does not."""
        return all(
            self.allows(rights, outlet)
            for outlet, rights in (
                (None, other.unit),
                *other.outlets.items(),
                *((number, other.outlets.get(number, other.others)) for number in self.outlets),
            )
        ) and self.others.cover(other.others)

    @property
    def reads_everything(self) -> bool:
        return self.allows(Rights.READ, EVERY_OUTLET)


def _lesser(one: Rights, other: Rights) -> Rights:
    return one if other.cover(one) else other
