# SPDX-License-Identifier: Apache-2.0
"""The CSE7766: recorded frames, resynchronisation, pulses, and its states."""

import itertools
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdu_agent.hw.cse7766 import Cse7766Meter, Cse7766Settings
from pdu_agent.hw.cse7766.frames import FrameDecoder, parse
from pdu_agent.hw.cse7766.meter import IDLE_FRAMES
from pdu_agent.hw.cse7766.pulses import PulseEnergy
from pdu_agent.hw.sim.cse7766 import SimCse7766
from pdu_agent.model.clock import ManualClock
from pdu_agent.model.errors import BusTimeout, ChipNotFound
from pdu_agent.model.quantities import Electrical

CAPTURES = Path(__file__).parents[3] / "shared" / "captures" / "cse7766.json"
LOADED = bytes.fromhex("555a02f1e800079d003f3e0035f850db3800b2a2f1d6973e")  # 99 V, 116 W
WAITING = bytes.fromhex("555a02f76000035a004010048b9f51a65818727561aca130")  # no valid power
TRUTH = Electrical(voltage_v=230.0, current_a=4.5, active_power_w=1000.0)


@pytest.mark.skipif(not CAPTURES.exists(), reason="recorded frames are not beside this checkout")
def test_every_recorded_frame_is_understood():
    for recorded in json.loads(CAPTURES.read_text(encoding="utf-8"))["frames"]:
        (frame,) = FrameDecoder().receive(bytes.fromhex(recorded["hex"]))
        assert frame.state == recorded["header"]
        assert frame.pulses == recorded["cf_pulses"]
        assert frame.voltage_v == pytest.approx(recorded["raw_volts"], abs=0.01)
        assert frame.current_a == pytest.approx(recorded["raw_amps"], abs=1e-4)
        assert (frame.power_w is not None) == recorded["power_valid"]
        assert frame.is_idle == recorded["power_cycle_overrange"]
        if recorded["power_valid"]:
            assert frame.power_w == pytest.approx(recorded["raw_watts"], abs=1e-3)


def test_recorded_frame_under_load():
    frame = parse(LOADED)
    assert frame.voltage_v == pytest.approx(99.025, abs=1e-3)
    assert frame.current_a == pytest.approx(1.17183, abs=1e-5)
    assert frame.power_w == pytest.approx(115.8758, abs=1e-4)
    assert frame.pulses == 54935


@given(noise=st.binary(max_size=40), cuts=st.lists(st.integers(0, 90), max_size=6))
def test_frames_are_found_after_noise_and_however_the_bytes_are_cut(noise, cuts):
    stream = noise + LOADED * 3
    edges = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    decoder = FrameDecoder()
    frames = [
        frame
        for first, last in itertools.pairwise(edges)
        for frame in decoder.receive(stream[first:last])
    ]
    assert parse(LOADED) in frames
    assert all(frame == parse(LOADED) for frame in frames)


@given(place=st.integers(1, 23), bit=st.integers(0, 7))
def test_one_flipped_bit_spoils_a_frame(place, bit):
    spoilt = bytearray(LOADED)
    spoilt[place] ^= 1 << bit
    assert parse(bytes(spoilt)) is None


def test_pulse_stands_for_its_coefficient_in_microjoules():
    energy = PulseEnergy(max_power_w=4000)
    assert energy.advance(0.0, 65_530, 5_351_000) is None
    assert energy.advance(10.0, 4, 5_351_000) == 53_510  # ten pulses, through the wrap
    assert energy.advance(20.0, 4, 5_351_000) == 0


@given(steps=st.lists(st.integers(0, 300), min_size=1, max_size=40))
def test_energy_of_many_samples_loses_no_pulse(steps):
    energy = PulseEnergy(max_power_w=4000)
    pulses, total_mj = 65_000, 0
    energy.advance(0.0, pulses, 5_299_001)
    for second, step in enumerate(steps, 1):
        pulses += step
        total_mj += energy.advance(float(second), pulses % 65_536, 5_299_001)
    assert total_mj == sum(steps) * 5_299_001 // 1000


def test_reset_and_too_long_a_gap_are_no_energy():
    energy = PulseEnergy(max_power_w=4000)
    energy.advance(0.0, 30_000, 5_351_000)
    assert energy.advance(1.0, 2, 5_351_000) is None
    assert energy.was_reset
    assert energy.advance(300.0, 40, 5_351_000) is None  # could have wrapped at 4 kW
    assert not energy.was_reset
    assert energy.advance(301.0, 41, 5_299_000) is None
    assert energy.was_reset


# on the simulator


@pytest.fixture
def rig(tmp_path, terminals):
    rig = Rig(tmp_path)
    yield rig
    rig.meter.close()
    rig.sim.terminal.unplug()


class Rig:
    def __init__(self, folder: Path, **settings) -> None:
        self.clock = ManualClock()
        self.truth = TRUTH
        self.sim = SimCse7766(folder / "tty", self.clock, lambda: self.truth)
        self.sim.terminal.plug()
        port = str(self.sim.terminal.link)
        self.meter = Cse7766Meter(Cse7766Settings(port=port, **settings), self.clock)
        self.meter.open()

    def sample(self):
        self.clock.advance(1)
        self.sim.service()
        # The kernel hands on what was written when it has the time.
        return self.meter.poll(0 if self.sim.faults.silent else 0.1)


