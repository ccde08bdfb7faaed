# SPDX-License-Identifier: Apache-2.0
"""`openpdu calibrate`: a channel against a reference, its trims kept and used."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from queue import Queue

import pytest

from pdu_agent.app import exits
from pdu_agent.app.calibrating import Reference
from pdu_agent.app.calibration_session import Session
from pdu_agent.app.cli import main
from pdu_agent.app.config.calibration import (
    CalibrationFile,
    ChannelCalibration,
    LoadPoint,
    read,
    write,
)
from pdu_agent.app.config.load import check_file, load_settings
from pdu_agent.app.config.tree import Problems
from pdu_agent.app.config.wiring import CurrentChannel, SampledWiring
from pdu_agent.app.hardware import Hardware
from pdu_agent.hw.bank_worker import Report
from pdu_agent.metering.blocks import SampleBlock
from pdu_agent.model.clock import SystemClock
from pdu_agent.model.errors import ConfigError
from pdu_agent.model.readings import InitialiseBank, RelayResult, WriteRelays
from pdu_agent.store.lock import FolderLock

DEADLINE_S = 10.0
LAMP = 5  # its load is resistive, 25 W
CONFIG = """\
schema: 1
state_dir: {folder}/state
runtime_dir: {folder}/run
snmp: {{listen: []}}
http: {{listen: ""}}
simulator: {{speed: 10}}
relays: [{{name: main, driver: mcp23008, bus: sim}}]
meters:
  - name: chip1
    driver: ads130e08
    bus: sim:0
    voltage: {{channel: 1, divider: 200}}
    currents:
      - {{channel: 2, feeds: inlet 1}}
      - {{channel: 3, feeds: outlet 5, ct_ratio: 1000}}
outlets: [{{number: 5, relay: main.4}}]
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "openpdu.yaml"
    file.write_text(CONFIG.format(folder=tmp_path), encoding="utf-8")
    return file


@pytest.fixture
def lit(config: Path) -> Path:
    """The lamp is on, and the agent that has switched it on is stopped."""
    settings = load_settings(config, {})
    for folder in (settings.runtime_dir, settings.state_dir):
        folder.mkdir(mode=0o700)
    reports: Queue[Report] = Queue()

    def ignore(*_: object) -> None: ...

    hardware = Hardware(settings, SystemClock(), reports.put, ignore, ignore, ignore)
    hardware.inspect()
    hardware.start()
    hardware.send(InitialiseBank("main"))
    hardware.send(WriteRelays("main", {LAMP - 1: True}))
    while not isinstance(reports.get(timeout=DEADLINE_S), RelayResult):
        pass
    hardware.stop()
    return config


def other_ratio(config: Path, ratio: int) -> None:
    text = config.read_text(encoding="utf-8").replace("ct_ratio: 1000", f"ct_ratio: {ratio}")
    config.write_text(text, encoding="utf-8")


def openpdu(config: Path, *words: str) -> int:
    return main(["calibrate", *words, "--config", str(config), "--seconds", "1"])


