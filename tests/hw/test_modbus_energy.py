# SPDX-License-Identifier: Apache-2.0
"""Coarse registers of energy made fine."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdu_agent.hw.modbus.channel import ChannelEnergy, Passed
from pdu_agent.hw.modbus.energy import Restart, StepCounter
from pdu_agent.hw.modbus.register_map import Value

STEP = 36_000_000  # 0.01 kWh
MOST = 10**12


def test_between_two_steps_it_follows_the_power():
    counter = StepCounter(STEP)
    assert counter.advance(0, None, 0) is None
    given_mj = [counter.advance(0, 1_000_000, MOST) for _ in range(30)]
    assert given_mj == [1_000_000] * 30


def test_steps_are_not_counted_again():
    """1 kW for 36 s is one step: the register then jumps, the total does not."""
    counter = StepCounter(STEP)
    counter.advance(0, None, 0)
    total = sum(counter.advance(second // 36 * STEP, 1_000_000, MOST) for second in range(1, 3601))
    assert total == 3_600_000_000


@given(
    start=st.integers(0, 10**6),
    true_mj=st.lists(st.integers(0, 3 * STEP), min_size=1, max_size=60),
    error=st.floats(0.0, 3.0),
)
def test_total_stays_within_a_step_of_the_register_whatever_the_power_says(start, true_mj, error):
    counter = StepCounter(STEP)
    energy = start
    first = energy // STEP * STEP
    counter.advance(first, None, 0)
    total = 0
    for moved in true_mj:
        energy += moved
        register = energy // STEP * STEP
        given_mj = counter.advance(register, int(moved * error), MOST)
        assert given_mj >= 0
        total += given_mj
        assert abs(total - (register - first)) <= STEP


def test_gap_is_what_the_register_moved():
    counter = StepCounter(STEP)
    counter.advance(10 * STEP, None, 0)
    assert counter.advance(500 * STEP, None, MOST) == 490 * STEP


def test_wrap_goes_on_counting():
    counter = StepCounter(STEP, wraps_at=10**8 * STEP)
    counter.advance((10**8 - 1) * STEP, None, 0)
    assert counter.advance(2 * STEP, None, MOST) == 3 * STEP
    assert counter.restart is None


@pytest.mark.parametrize(
    ("before", "after", "why"),
    [(5000, 3, Restart.BACK), (5000, 90_000_000, Restart.TOO_MUCH)],
)
def test_another_or_a_reset_meter_brings_no_energy_and_then_counts_again(before, after, why):
    counter = StepCounter(STEP, wraps_at=2**32 * STEP)
    counter.advance(before * STEP, None, 0)
    assert counter.advance(after * STEP, 1_000_000, MOST) is None
    assert counter.restart is why
    assert counter.advance(after * STEP, 1_000_000, MOST) == 1_000_000
    assert counter.restart is None


def energy_value() -> Value:
    return Value(0, "u32", Fraction(STEP), 0.0, 1e20, STEP, 2**32 * STEP)


def test_import_and_export_are_set_off_against_each_other():
    values = {"active_energy_import": energy_value(), "active_energy_export": energy_value()}
    energy = ChannelEnergy("active_energy", "active_power", values)
    found = {"active_energy_import": 0.0, "active_energy_export": 0.0, "active_power": -284.0}
    assert energy.advance(found, Passed(None, False, 1e4)) is None
    assert energy.advance(found, Passed(10.0, False, 1e4)) == -2_840_000


def test_without_a_register_it_is_power_times_time_and_a_gap_is_none():
    energy = ChannelEnergy("reactive_energy", "reactive_power", {})
    found = {"reactive_power": 100.0}
    assert energy.advance(found, Passed(None, False, 1e4)) is None
    assert energy.advance({"reactive_power": 300.0}, Passed(2.0, False, 1e4)) == 400_000
    assert energy.advance(found, Passed(60.0, True, 1e4)) is None


def test_what_is_not_measured_has_no_energy():
    energy = ChannelEnergy("reactive_energy", "reactive_power", {})
    energy.advance({}, Passed(None, False, 1e4))
    assert energy.advance({}, Passed(2.0, False, 1e4)) is None


def test_register_cannot_move_by_more_than_the_meter_can_carry():
    """A meter replaced by one that has counted more: the map knows better than the default."""
    power = Value(0, "u32", Fraction(1), 0.0, 30_000.0)
    values = {"active_energy": energy_value(), "active_power": power}
    energy = ChannelEnergy("active_energy", "active_power", values)
    hour = Passed(3600.0, True, 100_000.0)
    energy.advance({"active_energy": 0.0, "active_power": 0.0}, Passed(None, False, 1e5))
    jump = {"active_energy": 50.0 * 3.6e9, "active_power": 0.0}  # 50 kWh in an hour
    assert energy.advance(jump, hour) is None
    assert energy.restart is Restart.TOO_MUCH
    fine = {"active_energy": 80.0 * 3.6e9, "active_power": 0.0}
    assert energy.advance(fine, hour) == 30 * 3_600_000_000
