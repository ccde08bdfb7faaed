# SPDX-License-Identifier: Apache-2.0
"""What a fault class is: how to make one broken packet, and what an agent may do about it."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from tests.snmp.ber import SET, Node, integer, request
from tests.snmp.usm_client import Usm

ENGINE_ID = bytes.fromhex("8000000003aabbccddeeff")
SYS_DESCR = (1, 3, 6, 1, 2, 1, 1, 1, 0)
SYS_NAME = (1, 3, 6, 1, 2, 1, 1, 5, 0)
OPENPDU = (1, 3, 6, 1, 4, 1, 8072, 9999, 9999, 6738, 1)
OUTLET_STATE = (*OPENPDU, 3, 1, 1, 7)
OUTLET_COMMAND = (*OPENPDU, 3, 1, 1, 8)
OFF = 2
FREE_OUTLETS = (1, 2, 4)
"""Outlets that nothing but the fault keeps from being switched."""

USM_STATS = (1, 3, 6, 1, 6, 3, 15, 1, 1)


class Outcome(Enum):
    """REFUSAL is a response with an error, REPORT the message of RFC 3412 section 7.1."""

    SILENCE = "silence"
    REFUSAL = "refusal"
    REPORT = "report"
    RESPONSE = "response"


SILENCE = frozenset({Outcome.SILENCE})
REFUSAL = frozenset({Outcome.REFUSAL})
REPORT = frozenset({Outcome.REPORT})
NO_SUCCESS = frozenset({Outcome.SILENCE, Outcome.REFUSAL, Outcome.REPORT})
ANYTHING = frozenset(Outcome)


@dataclass(frozen=True, slots=True)
class Target:
    """The agent as its attacker knows it, keys included. time_s: snmpEngineTime by now.

    reader needs authentication, writer privacy as well.
    """

    engine_id: bytes
    boots: int
    time_s: Callable[[], int]
    reader: Usm
    writer: Usm

    @property
    def users(self) -> tuple[Usm, Usm]:
        return self.reader, self.writer


Mutation = Callable[[random.Random, Target], bytes]


@dataclass(frozen=True, slots=True)
class Fault:
    """outcomes: those that are right. report: the number in usmStats whose counter a Report
    has to carry. trusted: the sender proved to be someone, so answers may be large. room:
    the most octets that an answer may have, where the packet itself says so.
    """

    make: Mutation
    outcomes: frozenset[Outcome] = ANYTHING
    report: int | None = None
    trusted: bool = False
    room: int | None = None

    @property
    def name(self) -> str:
        return self.make.__name__

    @property
    def is_v3(self) -> bool:
        return self.name.startswith("v3_")


class Catalogue(dict[str, Fault]):
    """Fault classes by name, in the order in which they were written down."""

    def add(
        self,
        outcomes: frozenset[Outcome] = ANYTHING,
        *,
        report: int | None = None,
        trusted: bool = False,
        room: int | None = None,
    ) -> Callable[[Mutation], Mutation]:
        def entered(make: Mutation) -> Mutation:
            self[make.__name__] = Fault(make, outcomes, report, trusted, room)
            return make

        return entered


def switch_off(rng: random.Random) -> Node:
    """A SET that would take an outlet's power away, were it obeyed."""
    outlets = rng.sample(FREE_OUTLETS, rng.randrange(1, len(FREE_OUTLETS) + 1))
    names = [(*OUTLET_COMMAND, outlet) for outlet in outlets]
    return request(SET, names, [integer(OFF) for _ in names], rng.randrange(1 << 31))
