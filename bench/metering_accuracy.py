# SPDX-License-Identifier: Apache-2.0
"""How far the meter is from the truth, through the whole simulated chain.

The simulated strip's waveforms become codes and SPI bytes; the driver reads them with the
host late for its messages (0.1 to 3 ms, now and then 10 ms: those frames are lost); windows
become readings, and the core counts millijoules. Errors are the largest of any window and
any register, at 45 to 65 Hz with drift, harmonics and noise, from 0.25 to 16 A. The truth is
integrated from the simulator's own model over the same span, lost frames included.

With transformers that lead by 1 degree and are corrected by their law, noise of 0.1 % of each
reading and drift of 0.5 Hz/s: power, energy, THD, residual current, and a day of random loads
(compressed: --day hours of them).

Prints one line per figure; exit status 1 when a goal is missed. An idle strip is watched
for a quarter of an hour, or for --hours of simulated time. Of either, 24 take about a quarter of an
hour.

    python bench/metering_accuracy.py [--json] [--seconds S] [--hours H] [--day D]
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from pdu_agent.hw.sim.loads import Load
from tests.chain.accuracy import (
    FREQUENCIES_HZ,
    GROUPS,
    Errors,
    metered,
    percent,
    unsteady_mains,
)
from tests.chain.metrology import (
    LOADS,
    MAINS_HZ,
    load_errors,
    random_day_percent,
    residual_by_sum_ma,
    residual_direct_ma,
)
from tests.chain.no_load import idle
from tests.chain.rig import Chain

MILLIJOULES_PER_MILLIWATT_HOUR = 3600
VOLTAGE_GOAL_PERCENT = CURRENT_GOAL_PERCENT = 0.05
SMALL_CURRENT_GOAL_PERCENT = 0.06
"""Of 0.25 A: the converter's own noise moves a window by 0.011 % RMS, one of thousands by five
times as much.
"""
FREQUENCY_GOAL_MHZ = 5.0
INLET_GOAL_PERCENT = 0.2  # its idle draw has a power factor below 0.5


@dataclass(frozen=True)
class Figure:
    """One largest error. Goals are the largest allowed."""

    name: str
    goal: float
    measured: float
    unit: str

    @property
    def reached(self) -> bool:
        return self.measured <= self.goal


def load_figures(seconds: float) -> Iterator[Figure]:
    """Every group of loads at every frequency, for `seconds` each."""
    everything = []
    for group in GROUPS:
        worst = Errors.worst(metered(group, hz, seconds) for hz in FREQUENCIES_HZ)
        everything.append(worst)
        yield Figure(f"power, {group.name}", group.goal_percent, worst.power_percent, "%")
        yield Figure(f"energy, {group.name}", group.goal_percent, worst.energy_percent, "%")
    worst = Errors.worst(everything)
    yield Figure("voltage", VOLTAGE_GOAL_PERCENT, worst.voltage_percent, "%")
    yield Figure("current, 1 to 16 A", CURRENT_GOAL_PERCENT, worst.current_percent, "%")
    yield Figure("current, 0.25 A", SMALL_CURRENT_GOAL_PERCENT, worst.small_current_percent, "%")
    yield Figure("frequency", FREQUENCY_GOAL_MHZ, worst.frequency_mhz, "mHz")


def agreement_figure(seconds: float) -> Figure:
    """The same voltage through two converters, each with its own oscillator and gaps."""
    loads = {number: Load("lamp", 60.0) for number in range(1, 9)}
    with Chain(unsteady_mains(50.0), loads) as chain:
        chain.run(seconds)
        first, second = (
            [(reading.t_mono_s, reading.measurements[0].electrical.voltage_v) for reading in each]
            for each in chain.readings.values()
        )
    worst = 0.0
    for t_s, voltage_v in second:
        _, nearest_v = min(first, key=lambda other: abs(other[0] - t_s))
        assert voltage_v is not None
        assert nearest_v is not None
        worst = max(worst, percent(voltage_v, nearest_v))
    return Figure("voltage of two converters", VOLTAGE_GOAL_PERCENT, worst, "%")


def metrology_figures(seconds: float, day_hours: float) -> Iterator[Figure]:
    """The goals are those of PF 1 and PF 0.5; for 1 % of the range, of one second."""
    by_frequency = [load_errors(hz, seconds) for hz in MAINS_HZ]
    for (amperes, factor, harmonics), errors in zip(
        LOADS, zip(*by_frequency, strict=True), strict=True
    ):
        name = f"{amperes:g} A, PF {factor:g}{', harmonics' if harmonics else ''}"
        low = abs(factor) < 0.8
        power = max(error.window_percent for error in errors)
        second = max(error.second_percent for error in errors)
        if amperes < 1:
            yield Figure(f"1 s of power, {name}", 0.5, second, "%")
        yield Figure(f"power, {name}", 0.1 if low else 0.05, power, "%")
        energy = max(error.energy_percent for error in errors)
        yield Figure(f"energy, {name}", 0.02 if low else 0.01, energy, "%")
        yield Figure(f"THD, {name}", 0.1, max(error.thd_points for error in errors), "pt")
    for load_a in (1.0, 5.0, 16.0):
        worst = max(residual_by_sum_ma(load_a, leak_a, seconds) for leak_a in (0.0, 0.006, 0.03))
        yield Figure(f"residual by sum, {load_a:g} A", 0.5 + 0.2 * load_a, worst, "mA")
    worst = max(residual_direct_ma(leak_a, seconds) for leak_a in (0.001, 0.006, 0.03, 0.3))
    yield Figure("residual, 300 mA channel", 0.5, worst, "mA")
    yield Figure(f"random load, {day_hours:g} h", 0.02, random_day_percent(day_hours), "%")


def idle_figures(hours: float) -> Iterator[Figure]:
    found = idle(hours)
    counted_mwh = found.outlets_mj / MILLIJOULES_PER_MILLIWATT_HOUR
    yield Figure(f"6 idle outlets, {hours:g} h", 0.0, counted_mwh, "mWh")
    yield Figure(f"inlet's 4 W, {hours:g} h", INLET_GOAL_PERCENT, found.inlet_percent, "%")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument("--seconds", type=float, default=20.0, help="simulated, for each load")
    parser.add_argument("--hours", type=float, default=0.25, help="simulated, without load")
    parser.add_argument("--day", type=float, default=0.5, help="simulated hours of random load")
    options = parser.parse_args()
    started_s = time.monotonic()
    figures = list(metrology_figures(options.seconds, options.day))
    figures += [*load_figures(options.seconds), agreement_figure(options.seconds)]
    loads_s = time.monotonic() - started_s
    figures += idle_figures(options.hours)
    idle_s = time.monotonic() - started_s - loads_s
    if options.json:
        rows = [asdict(figure) | {"reached": figure.reached} for figure in figures]
        print(json.dumps({"figures": rows, "loads_s": loads_s, "idle_s": idle_s}, indent=2))
    else:
        for figure in figures:
            print(
                f"{figure.name:32} goal {figure.goal:5.2f} {figure.unit:4}"
                f" measured {figure.measured:8.4f} {figure.unit:4}"
                f" {'ok' if figure.reached else 'MISSED'}"
            )
        print(f"took {loads_s:.1f} s with loads, {idle_s:.1f} s without")
    return 0 if all(figure.reached for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
