# SPDX-License-Identifier: Apache-2.0
"""One channel on the bench: what is measured, what follows for its trims, and keeping them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from datetime import date
from types import TracebackType
from typing import Any

from pdu_agent.app.calibrating import Reference, figures, measure, shown, with_idle, with_load
from pdu_agent.app.config import calibration
from pdu_agent.app.config.calibration import CalibrationFile, ChannelCalibration, LoadPoint
from pdu_agent.app.config.directories import prepare_directory
from pdu_agent.app.config.schema import AgentSettings, MeterSettings
from pdu_agent.app.config.tree import Problems
from pdu_agent.app.config.wiring import SampledWiring
from pdu_agent.app.hardware import Hardware
from pdu_agent.app.wiring import meter_channels
from pdu_agent.hw import registry
from pdu_agent.hw.ports import SampleSource
from pdu_agent.metering.blocks import SampleBlock
from pdu_agent.metering.calibration import ChannelScale, MeterChannels
from pdu_agent.model.clock import SystemClock
from pdu_agent.model.errors import ConfigError
from pdu_agent.store.lock import FolderLock

Blocks = Sequence[SampleBlock]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a measurement led to: trims to keep, load points to keep, and how to tell it."""

    found: ChannelCalibration | None
    points: tuple[LoadPoint, ...]
    lines: tuple[str, ...]
    plain: dict[str, Any]


