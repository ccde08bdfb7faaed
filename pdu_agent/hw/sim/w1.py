# SPDX-License-Identifier: Apache-2.0
"""A simulated DS18B20 in a folder as the kernel's w1_therm shows it."""

from __future__ import annotations

import shutil
from pathlib import Path

from pdu_agent.hw.sim.files import put
from pdu_agent.hw.sim.sensor_faults import Air

SERIAL = "28-0316a2795aff"


class SimW1:
    """folder: stands for /sys/bus/w1/devices. The files are brought up to date by `refresh`.

    From power-on until its first conversion it holds 85 C.
    """

    def __init__(self, folder: Path, air: Air) -> None:
        self.air = air
        self.faults = air.faults
        self.device = folder / SERIAL
        self.slave = self.device / "w1_slave"
        self.temperature = self.device / "temperature"
        self._fresh = False
        self.plug()

    def plug(self) -> None:
        self.device.mkdir(parents=True, exist_ok=True)
        self.refresh()

    def unplug(self) -> None:
        """The kernel takes the folder away once a search of the line does not find it."""
        shutil.rmtree(self.device, ignore_errors=True)

    def power_on(self) -> None:
        """It lost its power: the next reading has not been measured."""
        self._fresh = True
        self.refresh()

    def refresh(self) -> None:
        """A conversion, and what the kernel makes of it."""
        if not self.device.exists():
            return
        sixteenths = 0x550 if self._fresh else round(self.air.sample()[0] * 16)
        remain = 0x0C if self._fresh else 0x10 - (sixteenths & 0x0F)
        self._fresh = False
        pad = (sixteenths & 0xFFFF).to_bytes(2, "little") + bytes.fromhex("4b467fff")
        pad += bytes([remain, 0x10])
        told = self.faults.spoil(pad + bytes([_dallas(pad)]))
        good = _dallas(told[:8]) == told[8]
        value = int.from_bytes(told[:2], "little", signed=True) * 1000 // 16
        line = " ".join(f"{byte:02x}" for byte in told)
        verdict = "YES" if good else "NO"
        checked = f"{line} : crc={_dallas(told[:8]):02x} {verdict}"
        put(self.slave, f"{checked}\n{line} t={value}\n")
        # The kernel refuses to read what has a wrong checksum; an empty file is as close as a
        # folder gets.
        put(self.temperature, f"{value}\n" if good else "")


def _dallas(data: bytes) -> int:
    """Maxim's CRC-8, least significant bit first."""
    crc = 0
    for bit in (byte >> place & 1 for byte in data for place in range(8)):
        crc = crc >> 1 ^ (0x8C if (crc ^ bit) & 1 else 0)
    return crc
