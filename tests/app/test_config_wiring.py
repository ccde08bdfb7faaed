# SPDX-License-Identifier: Apache-2.0
"""Three-phase converters and residual currents in the configuration, and what is odd in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from pdu_agent.app.config.load import check_file, load_settings
from pdu_agent.app.config.wiring import SampledWiring
from pdu_agent.app.wiring import meter_channels
from pdu_agent.metering.calibration import ResidualSum
from pdu_agent.model.commands import Target, TargetKind

THREE_PHASE = """\
schema: 1
meters:
  - name: a
    driver: ads130e08
    bus: sim:0
    voltage: {channel: 1, divider: 200}
    other_voltages: [{channel: 2, divider: 200}, {channel: 3, divider: 200}]
    currents:
      - {channel: 4, feeds: outlet 1, ct_corner_hz: 0.873}
      - {channel: 5, feeds: outlet 2, voltage: 2}
      - {channel: 6, feeds: outlet 3, voltage: 3}
      - {channel: 7}
      - {channel: 8, feeds: residual 2, noise_floor_a: 0.00001, burden_ohm: 4700}
    residuals: [{inlet: 1, channels: [4, 5, 6, 7], null_gains: [0.001, 0, 0, 0]}]
inlets: [{number: 1}, {number: 2}]
outlets: [{number: 1}, {number: 2}, {number: 3}]
"""


def file_of(folder: Path, text: str) -> Path:
    path = folder / "openpdu.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def complaints(folder: Path, text: str) -> list[str]:
    return [f"{problem}" for problem in check_file(file_of(folder, text), {})]


def test_three_phases_and_a_neutral_become_channels(tmp_path: Path) -> None:
    (meter,) = load_settings(file_of(tmp_path, THREE_PHASE), {}).meters
    assert isinstance(meter.wiring, SampledWiring)
    channels = meter_channels(meter.wiring, 73e-6)
    assert channels.rows == (0, 1, 2, 3, 4, 5, 6, 7)
    assert channels.voltage_rows == (0, 1, 2, 0, None)
    assert channels.residuals == (ResidualSum((3, 4, 5, 6), (0.001, 0.0, 0.0, 0.0)),)
    assert channels.scales[3].ct_corner_hz == 0.873
    assert (channels.scales[3].cutoff_a, channels.scales[7].cutoff_a) == (0.005, 0.0)
    outlets = [Target(TargetKind.OUTLET, number) for number in (1, 2, 3)]
    residuals = [Target(TargetKind.RESIDUAL, number) for number in (2, 1)]
    assert meter.wiring.points == (*outlets, None, *residuals)
    assert meter.targets == (*outlets, *residuals)


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("voltage: 2}", "voltage: 4}", "channel 4 is no voltage; expected one of 1, 2, 3"),
        ("{channel: 3, divider: 200}]", "{channel: 4, divider: 200}]", "channel 4 is used twice"),
        ("[4, 5, 6, 7]", "[4, 5, 6, 1]", "channel 1 is no conductor; expected some of 4, 5, 6, 7"),
        ("[4, 5, 6, 7]", "[4, 5, 6, 7, 7]", "channel 7 is named twice"),
        ("[4, 5, 6, 7]", "[7]", "1 conductors, expected at least 2"),
        ("[0.001, 0, 0, 0]", "[0.001]", "1 values, expected 4, as channels"),
        ("[4, 5, 6, 7], null_gains: [0.001, 0, 0, 0]", "[4, 5, 6]", "neither `feeds` a metering"),
        ("{inlet: 1, ch", "{inlet: 2, ch", "residual 2 is metered twice"),
        ("{inlet: 1, ch", "{inlet: 3, ch", "there is no inlet 3"),
        ("outlet 3, voltage", "line 3, voltage", "there is no line 3"),
        ("bus: sim:0", "bus: sim:0\n    used_channels: 7", "8 exceeds used_channels, 7"),
        (", noise_floor_a: 0.00001", "", "0.0011 A is much for residual 2"),
    ],
)
def test_what_does_not_fit_together_is_told(
    tmp_path: Path, old: str, new: str, complaint: str
) -> None:
    assert old in THREE_PHASE
    found = complaints(tmp_path, THREE_PHASE.replace(old, new))
    assert any(complaint in text and "openpdu.yaml:" in text for text in found), found
