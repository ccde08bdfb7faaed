# SPDX-License-Identifier: Apache-2.0
"""White noise as a function of position, made once and looked up: cheap and repeatable."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

POOL_SIZE = 65537  # prime, so that strides of channels and mains cycles never fall in step
_CHANNEL_STRIDE = 7919


def noise_pool(seed: int) -> NDArray[np.float32]:
    """float32[POOL_SIZE], normally distributed with mean 0 and RMS exactly 1."""
    pool = np.random.default_rng(seed).standard_normal(POOL_SIZE)
    pool -= pool.mean()
    pool /= np.sqrt(np.mean(pool**2))
    return pool.astype(np.float32)


def noise_at(
    pool: NDArray[np.float32], positions: NDArray[np.int64], channels: int
) -> NDArray[np.float32]:
    """float32[channels, positions]: the same position always gives the same noise."""
    strides = np.arange(channels, dtype=np.int64)[:, None] * _CHANNEL_STRIDE
    noise: NDArray[np.float32] = pool[(positions + strides) % POOL_SIZE]
    return noise
