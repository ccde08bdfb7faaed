# SPDX-License-Identifier: Apache-2.0
"""Sensors that the Linux kernel knows: files of hwmon and of thermal zones.

The kernel's hwmon and thermal interfaces give one value a file, as decimal text in
thousandths: tempN_input and a thermal zone's temp in millidegrees Celsius, humidityN_input
in thousandths of a percent of relative humidity.

Tried with a simulated folder only.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

from pdu_agent.hw.kernel_files import folder_of, only_file, read_integer
from pdu_agent.hw.site import Site
from pdu_agent.model.errors import ConfigError
from pdu_agent.model.settings import setting
from pdu_agent.model.snapshot import SensorKind

SIMULATED = "sim"
CLASS_FOLDER = "/sys/class/hwmon"
_PER_UNIT = 1000
_FIRST = {SensorKind.TEMPERATURE: "temp1", SensorKind.HUMIDITY: "humidity1"}


@dataclass(frozen=True, slots=True)
class HwmonSettings:
    """Either the file, or the chip by its name: the kernel numbers hwmon folders anew at boot.

    Raises ConfigError for a path that is not absolute, and for neither of the two.
    """

    kinds: ClassVar = (SensorKind.TEMPERATURE, SensorKind.HUMIDITY)

    path: str = setting(
        "",
        max_length=4096,
        doc="the file, with * for any, or sim; with `chip` the folder of all chips",
    )
    chip: str = setting("", max_length=64, doc="what the file `name` says, such as sht3x")
    input: str = setting("", max_length=32, doc="of that chip; by the kind temp1 or humidity1")
    interval_s: float = setting(5.0, minimum=1, maximum=600, doc="how often to read it")

    def __post_init__(self) -> None:
        if not self.path and not self.chip:
            raise ConfigError("neither path nor chip is given; expected a file or a chip's name")
        if self.input and not self.chip:
            raise ConfigError("input: it is an input of `chip`, which is not given")
        if self.path and self.path.partition(":")[0] != SIMULATED and self.path[0] != "/":
            raise ConfigError(
                f"path: {self.path!r} is not absolute; expected a file below /sys, or sim"
            )


class HwmonSensor:
    """A SensorSource on one file."""

    def __init__(self, settings: HwmonSettings, kind: SensorKind = SensorKind.TEMPERATURE) -> None:
        self._path = settings.path
        self._chip = settings.chip
        self._input = settings.input or _FIRST[kind]

    @classmethod
    def connect(cls, site: Site, settings: HwmonSettings, kind: SensorKind) -> HwmonSensor:
        path = site.connections.path(settings.path) if settings.path else ""
        return cls(replace(settings, path=path), kind)

    def read(self) -> float:
        """Celsius or percent. Raises ChipNotFound without that chip or file, HardwareError when
        it cannot be read (the driver's chip may be gone) or does not hold a whole number.
        """
        return read_integer("hwmon", self._file()) / _PER_UNIT

    def _file(self) -> Path:
        if not self._chip:
            return only_file("hwmon", self._path)
        folder = folder_of("hwmon", Path(self._path or CLASS_FOLDER), self._chip)
        return folder / f"{self._input}_input"
