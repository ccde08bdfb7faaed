# SPDX-License-Identifier: Apache-2.0
"""From volts at the converters' pins to millijoules in the core, with real threads between.

Goals as bench/metering_accuracy.py prints them; here over a few seconds.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pdu_agent.hw.sim.loads import Load
from pdu_agent.hw.sim.waveform import Mains
from pdu_agent.model.quantities import Quality
from pdu_agent.model.snapshot import MeterStatus
from tests.chain.accuracy import FREQUENCIES_HZ, GROUPS, SETTLE_S, metered, percent
from tests.chain.no_load import idle
from tests.chain.rig import INLET, Chain, outlet
from tests.chain.truth import SteadyTruth, waveform_energy_mj

WINDOW_S = 0.27  # the longest
MOTOR = Load("motor", 300.0, 0.8, inrush=5.0, inrush_tau_s=0.2)
LAMP = Load("lamp", 100.0)
OUTAGE_S = 0.5
BRING_UP_S = 0.6  # of the chip; with the search for the first crossing


@pytest.fixture
def strip() -> Iterator[Chain]:
    """A motor on outlet 1, a lamp on outlet 2, both at work."""
    with Chain(Mains(), {1: MOTOR, 2: LAMP}) as chain:
        chain.run(SETTLE_S)
        yield chain


def assert_accurate(chain: Chain, number: int) -> None:
    """The newest window of an outlet agrees with the truth."""
    shown = chain.meter(outlet(number))
    until_s = chain.metered_until_s[outlet(number)]
    true_w = SteadyTruth(chain.board, outlet(number), until_s).power_w(until_s - 0.2, until_s)
    assert shown.status is MeterStatus.OK
    assert shown.electrical.quality is Quality.OK
    assert shown.electrical.active_power_w == pytest.approx(true_w, rel=0.001)
    assert 0 <= chain.time.monotonic_s() - until_s < WINDOW_S + 0.1


@pytest.mark.parametrize("hz", FREQUENCIES_HZ)
@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.name)
def test_every_window_and_register_is_accurate(group, hz):
    errors = metered(group, hz, seconds=10.0)
    assert errors.voltage_percent < 0.05
    assert errors.current_percent < 0.05
    assert errors.small_current_percent < 0.06
    assert errors.power_percent < group.goal_percent
    assert errors.energy_percent < group.goal_percent
    assert errors.frequency_mhz < 5.0


def test_without_load_nothing_is_counted():
    """Two of the slowest drifts of the mains; bench/metering_accuracy.py takes hours."""
    found = idle(hours=0.1)
    assert found.outlets_mj == 0
    assert found.inlet_percent < 0.2
    assert found.lost_samples > 0  # the host was busy


def test_the_truth_agrees_with_the_waveforms(strip):
    for target in (INLET, outlet(1), outlet(2)):
        waves_mj = waveform_energy_mj(strip.board, target, 900.0, 920.0)
        closed_mj = SteadyTruth(strip.board, target, 900.0).energy_mj(900.0, 920.0)
        assert percent(closed_mj, waves_mj) < 0.01  # half a cycle more or less at the ends


@pytest.mark.parametrize(("late", "goal_percent"), [(False, 0.05), (True, 1.0)])
def test_switching_on_is_metered_with_its_inrush(late, goal_percent):
    """On a busy host the first milliseconds may be among the lost frames; nobody knows them."""
    with Chain(Mains(), {1: MOTOR}, late=late) as strip:
        strip.run(SETTLE_S)
        strip.relays.write({0: False})
        strip.run(1.0)
        from_s, from_mj = strip.metered_until_s[outlet(1)], strip.meter(outlet(1)).energy_mj
        strip.relays.write({0: True})
        strip.run(2.0)
        to_s, to_mj = strip.metered_until_s[outlet(1)], strip.meter(outlet(1)).energy_mj
        steady_mj = SteadyTruth(strip.board, outlet(1), to_s).energy_mj(from_s, to_s)
        true_mj = waveform_energy_mj(strip.board, outlet(1), from_s, to_s)
    assert true_mj > 1.1 * steady_mj
    assert percent(to_mj - from_mj, true_mj) < goal_percent


def test_an_outlet_that_is_off_counts_nothing(strip):
    strip.relays.write({1: False})
    strip.run(WINDOW_S + 0.1)
    from_mj = strip.meter(outlet(2)).energy_mj
    strip.run(5.0)
    assert strip.meter(outlet(2)).energy_mj == from_mj
    assert strip.meter(outlet(2)).electrical.active_power_w == 0.0
    assert_accurate(strip, 1)


def test_a_converter_that_lost_its_power_is_set_up_again(strip):
    from_s, from_mj = strip.metered_until_s[outlet(2)], strip.meter(outlet(2)).energy_mj
    strip.board.ports["sim:0"].converter.reset()
    strip.run(10.0)
    assert [trouble is None for trouble in strip.troubles] == [False, True]
    assert "reset" in str(strip.troubles[0])
    assert_accurate(strip, 2)
    to_s, counted_mj = strip.metered_until_s[outlet(2)], strip.meter(outlet(2)).energy_mj - from_mj
    truth = SteadyTruth(strip.board, outlet(2), to_s)
    lost_mj = truth.energy_mj(from_s, to_s) - counted_mj
    assert 0 < lost_mj < truth.energy_mj(0.0, BRING_UP_S)


@pytest.mark.parametrize("stuck_at", [0x00, 0xFF])
def test_a_stuck_data_line_is_told_and_got_over(strip, stuck_at):
    faults = strip.board.ports["sim:0"].converter.faults
    faults.miso_stuck = stuck_at
    strip.run(OUTAGE_S)
    assert len(strip.troubles) == 1
    assert strip.troubles[0] is not None
    from_mj = strip.meter(outlet(2)).energy_mj
    faults.miso_stuck = None
    strip.run(2.0)
    assert strip.troubles[1:] == [None]
    assert strip.meter(outlet(2)).energy_mj > from_mj
    assert_accurate(strip, 2)


def test_two_converters_agree_on_the_voltage():
    with Chain(Mains(), dict.fromkeys(range(1, 9), LAMP)) as chain:
        chain.run(10.0)
        first, second = chain.readings.values()
        assert len(first) == pytest.approx(len(second), abs=2)
        for reading in second:
            nearest = min(first, key=lambda other: abs(other.t_mono_s - reading.t_mono_s))
            seen_v, other_v = (r.measurements[0].electrical.voltage_v for r in (reading, nearest))
            assert seen_v == pytest.approx(other_v, rel=0.0005)
        assert_accurate(chain, 1)
        assert_accurate(chain, 8)
