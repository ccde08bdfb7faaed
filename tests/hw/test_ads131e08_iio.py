# SPDX-License-Identifier: Apache-2.0
"""The converter behind the kernel's buffer, on simulated files."""

from __future__ import annotations

import itertools
import os
import random
from collections import deque

import numpy as np
import pytest

from pdu_agent.hw.ads13x.settings import Reference
from pdu_agent.hw.ads131e08 import Gain, RateSps
from pdu_agent.hw.ads131e08_iio import Ads131e08IioSettings, Ads131e08IioSource
from pdu_agent.hw.sample_count import SampleCount
from pdu_agent.hw.sim.iio_ads131e08 import SimIioAds131e08
from pdu_agent.hw.site import Site
from pdu_agent.metering.calibration import ChannelScale, MeterChannels
from pdu_agent.metering.meter import BlockMeter
from pdu_agent.model.clock import ManualClock, SystemClock
from pdu_agent.model.errors import BusTimeout, ChipNotFound, HardwareError, ReadbackMismatch

NOISE_LSB = 0.001
"""Of 16 bits: a quarter of a 24-bit code. A conversion of the sawtooth is 44 of them later than
the one before, so a sample is told from its neighbours without luck.
"""


def sawtooth(times_s):
    """0.1 V a second, falling back every 10 s: each sample tells its time."""
    return np.repeat((times_s % 10.0 * 0.1).astype(np.float32)[None, :], 8, axis=0)


def sine(times_s):
    wave = np.sin(2 * np.pi * 50.0 * times_s)
    return np.outer(np.linspace(1.0, 0.1, 8), wave).astype(np.float32)


class Bench:
    """Made by `connect`, as the agent does it."""

    def __init__(self, folder, settings=None, inputs=sawtooth, **sim_options):
        self.clock = ManualClock(monotonic_s=200.0)
        self.sim = SimIioAds131e08(folder, inputs, self.clock, noise_lsb=NOISE_LSB, **sim_options)
        site = Site("adc", "sim:0", self.clock, self.sleep, self)
        self.source = Ads131e08IioSource.connect(site, settings or Ads131e08IioSettings())

    def path(self, place):
        assert place == "sim:0"
        return self.sim.path

    def sleep(self, seconds):
        self.clock.advance(seconds)
        self.sim.service()

    def file(self, name):
        return (self.sim.folder / name).read_text(encoding="ascii").strip()


@pytest.fixture
def make(tmp_path):
    made = []

    def make(*arguments, **options):
        made.append(Bench(tmp_path, *arguments, **options))
        return made[-1]

    yield make
    for bench in made:
        bench.source.close()
        bench.sim.close()


def conversions(bench, block):
    volts = block.counts[0] * bench.source.volts_per_count
    return volts / 0.1 / bench.sim.chip.period_s


def test_the_buffer_is_set_up_and_given_back(make):
    bench = make(Ads131e08IioSettings(used_channels=2))
    (bench.sim.folder / "scan_elements/in_voltage7_en").write_text("1\n", encoding="ascii")
    bench.source.start()
    assert bench.file("in_voltage_sampling_frequency") == "8"
    enabled = [bench.file(f"scan_elements/in_voltage{n}_en") for n in range(8)]
    assert enabled == ["1", "1", "0", "0", "0", "0", "0", "0"]
    assert bench.file("buffer/length") == "2000"
    assert bench.file("buffer/enable") == "1"
    bench.source.close()
    assert bench.file("buffer/enable") == "0"
    assert bench.file("buffer/length") == "2"
    assert bench.file("in_voltage_sampling_frequency") == "1"
    assert bench.file("scan_elements/in_voltage0_en") == "0"
    assert bench.file("scan_elements/in_voltage7_en") == "1"


def test_a_buffer_left_running_is_not_started_again_at_the_end(make):
    bench = make()
    (bench.sim.folder / "buffer/enable").write_text("1\n", encoding="ascii")
    bench.source.start()
    bench.source.close()
    assert bench.file("buffer/enable") == "0"


