# SPDX-License-Identifier: Apache-2.0
"""What the unit remembers of its values and its energy, and how faces ask for it.

Times are wall seconds since 1970 UTC. Begins are inclusive, ends are not. A gap is None, never 0:
nobody measured then, be it that the meter was stale, the agent down, or the time not known.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from pdu_agent.model.terms import Target

if TYPE_CHECKING:  # it is large: who only names these types does not load it
    import numpy as np
    from numpy.typing import NDArray

HOUR_S = 3600
STEPS_S = (1, 10, 60, 900, 86_400)
"""The levels: seconds that one value of each covers, beginning at whole multiples in UTC."""


class Kept(Enum):
    """A quantity that is kept, by the name that it has in the API."""

    ACTIVE_POWER = "active_power_w"
    CURRENT = "current_a"
    VOLTAGE = "voltage_v"
    POWER_FACTOR = "power_factor"
    FREQUENCY = "frequency_hz"
    RESIDUAL_CURRENT = "residual_current_a"
    TEMPERATURE = "temperature_c"
    HUMIDITY = "humidity_percent"
    PRESSURE = "pressure_hpa"
    STATE = "state"
    """0 or 1 of a contact; also the number of any other sensor."""

    @property
    def unit(self) -> str:
        """As people write it; empty for a bare number."""
        return _UNITS[self]


_UNITS = {
    Kept.ACTIVE_POWER: "W",
    Kept.CURRENT: "A",
    Kept.VOLTAGE: "V",
    Kept.POWER_FACTOR: "",
    Kept.FREQUENCY: "Hz",
    Kept.RESIDUAL_CURRENT: "A",
    Kept.TEMPERATURE: "°C",
    Kept.HUMIDITY: "%",
    Kept.PRESSURE: "hPa",
    Kept.STATE: "",
}


@dataclass(frozen=True, slots=True)
class Series:
    """One quantity of an inlet, line, branch, outlet or sensor, or of an inlet's RESIDUAL."""

    target: Target
    quantity: Kept

    def __str__(self) -> str:
        return f"{self.target} {self.quantity.value}"


@dataclass(frozen=True, slots=True)
class Curve:
    """Values of one series, one for each step_s from start_wall_s on; all tuples equally long.

    start_wall_s is a multiple of step_s and not later than what was asked for. average weighs
    what was seen only, last is the newest value in the step. coverage: share of the step that
    was seen, 0 (then the others are None) to 1; who wants whole steps only looks there. level_s:
    one of STEPS_S, from which it was made.
    """

    series: Series
    start_wall_s: int
    step_s: int
    minimum: tuple[float | None, ...]
    average: tuple[float | None, ...]
    maximum: tuple[float | None, ...]
    last: tuple[float | None, ...]
    coverage: tuple[float, ...]
    level_s: int


@dataclass(frozen=True, slots=True, eq=False)
class Averages:
    """Of several series, one value for each step_s from start_wall_s on.

    values: float64[series, steps] in the order asked for; NaN is a gap. As `average` of a Curve.
    """

    start_wall_s: int
    step_s: int
    values: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Peak:
    """The highest value of one UTC day, and the beginning of the minute in which it was."""

    day_wall_s: int
    maximum: float
    at_wall_s: int


@dataclass(frozen=True, slots=True)
class EnergyRow:
    """What a metering point took from start_wall_s up to the next edge, in one tariff.

    tariff: empty for what fell in none; that row is there for each period in which anything is
    known, even with 0. The rows of a period add up to what the meter's counter grew, exactly.
    energy_mj: 0 or more. complete: the meter was seen all the time, and nothing was booked late;
    one answer for all tariffs of the period. What passed while the agent was down is booked to the
    hour in which it came back, which then is not complete.
    """

    start_wall_s: int
    target: Target
    tariff: str
    energy_mj: int
    complete: bool


