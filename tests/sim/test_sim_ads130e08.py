# SPDX-License-Identifier: Apache-2.0
"""The simulated ADS130E08 byte for byte."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from pdu_agent.hw.ads13x.parts import (
    ADS130E08,
    Command,
    Register,
    read_registers,
    volts_per_count,
    write_registers,
)
from pdu_agent.hw.sim.ads13x import BYTE_S
from pdu_agent.hw.sim.ads130e08 import SimAds130e08
from pdu_agent.metering.frames import decode_frames

CAPTURES = Path(__file__).parents[2] / "../shared/captures/ads13xe08.json"
RDATA_FRAME = bytes([Command.RDATA]) + bytes(19)
PERIOD_S = 1 / 8000
SETTLING_S = ADS130E08.rates[8000].settling_s
RESET_VALUES = bytes.fromhex("d201604000" + "10" * 8 + "00" * 7 + "0f")
FAULT_STATP = 0x12


def ramp(times_s):
    """Channel n: n millivolts plus 10 mV a second."""
    return (np.arange(8)[:, None] * 1e-3 + times_s[None, :] * 0.01).astype(np.float32)


def constant(volts):
    column = np.array(volts, np.float32)[:, None]
    return lambda times_s: np.repeat(column, len(times_s), axis=1)


def running(inputs=ramp, **options) -> SimAds130e08:
    """Configured at time 0 and started so that conversion 0 is ready at READY_S."""
    chip = SimAds130e08(inputs, noise_lsb=options.pop("noise_lsb", 0.0), **options)
    chip.exchange(bytes([Command.SDATAC]), 0.0)
    chip.exchange(write_registers(Register.CONFIG3, b"\xc0"), 0.0)
    chip.exchange(bytes([Command.START]), 0.0)
    return chip


READY_S = SETTLING_S + BYTE_S


def rdata(chip, t_s):
    return chip.exchange(RDATA_FRAME, t_s)[1:]


def codes(frame):
    return decode_frames(frame)[:, 0].tolist()


def test_registers_after_power_on():
    chip = SimAds130e08(ramp)
    chip.exchange(bytes([Command.SDATAC]), 0.0)
    assert chip.exchange(read_registers(0, 21), 0.0)[2:] == RESET_VALUES


def test_register_commands_are_ignored_in_rdatac():
    chip = SimAds130e08(ramp)
    assert chip.exchange(read_registers(Register.ID, 1), 0.0) != b"\0\0\xd2"
    chip.exchange(write_registers(Register.CONFIG3, b"\xc0"), 0.0)
    chip.exchange(bytes([Command.SDATAC]), 0.0)
    assert chip.exchange(read_registers(Register.CONFIG3, 1), 0.0) == b"\0\0\x40"


def test_reset_takes_18_clocks_and_returns_to_rdatac():
    chip = running()
    chip.exchange(bytes([Command.RESET]), 1.0)
    chip.exchange(bytes([Command.SDATAC]), 1.000005)  # too soon: not heard
    assert chip.exchange(read_registers(Register.ID, 1), 1.0001)[2] != 0xD2
    chip.exchange(bytes([Command.SDATAC]), 1.0002)
    assert chip.exchange(read_registers(Register.CONFIG3, 1), 1.0003)[2] == 0x40


def test_fixed_bits_and_read_only_registers_keep_their_values():
    chip = running()
    chip.exchange(write_registers(0, bytes([0xFF] * 21)), 1.0)
    found = chip.exchange(read_registers(0, 21), 1.0)[2:]
    assert found[:5].hex() == "d22177ece0"
    assert found[5:13] == bytes([0xF7] * 8)
    assert found[13:18] == bytes(5)


def test_commands_can_follow_each_other_in_one_exchange():
    chip = SimAds130e08(ramp)
    answer = chip.exchange(bytes([Command.SDATAC]) + read_registers(Register.ID, 1), 0.0)
    assert answer[3] == 0xD2


def test_no_data_before_settling_and_none_after_stop():
    chip = running()
    assert chip.conversion_at(READY_S - 1e-6) is None
    assert codes(rdata(chip, READY_S - 1e-6)) == [0] * 8
    assert chip.conversion_at(READY_S + 1e-6) == 0
    assert codes(rdata(chip, READY_S + 1e-6))[7] == pytest.approx(7e-3 / 73.24e-6, abs=1)
    chip.exchange(bytes([Command.STOP]), 1.0)
    assert chip.conversion_at(2.0) is None


@pytest.mark.parametrize("sleep", [Command.STANDBY, Command.STOP])
def test_wakeup_or_start_settles_again(sleep):
    chip = running()
    chip.exchange(bytes([sleep]), 1.0)
    assert chip.first_ready_s is None
    chip.exchange(bytes([Command.WAKEUP]), 2.0)
    assert chip.first_ready_s == pytest.approx(2.0 + READY_S)


def test_early_read_repeats_late_read_loses():
    chip = running(lambda t: ramp(t * 100))
    first = rdata(chip, READY_S + 10 * PERIOD_S + 1e-6)
    assert rdata(chip, READY_S + 11 * PERIOD_S - 1e-6) == first
    late = rdata(chip, READY_S + 14 * PERIOD_S + 1e-6)
    step = 100 * 0.01 * PERIOD_S / volts_per_count(2.4, 1, 16)
    assert codes(late)[0] - codes(first)[0] == pytest.approx(4 * step, abs=1)


def test_oscillator_error_moves_data_ready():
    chip = running(ppm=1000)
    t_s = chip.first_ready_s
    assert chip.conversion_at(t_s + 1.0) == pytest.approx(8008, abs=1)


def test_frames_are_those_of_the_capture():
    if not CAPTURES.exists():
        pytest.skip("the captured frames are not here")
    capture = json.loads(CAPTURES.read_text(encoding="utf-8"))["frames"][0]
    volts = [code * volts_per_count(2.4, 1, 16) for code in capture["channels"]]
    chip = running(constant(volts))
    chip.exchange(write_registers(Register.FAULT, b"\0"), 0.0)
    frame = rdata(chip, 1.0)
    assert frame[3:].hex() == capture["hex"][6:]
    assert codes(frame) == capture["channels"]
    assert frame[:3].hex() == "c18000"  # the capture's channels 4 and 5 are beyond 95 % of supply


def test_comparators_follow_the_threshold_register():
    chip = running(constant([1.6, -2.3, 0, 0, 0, 0, 0, 2.26]))
    assert rdata(chip, 1.0)[:3].hex() == "c82000"
    chip.exchange(write_registers(Register.FAULT, b"\xa0"), 1.0)  # 80/20 %: 1.5 V
    assert rdata(chip, 1.1)[:3].hex() == "c83000"
    assert chip.exchange(read_registers(FAULT_STATP, 2), 1.2)[2:].hex() == "8300"


def test_gain_shorted_input_power_down_and_saturation():
    chip = running(constant([0.25] * 8))
    settings = bytes([0x10, 0x20, 0x50, 0x11, 0x81, 0x10, 0x10, 0x10])
    chip.exchange(write_registers(Register.CH1SET, settings), 0.5)
    found = codes(rdata(chip, 1.0))
    assert found[:5] == [3413, 6827, 27307, 0, 0]
    chip = running(constant([0.31, -0.31, 0, 0, 0, 0, 0, 0]))
    chip.exchange(write_registers(Register.CH1SET, bytes([0x50] * 8)), 0.5)
    assert codes(rdata(chip, 1.0))[:2] == [32767, -32768]


def test_internal_signals():
    chip = running(constant([0.0] * 8))
    settings = bytes([0x13, 0x14, 0x13, 0x15, 0x11, 0x10, 0x10, 0x10])
    chip.exchange(write_registers(Register.CH1SET, settings), 0.5)
    chip.exchange(write_registers(Register.CONFIG2, b"\x64"), 0.5)  # 2x, 1 Hz
    square = {codes(rdata(chip, t_s))[3] for t_s in np.arange(1.0, 4.0, 0.1)}
    assert square == {27, -27}
    supply, temperature, digital = codes(rdata(chip, 1.0))[:3]
    assert supply == 32767
    assert temperature == pytest.approx(0.1453 / 73.242e-6, abs=1)
    assert digital == pytest.approx(0.825 / 73.242e-6, abs=1)


def test_reference_off_gives_nothing():
    chip = running()
    chip.exchange(write_registers(Register.CONFIG3, b"\x40"), 0.5)
    assert codes(rdata(chip, 1.0)) == [0] * 8


def test_continuous_read_that_meets_data_ready_is_torn_rdata_is_not():
    chip = running(lambda t: ramp(t * 1000))
    ready_s = READY_S + 50 * PERIOD_S
    before, after = rdata(chip, ready_s - 1e-6), rdata(chip, ready_s + 1e-6)
    assert before != after
    assert rdata(chip, ready_s - 5 * BYTE_S) == before
    chip.exchange(bytes([Command.RDATAC]), READY_S)
    torn = chip.exchange(bytes(19), ready_s - 5.5 * BYTE_S)
    assert torn == (before[:5] + after)[:19]
    assert chip.exchange(bytes(19), ready_s + 1e-6) == after


def test_many_exchanges_equal_the_same_ones_singly():
    starts_s = READY_S + np.sort(np.random.default_rng(4).uniform(-0.0005, 0.02, 150))
    single = running(noise_lsb=0.7, seed=3)
    expected = b"".join(single.exchange(RDATA_FRAME, t_s) for t_s in starts_s.tolist())
    chip = running(noise_lsb=0.7, seed=3)
    assert chip.exchange_many(RDATA_FRAME, starts_s) == expected
    chip.exchange(bytes([Command.RDATAC]), READY_S)
    single.exchange(bytes([Command.RDATAC]), READY_S)
    torn = b"".join(single.exchange(bytes(19), t_s) for t_s in starts_s.tolist())
    assert chip.exchange_many(bytes(19), starts_s) == torn


def test_noise_has_the_given_rms_and_channels_differ():
    chip = running(constant([0.0] * 8), noise_lsb=0.7)
    starts_s = 1.0 + np.arange(8000) * PERIOD_S
    raw = np.frombuffer(chip.exchange_many(RDATA_FRAME, starts_s), np.uint8).reshape(-1, 20)
    samples = decode_frames(raw[:, 1:].tobytes())
    expected = np.sqrt(0.7**2 + 1 / 12)  # and the rounding
    assert samples.std(axis=1) == pytest.approx([expected] * 8, rel=0.05)
    assert abs(np.corrcoef(samples) - np.eye(8)).max() < 0.05


def test_faults_show_on_the_wire():
    chip = running(constant([0.1] * 8))
    chip.faults.dead_channels = 0b10
    assert codes(rdata(chip, 1.0))[:3] == [1365, 0, 1365]
    chip.faults.bad_syncs = 1
    assert [rdata(chip, 1.0)[0] >> 4, rdata(chip, 1.0)[0] >> 4] == [0x6, 0xC]
    chip.faults.miso_stuck = 0xFF
    assert rdata(chip, 1.0) == b"\xff" * 19
    assert chip.exchange_many(RDATA_FRAME, np.array([1.0, 1.1])) == b"\xff" * 40


def test_dropped_conversions_leave_the_old_frame():
    chip = running(lambda t: ramp(t * 1000))
    t_s = READY_S + 20.5 * PERIOD_S
    old = rdata(chip, t_s)
    chip.drop_frames(3, t_s)
    assert [rdata(chip, t_s + n * PERIOD_S) == old for n in range(5)] == [True] * 4 + [False]


def test_identity_can_be_another():
    chip = SimAds130e08(ramp, identity=0xC0)
    chip.exchange(bytes([Command.SDATAC]), 0.0)
    assert chip.exchange(read_registers(Register.ID, 1), 0.0)[2] == 0xC0
