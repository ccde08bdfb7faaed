# SPDX-License-Identifier: Apache-2.0
"""Simulated messages take the time that real ones take."""

from __future__ import annotations

import numpy as np
import pytest

from pdu_agent.hw.ads13x.parts import Command
from pdu_agent.hw.sim.ads130e08 import SimAds130e08
from pdu_agent.hw.sim.spi import SimSpiPort
from pdu_agent.model.clock import ManualClock
from pdu_agent.model.errors import HardwareError

REQUEST = bytes([Command.RDATA]) + bytes(19)
STEP_S = 20 * 8 / 4_096_000 + 82e-6


@pytest.fixture
def clock():
    return ManualClock(monotonic_s=100.0)


def port(clock, **options):
    converter = SimAds130e08(lambda times_s: np.zeros((8, len(times_s)), np.float32))
    port = SimSpiPort(converter, clock, clock.advance, **options)
    for command in (Command.SDATAC, Command.START):
        port.transfer(bytes([command]))
    clock.advance(1.0)
    return port


def test_message_lasts_its_transfers_and_delays(clock):
    wire = port(clock)
    before_s = clock.monotonic_s()
    raw, start_s, end_s = wire.read_frames(REQUEST, 100, 82)
    assert len(raw) == 2000
    assert start_s == before_s
    assert end_s == pytest.approx(before_s + 100 * STEP_S, abs=1e-9)
    assert clock.monotonic_s() == pytest.approx(end_s, abs=1e-9)


def test_without_a_queue_a_late_caller_starts_late(clock):
    wire = port(clock)
    _, _, end_s = wire.read_frames(REQUEST, 100, 82)
    clock.advance(0.004)
    assert wire.read_frames(REQUEST, 100, 82)[1] == pytest.approx(end_s + 0.004)


def test_queued_message_follows_at_once_and_catches_up(clock):
    wire = port(clock, queue_s=0.01)
    _, _, end_s = wire.read_frames(REQUEST, 100, 82)
    clock.advance(0.004)
    _, start_s, second_end_s = wire.read_frames(REQUEST, 100, 82)
    assert start_s == end_s
    assert clock.monotonic_s() == pytest.approx(second_end_s)
    clock.advance(0.011)  # later than the queue allows
    assert wire.read_frames(REQUEST, 1, 82)[1] == pytest.approx(second_end_s + 0.011)


def test_queue_does_not_reach_back_before_a_start(clock):
    wire = port(clock, queue_s=10.0)
    wire.read_frames(REQUEST, 10, 82)
    clock.advance(0.1)
    wire.transfer(bytes([Command.START]))
    clock.advance(0.1)
    now_s = clock.monotonic_s()
    assert wire.read_frames(REQUEST, 10, 82)[1] == now_s


def test_message_size_is_limited(clock):
    wire = port(clock, buffer_bytes=4096)
    assert wire.max_frames(20) == 204
    with pytest.raises(HardwareError, match=r"205 transfers, 1\.\.204 fit"):
        wire.read_frames(REQUEST, 205, 82)
