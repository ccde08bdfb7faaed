# SPDX-License-Identifier: Apache-2.0
"""Tariffs: which one applies when, in local time, and the registers that are kept for each."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from enum import Enum

from pdu_agent.model.settings import setting

MAX_TARIFFS = 32

Register = tuple[str, int, int, int]
"""Name, and what was used meanwhile: mJ of active, mvar s of inductive and capacitive energy."""


class Weekday(Enum):
    """In the order of datetime.weekday()."""

    MON = "mon"
    TUE = "tue"
    WED = "wed"
    THU = "thu"
    FRI = "fri"
    SAT = "sat"
    SUN = "sun"


_WEEK = tuple(Weekday)


@dataclass(frozen=True, slots=True)
class ClockTime:
    """A time of day in whole minutes, 00:00 to 24:00."""

    minute: int

    def __str__(self) -> str:
        return f"{self.minute // 60:02d}:{self.minute % 60:02d}"


@dataclass(frozen=True, slots=True)
class TariffSettings:
    """One entry of `tariffs`: a band of hours. Where it passes midnight, `days` are those on
    which it begins. Equal times: the whole day.
    """

    name: str = setting(max_length=32, doc="what is booked then; several bands may share it")
    begin: ClockTime = setting(ClockTime(0), key="from", doc="local time")
    until: ClockTime = setting(ClockTime(24 * 60), doc="local time, up to 24:00")
    days: tuple[Weekday, ...] = setting(_WEEK, max_length=7)

    def covers(self, moment: datetime) -> bool:
        """Does the band apply in the minute that begins at `moment` (local time)?"""
        minute = moment.hour * 60 + moment.minute
        today = _WEEK[moment.weekday()] in self.days
        begin, until = self.begin.minute, self.until.minute
        if begin < until:
            return today and begin <= minute < until
        yesterday = _WEEK[(moment - timedelta(days=1)).weekday()] in self.days
        return (today and minute >= begin) or (yesterday and minute < until)


class TariffPlan:
    """The bands in their order, of which the first that fits applies; `otherwise` where none does.

    zone: of the local time, None for the system's.
    """

    def __init__(
        self, bands: Sequence[TariffSettings], otherwise: str, zone: tzinfo | None = None
    ) -> None:
        self.renew(bands, otherwise, zone)

    def renew(
        self, bands: Sequence[TariffSettings], otherwise: str, zone: tzinfo | None = None
    ) -> None:
        """Other bands from the next reading on; the registers of former ones stay."""
        self._bands = tuple(bands)
        self._otherwise = otherwise
        self._zone = zone
        self._known = (-1, otherwise)

    @property
    def names(self) -> tuple[str, ...]:
        """Every tariff once, in the order of the bands; none where there are no bands."""
        if not self._bands:
            return ()
        return tuple(dict.fromkeys([*(band.name for band in self._bands), self._otherwise]))

    def at_end_of(self, wall_s: float) -> str:
        """The tariff that a span which ended at wall_s (seconds since 1970) is booked to.

        A change comes with a full minute, and a span that ends with it was used before it.
        """
        minute = math.ceil(wall_s / 60) - 1
        if self._known[0] != minute:
            moment = datetime.fromtimestamp(minute * 60, self._zone)
            fitting = (band.name for band in self._bands if band.covers(moment))
            self._known = (minute, next(fitting, self._otherwise))
        return self._known[1]


def booked(
    registers: tuple[Register, ...], tariff: str, active_mj: int, reactive: tuple[int, int]
) -> tuple[Register, ...]:
    """The registers with so much more in that of the tariff, which is opened if there is none.

    reactive: inductive and capacitive millivar seconds.
    """
    if not (active_mj or any(reactive)):
        return registers
    rows = {row[0]: row for row in registers}
    _, energy_mj, inductive_mvars, capacitive_mvars = rows.get(tariff, (tariff, 0, 0, 0))
    rows[tariff] = (
        tariff,
        energy_mj + active_mj,
        inductive_mvars + reactive[0],
        capacitive_mvars + reactive[1],
    )
    return tuple(rows.values())
