# SPDX-License-Identifier: Apache-2.0
"""The demo's board temperature goes the real way: simulated file, driver, thread."""

from __future__ import annotations

import time
from pathlib import Path

from pdu_agent.app.demo import demo_settings
from pdu_agent.app.demo_options import DemoOptions
from pdu_agent.app.hardware import Hardware, stretched
from pdu_agent.model.clock import ManualClock
from pdu_agent.model.readings import SensorReading


def test_the_demo_delivers_its_board_temperature_from_a_file(tmp_path: Path) -> None:
    settings = demo_settings(DemoOptions(outlets=1), tmp_path, tmp_path)
    found: list[SensorReading] = []
    hardware = Hardware(
        settings,
        ManualClock(),
        lambda _: None,
        lambda _: None,
        found.append,
        lambda _name, _error: None,
    )
    hardware.start()
    deadline_s = time.monotonic() + 5
    while not found and time.monotonic() < deadline_s:
        time.sleep(0.01)
    alive = hardware.is_alive()
    hardware.stop()
    assert alive
    assert (found[0].sensor, found[0].error) == (1, "")
    path = tmp_path / "sim-sensor-1" / "hwmon1" / "temp1_input"
    assert found[0].value == int(path.read_text(encoding="ascii")) / 1000


def test_fast_simulated_time_stretches_the_silence(tmp_path: Path) -> None:
    settings = demo_settings(DemoOptions(outlets=1, speed=100.0), tmp_path, tmp_path)
    (sensor,) = stretched(settings)
    assert sensor.stale_after_s == 3000
