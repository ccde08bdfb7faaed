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
from pdu_agent.app.config.wiring_check import COARSE_FLOOR_A
from pdu_agent.app.wiring import meter_channels
from pdu_agent.metering.calibrating import Figures
from pdu_agent.metering.calibration import ChannelScale, MeterChannels
from pdu_agent.model.commands import Target
from pdu_agent.model.errors import ConfigError, MeasurementError

IDLE_A, IDLE_CODES = 0.01, 4.0
"""What stray fields may induce of the mains' frequency, the larger of both."""
_WRONG_WAY = "the transformer is the wrong way round: its negative gain makes up for that"


class Session(Bench):
    """channel: from 1. Raises ConfigError for a channel that there is not.

    References have to be of a quantity that the channel has, see `quantities`.
    """

    def __init__(self, settings: AgentSettings, meter: str, channel: int, reference: str) -> None:
        super().__init__(settings, meter)
        if channel - 1 not in self._channels.rows:
            wired = ", ".join(str(each + 1) for each in sorted(self._channels.rows))
            raise ConfigError(f"meter {meter!r} has no channel {channel}; wired are {wired}")
        self._channel = channel
        self._reference = reference
        self.is_voltage = channel - 1 in dict(self._channels.voltages)
        self._has_watts = self._voltage() is not None

    @property
    def name(self) -> str:
        """Such as "meter chip1 channel 3, outlet 1"."""
        point = self._feeds or ("mains voltage" if self.is_voltage else "conductor")
        return f"meter {self._meter.name} channel {self._channel}, {point}"

    @property
    def _feeds(self) -> Target | None:
        currents = self._wiring.currents
        return next((each.feeds for each in currents if each.channel == self._channel), None)

    @property
    def quantities(self) -> tuple[str, ...]:
        """Units that its reference may be in: V; A, W; or A alone for what is no load."""
        if self.is_voltage:
            return ("V",)
        return ("A", "W") if self._has_watts and self._feeds is not None else ("A",)

    def idle(self, recording: Recording) -> Outcome:
        """Nothing is connected: offset and noise floor."""
        measured = figures(recording, self._channels, self._nominal_hz)
        self._is_idle(measured)
        found = self._dated(with_idle(self._present(), measured))
        unit = "V" if self.is_voltage else "A"
        lines = (
            f"offset      {found.offset_counts:.2f} codes",
            f"noise floor {found.noise_floor or 0.0:.4g} {unit} RMS",
        )
        return Outcome(lines, asdict(found), found)

    def load(self, recording: Recording, reference: Reference) -> Outcome:
        """A known load: gain and phase, and how wrong the channel was and is.

        Raises MeasurementError for a reference or a load that does not fit.
        """
        measured = figures(recording, self._channels, self._nominal_hz)
        present = self._present()
        found = self._dated(with_load(present, measured, reference, self._voltage()))
        if self._feeds is None and not self.is_voltage:
            # A neutral carries what the lines do the other way, so its watts tell no direction.
            found = replace(found, gain=math.copysign(found.gain, present.gain))
        before = self._point(recording, self._channels, reference)
        after = self._point(recording, self._with(found), reference)
        phase = (
            f"CT corner   {found.ct_corner_hz:.4f} Hz",
            f"delay       {found.phase_delay_s * 1e6:.2f} us",
        )
        lines = (
            f"gain        {found.gain:.6f}",
            *(phase if self._has_watts else ()),
            *((_WRONG_WAY,) if found.gain < 0 and self._feeds is not None else ()),
            f"error       {before.error_percent:+.3f} %, now {after.error_percent:+.3f} %",
        )
        plain = {**asdict(found), "before": asdict(before), "after": asdict(after)}
        return Outcome(lines, plain, found, (after,))

    def verify(self, recording: Recording, reference: Reference) -> Outcome:
        """Compare, and change nothing."""
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

    def _voltage(self) -> ChannelScale | None:
        """What a current belongs to; None for a residual current, and for a voltage."""
        if self.is_voltage:
            return None
        place = [channel for channel, _ in self._channels.currents].index(self._channel - 1)
        row = self._channels.voltage_rows[place]
        return None if row is None else self._channels.scales[row]

    def _with(self, found: ChannelCalibration) -> MeterChannels:
        wiring = calibration.trimmed(self._wiring, [found])
        return meter_channels(wiring, self._meter.options.volts_per_count)

    def _is_idle(self, measured: Figures) -> None:
        """A load that was left on would be taken for noise, and off every reading from then on.

        Raises MeasurementError.
        """
        shown = abs(measured.of(self._channel - 1).fundamental or 0.0)
        if self.is_voltage:
            if measured.frequency_hz is not None:
                raise MeasurementError(f"{self.name}: {shown:.1f} V, expected no mains")
            return
        scale = self._scale(self._channel - 1)
        most_a = (
            max(IDLE_A, IDLE_CODES * scale.units_per_count) if self._has_watts else COARSE_FLOOR_A
        )
        if shown > most_a:
            raise MeasurementError(
                f"{self.name}: {shown:.4f} A, expected nothing, {most_a:.4f} A at most: is the load"
                " off, or the conductor out of its transformer?"
            )

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
