# SPDX-License-Identifier: Apache-2.0
"""Fans: what they are told, what they do, and the alarm of one that does not turn."""

from __future__ import annotations

from dataclasses import dataclass, replace

from pdu_agent.core.alarms import FAN, AlarmBook
from pdu_agent.core.settings import FanSettings
from pdu_agent.core.silence import gone_after_s
from pdu_agent.model.clock import Clock
from pdu_agent.model.commands import Target, TargetKind
from pdu_agent.model.readings import FanReading
from pdu_agent.model.snapshot import Fan, SensorStatus, Severity

TURNS_ABOVE_PERCENT = 30.0
"""A duty at or below it may not be enough to start a fan."""
SLOW_FOR_S = 5.0
STALE_INTERVALS = 3


@dataclass(frozen=True, slots=True)
class FanLive:
    """It begins as stale; silence makes that absent, at once or, later in its life, after a while.
    slow_since_s: monotonic, since when it has been too slow without a break.
    """

    status: SensorStatus = SensorStatus.STALE
    speed_rpm: float | None = None
    sample_mono_s: float | None = None
    slow_since_s: float | None = None
    error: str = ""

    def seen(self, reading: FanReading, settings: FanSettings) -> FanLive:
        """The fan after a reading; a failing chip leaves no speed."""
        now_s = reading.t_mono_s
        if reading.error:
            return replace(self, status=SensorStatus.FAULT, speed_rpm=None, error=reading.error)
        live = FanLive(SensorStatus.OK, reading.speed_rpm, now_s)
        if reading.speed_rpm is None or not _is_slow(reading.speed_rpm, settings):
            return live
        since_s = self.slow_since_s if self.slow_since_s is not None else now_s
        live = replace(live, slow_since_s=since_s)
        if now_s - since_s < SLOW_FOR_S:
            return live
        error = f"{reading.speed_rpm:.0f} rpm at a duty of {settings.duty_percent:g} %"
        return replace(live, status=SensorStatus.FAULT, error=error)

    def after_silence(self, stale_after_s: float) -> FanLive:
        error = f"not heard of for {stale_after_s:g} s"
        if self.sample_mono_s is None:
            return replace(self, status=SensorStatus.ABSENT, error=error)
        return replace(self, status=SensorStatus.STALE, slow_since_s=None, error=error)


class Fans:
    """Takes readings, raises and clears the alarm of each fan."""

    def __init__(self, settings: tuple[FanSettings, ...], clock: Clock, alarms: AlarmBook) -> None:
        self._settings = {fan.number: fan for fan in settings}
        self._live = {fan.number: FanLive() for fan in settings}
        self._alarms = alarms
        self._start_s = clock.monotonic_s()

    def on_fan(self, reading: FanReading) -> None:
        """Take one reading; a fan that is not configured is ignored."""
        live = self._live.get(reading.fan)
        if live is not None:
            self._set(reading.fan, live.seen(reading, self._settings[reading.fan]))

    def mark_stale(self, now_s: float) -> None:
        """Find the fans that have been silent for too long."""
        for number, live in list(self._live.items()):
            limit_s = STALE_INTERVALS * self._settings[number].interval_s
            newest_s = live.sample_mono_s if live.sample_mono_s is not None else self._start_s
            if not live.error and now_s - newest_s > limit_s:
                self._set(number, live.after_silence(limit_s))
            elif live.status is SensorStatus.STALE and now_s - newest_s > gone_after_s(limit_s):
                self._set(number, replace(live, status=SensorStatus.ABSENT, speed_rpm=None))

    def shown(self) -> tuple[Fan, ...]:
        """As faces see them."""
        return tuple(
            Fan(
                index=number,
                name=self._settings[number].name or f"Fan {number}",
                duty_percent=self._settings[number].duty_percent,
                speed_rpm=live.speed_rpm,
                status=live.status,
            )
            for number, live in self._live.items()
        )

    def _set(self, number: int, live: FanLive) -> None:
        self._live[number] = live
        target = Target(TargetKind.FAN, number)
        if live.error:
            self._alarms.set(FAN, str(target), Severity.WARNING, live.error, target)
        else:
            self._alarms.clear(FAN, str(target))


def _is_slow(rpm: float, settings: FanSettings) -> bool:
    if settings.duty_percent <= TURNS_ABOVE_PERCENT:
        return False
    return rpm == 0 or (settings.min_rpm is not None and rpm < settings.min_rpm)
