# SPDX-License-Identifier: Apache-2.0
"""Metering in real time while another thread keeps the interpreter busy, as a walk does."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator

import pytest

from pdu_agent.app.demo import demo_settings
from pdu_agent.app.demo_options import DemoOptions
from pdu_agent.app.hardware import Hardware
from pdu_agent.model.clock import SystemClock
from pdu_agent.model.readings import Reading

SECONDS = 3.0


@pytest.fixture
def spinning() -> Iterator[None]:
    """A thread that never lets go of the interpreter by itself."""
    switch_s = sys.getswitchinterval()
    done = threading.Event()

    def spin() -> None:
        while not done.is_set():
            pass

    thread = threading.Thread(target=spin)
    thread.start()
    yield
    done.set()
    thread.join()
    sys.setswitchinterval(switch_s)


def test_no_span_stays_unmetered_while_another_thread_is_busy(tmp_path, spinning):
    settings = demo_settings(DemoOptions(outlets=8), tmp_path, tmp_path)
    readings: dict[str, list[Reading]] = {meter.name: [] for meter in settings.meters}

    def on_reading(reading: Reading) -> None:
        readings[reading.source].append(reading)

    def ignore(*_: object) -> None:
        """Relays and troubles are not looked at."""

    hardware = Hardware(settings, SystemClock(), ignore, on_reading, ignore, ignore)
    hardware.start()
    try:
        time.sleep(SECONDS)
    finally:
        hardware.stop()
    for windows in readings.values():
        elapsed_s = windows[-1].t_mono_s - windows[0].t_mono_s
        metered_s = sum(window.span_s for window in windows[1:])
        assert elapsed_s > SECONDS / 2
        # With Python's own 5 ms it is about half; a busy host costs a few percent.
        assert metered_s > 0.8 * elapsed_s
