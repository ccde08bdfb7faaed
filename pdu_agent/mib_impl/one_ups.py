# SPDX-License-Identifier: Apache-2.0
"""The one UPS that a MIB of a UPS has room for, and what is believed of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from pdu_agent.mib_impl import upses
from pdu_agent.model.snapshot import Snapshot
from pdu_agent.model.ups import Ups

T = TypeVar("T")


def first_ups(snapshot: Snapshot) -> Ups | None:
    return snapshot.upses[0] if snapshot.upses else None


def of_ups(get: Callable[[Ups], T | None]) -> Callable[[Ups | None], T | None]:
    """The getter of a scalar that there is only with a UPS."""
    return lambda ups: None if ups is None else get(ups)


def rated(get: Callable[[Ups], float | None]) -> Callable[[Ups | None], float | None]:
    """The getter of a number that stays what it is."""
    return of_ups(lambda ups: upses.finite(get(ups)))


def measured(get: Callable[[Ups], float | None]) -> Callable[[Ups | None], float | None]:
    """The getter of a number of now: such MIBs have no place for old ones."""
    return of_ups(lambda ups: upses.measured(ups, get(ups)))