class Session:
    """A context: while it lasts no agent can run, and the converter is ours.

    channel: from 1. Raises ConfigError for a channel that there is not, StoreError while an
    agent runs.
    """

    def __init__(self, settings: AgentSettings, meter: str, channel: int, reference: str) -> None:
        self._settings = settings
        self._meter, self._wiring = _sampled(settings, meter)
        self._channels = meter_channels(self._wiring, self._meter.options.volts_per_count)
        if channel - 1 not in self._channels.rows:
            wired = ", ".join(str(each + 1) for each in sorted(self._channels.rows))
            raise ConfigError(f"meter {meter!r} has no channel {channel}; wired are {wired}")
        self._channel = channel
        self._reference = reference
        self._nominal_hz = float(settings.device.nominal_hz.value)
        self._exit = ExitStack()
        self.file = settings.calibration
        self.is_voltage = channel - 1 in dict(self._channels.voltages)
        self._found = self._present()

    def __enter__(self) -> Session:
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

    @property
    def name(self) -> str:
        """Such as "meter chip1 channel 3, outlet 1"."""
        feeds = next(
            (str(c.feeds) for c in self._wiring.currents if c.channel == self._channel and c.feeds),
            "mains voltage" if self.is_voltage else "conductor",
        )
        return f"meter {self._meter.name} channel {self._channel}, {feeds}"

    def measure(self, seconds_s: float, progress: Callable[[float], None]) -> Blocks:
        """Raises HardwareError."""
        clock = SystemClock(self._settings.simulator.speed)
        hardware = Hardware(self._settings, clock, _ignore, _ignore, _ignore, _ignore)
        try:
            driver = registry.driver_class("meters", self._meter.driver)
            site = hardware.site(self._meter.name, self._wiring.bus)
            source: SampleSource = driver.connect(site, self._meter.options)
            return measure(source, seconds_s, progress)
        finally:
            hardware.stop()

    def idle(self, blocks: Blocks) -> Outcome:
        """Nothing is connected: offset and noise floor."""
        found = with_idle(self._found, figures(blocks, self._channels, self._nominal_hz))
        self._found = found = self._dated(found)
        unit = "V" if self.is_voltage else "A"
        return Outcome(
            found,
            (),
            (
                f"offset      {found.offset_counts:.2f} codes",
                f"noise floor {found.noise_floor or 0.0:.4g} {unit} RMS",
            ),
            asdict(found),
        )

    def load(self, blocks: Blocks, reference: Reference) -> Outcome:
        """A known load: gain and phase, and how wrong the channel was and is."""
        self._fits(reference)
        measured = figures(blocks, self._channels, self._nominal_hz)
        found = self._dated(with_load(self._found, measured, reference, self._voltage()))
        before = self._point(blocks, self._channels, reference)
        after = self._point(blocks, self._with(found), reference)
        self._found = found
        return Outcome(
            found,
            (after,),
            (
                f"gain        {found.gain:.6f}",
                f"CT corner   {found.ct_corner_hz:.4f} Hz",
                f"delay       {found.phase_delay_s * 1e6:.2f} us",
                f"error       {before.error_percent:+.3f} %, now {after.error_percent:+.3f} %",
            ),
            {**asdict(found), "before": asdict(before), "after": asdict(after)},
        )

    def verify(self, blocks: Blocks, reference: Reference) -> Outcome:
        """Compare, and change nothing."""
        self._fits(reference)
        point = self._point(blocks, self._channels, reference)
        text = f"reference {point.true:g}, shown {point.shown:.6g}: {point.error_percent:+.3f} %"
        return Outcome(None, (point,), (text,), asdict(point))

    def keep(self, outcome: Outcome) -> None:
        """Add it to the calibration file. Raises ConfigError when that cannot be written."""
        file = self._stored()
        if outcome.found is not None:
            file = file.with_channel(outcome.found)
        for point in outcome.points:
            file = file.with_point(point)
        try:
            calibration.write(self.file, file)
        except OSError as exc:
            raise ConfigError(f"{self.file}: cannot be written: {exc.strerror}") from exc

    def _stored(self) -> CalibrationFile:
        if not self.file.exists():
            return CalibrationFile()
        found = calibration.read(self.file, Problems())
        if found is None:
            raise ConfigError(f"{self.file}: damaged since the start; see openpdu check")
        return found[0]

    def _present(self) -> ChannelCalibration:
        """The trims that hold now, from the file or from the configuration."""
        scale = self._scale(self._channel - 1)
        return ChannelCalibration(
            meter=self._meter.name,
            channel=self._channel,
            units_per_count=scale.units_per_count,
            gain=scale.gain,
            offset_counts=scale.offset_counts,
            phase_delay_s=scale.phase_delay_s,
            ct_corner_hz=scale.ct_corner_hz,
            noise_floor=scale.noise_floor,
        )

    def _dated(self, found: ChannelCalibration) -> ChannelCalibration:
        return replace(found, date=date.today().isoformat(), reference=self._reference)

    def _scale(self, channel: int) -> ChannelScale:
        return dict(zip(self._channels.rows, self._channels.scales, strict=True))[channel]

    def _voltage(self) -> ChannelScale:
        if self.is_voltage:
            return self._scale(self._channel - 1)
        place = [channel for channel, _ in self._channels.currents].index(self._channel - 1)
        row = self._channels.voltage_rows[place]
        if row is None:
            raise ConfigError(f"{self.name}: a residual current has no voltage; give --amperes")
        return self._channels.scales[row]

    def _with(self, found: ChannelCalibration) -> MeterChannels:
        wiring = calibration.trimmed(self._wiring, [found])
        return meter_channels(wiring, self._meter.options.volts_per_count)

    def _fits(self, reference: Reference) -> None:
        if self.is_voltage is (reference.voltage_v is None):
            wanted = "--volts" if self.is_voltage else "--amperes or --watts"
            raise ConfigError(f"{self.name}: the reference is given by {wanted}")

    def _point(self, blocks: Blocks, channels: MeterChannels, reference: Reference) -> LoadPoint:
        now = shown(blocks, channels, self._nominal_hz, self._channel - 1)
        for quantity, true, value in (
            ("voltage", reference.voltage_v, now.voltage_v),
            ("current", reference.current_a, now.current_a),
            ("active power", reference.power_w, now.power_w),
        ):
            if true is not None:
                return LoadPoint(
                    meter=self._meter.name,
                    channel=self._channel,
                    quantity=quantity,
                    true=true,
                    shown=math.nan if value is None else float(f"{value:.7g}"),
                    date=date.today().isoformat(),
                    reference=self._reference,
                )
        raise ConfigError("a reference is needed")


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
