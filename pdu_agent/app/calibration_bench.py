# SPDX-License-Identifier: Apache-2.0
"""A converter that is ours for a while: measuring with it, and keeping what follows."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Any, Self

from pdu_agent.app.calibrating import Recording, measure
from pdu_agent.app.config import calibration
from pdu_agent.app.config.calibration import CalibrationFile, ChannelCalibration, LoadPoint
from pdu_agent.app.config.directories import prepare_directory
from pdu_agent.app.config.nulls import NullCalibration, unfit
from pdu_agent.app.config.schema import AgentSettings, MeterSettings
from pdu_agent.app.config.tree import Problems
from pdu_agent.app.config.wiring import SampledWiring
from pdu_agent.app.hardware import Hardware
from pdu_agent.app.wiring import meter_channels
from pdu_agent.hw import registry
from pdu_agent.hw.ports import SampleSource
from pdu_agent.model.clock import SystemClock
from pdu_agent.model.errors import ConfigError
from pdu_agent.store.lock import FolderLock


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a measurement led to: what is to be kept of it, and how to tell it."""

    lines: tuple[str, ...]
    plain: dict[str, Any]
    found: ChannelCalibration | None = None
    points: tuple[LoadPoint, ...] = ()
    null: NullCalibration | None = None


class Bench:
    """A context: while it lasts no agent can run, and the converter is ours.

    Raises ConfigError for a converter that there is not, StoreError while an agent runs.
    """

    def __init__(self, settings: AgentSettings, meter: str) -> None:
        self._settings = settings
        self._meter, self._wiring = _sampled(settings, meter)
        self._channels = meter_channels(self._wiring, self._meter.options.volts_per_count)
        self._nominal_hz = float(settings.device.nominal_hz.value)
        self._exit = ExitStack()
        self.file = settings.calibration

    def __enter__(self) -> Self:
        prepare_directory(self._settings.runtime_dir)
        self._exit.callback(FolderLock(self._settings.runtime_dir).release)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._exit.close()

    def measure(self, seconds_s: float, progress: Callable[[float], None]) -> Recording:
        """Raises HardwareError."""
        clock = SystemClock(self._settings.simulator.speed)
        hardware = Hardware(self._settings, clock, _ignore, _ignore, _ignore, _ignore)
        try:
            if hardware.board is not None:
                hardware.board.start()
            driver = registry.driver_class("meters", self._meter.driver)
            site = hardware.site(self._meter.name, self._wiring.bus)
            source: SampleSource = driver.connect(site, self._meter.options)
            return measure(source, seconds_s, progress)
        finally:
            hardware.stop()

    @property
    def channels(self) -> tuple[int, ...]:
        """From 1 on: the voltages, which currents are calibrated against, then the currents."""
        return tuple(row + 1 for row in self._channels.rows)

    @property
    def sums(self) -> tuple[int, ...]:
        """Inlets whose residual current is a sum of conductors here."""
        return tuple(residual.inlet for residual in self._wiring.residuals)

    def keep(self, outcome: Outcome) -> list[str]:
        """Add it to the calibration file, and tell which nulls are void now.

        Raises ConfigError when that cannot be written.
        """
        file = self._stored()
        if outcome.found is not None:
            file = file.with_channel(outcome.found)
        for point in outcome.points:
            file = file.with_point(point)
        if outcome.null is not None:
            file = file.with_null(outcome.null)
        try:
            calibration.write(self.file, file)
        except OSError as exc:
            raise ConfigError(f"{self.file}: cannot be written: {exc.strerror}") from exc
        trims = [] if outcome.found is None else [outcome.found]
        meter = replace(self._meter, wiring=calibration.trimmed(self._wiring, trims))
        mine = (null for null in file.nulls if null.meter == meter.name)
        return [text for null in mine if (text := unfit(null, [meter]))]

    def _stored(self) -> CalibrationFile:
        if not self.file.exists():
            return CalibrationFile()
        found = calibration.read(self.file, Problems())
        if found is None:
            raise ConfigError(f"{self.file}: damaged since the start; see openpdu check")
        return found[0]


def _sampled(settings: AgentSettings, name: str) -> tuple[MeterSettings, SampledWiring]:
    names = [meter.name for meter in settings.meters if isinstance(meter.wiring, SampledWiring)]
    for meter in settings.meters:
        if meter.name == name and isinstance(meter.wiring, SampledWiring):
            return meter, meter.wiring
    raise ConfigError(
        f"no converter is called {name!r}; there are {', '.join(names) or 'none'}"
        " (meters that know watts by themselves are calibrated in themselves)"
    )


def _ignore(*_: object) -> None:
    """Nothing runs but the one converter."""
