# SPDX-License-Identifier: Apache-2.0
"""A device that comes and goes is told of as one trouble, not as one with each attempt."""

from __future__ import annotations

import pytest

from pdu_agent.hw import device_thread
from pdu_agent.hw.device_thread import FIRST_PROOF_S, RELAPSE_S, DeviceThread
from pdu_agent.model.errors import BusTimeout, HardwareError


class Device(DeviceThread):
    """Used step by step, at a time that is set by hand."""

    def __init__(self) -> None:
        self.told: list[bool] = []
        super().__init__("thing", lambda error: self.told.append(error is not None))

    def _open(self) -> None: ...

    def _step(self) -> bool:
        return True

    def _close(self, error: HardwareError | None) -> None: ...

    def fails(self) -> None:
        self._note_failure(BusTimeout("thing", "use", "no answer"))

    def works(self) -> None:
        self._note_recovery()


class Time:
    now_s = 1000.0

    def monotonic(self) -> float:
        return self.now_s


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    time = Time()
    monkeypatch.setattr(device_thread, "time", time)
    return time


def test_the_first_use_after_a_loss_ends_it(time: Time) -> None:
    device = Device()
    for _ in range(3):
        device.fails()
        time.now_s += 5
    device.works()
    assert device.told == [True, False]
    time.now_s += RELAPSE_S
    device.fails()
    device.works()
    assert device.told == [True, False] * 2


def test_one_that_comes_and_goes_has_to_prove_itself(time: Time) -> None:
    device = Device()
    for _ in range(100):
        device.fails()
        device.works()
        time.now_s += 2
        device.works()
        time.now_s += 1
    assert device.told == [True, False, True]
    for _ in range(2):
        device.works()
        time.now_s += FIRST_PROOF_S
        device.works()
    assert device.told == [True, False, True, False]


def test_each_relapse_makes_it_longer_and_a_good_while_forgets_it(time: Time) -> None:
    device = Device()
    waited_s = []
    for _ in range(7):
        device.fails()
        begin_s = time.now_s
        while device.told[-1]:
            device.works()
            time.now_s += 0.5
        waited_s.append(time.now_s - begin_s - 0.5)
    assert waited_s == [0, 5, 10, 20, 40, 60, 60]
    time.now_s += RELAPSE_S
    device.fails()
    device.works()
    assert not device.told[-1]
