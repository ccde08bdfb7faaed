# SPDX-License-Identifier: Apache-2.0
"""A simulated /sys/class/hwmon: one board with a temperature and a humidity that move."""

from __future__ import annotations

import math
from pathlib import Path

from pdu_agent.hw.hwmon import HwmonSensor, HwmonSettings
from pdu_agent.model.clock import Clock
from pdu_agent.model.snapshot import SensorKind

FILE_OF = {
    SensorKind.TEMPERATURE: "temp1_input",
    SensorKind.HUMIDITY: "humidity1_input",
}
_MEAN_C, _SWING_C = 38.0, 4.0
_MEAN_PERCENT, _SWING_PERCENT = 45.0, 8.0
_SLOW_S, _FAST_S = 900.0, 70.0  # the room, and the load next to the sensor


class SimHwmon:
    """folder: where the board's folder hwmon0 is made.

    The temperature stays within 33 to 43 Celsius, the humidity within 35 to 55 %: warmer
    air is drier.
    """

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._clock = clock
        self.board = folder / "hwmon0"
        self.board.mkdir(parents=True, exist_ok=True)
        (self.board / "name").write_text("simboard\n", encoding="ascii")
        self.refresh()

    def refresh(self) -> None:
        """Bring the files up to now."""
        t_s = self._clock.monotonic_s()
        wave = 0.8 * math.sin(2 * math.pi * t_s / _SLOW_S)
        wave += 0.2 * math.sin(2 * math.pi * t_s / _FAST_S)
        self._put(SensorKind.TEMPERATURE, _MEAN_C + _SWING_C * wave)
        self._put(SensorKind.HUMIDITY, _MEAN_PERCENT - _SWING_PERCENT * wave)

    def _put(self, kind: SensorKind, value: float) -> None:
        (self.board / FILE_OF[kind]).write_text(f"{value * 1000:.0f}\n", encoding="ascii")


class SimulatedSensor:
    """The real driver on the simulated folder, which is brought up to now at each reading."""

    def __init__(self, hwmon: SimHwmon, kind: SensorKind) -> None:
        self._hwmon = hwmon
        self._driver = HwmonSensor(HwmonSettings(str(hwmon.board / FILE_OF[kind])))

    def read(self) -> float:
        self._hwmon.refresh()
        return self._driver.read()