def test_trims_of_the_board_apply_to_values_and_energy(tmp_path, terminals):
    rig = Rig(tmp_path, voltage_trim=1.1, current_trim=2.0, power_trim=0.5)
    try:
        rig.sample()
        ((electrical, energy_mj),) = rig.sample().channels.values()
    finally:
        rig.meter.close()
        rig.sim.terminal.unplug()
    assert electrical.voltage_v == pytest.approx(253.0, rel=1e-3)
    assert electrical.current_a == pytest.approx(9.0, rel=1e-3)
    assert electrical.active_power_w == pytest.approx(500.0, rel=1e-3)
    assert energy_mj == pytest.approx(500_000, abs=2700)


def test_no_load_is_zero_and_not_missing(rig):
    rig.sample()
    rig.meter.poll(0)  # what may still have been on its way
    rig.truth = Electrical(voltage_v=230.0, current_a=0.0, active_power_w=0.0)
    ((electrical, energy_mj),) = rig.sample().channels.values()
    assert (electrical.active_power_w, electrical.current_a, energy_mj) == (0.0, 0.0, 0)


def test_power_holds_until_a_pulse_is_overdue(rig):
    rig.sample()
    rig.sim.faults.silent = True
    rig.sim.terminal.say(WAITING)
    (electrical, _) = rig.sample().channels["main"]
    assert electrical.active_power_w == pytest.approx(1000.0)
    for _ in range(IDLE_FRAMES):
        rig.sim.terminal.say(WAITING)
    shown = []
    for _ in range(5):
        rig.sim.terminal.say(WAITING)
        sample = rig.sample()
        shown += [sample.channels["main"][0].active_power_w] if sample else []
    assert shown[-1] == 0.0


@pytest.mark.parametrize(("state", "why"), [(0xAA, "calibration"), (0xFC, "hardware")])
def test_chip_that_says_it_is_broken_is_counted_and_then_lost(rig, state, why):
    rig.sample()
    rig.meter.poll(0)  # what may still have been on its way
    rig.sim.faults.state = state
    assert rig.sample() is None
    rig.meter.poll(0)
    assert rig.meter.lies == 20
    rig.sample()
    rig.sample()
    with pytest.raises(BusTimeout, match=why):
        rig.sample()


def test_impossible_power_is_dropped(rig):
    rig.sample()
    rig.meter.poll(0)  # what may still have been on its way
    rig.truth = Electrical(voltage_v=230.0, current_a=40.0, active_power_w=9000.0)
    assert rig.sample() is None
    assert rig.meter.lies


def test_impossible_current_is_dropped(rig):
    rig.sample()
    rig.meter.poll(0)  # what may still have been on its way
    rig.truth = Electrical(voltage_v=230.0, current_a=4000.0, active_power_w=1000.0)
    assert rig.sample() is None
    assert rig.meter.lies


def test_long_interval_and_a_large_limit_lose_no_energy(tmp_path, terminals):
    """10 kW could make the counter of 16 bits wrap within the interval: each frame is counted."""
    rig = Rig(tmp_path, interval_s=60, max_power_w=10_000)
    energies_mj = []
    try:
        for _ in range(181):
            sample = rig.sample()
            energies_mj += [sample.channels["main"][1]] if sample else []
    finally:
        rig.meter.close()
        rig.sim.terminal.unplug()
    assert energies_mj[0] is None
    assert energies_mj[1:] == [pytest.approx(60_000_000, abs=1_500_000)] * 3


def test_reset_costs_what_it_hides_and_not_the_interval(rig, caplog):
    rig.meter.poll(0)
    rig.sample()
    rig.sim.power_loss()
    rig.sim.energy_uj = 5_351_000.0 * 40_000
    rig.sample()
    (_, energy_mj) = rig.sample().channels["main"]
    assert energy_mj == pytest.approx(1_000_000, abs=6000)
    assert len([r for r in caplog.records if "was reset" in r.message]) == 1


def test_bad_sums_cut_frames_and_noise_cost_only_themselves(rig):
    rig.sim.faults.bad_sums = rig.sim.faults.cuts = 3
    rig.sim.faults.noise = b"\x55\x5a\x00"
    assert rig.sample().channels["main"][0].voltage_v == pytest.approx(230.0, rel=1e-3)
    assert rig.meter.lies == 0


def test_silence_and_noise_are_told_apart(rig):
    rig.sim.faults.silent = True
    for _ in range(3):
        rig.sample()
    with pytest.raises(BusTimeout, match="not a byte came"):
        rig.sample()
    rig.meter.open()
    for _ in range(3):
        rig.sim.terminal.say(b"hello, this is no meter at all, just text\r\n")
        rig.sample()
    with pytest.raises(BusTimeout, match="4800 baud 8E1"):
        rig.sample()


def test_port_without_parity_is_said_so(tmp_path, terminals):
    """A pseudo-terminal drops parity; the second opening finds nothing else to change."""
    rig = Rig(tmp_path)
    try:
        with pytest.raises(ChipNotFound, match="cannot do even parity"):
            rig.meter.open()
    finally:
        rig.meter.close()
        rig.sim.terminal.unplug()
