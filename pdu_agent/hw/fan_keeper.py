# SPDX-License-Identifier: Apache-2.0
"""Keeps fans at their duty, reads their tachos, and leaves them at full speed in the end."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pdu_agent.hw.ports import Fan
from pdu_agent.hw.rounds import Rounds, Visit
from pdu_agent.model.clock import Clock
from pdu_agent.model.errors import HardwareError
from pdu_agent.model.readings import FanReading, SetFanDuty

log = logging.getLogger(__name__)

STUCK_S = 15.0
"""Longer than any chip may stall its bus."""
RETRY_INTERVALS = 2
"""Within the three that the core waits before a fan is stale."""
TOLERATED_FAILURES = 1
"""As of sensors: a transfer that was disturbed is no fan that is gone."""


@dataclass(frozen=True, slots=True)
class KeptFan:
    """place: as of sensors. duty_percent: until it is told another one. interval_s: real seconds
    between two looks at it.
    """

    number: int
    fan: Fan
    duty_percent: float
    interval_s: float
    place: str = ""


class FanKeeper:
    """deliver(reading) is called from the threads, once per fan and interval; a failure that
    repeats is a reading with an error. The duty is set each time: a chip that lost its power
    forgot it.
    """

    def __init__(
        self, fans: Sequence[KeptFan], clock: Clock, deliver: Callable[[FanReading], None]
    ) -> None:
        self._fans = fans
        self._kept = {kept.number: _Kept(kept, clock, deliver) for kept in fans}
        self._rounds = Rounds(
            "fans",
            [
                Visit(
                    kept.place,
                    self._kept[kept.number],
                    kept.interval_s,
                    RETRY_INTERVALS * kept.interval_s,
                )
                for kept in fans
            ],
        )
        self.start = self._rounds.start

    def set_duty(self, order: SetFanDuty) -> None:
        """From the fan's next look on; any thread."""
        self._kept[order.fan].duty_percent = order.duty_percent

    def is_alive(self) -> bool:
        """Did every thread get on within STUCK_S?"""
        return self._rounds.beat_s > time.monotonic() - STUCK_S

    def stop(self) -> None:
        """End the threads and leave every fan that answers at full speed."""
        self._rounds.stop()
        for kept in self._fans:
            try:
                kept.fan.close()
            except HardwareError as exc:
                log.warning("fan %d is not left at full speed: %s", kept.number, exc)
            except Exception:
                log.exception("fan %d is not left at full speed", kept.number)


class _Kept:
    """One fan; calling it sets its duty, takes one reading and tells whether that went well."""

    def __init__(self, kept: KeptFan, clock: Clock, deliver: Callable[[FanReading], None]) -> None:
        self.duty_percent = kept.duty_percent
        self._kept = kept
        self._clock = clock
        self._deliver = deliver
        self._failures = 0

    def __call__(self) -> bool:
        rpm: float | None = None
        error = ""
        try:
            self._kept.fan.set_duty(self.duty_percent)
            rpm = self._kept.fan.read_rpm()
            self._failures = 0
        except HardwareError as exc:
            self._failures += 1
            log.debug("fan %d: %s", self._kept.number, exc)
            if self._failures <= TOLERATED_FAILURES:
                return False
            error = str(exc)
        except Exception as exc:
            log.exception("fan %d: unexpected error, treated as a fault", self._kept.number)
            error = repr(exc)
        self._deliver(FanReading(self._kept.number, self._clock.monotonic_s(), rpm, error))
        return not error
