# SPDX-License-Identifier: Apache-2.0
"""The ADS130E08 driver on the simulated chip."""

from __future__ import annotations

import itertools
import logging

import numpy as np
import pytest

from pdu_agent.hw.ads13x.parts import Command, Register
from pdu_agent.hw.ads130e08 import Ads130e08Settings, Ads130e08Source, Gain, Reference
from pdu_agent.hw.sim.ads130e08 import SimAds130e08
from pdu_agent.hw.sim.spi import SimSpiPort
from pdu_agent.model.clock import ManualClock
from pdu_agent.model.errors import ChipNotFound, HardwareError, ReadbackMismatch


def sawtooth(times_s):
    """0.1 V a second on all channels, falling back every 10 s: each sample tells its time."""
    return np.repeat((times_s % 10.0 * 0.1).astype(np.float32)[None, :], 8, axis=0)


class Bench:
    """A source on a simulated chip; the trace has every exchange and every wait."""

    def __init__(self, settings=None, inputs=sawtooth, noise_lsb=0.7, chip=None, **port_options):
        self.clock = ManualClock(monotonic_s=200.0)
        self.trace: list[bytes | float] = []
        self.chip = chip or SimAds130e08(inputs, noise_lsb=noise_lsb)
        self.port = SimSpiPort(self.chip, self.clock, self.clock.advance, **port_options)
        exchange = self.port.transfer
        self.port.transfer = lambda data: (self.trace.append(data), exchange(data))[1]
        self.source = Ads130e08Source(self.port, settings or Ads130e08Settings(), self.sleep)

    def sleep(self, seconds: float) -> None:
        self.trace.append(seconds)
        self.clock.advance(seconds)

    def registers(self) -> bytes:
        return bytes(self.chip._registers)


def read_blocks(bench: Bench, count: int) -> None:
    for _ in range(count):
        bench.source.read_block()


def test_bring_up_follows_the_data_sheet():
    bench = Bench(Ads130e08Settings(used_channels=3, gain=Gain.EIGHT))
    bench.source.start()
    reset, sdatac, start = b"\x06", b"\x11", b"\x08"
    set_up = bytes([0x01, 0x60, 0xC0, 0x00, 0x50, 0x50, 0x50] + [0x81] * 5)
    assert bench.trace[:10] == [
        0.155,
        reset,
        20e-6,
        sdatac,
        b"\x20\x00\x00",  # ID
        b"\x43\x00\xc0",  # CONFIG3: reference on
        0.150,
        b"\x41\x0b" + set_up,
        b"\x21\x0b" + bytes(12),
        start,
    ]
    assert bench.registers()[Register.CONFIG1 : 0x0D] == set_up


def test_four_volt_reference_and_its_scale():
    settings = Ads130e08Settings(reference_v=Reference.V4, gain=Gain.TWO)
    bench = Bench(settings)
    bench.source.start()
    assert bench.registers()[Register.CONFIG3] == 0xE0
    assert bench.source.volts_per_count == pytest.approx(61.035e-6, rel=1e-4)
    assert Ads130e08Settings().volts_per_count == pytest.approx(73.24219e-6, rel=1e-6)


def test_reads_are_paced_just_ahead_of_the_chip_whatever_the_bus_costs():
    for gap_s in (0.0, 25e-6, 60e-6):
        bench = Bench(gap_s=gap_s)
        bench.source.start()
        before_s = bench.clock.monotonic_s()
        block = bench.source.read_block()
        pace_s = (bench.clock.monotonic_s() - before_s) / bench.source._reader._reads
        assert 119e-6 < pace_s < 123e-6
        assert 470 < block.counts.shape[1] < 500


@pytest.mark.parametrize("late", range(9))
def test_a_host_late_once_while_pacing_changes_no_pace(late):
    bench = Bench()
    read_frames = bench.port.read_frames
    calls = itertools.count()

    def sometimes_late(*message):
        raw, start_s, end_s = read_frames(*message)
        return raw, start_s, end_s + (0.005 if next(calls) == late else 0.0)

    bench.port.read_frames = sometimes_late
    bench.source.start()
    before_s = bench.clock.monotonic_s()
    bench.source.read_block()
    assert 119e-6 < (bench.clock.monotonic_s() - before_s) / bench.source._reader._reads < 123e-6