def shown(capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    plain: dict[str, object] = json.loads(capsys.readouterr().out)
    return plain


def lamp_channel(config: Path) -> CurrentChannel:
    wiring = load_settings(config, {}).meters[0].wiring
    assert isinstance(wiring, SampledWiring)
    return wiring.currents[1]


def test_known_load_gives_the_gain_and_the_agent_uses_it(
    lit: Path, capsys: pytest.CaptureFixture[str]
):
    assert openpdu(lit, "chip1", "3", "--verify", "--amperes", "0.1", "--json") == exits.OK
    true_a = float(str(shown(capsys)["shown"]))
    assert true_a == pytest.approx(0.11, rel=0.2)  # 25 W within a tenth
    reference_a = f"{1.25 * true_a:.5f}"  # as if the transformer had fewer turns than it says
    assert openpdu(lit, "chip1", "3", "--amperes", reference_a, "--json") == exits.OK
    found = shown(capsys)
    assert found["gain"] == pytest.approx(1.25, rel=0.02)
    assert found["ct_corner_hz"] == pytest.approx(0.0, abs=0.1)
    assert lamp_channel(lit).gain == found["gain"]
    assert openpdu(lit, "chip1", "3", "--verify", "--amperes", reference_a, "--json") == exits.OK
    assert float(str(shown(capsys)["shown"])) == pytest.approx(1.25 * true_a, rel=0.02)


def test_idle_channel_gives_offset_and_noise_floor(
    config: Path, capsys: pytest.CaptureFixture[str]
):
    assert openpdu(config, "chip1", "3", "--idle", "--json", "--reference", "nothing") == exits.OK
    found = shown(capsys)
    assert found["noise_floor"] == pytest.approx(0.0011, rel=0.3)  # 0.7 codes and rounding
    assert found["reference"] == "nothing"
    assert lamp_channel(config).noise_floor_a == found["noise_floor"]
    assert lamp_channel(config).gain == 1.0


def test_voltage_is_calibrated_by_volts(config: Path, capsys: pytest.CaptureFixture[str]):
    assert openpdu(config, "chip1", "1", "--volts", "161", "--json") == exits.OK
    assert shown(capsys)["gain"] == pytest.approx(0.7, rel=0.03)
    with pytest.raises(SystemExit) as caught:
        openpdu(config, "chip1", "1", "--amperes", "1")
    assert caught.value.code == exits.USAGE
    assert "mains voltage is compared in V" in capsys.readouterr().err


def test_gain_that_no_agent_would_start_with_is_refused(
    config: Path, capsys: pytest.CaptureFixture[str]
):
    assert openpdu(config, "chip1", "1", "--volts", "1150", "--yes") == exits.UNAVAILABLE
    assert "the gain would be" in capsys.readouterr().err
    assert not (config.parent / "calibration.yaml").exists()


@pytest.mark.parametrize(
    ("channel", "seen"), [("1", "expected no mains"), ("3", "is the load off")]
)
def test_load_that_was_left_on_is_not_taken_for_noise(
    lit: Path, channel: str, seen: str, capsys: pytest.CaptureFixture[str]
):
    assert openpdu(lit, "chip1", channel, "--idle", "--json") == exits.UNAVAILABLE
    assert seen in str(shown(capsys)["detail"])
    assert not (lit.parent / "calibration.yaml").exists()


def test_noise_floor_goes_with_the_gain(config: Path, lit: Path):
    session = Session(load_settings(lit, {}), "chip1", 3, "")
    with session:
        recording = session.measure(1.0, lambda _: None)
    shown_a = session.verify(recording, Reference(current_a=1.0)).points[0].shown
    found = session.load(recording, Reference(current_a=1.5 * shown_a)).found
    assert found is not None
    assert found.noise_floor == pytest.approx(1.5 * 0.0011, rel=0.01)


def test_transformer_the_wrong_way_round_is_told_with_its_negative_gain(lit: Path):
    with Session(load_settings(lit, {}), "chip1", 3, "") as session:
        recording = session.measure(1.0, lambda _: None)
    turned = replace(recording, blocks=tuple(_turned(block) for block in recording.blocks))
    told = "the transformer is the wrong way round: its negative gain makes up for that"
    reference = Reference(current_a=0.11)
    assert told not in session.load(recording, reference).lines
    outcome = session.load(turned, reference)
    assert outcome.found is not None
    assert outcome.found.gain < 0
    assert told in outcome.lines


def _turned(block: SampleBlock) -> SampleBlock:
    counts = block.counts.copy()
    counts[2] *= -1
    return replace(block, counts=counts)


def test_power_factor_of_the_load_is_not_the_transformers_phase(
    lit: Path, capsys: pytest.CaptureFixture[str]
):
    """A lamp that is said to have a power factor of 0.5 would be a channel late by 60 degrees."""
    words = ["chip1", "3", "--amperes", "0.11", "--power-factor", "0.5"]
    assert openpdu(lit, *words) == exits.UNAVAILABLE
    assert "leads by 60" in capsys.readouterr().err
    assert openpdu(lit, "chip1", "3", "--amperes", "0.11", "--power-factor", "1") == exits.OK


def test_open_outlet_is_no_load_to_calibrate_with(config: Path, capsys: pytest.CaptureFixture[str]):
    """Only noise is on the channel: its phase is anything."""
    with Session(load_settings(config, {}), "chip1", 3, "") as session:
        blocks = session.measure(1.0, lambda _: None)
        outcome = session.verify(blocks, Reference(current_a=1.0))
    assert outcome.points[0].shown == 0.0
    assert outcome.points[0].error_percent == -100.0


def test_running_agent_keeps_its_converter(config: Path, capsys: pytest.CaptureFixture[str]):
    run = load_settings(config, {}).runtime_dir
    run.mkdir(mode=0o700)
    lock = FolderLock(run)
    assert openpdu(config, "chip1", "3", "--idle") == exits.UNAVAILABLE
    assert "in use by another agent" in capsys.readouterr().err
    lock.release()


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["chip9", "3", "--idle"], "no converter is called 'chip9'; there are chip1"),
        (["chip1", "7", "--idle"], "no channel 7; wired are 1, 2, 3"),
    ],
)
def test_channel_that_there_is_not_is_refused(
    config: Path, words: list[str], text: str, capsys: pytest.CaptureFixture[str]
):
    assert openpdu(config, *words) == exits.CONFIGURATION
    assert text in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        ["chip1"],
        ["chip1", "3", "--idle", "--amperes", "1"],
        ["chip1", "3", "--amperes", "0"],
        ["chip1", "3", "--amperes", "nan"],
        ["chip1", "3", "--verify", "--idle"],
        ["chip1", "3", "--amperes", "1", "--power-factor", "0.2"],
        ["chip1", "3", "--volts", "1", "--power-factor", "0.9"],
        ["chip1", "--idle"],
        ["chip1", "--null", "1", "--idle"],
        ["chip1", "3", "--null", "1"],
        ["--sheet", "--null", "1"],
        ["chip1", "3"],
        [],
    ],
)
def test_wrong_options_are_refused_before_anything_is_measured(config: Path, words: list[str]):
    with pytest.raises(SystemExit) as caught:
        openpdu(config, *words)
    assert caught.value.code == exits.USAGE


