# SPDX-License-Identifier: Apache-2.0
"""The threads that ask sensors: one for each place, failing sensors less and less often."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from itertools import pairwise
from types import SimpleNamespace

import pytest

from pdu_agent.hw.dropped_sample import DroppedSample
from pdu_agent.hw.ports import SensorSource
from pdu_agent.hw.rounds import Rounds, Visit
from pdu_agent.hw.sensor_poller import PolledSensor, SensorPoller
from pdu_agent.model.clock import ManualClock
from pdu_agent.model.errors import BusTimeout, ChipNotFound
from pdu_agent.model.readings import SensorReading


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
    sensors = [PolledSensor(n, source, 0.01, "", 0.01) for n, source in sources.items()]
    poller = SensorPoller(sensors, ManualClock(), found.append)
    poller.start()
    deadline_s = time.monotonic() + 5
    while not enough(found) and time.monotonic() < deadline_s:
        time.sleep(0.005)
    poller.stop()
    assert enough(found)
    return found


def polled_at_once(sources: dict[int, SensorSource], count: int) -> list[SensorReading]:
    """As `polled`, with retries at once."""
    found: list[SensorReading] = []
    enough = threading.Event()

    def deliver(reading: SensorReading) -> None:
        found.append(reading)
        if len(found) >= count:
            enough.set()

    sensors = [PolledSensor(n, source, 0.005, "", 0.001) for n, source in sources.items()]
    poller = SensorPoller(sensors, ManualClock(), deliver)
    poller.start()
    assert enough.wait(5)
    poller.stop()
    return found[:count]


def test_a_failing_sensor_is_asked_again_and_harms_no_other() -> None:
    gone = ChipNotFound("hwmon", "read", "gone")
    failing = Scripted(gone, gone, ValueError("a bug"), 5.0)
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
    monkeypatch.setattr("pdu_agent.hw.rounds.time", fake_time)

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


class Hours:
    """Real time that passes only where `Rounds` waits: pauses of hours in no time at all."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now_s = 0.0
        fake = SimpleNamespace(monotonic=lambda: self.now_s)
        monkeypatch.setattr("pdu_agent.hw.rounds.time", fake)

    def run(self, visit: Visit, until_s: float) -> None:
        rounds = Rounds("test", [visit])
        stop = rounds._stop

        def wait(seconds: float) -> bool:
            self.now_s += max(0.001, seconds)
            if self.now_s > until_s:
                stop.set()
            return stop.is_set()

        stop.wait = wait  # type: ignore[method-assign,assignment]
        rounds.start()
        for thread in threading.enumerate():
            if thread.name == f"test {visit.place}":
                thread.join(5)


@pytest.mark.parametrize(
    ("within_s", "pauses_s"), [(600.0, [1, 2, 4, 8, 16, 32, 60, 60]), (10.0, [1, 2, 4, 8, 10, 10])]
)
def test_a_failing_sensor_is_asked_less_and_less_often(
    monkeypatch: pytest.MonkeyPatch, within_s: float, pauses_s: list[float]
) -> None:
    hours, asked_s = Hours(monkeypatch), []

    def ask() -> bool:
        asked_s.append(hours.now_s)
        return False

    hours.run(Visit("bus", ask, 5.0, within_s), 400.0)
    found = [after - before for before, after in pairwise(asked_s)]
    assert found[: len(pauses_s)] == pytest.approx(pauses_s, abs=0.1)


def test_one_that_works_again_is_asked_at_its_interval(monkeypatch: pytest.MonkeyPatch) -> None:
    hours, asked_s = Hours(monkeypatch), []

    def ask() -> bool:
        asked_s.append(hours.now_s)
        return len(asked_s) > 3

    hours.run(Visit("bus", ask, 5.0, 30.0), 25.0)
    assert asked_s == pytest.approx([0, 1, 3, 7, 12, 17, 22], abs=0.1)


def test_a_stuck_bus_holds_up_only_what_is_on_it() -> None:
    stuck, found = threading.Event(), []

    class Stuck:
        def read(self) -> float:
            stuck.wait(10)
            raise BusTimeout("sht3x", "measure", "stuck")

    enough = threading.Event()

    def deliver(reading: SensorReading) -> None:
        found.append(reading)
        if len(found) >= 5:
            enough.set()

    sensors = [
        PolledSensor(1, Stuck(), 0.01, "/dev/i2c-1"),
        PolledSensor(2, Scripted(7.0), 0.01, "/dev/i2c-2"),
    ]
    poller = SensorPoller(sensors, ManualClock(), deliver)
    poller.start()
    assert enough.wait(5)
    assert {reading.sensor for reading in found} == {2}
    stuck.set()
    poller.stop()


def test_one_disturbed_transfer_is_no_fault() -> None:
    """Not even one each time: an alarm would be raised and cleared again and again."""
    gone = ChipNotFound("sht3x", "measure", "nothing answers")
    found = polled_at_once({1: Scripted(5.0, gone, 6.0, gone, 7.0, gone, gone, 8.0)}, 5)
    assert [reading.value for reading in found] == [5.0, 6.0, 7.0, None, 8.0]


def test_dropped_samples_are_told_when_they_do_not_end() -> None:
    dropped = DroppedSample("sht3x", "read", "wrong checksum")
    found = polled_at_once({1: Scripted(5.0, dropped, dropped, 6.0, dropped, dropped, dropped)}, 3)
    assert [reading.value for reading in found] == [5.0, 6.0, None]
    assert found[2].error == "sht3x: read: wrong checksum"


def test_a_part_that_often_gives_none_is_not_called_faulty() -> None:
    lost = DroppedSample("iio", "read", "EIO", None)
    found = polled_at_once({1: Scripted(5.0, *[lost] * 10, 6.0)}, 2)
    assert [reading.value for reading in found] == [5.0, 6.0]
