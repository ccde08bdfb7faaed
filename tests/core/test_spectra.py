# SPDX-License-Identifier: Apache-2.0
"""The harmonics of a point: which ones faces see between two that are measured."""

from __future__ import annotations

from pdu_agent.model.quantities import HARMONICS, Electrical, Quality, Spectrum
from pdu_agent.model.readings import Measurement
from tests.core.bench import INLET, Workbench

LIVE = Electrical(voltage_v=230.0, current_a=1.0, frequency_hz=50.0, quality=Quality.OK)
DEAD = Electrical(voltage_v=0.0, current_a=0.0, quality=Quality.OK)


def spectrum_of(amperes: float) -> Spectrum:
    return Spectrum((230.0,) * HARMONICS, (amperes,) * HARMONICS)


def shown(bench: Workbench) -> Spectrum | None:
    return bench.core.snapshot.inlets[0].meter.spectrum


def test_harmonics_stay_until_newer_ones_come() -> None:
    bench = Workbench(outlets=1)
    for amperes in (1.0, 2.0):
        bench.measure(Measurement(INLET, LIVE, 0.0, 0.0, spectrum_of(amperes)))
        bench.measure(Measurement(INLET, LIVE, 0.0, 0.0))
        assert shown(bench) == spectrum_of(amperes)


def test_harmonics_go_with_the_mains() -> None:
    bench = Workbench(outlets=1)
    bench.measure(Measurement(INLET, LIVE, 0.0, 0.0, spectrum_of(1.0)))
    bench.measure(Measurement(INLET, DEAD, 0.0))
    assert shown(bench) is None
    bench.measure(Measurement(INLET, LIVE, 0.0, 0.0))
    assert shown(bench) is None
