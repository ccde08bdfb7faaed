# SPDX-License-Identifier: Apache-2.0
"""Fans: what they are told, what they do, and the alarm of one that does not turn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from pdu_agent.core.metered.silence import gone_after_s
from pdu_agent.core.settings import FULL_DUTY_PERCENT, FanSettings
from pdu_agent.core.state import CoreState
from pdu_agent.core.watching.alarms import COOLING, FAN, AlarmBook
from pdu_agent.core.watching.fan_curve import is_worth_telling, regulated, temperature_of
from pdu_agent.model.clock import Clock
from pdu_agent.model.commands import Target, TargetKind
from pdu_agent.model.readings import FanReading, SetFanDuty
from pdu_agent.model.snapshot import Fan, SensorStatus, Severity

TURNS_ABOVE_PERCENT = 30.0
"""A duty at or below it may not be enough to start a fan."""
SWAY_S = 5.0
"""So long a fan has to be too slow, or fast enough again, before that is told."""
COME_BACK = 1.05
"""A fan that was too slow has to exceed its limit by this factor: tachometers waver."""
STALE_INTERVALS = 3


@dataclass(frozen=True, slots=True)
class FanLive:
    """It begins as stale; silence makes that absent, at once or, later in its life, after a while.
    slow_rpm: the newest speed that was too slow, while that is told. differs_since_s: monotonic,
    since when all readings have said the contrary of what is told.
    """

    status: SensorStatus = SensorStatus.STALE
    speed_rpm: float | None = None
    sample_mono_s: float | None = None
    slow_rpm: float | None = None
    differs_since_s: float | None = None
    error: str = ""

    def seen(self, reading: FanReading, settings: FanSettings, duty_percent: float) -> FanLive:
        """The fan after a reading; a failing chip leaves no speed. duty_percent: as told."""
        if reading.error:
            return replace(
                self,
                status=SensorStatus.FAULT,
                speed_rpm=None,
                differs_since_s=None,
                error=reading.error,
            )
        if reading.speed_rpm is None:
            return FanLive(SensorStatus.OK, None, reading.t_mono_s)
        told = self.slow_rpm is not None
        slow = _is_slow(reading.speed_rpm, settings, duty_percent, told)
        live = self._judged(reading.speed_rpm, reading.t_mono_s, slow)
        if live.slow_rpm is None:
            return live
        error = f"{live.slow_rpm:.0f} rpm at a duty of {duty_percent:.3g} %"
        return replace(live, status=SensorStatus.FAULT, error=error)

    def _judged(self, rpm: float, now_s: float, slow: bool) -> FanLive:
        """What is told changes once all readings of SWAY_S have said the contrary."""
        told = self.slow_rpm is not None
        live = FanLive(SensorStatus.OK, rpm, now_s, rpm if told and slow else self.slow_rpm)
        if slow is told:
            return live
        since_s = self.differs_since_s if self.differs_since_s is not None else now_s
        if now_s - since_s < SWAY_S:
            return replace(live, differs_since_s=since_s)
        return replace(live, slow_rpm=rpm if slow else None)

    def after_silence(self, stale_after_s: float) -> FanLive:
        error = f"not heard of for {stale_after_s:g} s"
        if self.sample_mono_s is None:
            return replace(self, status=SensorStatus.ABSENT, error=error)
        return replace(self, status=SensorStatus.STALE, differs_since_s=None, error=error)


class Fans:
    """Tells fans their duty, takes readings, raises and clears the alarms of each fan.

    A fan with a curve is at full speed until its sensor's first value, and without one.
    """

    def __init__(
        self,
        settings: tuple[FanSettings, ...],
        state: CoreState,
        clock: Clock,
        alarms: AlarmBook,
        perform: Callable[[SetFanDuty], None],
    ) -> None:
        self._settings = {fan.number: fan for fan in settings}
        self._live = {fan.number: FanLive() for fan in settings}
        self._told = {fan.number: fan.duty_percent for fan in settings}
        self._state = state
        self._alarms = alarms
        self._perform = perform
        self._start_s = clock.monotonic_s()

    def renew(self, settings: tuple[FanSettings, ...]) -> None:
        """The same fans, with other settings: one of a fixed duty is told it at once."""
        self._settings = {fan.number: fan for fan in settings}
        for fan in settings:
            if fan.sensor is None:
                self._alarms.clear(COOLING, str(Target(TargetKind.FAN, fan.number)))
            if fan.sensor is None and self._told[fan.number] != fan.duty_percent:
                self._told[fan.number] = fan.duty_percent
                self._perform(SetFanDuty(fan.number, fan.duty_percent))

    def on_fan(self, reading: FanReading) -> None:
        """Take one reading; a fan that is not configured is ignored."""
        live = self._live.get(reading.fan)
        if live is not None:
            settings, told = self._settings[reading.fan], self._told[reading.fan]
            self._set(reading.fan, live.seen(reading, settings, told))

    def regulate(self) -> None:
        """Follow the temperatures as they are known now."""
        for number, fan in self._settings.items():
            if fan.sensor is None:
                continue
            celsius, doubt = temperature_of(fan.sensor, self._state.sensors.get(fan.sensor))
            told = self._told[number]
            duty = FULL_DUTY_PERCENT if celsius is None else regulated(fan, celsius, told)
            if is_worth_telling(duty, told):
                self._told[number] = duty
                self._perform(SetFanDuty(number, duty))
            subject = str(Target(TargetKind.FAN, number))
            if doubt:
                text, target = f"at full speed: {doubt}", Target(TargetKind.FAN, number)
                self._alarms.set(COOLING, subject, Severity.WARNING, text, target)
            else:
                self._alarms.clear(COOLING, subject)

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
                duty_percent=self._told[number],
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


def _is_slow(rpm: float, settings: FanSettings, duty_percent: float, told: bool) -> bool:
    if duty_percent <= TURNS_ABOVE_PERCENT:
        return False
    limit_rpm = (settings.min_rpm or 0.0) * (COME_BACK if told else 1.0)
    return rpm == 0 or rpm < limit_rpm
