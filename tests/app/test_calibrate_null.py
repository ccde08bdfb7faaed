# SPDX-License-Identifier: Apache-2.0
"""`openpdu calibrate --null`: transformers that do not match, through the whole chain."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from pdu_agent.app import exits
from pdu_agent.app.calibrating import residual_a
from pdu_agent.app.calibration_bench import Bench
from pdu_agent.app.cli import main
from pdu_agent.app.config.calibration import (
    CalibrationFile,
    ChannelCalibration,
    read,
    units_per_count,
    write,
)
from pdu_agent.app.config.load import check_file, load_settings
from pdu_agent.app.config.nulls import NullCalibration
from pdu_agent.app.config.tree import Problems
from pdu_agent.app.config.wiring import ResidualWiring, SampledWiring
from pdu_agent.app.wiring import meter_channels
from tests.app.uncalibrated import CONVERTER

ONE_PHASE = """\
    currents: [{channel: 2, feeds: inlet 1}, {channel: 3}]
    residuals: [{inlet: 1, channels: [2, 3]}]
"""
THREE_PHASES = """\
    other_voltages: [{channel: 2, divider: 200}, {channel: 3, divider: 200}]
    currents:
      - {channel: 4, feeds: line 1, voltage: 1}
      - {channel: 5, feeds: line 2, voltage: 2}
      - {channel: 6, feeds: line 3, voltage: 3}
      - {channel: 7}
    residuals: [{inlet: 1, channels: [4, 5, 6, 7]}]
lines:
  - {number: 1, inlet: 1, line: l1}
  - {number: 2, inlet: 1, line: l2}
  - {number: 3, inlet: 1, line: l3}
