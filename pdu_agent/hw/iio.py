# SPDX-License-Identifier: Apache-2.0
"""Sensors of the kernel's Industrial I/O: DHT11 and DHT22, and chips with a driver there.

Files and units as in the kernel's sysfs-bus-iio: in_temp in thousandths of Celsius,
in_humidityrelative in thousandths of a percent, in_pressure in kilopascals. A driver gives
`_input`, or `_raw` with `_scale` and `_offset`: (raw + offset) * scale.

Tried with a simulated folder only.
"""

from __future__ import annotations

import errno
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from pdu_agent.hw.dropped_sample import DroppedSample
from pdu_agent.hw.kernel_files import folder_of, read_text
from pdu_agent.hw.site import Site
from pdu_agent.model.errors import ChipNotFound, HardwareError
from pdu_agent.model.settings import setting
from pdu_agent.model.snapshot import SensorKind

_CHANNELS: Mapping[SensorKind, tuple[str, float]] = {
    SensorKind.TEMPERATURE: ("in_temp", 0.001),
    SensorKind.HUMIDITY: ("in_humidityrelative", 0.001),
    SensorKind.PRESSURE: ("in_pressure", 10.0),
}
"""With what makes our units of the kernel's."""
_USUAL = (errno.EIO, errno.ETIMEDOUT)
"""What the kernel's dht11 says when bits were lost, which happens every now and then."""


@dataclass(frozen=True, slots=True)
class IioSettings:
    """A device by its name, such as dht11@4: the kernel numbers devices anew at boot."""

    kinds: ClassVar = tuple(_CHANNELS)

    chip: str = setting(max_length=64, doc="what the device's file `name` says, such as dht11@4")
    path: str = setting(
        "/sys/bus/iio/devices", max_length=4096, doc="folder of all devices, seldom another one"
    )
    interval_s: float = setting(5.0, minimum=2, maximum=600, doc="how often to read it")


class IioSensor:
    """A SensorSource on one channel."""

    def __init__(self, folder: Path, settings: IioSettings, kind: SensorKind) -> None:
        self._folder = folder
        self._chip = settings.chip
        self._channel, self._unit = _CHANNELS[kind]

    @classmethod
    def connect(cls, site: Site, settings: IioSettings, kind: SensorKind) -> IioSensor:
        return cls(Path(site.connections.path(settings.path)), settings, kind)

    def read(self) -> float:
        """Celsius, percent or hectopascals. Raises ChipNotFound without the device or the
        channel; DroppedSample, any number of them tolerated, for a reading that went wrong.
        """
        device = folder_of("iio", self._folder, self._chip)
        try:
            return self._value(device) * self._unit
        except HardwareError as exc:
            if isinstance(exc.__cause__, OSError) and exc.__cause__.errno in _USUAL:
                raise DroppedSample("iio", "read", str(exc.__cause__), None) from exc
            raise

    def _value(self, device: Path) -> float:
        processed = device / f"{self._channel}_input"
        if processed.exists():
            return _number(processed)
        raw = device / f"{self._channel}_raw"
        if not raw.exists():
            raise ChipNotFound("iio", "read", f"{device} has no {self._channel}")
        offset = device / f"{self._channel}_offset"
        added = _number(offset) if offset.exists() else 0.0
        return (_number(raw) + added) * _number(device / f"{self._channel}_scale")


def _number(path: Path) -> float:
    text = read_text("iio", path)
    try:
        return float(text)
    except ValueError:
        raise HardwareError("iio", "read", f"{path} holds {text!r}, no number") from None
