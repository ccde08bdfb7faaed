# SPDX-License-Identifier: Apache-2.0
"""Roll-ups of several series as bytes.

Values become whole multiples of their series' resolution. Averages are stored as differences to
the step before, minimum, maximum and last as differences to the average: small numbers, sorted
by the weight of their bytes and deflated. A gap costs nearly nothing.

    version, width of each plane in bytes, counts of series and steps, step and start in seconds
    deflated: key, steps per unit and first average of each series; the five planes
"""

from __future__ import annotations

import logging
import struct
import zlib
from collections.abc import Container, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pdu_agent.model.errors import StoreError
from pdu_agent.model.history import Kept
from pdu_agent.store.history.rollups import Rollups

log = logging.getLogger(__name__)

RESOLUTION = {
    Kept.ACTIVE_POWER: 50,
    Kept.CURRENT: 1000,
    Kept.VOLTAGE: 20,
    Kept.POWER_FACTOR: 500,
    Kept.FREQUENCY: 1000,
    Kept.RESIDUAL_CURRENT: 10_000,
    Kept.TEMPERATURE: 50,
    Kept.HUMIDITY: 20,
    Kept.PRESSURE: 50,
    Kept.STATE: 1000,
}
"""Steps per unit; each is well below what the meters here can tell apart."""

VERSION = 1
_HEADER = struct.Struct("<B5BHHIq")
_ONE = struct.Struct("<IIq")
"""In front of the planes of one series."""
_LEVEL = 6
_LARGEST = 2.0**52  # beyond it floats are no exact integers any more

Whole = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """rollups: (series, steps); keys: a number for each series, as given to `encode`."""

    step_s: int
    start_s: int
    keys: tuple[int, ...]
    rollups: Rollups

    @property
    def end_s(self) -> int:
        steps: int = self.rollups.seen.shape[-1]
        return self.start_s + self.step_s * steps


def encode(block: Block, resolutions: Sequence[int]) -> bytes:
    """resolutions: steps per unit, one for each series."""
    rollups = block.rollups
    scale = np.array(resolutions, np.float64)[:, None]
    has = rollups.seen > 0
    average = _whole(rollups.average, scale, has)
    first = np.take_along_axis(average, np.argmax(has, axis=-1)[:, None], axis=-1)
    newest = np.maximum.accumulate(np.where(has, np.arange(has.shape[-1]), -1), axis=-1)
    filled = np.where(newest < 0, first, np.take_along_axis(average, newest.clip(0), axis=-1))
    planes = [rollups.seen.astype(np.int64), np.diff(filled, prepend=first, axis=-1)]
    others = (rollups.minimum, rollups.maximum, rollups.last)
    planes += [np.where(has, _whole(values, scale, has) - average, 0) for values in others]
    packed = [_packed(plane) for plane in planes]
    steps = has.shape[-1]
    header = _HEADER.pack(
        VERSION,
        *(width for width, _ in packed),
        len(block.keys),
        steps,
        block.step_s,
        block.start_s,
    )
    front = (
        np.array(block.keys, "<u4").tobytes()
        + np.array(resolutions, "<u4").tobytes()
        + first.astype("<i8").tobytes()
    )
    return header + zlib.compress(front + b"".join(data for _, data in packed), _LEVEL)


def _whole(
    values: NDArray[np.float32], scale: NDArray[np.float64], has: NDArray[np.bool_]
) -> Whole:
    scaled = np.where(has, values, 0).astype(np.float64) * scale
    whole: Whole = np.rint(scaled.clip(-_LARGEST, _LARGEST)).astype(np.int64)
    return whole


def _packed(values: Whole) -> tuple[int, bytes]:
    """(bytes per value, all lowest bytes, then all second ones, ...)"""
    low, high = values.min(initial=0), values.max(initial=0)
    width = next(w for w in (1, 2, 4, 8) if -(1 << 8 * w - 1) <= low and high < 1 << 8 * w - 1)
    octets = values.astype(f"<i{width}").view(np.uint8).reshape(-1, width)
    return width, octets.T.tobytes()


