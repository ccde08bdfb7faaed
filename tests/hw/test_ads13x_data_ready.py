# SPDX-License-Identifier: Apache-2.0
"""Frames by the edges of data-ready: one for each, and what was missed is counted exactly."""

from __future__ import annotations

import numpy as np
import pytest

from pdu_agent.hw.ads131e08 import Ads131e08Settings, Ads131e08Source, RateSps
from pdu_agent.hw.sim.ads131e08 import SimAds131e08
from pdu_agent.hw.sim.data_ready import SimDataReadyChip
from pdu_agent.hw.sim.spi import SimSpiPort
from pdu_agent.hw.site import Site
from pdu_agent.model.clock import ManualClock
from pdu_agent.model.errors import BusTimeout, ChipNotFound, HardwareError


def sawtooth(times_s):
    """0.1 V a second, falling back every 10 s: each sample tells its time."""
    return np.repeat((times_s % 10.0 * 0.1).astype(np.float32)[None, :], 8, axis=0)


class Bench:
    """Made by `connect`, as the agent does it."""

    def __init__(self, rate=RateSps.K2, line=17, ppm=0.0, wired=17):
        self.clock = ManualClock(monotonic_s=200.0)
        self.chip = SimAds131e08(sawtooth, ppm=ppm, noise_lsb=0.01)
        self.port = SimSpiPort(self.chip, self.clock, self.clock.advance)
        self.pin = SimDataReadyChip(self.chip, self.clock, self.clock.advance, wired)
        settings = Ads131e08Settings(
            rate_sps=rate, data_ready_chip="/dev/gpiochip0", data_ready_line=line
        )
        site = Site("adc", "/dev/spidev0.0", self.clock, self.clock.advance, self)
        self.source = Ads131e08Source.connect(site, settings)

    def spi(self, device):
        assert device == "/dev/spidev0.0"
        return self.port

    def gpio(self, chip):
        assert chip == "/dev/gpiochip0"
        return self.pin


def conversions(bench, block):
    """How many conversions before each sample of the block, by the value it shows."""
    volts = block.counts[0] * bench.source.volts_per_count
    return volts / 0.1 / bench.chip.period_s


@pytest.mark.parametrize("rate", [RateSps.K1, RateSps.K2, RateSps.K4])
@pytest.mark.parametrize("ppm", [0, -4000, 20_000])
def test_every_conversion_comes_once(rate, ppm):
    bench = Bench(rate, ppm=ppm)
    bench.source.start()
    first = bench.chip.conversion_at(bench.clock.monotonic_s())
    first = -1 if first is None else first
    blocks = [bench.source.read_block() for _ in range(5)]
    assert not any(block.lost_samples for block in blocks)
    count = sum(block.counts.shape[1] for block in blocks)
    assert count == bench.chip.conversion_at(bench.clock.monotonic_s()) - first
    steps = np.diff(np.concatenate([block.counts[0] for block in blocks]))
    expected = 0.1 * bench.chip.period_s / bench.source.volts_per_count
    assert steps.mean() == pytest.approx(expected, rel=0.01)
    assert steps.max() < 1.5 * expected


def test_a_block_lasts_sixty_milliseconds():
    bench = Bench()
    bench.source.start()
    assert bench.source.read_block().counts.shape == (8, 120)


@pytest.mark.parametrize("missed", [1, 7, 100])
def test_missed_edges_are_lost_samples_to_the_last_one(missed):
    bench = Bench()
    bench.source.start()
    before = bench.source.read_block()
    bench.pin.missed = missed
    after = bench.source.read_block()
    assert after.lost_samples == missed
    gap = conversions(bench, after)[0] - conversions(bench, before)[-1]
    assert gap == pytest.approx(missed + 1, abs=0.5)
    assert bench.source.read_block().lost_samples == 0


def test_edges_missed_within_a_block_end_it_there():
    bench = Bench()
    bench.source.start()
    bench.source.read_block()
    exchange, reads = bench.port.transfer, []

    def transfer(data):
        reads.append(data)
        if len(reads) == 50:
            bench.pin.missed = 3
        return exchange(data)

    bench.port.transfer = transfer
    before, after = bench.source.read_block(), bench.source.read_block()
    assert (before.counts.shape[1], before.lost_samples) == (50, 0)
    assert after.lost_samples == 3
    assert conversions(bench, after)[0] - conversions(bench, before)[-1] == pytest.approx(
        4, abs=0.5
    )


@pytest.mark.parametrize("pause_s", [0.0101, 0.5, 3.0])
def test_a_late_reader_is_told_exactly_what_it_missed(pause_s):
    bench = Bench(ppm=30)
    bench.source.start()
    for _ in range(10):
        before = bench.source.read_block()
    bench.clock.advance(pause_s)
    after = bench.source.read_block()
    gap = conversions(bench, after)[0] - conversions(bench, before)[-1]
    assert after.lost_samples == pytest.approx(pause_s * 2000, abs=2)
    assert after.lost_samples == pytest.approx(gap - 1, abs=0.5)


def test_no_edges_is_an_error_that_names_the_line():
    bench = Bench()
    bench.source.start()
    bench.pin.cut = True
    with pytest.raises(BusTimeout, match="no edge on line 17 within"):
        bench.source.read_block()


def test_a_line_that_is_another_one_is_told_at_the_start():
    bench = Bench(line=4)
    with pytest.raises(ChipNotFound):
        bench.source.start()


def test_a_reset_in_mid_run_is_an_error_and_start_recovers():
    bench = Bench()
    bench.source.start()
    bench.source.read_block()
    bench.chip.reset()
    with pytest.raises(HardwareError):
        bench.source.read_block()
    bench.source.close()
    bench.source.start()
    assert bench.source.read_block().lost_samples > 500


def test_bad_sync_is_overcome_and_its_frames_are_lost():
    bench = Bench()
    bench.source.start()
    bench.source.read_block()
    bench.chip.faults.bad_syncs = 3
    assert bench.source.read_block().lost_samples == 120
