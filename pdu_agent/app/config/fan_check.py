# SPDX-License-Identifier: Apache-2.0
"""Fans that go by a sensor: is there one, and does it measure a temperature?"""

from __future__ import annotations

from pdu_agent.app.config.checker import Checker
from pdu_agent.app.config.tree import Problems
from pdu_agent.model.snapshot import SensorKind


def fan_check(checker: Checker, problems: Problems) -> None:
    """Report those without; works on whatever `checker` could read."""
    kinds = {sensor.number: sensor.kind for _, sensor in checker.found("sensors#")}
    numbers = {number for _, number in checker.found("sensors#.number")}
    for path, sensor in checker.found("fans#.sensor"):
        text = ""
        if sensor not in numbers:
            text = f"there is no sensor {sensor}"
        elif kinds.get(sensor, SensorKind.TEMPERATURE) is not SensorKind.TEMPERATURE:
            text = f"sensor {sensor} measures {kinds[sensor].value}, not temperature"
        if text:
            problems.error(checker.place(path), f"{path}: {text}")