@dataclass(frozen=True, slots=True)
class PointHours:
    """What EnergyRow says, of one metering point for each hour from begin_wall_s on, in columns.

    energy_mj: by tariff, 0 where the hour has no row of it. known: whether it has a row at all.
    complete: as in EnergyRow. All columns are equally long.
    """

    target: Target
    begin_wall_s: int
    energy_mj: Mapping[str, Sequence[int]]
    known: Sequence[bool]
    complete: Sequence[bool]

    @property
    def end_wall_s(self) -> int:
        return self.begin_wall_s + len(self.known) * HOUR_S

    def part(self, begin_wall_s: int, end_wall_s: int) -> PointHours:
        """The hours of these that begin in the time."""
        first, after = (
            max(0, -((self.begin_wall_s - wall_s) // HOUR_S))
            for wall_s in (begin_wall_s, end_wall_s)
        )
        return PointHours(
            self.target,
            self.begin_wall_s + first * HOUR_S,
            {tariff: each[first:after] for tariff, each in self.energy_mj.items()},
            self.known[first:after],
            self.complete[first:after],
        )


@dataclass(frozen=True, slots=True)
class Purge:
    """What is to be forgotten. series: None for all of them. energy: also hours of energy that
    begin in the time; of the targets of `series`.
    """

    begin_wall_s: float
    end_wall_s: float
    series: Collection[Series] | None = None
    energy: bool = False


@dataclass(frozen=True, slots=True)
class Purged:
    """values: steps of any level that held something. energy_rows: hours. A dry run tells the
    same numbers.
    """

    values: int
    energy_rows: int


@dataclass(frozen=True, slots=True)
class LevelSize:
    """oldest_wall_s, newest_wall_s: begin and end of what the level holds, None if it is empty."""

    step_s: int
    size_bytes: int
    oldest_wall_s: int | None
    newest_wall_s: int | None
    retention_s: int


@dataclass(frozen=True, slots=True)
class HistorySize:
    """card_bytes: the file on the card, of at most max_card_bytes. runtime_bytes: in the runtime
    folder. memory_bytes: of the ring. trouble: what keeps the history from being stored, in words.
    """

    card_bytes: int
    max_card_bytes: int
    runtime_bytes: int
    memory_bytes: int
    levels: tuple[LevelSize, ...]
    energy_rows: int
    trouble: str = ""


class History(Protocol):
    """The history as the loop sees it. Every method may raise StoreError: the card does not do
    as told, or too many questions wait; a question never waits for the card in the loop.
    """

    async def series(self) -> tuple[Series, ...]:
        """Those with at least one value, by kind and number of their targets."""
        ...

    async def curve(
        self,
        series: Series,
        begin_wall_s: float,
        end_wall_s: float,
        points: int = 600,
        step_s: int | None = None,
    ) -> Curve:
        """At most `points` steps (one more where the begin is no multiple of the step).

        The level is chosen by the span and by how far back each reaches. step_s: this step in
        place of `points`; one of STEPS_S, or a multiple of one. A series that nothing is known of
        gives a Curve of gaps.
        """
        ...

    async def averages(
        self, series: Sequence[Series], begin_wall_s: float, end_wall_s: float
    ) -> Averages:
        """The quarters of an hour of `curve` with a step of 900 s, of many series in one go."""
        ...

    async def peaks(
        self, series: Series, begin_wall_s: float, end_wall_s: float
    ) -> tuple[Peak, ...]:
        """Of each UTC day that begins in the time and has any value, the oldest first."""
        ...

    async def energy(
        self, targets: Collection[Target] | None, edges_wall_s: Sequence[float]
    ) -> tuple[EnergyRow, ...]:
        """The energy between each two edges (ascending, at least two), summed from UTC hours: an
        hour belongs where it begins. Sorted by start, target and tariff. targets: None for all.

        For hours, the edges are HOUR_S apart; for days and months of a time zone, they are its
        midnights. Periods of which nothing is known have no row.
        """
        ...

    async def hours(
        self, targets: Sequence[Target], begin_wall_s: float, end_wall_s: float
    ) -> tuple[PointHours, ...]:
        """One for each target: the hours that begin in the time, as `energy` tells them."""
        ...

    async def put_energy(
        self, begin_wall_s: float, end_wall_s: float, rows: Sequence[EnergyRow]
    ) -> None:
        """Replace all hours that begin in the time by these rows, of an hour each; all or none."""
        ...

    async def purge(self, wanted: Purge, dry_run: bool) -> Purged:
        """Forget, or (dry_run) tell what would be. Steps that reach into the time are forgotten
        whole; a day's row is made anew from what is left of it.
        """
        ...

    async def snapshot_to(self, folder: Path) -> Path:
        """A consistent copy of what is on the card, with the newest in it: the file's path."""
        ...

    async def restore_from(self, file: Path) -> None:
        """Put a file of snapshot_to in place of what is on the card; counting goes on from now.

        Raises StoreError, with all as it was, when it is not such a file.
        """
        ...

    async def size(self) -> HistorySize: ...