def decode_averages(
    blocks: Sequence[bytes], steps: int
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Of many blocks of one series each: seconds seen, int32[blocks, steps], and averages, float32
    likewise, which are NaN where nothing was seen.

    What `decode` would refuse, or has other steps or more series, is a gap.
    """
    seen = np.zeros((len(blocks), steps), np.int32)
    growth = np.zeros((len(blocks), steps), np.int64)
    first, scale = np.zeros((len(blocks), 1), np.int64), np.ones((len(blocks), 1), np.float64)
    planes: dict[tuple[int, int], tuple[list[int], list[bytes]]] = {}
    for row, data in enumerate(blocks):
        found = _front(data, steps)
        if found is None:
            continue
        scale[row], first[row], wide, body = found
        offset = 16
        for plane, width in enumerate(wide):
            rows, parts = planes.setdefault((plane, width), ([], []))
            rows.append(row)
            parts.append(body[offset : offset + steps * width])
            offset += steps * width
    for (plane, width), (rows, parts) in planes.items():
        octets = np.frombuffer(b"".join(parts), np.uint8).reshape(-1, width, steps)
        (seen, growth)[plane][rows] = _unpacked(octets.transpose(1, 0, 2), width)
    gap = np.where(seen > 0, 0.0, np.nan)
    average = (first + np.cumsum(growth, axis=-1)) / scale + gap
    return seen, average.astype(np.float32)


def _front(data: bytes, steps: int) -> tuple[int, int, tuple[int, int], bytes] | None:
    """(scale, first average, widths of the planes of seconds and averages, body) of one series."""
    try:
        version, *rest = _HEADER.unpack_from(data)
        body = zlib.decompress(data[_HEADER.size :])
        if [version, *rest[5:7]] == [VERSION, 1, steps] and len(body) == 16 + steps * sum(rest[:5]):
            _, scale, first = _ONE.unpack_from(body)
            return scale, first, (rest[0], rest[1]), body
        log.warning("a block of history is damaged: shown as a gap")
    except (struct.error, zlib.error) as exc:
        log.warning("a block of history is damaged: %s: shown as a gap", exc)
    return None


def decode(data: bytes, wanted: Container[int] | None = None) -> Block:
    """The block; only its series with these keys, where any are given.

    Raises StoreError for what `encode` has not made.
    """
    try:
        return _decoded(data, wanted)
    except (struct.error, zlib.error, ValueError) as exc:
        raise StoreError(f"a block of history is damaged: {exc}") from exc


def _decoded(data: bytes, wanted: Container[int] | None) -> Block:
    version, *rest = _HEADER.unpack_from(data)
    widths, (count, steps, step_s, start_s) = rest[:5], rest[5:]
    if version != VERSION:
        raise StoreError(f"a block of history is of version {version}, expected {VERSION}")
    body = zlib.decompress(data[_HEADER.size :])
    keys = tuple(np.frombuffer(body, "<u4", count).tolist())
    chosen = [row for row, key in enumerate(keys) if wanted is None or key in wanted]
    scale = np.frombuffer(body, "<u4", count, 4 * count)[chosen, None].astype(np.float64)
    first = np.frombuffer(body, "<i8", count, 8 * count)[chosen, None]
    planes, offset = [], 16 * count
    for width in widths:
        size = count * steps * width
        octets = np.frombuffer(body, np.uint8, size, offset).reshape(width, count, steps)[:, chosen]
        planes.append(_unpacked(octets, width))
        offset += size
    seen, average = planes[0], first + np.cumsum(planes[1], axis=-1)
    gap = np.where(seen > 0, 0.0, np.nan)
    sums = [average, *(average + plane for plane in planes[2:])]
    mean, lowest, highest, last = ((each / scale + gap).astype(np.float32) for each in sums)
    rollups = Rollups(seen.astype(np.int32), lowest, mean, highest, last)
    return Block(step_s, start_s, tuple(keys[row] for row in chosen), rollups)


def _unpacked(octets: NDArray[np.uint8], width: int) -> Whole:
    whole = np.ascontiguousarray(np.moveaxis(octets, 0, -1))
    return whole.view(f"<i{width}")[..., 0].astype(np.int64)
