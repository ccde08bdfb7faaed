# SPDX-License-Identifier: Apache-2.0
"""How each tree shows and switches an outlet, written down from the MIBs, not from the code."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pdu_agent.mib_impl.openpdu import DEFAULT_ARC
from pdu_agent.mib_impl.syntax import Oid
from pdu_agent.model.commands import Action

OWN: Oid = (*DEFAULT_ARC, 1, 3, 1, 1)
APC: Oid = (1, 3, 6, 1, 4, 1, 318, 1, 1)
SENTRY3: Oid = (1, 3, 6, 1, 4, 1, 1718, 3)
SENTRY4: Oid = (1, 3, 6, 1, 4, 1, 1718, 4)
ENERGY: Oid = (1, 3, 6, 1, 2, 1, 229)
FIRST_OUTLET_ENTITY = 1000

ON, OFF, UNKNOWN = "on", "off", "unknown"


@dataclass(frozen=True)
class Column:
    """words: what a value means; None is what stands for "no instance"."""

    arc: Oid
    index: Callable[[int], Oid]
    words: Mapping[int | None, str]

    def oid(self, outlet: int) -> Oid:
        return self.arc + self.index(outlet)


@dataclass(frozen=True)
class Tree:
    """command: where to write; orders: what to write there. states: columns that know on and
    off. pending: columns that tell whether something is to come.
    """

    name: str
    command: Oid
    index: Callable[[int], Oid]
    orders: Mapping[Action, int]
    states: tuple[Column, ...] = ()
    pending: tuple[Column, ...] = ()


def plain(outlet: int) -> Oid:
    return (outlet,)


def sentry(outlet: int) -> Oid:
    return (1, 1, outlet)


def entity(outlet: int) -> Oid:
    return (FIRST_OUTLET_ENTITY + outlet,)


YES_NO: Mapping[int | None, str] = {1: "yes", 2: "no"}
_ON_OFF_REBOOT = {Action.ON: 1, Action.OFF: 2, Action.REBOOT: 3}
_DELAYED = (Action.ON_DELAYED, Action.OFF_DELAYED, Action.REBOOT_DELAYED)

OPENPDU = Tree(
    "openpdu",
    (*OWN, 8),
    plain,
    _ON_OFF_REBOOT | dict(zip((*_DELAYED, Action.CANCEL), (4, 5, 6, 7), strict=True)),
    pending=(Column((*OWN, 9), plain, dict.fromkeys(range(1, 8), "yes") | {8: "no"}),),
)
SPDU = Tree(
    "sPDU",
    (*APC, 4, 4, 2, 1, 3),
    plain,
    _ON_OFF_REBOOT | dict(zip(_DELAYED, (5, 6, 7), strict=True)),
    states=(Column((*APC, 4, 4, 2, 1, 3), plain, {1: ON, 2: OFF, 4: UNKNOWN}),),
    pending=(Column((*APC, 4, 4, 2, 1, 2), plain, YES_NO),),
)
RPDU = Tree(
    "rPDU",
    (*APC, 12, 3, 3, 1, 1, 4),
    plain,
    _ON_OFF_REBOOT | dict(zip((*_DELAYED, Action.CANCEL), (4, 5, 6, 7), strict=True)),
    states=(
        Column((*APC, 12, 3, 3, 1, 1, 4), plain, {1: ON, 2: OFF, None: UNKNOWN}),
        Column((*APC, 12, 3, 5, 1, 1, 4), plain, {1: ON, 2: OFF, None: UNKNOWN}),
    ),
    pending=(Column((*APC, 12, 3, 5, 1, 1, 5), plain, YES_NO),),
)
RPDU2 = Tree(
    "rPDU2",
    (*APC, 26, 9, 2, 4, 1, 5),
    plain,
    _ON_OFF_REBOOT | dict(zip((*_DELAYED, Action.CANCEL), (5, 6, 7, 8), strict=True)),
    states=(
        Column((*APC, 26, 9, 2, 4, 1, 5), plain, {1: ON, 2: OFF, 4: UNKNOWN}),
        Column((*APC, 26, 9, 2, 3, 1, 5), plain, {2: ON, 1: OFF, None: UNKNOWN}),
    ),
    pending=(Column((*APC, 26, 9, 2, 3, 1, 6), plain, YES_NO),),
)
SENTRY_3 = Tree(
    "Sentry3",
    (*SENTRY3, 2, 3, 1, 11),
    sentry,
    _ON_OFF_REBOOT,
    pending=(
        Column(
            (*SENTRY3, 2, 3, 1, 5),
            sentry,
            {0: "no", 1: "no", 2: "yes", 3: "yes", 4: "no", 5: "no", 6: "no"},
        ),
    ),
)
SENTRY_4 = Tree(
    "Sentry4",
    (*SENTRY4, 1, 8, 5, 1, 2),
    sentry,
    _ON_OFF_REBOOT,
    states=(Column((*SENTRY4, 1, 8, 3, 1, 1), sentry, {1: ON, 2: OFF, 0: UNKNOWN}),),
)
EMAN = Tree(
    "EMAN",
    (*ENERGY, 1, 2, 1, 8),
    entity,
    {Action.ON: 259, Action.OFF: 257},
)
TREES = (OPENPDU, SPDU, RPDU, RPDU2, SENTRY_3, SENTRY_4, EMAN)
