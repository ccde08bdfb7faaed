# SPDX-License-Identifier: Apache-2.0
"""A residual sum on the bench: what is left of loads without leakage, and the null for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date

import numpy as np
from numpy.typing import NDArray

from pdu_agent.app.calibrating import Recording, figures, residual_a
from pdu_agent.app.calibration_bench import Bench, Outcome
from pdu_agent.app.config.nulls import NullCalibration, conductors, with_nulls
from pdu_agent.app.config.schema import AgentSettings
from pdu_agent.app.wiring import meter_channels
from pdu_agent.metering.calibrating import loads_in, null_of, trimmed_phasors
from pdu_agent.model.errors import ConfigError, MeasurementError

LEAST_LOAD_A = 0.05
"""Below, a null would fit the noise."""
LARGEST_GAIN = 0.1
LARGEST_CORNER_HZ = 5.0
"""What the configuration takes: transformers that differ by more are not wired as it says."""


class NullSession(Bench):
    """Raises ConfigError for an inlet whose residual current is no sum of conductors there."""

    def __init__(self, settings: AgentSettings, meter: str, inlet: int) -> None:
        super().__init__(settings, meter)
        sums = [residual.inlet for residual in self._wiring.residuals]
        if inlet not in sums:
            raise ConfigError(
                f"meter {meter!r} has no residual current of inlet {inlet} as a sum of conductors;"
                f" it has {', '.join(f'inlet {n}' for n in sums) or 'none'}"
            )
        self._place = sums.index(inlet)
        self._residual = self._wiring.residuals[self._place]
        self._scales = conductors(
            self._wiring, self._meter.options.volts_per_count, self._residual.channels
        )

    @property
    def name(self) -> str:
        """Such as "meter chip1, residual current of inlet 1"."""
        return f"meter {self._meter.name}, residual current of inlet {self._residual.inlet}"

    @property
    def loads(self) -> int:
        """As many that differ, one on each phase, tell every conductor's part."""
        return len(self._residual.channels) - 1

    def null(self, recordings: Sequence[Recording]) -> Outcome:
        """recordings: of one load each, none with any leakage.

        Raises MeasurementError without mains, with hardly any load, and for conductors that do
        not belong together.
        """
        phasors, frequency_hz = self._phasors(recordings)
        gains, corners_hz = self._nulls(phasors, frequency_hz)
        without = self._found(gains, corners_hz, 0.0, 0.0)
        before_a = self._shown_a(recordings, None)
        found = self._found(gains, corners_hz, before_a, self._shown_a(recordings, without))
        lines = [
            f"channel {channel}   gain {gain:+.5f}   CT corner {corner_hz:+.4f} Hz"
            for channel, gain, corner_hz in zip(found.channels, gains, corners_hz, strict=True)
        ]
        lines.append(
            f"residual    {1000 * found.before_a:.2f} mA, now {1000 * found.after_a:.2f} mA"
        )
        told = loads_in(phasors)
        if told < self.loads:
            lines.append(
                f"loads       {told} that differ, of {self.loads}: this null serves loads like"
                f" {'it' if told == 1 else 'them'} only; measure with a load on each phase alone"
            )
        plain = {**asdict(found), "loads": told, "loads_wanted": self.loads}
        return Outcome(tuple(lines), plain, null=found)

    def _phasors(self, recordings: Sequence[Recording]) -> tuple[NDArray[np.complex128], float]:
        """complex128[windows, conductors] in A, trimmed, and the mains' frequency in Hz."""
        rows = [channel for channel, _ in self._channels.currents]
        places = [rows.index(channel - 1) for channel in self._residual.channels]
        parts, frequencies_hz = [], []
        for recording in recordings:
            found = figures(recording, self._channels, self._nominal_hz)
            if found.frequency_hz is None:
                raise MeasurementError("no mains on the voltage channel: a null needs a load")
            frequencies_hz.append(found.frequency_hz)
            phasors = found.phasors[:, places]
            parts.append(trimmed_phasors(phasors, self._scales, found.frequency_hz))
        together = np.concatenate(parts)
        largest_a = float(np.abs(together).max(initial=0.0))
        if largest_a < LEAST_LOAD_A:
            raise MeasurementError(
                f"at most {largest_a:.3f} A in the conductors; expected a load of some amperes,"
                f" {LEAST_LOAD_A:g} A at least"
            )
        return together, float(np.mean(frequencies_hz))

    def _nulls(
        self, phasors: NDArray[np.complex128], frequency_hz: float
    ) -> tuple[list[float], list[float]]:
        """(null_gains, null_corners_hz), as many digits as they are good for."""
        gains, corners_hz = null_of(phasors, frequency_hz)
        self._check(gains, corners_hz)
        return [round(gain, 7) for gain in gains], [round(corner, 6) for corner in corners_hz]

    def _check(self, gains: Sequence[float], corners_hz: Sequence[float]) -> None:
        for channel, gain, corner_hz in zip(
            self._residual.channels, gains, corners_hz, strict=True
        ):
            if abs(gain) > LARGEST_GAIN or abs(corner_hz) > LARGEST_CORNER_HZ:
                raise MeasurementError(
                    f"channel {channel} is off by {100 * abs(gain):.0f} % and"
                    f" {abs(corner_hz):.1f} Hz, expected at most {100 * LARGEST_GAIN:g} % and"
                    f" {LARGEST_CORNER_HZ:g} Hz: is it this inlet's conductor, and its"
                    " transformer the right way round?"
                )

    def _found(
        self, gains: Sequence[float], corners_hz: Sequence[float], before_a: float, after_a: float
    ) -> NullCalibration:
        return NullCalibration(
            meter=self._meter.name,
            inlet=self._residual.inlet,
            channels=self._residual.channels,
            units_per_count=tuple(scale.units for scale in self._scales),
            ct_corners_hz=tuple(scale.ct_corner_hz for scale in self._scales),
            phase_delays_s=tuple(scale.phase_delay_s for scale in self._scales),
            null_gains=tuple(gains),
            null_corners_hz=tuple(corners_hz),
            before_a=round(before_a, 6),
            after_a=round(after_a, 6),
            date=date.today().isoformat(),
        )

    def _shown_a(self, recordings: Sequence[Recording], null: NullCalibration | None) -> float:
        """What the agent would show, with the null of now or another one."""
        wiring = self._wiring if null is None else with_nulls(self._wiring, [null])
        channels = meter_channels(wiring, self._meter.options.volts_per_count)
        return residual_a(recordings, channels, self._nominal_hz, self._place)