def test_a_bus_too_slow_for_the_chip_states_the_rate_that_it_reaches(caplog):
    bench = Bench(gap_s=200e-6)
    with caplog.at_level(logging.WARNING):
        bench.source.start()
    assert "a read takes 239 us, the chip makes a frame each 125 us" in caplog.text
    assert "the real rate is 4183 samples/s of 8000" in caplog.text
    first, second = bench.source.read_block(), bench.source.read_block()
    assert first.rate_hz == second.rate_hz == bench.source.rate_hz == pytest.approx(4183, abs=1)
    assert second.lost_samples == 0
    ramp = np.diff(np.concatenate([first.counts[0], second.counts[0]]).astype(float))
    assert ramp.mean() * first.rate_hz == pytest.approx(0.1 / 73.242e-6, rel=0.01)


def test_losses_between_messages_show_in_the_real_rate(caplog):
    bench = Bench()
    bench.source.start()
    assert bench.source.real_rate_hz == 8000
    for _ in range(200):
        bench.source.read_block()
        bench.clock.advance(0.006)
    assert bench.source.real_rate_hz == pytest.approx(8000 * 60 / 66, rel=0.01)
    assert caplog.text.count("are lost") == 1


def test_small_spidev_buffer_is_said(caplog):
    bench = Bench(buffer_bytes=640)
    with caplog.at_level(logging.WARNING):
        bench.source.start()
    assert "spidev.bufsiz=65536" in caplog.text
    assert bench.source.read_block().counts.shape[1] == pytest.approx(31, abs=1)


@pytest.mark.parametrize("ppm", [0, 35, -4000])
def test_every_conversion_is_delivered_once(ppm):
    """A mains voltage and two idle currents: every so often neighbours are truly equal."""

    def mains(times_s):
        volts = np.zeros((3, len(times_s)), np.float32)
        volts[0] = 1.63 * np.sin(2 * np.pi * 50.1 * times_s)
        return volts

    chip = SimAds130e08(mains, seed=8, ppm=ppm, noise_lsb=0.3)
    bench = Bench(Ads130e08Settings(used_channels=3), chip=chip)
    bench.source.start()
    first = chip.conversion_at(bench.clock.monotonic_s())
    blocks = [bench.source.read_block() for _ in range(200)]
    assert [block.seq for block in blocks] == list(range(1, 201))
    assert not any(block.lost_samples for block in blocks)
    samples = np.concatenate([block.counts[:3] for block in blocks], axis=1)
    frames = chip._convert(np.arange(first, first + samples.shape[1]))
    true = frames[:, 3:9].copy().view(">i2").T
    assert (np.diff(true) == 0).all(axis=0).sum() > 5
    different = (true != samples).any(axis=0)
    assert not different[-400:].any()  # the count was right to the end
    assert different.mean() < 0.001  # the wrong one of two near equals may have been kept


def test_block_time_is_when_its_first_sample_was_read():
    bench = Bench()
    bench.source.start()
    before_s = bench.clock.monotonic_s()
    first = bench.source.read_block()
    assert first.t_mono_s == pytest.approx(before_s, abs=0.0003)
    second = bench.source.read_block()
    span_s = first.counts.shape[1] / first.rate_hz
    assert second.t_mono_s - first.t_mono_s == pytest.approx(span_s, abs=0.0003)


@pytest.mark.parametrize("pause_s", [0.001, 0.0333, 0.5])
def test_lost_samples_of_a_late_reader(pause_s):
    bench = Bench()
    bench.source.start()
    for _ in range(3):
        bench.source.read_block()
    bench.clock.advance(pause_s)
    assert bench.source.read_block().lost_samples == pytest.approx(pause_s * 8000, abs=2)
    assert bench.source.read_block().lost_samples == 0


def test_conversions_that_fail_are_bridged_by_the_last_one():
    bench = Bench()
    bench.source.start()
    bench.source.read_block()
    bench.chip.drop_frames(100, bench.clock.monotonic_s())
    held = bench.source.read_block()
    assert held.counts.shape[1] == pytest.approx(480, abs=2)
    assert (np.diff(held.counts[:, :95]) == 0).all()
    assert held.lost_samples == 0


@pytest.mark.parametrize(("level", "word"), [(0x00, "low"), (0xFF, "high")])
def test_stuck_data_line(level, word):
    bench = Bench()
    bench.source.start()
    bench.chip.faults.miso_stuck = level
    with pytest.raises(HardwareError, match=f"data line stuck {word}"):
        bench.source.read_block()
    with pytest.raises(ChipNotFound, match=f"0x{level:02X}"):
        bench.source.start()
    bench.chip.faults.miso_stuck = None
    bench.source.start()
    assert bench.source.read_block().counts.shape[1] > 400


def test_dead_channels_of_a_four_channel_identity(caplog):
    bench = Bench(chip=SimAds130e08(sawtooth, identity=0xC0))
    with caplog.at_level(logging.ERROR):
        bench.source.start()
    assert "channels 5 to 8 are dead" in caplog.text
    assert set(bench.source.failed_channels) == {4, 5, 6, 7}


