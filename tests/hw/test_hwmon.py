# SPDX-License-Identifier: Apache-2.0
"""Sensors of the kernel: files that hold thousandths, their failures, and the simulated board."""

from __future__ import annotations

from pathlib import Path

import pytest

from pdu_agent.hw.hwmon import HwmonSensor, HwmonSettings
from pdu_agent.hw.sim.hwmon import SimHwmon
from pdu_agent.hw.sim.surroundings import Surroundings
from pdu_agent.model.clock import ManualClock
from pdu_agent.model.errors import ChipNotFound, ConfigError, HardwareError
from pdu_agent.model.snapshot import SensorKind


def sensor_on(path: Path, text: str | bytes) -> HwmonSensor:
    path.write_bytes(text if isinstance(text, bytes) else text.encode("ascii"))
    return HwmonSensor(HwmonSettings(str(path)))


@pytest.mark.parametrize(
    ("text", "value"), [("42125\n", 42.125), ("-5000\n", -5.0), ("0\n", 0.0), ("61900", 61.9)]
)
def test_the_file_holds_thousandths(tmp_path: Path, text: str, value: float) -> None:
    assert sensor_on(tmp_path / "temp1_input", text).read() == value


@pytest.mark.parametrize("text", ["", "warm\n", "42.5\n", b"\xff\x00"])
def test_what_is_no_whole_number_is_an_error(tmp_path: Path, text: str | bytes) -> None:
    with pytest.raises(HardwareError, match="no number"):
        sensor_on(tmp_path / "t", text).read()


def test_a_missing_file_is_found_again_when_it_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "temp1_input"
    sensor = sensor_on(path, "20000")
    path.unlink()
    with pytest.raises(ChipNotFound, match="there is no"):
        sensor.read()
    path.write_text("21000", encoding="ascii")
    assert sensor.read() == 21


def test_a_folder_or_an_io_error_is_a_hardware_error(tmp_path: Path) -> None:
    with pytest.raises(HardwareError, match="hwmon: read"):
        HwmonSensor(HwmonSettings(str(tmp_path))).read()


def test_a_pattern_has_to_fit_one_file(tmp_path: Path) -> None:
    sensor = HwmonSensor(HwmonSettings(str(tmp_path / "hwmon*" / "temp1_input")))
    with pytest.raises(ChipNotFound, match="0 files fit"):
        sensor.read()
    for number in (3, 7):
        (tmp_path / f"hwmon{number}").mkdir()
    (tmp_path / "hwmon3" / "temp1_input").write_text("30000", encoding="ascii")
    assert sensor.read() == 30
    (tmp_path / "hwmon7" / "temp1_input").write_text("30000", encoding="ascii")
    with pytest.raises(ChipNotFound, match="2 files fit"):
        sensor.read()


def chip_in(folder: Path, number: int, name: str) -> Path:
    chip = folder / f"hwmon{number}"
    chip.mkdir()
    (chip / "name").write_text(f"{name}\n", encoding="ascii")
    (chip / "temp1_input").write_text(f"{number * 1000}\n", encoding="ascii")
    (chip / "temp2_input").write_text(f"{number * 1000 + 500}\n", encoding="ascii")
    return chip


def test_a_chip_is_found_by_its_name_whatever_its_number(tmp_path: Path) -> None:
    chip_in(tmp_path, 1, "cpu_thermal")
    sensor = HwmonSensor(HwmonSettings(path=str(tmp_path), chip="sht3x", input="temp2"))
    with pytest.raises(ChipNotFound, match=r"no 'sht3x' in .*; it has cpu_thermal"):
        sensor.read()
    chip_in(tmp_path, 4, "sht3x")
    assert sensor.read() == 4.5
    chip_in(tmp_path, 5, "sht3x")
    with pytest.raises(ChipNotFound, match="hwmon4, hwmon5 are all called 'sht3x'"):
        sensor.read()


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"path": "temp1_input"}, "not absolute"),
        ({}, "neither path nor chip"),
        ({"path": "/sys/x", "input": "temp2"}, "an input of `chip`"),
    ],
)
def test_settings_that_lead_nowhere_are_refused(settings: dict[str, str], text: str) -> None:
    with pytest.raises(ConfigError, match=text):
        HwmonSettings(**settings)  # type: ignore[arg-type]


# the simulated board


def test_the_simulated_values_move_within_their_range(tmp_path: Path) -> None:
    clock = ManualClock()
    around = Surroundings(clock)
    seen: dict[SensorKind, list[float]] = {SensorKind.TEMPERATURE: [], SensorKind.HUMIDITY: []}
    chips = {
        kind: SimHwmon(tmp_path, f"{kind.value}_input", around.feeling(1, kind)) for kind in seen
    }
    for _ in range(200):
        for kind, values in seen.items():
            chips[kind].refresh()
            values.append(HwmonSensor(HwmonSettings(str(chips[kind].file))).read())
        clock.advance(7)
    low, high = min(seen[SensorKind.TEMPERATURE]), max(seen[SensorKind.TEMPERATURE])
    assert 33 <= low < 36 < 40 < high <= 43
    assert all(35 <= value <= 55 for value in seen[SensorKind.HUMIDITY])
    assert len(set(seen[SensorKind.TEMPERATURE][:10])) > 5


def test_a_sensor_that_is_gone_and_one_that_fails_are_told_apart(tmp_path: Path) -> None:
    chip = SimHwmon(tmp_path, "temp1_input", lambda: 21.5)
    sensor = HwmonSensor(HwmonSettings(str(chip.file)))
    assert sensor.read() == 21.5
    chip.unplug()
    with pytest.raises(ChipNotFound):
        sensor.read()
    chip.plug()
    chip.fail()
    with pytest.raises(HardwareError, match="no number"):
        sensor.read()
    chip.plug()
    assert sensor.read() == 21.5
