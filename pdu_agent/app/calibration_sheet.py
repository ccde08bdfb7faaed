# SPDX-License-Identifier: Apache-2.0
"""The metrology sheet: each channel's trims, and its error over the load points measured."""

from __future__ import annotations

from pdu_agent.app.config.calibration import CalibrationFile, ChannelCalibration, LoadPoint
from pdu_agent.app.config.nulls import NullCalibration

_UNITS = {"voltage": "V", "current": "A", "active power": "W"}


def sheet(file: CalibrationFile) -> str:
    """Text for people, a block for each channel and each null."""
    channels = sorted(file.channels, key=lambda entry: (entry.meter, entry.channel))
    points = sorted(file.points, key=lambda point: (point.meter, point.channel, point.true))
    known = [(entry.meter, entry.channel) for entry in channels]
    blocks = [_channel(entry, [p for p in points if _is_of(p, entry)]) for entry in channels]
    rest = [point for point in points if (point.meter, point.channel) not in known]
    if rest:
        blocks.append("Channels without trims of their own\n" + _table(rest))
    blocks += [_null(entry) for entry in sorted(file.nulls, key=lambda n: (n.meter, n.inlet))]
    return "\n\n".join(blocks) or "Nothing has been calibrated yet."


def _is_of(point: LoadPoint, entry: ChannelCalibration) -> bool:
    return (point.meter, point.channel) == (entry.meter, entry.channel)


def _channel(entry: ChannelCalibration, points: list[LoadPoint]) -> str:
    floor = "-" if entry.noise_floor is None else f"{entry.noise_floor:.4g}"
    head = (
        f"{entry.meter} channel {entry.channel}: {entry.date or 'no date'},"
        f" {entry.reference or 'reference not named'}\n"
        f"  gain {entry.gain:.6f}  offset {entry.offset_counts:.2f} codes"
        f"  CT corner {entry.ct_corner_hz:.4f} Hz  delay {entry.phase_delay_s * 1e6:.2f} us"
        f"  noise floor {floor}"
    )
    if not points:
        return head + "\n  no load points; openpdu calibrate --verify adds them"
    worst = max(abs(point.error_percent) for point in points)
    return f"{head}\n{_table(points)}\n  largest error {worst:.3f} %"


def _null(entry: NullCalibration) -> str:
    parts = zip(entry.channels, entry.null_gains, entry.null_corners_hz, strict=False)
    lines = [
        f"{entry.meter} residual current of inlet {entry.inlet}: nulled {entry.date or 'no date'}",
        *(f"  channel {n}  gain {gain:+.5f}  CT corner {hz:+.4f} Hz" for n, gain, hz in parts),
        f"  {1000 * entry.before_a:.2f} mA before, {1000 * entry.after_a:.2f} mA with it",
    ]
    return "\n".join(lines)


def _table(points: list[LoadPoint]) -> str:
    lines = [f"  {'channel':16} {'reference':>14} {'shown':>14} {'error':>10}  {'date':10}  by"]
    for point in points:
        unit = _UNITS[point.quantity]
        lines.append(
            f"  {point.meter + ' ' + str(point.channel):16}"
            f" {point.true:12.6g} {unit} {point.shown:12.6g} {unit}"
            f" {point.error_percent:+9.3f} %  {point.date:10}  {point.reference or 'not named'}"
        )
    return "\n".join(lines)