outlets: [{number: 1, line: l1}, {number: 2, line: l2}, {number: 3, line: l3}]
"""
MAINS_V = 230.0
GOAL_A, GOAL_SHARE = 0.0005, 0.0002
"""Half a milliampere and 0.02 % of the load, over 1 s."""


def bench(folder: Path, channels: str) -> Path:
    file = folder / "openpdu.yaml"
    file.write_text(CONVERTER.format(folder=folder) + channels, encoding="utf-8")
    (folder / "run").mkdir(mode=0o700)
    return file


def loads(config: Path, *lines: str) -> None:
    text = "".join(f"- {line}\n" for line in lines)
    (config.parent / "loads.yaml").write_text(text, encoding="utf-8")


def null(config: Path, seconds: float, capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    words = ["chip1", "--null", "1", "--seconds", f"{seconds:g}", "--json"]
    code = main(["calibrate", *words, "--config", str(config)])
    answer: dict[str, object] = json.loads(capsys.readouterr().out)
    assert code == exits.OK, answer
    return answer


def largest_error_a(config: Path, leak_a: float) -> float:
    """Of the residual current in any second, by the trims and nulls that an agent would use."""
    settings = load_settings(config, {})
    meter = settings.meters[0]
    assert isinstance(meter.wiring, SampledWiring)
    channels = meter_channels(meter.wiring, meter.options.volts_per_count)
    with Bench(settings, "chip1") as converter:
        recording = converter.measure(4.0, lambda _: None)
    size = next(n for n, _ in enumerate(recording.blocks) if _seconds(recording.blocks[:n]) >= 1)
    starts = range(size, len(recording.blocks) - size, size)  # the first second has the switch-on
    parts = [replace(recording, blocks=recording.blocks[at : at + size]) for at in starts]
    assert len(parts) >= 2
    return max(abs(residual_a([part], channels, 50.0, 0) - leak_a) for part in parts)


def _seconds(blocks: tuple) -> float:  # type: ignore[type-arg]
    return float(sum(block.counts.shape[1] / block.rate_hz for block in blocks))


def test_nulled_sum_shows_the_leak_at_any_load(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    config = bench(tmp_path, ONE_PHASE)
    loads(config, "load: {of: inlet 1, watts: 1840}")
    assert largest_error_a(config, 0.0) > 0.02  # 8 A through transformers of class 1
    found = null(config, 5.0, capsys)
    assert found["kept"] is True
    assert found["loads"] == found["loads_wanted"] == 1
    for watts in (0.0, 500.0, 3600.0):
        for leak_a in (0.0, 0.006, 0.03):
            loads(
                config,
                f"load: {{of: inlet 1, watts: {watts:g}}}",
                f"leak: {{of: inlet 1, ma: {1000 * leak_a:g}}}",
            )
            error_a = largest_error_a(config, leak_a)
            assert error_a <= GOAL_A + GOAL_SHARE * watts / MAINS_V, (watts, leak_a)


def test_loads_that_take_turns_tell_all_conductors_of_three_phases(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    config = bench(tmp_path, THREE_PHASES)
    none = [f"load: {{of: outlet {n}, unplug: true}}" for n in (1, 2, 3)]
    turns = [*none, "load: {of: outlet 1, plug: true, watts: 1840}"]
    for second, outlet in ((4, 2), (8, 3)):
        turns.append(f"at: {second}s\n  load: {{of: outlet {outlet - 1}, unplug: true}}")
        turns.append(f"load: {{of: outlet {outlet}, plug: true, watts: 1840}}")
    loads(config, *turns)
    found = null(config, 12.0, capsys)
    assert found["loads"] == found["loads_wanted"] == 3
    watts = (300.0, 2000.0, 1200.0)
    loads(config, *(f"load: {{of: outlet {n}, watts: {w:g}}}" for n, w in enumerate(watts, 1)))
    assert largest_error_a(config, 0.0) <= GOAL_A + GOAL_SHARE * sum(watts) / MAINS_V


def test_one_load_is_told_to_be_too_few_for_three_phases(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    config = bench(tmp_path, THREE_PHASES)
    loads(
        config,
        *(f"load: {{of: outlet {n}, unplug: true}}" for n in (2, 3)),
        "load: {of: outlet 1, watts: 1840}",
    )
    words = ["chip1", "--null", "1", "--seconds", "3", "--yes"]
    assert main(["calibrate", *words, "--config", str(config)]) == exits.OK
    assert "loads       1 that differ, of 3" in capsys.readouterr().out


# --- the file ------------------------------------------------------------------------


def nulled_file(config: Path, **changes: object) -> CalibrationFile:
    units = units_per_count(load_settings(config, {}).meters[0])
    values = {
        "meter": "chip1",
        "inlet": 1,
        "channels": (2, 3),
        "units_per_count": (units[2], units[3]),
        "ct_corners_hz": (0.0, 0.0),
        "phase_delays_s": (0.0, 0.0),
        "null_gains": (-0.001, 0.001),
        "null_corners_hz": (0.01, -0.01),
        "before_a": 0.02,
        "after_a": 0.0001,
        "date": "2026-11-21",
    }
    return CalibrationFile(nulls=(NullCalibration(**{**values, **changes}),))  # type: ignore[arg-type]


def residual(config: Path) -> ResidualWiring:
    wiring = load_settings(config, {}).meters[0].wiring
    assert isinstance(wiring, SampledWiring)
    return wiring.residuals[0]


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = bench(tmp_path, ONE_PHASE)
    loads(file, "load: {of: inlet 1, watts: 1840}")
    return file


def test_null_is_read_as_it_was_written_and_used(config: Path):
    path = config.parent / "calibration.yaml"
    write(path, nulled_file(config))
    found = read(path, Problems())
    assert found is not None
    assert found[0] == nulled_file(config)
    assert residual(config).null_gains == (-0.001, 0.001)
    assert residual(config).null_corners_hz == (0.01, -0.01)


def test_new_null_takes_the_place_of_the_old_one(config: Path):
    (old,) = nulled_file(config).nulls
    new = replace(old, null_gains=(0.0, 0.002))
    other = replace(old, inlet=2)
    assert CalibrationFile(nulls=(old, other)).with_null(new).nulls == (other, new)


@pytest.mark.parametrize(
    "changes",
    [
        {"channels": (3, 2)},
        {"units_per_count": (0.0014, 0.0014)},
        {"ct_corners_hz": (0.0, 0.5)},
        {"phase_delays_s": (1e-5, 0.0)},
        {"null_gains": (-0.001,)},
    ],
)
def test_null_of_other_channels_is_warned_of_and_not_used(config: Path, changes: dict[str, object]):
    write(config.parent / "calibration.yaml", nulled_file(config, **changes))
    assert residual(config).null_gains == ()
    (warning,) = [p for p in check_file(config, {}) if "null is not used" in p.text]
    assert warning.warning
    assert "calibration.yaml:6" in str(warning.place)
    assert "openpdu calibrate chip1 --null 1" in warning.text


def test_null_of_a_sum_that_is_no_more_is_warned_of(config: Path):
    write(config.parent / "calibration.yaml", nulled_file(config, inlet=2))
    assert any("this null serves nothing" in p.text for p in check_file(config, {}))


def test_trims_of_a_conductor_void_its_null_and_say_so(
    config: Path, capsys: pytest.CaptureFixture[str]
):
    path = config.parent / "calibration.yaml"
    write(path, nulled_file(config))
    words = ["chip1", "2", "--amperes", "8", "--seconds", "1", "--json"]
    assert main(["calibrate", *words, "--config", str(config)]) == exits.OK
    (warning,) = json.loads(capsys.readouterr().out)["warnings"]
    assert "openpdu calibrate chip1 --null 1" in warning
    assert residual(config).null_gains == ()
    assert main(["calibrate", "--sheet", "--config", str(config)]) == exits.OK
    sheet = capsys.readouterr().out
    assert "residual current of inlet 1: nulled 2026-11-21" in sheet
    assert "its null is not used" in sheet


def test_neutral_keeps_its_direction_when_it_is_calibrated(
    config: Path, capsys: pytest.CaptureFixture[str]
):
    words = ["chip1", "3", "--amperes", "8", "--seconds", "1", "--json"]
    assert main(["calibrate", *words, "--config", str(config)]) == exits.OK
    assert json.loads(capsys.readouterr().out)["gain"] == pytest.approx(1.0, abs=0.03)


def test_neutral_has_no_watts_to_compare(config: Path, capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as caught:
        main(["calibrate", "chip1", "3", "--watts", "1840", "--config", str(config)])
    assert caught.value.code == exits.USAGE
    assert "conductor is compared in A" in capsys.readouterr().err


def test_residual_current_transformer_is_calibrated_by_a_leak(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    channel = "{channel: 2, feeds: residual 1, burden_ohm: 4700, noise_floor_a: 0.000012}"
    config = bench(tmp_path, f"    currents: [{channel}]\n")
    loads(config, "leak: {of: inlet 1, ma: 30}")
    words = ["chip1", "2", "--amperes", "0.03", "--seconds", "2", "--json"]
    assert main(["calibrate", *words, "--config", str(config)]) == exits.OK
    found = json.loads(capsys.readouterr().out)
    assert found["gain"] == pytest.approx(1.0, abs=0.03)
    assert found["ct_corner_hz"] == 0.0
    assert found["after"]["shown"] == pytest.approx(0.03, rel=0.001)


def test_transformer_the_wrong_way_round_is_no_null(
    config: Path, capsys: pytest.CaptureFixture[str]
):
    reversed_ct = ChannelCalibration(
        meter="chip1",
        channel=3,
        units_per_count=units_per_count(load_settings(config, {}).meters[0])[3],
        gain=-1.0,
    )
    write(config.parent / "calibration.yaml", CalibrationFile(channels=(reversed_ct,)))
    words = ["chip1", "--null", "1", "--seconds", "1", "--yes"]
    assert main(["calibrate", *words, "--config", str(config)]) == exits.UNAVAILABLE
    assert "the right way round?" in capsys.readouterr().err


def test_inlet_without_a_sum_is_refused(config: Path, capsys: pytest.CaptureFixture[str]):
    words = ["chip1", "--null", "2", "--yes"]
    assert main(["calibrate", *words, "--config", str(config)]) == exits.CONFIGURATION
    assert "it has inlet 1" in capsys.readouterr().err
