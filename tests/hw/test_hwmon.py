# SPDX-License-Identifier: Apache-2.0
"""Sensors of the kernel: files that hold thousandths, their failures, and the simulated board."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from pdu_agent.hw.hwmon import HwmonSensor, HwmonSettings
from pdu_agent.hw.ports import SensorSource
from pdu_agent.hw.sensor_poller import PolledSensor, SensorPoller
from pdu_agent.hw.sim.hwmon import SimHwmon, SimulatedSensor
from pdu_agent.model.clock import ManualClock
from pdu_agent.model.errors import ChipNotFound, ConfigError, HardwareError
from pdu_agent.model.readings import SensorReading
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


def test_a_relative_path_is_refused() -> None:
    with pytest.raises(ConfigError, match="not absolute"):
        HwmonSettings("temp1_input")


# the simulated board


def test_the_simulated_values_move_within_their_range(tmp_path: Path) -> None:
    clock = ManualClock()
    board = SimHwmon(tmp_path, clock)
    seen: dict[SensorKind, list[float]] = {SensorKind.TEMPERATURE: [], SensorKind.HUMIDITY: []}
    for _ in range(200):
        for kind, values in seen.items():
            values.append(SimulatedSensor(board, kind).read())
        clock.advance(7)
    low, high = min(seen[SensorKind.TEMPERATURE]), max(seen[SensorKind.TEMPERATURE])
    assert 33 <= low < 36 < 40 < high <= 43
    assert all(35 <= value <= 55 for value in seen[SensorKind.HUMIDITY])
    assert len(set(seen[SensorKind.TEMPERATURE][:10])) > 5


# the thread


class Scripted:
    """Gives the next of `answers` at each reading; the last one for ever."""

    def __init__(self, *answers: float | Exception) -> None:
        self._answers = list(answers)

    def read(self) -> float:
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


def polled(
    sources: dict[int, SensorSource], enough: Callable[[list[SensorReading]], bool]
) -> list[SensorReading]:
    found: list[SensorReading] = []
    sensors = [PolledSensor(number, source, 0.01) for number, source in sources.items()]
    poller = SensorPoller(sensors, ManualClock(), found.append)
    poller.start()
    deadline_s = time.monotonic() + 5
    while not enough(found) and time.monotonic() < deadline_s:
        time.sleep(0.005)
    poller.stop()
    assert enough(found)
    return found


def test_a_failing_sensor_is_asked_again_and_harms_no_other() -> None:
    failing = Scripted(ChipNotFound("hwmon", "read", "gone"), ValueError("a bug"), 5.0)
    found = polled(
        {1: failing, 2: Scripted(7.0)},
        lambda found: sum(reading.sensor == 1 for reading in found) >= 3,
    )
    first, second, third = [reading for reading in found if reading.sensor == 1][:3]
    assert (first.value, first.error) == (None, "hwmon: read: gone")
    assert (second.value, second.error) == (None, "ValueError('a bug')")
    assert (third.value, third.error) == (5.0, "")
    assert all(reading.value == 7.0 for reading in found if reading.sensor == 2)


def test_many_slow_sensors_are_not_taken_for_a_thread_that_hangs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each reading counts as progress: a round may take longer than a watchdog waits."""
    now_s, ages_s, all_read = [0.0], [], threading.Event()
    fake_time = SimpleNamespace(monotonic=lambda: now_s[0])
    monkeypatch.setattr("pdu_agent.hw.sensor_poller.time", fake_time)

    class Slow:
        def read(self) -> float:
            ages_s.append(now_s[0] - poller.beat_s)
            now_s[0] += 10.0
            return 1.0

    def deliver(reading: SensorReading) -> None:
        if reading.sensor == 4:
            all_read.set()

    sensors = [PolledSensor(number, Slow(), 1000.0) for number in range(1, 5)]
    poller = SensorPoller(sensors, ManualClock(), deliver)
    poller.start()
    assert all_read.wait(5)
    poller.stop()
    assert ages_s == [0.0] * 4


def test_stopping_before_the_start_is_harmless() -> None:
    SensorPoller([], ManualClock(), lambda _: None).stop()
