# SPDX-License-Identifier: Apache-2.0
"""One channel on the bench: what is measured, what follows for its trims, and keeping them."""

from __future__ import annotations

import math
from dataclasses import asdict, replace
from datetime import date

from pdu_agent.app.calibrating import Recording, Reference, figures, shown, with_idle, with_load
from pdu_agent.app.calibration_bench import Bench, Outcome
from pdu_agent.app.config import calibration
from pdu_agent.app.config.calibration import ChannelCalibration, LoadPoint
from pdu_agent.app.config.schema import AgentSettings
from pdu_agent.app.wiring import meter_channels
from pdu_agent.metering.calibration import ChannelScale, MeterChannels
from pdu_agent.model.errors import ConfigError


class Session(Bench):
    """channel: from 1. Raises ConfigError for a channel that there is not."""

    def __init__(self, settings: AgentSettings, meter: str, channel: int, reference: str) -> None:
        super().__init__(settings, meter)
        if channel - 1 not in self._channels.rows:
            wired = ", ".join(str(each + 1) for each in sorted(self._channels.rows))
            raise ConfigError(f"meter {meter!r} has no channel {channel}; wired are {wired}")
        self._channel = channel
        self._reference = reference
        self.is_voltage = channel - 1 in dict(self._channels.voltages)
        self._found = self._present()

    @property
    def name(self) -> str:
        """Such as "meter chip1 channel 3, outlet 1"."""
        feeds = next(
            (str(c.feeds) for c in self._wiring.currents if c.channel == self._channel and c.feeds),
            "mains voltage" if self.is_voltage else "conductor",
        )
        return f"meter {self._meter.name} channel {self._channel}, {feeds}"

    def idle(self, recording: Recording) -> Outcome:
        """Nothing is connected: offset and noise floor."""
        found = with_idle(self._found, figures(recording, self._channels, self._nominal_hz))
        self._found = found = self._dated(found)
        unit = "V" if self.is_voltage else "A"
        lines = (
            f"offset      {found.offset_counts:.2f} codes",
            f"noise floor {found.noise_floor or 0.0:.4g} {unit} RMS",
        )
        return Outcome(lines, asdict(found), found)

    def load(self, recording: Recording, reference: Reference) -> Outcome:
        """A known load: gain and phase, and how wrong the channel was and is."""
        self._fits(reference)
        measured = figures(recording, self._channels, self._nominal_hz)
        found = self._dated(with_load(self._found, measured, reference, self._voltage()))
        before = self._point(recording, self._channels, reference)
        after = self._point(recording, self._with(found), reference)
        self._found = found
        lines = (
            f"gain        {found.gain:.6f}",
            f"CT corner   {found.ct_corner_hz:.4f} Hz",
            f"delay       {found.phase_delay_s * 1e6:.2f} us",
            f"error       {before.error_percent:+.3f} %, now {after.error_percent:+.3f} %",
        )
        plain = {**asdict(found), "before": asdict(before), "after": asdict(after)}
        return Outcome(lines, plain, found, (after,))

    def verify(self, recording: Recording, reference: Reference) -> Outcome:
        """Compare, and change nothing."""
        self._fits(reference)
        point = self._point(recording, self._channels, reference)
        text = f"reference {point.true:g}, shown {point.shown:.6g}: {point.error_percent:+.3f} %"
        return Outcome((text,), asdict(point), points=(point,))

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

    def _point(
        self, recording: Recording, channels: MeterChannels, reference: Reference
    ) -> LoadPoint:
        now = shown(recording, channels, self._nominal_hz, self._channel - 1)
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
