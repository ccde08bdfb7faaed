# SPDX-License-Identifier: Apache-2.0
"""Sensors that the Linux kernel knows: files of hwmon and of thermal zones.

The kernel's hwmon and thermal interfaces give one value a file, as decimal text in
thousandths: tempN_input and a thermal zone's temp in millidegrees Celsius, humidityN_input
in thousandths of a percent of relative humidity.

Tried with a simulated folder only.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from glob import glob
from pathlib import Path
from typing import ClassVar

from pdu_agent.hw.site import Site
from pdu_agent.model.errors import ChipNotFound, ConfigError, HardwareError
from pdu_agent.model.settings import setting
from pdu_agent.model.snapshot import SensorKind

SIMULATED = "sim"
_PER_UNIT = 1000
_MAX_BYTES = 64


@dataclass(frozen=True, slots=True)
class HwmonSettings:
    """path may hold * and ?, since the kernel numbers hwmon folders anew at each boot.

    Raises ConfigError for a path that is not absolute.
    """

    kinds: ClassVar = (SensorKind.TEMPERATURE, SensorKind.HUMIDITY)

    path: str = setting(
        max_length=4096, doc="such as /sys/class/thermal/thermal_zone0/temp, or sim"
    )
    interval_s: float = setting(5.0, minimum=1, maximum=600, doc="how often to read it")

    def __post_init__(self) -> None:
        if self.path != SIMULATED and not self.path.startswith("/"):
            raise ConfigError(
                f"path: {self.path!r} is not absolute; expected a file below /sys, or sim"
            )


class HwmonSensor:
    """A SensorSource on one file."""

    def __init__(self, settings: HwmonSettings) -> None:
        self._pattern = settings.path

    @classmethod
    def connect(cls, site: Site, settings: HwmonSettings, _kind: SensorKind) -> HwmonSensor:
        return cls(replace(settings, path=site.connections.path(settings.path)))

    def read(self) -> float:
        """Celsius or percent. Raises ChipNotFound without that file, HardwareError when it
        cannot be read (the driver's chip may be gone) or does not hold a whole number.
        """
        path = self._file()
        try:
            with path.open("rb") as file:
                text = file.read(_MAX_BYTES)
        except FileNotFoundError as exc:
            raise ChipNotFound("hwmon", "read", f"there is no {path}") from exc
        except OSError as exc:
            raise HardwareError("hwmon", "read", f"{path}: {exc.strerror}") from exc
        try:
            return int(text) / _PER_UNIT
        except ValueError:
            raise HardwareError("hwmon", "read", f"{path} holds {text!r}, no number") from None

    def _file(self) -> Path:
        if not any(character in self._pattern for character in "*?["):
            return Path(self._pattern)
        found = glob(self._pattern)
        if len(found) != 1:
            raise ChipNotFound("hwmon", "read", f"{len(found)} files fit {self._pattern}, not one")
        return Path(found[0])
