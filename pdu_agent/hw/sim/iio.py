# SPDX-License-Identifier: Apache-2.0
"""Simulated devices in a folder as the kernel's Industrial I/O shows them."""

from __future__ import annotations

import shutil
from pathlib import Path

from pdu_agent.hw.sim.files import put
from pdu_agent.hw.sim.sensor_faults import Air

_RAW_OFFSET, _RAW_SCALE = -6000.0, 0.05


class SimIio:
    """folder: stands for /sys/bus/iio/devices. `refresh` brings the files up to date.

    raw: the temperature comes as raw, scale and offset, and there is a pressure.
    """

    def __init__(self, folder: Path, name: str, air: Air, *, raw: bool = False) -> None:
        self.air = air
        self.faults = air.faults
        self._folder = folder
        self._name = name
        self._raw = raw
        self._number = 0
        self.plug()

    @property
    def device(self) -> Path:
        return self._folder / f"iio:device{self._number}"

    def plug(self) -> None:
        """It gets another number than last time."""
        if self.device.exists():
            return
        self._number += 1
        self.device.mkdir(parents=True)
        (self.device / "name").write_text(f"{self._name}\n", encoding="ascii")
        self.refresh()

    def unplug(self) -> None:
        shutil.rmtree(self.device, ignore_errors=True)

    def refresh(self) -> None:
        if not self.device.exists():
            return
        celsius, percent, hectopascals = self.air.sample()
        self._put("in_humidityrelative_input", f"{percent * 1000:.0f}")
        if not self._raw:
            self._put("in_temp_input", f"{celsius * 1000:.0f}")
            return
        self._put("in_temp_raw", f"{celsius * 1000 / _RAW_SCALE - _RAW_OFFSET:.0f}")
        self._put("in_temp_offset", f"{_RAW_OFFSET:g}")
        self._put("in_temp_scale", f"{_RAW_SCALE:.9f}")
        self._put("in_pressure_input", f"{hectopascals / 10:.9f}")

    def _put(self, name: str, text: str) -> None:
        spoiled = "" if self.faults.dead is not None else f"{text}\n"
        put(self.device / name, spoiled)
