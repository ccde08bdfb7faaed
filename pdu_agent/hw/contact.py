# SPDX-License-Identifier: Apache-2.0
"""A dry contact or a water sensor on an input of a board of `io`.

It is not asked: the board's thread shows it each look at its line.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from pdu_agent.hw.hold import BOUNCE_S
from pdu_agent.model.clock import Clock
from pdu_agent.model.io_line import IoLine
from pdu_agent.model.readings import SensorReading
from pdu_agent.model.settings import setting
from pdu_agent.model.snapshot import SensorKind


@dataclass(frozen=True, slots=True)
class ContactSettings:
    """The value is 1 while the circuit is closed; with normally_closed, while it is broken."""

    kinds: ClassVar = (SensorKind.CONTACT, SensorKind.WATER)

    input: IoLine = setting(doc="board.line of `io`, such as panel.4")
    normally_closed: bool = setting(
        False, doc="true where the circuit is closed at rest, and opens to tell"
    )
    interval_s: float = setting(
        5.0, minimum=0.5, maximum=600, doc="how often to tell what has not changed"
    )


class Contact:
    """Tells `deliver` of a change once it has lasted for BOUNCE_S, of the rest every interval_s,
    and of a lost board as a reading without a value. clock: what readings are stamped with.
    """

    is_settled = True

    def __init__(
        self,
        number: int,
        settings: ContactSettings,
        clock: Clock,
        deliver: Callable[[SensorReading], None],
    ) -> None:
        self._number = number
        self._settings = settings
        self._clock = clock
        self._deliver = deliver
        self._candidate: tuple[bool, float] | None = None
        self._told: tuple[bool, float] | None = None

    def seen(self, active: bool, now_s: float) -> None:
        """One look at the line; now_s is monotonic and in real seconds."""
        if self._candidate is None or self._candidate[0] is not active:
            self._candidate = active, now_s
            self.is_settled = self._told is not None and self._told[0] is active
            return
        if now_s - self._candidate[1] < BOUNCE_S:
            return
        self.is_settled = True
        told = self._told
        if told is None or told[0] is not active or now_s - told[1] >= self._settings.interval_s:
            self._told = active, now_s
            self._tell(float(active is not self._settings.normally_closed), "")

    def lost(self, error: str) -> None:
        """The board cannot be read; may be called again while that lasts."""
        self._candidate = self._told = None
        self._tell(None, error)

    def _tell(self, value: float | None, error: str) -> None:
        self._deliver(SensorReading(self._number, self._clock.monotonic_s(), value, error))