@pytest.mark.parametrize("rate", list(RateSps))
@pytest.mark.parametrize("sign", [1, -1])
def test_samples_of_every_rate_decode_to_volts(make, rate, sign):
    def constant(times_s):
        return np.repeat(
            np.float32(sign * 0.5) / np.arange(1, 9, dtype=np.float32)[:, None],
            len(times_s),
            axis=1,
        )

    settings = Ads131e08IioSettings(rate_sps=rate, gain=Gain.TWO, reference_v=Reference.V4)
    bench = make(settings, constant, gain=2, reference_v=4.0)
    bench.sim.chip._noise = bench.sim.chip._noise / NOISE_LSB  # else 16-bit samples stand still
    bench.source.start()
    block = bench.source.read_block()
    assert block.rate_hz == rate.value
    volts = block.counts.mean(axis=1) * settings.volts_per_count
    assert volts == pytest.approx(sign * 0.5 / np.arange(1, 9), rel=1e-3)


@pytest.mark.parametrize("ppm", [0, 50, -4_000, 4_000, 15_000])
def test_every_conversion_comes_once(make, ppm):
    bench = make(ppm=ppm)
    bench.source.start()
    blocks = [bench.source.read_block() for _ in range(60)]
    assert not any(block.lost_samples for block in blocks)
    count = sum(block.counts.shape[1] for block in blocks)
    span = conversions(bench, blocks[-1])[-1] - conversions(bench, blocks[0])[0]
    assert span == pytest.approx(count - 1, abs=0.1)
    assert [block.seq for block in blocks] == list(range(1, 61))


def test_a_reader_late_within_the_buffer_loses_nothing(make):
    bench = make()
    bench.source.start()
    before = bench.source.read_block()
    bench.sleep(0.2)
    blocks = [before, *(bench.source.read_block() for _ in range(6))]
    assert not any(block.lost_samples for block in blocks)
    joined = np.concatenate([conversions(bench, block) for block in blocks])
    assert np.diff(joined) == pytest.approx(1, abs=0.1)


def late_after_a_read(bench, late_s):
    """The host is kept from going on once it has read."""
    read = bench.source._buffer.read

    def slow_read(size):
        data = read(size)
        bench.clock.advance(late_s())
        return data

    bench.source._buffer.read = slow_read


def late_interrupts(bench, late_s):
    """The samples of the last moment are not in the buffer yet."""

    def sleep(seconds):
        late = min(seconds, late_s())
        bench.clock.advance(seconds - late)
        bench.sim.service()
        bench.clock.advance(late)

    bench.source._sleep = sleep


@pytest.mark.parametrize(
    ("make_late", "most_s", "share"),
    [
        (late_after_a_read, 0.008, 0.0),
        (late_after_a_read, 0.03, 0.0),
        (late_interrupts, 0.008, 0.0),
        (late_interrupts, 0.03, 0.002),
    ],
)
def test_a_host_that_is_often_late_invents_no_losses(make, make_late, most_s, share):
    """What is taken for lost is filled in, and billed."""
    bench = make(inputs=sine)
    bench.source.start()
    chance = random.Random(1)
    make_late(bench, lambda: max(0.0, chance.uniform(-most_s, most_s)))
    blocks = [bench.source.read_block() for _ in range(600)]
    lost = sum(block.lost_samples for block in blocks)
    assert lost <= share * sum(block.counts.shape[1] for block in blocks)


@pytest.mark.parametrize("late_s", [0.3, 1.0, 5.0])
def test_an_overrun_is_one_gap_of_the_right_length_in_the_right_place(make, late_s):
    bench = make()
    bench.source.start()
    for _ in range(5):
        before = bench.source.read_block()
    for _ in range(10):
        bench.sleep(late_s / 10)
    blocks = [before, *(bench.source.read_block() for _ in range(8))]
    expected = (late_s - 0.25) * 8000
    lost = [block.lost_samples for block in blocks if block.lost_samples]
    assert lost == [pytest.approx(expected, abs=4)]
    for earlier, later in itertools.pairwise(blocks):
        gap = conversions(bench, later)[0] - conversions(bench, earlier)[-1] - 1
        assert later.lost_samples == pytest.approx(gap, abs=4)
        assert np.diff(conversions(bench, later)).max() < 1.1


def test_missed_interrupts_are_counted(make):
    bench = make()
    bench.source.start()
    for _ in range(60):
        bench.source.read_block()
    bench.sim.missed_interrupts = 200
    lost = [bench.source.read_block().lost_samples for _ in range(5)]
    assert sum(lost) == pytest.approx(200, abs=4)


