# SPDX-License-Identifier: Apache-2.0
"""Synthetic mains for the metering tests: exact waveforms, through quantised codes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from pdu_agent.metering.blocks import SampleBlock
from pdu_agent.metering.calibration import ChannelScale, MeterChannels
from pdu_agent.metering.meter import BlockMeter, Window

RATE_HZ = 8000.0
VOLTS_PER_COUNT = 0.0305  # +-1000 V full scale in 16 bits
AMPS_PER_COUNT = 1.465e-3  # 1000:1, 50 ohm, gain 1, VREF 2.4 V
ROOT2 = np.sqrt(2)
Wave = NDArray[np.float64]
VOLTAGE = ChannelScale(VOLTS_PER_COUNT)
CURRENT = ChannelScale(AMPS_PER_COUNT)


def channels(*currents: ChannelScale, **options: float) -> MeterChannels:
    """Voltage on channel 0, the currents from channel 1 on."""
    return MeterChannels(0, VOLTAGE, tuple(enumerate(currents, 1)), **options)


def times(seconds: float) -> Wave:
    return np.arange(round(seconds * RATE_HZ)) / RATE_HZ


def codes(
    voltage_v: Wave, *currents_a: Wave, noise: float = 0.7, offset: float = 0.0, seed: int = 1
) -> NDArray[np.int32]:
    """int32[channels, samples] as a 16-bit converter gives them; noise in codes RMS."""
    rows = np.stack(
        [voltage_v / VOLTS_PER_COUNT, *(current / AMPS_PER_COUNT for current in currents_a)]
    )
    rows += offset + noise * np.random.default_rng(seed).normal(size=rows.shape)
    return np.clip(np.round(rows), -32768, 32767).astype(np.int32)


def sine(angle: Wave, rms: float, lag_deg: float = 0.0) -> Wave:
    return rms * ROOT2 * np.sin(angle - np.radians(lag_deg))


def blocks(
    counts: NDArray[np.int32],
    sizes: Iterable[int],
    losses: Sequence[int] = (),
    estimate: Callable[[int], int] = lambda lost: lost,
) -> Iterator[SampleBlock]:
    """Cut into blocks; losses[k] samples vanish before block k and are guessed wrongly."""
    at = 0
    for seq, size in enumerate(sizes):
        lost = losses[seq] if seq < len(losses) else 0
        at += lost
        if at >= counts.shape[1]:
            return
        piece = np.ascontiguousarray(counts[:, at : at + size])
        yield SampleBlock(piece, RATE_HZ, 100.0 + at / RATE_HZ, seq, estimate(lost))
        at += size


def meter_all(meter: BlockMeter, source: Iterable[SampleBlock]) -> list[Window]:
    return [window for block in source for window in meter.add_block(block)]


def run(
    counts: NDArray[np.int32], setup: MeterChannels, size: int = 500, nominal_hz: float = 50.0
) -> list[Window]:
    count = -(-counts.shape[1] // size)
    return meter_all(BlockMeter(setup, nominal_hz), blocks(counts, [size] * count))
