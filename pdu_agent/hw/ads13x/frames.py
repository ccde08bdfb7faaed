# SPDX-License-Identifier: Apache-2.0
"""What a reader of frames offers a source, whatever tells it that a frame is ready."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from pdu_agent.hw.repeats import DistinctFrames

BLOCK_S = 0.060


@dataclass(frozen=True, slots=True)
class Message:
    """frames: uint8[reads, bytes], as they came. start_s, end_s: host times of the whole."""

    frames: NDArray[np.uint8]
    start_s: float
    end_s: float


class FrameReader(Protocol):
    """rate_hz: how many frames a second it reads while a message lasts, known after `start`.

    All methods raise HardwareError.
    """

    rate_hz: float

    def start(self, frame_bytes: int) -> None:
        """The chip converts, after a start or a new start."""
        ...

    def read(self) -> Message:
        """The frames of about BLOCK_S, those read twice included."""
        ...

    def distinct(self, message: Message) -> DistinctFrames:
        """The frames of the message that was read last, each once, and how many were lost
        since those that this told of before.
        """
        ...

    def close(self) -> None: ...
