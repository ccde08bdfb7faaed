# SPDX-License-Identifier: Apache-2.0
"""Converter frames: known answers first, then any values there and back."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdu_agent.metering.frames import FrameStatus, decode_frames, decode_status, frame_length

CAPTURE = Path(__file__).parents[2] / "../shared/captures/ads13xe08.json"


def test_captured_frames_decode_to_their_known_answers() -> None:
    if not CAPTURE.exists():
        pytest.skip("the captured frames are not on this machine")
    for frame in json.loads(CAPTURE.read_text(encoding="utf-8"))["frames"]:
        raw, bits = bytes.fromhex(frame["hex"]), frame["bits"]
        assert decode_frames(raw, bits=bits)[:, 0].tolist() == frame["channels"]
        word = int(decode_status(raw, bits=bits)[0])
        assert word == int(frame["status"], 16)
        status = FrameStatus.from_word(word)
        assert status.in_sync
        if "gpio" in frame:
            assert status.gpio == frame["gpio"]
            assert status.fault_positive == sum(1 << n - 1 for n in frame["fault_p"])
            assert status.fault_negative == sum(1 << n - 1 for n in frame["fault_n"])


def test_frame_of_the_data_sheet_layout_decodes_without_the_capture() -> None:
    raw = bytes.fromhex("c8102500010002fffe7fff80000000000000ff")
    assert decode_frames(raw)[:, 0].tolist() == [1, 2, -2, 32767, -32768, 0, 0, 255]
    assert FrameStatus.from_word(int(decode_status(raw)[0])) == FrameStatus(True, 0x81, 0x02, 5)


@pytest.mark.parametrize("stuck", [b"\x00", b"\xff"])
def test_a_stuck_data_line_is_out_of_sync(stuck: bytes) -> None:
    words = decode_status(stuck * 19 * 3)
    assert not any(FrameStatus.from_word(word).in_sync for word in words.tolist())


@given(
    bits=st.sampled_from([16, 24]),
    channels=st.integers(1, 8),
    frames=st.integers(0, 12),
    seed=st.integers(0, 2**32 - 1),
)
def test_any_values_come_back_channel_by_channel(
    bits: int, channels: int, frames: int, seed: int
) -> None:
    limit = 1 << bits - 1
    generator = np.random.default_rng(seed)
    values = generator.integers(-limit, limit, (frames, channels))
    words = generator.integers(0, 1 << 24, frames)
    raw = b"".join(
        int(word).to_bytes(3, "big")
        + b"".join(int(v).to_bytes(bits // 8, "big", signed=True) for v in row)
        for word, row in zip(words, values, strict=True)
    )
    counts = decode_frames(raw, channels, bits)
    assert counts.dtype == np.int32
    assert counts.flags.c_contiguous
    assert np.array_equal(counts, values.T)
    assert np.array_equal(decode_status(raw, channels, bits), words)
    as_array = np.frombuffer(raw, dtype=np.uint8).reshape(frames, -1 if frames else 1)
    assert np.array_equal(decode_frames(as_array, channels, bits), values.T)


def test_half_a_frame_is_refused_by_its_length() -> None:
    with pytest.raises(ValueError, match="20 bytes are 1 frames of 19 bytes and 1 more"):
        decode_frames(bytes(20))
    with pytest.raises(ValueError, match="and 18 more"):
        decode_status(bytes(18))


def test_frame_lengths_are_the_data_sheets_and_other_words_are_refused() -> None:
    assert frame_length() == 19
    assert frame_length(8, 24) == 27
    with pytest.raises(ValueError, match="20 bits"):
        frame_length(8, 20)
    with pytest.raises(ValueError, match="0 channels"):
        frame_length(0)
