# SPDX-License-Identifier: Apache-2.0
"""What every SampleSource does, on its simulator. A new source is one entry of SOURCES."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from pdu_agent.hw.ads13x.data_ready import EdgeFrames
from pdu_agent.hw.ads130e08 import Ads130e08Settings, Ads130e08Source
from pdu_agent.hw.ads131e08 import Ads131e08Settings, Ads131e08Source, RateSps
from pdu_agent.hw.ads131e08_iio import BUFFER_S, Ads131e08IioSettings, Ads131e08IioSource
from pdu_agent.hw.ports import SampleSource
from pdu_agent.hw.sim.ads13x import SimAds13x
from pdu_agent.hw.sim.ads130e08 import SimAds130e08
from pdu_agent.hw.sim.ads131e08 import SimAds131e08
from pdu_agent.hw.sim.data_ready import SimDataReadyChip
from pdu_agent.hw.sim.iio_ads131e08 import SimIioAds131e08
from pdu_agent.hw.sim.spi import SimSpiPort
from pdu_agent.model.clock import ManualClock
from pdu_agent.model.errors import HardwareError


@dataclass
class Bench:
    """A source with its clock and two ways to spoil its chip.

    sleep: lets time pass for both. buffered_s: what is kept for a late reader.
    """

    source: SampleSource
    clock: ManualClock
    reset_chip: Callable[[], None]
    unplug: Callable[[], None]
    sleep: Callable[[float], None]
    buffered_s: float = 0.0
    close: Callable[[], None] = lambda: None


def sine(times_s):
    wave = 1.5 * np.sin(2 * np.pi * 50.0 * times_s)
    return np.outer(np.linspace(1.0, 0.1, 8), wave).astype(np.float32)


def ads130e08(queue_s: float) -> Bench:
    clock = ManualClock()
    chip = SimAds130e08(sine)
    port = SimSpiPort(chip, clock, clock.advance, queue_s=queue_s)
    source = Ads130e08Source(port, Ads130e08Settings(), clock.advance)
    return Bench(source, clock, chip.reset, _unplug(chip), clock.advance)


def ads131e08(rate: RateSps, queue_s: float) -> Bench:
    clock = ManualClock()
    chip = SimAds131e08(sine)
    port = SimSpiPort(chip, clock, clock.advance, queue_s=queue_s)
    source = Ads131e08Source(port, Ads131e08Settings(rate_sps=rate), clock.advance)
    return Bench(source, clock, chip.reset, _unplug(chip), clock.advance)


def ads131e08_by_edges() -> Bench:
    clock = ManualClock()
    chip = SimAds131e08(sine)
    port = SimSpiPort(chip, clock, clock.advance)
    pin = SimDataReadyChip(chip, clock, clock.advance, 17)
    settings = Ads131e08Settings(rate_sps=RateSps.K4)
    reader = EdgeFrames(port, pin, 17, 4000, clock, "adc")
    source = Ads131e08Source(port, settings, clock.advance, reader=reader)
    return Bench(source, clock, chip.reset, _unplug(chip), clock.advance)


def ads131e08_of_the_kernel(folder: Path) -> Bench:
    clock = ManualClock()
    sim = SimIioAds131e08(folder, sine, clock)

    def sleep(seconds: float) -> None:
        clock.advance(seconds)
        sim.service()

    def disable() -> None:
        (sim.folder / "buffer/enable").write_text("0", encoding="ascii")

    source = Ads131e08IioSource(sim.path, Ads131e08IioSettings(), clock, sleep)
    return Bench(source, clock, disable, sim.unplug, sleep, BUFFER_S, sim.close)


def _unplug(chip: SimAds13x) -> Callable[[], None]:
    def unplug() -> None:
        chip.faults.miso_stuck = 0xFF

    return unplug


SOURCES = {
    "ads130e08 on plain spidev": lambda folder: ads130e08(0.0),
    "ads130e08 behind a queue": lambda folder: ads130e08(0.2),
    "ads131e08 at 8 kSPS": lambda folder: ads131e08(RateSps.K8, 0.0),
    "ads131e08 at 1 kSPS behind a queue": lambda folder: ads131e08(RateSps.K1, 0.2),
    "ads131e08 by data-ready": lambda folder: ads131e08_by_edges(),
    "ads131e08 of the kernel": ads131e08_of_the_kernel,
}


@pytest.fixture(params=SOURCES.values(), ids=SOURCES.keys())
def bench(request, tmp_path):
    bench = request.param(tmp_path)
    bench.source.start()
    yield bench
    bench.source.close()
    bench.close()


def test_blocks_are_arrays_of_codes_in_channel_order(bench):
    block = bench.source.read_block()
    assert block.counts.dtype == np.int32
    assert block.counts.flags.c_contiguous
    assert block.counts.shape[0] == bench.source.channel_count
    assert block.rate_hz == bench.source.rate_hz
    peaks = np.abs(block.counts).max(axis=1)
    assert (np.diff(peaks) < 0).all()


def test_a_block_takes_about_its_length(bench):
    before_s = bench.clock.monotonic_s()
    block = bench.source.read_block()
    took_s = bench.clock.monotonic_s() - before_s
    assert 0.030 <= took_s <= 0.100
    assert block.counts.shape[1] / block.rate_hz == pytest.approx(took_s, rel=0.01)


def test_sequence_grows_by_one_and_time_by_the_samples(bench):
    blocks = [bench.source.read_block() for _ in range(20)]
    assert np.diff([block.seq for block in blocks]).tolist() == [1] * 19
    span_s = blocks[-1].t_mono_s - blocks[0].t_mono_s
    count = sum(block.counts.shape[1] for block in blocks[:-1])
    assert span_s == pytest.approx(count / blocks[0].rate_hz, abs=0.001)


def test_consecutive_blocks_continue_the_waveform(bench):
    blocks = [bench.source.read_block() for _ in range(20)]
    assert not any(block.lost_samples for block in blocks)
    samples = np.concatenate([block.counts[0] for block in blocks]).astype(float)
    times = np.arange(len(samples)) / blocks[0].rate_hz
    basis = np.stack([np.sin(2 * np.pi * 50 * times), np.cos(2 * np.pi * 50 * times)])
    fit, residual, *_ = np.linalg.lstsq(basis.T, samples, rcond=None)
    assert np.sqrt(residual[0] / len(samples)) < 0.001 * np.hypot(*fit)


def test_late_reader_is_told_what_it_lost(bench):
    bench.source.read_block()
    bench.sleep(0.5)
    lost = sum(bench.source.read_block().lost_samples for _ in range(8))
    assert lost == pytest.approx((0.5 - bench.buffered_s) * bench.source.rate_hz, abs=2)


def test_failed_chip_raises_hardware_error_until_start(bench):
    bench.source.read_block()
    bench.reset_chip()
    with pytest.raises(HardwareError):
        bench.source.read_block()
    bench.source.start()
    assert bench.source.read_block().counts.any()


def test_missing_chip_raises_hardware_error_from_read_and_start(bench):
    bench.source.read_block()
    bench.unplug()
    with pytest.raises(HardwareError):
        bench.source.read_block()
    with pytest.raises(HardwareError):
        bench.source.start()