def test_a_kernel_that_does_not_keep_up_shows_its_real_rate(make, caplog):
    bench = make()
    bench.source.start()
    bench.sim.missed_share = 0.2
    for _ in range(300):
        bench.source.read_block()
    assert bench.source.real_rate_hz == pytest.approx(6400, rel=0.02)
    assert "the real rate is" in caplog.text


def test_block_time_is_when_its_first_sample_was_taken(make):
    bench = make()
    bench.source.start()
    for _ in range(5):
        block = bench.source.read_block()
        taken_s = bench.clock.monotonic_s() - block.counts.shape[1] / 8000
        assert block.t_mono_s == pytest.approx(taken_s, abs=0.0005)


def test_channels_that_the_device_tree_leaves_out_have_failed(make, caplog):
    bench = make(Ads131e08IioSettings(used_channels=4), channels=(0, 1, 3))
    bench.source.start()
    assert set(bench.source.failed_channels) == {2}
    assert "channels 3 failed: the device tree" in caplog.text
    block = bench.source.read_block()
    assert not block.counts[2].any()
    assert block.counts[3].any()


@pytest.mark.parametrize(
    "settings",
    [Ads131e08IioSettings(gain=Gain.TWELVE), Ads131e08IioSettings(reference_v=Reference.V4)],
)
def test_a_device_tree_that_says_otherwise_is_no_measurement(make, settings):
    bench = make(settings)
    with pytest.raises(ReadbackMismatch, match=r"0\.000286102 mV a code.*ti,gain"):
        bench.source.start()
    assert bench.file("in_voltage_sampling_frequency") == "1"


def test_gain_twelve_matches_although_the_kernel_rounds_its_scale(make):
    settings = Ads131e08IioSettings(gain=Gain.TWELVE, reference_v=Reference.V4)
    bench = make(settings, gain=12, reference_v=4.0)
    bench.source.start()


def test_another_sample_type_is_refused(make):
    bench = make()
    file = bench.sim.folder / "scan_elements/in_voltage0_type"
    file.write_text("le:s32/32>>0\n", encoding="ascii")
    with pytest.raises(ReadbackMismatch, match="le:s32"):
        bench.source.start()


def test_a_device_of_another_name_is_told_where_the_right_one_is(make, tmp_path):
    bench = make(name="bmp280")
    other = SimIioAds131e08(tmp_path, sine, bench.clock, number=3)
    with pytest.raises(ChipNotFound, match="'bmp280'; /dev/iio:device3 is ads131e08"):
        bench.source.start()
    other.close()


def test_no_device_at_all(make):
    bench = make()
    bench.sim.unplug()
    with pytest.raises(ChipNotFound, match="device tree overlay"):
        bench.source.start()


def test_a_rate_that_the_kernel_does_not_keep(make, monkeypatch):
    bench = make()
    (bench.sim.folder / "in_voltage_sampling_frequency").unlink()
    os.symlink("/dev/full", bench.sim.folder / "sampling_frequency")
    with pytest.raises(HardwareError, match="sampling_frequency"):
        bench.source.start()


def test_silence_is_an_error_and_start_recovers(make):
    bench = make()
    bench.source.start()
    bench.source.read_block()
    bench.sim.stalled = lambda: True
    with pytest.raises(BusTimeout, match="interrupt"):
        bench.source.read_block()
    with pytest.raises(BusTimeout):
        bench.source.start()
    bench.sim.stalled = lambda: False
    bench.source.start()
    assert bench.source.read_block().counts.any()


def test_a_brown_out_shows_as_samples_that_stand_still(make):
    bench = make()
    bench.source.start()
    bench.source.read_block()
    bench.sim.chip._registers[3] = 0x40  # the reference off, as after a reset
    read = bench.source.read_block
    with pytest.raises(HardwareError, match="unbind"):
        deque((read() for _ in range(3)), maxlen=0)


def test_unplugged_and_plugged(make):
    bench = make()
    bench.source.start()
    bench.source.read_block()
    bench.sim.unplug()
    with pytest.raises(HardwareError):
        bench.source.read_block()
    bench.source.close()
    bench.sim.plug()
    bench.source.start()
    assert bench.source.read_block().counts.any()


def test_clipping_names_the_channels(make):
    def loud(times_s):
        volts = np.zeros((8, len(times_s)), np.float32)
        volts[1], volts[2] = 2.5, -2.5
        return volts

    bench = make(inputs=loud)
    bench.source.start()
    assert bench.source.read_block().clipped == 0b110


