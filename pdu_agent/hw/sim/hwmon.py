# SPDX-License-Identifier: Apache-2.0
"""A simulated folder of /sys/class/hwmon: one sensor, whose file is brought up to now."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pdu_agent.model.snapshot import SensorKind

_FILE_OF = {
    SensorKind.TEMPERATURE: "temp1_input",
    SensorKind.HUMIDITY: "humidity1_input",
}


class SimHwmon:
    """folder: the sensor's own, which is made. value: Celsius or percent of the moment."""

    def __init__(self, folder: Path, kind: SensorKind, value: Callable[[], float]) -> None:
        self.file = folder / _FILE_OF[kind]
        self._value = value
        self._plugged = True
        self._failing = False
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "name").write_text("simboard\n", encoding="ascii")
        self.refresh()

    def refresh(self) -> None:
        """Bring the file up to now."""
        if not self._plugged:
            return
        text = "" if self._failing else f"{self._value() * 1000:.0f}\n"
        # Replaced as a whole: whoever reads meanwhile gets the old value or the new one.
        fresh = self.file.with_suffix(".new")
        fresh.write_text(text, encoding="ascii")
        fresh.replace(self.file)

    def unplug(self) -> None:
        """The kernel takes the file away."""
        self._plugged = False
        self.file.unlink(missing_ok=True)

    def plug(self) -> None:
        self._plugged, self._failing = True, False
        self.refresh()

    def fail(self) -> None:
        """The chip does not answer the kernel: the file is there, without a value."""
        self._failing = True
        self.refresh()
