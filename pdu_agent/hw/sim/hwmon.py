# SPDX-License-Identifier: Apache-2.0
"""A simulated folder of /sys/class/hwmon: one sensor, whose file is brought up to now."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pdu_agent.hw.sim.files import put


class SimHwmon:
    """folder: the chip's own, which is made; file: such as temp1_input; name: of the chip.

    value: Celsius or percent of the moment.
    """

    def __init__(
        self, folder: Path, file: str, value: Callable[[], float], name: str = "simboard"
    ) -> None:
        self.file = folder / file
        self._value = value
        self._plugged = True
        self._failing = False
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "name").write_text(f"{name}\n", encoding="ascii")
        self.refresh()

    def refresh(self) -> None:
        """Bring the file up to now."""
        if not self._plugged:
            return
        text = "" if self._failing else f"{self._value() * 1000:.0f}\n"
        put(self.file, text)

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