def test_it_runs_in_real_time_with_a_thread_behind_the_node(tmp_path):
    clock = SystemClock()
    sim = SimIioAds131e08(tmp_path, sine, clock)
    sim.run()
    source = Ads131e08IioSource(sim.path, Ads131e08IioSettings(), clock)
    try:
        source.start()
        counts = np.concatenate([source.read_block().counts[0] for _ in range(4)])
    finally:
        source.close()
        sim.close()
    assert len(counts) > 320  # two cycles; blocks are short where a late host catches up
    assert np.abs(counts).max() * source.volts_per_count == pytest.approx(1, rel=0.01)


def test_read_before_start_is_an_error(make):
    with pytest.raises(HardwareError, match="not started"):
        make().source.read_block()


def test_a_chip_of_another_clock_is_known_by_its_setting(make):
    bench = make(Ads131e08IioSettings(clock_tolerance=0.02), ppm=-15_000)
    bench.source.start()
    assert not any(bench.source.read_block().lost_samples for _ in range(200))


@pytest.mark.parametrize("share", [0.01, 0.02, 0.03])
def test_interrupts_that_are_missed_all_the_time_are_no_slow_chip(make, share, caplog):
    """The chip's clock cannot be as slow as that."""
    bench = make(inputs=sine)
    bench.source.start()
    bench.source.read_block()
    bench.sim.missed_share = share
    begin_s = bench.clock.monotonic_s()
    blocks = [bench.source.read_block() for _ in range(600)]
    taken = (bench.clock.monotonic_s() - begin_s) * 8000
    came = sum(block.counts.shape[1] for block in blocks)
    lost = sum(block.lost_samples for block in blocks)
    assert came == pytest.approx((1 - share) * taken, rel=0.001)
    assert came + lost == pytest.approx(taken, rel=0.002)
    assert "are lost" in caplog.text or share < 0.02


@pytest.mark.parametrize("hz", [50.0, 60.0])
def test_energy_has_what_was_missed_all_the_time(make, hz):
    def wave(times_s):
        return np.repeat(np.sin(2 * np.pi * hz * times_s).astype(np.float32)[None, :], 8, axis=0)

    bench = make(Ads131e08IioSettings(used_channels=2), inputs=wave)
    volt = bench.source.volts_per_count
    channels = MeterChannels(0, ChannelScale(300 * volt), ((1, ChannelScale(10 * volt)),))
    meter = BlockMeter(channels, hz)
    bench.source.start()
    bench.sim.missed_share = 0.02
    windows = []
    for _ in range(400):
        windows += meter.add_block(bench.source.read_block())
    true_mj = 1000 * 1500.0 * (windows[-1].t_mono_s - windows[0].t_mono_s)
    counted_mj = sum(window.currents[0].energy_mj for window in windows[1:])
    assert counted_mj == pytest.approx(true_mj, rel=0.004)


@pytest.mark.parametrize("slow", [0.0, 0.004])
def test_a_converter_at_its_own_pace_loses_nothing(slow):
    count = SampleCount(8000.0, 0.005)
    came = 0
    for look in range(1, 5000):
        now_s = 0.06 * look + 0.002 * (look % 3)
        fresh = round(8000 * (1 - slow) * now_s) - came
        came += fresh
        assert count.missing(fresh, now_s, now_s) == 0


@pytest.mark.parametrize("share", [0.006, 0.012, 0.03])
def test_what_trickles_away_beyond_the_tolerance_is_told_in_cycles(share):
    count = SampleCount(8000.0, 0.005)
    looks_s = [0.06 * look for look in range(10_000)]
    lost = [count.missing(round(480 * (1 - share)), now_s, now_s) for now_s in looks_s]
    assert min(filter(None, lost)) >= 143
    expected = 10_000 * (480 - round(480 * (1 - share)))
    assert sum(lost) == pytest.approx(expected, abs=0.0051 * 4_800_000)
    assert sum(lost) >= expected - 0.0051 * 4_800_000


def test_a_learned_rate_finds_small_losses():
    count = SampleCount(8000.0, 0.02)
    now_s = 0.0
    for _ in range(50):
        now_s += 0.06
        assert count.missing(round(480 * 1.01), now_s, now_s) == 0
    now_s += 0.06
    assert count.missing(round(480 * 1.01) - 60, now_s, now_s) == pytest.approx(60, abs=5)
