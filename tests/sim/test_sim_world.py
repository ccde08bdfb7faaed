# SPDX-License-Identifier: Apache-2.0
"""Three phases, fuses, leaks, steps of the mains and transformers against closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pdu_agent.hw.sim.changes import Changes
from pdu_agent.hw.sim.inputs import ConverterInputs, ConverterPlan, CurrentInput, Probe
from pdu_agent.hw.sim.loads import Load
from pdu_agent.hw.sim.waveform import Mains
from pdu_agent.hw.sim.world import Conductor, Layout, Place, World
from pdu_agent.model.commands import Target, TargetKind

INLET, RESIDUAL = Target(TargetKind.INLET, 1), Target(TargetKind.RESIDUAL, 1)
NO_USE = Load("nothing", 0.0)
SECOND = 1000.0 + np.arange(8000) / 8000


def outlet(number: int) -> Target:
    return Target(TargetKind.OUTLET, number)


def line(number: int) -> Target:
    return Target(TargetKind.LINE, number)


def still() -> Mains:
    return Mains(harmonics={}, drift_hz=0.0, drift_share=0.0, noise_share=0.0)


def three_phases(watts: tuple[float, float, float] = (460.0, 230.0, 115.0)) -> World:
    """An outlet on each line, one (230 W) between l1 and l2, all on; branch 1 has outlet 1."""
    names = ("l1", "l2", "l3", "l1l2")
    places = {n: Place(1, 1 if n == 1 else None, name) for n, name in enumerate(names, 1)}
    layout = Layout(
        places,
        lines={n: Place(1, None, name) for n, name in enumerate(names[:3], 1)},
        branches={1: Place(1, 1, "l1")},
    )
    loads = {n: Load("heater", w) for n, w in enumerate((*watts, 230.0), 1)}
    world = World(layout, still(), loads, NO_USE)
    for number in places:
        world.set_contact(number, True)
    return world


def waves(world: World, *conductors: Conductor, times_s=SECOND) -> np.ndarray:
    basis = world.mains.basis(times_s)
    return Probe(world, conductors).currents(times_s, basis).astype(float)


def rms(wave: np.ndarray) -> float:
    return float(np.sqrt(np.mean(wave**2)))


def test_the_phases_are_a_third_of_a_turn_apart_and_sum_to_nothing():
    mains = still()
    basis = mains.basis(SECOND)
    l1, l2, l3 = (mains.voltage(SECOND, basis, name).astype(float) for name in ("l1", "l2", "l3"))
    assert [rms(l1), rms(l2), rms(l3)] == pytest.approx([230.0] * 3, rel=1e-4)
    assert rms(l1 + l2 + l3) < 0.01
    assert np.mean(l1 * l2) == pytest.approx(-(230**2) / 2, rel=1e-3)
    later = SECOND + 1 / 150
    assert np.allclose(mains.voltage(later, mains.basis(later), "l2"), l1, atol=0.5)
    assert rms(mains.voltage(SECOND, basis, "l1l2")) == pytest.approx(230 * math.sqrt(3), rel=1e-4)


def test_a_lines_current_is_what_hangs_on_it_also_between_lines():
    world = three_phases()
    between = waves(world, Conductor(outlet(4)))[0]
    l1, l2, l3 = waves(world, *(Conductor(line(number)) for number in (1, 2, 3)))
    assert rms(between) == pytest.approx(230 / (230 * math.sqrt(3)), rel=1e-3)
    assert np.allclose(l1, waves(world, Conductor(outlet(1)))[0] + between, atol=1e-3)
    assert np.allclose(l2, waves(world, Conductor(outlet(2)))[0] - between, atol=1e-3)
    assert rms(l3) == pytest.approx(0.5, rel=1e-3)


def test_lines_see_all_the_power_of_the_inlet():
    world = three_phases()
    powers = [world.truth(line(number), 5.0).active_power_w for number in (1, 2, 3)]
    assert sum(powers) == pytest.approx(460 + 230 + 115 + 230)
    assert world.truth(INLET, 5.0).active_power_w == pytest.approx(sum(powers))


def test_line_conductors_and_neutral_cancel_but_for_the_leak():
    world = three_phases()
    conductors = [*(Conductor(line(n)) for n in (1, 2, 3)), Conductor(INLET, neutral=True)]
    assert rms(waves(world, *conductors).sum(axis=0)) < 1e-5
    world.set_leak(line(2), 0.010, 0.0)
    world.set_leak(outlet(1), 0.020, 0.0)
    found = waves(world, *conductors).sum(axis=0)
    (residual,) = waves(world, Conductor(RESIDUAL))
    # 20 mA with l1 and 10 mA with l2, which is 120 degrees later
    assert rms(residual) == pytest.approx(math.sqrt(20**2 + 10**2 - 20 * 10) / 1000, rel=1e-3)
    assert np.allclose(found, residual, atol=1e-5)
    assert world.truth(RESIDUAL, 5.0).current_a == pytest.approx(rms(residual), rel=1e-3)
    world.set_contact(1, False, 2.0)
    assert world.truth(RESIDUAL, 5.0).current_a == pytest.approx(0.010)


def test_a_lost_line_takes_its_loads_along_and_no_others():
    world = three_phases()
    world.set_levels((1,), 0.0, 1.0)
    truths = {n: world.truth(outlet(n), 5.0) for n in (1, 2, 3, 4)}
    assert truths[2].voltage_v == truths[2].current_a == 0.0
    assert truths[1].active_power_w == pytest.approx(460)
    # what is left of the voltage between l1 and l2 is that of l1 alone: a third of the power
    assert truths[4].active_power_w == pytest.approx(230 / 3)
    world.set_levels((1,), 1.0, 6.0)
    assert world.truth(outlet(2), 9.0).active_power_w == pytest.approx(230)


def test_behind_an_open_fuse_are_no_voltage_and_no_current():
    world = three_phases()
    branch = Target(TargetKind.BRANCH, 1)
    world.set_fuse(branch, False, 1.0)
    assert world.truth(outlet(1), 5.0).voltage_v == world.truth(branch, 5.0).voltage_v == 0.0
    assert world.truth(outlet(1), 5.0).current_a == 0.0
    assert world.truth(outlet(2), 5.0).current_a == pytest.approx(1.0)
    assert world.truth(outlet(1), 0.5).current_a == pytest.approx(2.0)  # before it blew
    world.set_fuse(branch, True, 6.0)
    assert world.truth(outlet(1), 9.0).active_power_w == pytest.approx(460)


def test_an_unmetered_load_is_seen_by_the_inlet_alone():
    world = three_phases()
    before_w = world.truth(INLET, 5.0).active_power_w
    world.set_unmetered(1, 40.0, 6.0)
    assert world.truth(INLET, 9.0).active_power_w == pytest.approx(before_w + 40.0)
    assert world.truth(outlet(1), 9.0).active_power_w == pytest.approx(460)
    world.set_unmetered(1, 0.0, 10.0)
    assert world.truth(INLET, 12.0).active_power_w == pytest.approx(before_w)


def test_changes_cut_a_block_at_their_moment():
    world = three_phases()
    middle_s = float(SECOND[4000])
    world.set_levels((0, 1, 2), 0.5, middle_s)
    l1 = world.mains.voltage(SECOND, world.mains.basis(SECOND)).astype(float)
    current = waves(world, Conductor(outlet(1)))[0]
    assert rms(l1[:4000]) == pytest.approx(230, rel=1e-3)
    assert rms(l1[4000:]) == pytest.approx(115, rel=1e-3)
    assert rms(current[4000:]) == pytest.approx(1.0, rel=1e-3)
    world.unplug(1, middle_s)
    current = waves(world, Conductor(outlet(1)))[0]
    assert rms(current[:4000]) == pytest.approx(2.0, rel=1e-3)
    assert not current[4000:].any()


def test_the_frequency_changes_without_a_jump():
    mains = still()
    mains.set_frequency(52.0, 1000.2, over_s=4.0)
    assert [mains.frequency_hz(t) for t in (1000.0, 1002.2, 1005.0)] == pytest.approx([50, 51, 52])
    times_s = 1000.0 + np.arange(48_000) / 8000
    turns = mains.turns(times_s)
    hertz = np.diff(turns) * 8000
    assert hertz.min() > 49.99
    assert hertz.max() < 52.01
    assert turns[-1] - turns[0] == pytest.approx(50 * 0.2 + 51 * 4 + 52 * 1.8, abs=0.01)


def test_a_lost_line_stays_lost_when_a_sag_of_all_ends():
    mains = still()
    mains.set_levels((0, 1, 2), 0.6, 10.0)
    mains.set_levels((0, 1, 2), 1.0, 12.0)
    mains.set_levels((1,), 0.0, 11.0)
    assert mains.supply.at(11.5).levels == (0.6, 0.0, 0.6)
    assert mains.supply.at(12.5).levels == (1.0, 0.0, 1.0)


@pytest.mark.parametrize("corner_hz", [0.0, 0.8728])
def test_a_transformer_leads_and_loses_as_a_high_pass_does(corner_hz):
    world = World(Layout({1: Place()}), still(), {1: Load("heater", 2300.0)}, NO_USE)
    world.set_contact(1, True)
    plan = ConverterPlan(2, (), (CurrentInput(1, Conductor(outlet(1)), 0.05, corner_hz),))
    volts = ConverterInputs(world, plan, np.random.default_rng(1))(SECOND)[1].astype(float)
    volts -= volts.mean()
    angle = math.atan(corner_hz / 50)
    assert rms(volts) == pytest.approx(0.5 * math.cos(angle), rel=1e-5)
    ideal = waves(world, Conductor(outlet(1)), times_s=SECOND + angle / (2 * math.pi * 50))[0]
    assert np.corrcoef(volts, ideal)[0, 1] == pytest.approx(1.0, abs=1e-8)


def test_noise_is_a_share_of_the_reading():
    world = World(Layout({1: Place()}), still(), {1: Load("heater", 2300.0)}, NO_USE)
    world.set_contact(1, True)
    currents = (CurrentInput(0, Conductor(outlet(1)), 1.0),)
    clean, noisy = (
        ConverterInputs(world, ConverterPlan(1, (), currents, share), np.random.default_rng(1))(
            SECOND
        )[0].astype(float)
        for share in (0.0, 0.001)
    )
    assert rms(noisy - clean) == pytest.approx(0.010, rel=0.05)


@settings(max_examples=50, deadline=None)
@given(
    moments=st.lists(st.floats(0, 4), max_size=6),
    begin_s=st.floats(0, 4),
    count=st.integers(1, 40),
)
def test_spans_are_what_single_looks_say(moments, begin_s, count):
    changes = Changes(-1)
    for number, t_s in enumerate(moments):
        changes.set(number, t_s)
    times_s = begin_s + np.arange(count) * 0.01
    seen = [changes.at(float(t_s)) for t_s in times_s]
    spans = [value for span, value in changes.spans(times_s) for _ in range(*span.indices(count))]
    assert spans == seen