# --- the file ------------------------------------------------------------------------


def entry(**changes: object) -> ChannelCalibration:
    values = {"meter": "chip1", "channel": 3, "units_per_count": 2.4 / 32768 * 20, "gain": 1.01}
    return ChannelCalibration(**{**values, **changes})  # type: ignore[arg-type]


def test_file_gives_back_what_was_written(tmp_path: Path):
    file = CalibrationFile(
        channels=(entry(reference='a "Fluke": 289', date="2026-11-21", noise_floor=0.0),),
        points=(LoadPoint(meter="chip1", channel=3, quantity="current", true=1.0, shown=0.99),),
    )
    write(tmp_path / "c.yaml", file)
    problems = Problems()
    found = read(tmp_path / "c.yaml", problems)
    assert found is not None
    assert found[0] == file
    assert (tmp_path / "c.yaml").stat().st_mode & 0o777 == 0o644


def test_trims_of_other_parts_are_warned_of_and_not_used(config: Path):
    write(config.parent / "calibration.yaml", CalibrationFile(channels=(entry(),)))
    assert lamp_channel(config).gain == 1.01
    other_ratio(config, 2000)
    assert lamp_channel(config).gain == 1.0
    (warning,) = [p for p in check_file(config, {}) if "calibrated with other parts" in p.text]
    assert warning.warning
    assert "calibration.yaml:4" in str(warning.place)
    assert "openpdu calibrate chip1 3" in warning.text


def test_damaged_file_is_an_error_with_its_line(config: Path):
    (config.parent / "calibration.yaml").write_text(
        "schema: 1\nchannels:\n  - {meter: chip1, channel: 3, units_per_count: 1, gain: 40}\n",
        encoding="utf-8",
    )
    (problem,) = [p for p in check_file(config, {}) if not p.warning]
    assert "calibration.yaml:3:" in str(problem)
    assert "gain" in problem.text


def test_new_trims_drop_the_load_points_of_the_old_ones():
    point = LoadPoint(meter="chip1", channel=3, quantity="current", true=1.0, shown=0.9)
    other = LoadPoint(meter="chip1", channel=2, quantity="current", true=1.0, shown=0.9)
    file = CalibrationFile(channels=(entry(),), points=(point, other))
    changed = file.with_channel(entry(gain=1.1))
    assert changed.points == (other,)
    assert [each.gain for each in changed.channels] == [1.1]


def test_sheet_tells_errors_over_load_points(config: Path, capsys: pytest.CaptureFixture[str]):
    points = tuple(
        LoadPoint(
            meter="chip1",
            channel=3,
            quantity="current",
            true=true,
            shown=value,
            date="2026-11-21",
            reference=reference,
        )
        for true, value, reference in ((10.0, 10.01, "Norma 4000"), (0.1, 0.0995, ""))
    )
    file = CalibrationFile(channels=(entry(reference="Fluke 289"),), points=points)
    write(config.parent / "calibration.yaml", file)
    assert main(["calibrate", "--config", str(config), "--sheet"]) == exits.OK
    text = capsys.readouterr().out
    assert "Fluke 289" in text
    assert "+0.100 %  2026-11-21  Norma 4000" in text
    assert "-0.500 %  2026-11-21  not named" in text
    assert "largest error 0.500 %" in text


def test_file_that_no_agent_could_read_is_not_written(tmp_path: Path):
    path = tmp_path / "c.yaml"
    write(path, CalibrationFile())
    with pytest.raises(ConfigError, match="gain"):
        write(path, CalibrationFile(channels=(entry(gain=3.0),)))
    assert [file.name for file in tmp_path.iterdir()] == ["c.yaml"]
    assert read(path, Problems()) is not None
