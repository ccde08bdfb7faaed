# SPDX-License-Identifier: Apache-2.0
"""Maxim's DS18B20 on a 1-Wire line of the kernel (w1_therm), through one of its two files.

`w1_slave` shows the nine bytes with the kernel's word on their checksum, and t= in
thousandths of Celsius; `temperature` only the latter. Reading either takes the conversion's
750 ms (kernel: Documentation/w1/slaves/w1_therm).

Tried with a simulated folder only.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import ClassVar

from pdu_agent.hw.dropped_sample import DroppedSample
from pdu_agent.hw.kernel_files import only_file, read_text
from pdu_agent.hw.site import Site
from pdu_agent.model.errors import ConfigError, HardwareError
from pdu_agent.model.settings import setting
from pdu_agent.model.snapshot import SensorKind

POWER_ON_MILLICELSIUS = 85_000
"""The register's content at power-on. UNCONFIRMED."""
_POWER_ON_PAD = (6, 0x0C)
"""Place and value of the byte by which the kernel's driver tells that from a measured 85 C
(w1_therm, conversion success check); after a conversion it holds something else."""
_PLAIN = re.compile(r"-?\d{1,7}")
_SLAVE = re.compile(
    r"(?P<bytes>(?:[0-9a-f]{2} ){9}): crc=[0-9a-f]{2} (?P<verdict>YES|NO)\n.*t=(?P<value>-?\d{1,7})"
)


@dataclass(frozen=True, slots=True)
class Ds18b20Settings:
    """Raises ConfigError for a path that is not absolute."""

    kinds: ClassVar = (SensorKind.TEMPERATURE,)

    path: str = setting(
        max_length=4096, doc="such as /sys/bus/w1/devices/28-0316a2795aff/w1_slave or temperature"
    )
    interval_s: float = setting(10.0, minimum=1, maximum=600, doc="how often to read it")

    def __post_init__(self) -> None:
        if self.path.partition(":")[0] != "sim" and not self.path.startswith("/"):
            raise ConfigError(f"path: {self.path!r} is not absolute; expected a file below /sys")


class Ds18b20Sensor:
    """A SensorSource on one of them."""

    ranges: ClassVar = {SensorKind.TEMPERATURE: (-55.0, 125.0)}

    def __init__(self, settings: Ds18b20Settings) -> None:
        self._pattern = settings.path

    @classmethod
    def connect(cls, site: Site, settings: Ds18b20Settings, _kind: SensorKind) -> Ds18b20Sensor:
        return cls(replace(settings, path=site.connections.path(settings.path)))

    def read(self) -> float:
        """Celsius. Raises ChipNotFound while it is unplugged, DroppedSample for a wrong checksum
        and for what it holds after power-on: where the file does not show its bytes, any 85 C.
        """
        text = read_text("ds18b20", only_file("ds18b20", self._pattern))
        value, has_converted = self._millicelsius(text)
        if value == POWER_ON_MILLICELSIUS and not has_converted:
            raise DroppedSample(
                "ds18b20", "read", "85 C is what it holds after power-on; look at its supply"
            )
        return value / 1000

    def _millicelsius(self, text: str) -> tuple[int, bool]:
        """The value, and whether its bytes prove that it was measured."""
        if _PLAIN.fullmatch(text):
            return int(text), False
        slave = _SLAVE.fullmatch(text)
        if slave is None:
            raise HardwareError("ds18b20", "read", f"{text!r} is no answer of w1_therm")
        if slave["verdict"] == "NO":
            raise DroppedSample("ds18b20", "read", "wrong checksum; look at cable and pull-up")
        pad = bytes.fromhex(slave["bytes"])
        if not any(pad):
            # A line that is held low reads as zeros, whose checksum is zero as well.
            raise HardwareError("ds18b20", "read", "all bytes are 0; the line is shorted")
        place, held = _POWER_ON_PAD
        return int(slave["value"]), pad[place] != held
