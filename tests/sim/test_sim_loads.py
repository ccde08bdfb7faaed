# SPDX-License-Identifier: Apache-2.0
"""Mains and loads against closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pdu_agent.hw.sim.inputs import Probe
from pdu_agent.hw.sim.loads import OWN_USE, RECTIFIER, Load, default_loads
from pdu_agent.hw.sim.waveform import Mains, harmonic_phasors, rms
from pdu_agent.hw.sim.world import Conductor, Layout, Place, World
from pdu_agent.model.commands import Target, TargetKind

NO_USE = Load("nothing", 0.0)


def still(voltage_v=230.0, frequency_hz=50.0, harmonics=None) -> Mains:
    """Mains without drift and noise."""
    return Mains(
        voltage_v,
        frequency_hz,
        harmonics=harmonics or {},
        drift_hz=0.0,
        drift_share=0.0,
        noise_share=0.0,
    )


def whole_cycles(frequency_hz=50.0, start_s=1000.0, cycles=50, per_cycle=160):
    return start_s + np.arange(cycles * per_cycle) / (frequency_hz * per_cycle)


INLET = Target(TargetKind.INLET, 1)


def outlet(number: int) -> Target:
    return Target(TargetKind.OUTLET, number)


def world_of(mains: Mains, loads: dict[int, Load], own_use: Load = NO_USE) -> World:
    """One inlet with these outlets, their contacts open."""
    return World(Layout(dict.fromkeys(loads, Place())), mains, loads, own_use)


def sampled(world, mains, times_s, outlets, inlet=False):
    """Voltage, and the currents of the inlet (if asked for) and the outlets."""
    conductors = [INLET] * inlet + [outlet(number) for number in outlets]
    probe = Probe(world, [Conductor(target) for target in conductors])
    basis = mains.basis(times_s)
    return mains.voltage(times_s, basis), probe.currents(times_s, basis)


def test_undisturbed_voltage_is_a_sine_of_the_given_rms():
    mains = still(120.0, 60.0)
    times_s = whole_cycles(60.0)
    voltage = mains.voltage(times_s, mains.basis(times_s))
    assert np.sqrt(np.mean(voltage**2)) == pytest.approx(120.0, rel=1e-6)
    sine = 120 * math.sqrt(2) * np.sin(2 * np.pi * 60 * times_s)
    assert np.abs(voltage - sine).max() < 1e-3


def test_harmonics_add_in_quadrature():
    mains = still(harmonics={3: 0.05, 5: -0.03, 7: 0.02})
    times_s = whole_cycles()
    voltage = mains.voltage(times_s, mains.basis(times_s))
    expected = 230 * math.sqrt(1 + 0.05**2 + 0.03**2 + 0.02**2)
    assert np.sqrt(np.mean(voltage**2)) == pytest.approx(expected, rel=1e-6)
    assert rms(mains.phasors) == pytest.approx(expected, rel=1e-12)


def test_unknown_harmonic_order_is_refused():
    with pytest.raises(ValueError, match=r"\[2\], expected some of \(1, 3"):
        harmonic_phasors(1 + 0j, {2: 0.1})


def test_phase_is_the_integral_of_the_frequency_and_portions_do_not_matter():
    mains = Mains(drift_hz=0.2, seed=5)
    times_s = np.linspace(900.0, 1000.0, 200_001)
    frequency = np.array([mains.frequency_hz(t) for t in times_s[::100]])
    turns = mains.turns(times_s)
    mean_hz = (turns[-1] - turns[0]) / 100.0
    assert mean_hz == pytest.approx((frequency[:-1] + frequency[1:]).mean() / 2, abs=1e-6)
    assert np.ptp(frequency) > 0.2
    whole = mains.voltage(times_s, mains.basis(times_s))
    parts = [mains.voltage(part, mains.basis(part)) for part in np.split(times_s[1:], 400)]
    assert np.allclose(whole[1:], np.concatenate(parts), atol=1e-3)


def test_voltage_drifts_by_its_share():
    mains = Mains(drift_share=0.01)
    levels = [mains.level(t) for t in range(400)]
    assert (min(levels), max(levels)) == pytest.approx((0.99, 1.01), abs=1e-4)


LOADS = st.builds(
    Load,
    name=st.just("any"),
    active_power_w=st.floats(0.5, 3000),
    displacement=st.floats(0.2, 1.0),
    leading=st.booleans(),
    harmonics=st.dictionaries(st.sampled_from([3, 5, 7, 9, 11]), st.floats(-0.8, 0.8)),
)


@settings(max_examples=40, deadline=None)
@given(load=LOADS, distorted=st.booleans())
def test_truth_is_what_the_samples_say(load, distorted):
    mains = still(harmonics={3: 0.03, 7: -0.02} if distorted else {})
    world = world_of(mains, {4: load})
    world.set_contact(4, True)
    voltage, (current,) = sampled(world, mains, whole_cycles(cycles=10), [4])
    truth = world.truth(outlet(4), 1000.0)
    current_a = math.sqrt(np.mean(current.astype(float) ** 2))
    power_w = float(np.mean(voltage.astype(float) * current))
    assert truth.current_a == pytest.approx(current_a, rel=1e-5)
    assert truth.active_power_w == pytest.approx(power_w, rel=2e-5, abs=1e-4)
    assert truth.voltage_v == pytest.approx(math.sqrt(np.mean(voltage.astype(float) ** 2)))
    assert truth.power_factor == pytest.approx(power_w / truth.voltage_v / current_a, abs=1e-4)
    if not distorted:
        assert power_w == pytest.approx(load.active_power_w, rel=1e-4)


@pytest.mark.parametrize(("leading", "sign"), [(False, 1), (True, -1)])
def test_lagging_current_crosses_zero_after_the_voltage(leading, sign):
    mains = still()
    world = world_of(mains, {1: Load("motor", 90.0, 0.6, leading=leading)})
    world.set_contact(1, True)
    times_s = whole_cycles()
    voltage, _ = sampled(world, mains, times_s, [1])
    later = math.acos(0.6) / (2 * np.pi) / 50
    _, (shifted,) = sampled(world, mains, times_s + sign * later, [1])
    assert np.corrcoef(voltage, shifted)[0, 1] == pytest.approx(1.0, abs=1e-5)
    assert world.truth(outlet(1), 0.0).power_factor == pytest.approx(0.6, abs=1e-9)


def test_rectifier_has_a_high_crest_and_a_resistor_root_two():
    mains = still()
    loads = {1: Load("supply", 50.0, harmonics=RECTIFIER), 2: Load("heater", 500.0)}
    world = world_of(mains, loads)
    for number in loads:
        world.set_contact(number, True)
    assert 2.4 < world.truth(outlet(1), 0.0).crest_factor < 3.0
    assert world.truth(outlet(2), 0.0).crest_factor == pytest.approx(math.sqrt(2), rel=1e-6)
    _, currents = sampled(world, mains, whole_cycles(), [1, 2])
    crest = np.abs(currents[0]).max() / np.sqrt(np.mean(currents[0] ** 2))
    assert crest == pytest.approx(world.truth(outlet(1), 0.0).crest_factor, rel=1e-3)


def test_inlet_is_the_sum_of_outlets_and_own_use():
    mains = Mains(seed=2)
    loads = default_loads(8, seed=2)
    world = world_of(mains, loads, OWN_USE)
    for number in (1, 2, 5, 6):
        world.set_contact(number, True)
    times_s = whole_cycles()
    _, currents = sampled(world, mains, times_s, list(range(1, 9)), inlet=True)
    own = world_of(mains, {1: OWN_USE})
    own.set_contact(1, True)
    _, (own_current,) = sampled(own, mains, times_s, [1])
    assert np.allclose(currents[0], currents[1:].sum(axis=0) + own_current, atol=1e-5)
    assert not currents[3].any()
    powers = [world.truth(outlet(n), 5.0).active_power_w for n in loads]
    total_w = sum(powers) + own.truth(outlet(1), 5.0).active_power_w
    assert world.truth(INLET, 5.0).active_power_w == pytest.approx(total_w)
    assert powers[2] == 0.0
    assert world.truth(outlet(3), 5.0).power_factor == 0.0


def test_relay_cuts_and_makes_current_in_the_middle_of_a_block():
    mains = still()
    world = world_of(mains, {1: Load("heater", 500.0)})
    times_s = whole_cycles(cycles=4)
    world.set_contact(1, True, times_s[100])
    _, closing = sampled(world, mains, times_s, [1], inlet=True)
    assert not closing[:, :100].any()
    assert np.abs(closing[:, 101:159]).min() > 0.05
    world.set_contact(1, False, times_s[300])
    _, opening = sampled(world, mains, times_s, [1], inlet=True)
    assert not opening[:, 300:].any()
    assert np.abs(opening[:, 241:299]).min() > 0.05


def test_inrush_decays_from_its_multiple_to_normal():
    mains = still()
    load = Load("server", 100.0, inrush=8.0, inrush_tau_s=0.05)
    world = world_of(mains, {1: load})
    world.set_contact(1, True, 1000.0)
    normal_a = 100 / 230
    for age_s in (0.0, 0.05, 0.1, 0.3):
        expected = normal_a * (1 + 7 * math.exp(-age_s / 0.05))
        assert world.truth(outlet(1), 1000.0 + age_s).current_a == pytest.approx(expected)
    _, (current,) = sampled(world, mains, whole_cycles(start_s=1000.0), [1])
    cycles = np.sqrt(np.mean(current.reshape(50, 160) ** 2, axis=1)) / normal_a
    assert (np.diff(cycles[:20]) < 0).all()
    assert 6 < cycles[0] < 8
    assert cycles[-1] == pytest.approx(1.0, rel=1e-4)


def test_load_found_running_has_no_inrush():
    world = world_of(still(), {1: Load("server", 100.0, inrush=8.0)})
    world.set_contact(1, True)
    assert world.truth(outlet(1), -1e6).current_a == pytest.approx(100 / 230)


def test_setting_a_relay_to_where_it_is_starts_no_new_inrush():
    world = world_of(still(), {1: Load("server", 100.0, inrush=8.0)})
    world.set_contact(1, True, 10.0)
    world.set_contact(1, True, 50.0)
    assert world.truth(outlet(1), 50.0).current_a == pytest.approx(100 / 230)


def test_schedule_changes_between_work_and_idle_inside_a_block():
    load = Load("charger", 45.0, cycle_s=100.0, on_share=0.4, idle_share=0.02)
    mains = still()
    world = world_of(mains, {1: load})
    world.set_contact(1, True)
    assert world.truth(outlet(1), 1039.9).active_power_w == pytest.approx(45.0)
    assert world.truth(outlet(1), 1040.1).active_power_w == pytest.approx(0.9)
    times_s = whole_cycles(start_s=1039.8, cycles=20)
    _, (current,) = sampled(world, mains, times_s, [1])
    before, after = current[times_s < 1040.0], current[times_s >= 1040.0]
    assert np.abs(after).max() == pytest.approx(0.02 * np.abs(before).max(), rel=0.01)


def test_default_loads_are_the_same_for_a_seed_and_plausible_for_any_count():
    assert default_loads(20, 3) == default_loads(20, 3)
    assert default_loads(8, 3) != default_loads(8, 4)
    mains = still()
    loads = default_loads(64, 1)
    assert sorted(loads) == list(range(1, 65))
    powers = [load.active_power_w for load in loads.values()]
    assert 5 < min(powers) < max(powers) < 200
    assert all(rms(load.phasors(complex(mains.phasors[0]))) < 1.0 for load in loads.values())