def test_unknown_identity_is_logged_and_believed(caplog):
    bench = Bench(chip=SimAds130e08(sawtooth, identity=0x3E))
    bench.source.start()
    assert "unknown ID 0x3E" in caplog.text
    assert bench.source.failed_channels == {}


def test_register_that_does_not_take_its_value(monkeypatch):
    bench = Bench()
    monkeypatch.setitem(bench.chip._part.masks, Register.CH1SET + 2, 0x8F)
    bench.chip._registers[Register.CH1SET + 2] = 0
    with pytest.raises(ReadbackMismatch, match="register 0x07: wrote 0x50, reads 0x10"):
        Ads130e08Source(bench.port, Ads130e08Settings(gain=Gain.EIGHT), bench.sleep).start()


def test_bit_0_of_config3_may_read_as_one():
    bench = Bench()
    read = bench.port.transfer

    def with_bit(data: bytes) -> bytes:
        answer = bytearray(read(data))
        if data[0] == Command.RREG | Register.CONFIG1 and len(data) > 5:
            answer[4] |= 1
        return bytes(answer)

    bench.port.transfer = with_bit
    bench.source.start()
    assert bench.source.read_block().seq == 1


def test_one_bad_status_is_overcome_by_resynchronising(caplog):
    bench = Bench()
    bench.source.start()
    bench.source.read_block()
    bench.chip.faults.bad_syncs = 3
    block = bench.source.read_block()
    assert "3 of 496 frames without sync" in caplog.text
    assert block.lost_samples == pytest.approx(480, abs=3)  # the message that was thrown away
    assert bench.trace[-2:] == [b"\x11", b"\x21\x02\x00\x00\x00"]


def test_lasting_loss_of_sync_is_an_error():
    bench = Bench()
    bench.source.start()
    bench.chip.faults.bad_syncs = 1000
    with pytest.raises(HardwareError, match="no sync, nor after SDATAC"):
        bench.source.read_block()


def test_reset_in_mid_run_is_found_at_once_and_start_recovers():
    bench = Bench()
    bench.source.start()
    bench.source.read_block()
    bench.chip.reset()
    with pytest.raises(HardwareError, match="the chip was reset"):
        bench.source.read_block()
    bench.clock.advance(2.0)
    bench.source.start()
    block = bench.source.read_block()
    assert block.counts.shape[1] > 400
    assert 8000 * 2.3 < block.lost_samples < 8000 * 2.5  # the outage with the bring-up


def test_lost_set_up_is_found_by_the_rare_check():
    bench = Bench(Ads130e08Settings(register_check_s=1.0))
    bench.source.start()
    bench.source.read_block()
    checks = len(bench.trace)
    for _ in range(15):
        bench.source.read_block()
    assert len(bench.trace) == checks
    for _ in range(5):
        bench.source.read_block()
    assert bench.trace[checks:] == [b"\x21\x02\x00\x00\x00"]
    # Converting on, as with the START pin tied high.
    bench.chip._registers[:] = bench.chip._part.reset_values
    bench.clock.advance(1.0)
    with pytest.raises(HardwareError, match=r"no new frame|the chip was reset"):
        read_blocks(bench, 2)


def test_chip_that_stands_still_is_an_error():
    bench = Bench()
    bench.source.start()
    bench.source.read_block()
    bench.chip.drop_frames(100_000, bench.clock.monotonic_s())
    with pytest.raises(HardwareError, match="no new frame in 496 reads"):
        read_blocks(bench, 2)


def test_read_before_start_is_an_error():
    with pytest.raises(HardwareError, match="not started"):
        Bench().source.read_block()


@pytest.mark.parametrize(
    ("volts", "gain", "clipped"),
    [
        ([0.0, 2.2, -2.2], Gain.ONE, 0b000),
        ([0.0, 2.3, 0.0], Gain.ONE, 0b010),  # comparator, before the codes end
        ([-2.5, 0.0, 0.1], Gain.ONE, 0b001),
        ([0.29, 0.31, -0.31], Gain.EIGHT, 0b110),  # codes end, pins within range
    ],
)
def test_clipping_names_the_channels(volts, gain, clipped):
    column = np.array(volts, np.float32)[:, None]
    settings = Ads130e08Settings(gain=gain, used_channels=3)
    bench = Bench(settings, inputs=lambda t: np.repeat(column, len(t), axis=1))
    bench.source.start()
    assert bench.source.read_block().clipped == clipped


def test_rdatac_is_never_used():
    bench = Bench()
    bench.source.start()
    bench.source.read_block()
    assert bytes([Command.RDATAC]) not in bench.trace
