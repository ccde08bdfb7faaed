# SPDX-License-Identifier: Apache-2.0
"""The threads that keep fans: duty again and again, readings, full speed in the end."""

from __future__ import annotations

import logging
import threading
import time

import pytest

from pdu_agent.hw.fan_keeper import FanKeeper, KeptFan
from pdu_agent.model.clock import ManualClock
from pdu_agent.model.errors import ChipNotFound
from pdu_agent.model.readings import FanReading, SetFanDuty

GONE = ChipNotFound("emc2101", "look", "gone")


class ScriptedFan:
    """Fails while `error` is there."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.duties: list[float] = []

    def set_duty(self, percent: float) -> None:
        if self.error is not None:
            raise self.error
        self.duties.append(percent)

    def read_rpm(self) -> float | None:
        return 1500.0

    def close(self) -> None:
        self.set_duty(100)


def kept(fans: dict[int, ScriptedFan], count: int) -> tuple[FanKeeper, list[FanReading]]:
    found: list[FanReading] = []
    enough = threading.Event()

    def deliver(reading: FanReading) -> None:
        found.append(reading)
        if len(found) >= count:
            enough.set()

    entries = [KeptFan(number, fan, 40.0, 0.005) for number, fan in fans.items()]
    keeper = FanKeeper(entries, ManualClock(), deliver)
    keeper.start()
    assert enough.wait(5)
    return keeper, found


def test_the_duty_is_set_at_each_look_and_full_in_the_end() -> None:
    fan = ScriptedFan()
    keeper, found = kept({1: fan}, 3)
    keeper.stop()
    assert fan.duties[:3] == [40.0] * 3
    assert fan.duties[-1] == 100.0
    assert found[0] == FanReading(1, 1000.0, 1500.0)


def test_another_duty_counts_from_the_next_look_on() -> None:
    fan = ScriptedFan()
    keeper, _ = kept({1: fan}, 1)
    keeper.set_duty(SetFanDuty(1, 70.0))
    deadline_s = time.monotonic() + 5
    while fan.duties[-1] != 70.0 and time.monotonic() < deadline_s:
        time.sleep(0.005)
    keeper.stop()
    assert fan.duties[0] == 40.0
    assert fan.duties[-2:] == [70.0, 100.0]


@pytest.mark.parametrize("error", [GONE, ValueError("a bug")])
def test_a_failing_fan_harms_no_other(error: Exception, caplog: pytest.LogCaptureFixture) -> None:
    fans = {1: ScriptedFan(error), 2: ScriptedFan()}
    with caplog.at_level(logging.CRITICAL):
        keeper, found = kept(fans, 6)
    fans[1].error = None
    keeper.stop()
    assert {reading.speed_rpm for reading in found if reading.fan == 1} == {None}
    assert all(reading.error for reading in found if reading.fan == 1)
    assert {reading.speed_rpm for reading in found if reading.fan == 2} == {1500.0}


def test_a_fan_that_cannot_be_left_at_full_speed_is_told_of(
    caplog: pytest.LogCaptureFixture,
) -> None:
    fans = {1: ScriptedFan(GONE), 2: ScriptedFan()}
    keeper, _ = kept(fans, 2)
    keeper.stop()
    assert "fan 1 is not left at full speed: emc2101: look: gone" in caplog.text
    assert fans[2].duties[-1] == 100.0


def test_a_driver_with_a_bug_keeps_no_other_fan_from_full_speed() -> None:
    fans = {1: ScriptedFan(ValueError("a bug")), 2: ScriptedFan()}
    keeper = FanKeeper(
        [KeptFan(number, fan, 40.0, 2.0) for number, fan in fans.items()],
        ManualClock(),
        lambda _: None,
    )
    keeper.stop()
    assert fans[2].duties == [100.0]


def test_one_disturbed_transfer_is_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pdu_agent.hw.rounds.FIRST_RETRY_S", 0.001)
    fan = ScriptedFan(GONE)
    real = fan.set_duty

    def set_duty(percent: float) -> None:
        fan.error = GONE if len(fan.duties) in (0, 2) and fan.error is None else None
        if fan.error is None:
            real(percent)
        else:
            raise fan.error

    fan.set_duty = set_duty  # type: ignore[method-assign]
    keeper, found = kept({1: fan}, 5)
    fan.set_duty = real  # type: ignore[method-assign]
    fan.error = None
    keeper.stop()
    assert [reading.error for reading in found[:5]] == [""] * 5


def test_a_thread_that_hangs_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    keeper, _ = kept({1: ScriptedFan()}, 1)
    assert keeper.is_alive()
    keeper.stop()
    monkeypatch.setattr("pdu_agent.hw.fan_keeper.STUCK_S", -1.0)
    assert not keeper.is_alive()


def test_stopping_without_fans_is_harmless() -> None:
    FanKeeper([], ManualClock(), lambda _: None).stop()
