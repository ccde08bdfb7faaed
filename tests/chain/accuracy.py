# SPDX-License-Identifier: Apache-2.0
"""Loads at each mains frequency, metered through the whole chain and held against the truth."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pdu_agent.hw.sim.loads import RECTIFIER, Load
from pdu_agent.hw.sim.waveform import Mains
from pdu_agent.model.commands import Target
from pdu_agent.model.readings import Reading
from tests.chain.rig import Chain, load_of
from tests.chain.truth import SteadyTruth, frequency_hz

FREQUENCIES_HZ = (45.0, 50.0, 55.0, 60.0, 65.0)
SMALL_A = 0.5
SETTLE_S = 1.0  # bring-up and the first window


@dataclass(frozen=True, slots=True)
class Group:
    """Loads that share a goal for watts and joules. Their sum must not clip the inlet's
    converter channel, at 31 A RMS of a sine.
    """

    name: str
    goal_percent: float
    currents_a: Sequence[float]
    displacement: float = 1.0
    rectifiers: bool = False

    def loads(self, mains: Mains) -> dict[int, Load]:
        """Every second one leads instead of lagging."""
        return {
            number: load_of(
                current_a,
                self.displacement,
                mains,
                RECTIFIER if self.rectifiers else None,
                leading=number % 2 == 0,
            )
            for number, current_a in enumerate(self.currents_a, 1)
        }


GROUPS = (
    Group("PF 1", 0.1, (0.25, 1.0, 5.0, 16.0)),
    Group("PF 0.5", 0.2, (0.25, 1.0, 5.0, 16.0), displacement=0.5),
    Group("rectifiers, PF 0.7", 0.2, (0.25, 1.0, 4.0, 10.0), displacement=0.98, rectifiers=True),
)


@dataclass(frozen=True, slots=True)
class Errors:
    """The largest departures from the truth: of any window's voltage, current, power and
    frequency, of any point and energy register. small_current_percent: of currents below
    SMALL_A, where the converter's own noise is all there is: 0.011 % RMS of a window at 0.25 A.
    """

    voltage_percent: float = 0.0
    current_percent: float = 0.0
    small_current_percent: float = 0.0
    power_percent: float = 0.0
    energy_percent: float = 0.0
    frequency_mhz: float = 0.0

    @staticmethod
    def worst(errors: Iterable[Errors]) -> Errors:
        columns = zip(*map(_values, errors), strict=True)
        return Errors(*map(max, columns))


def unsteady_mains(hz: float, seed: int = 3) -> Mains:
    """Drift of 0.1 Hz and 2 %, harmonics of 5.5 % and noise of 0.05 % of the voltage."""
    return Mains(
        230.0,
        hz,
        harmonics={3: 0.03, 5: -0.04, 7: 0.02, 11: 0.01},
        drift_hz=0.1,
        drift_share=0.02,
        noise_share=0.0005,
        seed=seed,
    )


def metered(group: Group, hz: float, seconds: float) -> Errors:
    """Run the group's loads for `seconds` on a busy host."""
    mains = unsteady_mains(hz)
    with Chain(mains, group.loads(mains), mains_hz=hz) as chain:
        chain.run(SETTLE_S)
        begun = {
            target: (until_s, chain.meter(target).energy_mj)
            for target, until_s in chain.metered_until_s.items()
        }
        chain.run(seconds)
        truths = {
            target: SteadyTruth(chain.board, target, chain.time.monotonic_s()) for target in begun
        }
        windows = [
            error
            for readings in chain.readings.values()
            for reading in readings
            for error in _window_errors(reading, truths, mains)
        ]
        registers = []
        for target, (from_s, from_mj) in begun.items():
            true_mj = truths[target].energy_mj(from_s, chain.metered_until_s[target])
            error = percent(chain.meter(target).energy_mj - from_mj, true_mj)
            registers.append(Errors(energy_percent=error))
        return Errors.worst([*windows, *registers])


def percent(measured: float, true: float) -> float:
    """How far off, whatever the sign."""
    return 100.0 * abs(measured / true - 1)


def _window_errors(
    reading: Reading, truths: dict[Target, SteadyTruth], mains: Mains
) -> Iterable[Errors]:
    from_s, to_s = reading.t_mono_s - reading.span_s, reading.t_mono_s
    true_hz = frequency_hz(mains, from_s, to_s)
    for measurement in reading.measurements:
        shown, truth = measurement.electrical, truths[measurement.target]
        assert shown.voltage_v is not None
        assert shown.current_a is not None
        assert shown.active_power_w is not None
        assert shown.frequency_hz is not None
        true_a = truth.current_a(from_s, to_s)
        current_percent = percent(shown.current_a, true_a)
        is_small = true_a < SMALL_A
        yield Errors(
            voltage_percent=percent(shown.voltage_v, truth.voltage_v(from_s, to_s)),
            current_percent=0.0 if is_small else current_percent,
            small_current_percent=current_percent if is_small else 0.0,
            power_percent=percent(shown.active_power_w, truth.power_w(from_s, to_s)),
            frequency_mhz=1000.0 * abs(shown.frequency_hz - true_hz),
        )


def _values(errors: Errors) -> tuple[float, ...]:
    return (
        errors.voltage_percent,
        errors.current_percent,
        errors.small_current_percent,
        errors.power_percent,
        errors.energy_percent,
        errors.frequency_mhz,
    )
