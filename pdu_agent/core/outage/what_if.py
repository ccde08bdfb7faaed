# SPDX-License-Identifier: Apache-2.0
"""What an outage would do: the question, and the answer of a dry run."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from pdu_agent.model.errors import InvalidValue

LONGEST_MIN = 240.0
LONGEST_RUNTIME_S = 86_400.0
DEFAULT_MIN = 30.0


@dataclass(frozen=True, slots=True)
class MainsFail:
    """Mains fails now, and is back after so many minutes. runtime_s and charge_pct: of the
    batteries at first; None: as the UPSes tell them.

    Raises InvalidValue.
    """

    minutes: float = DEFAULT_MIN
    runtime_s: float | None = None
    charge_pct: float | None = None

    def __post_init__(self) -> None:
        for name, value, least, most in (
            ("minutes", self.minutes, 0.1, LONGEST_MIN),
            ("runtime_s", self.runtime_s, 1.0, LONGEST_RUNTIME_S),
            ("charge", self.charge_pct, 0.0, 100.0),
        ):
            if value is not None and not least <= value <= most:
                raise InvalidValue(f"{name}: {value:g} is outside {least:g} to {most:g}")


@dataclass(frozen=True, slots=True)
class Happening:
    """at_s: since mains failed. outlet: None where it is about a UPS. what: in words, such as "off"
    or "low battery"; because: why.
    """

    at_s: float
    outlet: int | None
    what: str
    because: str


@dataclass(frozen=True, slots=True)
class MainsFailAnswer:
    """lost: outlets that were on when the batteries were empty: their power is cut hard. remains:
    those that are on all the time. away: those that are off in the end, and were on. assumed: what
    the dry run takes for granted.
    """

    minutes: float
    upses: tuple[str, ...]
    runtime_s: float
    charge_pct: float
    happenings: tuple[Happening, ...]
    lost: tuple[int, ...]
    remains: tuple[int, ...]
    away: tuple[int, ...]
    assumed: tuple[str, ...]


AskMainsFail = Callable[[MainsFail], Awaitable[MainsFailAnswer]]
"""Raises InvalidValue, or NotNow while an outage is there already."""
