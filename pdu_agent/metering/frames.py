# SPDX-License-Identifier: Apache-2.0
"""Data frames of the ADS130E08 / ADS131E08 family, from bytes to arrays.

A frame is 3 status bytes and one two's complement word per channel, channel 1 first,
all big-endian (TI ADS131E08 data sheet, "Data Output"). Status:
1100 | FAULT_STATP[7:0] | FAULT_STATN[7:0] | GPIO[7:4].
There is neither a counter nor a checksum: the leading 1100 is all that tells a frame.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

STATUS_BYTES = 3
SYNC_NIBBLE = 0xC
_WORDS: dict[int, np.dtype[np.signedinteger]] = {2: np.dtype(">i2"), 4: np.dtype(">i4")}

FrameBytes = bytes | bytearray | NDArray[np.uint8]
"""Whole frames, one after the other; an array (any shape) must be C-contiguous."""


@dataclass(frozen=True, slots=True)
class FrameStatus:
    """One status word taken apart. Bit n of a fault mask belongs to channel index n."""

    in_sync: bool
    fault_positive: int
    fault_negative: int
    gpio: int

    @staticmethod
    def from_word(word: int) -> FrameStatus:
        """word: the 24 bits that `decode_status` gives for a frame."""
        return FrameStatus(
            in_sync=word >> 20 == SYNC_NIBBLE,
            fault_positive=word >> 12 & 0xFF,
            fault_negative=word >> 4 & 0xFF,
            gpio=word & 0xF,
        )


def frame_length(channel_count: int = 8, bits: int = 16) -> int:
    """Bytes in a frame: 19 for 8 channels of 16 bits, 27 for 24 bits.

    Raises ValueError for bits other than 16 and 24, or no channel.
    """
    if bits not in (16, 24):
        raise ValueError(f"frame words of {bits} bits, expected 16 or 24")
    if channel_count < 1:
        raise ValueError(f"{channel_count} channels in a frame, expected at least 1")
    return STATUS_BYTES + channel_count * bits // 8


def decode_frames(raw: FrameBytes, channel_count: int = 8, bits: int = 16) -> NDArray[np.int32]:
    """Converter codes as a new C-contiguous int32[channels, frames].

    Raises ValueError when `raw` is not a whole number of frames.
    """
    length, count = _measure(raw, channel_count, bits)
    if count == 0:
        return np.empty((channel_count, 0), dtype=np.int32)
    width = bits // 8
    # A 24-bit word is read as the last three bytes of a 32-bit one; the byte before it is
    # always there (status or the previous channel) and leaves by the shift. The plain
    # strided copy comes first because numpy swaps and widens contiguous words far faster.
    word = 2 if bits == 16 else 4
    first = STATUS_BYTES + width - word
    words: NDArray[np.signedinteger] = np.ndarray(
        (channel_count, count), _WORDS[word], raw, first, (width, length)
    ).copy()
    counts = words.astype(np.int32)
    if bits == 24:
        counts <<= 8
        counts >>= 8
    return counts


def decode_status(raw: FrameBytes, channel_count: int = 8, bits: int = 16) -> NDArray[np.uint32]:
    """The 24-bit status word of each frame as uint32[frames]; see `FrameStatus`.

    Raises ValueError when `raw` is not a whole number of frames.
    """
    length, count = _measure(raw, channel_count, bits)
    if count == 0:
        return np.empty(0, dtype=np.uint32)
    words: NDArray[np.uint32] = np.ndarray(
        (count,), dtype=">u4", buffer=raw, strides=(length,)
    ).astype(np.uint32)
    words >>= 8
    return words


def _measure(raw: FrameBytes, channel_count: int, bits: int) -> tuple[int, int]:
    """(bytes per frame, frames) of a buffer of whole frames."""
    length = frame_length(channel_count, bits)
    size = raw.nbytes if isinstance(raw, np.ndarray) else len(raw)
    count, rest = divmod(size, length)
    if rest:
        raise ValueError(f"{size} bytes are {count} frames of {length} bytes and {rest} more")
    return length, count
